//! System calls that wait for a block, and what each peer may have of that.
//!
//! It must not know modules, blocks or time but as numbers. Invariants: what waits is bounded in number and in bytes, less urgent
//! calls give way to more urgent ones, and one peer that is no validator takes a quarter; what is judged of one peer within a
//! second is bounded, and so is the number of peers that are heard.

use std::collections::BTreeMap;

use execution::Admission;
use types::{Hash32, Height, PeerKey, SystemCall, TimeMs};

use crate::event::Now;
use crate::shares::Load;
use crate::system_calls::CallRefusal;

/// Most calls that wait.
const WAITING_MAX: usize = 512;
/// Most bytes of them.
const WAITING_BYTES_MAX: usize = 512 * 1024;
/// The part of both that one peer may take that is no validator.
const PEER_MAX: Load = Load { count: WAITING_MAX / 4, bytes: WAITING_BYTES_MAX / 4 };
/// Peers that are heard within a second.
const HEARD_MAX: usize = 1_024;
/// So often a proposer may fail to use a call before it goes.
const STRIKES_MAX: u8 = 3;
/// Most calls of one peer that are judged within a second.
const JUDGED_PER_SECOND_MAX: u32 = 256;
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

    fn length(&self) -> usize {
        self.call.body.len()
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
    bytes: usize,
    pub(crate) outgoing: Vec<SystemCall>,
    heard: BTreeMap<PeerKey, Heard>,
    /// The room that peers take that are no validators.
    taken: BTreeMap<PeerKey, Load>,
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

    pub(crate) fn insert(&mut self, hash: Hash32, waiting: Waiting) -> Result<(), CallRefusal> {
        let load = Load { count: 1, bytes: waiting.length() };
        let taken = waiting.from.map(|from| self.taken.get(&from).copied().unwrap_or_default().plus(load));
        if taken.is_some_and(|taken| !taken.fits(PEER_MAX)) {
            return Err(CallRefusal::Full);
        }
        let gone = self.in_the_way_of(&waiting).ok_or(CallRefusal::Full)?;
        gone.iter().for_each(|hash| self.remove(hash));
        self.bytes = self.bytes.saturating_add(waiting.length());
        if let Some(from) = waiting.from {
            let taken = self.taken.entry(from).or_default();
            *taken = taken.plus(load);
        }
        self.waiting.insert(hash, waiting);
        Ok(())
    }

    /// Which calls have to go for this one: the least urgent, none that is as urgent as this. Nothing if that gives no room.
    fn in_the_way_of(&self, waiting: &Waiting) -> Option<Vec<Hash32>> {
        let (mut count, mut bytes) = (self.waiting.len(), self.bytes.saturating_add(waiting.length()));
        let is_full = |count: usize, bytes: usize| count >= WAITING_MAX || bytes > WAITING_BYTES_MAX;
        if !is_full(count, bytes) {
            return Some(Vec::new());
        }
        let less = self.waiting.iter().filter(|(_, other)| other.admission.priority < waiting.admission.priority);
        let mut less: Vec<_> = less.collect();
        less.sort_by_key(|(_, other)| (other.admission.priority, other.since_ms));
        let mut gone = Vec::new();
        for (hash, other) in less {
            gone.push(*hash);
            (count, bytes) = (count.saturating_sub(1), bytes.saturating_sub(other.length()));
            if !is_full(count, bytes) {
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
        if let Some(gone) = self.waiting.remove(hash) {
            self.bytes = self.bytes.saturating_sub(gone.length());
            let Some((from, taken)) = gone.from.and_then(|from| Some((from, self.taken.get_mut(&from)?))) else {
                return;
            };
            *taken = taken.minus(Load { count: 1, bytes: gone.length() });
            if taken.count == 0 {
                self.taken.remove(&from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use types::{ByteString, ModuleId, Weight, limits};

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

    #[test]
    fn the_bytes_that_wait_are_bounded_and_a_call_that_finds_no_room_drives_none_out() {
        let mut calls = SystemCalls::default();
        let long = limits::SYSTEM_CALL_BYTES_MAX;
        let count = WAITING_BYTES_MAX / long;
        for number in 0..count {
            let priority = if number == 0 { 1 } else { 5 };
            calls.insert(hash(number), waiting(long / 2, priority)).expect("half full");
        }
        for number in count..2 * count {
            calls.insert(hash(number), waiting(long / 2, 5)).expect("full");
        }
        assert_eq!((calls.bytes, calls.waiting.len()), (WAITING_BYTES_MAX, 2 * count));
        assert_eq!(calls.insert(hash(2 * count), waiting(1, 1)), Err(CallRefusal::Full), "none is less urgent");
        assert_eq!(calls.insert(hash(2 * count), waiting(long, 5)), Err(CallRefusal::Full), "one is not enough");
        assert_eq!((calls.bytes, calls.waiting.len()), (WAITING_BYTES_MAX, 2 * count), "so it stays");
        calls.insert(hash(2 * count), waiting(long / 2 - 1, 4)).expect("one gives way");
        assert_eq!((calls.bytes, calls.waiting.len()), (WAITING_BYTES_MAX - 1, 2 * count));
        assert!(!calls.waiting.contains_key(&hash(0)));
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
        for number in 0..2 * WAITING_MAX {
            let _ = calls.insert(hash(number), Waiting { from: from(1), ..waiting(100, 5) });
        }
        assert_eq!(calls.waiting.len(), WAITING_MAX / 4);
        for number in 0..2 * WAITING_MAX {
            let _ = calls.insert(hash(number + 5_000), Waiting { from: from(2), ..waiting(16_000, 9) });
        }
        assert!(calls.bytes <= WAITING_BYTES_MAX / 2, "long ones are bounded by their bytes");
        let all: Vec<Hash32> = calls.waiting.keys().copied().collect();
        all.iter().for_each(|hash| calls.remove(hash));
        assert_eq!((calls.bytes, calls.taken.len()), (0, 0));
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
        calls.insert(hash(0), waiting(9, 1)).expect("room");
        for strikes in 1..STRIKES_MAX {
            calls.set_aside(&[hash(0), hash(7)]);
            calls.set_aside(&[hash(0)]);
            let waits = calls.waiting.get_mut(&hash(0)).expect("not yet");
            assert_eq!((waits.is_aside, waits.strikes), (true, strikes), "once until the next final block");
            waits.is_aside = false;
        }
        calls.set_aside(&[hash(0)]);
        assert_eq!((calls.waiting.len(), calls.bytes), (0, 0));
    }
}
