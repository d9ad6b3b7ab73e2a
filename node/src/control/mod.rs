//! What only the operator of this machine may ask and tell: over a socket in the home, never over HTTP.
//!
//! One line of JSON each way. Whoever may open the socket, which has mode 0600 in a home that nobody else may write, is the operator.
//! It must not know HTTP or the replica. What concerns a service, it answers itself.

mod bans;
mod client;
mod server;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use bans::{Bans, look_at as look_at_bans};
pub use client::{AskError, ask};
pub(crate) use server::{Listener, Server};

/// The longest line of a question.
const QUESTION_BYTES_MAX: u64 = 4 * 1024;
/// The longest line of an answer.
const ANSWER_BYTES_MAX: u64 = service::ANSWER_BYTES_MAX;
/// Name of the socket in the home.
const NAME: &str = "control.sock";

/// What the operator wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// Who is connected, banned and blocked.
    Peers,
    /// Send somebody away and keep them away.
    Ban {
        /// A peer id, or an IP address.
        whom: String,
        /// For how long; for ever when absent.
        seconds: Option<u64>,
    },
    /// Lift a ban, and of a peer what it was blocked for.
    Unban {
        /// A peer id, or an IP address.
        whom: String,
    },
    /// Connect to somebody once.
    Dial {
        /// A multiaddress.
        address: String,
    },
    /// End the connections to somebody.
    Disconnect {
        /// A peer id, or an IP address.
        #[serde(alias = "peer")]
        whom: String,
    },
    /// Something that a service answers.
    Service {
        /// Its name.
        name: String,
        /// What it understands.
        question: serde_json::Value,
    },
}

/// What the node answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done {
        /// What, in a sentence.
        sentence: String,
    },
    /// Who is there.
    Peers(PeerList),
    /// What a service says.
    Service {
        /// What its verbs understand.
        said: serde_json::Value,
    },
    /// It is not done.
    Refused {
        /// A stable name.
        code: String,
        /// What is wrong and what to do.
        message: String,
    },
}

impl Answer {
    fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused { code: code.to_owned(), message: message.into() }
    }
}

/// Peers as the operator sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerList {
    /// Connected, by key.
    pub peers: Vec<ConnectedPeer>,
    /// Banned by the operator.
    pub bans: Vec<BanLine>,
    /// Blocked for a while for what they did.
    pub blocked: Vec<String>,
    /// Lines of the address book.
    pub known: usize,
}

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedPeer {
    /// Its peer id.
    pub peer_id: String,
    /// The multiaddress at the other end.
    pub address: String,
    /// Whether this node dialled.
    pub outbound: bool,
    /// What it calls itself.
    pub agent: String,
    /// Its index, if it is a validator of this epoch.
    pub validator: Option<u16>,
    /// Whether `network.persistent` names it.
    pub persistent: bool,
    /// Whether `network.private` names it.
    pub private: bool,
    /// The last round trip, in microseconds.
    pub round_trip_us: Option<u64>,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanLine {
    /// A peer id, or an IPv4 address, or an IPv6 /64.
    pub whom: String,
    /// Until when, in milliseconds since 1970; for ever when absent.
    pub until_ms: Option<u64>,
}

/// Where the socket of a home is.
fn path(home: &Path) -> PathBuf {
    home.join(NAME)
}
