//! Who is connected, how, and since when.

use std::collections::BTreeMap;
use std::sync::Arc;

use libp2p::Multiaddr;
use libp2p::swarm::{ConnectionId, Stream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use types::PeerKey;

use super::doors::prefix_of;
use super::event::{PeerInfo, RefusalReason};
use super::life::Life;
use super::links::{PeerBuffers, PeerLinks};
use crate::channels::{Channel, DIRECT_CHANNELS};
use crate::prefix::Prefix;
use crate::wishes::Wishes;

/// Addresses of one peer, wherever they are kept.
pub(super) const ADDRESSES_MAX: usize = 8;
/// How long opening a stream may take before it is asked for again.
const OPENING_MS_MAX: u64 = 2_000;

/// Streams of services that may come on one connection before its peer has named its chain.
pub(super) const EARLY_MAX: usize = 4;

/// One connection to a peer.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// Where it is, also if it was dialled by a name.
    pub(super) address: Multiaddr,
    pub(super) outbound: bool,
    pub(super) since_ms: u64,
    /// Whether the peer has named its chain on it.
    pub(super) greeted: bool,
    /// Streams that came before that, the newest of each channel.
    pub(super) early: BTreeMap<Channel, Stream>,
    /// Streams of services that came before that, each with its protocol's place.
    pub(super) early_streams: Vec<(usize, Stream)>,
}

impl Connection {
    pub(super) const fn new(id: ConnectionId, address: Multiaddr, outbound: bool, since_ms: u64) -> Self {
        Self { id, address, outbound, since_ms, greeted: false, early: BTreeMap::new(), early_streams: Vec::new() }
    }

    /// Keeps a stream of a service until the peer has named its chain; false when it has opened too many for that.
    pub(super) fn keep_early(&mut self, place: usize, stream: Stream) -> bool {
        let has_room = self.early_streams.len() < EARLY_MAX;
        if has_room {
            self.early_streams.push((place, stream));
        }
        has_room
    }
}

/// How a line's writer gets its streams: one at a time, because a second one would make the first look outdated.
#[derive(Debug)]
pub(super) struct Writer<S> {
    streams: mpsc::Sender<S>,
    /// How many it was given.
    given: u64,
    /// Connection and time of the last request for one that has not come yet.
    asked: Option<(ConnectionId, u64)>,
}

impl<S> Writer<S> {
    /// Its beginning, with the end for the writer.
    fn new() -> (Self, mpsc::Receiver<S>) {
        let (streams, receiver) = mpsc::channel(2);
        (Self { streams, given: 0, asked: None }, receiver)
    }

    /// Whether a writer that has taken `taken` streams has another one waiting: they have missed each other.
    pub(super) const fn has_waiting(&self, taken: u64) -> bool {
        self.given != taken
    }

    /// Notes that a stream is to be opened on this connection; false when one is on its way there already.
    pub(super) fn ask(&mut self, connection: ConnectionId, now_ms: u64) -> bool {
        let is_under_way =
            self.asked.is_some_and(|(on, at_ms)| on == connection && now_ms < at_ms.saturating_add(OPENING_MS_MAX));
        if !is_under_way {
            self.asked = Some((connection, now_ms));
        }
        !is_under_way
    }

    /// Hands over a stream. A writer that has not yet taken the last two has no need of a third.
    pub(super) fn give(&mut self, stream: S) {
        self.asked = None;
        if self.streams.try_send(stream).is_ok() {
            self.given = self.given.saturating_add(1);
        }
    }
}

/// What exists only while a peer is admitted.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) agent: String,
    pub(super) buffers: Arc<PeerBuffers>,
    /// To each line's writer. Dropping them ends the writers.
    pub(super) writers: [Writer<Stream>; DIRECT_CHANNELS.len()],
    /// By the connection that carries the stream, oldest first. A stream that has been followed by another is read to
    /// its end.
    pub(super) readers: BTreeMap<Channel, Vec<(ConnectionId, AbortHandle)>>,
}

impl Admitted {
    /// Keeps a reader. One connection has no use for many streams of a channel: gives the oldest when there are more
    /// than `max`.
    pub(super) fn keep_reader(
        &mut self,
        channel: Channel,
        connection: ConnectionId,
        reader: AbortHandle,
        max: usize,
    ) -> Option<AbortHandle> {
        let readers = self.readers.entry(channel).or_default();
        readers.retain(|(_, reader)| !reader.is_finished());
        readers.push((connection, reader));
        let same = readers.iter().filter(|(on, _)| *on == connection).count();
        let oldest = readers.iter().position(|(on, _)| *on == connection).filter(|_| same > max)?;
        Some(readers.remove(oldest).1)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        for (_, reader) in self.readers.values().flatten() {
            reader.abort();
        }
    }
}

