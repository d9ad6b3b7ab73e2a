//! What the user's side and the tasks share: the lines to each peer, what each peer may have waiting, and the queues.
//!
//! Sending goes through here without passing the task that owns the swarm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use types::PeerKey;

use super::event::NetworkEvent;
use crate::budget::Budget;
use crate::channels::{Channel, Class, DIRECT_CHANNELS, Row, TABLE};
use crate::outbox::{Outbox, OutboxError};
use crate::prefix::Prefix;
pub(super) use crate::seats::Guest;

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
    /// Told of every peer that is admitted.
    admitted: watch::Sender<()>,
}

impl Links {
    pub(super) fn of(&self, peer: PeerKey) -> Option<Arc<PeerLinks>> {
        read(&self.peers).get(&peer).cloned()
    }

    pub(super) fn open(&self, peer: PeerKey, links: Arc<PeerLinks>) {
        write(&self.peers).insert(peer, links);
        self.admitted.send_replace(());
    }

    /// Waits until a peer is admitted.
    pub(super) async fn met(&self, peer: PeerKey) {
        let mut admitted = self.admitted.subscribe();
        while self.of(peer).is_none() && admitted.changed().await.is_ok() {}
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

    pub(super) fn guest(&self, peer: PeerKey) -> Guest {
        if self.is_pinned(peer) { Guest::Pinned } else { Guest::Stranger }
    }
}

const MIB: usize = 1 << 20;

/// What all strangers together, and those of one prefix, may have waiting with us, by class. Those of a private prefix may have half
/// of the whole.
const fn stranger_bytes_max(class: Class) -> (usize, usize) {
    match class {
        Class::Consensus | Class::Sync => (16 * MIB, 4 * MIB),
        Class::Transactions => (64 * MIB, 16 * MIB),
    }
}

/// One place per class.
const CLASSES: [Class; 3] = [Class::Consensus, Class::Sync, Class::Transactions];

type ClassRooms = [Arc<Semaphore>; CLASSES.len()];

const fn place_of(class: Class) -> usize {
    match class {
        Class::Consensus => 0,
        Class::Sync => 1,
        Class::Transactions => 2,
    }
}

/// The room that strangers share.
#[derive(Debug)]
pub(super) struct StrangerRooms {
    all: ClassRooms,
    prefixes: BTreeMap<Prefix, Weak<ClassRooms>>,
}

impl StrangerRooms {
    pub(super) fn new() -> Self {
        let all = CLASSES.map(|class| Arc::new(Semaphore::new(stranger_bytes_max(class).0)));
        Self { all, prefixes: BTreeMap::new() }
    }

    fn of(&mut self, prefix: Prefix) -> Arc<ClassRooms> {
        if let Some(rooms) = self.prefixes.get(&prefix).and_then(Weak::upgrade) {
            return rooms;
        }
        self.prefixes.retain(|_, rooms| rooms.strong_count() > 0);
        let rooms = Arc::new(CLASSES.map(|class| {
            let (all, one) = stranger_bytes_max(class);
            Arc::new(Semaphore::new(if prefix.is_private() { all / 2 } else { one }))
        }));
        self.prefixes.insert(prefix, Arc::downgrade(&rooms));
        rooms
    }
}

/// Room that a message takes until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _own: OwnedSemaphorePermit,
    _shared: Option<[OwnedSemaphorePermit; 2]>,
}

/// What one peer may have waiting with us, in bytes per channel; a stranger beside that within the room that strangers share.
/// It outlives connections, so that coming back does not empty it.
#[derive(Debug)]
pub(super) struct PeerBuffers {
    rows: [Arc<Semaphore>; TABLE.len()],
    prefix: Arc<ClassRooms>,
    all: ClassRooms,
}

impl PeerBuffers {
    pub(super) fn new(rooms: &mut StrangerRooms, prefix: Prefix) -> Self {
        let rows = TABLE.map(|row| Arc::new(Semaphore::new(row.buffer_bytes_max)));
        Self { rows, prefix: rooms.of(prefix), all: rooms.all.clone() }
    }

