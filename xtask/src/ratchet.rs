//! The ratchet: exceptions from the rules, each with a number that may only fall.
//!
//! A line is `RULE PLACE NUMBER why`. The number must be exactly today's: who makes it smaller writes the smaller
//! one down (`cargo x ratchet` does), and nobody gets it back. An exception that is no longer needed is a problem too,
//! so the file shrinks.
//!
//! A *closed* rule came with exceptions and gets no further ones: its line `total RULE NUMBER why` is the sum of all
//! its numbers and may only fall as well. So a file that moves may take its number along, and a new one starts at zero.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;

/// Where the exceptions stand.
pub(crate) const PATH: &str = "xtask/tidy-ratchet.txt";

/// The rules whose sum may only fall.
pub(crate) const CLOSED: [&str; 4] = ["lists", "feature-word", "feature-text", "one-word"];

/// Begins the line with a closed rule's sum.
const TOTAL: &str = "total";

type Exceptions = BTreeMap<(String, String), usize>;

/// Something that a rule does not like. A rule names a place once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    /// A path, `path::function`, an arrow or a word; without spaces.
    pub(crate) place: String,
    pub(crate) number: usize,
    pub(crate) says: String,
}

/// The file as it is, and as the last commit has it.
pub(crate) struct Ratchet {
    allowed: String,
    committed: Option<String>,
}

impl Ratchet {
    /// Reads both; a repository without a commit has nothing to compare with.
    pub(crate) fn load(root: &Path) -> Result<Self, Failure> {
        let allowed = std::fs::read_to_string(root.join(PATH));
        let allowed = allowed.map_err(|error| Failure::new(format!("{PATH}: {error}")))?;
        let mut git = Command::new("git");
        git.current_dir(root).args(["show", &format!("HEAD:{PATH}")]).stderr(Stdio::null());
        let shown = git.output().ok().filter(|output| output.status.success());
        Ok(Self { allowed, committed: shown.and_then(|shown| String::from_utf8(shown.stdout).ok()) })
    }

    /// The findings that no exception covers, and what is wrong with the exceptions, of some of the rules.
    pub(crate) fn judge(&self, of: impl Fn(&str) -> bool, findings: Vec<Finding>) -> Vec<String> {
        let (mut exceptions, mut problems) = parse(&self.allowed);
        let (before, _) = parse(self.committed.as_deref().unwrap_or_default());
        exceptions.retain(|(rule, place), _| of(if rule == TOTAL { place } else { rule }));
        for ((rule, place), number) in &exceptions {
            if let Some(before) = before.get(&(rule.clone(), place.clone())).filter(|before| number > before) {
                problems.push(format!("{PATH}: {rule} {place} was raised from {before} to {number}; it may only fall"));
            }
        }
        for rule in CLOSED.into_iter().filter(|rule| of(rule)) {
            let written = exceptions.remove(&(TOTAL.to_owned(), rule.to_owned()));
            problems.extend(wrong_total(rule, written, sum(&findings, rule)));
        }
        problems.extend(uncovered(exceptions, findings));
        problems
    }

    /// The file with what fell written down, and the sentences of what rose. Places of a closed rule may change as long
    /// as their sum does not rise.
    pub(crate) fn lowered(&self, findings: &[Finding]) -> (String, Vec<String>) {
        let (exceptions, mut problems) = parse(&self.allowed);
        let open = |rule: &str| {
            let total = exceptions.get(&(TOTAL.to_owned(), rule.to_owned()));
            CLOSED.contains(&rule) && total.is_some_and(|total| sum(findings, rule) <= *total)
        };
        let mut lines: Vec<String> = Vec::new();
        for line in self.allowed.lines() {
            lines.extend(lowered_line(line, findings, &open));
        }
        for finding in findings {
            let key = (finding.rule.to_owned(), finding.place.clone());
            match exceptions.get(&key) {
                Some(written) if *written >= finding.number || open(finding.rule) => {}
                None if open(finding.rule) => {
                    let why = reason(&self.allowed, finding.rule);
                    lines.push(format!("{} {} {} {why}", finding.rule, finding.place, finding.number));
                }
                _ => {
                    problems.push(format!("{} {} [{}: {}]", finding.place, finding.says, finding.rule, finding.number))
                }
            }
        }
        let (mut comments, mut rest): (Vec<String>, Vec<String>) =
            lines.into_iter().partition(|line| line.starts_with('#'));
        rest.sort();
        comments.append(&mut rest);
        (format!("{}\n", comments.join("\n")), problems)
    }
}

fn sum(findings: &[Finding], rule: &str) -> usize {
    findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.number).sum()
}

fn wrong_total(rule: &str, written: Option<usize>, today: usize) -> Option<String> {
    match written {
        None => Some(format!("{PATH}: the line `{TOTAL} {rule} {today} why` is missing")),
        Some(written) if written < today => {
            Some(format!("{PATH}: {TOTAL} {rule} is {written}, but there are {today}; it may only fall"))
        }
        Some(written) if written > today => {
            Some(format!("{PATH}: {TOTAL} {rule} is down to {today}; write that instead of {written}"))
        }
        Some(_) => None,
    }
}

