//! `thronosd`: reads the command line, does what it says, and turns a refusal into a sentence and an exit code.

use std::process::ExitCode;

/// One allocator for Rust and for RocksDB. Its settings are compiled in: `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    ExitCode::from(node::cli::Command::main())
}