/// A connected peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) key: PeerKey,
    /// Oldest first.
    pub(super) connections: Vec<Connection>,
    /// The life that the newest greeting named.
    pub(super) life: Option<Life>,
    pub(super) round_trip_us: Option<u64>,
    /// Where it says that it is.
    pub(super) told: Vec<Multiaddr>,
    pub(super) refused: Option<RefusalReason>,
    /// When its connections end, if that is not at once.
    pub(super) parts_ms: Option<u64>,
    pub(super) admitted: Option<Admitted>,
}

/// What a greeting means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// It came on a connection of an earlier life, or on one that is gone.
    Outdated,
    /// The peer was known already on this connection.
    Again,
    /// One more connection of a peer that is known.
    Joins,
    /// The peer is new, or was started anew: these connections are of its earlier life.
    Begins(Vec<ConnectionId>),
}

impl Peer {
    pub(super) const fn new(key: PeerKey) -> Self {
        Self {
            key,
            connections: Vec::new(),
            life: None,
            round_trip_us: None,
            told: Vec::new(),
            refused: None,
            parts_ms: None,
            admitted: None,
        }
    }

    /// The newest connection on which the peer has named its chain: an older one may be dead without our knowing.
    pub(super) fn newest(&self) -> Option<&Connection> {
        self.connections.iter().rev().find(|connection| connection.greeted)
    }

    /// The life that is present, if this one names itself on a newer connection.
    pub(super) fn rival(&self, id: ConnectionId, life: Life) -> Option<Life> {
        let place = self.connections.iter().position(|known| known.id == id)?;
        let newest = self.connections.iter().rposition(|known| known.greeted)?;
        self.life.filter(|present| *present != life && newest < place && self.admitted.is_some())
    }

    /// Notes that the peer has named its chain, and this life, on a connection.
    pub(super) fn greet(&mut self, id: ConnectionId, life: Life) -> Greeting {
        let Some(place) = self.connections.iter().position(|known| known.id == id) else { return Greeting::Outdated };
        let newest = self.connections.iter().rposition(|known| known.greeted);
        let is_other = self.life != Some(life);
        if is_other && newest.is_some_and(|newest| newest >= place) {
            return Greeting::Outdated;
        }
        let Some(connection) = self.connections.get_mut(place) else { return Greeting::Outdated };
        let was_greeted = std::mem::replace(&mut connection.greeted, true);
        if !is_other {
            return if was_greeted { Greeting::Again } else { Greeting::Joins };
        }
        self.life = Some(life);
        let mut earlier = Vec::new();
        for connection in self.connections.iter_mut().take(place).filter(|known| known.greeted) {
            connection.greeted = false;
            earlier.push(connection.id);
        }
        Greeting::Begins(earlier)
    }

