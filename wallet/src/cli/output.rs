//! Where text leaves the program: the one place that writes to a terminal or a file, and the one filter before it.
//!
//! Answers hold what nodes and files say, and a terminal obeys escape sequences and marks that turn text around. So they leave
//! as text (`crate::visible`).

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::typed::as_typed;
use crate::visible::one_line;
pub use crate::visible::visible;
use crate::{Error, Result, cause};

/// What is done already, for whoever does not get the answer: what must not be done again, and what tells of it.
static DONE: Mutex<Option<String>> = Mutex::new(None);

/// Notes that something is done that a second try would do again, and how the person learns of it.
pub fn is_done(sentence: impl Into<String>) {
    *DONE.lock().unwrap_or_else(PoisonError::into_inner) = Some(sentence.into());
}

/// Writes an answer. A reader that closed its end has seen enough.
///
/// # Errors
/// `output_failed`: what was done is done, but whoever asked does not know.
pub fn answer(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(visible(text).as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("the answer cannot be written: {}", cause(&error));
            let done = DONE.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let hint = done.unwrap_or_else(|| {
                "whatever was to be done is done; a question may be asked again where there is room".to_owned()
            });
            Err(Error::new("output_failed", message, hint))
        }
        _ => Ok(()),
    }
}

/// Tells the person something; with nobody to tell there is nothing to do.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(&as_typed(text)));
}

/// An error as programs read it.
#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
    /// The code of a node, which can say any.
    #[serde(skip_serializing_if = "Option::is_none")]
    node_code: Option<&'a str>,
}

/// Tells why a command failed, and gives its exit code.
pub fn failure(error: &Error, as_json: bool) -> ExitCode {
    let (message, hint) = (as_typed(&error.message), as_typed(&error.hint));
    if as_json {
        let failure = Failure { code: error.own_code(), message: &message, hint: &hint, node_code: error.node_code() };
        note(&serde_json::to_string(&failure).expect("an error is a few texts"));
    } else {
        note(&format!("error[{}]: {}", one_line(error.own_code()), one_line(&message)));
        if !hint.is_empty() {
            note(&format!("  {}", one_line(&hint)));
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
