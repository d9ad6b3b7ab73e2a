//! Where text leaves the program: the one place that writes to a terminal or a file, and the one filter before it.
//!
//! Answers hold what nodes and files say, and a terminal obeys escape sequences and marks that turn text around. So they leave
//! as `\u001b`, which is also how JSON writes them. What shows the progress of mining has a filter of its own
//! (`modules/mining/client/src/mine/message.rs`), because it moves the cursor.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::{Error, Result};

/// Whether a character acts instead of being seen: controls but line feed and tab, and marks of direction and of lines.
fn acts(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => true,
        '\u{fff9}'..='\u{fffb}' => true,
        _ => character.is_control(),
    }
}

/// The text with everything visible.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if acts(character) {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Writes an answer. A reader that closed its end has seen enough.
///
/// # Errors
/// `output_failed`: what was done is done, but whoever asked does not know.
pub fn answer(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(visible(text).as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("the answer cannot be written: {error}");
            Err(Error::new("output_failed", message, "what was asked for is done; ask again where there is room"))
        }
        _ => Ok(()),
    }
}

/// Tells the person something; with nobody to tell there is nothing to do.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(text));
}

/// Tells why a command failed, and gives its exit code.
pub fn failure(error: &Error, as_json: bool) -> ExitCode {
    if as_json {
        note(&serde_json::to_string(error).expect("an error is three texts"));
    } else {
        note(&format!("error[{}]: {}", error.code, error.message));
        if !error.hint.is_empty() {
            note(&format!("  {}", error.hint));
        }
    }
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RE5
    #[test]
    fn what_acts_on_a_terminal_leaves_as_text_and_the_rest_as_it_is() {
        for (text, shown) in [
            ("a\tb\nc ä € 漢 🙂 ▀█", "a\tb\nc ä € 漢 🙂 ▀█"),
            ("\u{1b}[2Jx", "\\u001b[2Jx"),
            ("a\rb\u{8}\u{7f}\0", "a\\u000db\\u0008\\u007f\\u0000"),
            ("\u{9b}31m\u{85}", "\\u009b31m\\u0085"),
            ("abc\u{202e}cba\u{2066}\u{200f}\u{feff}\u{2028}", "abc\\u202ecba\\u2066\\u200f\\ufeff\\u2028"),
        ] {
            assert_eq!(visible(text), shown);
            let json = serde_json::to_string(text).expect("a text");
            assert_eq!(
                serde_json::from_str::<String>(&visible(&json)).as_deref().ok(),
                Some(text),
                "JSON stays the same"
            );
        }
    }
}
