//! The rules that look at one Rust file.

use super::Finding;
use crate::source::{Source, words};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;

type Rule = fn(&Source) -> Vec<Finding>;

const RULES: &[Rule] = &[
    header,
    function_lines,
    file_lines,
    unwraps,
    unfinished,
    file_name,
    features_in_bodies,
    ignored_tests,
    sleeps,
    places,
];

/// All rules over one file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule(source)).collect()
}

/// A file opens with what it is for, what it must not know, and its invariants.
fn header(source: &Source) -> Vec<Finding> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    one(source, "header", 1, "does not open with `//!`: say what the file is for and what it must not know".to_owned())
}

fn function_lines(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for function in &source.functions {
        let lines = source.text[function.whole.clone()].lines().count();
        if lines > FUNCTION_LINES_MAX {
            let place = format!("{}::{}", source.path, function.name);
            let says = format!("has {lines} lines, more than {FUNCTION_LINES_MAX}");
            findings.push(Finding { rule: "function-lines", place, number: lines, says });
        }
    }
    findings
}

fn file_lines(source: &Source) -> Vec<Finding> {
    let lines = source.lines_without_tests();
    if source.is_test || lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    one(source, "file-lines", lines, format!("has {lines} lines without its tests, more than {FILE_LINES_MAX}"))
}

fn unwraps(source: &Source) -> Vec<Finding> {
    let calls = source.code.match_indices(".unwrap()").map(|(at, _)| at).filter(|at| !source.in_test(*at));
    occurrences(source, "unwrap", calls, "unwraps; use `expect` with the reason why it cannot fail, or an error")
}

fn unfinished(source: &Source) -> Vec<Finding> {
    let marks = ["TODO", "FIXME", "XXX"].into_iter().flat_map(|mark| words(&source.comments, mark));
    let macros = ["todo", "unimplemented"].into_iter().flat_map(|name| source.words(name).map(move |at| (at, name)));
    let macros = macros.filter(|(at, name)| source.code[at + name.len()..].starts_with('!')).map(|(at, _)| at);
    occurrences(source, "unfinished", marks.chain(macros), "is marked as unfinished; finish it or leave it out")
}

fn file_name(source: &Source) -> Vec<Finding> {
    let mut parts = source.path.split('/').map(|part| part.trim_end_matches(".rs"));
    let Some(part) = parts.find(|part| ["utils", "util", "helpers", "common"].contains(part)) else {
        return Vec::new();
    };
    one(source, "file-name", 1, format!("is called `{part}`, which says nothing; name what is in it"))
}

/// A feature decides which modules exist, never what happens in the middle of a function.
fn features_in_bodies(source: &Source) -> Vec<Finding> {
    let found = ["cfg(feature", "cfg!(feature", "cfg(not(feature", "cfg!(not(feature"].into_iter();
    let found = found.flat_map(|text| source.code.match_indices(text)).map(|(at, _)| at);
    let found = found.filter(|at| source.functions.iter().any(|function| function.body.contains(at)));
    occurrences(source, "feature-in-body", found, "asks for a feature inside a function; choose between modules")
}

fn ignored_tests(source: &Source) -> Vec<Finding> {
    let found = source.code.match_indices("#[ignore").map(|(at, _)| at);
    occurrences(source, "ignored-test", found, "ignores a test; make it quick, or a simulation")
}

/// Tests await events with a deadline; in production a sleep is rare enough to be listed with its reason.
fn sleeps(source: &Source) -> Vec<Finding> {
    let found = ["sleep", "sleep_ms", "sleep_until"].into_iter().flat_map(|word| source.words(word));
    let found = found.filter(|at| {
        let before = source.code[..*at].trim_end();
        !before.ends_with("fn") && !before.ends_with('.')
    });
    occurrences(source, "sleep", found, "sleeps; await an event with a deadline, or simulate the time")
}

/// A build folder may be another checkout's, and cargo then takes what was compiled there for its own: what a program looks for when it runs is not
/// where it was compiled. Files that are compiled in are found anew.
fn places(source: &Source) -> Vec<Finding> {
    let found = source.text.match_indices(concat!("env!(\"", "CARGO_MANIFEST_DIR\")")).map(|(at, _)| at);
    let found = found.filter(|at| {
        let line = source.text[..*at].rsplit('\n').next().unwrap_or_default();
        !["include_str!(", "include_bytes!(", "unwrap_or_else("].iter().any(|before| line.contains(before))
    });
    occurrences(
        source,
        "place",
        found,
        "has the place of its checkout in it; a test runs in its crate's folder: name paths from there",
    )
}

fn one(source: &Source, rule: &'static str, number: usize, says: String) -> Vec<Finding> {
    vec![Finding { rule, place: source.path.clone(), number, says }]
}

