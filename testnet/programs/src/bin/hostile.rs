//! `cargo x hostile`: hostile peers against a local network of real processes.

use std::process::ExitCode;

use clap::Parser;
use programs::trials::TRIALS;
use testnet::devnet::launch;
use testnet::hostile::{Options, run};

fn main() -> ExitCode {
    launch::become_child_if_asked();
    run(&Options::parse(), TRIALS)
}
