//! `cargo x devnet`: a local network of real processes.

use std::process::ExitCode;

use clap::Parser;
use testnet::devnet::{Options, launch, run};

fn main() -> ExitCode {
    launch::become_child_if_asked();
    run(&Options::parse())
}
