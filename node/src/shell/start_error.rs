//! Why a node does not start, with what to do about it.

use std::borrow::Cow;

use p2p::NetworkError;
use replica::DeskError;
use store::StoreError;

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
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The genesis makes no first state.
    #[error("the genesis cannot start a chain: {0}")]
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
        "cannot listen on {address} for the API: {error}; stop what uses it, or choose another with --api ADDRESS:PORT"
    )]
    Api {
        /// The address.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The port for health and metrics is taken, or not ours.
    #[error(
        "cannot listen on {address} for metrics: {error}; stop what uses it, or choose another with --set metrics.listen=ADDRESS:PORT"
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
    #[error("{0}{hint}", hint = if matches!(.0, NetworkError::Listen { .. }) {
        "; stop what uses it, or choose another with --listen MULTIADDRESS"
    } else {
        ""
    })]
    Network(#[from] NetworkError),
    /// The system gives no entropy.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyFileError),
    /// The system gives no threads.
    #[error("the operating system gives no more threads: {0}")]
    Threads(#[from] std::io::Error),
}

impl StartError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> Cow<'static, str> {
        let code = match self {
            Self::Service(refusal) => return refusal.code.clone(),
            Self::Home(error) => error.code(),
            Self::Store(StoreError::Locked { .. }) => "home_locked",
            Self::Store(StoreError::OtherChain { .. }) => "home_of_another_chain",
            Self::Store(_) => "store",
            Self::Desk(_) => "log",
            Self::Genesis(_) => "genesis",
            Self::StoreBehindLog { .. } => "store_behind_log",
            Self::SamePort { .. } => "same_port",
            Self::Api { .. } => "api_port_in_use",
            Self::Metrics { .. } => "metrics_port_in_use",
            Self::Control { .. } => "control_socket",
            Self::Network(NetworkError::Listen { .. }) => "network_port_in_use",
            Self::Network(_) => "network",
            Self::Key(error) => error.code(),
            Self::Threads(_) => "no_threads",
        };
        Cow::Borrowed(code)
    }
}
