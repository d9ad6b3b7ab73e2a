//! What the user says to the network. Nothing here waits: a full queue is an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libp2p::Multiaddr;
use tokio::sync::{mpsc, watch};
use types::PeerKey;

use super::config::NetworkError;
use super::counts::{Counts, NetworkCounts};
use super::event::{GossipToken, PeerAddresses, PeerInfo, RequestId, RequestToken, Verdict};
use super::identity::key_of;
use super::links::{Links, read, write};
use super::streams::{Reply, Streams};
use crate::book::{Book, BookLine};
use crate::channels::{Carrier, Channel, Class};
use crate::frame::{FrameError, frame_prefix};
use crate::outbox::OutboxError;
use crate::standing::Severity;
use crate::wishes::Ban;

/// Commands that may wait, per class.
pub(super) const COMMANDS_WAITING_MAX: usize = 1_024;
/// The same of streams of services.
pub(super) const STREAM_COMMANDS_WAITING_MAX: usize = 256;

/// Why something was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no connection to the peer.
    #[error("the peer is not connected")]
    NotConnected,
    /// The message does not fit, or the peer reads too slowly.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The channel does not travel this way.
    #[error("{0:?} does not travel this way")]
    WrongCarrier(Channel),
    /// The network has too much to do.
    #[error("too many commands wait for the network")]
    Busy,
    /// The network has been shut down.
    #[error("the network has been shut down")]
    Closed,
}

/// Whom a broadcast did not reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BroadcastReport {
    /// How many peers it was queued for.
    pub reached: usize,
    /// Pinned peers without a connection or with a full buffer: for them the message may be published.
    pub unreached: Vec<PeerKey>,
}

/// What the task that owns the swarm is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Publish { channel: Channel, bytes: Arc<[u8]> },
    Verdict { token: GossipToken, verdict: Verdict },
    Request { id: RequestId, peer: PeerKey, bytes: Vec<u8> },
    Respond { token: RequestToken, bytes: Vec<u8> },
    Punish { peer: PeerKey, why: &'static str, severity: Severity },
    Unknown { peer: PeerKey, what: &'static str },
    Pinned,
    Ban(Ban),
    Unban(Ban),
    Disconnect(PeerKey),
    Prefer { persistent: Vec<Multiaddr>, private: BTreeSet<PeerKey> },
    Dial(Multiaddr),
    StreamWanted { peer: PeerKey, channel: Channel, taken: u64 },
    BadFrame { peer: PeerKey, channel: Channel, error: FrameError },
    OpenStream { peer: PeerKey, place: usize, reply: Reply },
    BadStream { peer: PeerKey, why: String },
    Reach { peer: PeerKey, addresses: Vec<Multiaddr> },
    Shutdown,
}

/// One command queue per class, and one for everything rare.
#[derive(Clone, Debug)]
pub(super) struct Commands {
    pub(super) control: mpsc::Sender<Command>,
    pub(super) consensus: mpsc::Sender<Command>,
    pub(super) sync: mpsc::Sender<Command>,
    pub(super) transactions: mpsc::Sender<Command>,
    /// For streams of services: never in a queue with any of the others.
    pub(super) streams: mpsc::Sender<Command>,
}

impl Commands {
    fn of(&self, class: Class) -> &mpsc::Sender<Command> {
        match class {
            Class::Consensus => &self.consensus,
            Class::Sync => &self.sync,
            Class::Transactions => &self.transactions,
        }
    }
}

/// What the task shows to everybody.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) peers: Vec<PeerInfo>,
    pub(super) listening: Vec<String>,
    pub(super) known: Book<Multiaddr>,
    /// For how long, in the meter's milliseconds.
    pub(super) blocked: BTreeMap<PeerKey, u64>,
    /// With whom alone this node connects, where that is bounded.
    pub(super) closed_but_to: Option<BTreeSet<PeerKey>>,
}

impl Directory {
    pub(super) fn pinged(&mut self, peer: PeerKey, round_trip_us: Option<u64>) {
        if let Some(info) = self.peers.iter_mut().find(|info| info.peer == peer) {
            info.round_trip_us = round_trip_us;
        }
    }
}

/// The network, as its user holds it. Clones speak to the same network; it ends when the last is dropped.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) key: PeerKey,
    pub(super) commands: Commands,
    pub(super) links: Arc<Links>,
    pub(super) counts: Arc<Counts>,
    pub(super) streams: Arc<Streams>,
    pub(super) directory: Arc<std::sync::RwLock<Directory>>,
    pub(super) next_request: Arc<AtomicU64>,
    pub(super) ended: watch::Receiver<bool>,
    pub(super) book_changes: watch::Receiver<()>,
}

