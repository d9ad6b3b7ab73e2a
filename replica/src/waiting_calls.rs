//! System calls that wait for a block, and what each peer may have of that.
//!
//! It must not know modules, blocks or time but as numbers. Invariants: what waits of each module is bounded in number and in bytes,
//! so that no module takes another's room; within a module less urgent calls give way to more urgent ones, and one peer that is no
//! validator takes a quarter; what is judged of one peer within a second is bounded, and so is the number of peers that are heard.

use std::collections::BTreeMap;

use execution::Admission;
use types::{Hash32, Height, ModuleId, PeerKey, SystemCall, TimeMs};

use crate::event::Now;
use crate::shares::Load;
use crate::system_calls::CallRefusal;

/// Of a module's calls, so many blocks' worth of bytes may wait.
const BLOCKS_OF_BYTES: usize = 2;
/// And so many blocks' worth of calls: most are shorter than they may be.
const BLOCKS_OF_CALLS: usize = 16;
/// One peer that is no validator may take one part in so many of a module's room, but one call always.
const PEERS: usize = 4;
/// Peers that are heard within a second.
const HEARD_MAX: usize = 1_024;
/// So often a proposer may fail to use a call before it goes.
const STRIKES_MAX: u8 = 3;
/// Most calls of one peer that are judged within a second.
const JUDGED_PER_SECOND_MAX: u32 = 256;

/// The room for a module's calls that wait, from what a block may hold of them: calls and bytes.
pub(crate) const fn room((calls, bytes): (usize, usize)) -> Load {
    Load { count: calls.saturating_mul(BLOCKS_OF_CALLS), bytes: bytes.saturating_mul(BLOCKS_OF_BYTES) }
}

/// The part of a module's room that one peer may take: a quarter.
const fn part_of_peer(room: Load) -> Load {
    Load { count: room.count / PEERS, bytes: room.bytes / PEERS }
}

/// A call that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) call: SystemCall,
    pub(crate) admission: Admission,
    /// The block time from which it is admitted; zero when it is so already.
    pub(crate) ready_from: TimeMs,
    pub(crate) since_ms: u64,
    /// When it was told last, if it was handed in here.
    pub(crate) told_ms: Option<u64>,
    /// The peer that takes room for it, if that is no validator.
    pub(crate) from: Option<PeerKey>,
    /// How often a proposer could not use it.
    pub(crate) strikes: u8,
    /// It is not offered until the next final block.
    pub(crate) is_aside: bool,
}

impl Waiting {
    /// In how many ms it is worth a block of its own.
    pub(crate) fn wait_ms(&self, now: Now, delta_ms: u64) -> u64 {
        let patience_ms = self.since_ms.saturating_add(delta_ms).saturating_sub(now.monotonic_ms);
        patience_ms.max(self.ready_from.0.saturating_sub(now.unix_ms))
    }

    fn load(&self) -> Load {
        Load { count: 1, bytes: self.call.body.len() }
    }
}

/// What was heard of one peer in the second that begins at `since_ms`.
#[derive(Clone, Copy, Debug)]
struct Heard {
    since_ms: u64,
    count: u32,
}

impl Heard {
    const fn is_over(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) >= 1_000
    }
}

/// System calls that wait for a block.
#[derive(Debug, Default)]
pub(crate) struct SystemCalls {
    pub(crate) waiting: BTreeMap<Hash32, Waiting>,
    /// What waits of each module.
    loads: BTreeMap<ModuleId, Load>,
    pub(crate) outgoing: Vec<SystemCall>,
    heard: BTreeMap<PeerKey, Heard>,
    /// The room that peers take that are no validators, of each module.
    taken: BTreeMap<(PeerKey, ModuleId), Load>,
    /// The final height after which all that waits was judged.
    pub(crate) height: Height,
}

