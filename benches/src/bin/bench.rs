//! `cargo x bench`: measures, and prints figures.

use std::process::ExitCode;

use benches::options::Options;
use clap::Parser;
use testnet::devnet::launch;

fn main() -> ExitCode {
    launch::become_child_if_asked();
    benches::run(&Options::parse())
}
