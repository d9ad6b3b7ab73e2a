//! Why a home cannot be used, with what to do about it.

use std::io;
use std::path::PathBuf;

use types::ChainId;

use super::service_folder::LEADS_NOWHERE;

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is none.
    #[error("there is no node in {0}: run `thronosd init` first, or name another directory with --home")]
    Missing(PathBuf),
    /// Its settings are not there.
    #[error(
        "{0} is missing, and keys of a node are there: put it back from its copy; without one `thronosd init` writes another, with the \
         settings that are given to it"
    )]
    NoConfig(PathBuf),
    /// Something else has its name.
    #[error("{0} is no directory, and a home is one: name another place with --home")]
    NoDirectory(PathBuf),
    /// There is no genesis yet.
    #[error("{0} is missing: run `thronosd init --genesis FILE` with the genesis of the network")]
    NoGenesis(PathBuf),
    /// The file system refused.
    #[error("cannot {what} {path}: {error}{next}", next = next_step(error))]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What an older version kept under another name stays there.
    #[error("cannot move {from} to {to}: {error}; move it there yourself, and start again")]
    Move {
        /// Where it is.
        from: PathBuf,
        /// Where it should be.
        to: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A link to what is not there.
    #[error("{0}: {words}", words = LEADS_NOWHERE)]
    LeadsNowhere(PathBuf),
    /// Others may read a secret.
    #[error("{path} can be read or changed by others (mode {mode:04o}): run `chmod {wanted:o} {path}`")]
    Open {
        /// The file or directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// What it should be.
        wanted: u32,
    },
    /// Somebody else's file.
    #[error(
        "{path} belongs to user {owner}, this process runs as user {user}: run it as its owner or change the owner"
    )]
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Two processes, one home.
    #[error("{0} is used by another process: stop it, or use another home")]
    Locked(PathBuf),
    /// The genesis cannot be used.
    #[error("{path}: {error}")]
    Genesis {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: Box<genesis::GenesisError>,
    },
    /// The data belongs to another chain.
    #[error(
        "the data belongs to chain {found}, as {path} says, but the genesis is that of chain {expected}: \
         use another home, or put back the genesis of that chain"
    )]
    OtherChain {
        /// The file that says so.
        path: PathBuf,
        /// The chain of the data.
        found: String,
        /// The chain of the genesis.
        expected: ChainId,
    },
    /// The file that says whose data it is says nothing.
    #[error(
        "{path} is damaged: it says `{found}`, and should be the id of the data's chain. If this home has always been one of chain \
         {expected}, remove the file: the store still says whose it is, and the next start writes the file again"
    )]
    NoChain {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// The chain of the genesis.
        expected: ChainId,
    },
}

/// What helps where the file system refused, as far as that can be told.
fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; name a file that is there, or a place in a directory that is",
        io::ErrorKind::PermissionDenied => {
            "; run this as the user whose it is, as with `sudo -u`, or give this user the right"
        }
        io::ErrorKind::IsADirectory => "; name a file, not a directory",
        io::ErrorKind::StorageFull => "; make room on that disk, and do it again",
        io::ErrorKind::ReadOnlyFilesystem => "; nothing can be written there: name another place",
        io::ErrorKind::Other | io::ErrorKind::InvalidData => "; check that it is the right file",
        _ => "; look after it, and the disk it is on",
    }
}

impl HomeError {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "home_missing",
            Self::NoConfig(_) => "config_missing",
            Self::NoDirectory(_) => "home_is_no_directory",
            Self::NoGenesis(_) => "genesis_missing",
            Self::Io { .. } | Self::Move { .. } | Self::LeadsNowhere(_) => "home_io",
            Self::Open { .. } => "home_readable_by_others",
            Self::Owner { .. } => "home_owner",
            Self::Locked(_) => "home_locked",
            Self::Genesis { error, .. } => error.code(),
            Self::OtherChain { .. } => "home_of_another_chain",
            Self::NoChain { .. } => "home_damaged",
        }
    }
}