impl SystemCalls {
    /// Whether one more call of this peer may be judged now.
    pub(crate) fn may_judge(&mut self, peer: &PeerKey, now_ms: u64) -> bool {
        if self.heard.get(peer).is_none_or(|heard| heard.is_over(now_ms)) {
            self.heard.retain(|_, heard| !heard.is_over(now_ms));
            if self.heard.len() >= HEARD_MAX {
                return false;
            }
            self.heard.insert(*peer, Heard { since_ms: now_ms, count: 0 });
        }
        let Some(heard) = self.heard.get_mut(peer) else { return false };
        heard.count = heard.count.saturating_add(1);
        heard.count <= JUDGED_PER_SECOND_MAX
    }

    /// Takes a call into its module's room, if there is any or less urgent calls of the same module give way.
    pub(crate) fn insert(&mut self, hash: Hash32, waiting: Waiting, room: Load) -> Result<(), CallRefusal> {
        let (load, module) = (waiting.load(), waiting.call.module);
        if let Some(from) = waiting.from {
            let taken = self.taken.get(&(from, module)).copied().unwrap_or_default();
            if taken.count > 0 && !taken.plus(load).fits(part_of_peer(room)) {
                return Err(CallRefusal::Full);
            }
        }
        let gone = self.in_the_way_of(&waiting, room).ok_or(CallRefusal::Full)?;
        gone.iter().for_each(|hash| self.remove(hash));
        let loads = self.loads.entry(module).or_default();
        *loads = loads.plus(load);
        if let Some(from) = waiting.from {
            let taken = self.taken.entry((from, module)).or_default();
            *taken = taken.plus(load);
        }
        self.waiting.insert(hash, waiting);
        Ok(())
    }

    /// Which calls of its module have to go for this one: the least urgent, none that is as urgent as this. Nothing if that gives no
    /// room.
    fn in_the_way_of(&self, waiting: &Waiting, room: Load) -> Option<Vec<Hash32>> {
        let module = waiting.call.module;
        let mut load = self.loads.get(&module).copied().unwrap_or_default().plus(waiting.load());
        if load.fits(room) {
            return Some(Vec::new());
        }
        let less = self
            .waiting
            .iter()
            .filter(|(_, other)| other.call.module == module && other.admission.priority < waiting.admission.priority);
        let mut less: Vec<_> = less.collect();
        less.sort_by_key(|(_, other)| (other.admission.priority, other.since_ms));
        let mut gone = Vec::new();
        for (hash, other) in less {
            gone.push(*hash);
            load = load.minus(other.load());
            if load.fits(room) {
                return Some(gone);
            }
        }
        None
    }

    /// Sets aside what a proposer could not use on its parent, until the next final block; what was named too often goes.
    pub(crate) fn set_aside(&mut self, unusable: &[Hash32]) {
        for hash in unusable {
            let Some(waiting) = self.waiting.get_mut(hash).filter(|waiting| !waiting.is_aside) else { continue };
            (waiting.is_aside, waiting.strikes) = (true, waiting.strikes.saturating_add(1));
            if waiting.strikes >= STRIKES_MAX {
                self.remove(hash);
            }
        }
    }

    pub(crate) fn remove(&mut self, hash: &Hash32) {
        let Some(gone) = self.waiting.remove(hash) else { return };
        let (load, module) = (gone.load(), gone.call.module);
        give_back(&mut self.loads, &module, load);
        if let Some(from) = gone.from {
            give_back(&mut self.taken, &(from, module), load);
        }
    }

    /// Calls in the order in which a block takes them: each module's by urgency, then by age, and the modules in turn.
    pub(crate) fn in_turn<'w>(ready: impl Iterator<Item = &'w Waiting>) -> Vec<&'w Waiting> {
        let mut by_module: BTreeMap<ModuleId, Vec<&Waiting>> = BTreeMap::new();
        for waiting in ready {
            by_module.entry(waiting.call.module).or_default().push(waiting);
        }
        let mut placed: Vec<(usize, &Waiting)> = Vec::new();
        for calls in by_module.values_mut() {
            calls.sort_by_key(|waiting| (std::cmp::Reverse(waiting.admission.priority), waiting.since_ms));
            placed.extend(calls.iter().copied().enumerate());
        }
        // The sort is stable, so among those of one place modules stay in order of their numbers.
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, waiting)| waiting).collect()
    }
}

