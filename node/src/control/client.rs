//! Asks the node of a home.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{ANSWER_BYTES_MAX, Answer, Question, path};

/// How long the node may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there.
    #[error("no node of {home} is running ({error}); start it with `thronosd run`")]
    NotRunning {
        /// The home.
        home: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It may not be asked by this user.
    #[error("the node of {home} may be asked by its own user only; become that user, as with `sudo -u`")]
    NotAllowed {
        /// The home.
        home: String,
    },
    /// It does not answer as it should.
    #[error("the node of {home} does not answer as expected: {error}; is it of the same version?")]
    Answer {
        /// The home.
        home: String,
        /// What is wrong.
        error: String,
    },
}

impl AskError {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotRunning { .. } => "not_running",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Answer { .. } => "bad_answer",
        }
    }
}

/// One question.
///
/// # Errors
/// [`AskError`].
pub fn ask(home: &Path, question: &Question) -> Result<Answer, AskError> {
    let name = || home.display().to_string();
    let stream = connect(home).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => AskError::NotAllowed { home: name() },
        _ => AskError::NotRunning { home: name(), error },
    })?;
    let answer = exchange(stream, question);
    answer.map_err(|error| AskError::Answer { home: name(), error: error.to_string() })
}

/// A path of a socket has 107 bytes at most; one through an open directory is always short enough.
fn connect(home: &Path) -> std::io::Result<UnixStream> {
    let directory = std::fs::File::open(home)?;
    UnixStream::connect(path(&super::server::through(&directory)))
}

fn exchange(mut stream: UnixStream, question: &Question) -> std::io::Result<Answer> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}
