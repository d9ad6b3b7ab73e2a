//! Whether every command that a message of this program names is one that it takes: nobody should meet a usage error on the way out of
//! another one.
//!
//! The sources are read as text. It must not know which messages there are.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use clap::error::ErrorKind;
use wallet::cli::typed::named;

use crate::program::program;

/// Where the messages stand, below the workspace.
const PLACES: [&str; 3] = ["wallet/src", "wallet/cli/src/commands", "modules"];
/// What stands for a value that is put in or thought up by the reader.
const VALUE: &str = "1";

/// Calls `found` with each command of this file that has its end.
fn commands_of(source: &str, found: &dyn Fn(&str)) {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let is_told = |line: &&str| !line.trim_start().starts_with("//");
    let told = code.lines().filter(is_told).map(str::trim_start).collect::<Vec<_>>().join("\n");
    named(&told.replace("\\\n", "")).iter().for_each(|words| found(words));
}

fn look_in(folder: &Path, found: &dyn Fn(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("readable").path();
        let is_aside =
            ["tests", "rules", "stratum", "trial"].iter().any(|name| path.file_name() == Some(OsStr::new(name)));
        if path.is_dir() && !is_aside {
            look_in(&path, found);
        } else if path.extension() == Some(OsStr::new("rs")) {
            let source = fs::read_to_string(&path).expect("a source");
            commands_of(&source, &|words| found(&path, words));
        }
    }
}

/// Why this program would not take these words, if that is so.
fn refusal(words: &str) -> Option<String> {
    let is_put_in = |word: &str| {
        word.contains('{') || word.chars().all(|letter| letter.is_ascii_uppercase() || "=_:".contains(letter))
    };
    let word = |word: &str| if is_put_in(word) { VALUE.to_owned() } else { word.to_owned() };
    let line = ["thronos".to_owned()].into_iter().chain(words.split_whitespace().map(word));
    let error = program().try_get_matches_from(line).err()?;
    // A value that stands for another cannot be right.
    let is_whole =
        matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue | ErrorKind::DisplayHelp);
    (!is_whole).then(|| error.to_string())
}

// FAULTS RT15
#[test]
fn every_command_that_a_message_names_is_taken_as_it_stands() {
    // A test runs in its crate's folder.
    let root = Path::new("../..");
    let (count, wrong) = (RefCell::new(0), RefCell::new(Vec::new()));
    for place in PLACES {
        look_in(&root.join(place), &|path, words| {
            *count.borrow_mut() += 1;
            if let Some(why) = refusal(words) {
                wrong.borrow_mut().push(format!("{}: `thronos {words}`: {why}", path.display()));
            }
        });
    }
    assert!(*count.borrow() > 50, "the messages are found: {count:?}");
    assert!(wrong.borrow().is_empty(), "{}", wrong.borrow().join("\n"));
}

#[test]
fn a_command_without_its_arguments_is_refused_and_a_place_for_a_value_is_not() {
    for whole in ["tx {id}", "device show DEVICE", "status", "wallet list --json"] {
        assert_eq!(refusal(whole), None, "{whole}");
    }
    for cut in ["tx", "device show", "device cancel-rotation DEVICE", "no-such-verb", "send --no-such-option"] {
        assert!(refusal(cut).is_some(), "{cut}");
    }
}
