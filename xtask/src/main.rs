//! `cargo x`: the one door for people and continuous integration.
//!
//! The table `COMMANDS` is all there is; `cargo x --help` is derived from it. This crate must not know what the
//! project does: it starts cargo and the project's binaries, and checks what a compiler does not. It is built in
//! the dev profile by whoever types `cargo x`, so it stays small.

mod check;
mod command;
mod features;
mod fuzz;
mod layers;
mod licences;
mod local_network;
mod new_module;
mod plug;
mod purity;
mod ratchet;
mod reference;
mod run;
mod source;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

/// One word after `cargo x`.
struct Entry {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Entry] = &[
    Entry { name: "devnet", arguments: "[ARGS]", about: "start a local network of real processes", run: run::devnet },
    Entry { name: "check", arguments: "[--only NAME] [--list]", about: "format, lints, layers, …", run: check::run },
    Entry { name: "ratchet", arguments: "", about: "write down which exceptions fell", run: check::lower },
    Entry {
        name: "test",
        arguments: "[--stage NAME] [--list]",
        about: "everything that proves a commit",
        run: test::run,
    },
    Entry { name: "sim", arguments: "[--canaries] [ARGS]", about: "simulate whole networks from seeds", run: run::sim },
    Entry { name: "soak", arguments: "[ARGS]", about: "kill and restart nodes of a local network", run: run::soak },
    Entry {
        name: "hostile",
        arguments: "[--minutes N] [--json]",
        about: "attack the nodes of a local network",
        run: run::hostile,
    },
    Entry {
        name: "bench",
        arguments: "[NAME] [--json] [--quick]",
        about: "measure, and print figures",
        run: run::bench,
    },
    Entry { name: "fuzz", arguments: "[TARGET] [ARGS]", about: "feed a decoder with hostile bytes", run: fuzz::run },
    Entry {
        name: "new-module",
        arguments: "NAME",
        about: "write a feature that works, and the lines that name it",
        run: new_module::run,
    },
    Entry {
        name: "reference",
        arguments: "[--check]",
        about: "write docs/reference/ from what the programs say",
        run: reference::run,
    },
    Entry { name: "pre-pr", arguments: "", about: "check and test, before asking for a review", run: test::pre_pr },
];

/// Why a command did not succeed: a sentence for people. What led to it has been printed before.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            eprintln!("cargo x: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", help());
        return Ok(());
    };
    if matches!(name.as_str(), "-h" | "--help" | "help") {
        print!("{}", help());
        return Ok(());
    }
    let entry = COMMANDS.iter().find(|entry| entry.name == name);
    let entry = entry.ok_or_else(|| Failure::new(format!("there is no command `{name}`.\n\n{}", help())))?;
    (entry.run)(rest)
}

/// The help page, one line for each command.
fn help() -> String {
    let width = COMMANDS.iter().map(|entry| usage(entry).len()).max().unwrap_or(0);
    let mut page = String::from("cargo x COMMAND: builds, runs and proves Thronos\n\n");
    for entry in COMMANDS {
        page.push_str(&format!("  {:width$}  {}\n", usage(entry), entry.about));
    }
    page.push_str("\n`cargo x COMMAND --help` says more. A machine without a linker needs ./setup first.\n");
    page
}

fn usage(entry: &Entry) -> String {
    format!("{} {}", entry.name, entry.arguments).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_page_names_every_command_once() {
        let page = help();
        for entry in COMMANDS {
            assert_eq!(page.matches(&format!("\n  {} ", entry.name)).count(), 1, "{}", entry.name);
        }
    }

    #[test]
    fn an_unknown_command_is_refused_with_the_help_page() {
        let Failure(sentence) = dispatch(&["chekc".to_owned()]).expect_err("there is no such command");
        assert!(sentence.contains("`chekc`") && sentence.contains("pre-pr"), "{sentence}");
    }
}
