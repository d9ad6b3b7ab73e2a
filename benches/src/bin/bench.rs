//! `cargo x bench`: measures, and prints figures.

use std::process::ExitCode;

use benches::options::Options;
use clap::Parser;
use testnet::devnet::launch;

/// The daemon's allocator, for what is measured in this process.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    launch::become_child_if_asked();
    benches::run(&Options::parse())
}
