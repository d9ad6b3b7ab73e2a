//! What the network tells its user, in one queue per class.

use std::net::IpAddr;

use libp2p::PeerId;
use libp2p::gossipsub::MessageId;
use libp2p::request_response::{InboundRequestId, ResponseChannel};
use tokio::sync::mpsc;
use types::PeerKey;

use super::links::Permit;
use super::requests::Answer;
use crate::channels::Channel;
use crate::fair_queue::Origin;
use crate::frame::FrameError;
use crate::wishes::Unwanted;

/// The user's ends of the queues. Consensus, sync and transactions never wait for one another.
#[derive(Debug)]
pub struct Inbound {
    /// Who comes and goes.
    pub control: mpsc::Receiver<NetworkEvent>,
    /// Votes, proposals, bodies, certificates.
    pub consensus: mpsc::UnboundedReceiver<NetworkEvent>,
    /// Requests and responses.
    pub sync: mpsc::UnboundedReceiver<NetworkEvent>,
    /// Transactions and the modules' gossip.
    pub transactions: mpsc::UnboundedReceiver<NetworkEvent>,
}

/// Something the network has seen.
#[derive(Debug)]
pub enum NetworkEvent {
    /// On `control`: an address is listened on.
    Listening {
        /// The multiaddress, with the port that was chosen.
        address: String,
    },
    /// On `control`: a peer of our chain is connected; it can be sent to from now on.
    Connected {
        /// Who.
        peer: PeerKey,
        /// Whether we dialled.
        outbound: bool,
        /// The multiaddress at the other end.
        address: String,
    },
    /// On `control`: the last connection to a peer has ended, or the peer was started anew and what was under way with
    /// its earlier life is lost.
    Disconnected {
        /// Who.
        peer: PeerKey,
        /// Why, for people.
        reason: String,
    },
    /// On `control`: a peer was not admitted, or was thrown out.
    Refused {
        /// Who.
        peer: PeerKey,
        /// Why.
        why: RefusalReason,
    },
    /// On `control`: a peer says that another machine has our network key, and keeps our place there.
    KeyInUse {
        /// Who says so.
        peer: PeerKey,
    },
    /// On `control`: a peer takes part in a gossip channel; what is published there from now on reaches it.
    Listens {
        /// Who.
        peer: PeerKey,
        /// Which topic.
        channel: Channel,
    },
    /// On the channel's class: a frame of a direct stream.
    Direct {
        /// The authenticated sender.
        peer: PeerKey,
        /// Which stream.
        channel: Channel,
        /// The message.
        payload: Payload,
    },
    /// On the channel's class: a gossip message, forwarded to others only after [`super::Network::verdict`].
    Gossip {
        /// For the verdict.
        token: GossipToken,
        /// Who passed it on; not necessarily who made it.
        from: PeerKey,
        /// Which topic.
        channel: Channel,
        /// The message.
        payload: Payload,
    },
    /// On `sync`: a peer asks.
    Request {
        /// For [`super::Network::respond`]; dropping it refuses the request.
        token: RequestToken,
        /// Who.
        peer: PeerKey,
        /// The request.
        payload: Payload,
    },
    /// On `sync`: what came of a request.
    Response {
        /// As [`super::Network::request`] gave it.
        id: RequestId,
        /// Who was asked.
        peer: PeerKey,
        /// The response.
        result: Result<Payload, RequestError>,
    },
}

/// Bytes from a peer. They count against the peer's buffer until this is dropped or taken apart.
#[derive(Debug)]
pub struct Payload {
    bytes: Vec<u8>,
    _permit: Option<Permit>,
}

impl Payload {
    pub(super) const fn new(bytes: Vec<u8>, permit: Option<Permit>) -> Self {
        Self { bytes, _permit: permit }
    }

    /// The bytes; they no longer count against the peer's buffer.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }
}

impl std::ops::Deref for Payload {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why a peer was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// It names another chain.
    #[error("it is of another chain: one of the two has the wrong genesis.json")]
    OtherChain,
    /// Its identity is not an Ed25519 key.
    #[error("its identity is not an Ed25519 key")]
    ForeignKey,
    /// It did not say which chain it belongs to in time. It loses the connection and may come back at once.
    #[error("it did not name its chain in time")]
    Silent,
    /// It sent a frame that the channel does not carry.
    #[error("{channel:?}: {error}")]
    BadFrame {
        /// On which stream.
        channel: Channel,
        /// What was wrong.
        error: FrameError,
    },
    /// It has misbehaved too often, lastly so.
    #[error("blocked: {0}")]
    Punished(&'static str),
    /// Others needed its place. It may come back at once.
    #[error("it gave way to others")]
    GaveWay,
    /// It keeps our place for another machine with our network key.
    #[error("it says that another machine has this node's network key")]
    KeyInUse,
    /// The operator does not want it.
    #[error("{0}")]
    Unwanted(Unwanted),
}

impl RefusalReason {
    /// One word for all of its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OtherChain => "other chain",
            Self::ForeignKey => "foreign key",
            Self::Silent => "silent",
            Self::BadFrame { .. } => "bad frame",
            Self::Unwanted(_) => "unwanted",
            Self::Punished(why) => why,
            Self::GaveWay => "gave way",
            Self::KeyInUse => "key in use",
        }
    }
}

/// Names a gossip message that waits for its verdict.
#[derive(Clone, Debug)]
pub struct GossipToken {
    pub(super) id: MessageId,
    pub(super) source: PeerId,
    pub(super) from: PeerKey,
    pub(super) channel: Channel,
}

/// What becomes of a gossip message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Good: pass it on.
    Accept,
    /// Bad: an honest peer would not have passed it on, and the peer's standing suffers.
    Reject,
    /// Of no use, and nobody's fault.
    Ignore,
}

/// A request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A peer's request that waits for its answer.
#[derive(Debug)]
pub struct RequestToken {
    pub(super) id: InboundRequestId,
    pub(super) channel: ResponseChannel<Answer>,
    pub(super) origin: Origin,
}

impl RequestToken {
    /// Whose request it is.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }
}

/// Why there is no response. None of these alone proves the peer wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no connection to the peer.
    #[error("the peer is not connected")]
    NotConnected,
    /// The connection ended first.
    #[error("the connection ended before the response")]
    Disconnected,
    /// It took too long.
    #[error("no response in time")]
    Timeout,
    /// The peer has too much to do.
    #[error("the peer is busy")]
    Busy,
    /// The peer does not answer such requests.
    #[error("the peer does not answer such requests")]
    Unsupported,
    /// The response, or its form, breaks the protocol.
    #[error("bad response: {0}")]
    Broken(String),
}

/// A peer and where it has been reached: a line of the address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddresses {
    /// Who.
    pub peer: PeerKey,
    /// Multiaddresses without `/p2p/…`, best first.
    pub addresses: Vec<String>,
    /// Whether it was met there, rather than told of.
    pub met: bool,
    /// The address where it was met, or of the peer that told of it; nothing when that is not known any more.
    pub source: Option<IpAddr>,
}

/// What is known about a connected peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// Who.
    pub peer: PeerKey,
    /// The multiaddress at the other end of the newest connection.
    pub address: String,
    /// Whether we dialled that connection.
    pub outbound: bool,
    /// How many connections there are.
    pub connections: usize,
    /// What the peer calls itself.
    pub agent: String,
    /// Whether it is pinned as a validator.
    pub pinned: bool,
    /// Whether the operator named it as a persistent peer.
    pub persistent: bool,
    /// Whether where it is is told to nobody.
    pub private: bool,
    /// The last measured round trip.
    pub round_trip_us: Option<u64>,
}
