//! `thronosd`: reads the command line, does what it says, and turns a refusal into a sentence and an exit code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match node::cli::Command::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("thronosd: {} [{}]", refusal.message, refusal.code);
            ExitCode::from(refusal.exit)
        }
    }
}