/// Room that is free again; who has none is forgotten.
fn give_back<K: Ord>(loads: &mut BTreeMap<K, Load>, owner: &K, load: Load) {
    let Some(taken) = loads.get_mut(owner) else { return };
    *taken = taken.minus(load);
    if taken.count == 0 {
        loads.remove(owner);
    }
}

#[cfg(test)]
mod tests {
    use types::{ByteString, Weight, limits};

    use super::*;

    fn waiting(length: usize, priority: u32) -> Waiting {
        let body = ByteString::new(vec![0; length]).expect("no longer than a call may be");
        let admission = Admission { weight: Weight(1), key: Vec::new().into(), expiry: TimeMs(9), priority };
        let call = SystemCall { module: ModuleId(9), body };
        let (from, strikes, is_aside) = (None, 0, false);
        Waiting { call, admission, ready_from: TimeMs::ZERO, since_ms: 0, told_ms: None, from, strikes, is_aside }
    }

    fn hash(number: usize) -> Hash32 {
        Hash32(crypto::hash::sha256(&number.to_be_bytes()))
    }

    /// 512 calls and 512 KiB.
    const ROOM: Load = room((32, 256 * 1024));

    fn of_module(module: u16, waiting: Waiting) -> Waiting {
        let call = SystemCall { module: ModuleId(module), body: waiting.call.body.clone() };
        Waiting { call, ..waiting }
    }

    fn load(calls: &SystemCalls) -> Load {
        calls.loads.get(&ModuleId(9)).copied().unwrap_or_default()
    }

    #[test]
    fn the_bytes_that_wait_are_bounded_and_a_call_that_finds_no_room_drives_none_out() {
        let mut calls = SystemCalls::default();
        let long = limits::SYSTEM_CALL_BYTES_MAX;
        let count = ROOM.bytes / long;
        for number in 0..count {
            let priority = if number == 0 { 1 } else { 5 };
            calls.insert(hash(number), waiting(long / 2, priority), ROOM).expect("half full");
        }
        for number in count..2 * count {
            calls.insert(hash(number), waiting(long / 2, 5), ROOM).expect("full");
        }
        let full = Load { count: 2 * count, bytes: ROOM.bytes };
        assert_eq!((load(&calls), calls.waiting.len()), (full, 2 * count));
        assert_eq!(calls.insert(hash(2 * count), waiting(1, 1), ROOM), Err(CallRefusal::Full), "none is less urgent");
        assert_eq!(calls.insert(hash(2 * count), waiting(long, 5), ROOM), Err(CallRefusal::Full), "one is not enough");
        assert_eq!((load(&calls), calls.waiting.len()), (full, 2 * count), "so it stays");
        calls.insert(hash(2 * count), waiting(long / 2 - 1, 4), ROOM).expect("one gives way");
        assert_eq!((load(&calls).bytes, calls.waiting.len()), (ROOM.bytes - 1, 2 * count));
        assert!(!calls.waiting.contains_key(&hash(0)));
    }

    // FAULTS MS6
    #[test]
    fn a_module_that_fills_its_room_takes_none_of_anothers_however_urgent_its_calls_are() {
        let mut calls = SystemCalls::default();
        calls.insert(hash(0), of_module(3, waiting(300, 1)), room((32, 27_648))).expect("room");
        let long = limits::SYSTEM_CALL_BYTES_MAX;
        let storage = room((6, 128 * 1024));
        let taken =
            (1..100).filter(|number| calls.insert(hash(*number), waiting(long, 9_000), storage).is_ok()).count();
        assert_eq!(taken, 8, "two blocks of 128 KiB");
        assert!(calls.waiting.contains_key(&hash(0)), "the other module's stays");
        calls.insert(hash(500), of_module(3, waiting(300, 0)), room((32, 27_648))).expect("and there is room for more");
        let order = SystemCalls::in_turn(calls.waiting.values());
        let modules: Vec<u16> = order.iter().map(|waiting| waiting.call.module.0).take(5).collect();
        assert_eq!(modules, [3, 9, 3, 9, 9], "in turn, though the long ones are more urgent");
        assert_eq!(order[0].admission.priority, 1, "by urgency within the module");
    }

