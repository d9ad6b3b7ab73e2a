//! `cargo x soak`: a kill loop over a local network of real processes.

use std::process::ExitCode;

use clap::Parser;
use programs::trials::TRIALS;
use testnet::devnet::launch;
use testnet::soak::{Options, run};

fn main() -> ExitCode {
    launch::become_child_if_asked();
    run(&Options::parse(), TRIALS)
}