impl Network {
    /// This node's own key.
    #[must_use]
    pub const fn key(&self) -> PeerKey {
        self.key
    }

    /// Queues a message on the direct stream to a peer. It leaves as soon as the stream takes it.
    ///
    /// # Errors
    /// When the peer is not connected, or its buffer is full and the channel's messages do not give way.
    pub fn send(&self, to: PeerKey, channel: Channel, message: Arc<[u8]>) -> Result<(), SendError> {
        let line = channel.direct_index().ok_or(SendError::WrongCarrier(channel))?;
        let links = self.links.of(to).ok_or(SendError::NotConnected)?;
        Ok(links.send(line, message)?)
    }

    /// Queues a message on the direct streams to all pinned peers but ourselves.
    ///
    /// # Errors
    /// When the channel is not a direct one.
    pub fn broadcast_direct(&self, channel: Channel, message: &Arc<[u8]>) -> Result<BroadcastReport, SendError> {
        if channel.direct_index().is_none() {
            return Err(SendError::WrongCarrier(channel));
        }
        let mut report = BroadcastReport::default();
        for peer in self.links.pinned().iter().filter(|peer| **peer != self.key) {
            match self.send(*peer, channel, Arc::clone(message)) {
                Ok(()) => report.reached = report.reached.saturating_add(1),
                Err(_) => report.unreached.push(*peer),
            }
        }
        Ok(report)
    }

    /// Publishes a message to everybody who listens on the topic.
    ///
    /// # Errors
    /// When the channel is not gossip, the message does not fit, or the queue is full.
    pub fn publish(&self, channel: Channel, bytes: Arc<[u8]>) -> Result<(), SendError> {
        let row = channel.row();
        if row.carrier != Carrier::Gossip {
            return Err(SendError::WrongCarrier(channel));
        }
        frame_prefix(bytes.len(), row.bytes_max).map_err(OutboxError::from)?;
        command(self.commands.of(row.class), Command::Publish { channel, bytes })
    }

    /// Says what becomes of a gossip message.
    ///
    /// # Errors
    /// When the queue is full: the message is then not passed on.
    pub fn verdict(&self, token: GossipToken, verdict: Verdict) -> Result<(), SendError> {
        command(self.commands.of(token.channel.row().class), Command::Verdict { token, verdict })
    }

    /// Asks a peer; the answer comes as [`super::NetworkEvent::Response`] with the same id.
    ///
    /// # Errors
    /// When the request does not fit or the queue is full.
    pub fn request(&self, peer: PeerKey, bytes: Vec<u8>) -> Result<RequestId, SendError> {
        frame_prefix(bytes.len(), Channel::Sync.row().bytes_max).map_err(OutboxError::from)?;
        let id = RequestId(self.next_request.fetch_add(1, Ordering::Relaxed));
        command(&self.commands.sync, Command::Request { id, peer, bytes })?;
        Ok(id)
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the answer does not fit or the queue is full: the peer is then told that we are busy or nothing.
    pub fn respond(&self, token: RequestToken, bytes: Vec<u8>) -> Result<(), SendError> {
        frame_prefix(bytes.len(), Channel::Sync.row().answer_bytes_max).map_err(OutboxError::from)?;
        command(&self.commands.sync, Command::Respond { token, bytes })
    }

    /// Lowers a peer's standing; when it is low enough the peer is disconnected and blocked for a while.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn punish(&self, peer: PeerKey, why: &'static str, severity: Severity) -> Result<(), SendError> {
        command(&self.commands.control, Command::Punish { peer, why, severity })
    }

