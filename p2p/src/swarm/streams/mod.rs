//! Streams of the protocols that services declare: who may have how many, and who gets them.
//!
//! They share a connection with the validators' channels and nothing else: a part of the swarm of their own (`part`), a queue of commands of
//! their own (`commands`), and two loops a stream (`pump`) on the runtime that the network was told. A pump always reads, because what waits unread
//! takes the room of the whole connection; it is the window that makes a peer wait. And of what was written to a peer only so much is
//! under way at once, of all streams together, so that a vote never waits behind it.
//!
//! It must not know what a frame means. Invariants: everything that waits is bounded in bytes, each, per peer and per protocol; a peer that
//! was not admitted has no stream; at the end every stream is closed.

mod commands;
mod network;
mod part;
mod pump;
mod room;
mod stream;
mod turns;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use libp2p::swarm::{Stream, StreamProtocol};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use types::PeerKey;

pub use network::Offered;
pub(super) use part::{Behaviour, PACE, Reply, STREAMS_WAITING_MAX};
use pump::Pump;
pub use room::StreamCounts;
use room::{PeerShare, Room, Seat};
pub use stream::NetworkStream;
use stream::Shared;
use turns::Turns;

use super::config::NetworkError;
use super::handle::Command;
use super::links::{Guest, Meter, lock};
use crate::chain_tag::ChainTag;
use crate::places::Side;
use crate::prefix::Prefix;
use crate::seats::Sitter;
use crate::stream_error::StreamError;
use crate::stream_table::StreamTable;

/// How long opening a stream may take, from agreeing on its protocol to the first word of the other end.
pub(super) const OPENING_MAX: Duration = Duration::from_secs(10);
/// How long streams have to end when the node stops.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);
/// Peers whose rates are kept though they have no streams.
const SHARES_KEPT_MAX: usize = 1_024;

/// Whether streams are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// They are.
    Open,
    /// No more; those that are open go on.
    Refusing,
    /// No more, and those that are open end.
    Closing,
}

/// One protocol.
#[derive(Debug)]
struct Protocol {
    name: StreamProtocol,
    /// Whether peers may open streams of it.
    is_offered: AtomicBool,
    room: Arc<Room>,
    /// Streams that peers have opened. There are no more of them than seats.
    arrived: mpsc::Sender<NetworkStream>,
    arrivals: tokio::sync::Mutex<mpsc::Receiver<NetworkStream>>,
}

/// All protocols, and what peers have of them.
#[derive(Debug)]
pub(super) struct Streams {
    table: StreamTable,
    protocols: Vec<Protocol>,
    shares: Mutex<BTreeMap<PeerKey, Arc<PeerShare>>>,
    phase: watch::Sender<Phase>,
    /// Turns of looking for a peer.
    turns: Turns,
    /// How many pumps run.
    running: watch::Sender<usize>,
    runtime: Handle,
    meter: Arc<Meter>,
    commands: mpsc::Sender<Command>,
}

impl Streams {
    pub(super) fn new(
        table: StreamTable,
        tag: &ChainTag,
        runtime: Handle,
        meter: Arc<Meter>,
        commands: mpsc::Sender<Command>,
    ) -> Result<Self, NetworkError> {
        let protocol = |row: &crate::stream_table::StreamRow| {
            let name = StreamProtocol::try_from_owned(tag.protocol(row.name));
            let (arrived, arrivals) = mpsc::channel(row.streams_max);
            Ok::<_, NetworkError>(Protocol {
                name: name.map_err(|error| NetworkError::Setup(error.to_string()))?,
                is_offered: AtomicBool::new(false),
                room: Arc::new(Room::new(*row)),
                arrived,
                arrivals: tokio::sync::Mutex::new(arrivals),
            })
        };
        let protocols = table.rows().iter().map(protocol).collect::<Result<_, _>>()?;
        let (phase, running) = (watch::Sender::new(Phase::Open), watch::Sender::new(0));
        let (shares, turns) = (Mutex::default(), Turns::new(turns::WAIT_MAX));
        Ok(Self { table, protocols, shares, phase, turns, running, runtime, meter, commands })
    }

    /// Whether peers may open streams of a protocol.
    pub(super) fn offer(&self, name: &str, is_offered: bool) {
        if let Some(protocol) = self.table.place(name).and_then(|place| self.protocols.get(place)) {
            protocol.is_offered.store(is_offered, Ordering::Relaxed);
        }
    }

    /// The protocols that peers may open streams of now.
    fn offered(&self) -> Vec<(usize, StreamProtocol)> {
        if *self.phase.borrow() != Phase::Open {
            return Vec::new();
        }
        let offered = |(_, protocol): &(usize, &Protocol)| protocol.is_offered.load(Ordering::Relaxed);
        let named = |(place, protocol): (usize, &Protocol)| (place, protocol.name.clone());
        self.protocols.iter().enumerate().filter(offered).map(named).collect()
    }

    fn name(&self, place: usize) -> Option<StreamProtocol> {
        self.protocols.get(place).map(|protocol| protocol.name.clone())
    }

