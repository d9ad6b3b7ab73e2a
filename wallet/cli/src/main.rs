//! The command `thronos`: what was typed, and how answers and errors leave.
//!
//! `families.rs` lists whose verbs there are, `adapters.rs` has what the house's own use of them, `program.rs` makes a command line of them, and `commands/` has those that belong to no
//! feature. It must not hold rules: those are in the library and in the features' own crates.

mod adapters;
mod commands;
mod families;
#[cfg(test)]
mod named;
mod program;

use std::ffi::OsString;
use std::process::ExitCode;

use wallet::Error;
use wallet::cli::output;

fn main() -> ExitCode {
    forbid_core_dumps();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let typed = match program::read(arguments) {
        Ok(typed) => typed,
        Err(error) => return misuse(&error, wants_json),
    };
    let json = typed.is_for_programs();
    match typed.run().and_then(|report| output::answer(&report.render(json))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error, json),
    }
}

/// What was typed is not understood. Help and version come this way too, with code 0.
fn misuse(error: &clap::Error, wants_json: bool) -> ExitCode {
    if !error.use_stderr() {
        return match output::answer(&error.to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::failure(&error, wants_json),
        };
    }
    if wants_json {
        let text = error.to_string();
        let told = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let message = told.split_whitespace().collect::<Vec<_>>().join(" ");
        output::failure(&Error::new("usage", message, "see `thronos help`, or --help behind the command"), true);
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A core file would hold whatever secret was in memory.
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}
