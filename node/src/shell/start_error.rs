//! Why a node does not start, with what to do about it.

use std::borrow::Cow;
use std::path::PathBuf;

use p2p::NetworkError;
use replica::DeskError;
use store::StoreError;

use super::listening::{self, remedy};
use crate::home::HomeError;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log or the lease cannot be used.
    #[error("{place}{error}", place = .path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default())]
    Desk {
        /// The file that is of no use, where the system's own words do not name it.
        path: Option<PathBuf>,
        /// What is wrong.
        error: DeskError,
    },
    /// A validator's home without the validator's key.
    #[error(
        "{key} is missing, though this home is a validator's by {traces}: put the key back from its copy and start again; without \
         a copy `thronosd init --validator --new-keys` makes another validator, which no genesis names; to follow the chain without \
         a key move {traces} away", key = .key.display()
    )]
    LostKey {
        /// Where the key should be.
        key: PathBuf,
        /// What is there of it.
        traces: String,
    },
    /// The genesis makes no first state.
    #[error("the genesis cannot start a chain: {0}; take genesis.json from others of the network")]
    Genesis(#[from] execution::GenesisError),
    /// The store lost blocks that the log relies on.
    #[error(
        "the store `{path}` ends at block {tip}, but the log says that block {floor} was on disk: the store was damaged or exchanged; \
         look after the disk, move it and `data/log` away, keep `data/lease`, and start again: the node then gets the chain from its \
         peers; a validator votes above what the lease says it may have signed"
    )]
    StoreBehindLog {
        /// The store.
        path: String,
        /// Its newest block.
        tip: types::Height,
        /// What the log knows.
        floor: types::Height,
    },
    /// An address in the settings that is of no use.
    #[error("`{setting}`: {error}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong with the address.
        error: NetworkError,
    },
    /// Nobody would ever be a peer of this node.
    #[error(
        "`network.only_persistent` is true and `network.persistent` names nobody, so this node would have no peer: name there who \
         stands before it, or set `network.only_persistent` to false"
    )]
    NobodyAdmitted,
    /// Two settings name one port.
    #[error("`{first}` and `{second}` are both at {address}: give each a port of its own")]
    SamePort {
        /// A setting.
        first: String,
        /// Another one.
        second: String,
        /// Where.
        address: std::net::SocketAddr,
    },
    /// The API's port is taken, or not ours.
    #[error(
        "cannot listen on {address} for the API: {error}; {remedy}", remedy = remedy(error, "--api ADDRESS:PORT")
    )]
    Api {
        /// The address.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The port for health and metrics is taken, or not ours.
    #[error(
        "cannot listen on {address} for metrics: {error}; {remedy}",
        remedy = remedy(error, "--set metrics.listen=ADDRESS:PORT")
    )]
    Metrics {
        /// The address.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The socket for the operator cannot be made.
    #[error("cannot make the socket `control.sock` in {path}: {error}; look after the directory and its file system")]
    Control {
        /// The home.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A service cannot be opened.
    #[error(transparent)]
    Service(#[from] service::Refusal),
    /// The network does not start.
    #[error("{0}{hint}", hint = match .0 {
        NetworkError::Listen { error, .. } => format!("; {}", remedy(error, "--listen MULTIADDRESS")),
        _ => String::new(),
    })]
    Network(#[from] NetworkError),
    /// The system gives no entropy.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyFileError),
    /// The system gives no threads.
    #[error(
        "the operating system gives no more threads: {0}; end other programs, or raise the limit (`ulimit -u`, `TasksMax=` of the unit)"
    )]
    Threads(#[from] std::io::Error),
}

impl StartError {
    /// The settings that are to blame.
    #[must_use]
    pub fn settings(&self) -> Vec<&str> {
        match self {
            Self::Setting { setting, .. } => vec![*setting],
            Self::NobodyAdmitted => vec!["network.only_persistent"],
            Self::SamePort { first, second, .. } => vec![first.as_str(), second.as_str()],
            _ => Vec::new(),
        }
    }

    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        let code = match self {
            Self::Service(refusal) => return refusal.code.clone(),
            Self::Home(error) => error.code(),
            Self::Store(StoreError::Locked { .. }) => "home_locked",
            Self::Store(StoreError::OtherChain { .. }) => "home_of_another_chain",
            Self::Store(_) => "store",
            Self::Desk { .. } => "log",
            Self::LostKey { .. } => "key_missing",
            Self::Genesis(_) => "genesis",
            Self::StoreBehindLog { .. } => "store_behind_log",
            Self::SamePort { .. } => "same_port",
            Self::Api { error, .. } => listening::code(error, "api_port_in_use"),
            Self::Metrics { error, .. } => listening::code(error, "metrics_port_in_use"),
            Self::Control { .. } => "control_socket",
            Self::Network(NetworkError::Listen { error, .. }) => listening::code(error, "network_port_in_use"),
            Self::Network(_) | Self::Setting { .. } => "network",
            Self::NobodyAdmitted => "nobody_admitted",
            Self::Key(error) => error.code(),
            Self::Threads(_) => "no_threads",
        };
        Cow::Borrowed(code)
    }
}
