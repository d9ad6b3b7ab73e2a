//! The one shape of an error: a stable code, what happened with which value, and what to do next.
//!
//! It is the shape of the node's API too, so an answer of the node is passed on as it came. Codes are part of the interface:
//! programs match on them. It must never carry a secret.

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
}

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with what to do about it.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: Cow::Borrowed(code), message: message.into(), hint: hint.into(), retry_after: None }
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
        Self::new("file", format!("cannot {action} {}: {error}", path.display()), hint)
    }
}
