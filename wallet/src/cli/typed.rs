//! Commands that a message names, as its reader has to type them: with the wallet and the node that this command was given.
//!
//! Messages come from everywhere and name a command like `thronos tx ID`, in backquotes. Here they get what was typed, on their way
//! out, so that whoever writes one has nothing to remember. What the environment says it says to the next command, too. It must not
//! know what a message says.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use signing::commands::{completed, has_word, quoted};

/// What was typed.
static TYPED: OnceLock<TypedOptions> = OnceLock::new();

/// Whose commands they are.
const PROGRAM: &str = "thronos";
/// Verbs that need neither a wallet nor a node, or are named only for the list that they print without one.
const BARE: [&str; 5] = ["address", "ask", "completions", "help", "mine"];
/// Verbs that ask no node.
const LOCAL: [&str; 3] = ["sign", "verify", "wallet"];

/// What the next command has to be told again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedOptions {
    /// `--home`.
    pub home: Option<PathBuf>,
    /// `--wallet-dir`, which leaves nothing to `--home`.
    pub wallet_dir: Option<PathBuf>,
    /// `--node`.
    pub node: Option<String>,
}

/// Notes what this command was given on its command line.
pub fn note_typed(typed: TypedOptions) {
    let _ = TYPED.set(typed);
}

/// A message with its commands as they have to be typed.
#[must_use]
pub fn as_typed(text: &str) -> Cow<'_, str> {
    match TYPED.get() {
        Some(typed) if *typed != TypedOptions::default() => Cow::Owned(typed.put_into(text)),
        _ => Cow::Borrowed(text),
    }
}

impl TypedOptions {
    fn put_into(&self, text: &str) -> String {
        completed(text, PROGRAM, |words| self.behind(words))
    }

    /// The options that a command lacks.
    fn behind(&self, words: &str) -> String {
        let verb = words.split_whitespace().next().unwrap_or_default();
        if BARE.contains(&verb) {
            return String::new();
        }
        let has = |option: &str| has_word(words, option);
        let place = self.wallet_dir.as_ref().map(|path| ("--wallet-dir", path));
        let place = place.or_else(|| self.home.as_ref().map(|path| ("--home", path)));
        let mut options = String::new();
        if let Some((option, path)) = place.filter(|_| !has("--wallet-dir") && !has("--home")) {
            options += &format!(" {option} {}", quoted_path(path));
        }
        if let Some(node) = self.node.as_ref().filter(|_| !has("--node") && !LOCAL.contains(&verb)) {
            options += &format!(" --node {}", quoted(node));
        }
        options
    }
}

/// The words of each command that a message names.
#[must_use]
pub fn named(text: &str) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    let _ = completed(text, PROGRAM, |words| {
        found.borrow_mut().push(words.to_owned());
        String::new()
    });
    found.into_inner()
}

/// A path as a shell takes it.
#[must_use]
pub fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT15
    #[test]
    fn every_command_of_a_message_gets_what_was_typed_and_no_other_does() {
        let home = TypedOptions { home: Some("/h".into()), ..TypedOptions::default() };
        let both = TypedOptions { node: Some("http://127.0.0.1:7".to_owned()), ..home.clone() };
        let own = TypedOptions { wallet_dir: Some("/my wallet's".into()), ..both.clone() };
        for (typed, text, expected) in [
            (&home, "see `thronos asset show`.", "see `thronos asset show --home /h`."),
            (
                &both,
                "`thronos tx 1`, then `thronos status`",
                "`thronos tx 1 --home /h --node http://127.0.0.1:7`, then `thronos status --home /h --node http://127.0.0.1:7`",
            ),
            (&both, "`thronos wallet list --json`", "`thronos wallet list --json --home /h`"),
            (&both, "elsewhere: `thronos tx 1 --node URL`", "elsewhere: `thronos tx 1 --node URL --home /h`"),
            (&home, "`thronos send --wallet-dir OTHER`", "`thronos send --wallet-dir OTHER`"),
            (&own, "`thronos verify F`", r"`thronos verify F --wallet-dir '/my wallet'\''s'`"),
            (&both, "see `thronos help`, `thronos ask MODULE`", "see `thronos help`, `thronos ask MODULE`"),
            (&both, "`thronosd run`, thronos tx 1", "`thronosd run`, thronos tx 1"),
            (&both, "an end that is missing: `thronos tx", "an end that is missing: `thronos tx"),
        ] {
            assert_eq!(typed.put_into(text), expected);
            assert_eq!(typed.put_into(expected), expected, "once");
        }
    }
}