fn uncovered(mut exceptions: Exceptions, findings: Vec<Finding>) -> Vec<String> {
    let mut problems = Vec::new();
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
    let needless = exceptions.keys();
    problems
        .extend(needless.map(|(rule, place)| format!("{PATH}: {rule} {place} is no longer needed; remove the line")));
    problems
}

/// A line with today's number, if it is lower or the rule takes what its places come to; nothing when it is not needed.
fn lowered_line(line: &str, findings: &[Finding], open: &impl Fn(&str) -> bool) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [rule, place, number, why @ ..] = words.as_slice() else { return Some(line.to_owned()) };
    let Ok(written) = number.parse::<usize>() else { return Some(line.to_owned()) };
    if line.starts_with('#') {
        return Some(line.to_owned());
    }
    let today = if *rule == TOTAL {
        sum(findings, place)
    } else {
        findings.iter().find(|finding| finding.rule == *rule && finding.place == *place)?.number
    };
    let number = if open(rule) { today } else { today.min(written) };
    Some(format!("{rule} {place} {number} {}", why.join(" ")))
}

/// What the rule's total gives as the reason of its exceptions.
fn reason(allowed: &str, rule: &str) -> String {
    let start = format!("{TOTAL} {rule} ");
    let total = allowed.lines().find_map(|line| line.strip_prefix(&start));
    total.and_then(|rest| rest.split_once(' ')).map_or_else(String::new, |(_, why)| why.to_owned())
}

fn parse(text: &str) -> (Exceptions, Vec<String>) {
    let (mut exceptions, mut problems) = (Exceptions::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let parsed = match words.as_slice() {
            [rule, place, number, _, ..] => number.parse::<usize>().ok().map(|number| (*rule, *place, number)),
            _ => None,
        };
        match parsed {
            // Only a total may have come down to nothing: its line keeps the rule closed.
            Some((rule, place, number)) if number > 0 || rule == TOTAL => {
                if exceptions.insert((rule.to_owned(), place.to_owned()), number).is_some() {
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

    /// The problems of an open rule.
    fn apply(allowed: &str, committed: Option<&str>, findings: Vec<Finding>) -> Vec<String> {
        ratchet(allowed, committed).judge(|rule| rule == "file-lines", findings)
    }

    fn ratchet(allowed: &str, committed: Option<&str>) -> Ratchet {
        Ratchet { allowed: allowed.to_owned(), committed: committed.map(str::to_owned) }
    }

    fn words(places: &[(&str, usize)]) -> Vec<Finding> {
        let finding = |(place, number): &(&str, usize)| Finding {
            rule: "feature-word",
            place: (*place).to_owned(),
            number: *number,
            says: "names it".to_owned(),
        };
        places.iter().map(finding).collect()
    }

    const CLOSED_RULE: &str = "total feature-word 5 until it moves\nfeature-word a.rs 3 old\nfeature-word b.rs 2 old\n";

    /// The problems of a closed rule, whose lines are those of the last commit.
    fn judge_words(places: &[(&str, usize)]) -> Vec<String> {
        ratchet(CLOSED_RULE, Some(CLOSED_RULE)).judge(|rule| rule == "feature-word", words(places))
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

    #[test]
    fn a_closed_rule_gets_no_new_place() {
        assert_eq!(judge_words(&[("a.rs", 3), ("b.rs", 2)]), Vec::<String>::new());
        let found = judge_words(&[("a.rs", 3), ("b.rs", 2), ("new.rs", 1)]);
        assert!(found[0].contains("is 5, but there are 6") && found[1].starts_with("new.rs names it"), "{found:?}");
    }

    #[test]
    fn a_closed_rule_stays_closed_when_it_has_come_to_nothing() {
        let nothing = "total feature-word 0 it is done\n";
        let judged = |allowed: &str, places: &[(&str, usize)]| {
            ratchet(allowed, Some(nothing)).judge(|rule| rule == "feature-word", words(places))
        };
        assert_eq!(judged(nothing, &[]), Vec::<String>::new());
        let reopened = "total feature-word 1 it is done\nfeature-word new.rs 1 please\n";
        assert!(judged(reopened, &[("new.rs", 1)])[0].contains("was raised from 0 to 1"));
        assert!(judged("", &[])[0].contains("`total feature-word 0 why` is missing"));
    }

    #[test]
    fn what_fell_or_moved_is_written_down_and_what_rose_is_not() {
        let lowered = |places: &[(&str, usize)]| ratchet(CLOSED_RULE, None).lowered(&words(places));
        let (text, problems) = lowered(&[("a.rs", 1), ("c.rs", 2)]);
        let expected =
            "feature-word a.rs 1 old\nfeature-word c.rs 2 until it moves\ntotal feature-word 3 until it moves\n";
        assert_eq!((text.as_str(), problems), (expected, Vec::new()));
        let (text, problems) = lowered(&[("a.rs", 3), ("b.rs", 2), ("new.rs", 1)]);
        assert!(!text.contains("new.rs") && text.contains("total feature-word 5"), "{text}");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (text, problems) = ratchet(ALLOWED, None).lowered(&long(601));
        assert!(text.contains("file-lines a.rs 600") && problems.len() == 1, "{text}");
        assert_eq!(ratchet(ALLOWED, None).lowered(&long(550)).0, "# comment\nfile-lines a.rs 550 a table of vectors\n");
    }
}