/// One finding for all places in a file, numbered by their count.
fn occurrences(source: &Source, rule: &'static str, found: impl Iterator<Item = usize>, says: &str) -> Vec<Finding> {
    let mut lines: Vec<usize> = found.map(|at| source.line(at)).collect();
    lines.sort_unstable();
    if lines.is_empty() {
        return Vec::new();
    }
    let listed: Vec<String> = lines.iter().map(usize::to_string).collect();
    one(source, rule, lines.len(), format!("(line {}) {says}", listed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules that a planted file breaks, with their numbers.
    fn broken(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        check(&Source::read(path, text)).into_iter().map(|finding| (finding.rule, finding.number)).collect()
    }

    fn broken_lib(text: &str) -> Vec<(&'static str, usize)> {
        broken("a/src/lib.rs", &format!("//! What it is for.\n{text}"))
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(broken("a/src/lib.rs", "// no\n"), [("header", 1)]);
        assert_eq!(broken("a/src/lib.rs", ""), [("header", 1)]);
        assert_eq!(broken_lib(""), []);
    }

    #[test]
    fn a_function_of_80_lines_is_found_and_one_of_70_is_not() {
        let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2));
        assert_eq!(broken_lib(&function(80)), [("function-lines", 80)]);
        assert_eq!(broken_lib(&function(70)), []);
        assert_eq!(broken("a/tests/long.rs", &format!("//! T.\n{}", function(80))), [("function-lines", 80)]);
    }

    #[test]
    fn a_long_file_is_found_but_its_tests_are_not_counted() {
        let lines = |count: usize| "const A: u8 = 0;\n".repeat(count);
        assert_eq!(broken_lib(&lines(500)), [("file-lines", 501)]);
        assert_eq!(broken_lib(&format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(400), lines(400))), []);
        assert_eq!(broken("a/tests/long.rs", &format!("//! T.\n{}", lines(600))), []);
    }

    #[test]
    fn an_unwrap_is_found_outside_tests_only() {
        assert_eq!(broken_lib("fn a() { b.unwrap(); c.unwrap() }\n"), [("unwrap", 2)]);
        assert_eq!(broken_lib("#[cfg(test)]\nmod tests {\n    fn a() { b.unwrap(); }\n}\n"), []);
        assert_eq!(broken_lib("/// `a.unwrap()`\nfn a() { b.unwrap_or(1); \".unwrap()\" }\n"), []);
    }

    #[test]
    fn unfinished_work_is_found_in_comments_and_macros() {
        assert_eq!(broken_lib("// TODO later\nfn a() { todo!() }\n/* FIXME */\n"), [("unfinished", 3)]);
        assert_eq!(broken_lib("fn a() { todo(); \"TODO\" } // XXXL\n"), []);
    }

    #[test]
    fn a_file_named_after_nothing_is_found() {
        assert_eq!(broken("a/src/utils.rs", "//! Odds.\n"), [("file-name", 1)]);
        assert_eq!(broken("a/tests/common/mod.rs", "//! Ends.\n"), [("file-name", 1)]);
    }

    #[test]
    fn a_feature_is_found_inside_a_function_but_not_on_a_module() {
        assert_eq!(broken_lib("fn a() {\n    #[cfg(feature = \"x\")]\n    b();\n}\n"), [("feature-in-body", 1)]);
        assert_eq!(broken_lib("fn a() { if cfg!(feature = \"x\") {} }\n"), [("feature-in-body", 1)]);
        assert_eq!(broken_lib("#[cfg(feature = \"x\")]\nmod x;\n"), []);
    }

    #[test]
    fn the_place_of_a_checkout_is_found_but_where_a_file_is_compiled_in() {
        let place = concat!("env!(\"", "CARGO_MANIFEST_DIR\")");
        assert_eq!(broken("a/tests/t.rs", &format!("//! T.\nfn t() {{ read({place}); }}\n")), [("place", 1)]);
        assert_eq!(broken_lib(&format!("const T: &str = include_str!(concat!({place}, \"/x\"));\n")), []);
    }

    #[test]
    fn an_ignored_test_and_a_sleep_are_found() {
        assert_eq!(broken("a/tests/t.rs", "//! T.\n#[ignore = \"slow\"]\nfn t() {}\n"), [("ignored-test", 1)]);
        let sleeps = "//! T.\nuse std::thread;\nfn t() { thread::sleep(D); tokio::time::sleep(D); }\n";
        assert_eq!(broken("a/tests/t.rs", sleeps), [("sleep", 2)]);
        assert_eq!(broken_lib("fn sleep() {}\nfn a() { world.sleep(); }\n"), []);
    }
}
