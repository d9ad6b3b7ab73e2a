//! Commands that a message names, as its reader has to type them: with the home that this command was given.
//!
//! Messages come from everywhere, from services and from the running node too, and name a command like `thronosd peers list`, in
//! backquotes. Here they get the `--home` that was typed, on their way out, so that whoever writes one has nothing to remember. It
//! must not know what a message says.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub(crate) use signing::commands::quoted;
use signing::commands::{completed, has_word};

/// The directory that was typed.
static TYPED: OnceLock<PathBuf> = OnceLock::new();

/// Whose commands they are.
const PROGRAM: &str = "thronosd";
/// Commands that need no home, and what says that a home is named already.
const WITHOUT: [&str; 4] = ["--home", "--defaults", "genesis", "version"];

/// Notes the directory that this command was given, and that it would not use by itself.
pub(crate) fn note_home(home: &Path) {
    let _ = TYPED.set(home.to_owned());
}

/// A message with its commands as they have to be typed.
pub(crate) fn as_typed(text: &str) -> Cow<'_, str> {
    match TYPED.get() {
        Some(home) => Cow::Owned(with_home(text, home)),
        None => Cow::Borrowed(text),
    }
}

/// Writes lines of the log with their commands as they have to be typed. A home whose name would have to be escaped in a line of JSON is
/// left out.
pub(crate) struct AsTyped<W>(pub(crate) W);

impl<W: Write> Write for AsTyped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(&line_as_typed(bytes, TYPED.get().map(PathBuf::as_path)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn line_as_typed<'a>(bytes: &'a [u8], home: Option<&Path>) -> Cow<'a, [u8]> {
    let is_plain = |home: &&Path| {
        !home.display().to_string().contains(|letter: char| letter.is_control() || "\"\\'".contains(letter))
    };
    match (str::from_utf8(bytes), home.filter(is_plain)) {
        (Ok(line), Some(home)) => Cow::Owned(with_home(line, home).into_bytes()),
        _ => Cow::Borrowed(bytes),
    }
}

fn with_home(text: &str, home: &Path) -> String {
    let home = quoted(&home.display().to_string());
    completed(text, PROGRAM, |words| match WITHOUT.iter().any(|word| has_word(words, word)) {
        true => String::new(),
        false => format!(" --home {home}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT15
    #[test]
    fn every_command_of_a_message_gets_the_home_that_was_typed_and_nothing_else_does() {
        for (text, expected) in [
            ("start it with `thronosd run`", "start it with `thronosd run --home /h`"),
            (
                "`thronosd init --genesis FILE`, then `thronosd run`.",
                "`thronosd init --genesis FILE --home /h`, then `thronosd run --home /h`.",
            ),
            ("`thronosd init --home OTHER` makes one", "`thronosd init --home OTHER` makes one"),
            ("`thronosd config print --defaults` lists all", "`thronosd config print --defaults` lists all"),
            ("`thronosd genesis hash FILE`", "`thronosd genesis hash FILE`"),
            ("made with `thronos wallet new`, not thronosd run", "made with `thronos wallet new`, not thronosd run"),
            ("an end that is missing: `thronosd run", "an end that is missing: `thronosd run"),
        ] {
            assert_eq!(with_home(text, Path::new("/h")), expected);
        }
        assert_eq!(with_home("`thronosd run`", Path::new("/my node's")), r"`thronosd run --home '/my node'\''s'`");
    }

    #[test]
    fn commands_in_lines_of_the_log_are_typed_so_too_and_no_line_is_broken_or_lost() {
        let line = br#"{"message":"held; `thronosd mining owed` says how"}"#;
        for (home, expected) in [
            (None, line.as_slice()),
            (Some("/h"), br#"{"message":"held; `thronosd mining owed --home /h` says how"}"#),
            (Some("/my node"), br#"{"message":"held; `thronosd mining owed --home '/my node'` says how"}"#),
            (Some("/a\"b"), line),
            (Some("/it's"), line),
        ] {
            assert_eq!(line_as_typed(line, home.map(Path::new)), expected, "{home:?}");
        }
        let odd = [0xff, b'`', 0];
        assert_eq!(line_as_typed(&odd, Some(Path::new("/h"))), odd.as_slice());
        let mut written = Vec::new();
        AsTyped(&mut written).write_all(line).expect("room");
        assert_eq!(written, line, "without a home that was typed");
    }
}