    // FAULTS MS6
    #[test]
    fn a_peer_may_always_have_one_call_waiting_however_small_the_room_is() {
        let mut calls = SystemCalls::default();
        let small = room((1, limits::SYSTEM_CALL_BYTES_MAX));
        let mut by = |number: usize, peer: u8| {
            let from = Some(PeerKey([peer; 32]));
            calls.insert(hash(number), Waiting { from, ..waiting(limits::SYSTEM_CALL_BYTES_MAX, 1) }, small)
        };
        assert_eq!((by(1, 1), by(2, 1), by(3, 2)), (Ok(()), Err(CallRefusal::Full), Ok(())));
    }

    #[test]
    fn who_is_heard_no_longer_is_forgotten_after_a_second() {
        let mut calls = SystemCalls::default();
        for number in 0..9 {
            assert!(calls.may_judge(&PeerKey([number; 32]), 1_000));
        }
        assert!(calls.may_judge(&PeerKey([0; 32]), 1_999));
        assert_eq!(calls.heard.len(), 9);
        assert!(calls.may_judge(&PeerKey([10; 32]), 2_000));
        assert_eq!(calls.heard.len(), 1);
    }

    // FAULTS HB7
    #[test]
    fn a_peer_that_is_no_validator_takes_a_quarter_and_gets_it_back() {
        let mut calls = SystemCalls::default();
        let from = |number: u8| Some(PeerKey([number; 32]));
        for number in 0..2 * ROOM.count {
            let _ = calls.insert(hash(number), Waiting { from: from(1), ..waiting(100, 5) }, ROOM);
        }
        assert_eq!(calls.waiting.len(), ROOM.count / 4);
        for number in 0..2 * ROOM.count {
            let _ = calls.insert(hash(number + 5_000), Waiting { from: from(2), ..waiting(16_000, 9) }, ROOM);
        }
        assert!(load(&calls).bytes <= ROOM.bytes / 2, "long ones are bounded by their bytes");
        let all: Vec<Hash32> = calls.waiting.keys().copied().collect();
        all.iter().for_each(|hash| calls.remove(hash));
        assert_eq!((calls.loads.len(), calls.taken.len()), (0, 0));
    }

    // FAULTS HB7
    #[test]
    fn however_many_peers_are_heard_within_a_second_few_are_remembered() {
        let mut calls = SystemCalls::default();
        let peer = |number: u32| PeerKey(crypto::hash::sha256(&number.to_be_bytes()));
        let judged = (0..5_000).filter(|number| calls.may_judge(&peer(*number), 1_000)).count();
        assert_eq!((judged, calls.heard.len()), (HEARD_MAX, HEARD_MAX));
        assert!(calls.may_judge(&peer(4_999), 2_000), "in the next second there is room again");
    }

    // FAULTS HB1
    #[test]
    fn a_call_that_no_proposer_can_use_goes_the_third_time() {
        let mut calls = SystemCalls::default();
        calls.insert(hash(0), waiting(9, 1), ROOM).expect("room");
        for strikes in 1..STRIKES_MAX {
            calls.set_aside(&[hash(0), hash(7)]);
            calls.set_aside(&[hash(0)]);
            let waits = calls.waiting.get_mut(&hash(0)).expect("not yet");
            assert_eq!((waits.is_aside, waits.strikes), (true, strikes), "once until the next final block");
            waits.is_aside = false;
        }
        calls.set_aside(&[hash(0)]);
        assert_eq!((calls.waiting.len(), calls.loads.len()), (0, 0));
    }
}
