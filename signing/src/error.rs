//! The one shape of an error: a stable code, what happened with which value, and what to do next.
//!
//! It is the shape of the node's API too. What a node refuses keeps its code for whoever decides by it, and is marked: a node can say
//! anything, so its code is never told as this wallet's own. Codes are part of the interface: programs match on them. It must never
//! carry a secret.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

/// Why something was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Stable name in snake_case.
    pub code: Cow<'static, str>,
    /// What happened, with which value.
    pub message: String,
    /// What to do next; may be empty.
    pub hint: String,
    /// How long the node asks to wait before the same is asked again; absent where it is not busy.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// Whether a node has said it: then the code is its own, and the message says so.
    #[serde(skip)]
    pub is_of_node: bool,
}

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with what to do about it.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: message.into(),
            hint: hint.into(),
            retry_after: None,
            is_of_node: false,
        }
    }

    /// The code by which this wallet tells the error.
    #[must_use]
    pub fn own_code(&self) -> &str {
        if self.is_of_node { "node_refuses" } else { &self.code }
    }

    /// The code that a node has given.
    #[must_use]
    pub fn node_code(&self) -> Option<&str> {
        self.is_of_node.then_some(&self.code)
    }

    /// An error of the file system: names the file and what was tried.
    #[must_use]
    pub fn file(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check who owns it and its mode",
            std::io::ErrorKind::AlreadyExists => "choose another name, or move the old file away first",
            std::io::ErrorKind::StorageFull => "free some space and try again; nothing was changed",
            std::io::ErrorKind::ReadOnlyFilesystem => "nothing can be written there: choose another place",
            std::io::ErrorKind::IsADirectory => "name a file, not a directory",
            std::io::ErrorKind::NotADirectory => "a part of the path is a file: check the path",
            std::io::ErrorKind::InvalidData => "it is not text: check that it is the right file",
            _ => "check the path, and the disk it leads to",
        };
        Self::new("file", format!("cannot {action} {}: {}", path.display(), cause(error)), hint)
    }
}

/// Why the system refuses something, without the number that only programmers know.
#[must_use]
pub fn cause(error: &impl std::fmt::Display) -> String {
    let mut text = error.to_string();
    while let Some((begin, (_, end))) =
        text.split_once(" (os error ").and_then(|(begin, rest)| Some((begin, rest.split_once(')')?)))
    {
        text = format!("{begin}{end}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_told_without_the_number_of_it() {
        let refused = std::io::Error::from_raw_os_error(111);
        assert_eq!(cause(&refused), "Connection refused");
        assert_eq!(cause(&format!("{refused}, {refused}")), "Connection refused, Connection refused");
        assert_eq!(cause(&"a (os error that ends"), "a (os error that ends");
        let file = Error::file("read", std::path::Path::new("x"), &std::io::Error::from_raw_os_error(2));
        assert_eq!(file.message, "cannot read x: No such file or directory");
    }
}
