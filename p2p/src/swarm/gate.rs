//! Who may be connected, as a part of the swarm: it asks [`Places`] and the memory, and sends away who gives way.
//!
//! It must not know what peers say. Pinned peers pass whatever the numbers are: before a handshake has shown who is there nobody is
//! refused, because it may be one of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::behaviour::{ConnectionClosed, DialFailure, ListenFailure};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandlerInEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;
use types::PeerKey;

use super::counts::{Count, Counts};
use super::doors::prefix_of;
use super::identity::{id_of, key_of};
use super::memory::{Memory, Pressure};
use super::reached::Arrived;
use crate::places::{NoPlace, PlaceLimits, Places, PlacesTaken, Side};
use crate::prefix::Prefix;
use crate::wishes::{Unwanted, Wishes};

/// Dials under way at once, beside those to pinned peers.
const DIALS_MAX: usize = 64;

/// Why a connection is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denial {
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    #[error("this node holds as much memory as it may")]
    Memory,
    #[error("too many dials are under way")]
    Dials,
    #[error("its identity is not an Ed25519 key")]
    ForeignKey,
    #[error("nobody knows where it is")]
    Nowhere,
    #[error("{0}")]
    Unwanted(Unwanted),
}

/// Somebody was sent away for somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GaveWay(pub(super) PeerKey);

pub(super) struct Gate {
    started: Instant,
    places: Places<ConnectionId>,
    /// Validators.
    pinned: BTreeSet<PeerKey>,
    wishes: Wishes,
    limits: PlaceLimits,
    memory: Memory,
    counts: Arc<Counts>,
    arrived: Arc<Arrived>,
    /// Where the connections are that were dialled.
    at: BTreeMap<ConnectionId, Multiaddr>,
    dials: BTreeSet<ConnectionId>,
    events: VecDeque<ToSwarm<GaveWay, Infallible>>,
}

impl Gate {
    pub(super) fn new(limits: PlaceLimits, memory: Memory, counts: Arc<Counts>, arrived: Arc<Arrived>) -> Self {
        Self {
            started: Instant::now(),
            places: Places::new(limits),
            pinned: BTreeSet::new(),
            wishes: Wishes::default(),
            limits,
            memory,
            counts,
            arrived,
            at: BTreeMap::new(),
            dials: BTreeSet::new(),
            events: VecDeque::new(),
        }
    }

    pub(super) fn pin(&mut self, pinned: BTreeSet<PeerKey>) {
        self.pinned = pinned;
        self.places.pin(&self.pinned | &self.wishes.persistent);
    }

    pub(super) const fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// Changes what the operator wishes; it holds for connections to come.
    pub(super) fn wish<T>(&mut self, change: impl FnOnce(&mut Wishes) -> T) -> T {
        let changed = change(&mut self.wishes);
        self.places.pin(&self.pinned | &self.wishes.persistent);
        changed
    }

    /// Whether the operator wants a peer that is somewhere, if that is known.
    pub(super) fn admit(&self, peer: PeerKey, at: Option<Prefix>) -> Result<(), Unwanted> {
        self.wishes.admit(peer, at, self.pinned.contains(&peer))
    }

    /// A peer was of use: it is not the first to give way.
    pub(super) fn useful(&mut self, peer: PeerKey) {
        self.places.useful(peer, self.now_ms());
    }

    /// Where a connection is that was dialled: what its name meant, if it was dialled by one.
    pub(super) fn at(&self, connection: ConnectionId) -> Option<&Multiaddr> {
        self.at.get(&connection)
    }

    pub(super) fn taken(&self) -> PlacesTaken {
        self.places.taken()
    }

    pub(super) const fn limits(&self) -> PlaceLimits {
        self.limits
    }

    pub(super) fn memory(&mut self) -> (u64, u64) {
        self.memory.held()
    }

    /// Looks at the memory; where it is over its bound, one stranger goes.
    pub(super) fn relieve(&mut self) -> Pressure {
        let pressure = self.memory.pressure();
        if pressure == Pressure::Over
            && let Some(leaves) = self.places.shed()
        {
            self.counts.add(Count::Memory);
            self.send_away(leaves);
        }
        pressure
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn send_away(&mut self, peer: PeerKey) {
        let Some(peer_id) = id_of(peer) else { return };
        self.events.push_back(ToSwarm::GenerateEvent(GaveWay(peer)));
        self.events.push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::All });
    }

    fn has_memory(&mut self) -> Result<(), ConnectionDenied> {
        if self.memory.pressure() == Pressure::Over {
            self.counts.add(Count::Memory);
            return Err(ConnectionDenied::new(Denial::Memory));
        }
        Ok(())
    }

    fn enter(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        side: Side,
        at: &Multiaddr,
    ) -> Result<dummy::ConnectionHandler, ConnectionDenied> {
        let key = key_of(&peer).ok_or_else(|| ConnectionDenied::new(Denial::ForeignKey))?;
        let prefix = prefix_of(at).ok_or_else(|| ConnectionDenied::new(Denial::Nowhere))?;
        self.admit(key, Some(prefix)).map_err(|unwanted| ConnectionDenied::new(Denial::Unwanted(unwanted)))?;
        if side == Side::Theirs && !self.places.is_pinned(key) {
            self.has_memory()?;
        }
        match self.places.enter(key, connection, side, prefix, self.now_ms()) {
            Ok(leaves) => {
                if let Some(leaves) = leaves {
                    self.counts.add(Count::GaveWay);
                    self.send_away(leaves);
                }
                Ok(dummy::ConnectionHandler)
            }
            Err(no_place) => {
                match no_place {
                    NoPlace::Prefix(_) => self.counts.add(Count::AddressFull),
                    NoPlace::Full => self.counts.add(Count::PlacesFull),
                    NoPlace::Connections => {}
                }
                Err(ConnectionDenied::new(Denial::NoPlace(no_place)))
            }
        }
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = GaveWay;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<Self::ConnectionHandler, ConnectionDenied> {
        self.enter(connection, peer, Side::Theirs, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        // An address without a peer is the operator's word.
        let Some(key) = peer.map(|peer| key_of(&peer)) else { return Ok(Vec::new()) };
        let unwanted = key.and_then(|key| self.admit(key, None).err());
        if let Some(unwanted) = unwanted {
            return Err(ConnectionDenied::new(Denial::Unwanted(unwanted)));
        }
        if key.is_some_and(|key| self.places.is_pinned(key)) {
            return Ok(Vec::new());
        }
        self.has_memory()?;
        if self.dials.len() >= DIALS_MAX {
            return Err(ConnectionDenied::new(Denial::Dials));
        }
        self.dials.insert(connection);
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Self::ConnectionHandler, ConnectionDenied> {
        self.dials.remove(&connection);
        let is_unwanted = |at: &Multiaddr| key_of(&peer).is_some_and(|key| self.admit(key, prefix_of(at)).is_err());
        let at = self.arrived.take(peer, address, is_unwanted).ok_or_else(|| ConnectionDenied::new(Denial::Nowhere))?;
        let handler = self.enter(connection, peer, Side::Ours, &at)?;
        self.at.insert(connection, at);
        Ok(handler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. })
            | FromSwarm::DialFailure(DialFailure { connection_id, .. })
            | FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) => {
                self.dials.remove(&connection_id);
                self.at.remove(&connection_id);
                self.places.left(connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: Infallible) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<GaveWay, THandlerInEvent<Self>>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