    /// Counts something of a kind that this version does not know. It costs the peer nothing: it may be newer.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn unknown(&self, peer: PeerKey, what: &'static str) -> Result<(), SendError> {
        command(&self.commands.control, Command::Unknown { peer, what })
    }

    /// What was refused, dropped and put up with since the start, and what is taken.
    #[must_use]
    pub fn counts(&self) -> NetworkCounts {
        let book = read(&self.directory).known.len();
        self.counts.taken(|taken| taken.book = u64::try_from(book).unwrap_or(u64::MAX));
        NetworkCounts { streams: self.streams.counts(), ..self.counts.read() }
    }

    /// Replaces the pinned peers: they are found, dialled for ever, always admitted, and heard as validators.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn pin(&self, peers: Vec<PeerKey>) -> Result<(), SendError> {
        self.links.pin(peers);
        command(&self.commands.control, Command::Pinned)
    }

    /// Dials a multiaddress once. The operator's word makes it an exception of the address policy.
    ///
    /// # Errors
    /// When nobody can be reached there, when it is this node's own, or the queue is full.
    pub fn dial(&self, address: &str) -> Result<(), NetworkError> {
        let parsed = super::address::to_dial(address)?;
        let (place, peer) = super::address::split_peer(&parsed);
        // Nobody else is at an address that this node listens on.
        let place = place.to_string();
        let is_here = read(&self.directory).listening.contains(&place);
        if is_here || peer.and_then(|peer| key_of(&peer)) == Some(self.key) {
            return Err(NetworkError::Myself(address.to_owned()));
        }
        // Whoever else is there is sent away by either side.
        let closed_but_to = read(&self.directory).closed_but_to.clone();
        if closed_but_to
            .is_some_and(|peers| !peer.and_then(|peer| key_of(&peer)).is_some_and(|key| peers.contains(&key)))
        {
            return Err(NetworkError::Closed(address.to_owned()));
        }
        command(&self.commands.control, Command::Dial(parsed)).map_err(|error| NetworkError::Setup(error.to_string()))
    }

    /// Sends a peer away, or everybody at an address, and keeps them away.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn ban(&self, ban: Ban) -> Result<(), SendError> {
        command(&self.commands.control, Command::Ban(ban))
    }

    /// Lifts a ban; of a peer, also what it was blocked for.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn unban(&self, ban: Ban) -> Result<(), SendError> {
        command(&self.commands.control, Command::Unban(ban))
    }

    /// Ends the connections to a peer. Whoever wants to may connect again.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn disconnect(&self, peer: PeerKey) -> Result<(), SendError> {
        command(&self.commands.control, Command::Disconnect(peer))
    }

    /// Replaces the persistent and the private peers.
    ///
    /// # Errors
    /// When something is not the multiaddress of a peer, or the queue is full.
    pub fn prefer(&self, persistent: &[String], private: Vec<PeerKey>) -> Result<(), NetworkError> {
        let persistent = persistent.iter().map(|text| super::address::of_peer(text).map(|(address, _)| address));
        let persistent = persistent.collect::<Result<_, _>>()?;
        let prefer = Command::Prefer { persistent, private: private.into_iter().collect() };
        command(&self.commands.control, prefer).map_err(|error| NetworkError::Setup(error.to_string()))
    }

    /// Peers that are blocked for what they did.
    #[must_use]
    pub fn blocked(&self) -> Vec<PeerKey> {
        read(&self.directory).blocked.keys().copied().collect()
    }

    /// The connected peers, by key.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerInfo> {
        read(&self.directory).peers.clone()
    }

    /// Whether a peer is connected and can be sent to.
    #[must_use]
    pub fn is_connected(&self, peer: PeerKey) -> bool {
        self.links.of(peer).is_some()
    }

    /// The multiaddresses that are listened on.
    #[must_use]
    pub fn listen_addresses(&self) -> Vec<String> {
        read(&self.directory).listening.clone()
    }

    /// The address book, to be kept for the next run.
    #[must_use]
    pub fn addresses(&self) -> Vec<PeerAddresses> {
        let line = |line: BookLine<Multiaddr>| PeerAddresses {
            peer: line.peer,
            addresses: line.addresses.iter().map(ToString::to_string).collect(),
            met: line.met,
            source: Some(line.source.first()),
        };
        let lines = read(&self.directory).known.list();
        lines.into_iter().map(line).collect()
    }

    /// Tells of every change of the address book; closed when the network has ended.
    #[must_use]
    pub fn address_changes(&self) -> watch::Receiver<()> {
        self.book_changes.clone()
    }

    /// Closes all connections and waits until the network has ended.
    pub async fn shutdown(&self) {
        let mut ended = self.ended.clone();
        // A closed queue means that the network has ended already.
        let _ = self.commands.control.send(Command::Shutdown).await;
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

pub(super) fn publish_directory(directory: &std::sync::RwLock<Directory>, change: impl FnOnce(&mut Directory)) {
    change(&mut write(directory));
}

fn command(queue: &mpsc::Sender<Command>, command: Command) -> Result<(), SendError> {
    queue.try_send(command).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => SendError::Busy,
        mpsc::error::TrySendError::Closed(_) => SendError::Closed,
    })
}
