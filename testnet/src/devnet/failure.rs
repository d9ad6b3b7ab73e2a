//! Why a local network does not do what it should: one sentence, and the logs to read.

use std::path::PathBuf;

/// What everything here returns.
pub type Outcome<T> = Result<T, Failure>;

/// A sentence for people. It ends the command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something went wrong.
    #[error("{sentence}")]
    Failed {
        /// What, with which value, and what to do.
        sentence: String,
        /// Logs that may say why.
        logs: Vec<PathBuf>,
    },
    /// A person or another program asked to stop.
    #[error("stopped by a signal")]
    Stopped,
}

impl Failure {
    /// A sentence without logs.
    #[must_use]
    pub fn new(sentence: impl Into<String>) -> Self {
        Self::Failed { sentence: sentence.into(), logs: Vec::new() }
    }

    /// Adds a log to read.
    #[must_use]
    pub fn with_log(self, log: impl Into<PathBuf>) -> Self {
        match self {
            Self::Failed { sentence, mut logs } => {
                let log = log.into();
                // Who waits for a node and who asks it both name its log.
                if !logs.contains(&log) {
                    logs.push(log);
                }
                Self::Failed { sentence, logs }
            }
            Self::Stopped => Self::Stopped,
        }
    }

    /// Puts what was being done before the sentence.
    #[must_use]
    pub fn while_doing(self, what: &str) -> Self {
        match self {
            Self::Failed { sentence, logs } => Self::Failed { sentence: format!("{what}: {sentence}"), logs },
            Self::Stopped => Self::Stopped,
        }
    }

    /// Logs that may say why.
    #[must_use]
    pub fn logs(&self) -> &[PathBuf] {
        match self {
            Self::Failed { logs, .. } => logs,
            Self::Stopped => &[],
        }
    }

    /// For `map_err` on an error of the file system.
    pub fn file<'a>(action: &'a str, path: &'a std::path::Path) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |error| Self::new(format!("cannot {action} {}: {error}", path.display()))
    }
}

impl From<wallet::Error> for Failure {
    fn from(error: wallet::Error) -> Self {
        let wallet::Error { code, message, hint, .. } = error;
        let hint = if hint.is_empty() { hint } else { format!(": {hint}") };
        Self::new(format!("{message}{hint} [{code}]"))
    }
}

impl From<node::home::HomeError> for Failure {
    fn from(error: node::home::HomeError) -> Self {
        Self::new(format!("{error} [{}]", error.code()))
    }
}

impl From<node::keys::KeyFileError> for Failure {
    fn from(error: node::keys::KeyFileError) -> Self {
        Self::new(format!("{error} [{}]", error.code()))
    }
}

impl From<genesis::GenesisError> for Failure {
    fn from(error: genesis::GenesisError) -> Self {
        Self::new(format!("the genesis is refused: {error} [{}]", error.code()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_several_name_is_told_once() {
        let failure = Failure::new("node 0 has ended").with_log("/n/0.log").with_log("/n/1.log").with_log("/n/0.log");
        assert_eq!(failure.logs(), [PathBuf::from("/n/0.log"), PathBuf::from("/n/1.log")]);
    }
}
