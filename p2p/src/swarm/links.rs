//! What the user's side and the tasks share: the lines to each peer, what each peer may have waiting, and the queues.
//!
//! Sending goes through here without passing the task that owns the swarm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use types::PeerKey;

use super::event::NetworkEvent;
use crate::budget::Budget;
use crate::channels::{Channel, Class, DIRECT_CHANNELS, Row, TABLE};
use crate::outbox::{Outbox, OutboxError};

/// Control events that may wait.
pub(super) const CONTROL_WAITING_MAX: usize = 4_096;

// A thread that panicked while it held one of these locks has left whole values behind: every change is one step.
pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn lock<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Towards one peer on one channel: what waits, and a bell for its writer.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) channel: Channel,
    pub(super) outbox: Mutex<Outbox>,
    pub(super) bell: Notify,
}

/// Everything towards one peer.
#[derive(Debug)]
pub(super) struct PeerLinks {
    pub(super) lines: [Arc<Line>; DIRECT_CHANNELS.len()],
}

impl PeerLinks {
    pub(super) fn new() -> Self {
        let line = |channel: Channel| {
            Arc::new(Line { channel, outbox: Mutex::new(Outbox::new(channel.row())), bell: Notify::new() })
        };
        Self { lines: DIRECT_CHANNELS.map(line) }
    }

    pub(super) fn send(&self, line: usize, message: Arc<[u8]>) -> Result<(), OutboxError> {
        let Some(line) = self.lines.get(line) else { return Ok(()) };
        lock(&line.outbox).push(message)?;
        line.bell.notify_one();
        Ok(())
    }
}

/// The lines to all admitted peers, and who is pinned.
#[derive(Debug, Default)]
pub(super) struct Links {
    peers: RwLock<BTreeMap<PeerKey, Arc<PeerLinks>>>,
    pinned: RwLock<Arc<BTreeSet<PeerKey>>>,
}

impl Links {
    pub(super) fn of(&self, peer: PeerKey) -> Option<Arc<PeerLinks>> {
        read(&self.peers).get(&peer).cloned()
    }

    pub(super) fn open(&self, peer: PeerKey, links: Arc<PeerLinks>) {
        write(&self.peers).insert(peer, links);
    }

    pub(super) fn close(&self, peer: PeerKey) {
        write(&self.peers).remove(&peer);
    }

    pub(super) fn pin(&self, peers: Vec<PeerKey>) {
        *write(&self.pinned) = Arc::new(peers.into_iter().collect());
    }

    pub(super) fn pinned(&self) -> Arc<BTreeSet<PeerKey>> {
        Arc::clone(&read(&self.pinned))
    }

    pub(super) fn is_pinned(&self, peer: PeerKey) -> bool {
        read(&self.pinned).contains(&peer)
    }
}

/// What one peer may have waiting with us, in bytes per channel. It outlives connections, so that coming back does
/// not empty it.
#[derive(Debug)]
pub(super) struct PeerBuffers {
    rows: [Arc<Semaphore>; TABLE.len()],
}

impl PeerBuffers {
    pub(super) fn new() -> Self {
        Self { rows: TABLE.map(|row| Arc::new(Semaphore::new(row.buffer_bytes_max))) }
    }

    fn of(&self, channel: Channel) -> Option<&Arc<Semaphore>> {
        let place = TABLE.iter().position(|row| row.name == channel.row().name)?;
        self.rows.get(place)
    }

    /// Room for a message, once there is some.
    pub(super) async fn reserve(&self, channel: Channel, length: usize) -> Option<OwnedSemaphorePermit> {
        let charge = u32::try_from(Row::charge(length)).ok()?;
        Arc::clone(self.of(channel)?).acquire_many_owned(charge).await.ok()
    }

    /// Room for a message, if there is some now.
    pub(super) fn try_reserve(&self, channel: Channel, length: usize) -> Option<OwnedSemaphorePermit> {
        let charge = u32::try_from(Row::charge(length)).ok()?;
        Arc::clone(self.of(channel)?).try_acquire_many_owned(charge).ok()
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.rows.iter().zip(&TABLE).all(|(room, row)| room.available_permits() == row.buffer_bytes_max)
    }
}

/// The network's ends of the queues to the user. Those without a length are bounded by the permits that what waits
/// in them holds.
#[derive(Clone, Debug)]
pub(super) struct Outward {
    pub(super) control: mpsc::Sender<NetworkEvent>,
    pub(super) consensus: mpsc::UnboundedSender<NetworkEvent>,
    pub(super) sync: mpsc::UnboundedSender<NetworkEvent>,
    pub(super) transactions: mpsc::UnboundedSender<NetworkEvent>,
}

impl Outward {
    /// A user that has dropped its end hears no more.
    pub(super) fn deliver(&self, class: Class, event: NetworkEvent) {
        let queue = match class {
            Class::Consensus => &self.consensus,
            Class::Sync => &self.sync,
            Class::Transactions => &self.transactions,
        };
        let _ = queue.send(event);
    }

    pub(super) fn tell(&self, event: NetworkEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.control.try_send(event) {
            tracing::warn!(?event, "nobody takes the network's events: one is lost");
        }
    }
}

/// Rates of all peers, and the network's own clock.
#[derive(Debug)]
pub(super) struct Meter {
    started: Instant,
    budget: Mutex<Budget>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), budget: Mutex::default() }
    }

    /// Milliseconds since the network was started.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant of such a time; nothing for one that is too far away to be told.
    pub(super) fn instant(&self, at_ms: u64) -> Option<Instant> {
        self.started.checked_add(Duration::from_millis(at_ms))
    }

    pub(super) fn take(&self, peer: PeerKey, channel: Channel) -> Result<(), u64> {
        lock(&self.budget).take(peer, channel, self.now_ms())
    }

    pub(super) fn forget(&self, peer: PeerKey) {
        lock(&self.budget).forget(peer);
    }
}