    /// Everywhere that it is connected from.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = Prefix> {
        self.connections.iter().filter_map(|connection| prefix_of(&connection.address))
    }

    /// Where it is connected from.
    pub(super) fn prefix(&self) -> Prefix {
        let newest = self.newest().or(self.connections.last());
        newest.and_then(|newest| prefix_of(&newest.address)).unwrap_or(Prefix::NOWHERE)
    }

    /// Connections on which the peer has said nothing since `since_ms`; they begin anew to count.
    pub(super) fn silent(&mut self, since_ms: u64, now_ms: u64) -> Vec<ConnectionId> {
        let silent = self.connections.iter_mut().filter(|known| !known.greeted && known.since_ms <= since_ms);
        silent
            .map(|connection| {
                connection.since_ms = now_ms;
                connection.id
            })
            .collect()
    }

    pub(super) fn info(&self, pinned: bool, wishes: &Wishes) -> Option<PeerInfo> {
        let admitted = self.admitted.as_ref()?;
        let newest = self.newest().or(self.connections.last())?;
        Some(PeerInfo {
            peer: self.key,
            address: newest.address.to_string(),
            outbound: newest.outbound,
            connections: self.connections.len(),
            agent: admitted.agent.clone(),
            pinned,
            persistent: wishes.persistent.contains(&self.key),
            private: wishes.private.contains(&self.key),
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
    let writers = DIRECT_CHANNELS.map(|_| {
        let (writer, receiver) = Writer::new();
        receivers.push(receiver);
        writer
    });
    let admitted = Admitted { agent, buffers, writers, readers: BTreeMap::new() };
    (admitted, Arc::new(PeerLinks::new()), receivers)
}

#[cfg(test)]
mod tests {
    use super::super::links::StrangerRooms;
    use super::*;

    fn peer(connections: usize) -> Peer {
        let mut peer = Peer::new(PeerKey([1; 32]));
        for id in 0..connections {
            let id = ConnectionId::new_unchecked(id);
            peer.connections.push(Connection::new(id, Multiaddr::empty(), false, 0));
        }
        peer
    }

    fn greet(peer: &mut Peer, id: usize, life: Life) -> Greeting {
        peer.greet(ConnectionId::new_unchecked(id), life)
    }

    fn newest(peer: &Peer) -> Option<ConnectionId> {
        peer.newest().map(|connection| connection.id)
    }

    #[test]
    fn connections_of_one_life_join_and_the_newest_that_was_greeted_on_is_used() {
        let (mut peer, life) = (peer(3), Life::begin());
        assert_eq!(newest(&peer), None);
        assert_eq!(greet(&mut peer, 1, life), Greeting::Begins(Vec::new()));
        assert_eq!(greet(&mut peer, 0, life), Greeting::Joins);
        assert_eq!(newest(&peer), Some(ConnectionId::new_unchecked(1)));
        assert_eq!(greet(&mut peer, 2, life), Greeting::Joins);
        assert_eq!(greet(&mut peer, 2, life), Greeting::Again);
        assert_eq!(newest(&peer), Some(ConnectionId::new_unchecked(2)));
        assert_eq!(greet(&mut peer, 9, life), Greeting::Outdated);
    }

    #[test]
    fn a_new_life_ends_the_connections_of_the_earlier_one_and_a_late_greeting_of_that_one_changes_nothing() {
        let (mut peer, first, second) = (peer(4), Life::begin(), Life::begin());
        assert_eq!(greet(&mut peer, 0, first), Greeting::Begins(Vec::new()));
        assert_eq!(greet(&mut peer, 1, first), Greeting::Joins);
        let earlier = [0, 1].map(ConnectionId::new_unchecked).to_vec();
        assert_eq!(greet(&mut peer, 3, second), Greeting::Begins(earlier));
        assert_eq!(greet(&mut peer, 2, first), Greeting::Outdated);
        assert_eq!(greet(&mut peer, 1, first), Greeting::Outdated);
        assert_eq!(newest(&peer), Some(ConnectionId::new_unchecked(3)));
        assert_eq!(peer.life, Some(second));
    }

    // FAULTS HC8
    #[test]
    fn a_rival_is_another_life_on_a_newer_connection_than_that_of_the_admitted_one() {
        let (mut peer, present, other) = (peer(3), Life::begin(), Life::begin());
        let at = |peer: &Peer, id, life| peer.rival(ConnectionId::new_unchecked(id), life);
        assert_eq!(greet(&mut peer, 1, present), Greeting::Begins(Vec::new()));
        assert_eq!(at(&peer, 2, other), None, "nobody is admitted");
        let mut rooms = StrangerRooms::new();
        let buffers = Arc::new(PeerBuffers::new(&mut rooms, peer.prefix()));
        peer.admitted = Some(admit(String::new(), buffers).0);
        assert_eq!(at(&peer, 2, other), Some(present));
        assert_eq!(at(&peer, 2, present), None, "it joins");
        assert_eq!(at(&peer, 0, other), None, "it is late");
        assert_eq!(at(&peer, 7, other), None, "it is gone");
    }

    #[test]
    fn only_connections_without_a_greeting_are_silent_and_each_is_named_once() {
        let mut peer = peer(2);
        assert_eq!(greet(&mut peer, 0, Life::begin()), Greeting::Begins(Vec::new()));
        assert_eq!(peer.silent(0, 500), [ConnectionId::new_unchecked(1)]);
        assert!(peer.silent(0, 501).is_empty());
    }

    #[test]
    fn a_writer_that_has_a_stream_waiting_needs_none_and_one_is_asked_for_at_a_time() {
        let (mut writer, mut receiver) = Writer::new();
        let [first, second] = [1, 2].map(ConnectionId::new_unchecked);
        assert!(!writer.has_waiting(0));
        assert!(writer.ask(first, 0) && !writer.ask(first, 1_999), "it is on its way");
        assert!(writer.ask(second, 1_999), "on another connection it is not");
        writer.give('a');
        assert!(writer.has_waiting(0), "the writer asked before it took it");
        assert_eq!(receiver.try_recv().ok(), Some('a'));
        assert!(!writer.has_waiting(1) && writer.ask(second, 2_000), "the writer took it, and it broke");
        assert!(writer.ask(second, 4_000), "it did not come in time");
        for stream in ['b', 'c', 'd'] {
            writer.give(stream);
        }
        assert!(writer.has_waiting(1) && writer.has_waiting(2) && !writer.has_waiting(3), "the last found no room");
    }
}
