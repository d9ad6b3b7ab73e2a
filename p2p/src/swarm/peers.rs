//! Who is connected, how, and since when; and the address book.

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::Multiaddr;
use libp2p::swarm::{ConnectionId, Stream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use types::PeerKey;

use super::event::{PeerAddresses, PeerInfo, RefusalReason};
use super::links::{PeerBuffers, PeerLinks};
use crate::channels::{Channel, DIRECT_CHANNELS};

/// Peers in the address book.
const BOOK_PEERS_MAX: usize = 1_024;
/// Addresses per peer in the address book.
const BOOK_ADDRESSES_MAX: usize = 8;

/// One connection to a peer.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) address: Multiaddr,
    pub(super) outbound: bool,
}

/// What exists only while a peer is admitted.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) agent: String,
    pub(super) buffers: Arc<PeerBuffers>,
    /// To each line's writer. Dropping them ends the writers.
    pub(super) streams: [mpsc::Sender<Stream>; DIRECT_CHANNELS.len()],
    /// Connection and time of the last request for each stream of ours that has not come yet.
    pub(super) asked: [Option<(ConnectionId, u64)>; DIRECT_CHANNELS.len()],
    /// Oldest first. A stream that has been followed by another is read to its end.
    pub(super) readers: BTreeMap<Channel, Vec<AbortHandle>>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        for reader in self.readers.values().flatten() {
            reader.abort();
        }
    }
}

/// A connected peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) key: PeerKey,
    /// Oldest first; the newest is used, because an old one may be dead without our knowing.
    pub(super) connections: Vec<Connection>,
    pub(super) since_ms: u64,
    pub(super) round_trip_us: Option<u64>,
    pub(super) refused: Option<RefusalReason>,
    pub(super) admitted: Option<Admitted>,
    /// Streams that came before the peer was admitted, the newest of each channel.
    pub(super) early: BTreeMap<Channel, (ConnectionId, Stream)>,
}

impl Peer {
    pub(super) const fn new(key: PeerKey, now_ms: u64) -> Self {
        Self {
            key,
            connections: Vec::new(),
            since_ms: now_ms,
            round_trip_us: None,
            refused: None,
            admitted: None,
            early: BTreeMap::new(),
        }
    }

    pub(super) fn info(&self, pinned: bool) -> Option<PeerInfo> {
        let admitted = self.admitted.as_ref()?;
        let newest = self.connections.last()?;
        Some(PeerInfo {
            peer: self.key,
            address: newest.address.to_string(),
            outbound: newest.outbound,
            connections: self.connections.len(),
            agent: admitted.agent.clone(),
            pinned,
            round_trip_us: self.round_trip_us,
        })
    }
}

/// Makes what an admitted peer needs, and the receiving ends for its writers.
pub(super) fn admit(
    agent: String,
    buffers: Arc<PeerBuffers>,
) -> (Admitted, Arc<PeerLinks>, Vec<mpsc::Receiver<Stream>>) {
    let mut receivers = Vec::new();
    let streams = DIRECT_CHANNELS.map(|_| {
        let (sender, receiver) = mpsc::channel(2);
        receivers.push(receiver);
        sender
    });
    let admitted = Admitted { agent, buffers, streams, asked: [None; DIRECT_CHANNELS.len()], readers: BTreeMap::new() };
    (admitted, Arc::new(PeerLinks::new()), receivers)
}

/// Where peers have been seen.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    lines: BTreeMap<PeerKey, Vec<Multiaddr>>,
}

impl AddressBook {
    /// Notes an address; the newest stands first.
    pub(super) fn note(&mut self, peer: PeerKey, address: &Multiaddr) {
        if !self.lines.contains_key(&peer) && self.lines.len() >= BOOK_PEERS_MAX {
            return;
        }
        let line = self.lines.entry(peer).or_default();
        line.retain(|known| known != address);
        line.insert(0, address.clone());
        line.truncate(BOOK_ADDRESSES_MAX);
    }

    pub(super) fn list(&self) -> Vec<PeerAddresses> {
        let line = |(peer, addresses): (&PeerKey, &Vec<Multiaddr>)| PeerAddresses {
            peer: *peer,
            addresses: addresses.iter().map(ToString::to_string).collect(),
        };
        self.lines.iter().map(line).collect()
    }
}