    fn shared(&self, channel: Channel) -> Option<[&Arc<Semaphore>; 2]> {
        let place = place_of(channel.row().class);
        Some([self.prefix.get(place)?, self.all.get(place)?])
    }

    fn of(&self, channel: Channel) -> Option<&Arc<Semaphore>> {
        let place = TABLE.iter().position(|row| row.name == channel.row().name)?;
        self.rows.get(place)
    }

    /// Room for a message, once there is some.
    pub(super) async fn reserve(&self, channel: Channel, length: usize, guest: Guest) -> Option<Permit> {
        let charge = u32::try_from(Row::charge(length)).ok()?;
        let take = |room: &Arc<Semaphore>| Arc::clone(room).acquire_many_owned(charge);
        let own = take(self.of(channel)?).await.ok()?;
        let shared = match guest {
            Guest::Pinned => None,
            Guest::Stranger => {
                let [prefix, all] = self.shared(channel)?;
                Some([take(prefix).await.ok()?, take(all).await.ok()?])
            }
        };
        Some(Permit { _own: own, _shared: shared })
    }

    /// Room for a message, if there is some now.
    pub(super) fn try_reserve(&self, channel: Channel, length: usize, guest: Guest) -> Option<Permit> {
        let charge = u32::try_from(Row::charge(length)).ok()?;
        let take = |room: &Arc<Semaphore>| Arc::clone(room).try_acquire_many_owned(charge).ok();
        let own = take(self.of(channel)?)?;
        let shared = match guest {
            Guest::Pinned => None,
            Guest::Stranger => {
                let [prefix, all] = self.shared(channel)?;
                Some([take(prefix)?, take(all)?])
            }
        };
        Some(Permit { _own: own, _shared: shared })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::of(text.parse().expect("an address"))
    }

    fn fill(buffers: &PeerBuffers, guest: Guest) -> Vec<Permit> {
        let message = Channel::TransactionPush.row().bytes_max;
        std::iter::from_fn(|| buffers.try_reserve(Channel::TransactionPush, message, guest)).collect()
    }

    // FAULTS HC5, HB7: what strangers have waiting is bounded together, and validators have their own.
    #[test]
    fn strangers_of_one_address_and_all_strangers_together_have_so_much_waiting_and_validators_find_room() {
        let mut rooms = StrangerRooms::new();
        let one: Vec<_> = (0..20).map(|_| PeerBuffers::new(&mut rooms, prefix("1.2.3.4"))).collect();
        let held: Vec<Permit> = one.iter().flat_map(|buffers| fill(buffers, Guest::Stranger)).collect();
        let charge = Row::charge(Channel::TransactionPush.row().bytes_max);
        assert_eq!(held.len(), 16 * MIB / charge);
        let many: Vec<_> =
            (0..20).map(|number| PeerBuffers::new(&mut rooms, prefix(&format!("9.9.9.{number}")))).collect();
        let more: Vec<Permit> = many.iter().flat_map(|buffers| fill(buffers, Guest::Stranger)).collect();
        assert_eq!((held.len() + more.len()) * charge / MIB, 63);
        // Another class, and a validator, are not touched by it.
        assert!(many[0].try_reserve(Channel::Consensus, 100, Guest::Stranger).is_some());
        let validator = PeerBuffers::new(&mut rooms, prefix("1.2.3.4"));
        assert_eq!(fill(&validator, Guest::Pinned).len(), Channel::TransactionPush.row().buffer_bytes_max / charge);
        drop((held, more));
        assert!(one.iter().chain(&many).all(PeerBuffers::is_idle));
        drop((one, many));
        PeerBuffers::new(&mut rooms, prefix("5.5.5.5"));
        assert!(rooms.prefixes.len() <= 2, "prefixes that are gone are forgotten");
    }
}
