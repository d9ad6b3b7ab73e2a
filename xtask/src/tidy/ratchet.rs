//! The ratchet: exceptions from tidy, each with a number that may only fall.
//!
//! A line is `RULE PLACE NUMBER why`. The number must be exactly today's: who makes it smaller writes the smaller
//! one down, and nobody gets it back. An exception that is no longer needed is a problem too, so the file shrinks.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Finding;

/// Where the exceptions stand.
pub(super) const PATH: &str = "xtask/tidy-ratchet.txt";

type Exceptions = BTreeMap<(String, String), usize>;

/// The file as the last commit has it; nothing in a repository without one.
pub(super) fn committed(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["show", &format!("HEAD:{PATH}")]).stderr(Stdio::null());
    let shown = git.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(shown.stdout).ok()
}

/// The findings that no exception covers, and what is wrong with the exceptions.
pub(super) fn apply(allowed: &str, committed: Option<&str>, findings: Vec<Finding>) -> Vec<String> {
    let (mut exceptions, mut problems) = parse(allowed);
    let (before, _) = parse(committed.unwrap_or_default());
    for ((rule, place), number) in &exceptions {
        if let Some(before) = before.get(&(rule.clone(), place.clone())).filter(|before| number > before) {
            problems.push(format!("{PATH}: {rule} {place} was raised from {before} to {number}; it may only fall"));
        }
    }
    for Finding { rule, place, number, says } in findings {
        match exceptions.remove(&(rule.to_owned(), place.clone())) {
            Some(allowed) if allowed == number => {}
            Some(allowed) if allowed > number => {
                problems.push(format!("{PATH}: {rule} {place} is down to {number}; write that instead of {allowed}"));
            }
            Some(allowed) => problems.push(format!("{place} {says} [{rule}: {number}, allowed {allowed}]")),
            None => problems.push(format!("{place} {says} [{rule}]")),
        }
    }
    for (rule, place) in exceptions.keys() {
        problems.push(format!("{PATH}: {rule} {place} is no longer needed; remove the line"));
    }
    problems
}

fn parse(text: &str) -> (Exceptions, Vec<String>) {
    let (mut exceptions, mut problems) = (Exceptions::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [rule, place, number, _, ..] if number.parse::<usize>().is_ok_and(|number| number > 0) => {
                let number = number.parse().expect("the guard has parsed it");
                if exceptions.insert(((*rule).to_owned(), (*place).to_owned()), number).is_some() {
                    problems.push(format!("{PATH}: {rule} {place} stands there twice"));
                }
            }
            _ => problems.push(format!("{PATH}: `{line}` is not of the form RULE PLACE NUMBER why")),
        }
    }
    (exceptions, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(number: usize) -> Vec<Finding> {
        vec![Finding { rule: "file-lines", place: "a.rs".to_owned(), number, says: "is long".to_owned() }]
    }

    const ALLOWED: &str = "# comment\nfile-lines a.rs 600 a table of vectors\n";

    #[test]
    fn an_exact_exception_covers_its_finding() {
        assert_eq!(apply(ALLOWED, None, long(600)), Vec::<String>::new());
        assert_eq!(apply(ALLOWED, Some(ALLOWED), long(600)), Vec::<String>::new());
    }

    #[test]
    fn a_number_that_rose_or_fell_or_went_away_is_a_problem() {
        assert!(apply(ALLOWED, None, long(601))[0].contains("allowed 600"));
        assert!(apply(ALLOWED, None, long(599))[0].contains("write that instead of 600"));
        assert!(apply(ALLOWED, None, Vec::new())[0].contains("no longer needed"));
        assert_eq!(apply("", None, long(600)), ["a.rs is long [file-lines]"]);
    }

    #[test]
    fn nobody_raises_a_committed_number() {
        let raised = "file-lines a.rs 700 even more vectors\n";
        assert!(apply(raised, Some(ALLOWED), long(700))[0].contains("was raised from 600 to 700"));
    }

    #[test]
    fn a_line_without_a_reason_or_a_number_is_a_problem() {
        for line in ["file-lines a.rs 600", "file-lines a.rs many because", "file-lines a.rs 0 because"] {
            assert!(apply(line, None, Vec::new())[0].contains("not of the form"), "{line}");
        }
        assert!(apply(&format!("{ALLOWED}{ALLOWED}"), None, long(600))[0].contains("twice"));
    }
}
