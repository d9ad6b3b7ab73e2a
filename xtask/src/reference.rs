//! `cargo x reference`: the pages of `docs/reference/`, written from what the programs themselves say.
//!
//! Commands come from `--help`, settings from `thronosd config print --defaults`, routes and metrics from a node of a network
//! that is made for the purpose and runs for a moment, questions and rejects from what `thronos ask` and `thronos reject` list. So no list is kept by hand, and the programs need nothing for it that
//! people do not use. With `--check` the pages are compared instead: what differs was changed without them, or by hand.
//!
//! It must not know a command, a setting, a route, a metric, a question or a reject by name.

mod commands;
mod lists;
mod metrics;
mod network;
mod routes;
mod settings;

use crate::workspace::Workspace;
use crate::{Failure, command, run};

const FOLDER: &str = "docs/reference";

/// The programs of which people type commands.
const PROGRAMS: [&str; 2] = ["thronosd", "thronos"];

const HELP: &str = "\
cargo x reference [--check]

Writes docs/reference/ from what the built programs print; with --check it only compares, and fails on a difference.";

/// One page: its file in the folder, and its text.
type Page = (&'static str, String);

/// `cargo x reference [--check]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => write(&Workspace::load()?),
        ["--check"] => compare(&Workspace::load()?),
        ["-h" | "--help"] => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(Failure::new(format!("reference knows --check, not `{}`", other.join(" ")))),
    }
}

fn write(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.root.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{FOLDER}: {error}")))?;
    for (name, text) in pages(workspace)? {
        std::fs::write(folder.join(name), text).map_err(|error| Failure::new(format!("{FOLDER}/{name}: {error}")))?;
        println!("wrote {FOLDER}/{name}");
    }
    Ok(())
}

/// Fails when a page is not what the programs say.
pub(crate) fn compare(workspace: &Workspace) -> Result<(), Failure> {
    let mut differences = Vec::new();
    for (name, text) in pages(workspace)? {
        let written = std::fs::read_to_string(workspace.root.join(FOLDER).join(name)).unwrap_or_default();
        differences.extend(difference(&written, &text).map(|line| format!("  {FOLDER}/{name}: {line}")));
    }
    if differences.is_empty() {
        return Ok(());
    }
    let differences = differences.join("\n");
    Err(Failure::new(format!("pages are not what the programs say; run `cargo x reference`:\n{differences}")))
}

/// The first line in which two texts differ.
fn difference(written: &str, today: &str) -> Option<String> {
    if written == today {
        return None;
    }
    let (mut written, mut today) = (written.lines(), today.lines());
    for number in 1_usize.. {
        let pair = (written.next(), today.next());
        if pair.0 == pair.1 && pair.0.is_some() {
            continue;
        }
        let [written, today] = [pair.0, pair.1].map(|line| line.unwrap_or("(nothing)"));
        return Some(format!("line {number} is `{written}`, the program says `{today}`"));
    }
    None
}

fn pages(workspace: &Workspace) -> Result<Vec<Page>, Failure> {
    run::build(workspace, &[])?;
    let defaults = command::output(asked(workspace, "thronosd").args(["config", "print", "--defaults"]))?;
    let listed = |verb| command::output(asked(workspace, "thronos").args([verb, "--json"]));
    let told = network::ask(workspace)?;
    let mut helps = Vec::new();
    for program in PROGRAMS {
        helps.extend(commands::collect(program, &|words| {
            command::output(asked(workspace, program).args(words).arg("--help"))
        })?);
    }
    Ok(vec![
        ("commands.md", commands::page(&helps)),
        ("metrics.md", metrics::page(&told.metrics)),
        ("queries.md", lists::queries(&listed("ask")?)?),
        ("rejects.md", lists::rejects(&listed("reject")?)?),
        ("routes.md", routes::page(&told.description)?),
        ("settings.md", settings::page(&defaults)),
    ])
}

/// A program that prints the same for everybody: nothing of the user's environment, 100 columns, no terminal.
fn asked(workspace: &Workspace, program: &str) -> std::process::Command {
    let mut asked = run::binary(workspace, program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("THRONOS")) {
        asked.env_remove(name);
    }
    asked.env_remove("THRONOS").env_remove("THRONOSD").env("COLUMNS", "100").env("NO_COLOR", "1");
    asked.stdin(std::process::Stdio::null());
    asked
}

/// The beginning of every page.
fn heading(title: &str, about: &str) -> String {
    format!("# {title}\n\nWritten by `cargo x reference`, not by hand. {about}\n")
}

/// A text as a cell of a table: one line, and no bar that would end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_told() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let told = |written, today| difference(written, today).expect("they differ");
        assert_eq!(told("a\nb\n", "a\nc\n"), "line 2 is `b`, the program says `c`");
        assert_eq!(told("a\n", "a\nb\n"), "line 2 is `(nothing)`, the program says `b`");
        assert_eq!(told("a\nb\n", "a\n"), "line 2 is `b`, the program says `(nothing)`");
        assert!(difference("a", "a\n").is_some(), "the last line has its end");
    }

    #[test]
    fn a_cell_keeps_to_its_line_and_its_column() {
        assert_eq!(cell("one\ntwo | three"), "one two \\| three");
    }

    #[test]
    fn an_unknown_option_is_refused() {
        assert!(run(&["--chekc".to_owned()]).is_err());
    }
}
