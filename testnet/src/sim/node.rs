//! One simulated node: what survives a crash, and the replica that does not.

use std::collections::BTreeMap;

use execution::{Fault, NextBlock};
use journal::{Holder, Lease, MemoryDisk};
use mempool::PoolLimits;
use replica::wire::Request;
use replica::{Config, Desk, Effect, ListenTerms, LogRecord, Now, OnTwin, Replica, RequestId, RequestToken, Start};
use types::{ByteString, PeerKey};

use super::clock::Clock;
use super::crimes::Crime;
use super::gossip::Ear;
use super::ground::Ground;
use super::keys::peer_key;
use super::store::Store;

/// Short segments, so that the log drops some in every run.
const SEGMENT_BYTES: u64 = 8 * 1024;

/// How a node will end, when a scenario wants it to end at an exact point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    /// After so many more effects (FAULTS C3: between persist, sign and send).
    Effects(u64),
    /// At this operation on the log's disk, which is left undone.
    DiskOperation,
}

/// A node of the network, up or down.
pub(crate) struct Node {
    pub(crate) peer: PeerKey,
    /// Its number among the members, which is its place in a set of all; an observer has none.
    pub(crate) validator: Option<usize>,
    pub(crate) log_disk: MemoryDisk,
    pub(crate) lease_disk: MemoryDisk,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) up: Option<Box<Up>>,
    /// Counts starts, so that what was meant for an earlier life does not reach a later one.
    pub(crate) life: u64,
    pub(crate) doom: Option<Doom>,
    /// Its disks were lost or exchanged: what it finds is not what it kept.
    pub(crate) has_forgotten: bool,
    /// Nothing runs here before a scenario says so.
    pub(crate) is_put_away: bool,
    /// It has the older release.
    pub(crate) is_older: bool,
    /// Why it stopped, having the older release.
    pub(crate) stopped: Option<Fault>,
    /// It breaks the rules; nothing is expected of it.
    pub(crate) is_faulty: bool,
    pub(crate) crime: Option<Box<dyn Crime>>,
    pub(crate) ear: Ear,
    /// The store writes until then.
    pub(crate) store_busy_until_us: u64,
    /// The store stalls until then.
    pub(crate) stalled_until_us: u64,
    /// Blocks that wait for the store.
    pub(crate) unwritten: usize,
    /// When its newest vote left.
    pub(crate) voted_us: u64,
    /// Longest time of a sync of its log, in microseconds.
    pub(crate) sync_us: u64,
}

/// What a crash takes away.
pub(crate) struct Up {
    pub(crate) replica: Replica,
    pub(crate) desk: Desk<MemoryDisk>,
    /// Effects that wait for the next turn of the desk.
    pub(crate) pending: Vec<Effect>,
    pub(crate) settling: bool,
    pub(crate) alarm: u64,
    /// Who asked what.
    pub(crate) questions: BTreeMap<RequestToken, Question>,
    pub(crate) tokens: u64,
}

/// A question of a peer that waits for its answer.
pub(crate) struct Question {
    pub(crate) asker: usize,
    pub(crate) life: u64,
    pub(crate) id: RequestId,
    pub(crate) request: Request,
}

/// A node that came up, before it did anything.
pub(crate) struct Risen {
    pub(crate) up: Up,
    pub(crate) log: Vec<LogRecord>,
    pub(crate) floor: Option<journal::Floor>,
}

impl Node {
    pub(crate) fn new(ground: &Ground, identity: usize) -> Self {
        let (validator, lease_disk) = ((identity < ground.keys.len()).then_some(identity), MemoryDisk::new());
        if let Some(place) = validator {
            Lease::begin(lease_disk.clone(), ground.keys[place].public).expect("a new disk works");
        }
        Self {
            peer: peer_key(identity),
            validator,
            log_disk: MemoryDisk::new(),
            lease_disk,
            store: Store::new(&ground.block0),
            clock: Clock::default(),
            up: None,
            life: 0,
            doom: None,
            has_forgotten: false,
            is_put_away: false,
            is_older: false,
            stopped: None,
            is_faulty: false,
            crime: None,
            ear: Ear::default(),
            store_busy_until_us: 0,
            stalled_until_us: 0,
            unwritten: 0,
            voted_us: 0,
            sync_us: 300,
        }
    }

    /// Starts from what is on the disks.
    ///
    /// # Errors
    /// Why the node refuses to start.
    pub(crate) fn rise(&mut self, ground: &Ground, now: Now) -> Result<Risen, String> {
        let (log_disk, lease_disk) = (self.log_disk.clone(), self.lease_disk.clone());
        let own_key = self.validator.map(|place| ground.keys[place].public);
        let holder = Holder { chain: ground.chain_id, key: own_key };
        let opened = Desk::open_in_segments(log_disk, lease_disk, holder, SEGMENT_BYTES);
        let opened = opened.map_err(|error| error.to_string())?;
        let tip = self.store.tip();
        if opened.floor.is_some_and(|floor| floor.height > tip.header.height) {
            return Err(format!("the store ends at {}, below the log's floor", tip.header.height));
        }
        let next = NextBlock::read(&self.store.state);
        let (epoch, set) = (next.epoch.number, std::sync::Arc::new(next.validators));
        let start = Start { tip, epoch, set, votes_above: opened.votes_above, log: opened.log.clone() };
        // A member that is faulty by running twice goes on, whatever it hears of itself.
        let on_twin = if self.is_faulty { OnTwin::GoOn } else { OnTwin::Stop };
        let config = Config {
            chain_id: ground.chain_id,
            genesis: ground.genesis.clone(),
            registry: ground.rules(self.is_older).clone(),
            own_key,
            own_peer: self.peer,
            listen: ListenTerms { on_twin, ..ground.listen },
            pool: PoolLimits::default(),
            unwritten_bytes_max: ground.unwritten_bytes_max,
            software: ByteString::new(b"simulated".to_vec()).expect("a short name"),
        };
        let (replica, pending) = Replica::new(config, start, now, &self.store.state);
        let (questions, alarm, tokens) = (BTreeMap::new(), 0, 0);
        let up = Up { replica, desk: opened.desk, pending, settling: false, alarm, questions, tokens };
        Ok(Risen { up, log: opened.log, floor: opened.floor })
    }

    /// Whether it follows the rules and is running.
    pub(crate) fn is_honest_and_up(&self) -> bool {
        !self.is_faulty && self.up.is_some()
    }
}
