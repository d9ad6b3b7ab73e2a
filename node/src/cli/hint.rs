//! Commands that a message names, as its reader has to type them: with the home that this command was given.
//!
//! Messages come from everywhere, from services and from the running node too, and name a command like `thronosd peers list`, in
//! backquotes. Here they get the `--home` that was typed, on their way out, so that whoever writes one has nothing to remember. It
//! must not know what a message says.

use std::borrow::Cow;
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
}