    /// A stream of a peer is not taken in.
    pub(super) fn refuse_one(&self, place: usize) {
        if let Some(protocol) = self.protocols.get(place) {
            protocol.room.refuse();
        }
    }

    /// A peer has opened a stream; without a seat for it, it is dropped.
    fn take_in(self: &Arc<Self>, sitter: Sitter, place: usize, stream: Stream) {
        let Some(protocol) = self.protocols.get(place) else { return };
        let seat = Seat::take(&protocol.room, Side::Theirs, sitter);
        let (Some(seat), Phase::Open) = (seat, *self.phase.borrow()) else {
            protocol.room.refuse();
            return;
        };
        let (handle, pump) = self.joined(place, seat);
        let arrival = Some((handle, protocol.arrived.clone()));
        self.runtime.spawn(pump.run(self.clone(), stream, arrival));
    }

    /// Opens a stream to a connected peer.
    pub(super) async fn open(
        self: &Arc<Self>,
        name: &str,
        peer: PeerKey,
        guest: Guest,
    ) -> Result<NetworkStream, StreamError> {
        let place = self.table.place(name).ok_or(StreamError::NotDeclared)?;
        let protocol = self.protocols.get(place).ok_or(StreamError::NotDeclared)?;
        if *self.phase.borrow() != Phase::Open {
            return Err(StreamError::Stopping);
        }
        let sitter = Sitter { peer, prefix: Prefix::NOWHERE, guest };
        let seat = Seat::take(&protocol.room, Side::Ours, sitter).ok_or(StreamError::TooMany)?;
        let share = self.share(peer);
        // Whoever opens faster loses its connection at the other end.
        while let Err(wait_ms) = share.may_open(self.meter.now_ms()) {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
        let deadline = Instant::now().checked_add(OPENING_MAX).unwrap_or_else(Instant::now);
        let (reply, answer) = Reply::new(seat);
        self.commands.try_send(Command::OpenStream { peer, place, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StreamError::Busy,
            mpsc::error::TrySendError::Closed(_) => StreamError::Stopping,
        })?;
        let answer = tokio::time::timeout_at(deadline, answer).await.map_err(|_| StreamError::Silent)?;
        let (stream, seat) = answer.map_err(|_| StreamError::Lost)??;
        let (handle, pump) = self.joined(place, seat);
        self.runtime.spawn(pump.run(self.clone(), stream, None));
        tokio::time::timeout_at(deadline, handle.opened()).await.map_err(|_| StreamError::Silent)??;
        Ok(handle)
    }

    /// The next stream of a protocol that a peer has opened.
    pub(super) async fn accept(&self, name: &str) -> Result<NetworkStream, StreamError> {
        let place = self.table.place(name).ok_or(StreamError::NotDeclared)?;
        let protocol = self.protocols.get(place).ok_or(StreamError::NotDeclared)?;
        let mut phase = self.phase.subscribe();
        let next = async { protocol.arrivals.lock().await.recv().await };
        tokio::select! {
            stream = next => stream.ok_or(StreamError::Stopping),
            _ = phase.wait_for(|phase| *phase != Phase::Open) => Err(StreamError::Stopping),
        }
    }

    /// Opens and accepts no more streams.
    pub(super) fn refuse(&self) {
        self.phase.send_modify(|phase| *phase = (*phase).max(Phase::Refusing));
    }

    /// Waits until streams are to end.
    async fn closing(&self) {
        // The sender is this.
        let _ = self.phase.subscribe().wait_for(|phase| *phase == Phase::Closing).await;
    }

    /// Ends all streams, and waits a moment until they have ended.
    pub(super) async fn close(&self) {
        self.phase.send_replace(Phase::Closing);
        let ended = async {
            for protocol in &self.protocols {
                // Whoever still waits there is told to go by the phase. One that is never asked again must not hold up the end.
                let mut arrivals = protocol.arrivals.lock().await;
                while arrivals.try_recv().is_ok() {}
            }
            let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
        };
        let _ = tokio::time::timeout(FAREWELL.saturating_mul(2), ended).await;
    }

    /// What was counted, for each protocol.
    pub(super) fn counts(&self) -> Vec<StreamCounts> {
        self.protocols.iter().map(|protocol| protocol.room.counts()).collect()
    }

    /// The two ends of one stream: its user's and its pump's.
    fn joined(&self, place: usize, seat: Seat) -> (NetworkStream, Pump) {
        let (outgoing, written) = mpsc::unbounded_channel();
        let (came, incoming) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(place, self.share(seat.sitter.peer), seat, outgoing));
        (NetworkStream::new(shared.clone(), incoming), Pump::new(shared, written, came))
    }

    fn share(&self, peer: PeerKey) -> Arc<PeerShare> {
        let mut shares = lock(&self.shares);
        if shares.len() > SHARES_KEPT_MAX {
            shares.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let now_ms = self.meter.now_ms();
        shares.entry(peer).or_insert_with(|| Arc::new(PeerShare::new(self.table.rows(), now_ms))).clone()
    }
}
