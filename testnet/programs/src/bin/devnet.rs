//! `cargo x devnet`: a local network of real processes.

use std::process::ExitCode;

use programs::trials::TRIALS;
use testnet::devnet::{Options, launch, run};

fn main() -> ExitCode {
    launch::become_child_if_asked();
    match Options::parse_with(TRIALS, std::env::args_os()) {
        Ok(options) => run(&options, TRIALS),
        Err(error) => error.exit(),
    }
}
