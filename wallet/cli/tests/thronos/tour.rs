//! The tour of the README shows what the commands print.

use crate::command::Shell;
use crate::command_with_node::{shell_with, to};
use crate::node::Conduct;

const README: &str = include_str!("../../../../README.md");

/// What stands below a command in the README, up to the next empty line.
fn sample(command: &str) -> String {
    let (_, after) = README.split_once(&format!("\n$ thronos {command}")).expect("the command is in the tour");
    let (_, shown) = after.split_once('\n').expect("something stands below it");
    shown
        .lines()
        .take_while(|line| !line.is_empty() && !line.starts_with("```"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The names in front of values.
fn names(text: &str) -> Vec<&str> {
    let name = |line| str::split_once(line, ":  ").map(|(name, _)| name).filter(|name| !name.contains("handing in"));
    text.lines().filter_map(name).collect()
}

/// What stands behind the names, as far as it is the same each time: the words without a digit. A chain has the name that somebody gave.
fn values(text: &str) -> Vec<(&str, Vec<&str>)> {
    let is_fixed = |word: &&str| !word.contains(|character: char| character.is_ascii_digit());
    let line = |line| {
        let (name, value): (&str, &str) = str::split_once(line, ":  ")?;
        Some((name, value.split_whitespace().filter(is_fixed).collect()))
    };
    let varies = |name: &str| name.contains("handing in") || ["chain", "not ready", "as of"].contains(&name);
    text.lines().filter_map(line).filter(|(name, _)| !varies(name)).collect()
}

/// Everything that a person sees of a command.
fn seen(shell: &Shell, arguments: &[&str]) -> String {
    let output = shell.command(&[], arguments).output().expect("the command starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&[output.stderr, output.stdout].concat()).into_owned()
}

#[test]
fn each_answer_of_the_tour_has_the_lines_that_the_command_prints() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let to = to();
    for (command, arguments) in [
        ("wallet new carol", &["wallet", "new", "carol", "--yes"][..]),
        ("balance", &["balance", "alice"]),
        ("proof alice", &["proof", "alice"]),
        ("status", &["status"]),
        ("send --from alice --to thrt", &["send", "--from", "alice", "--to", &to, "--amount", "1.5"]),
    ] {
        let (shown, seen) = (sample(command), seen(&shell, arguments));
        let mut printed = names(&seen);
        // The node of this test is not well.
        printed.retain(|name| !["not ready", "as of"].contains(name));
        assert_eq!(names(&shown), printed, "{command}");
        assert_eq!(values(&shown), values(&seen), "{command}");
        assert_eq!(shown.contains("(as the node says)\n"), seen.contains("(as the node says)\n"), "{command}");
        let handed_in = |text: &str| text.contains("handing in ") && text.contains(".json until it is final\n");
        assert_eq!(handed_in(&shown), handed_in(&seen), "{command}: {seen}");
    }
}
