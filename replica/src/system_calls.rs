//! System calls of modules on their way into a block.
//!
//! It must not know what a call proves: the module that admits it does. A call is judged when it comes, and all that wait are
//! judged again after each final block. What is admitted only at a somewhat later block time waits for that time. A call is told
//! to the other validators by the node that it was handed to, and told again as long as it waits; it does not ask for a block at
//! once, but rides along with the next, unless it has waited for Δ.
//!
//! Invariants: what waits is bounded in number and in bytes, and less urgent calls give way to more urgent ones; what one peer
//! can have judged within a second is bounded, whether or not it connects anew; a call that waits is not judged for whoever
//! sends it again.

use std::collections::{BTreeMap, BTreeSet};

use execution::{Admission, ChainState, Layered, Reject, StateView};
use types::{Hash32, Height, List, PeerKey, SystemCall, TimeMs, limits};

use crate::effect::{Effect, GossipVerdict, Target};
use crate::event::{Now, SubmissionToken, Via};
use crate::replica::Replica;
use crate::wire::{Message, SYSTEM_CALLS_PER_MESSAGE_MAX};

/// Most calls that wait.
const WAITING_MAX: usize = 512;
/// Most bytes of them.
const WAITING_BYTES_MAX: usize = 512 * 1024;
/// What is admitted only so much later may wait for it.
const EARLY_MS_MAX: u64 = 20_000;
/// Most calls of one peer that are judged within a second.
const JUDGED_PER_SECOND_MAX: u32 = 256;
/// What was handed in here and still waits after so many Δ is told again: a message may be lost, or come before the block that
/// makes the call good.
const TOLD_AGAIN_DELTAS: u64 = 8;

/// Why a call is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallRefusal {
    /// Its module does not admit it.
    #[error("the call is not admitted")]
    NotAdmitted(Reject),
    /// It waits already, or stands in a block that is not final yet.
    #[error("the call is known already")]
    Known,
    /// More urgent calls take all the room.
    #[error("too many system calls wait")]
    Full,
}

/// A call that waits.
#[derive(Debug)]
struct Waiting {
    call: SystemCall,
    admission: Admission,
    /// The block time from which it is admitted; zero when it is so already.
    ready_from: TimeMs,
    since_ms: u64,
    /// When it was told last, if it was handed in here.
    told_ms: Option<u64>,
}

impl Waiting {
    /// In how many ms it is worth a block of its own.
    fn wait_ms(&self, now: Now, delta_ms: u64) -> u64 {
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
    waiting: BTreeMap<Hash32, Waiting>,
    bytes: usize,
    outgoing: Vec<SystemCall>,
    heard: BTreeMap<PeerKey, Heard>,
    /// The final height after which all that waits was judged.
    height: Height,
}

impl SystemCalls {
    /// Whether one more call of this peer may be judged now.
    fn may_judge(&mut self, peer: &PeerKey, now_ms: u64) -> bool {
        if self.heard.get(peer).is_none_or(|heard| heard.is_over(now_ms)) {
            self.heard.retain(|_, heard| !heard.is_over(now_ms));
            self.heard.insert(*peer, Heard { since_ms: now_ms, count: 0 });
        }
        let Some(heard) = self.heard.get_mut(peer) else { return false };
        heard.count = heard.count.saturating_add(1);
        heard.count <= JUDGED_PER_SECOND_MAX
    }

    fn insert(&mut self, hash: Hash32, waiting: Waiting) -> Result<(), CallRefusal> {
        let gone = self.in_the_way_of(&waiting).ok_or(CallRefusal::Full)?;
        gone.iter().for_each(|hash| self.remove(hash));
        self.bytes = self.bytes.saturating_add(waiting.length());
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

    fn remove(&mut self, hash: &Hash32) {
        if let Some(gone) = self.waiting.remove(hash) {
            self.bytes = self.bytes.saturating_sub(gone.length());
        }
    }
}

/// The system calls of blocks that are not final.
struct Included<'a>(Vec<&'a BTreeSet<Hash32>>);

impl Included<'_> {
    fn contains(&self, hash: &Hash32) -> bool {
        self.0.iter().any(|calls| calls.contains(hash))
    }
}

/// A call that its module admits, now or from some time on.
struct Judged {
    admission: Admission,
    is_early: bool,
}

impl Replica {
    /// A system call that was handed in here gets an answer; a good one is passed on.
    pub(crate) fn submit_call(&mut self, token: SubmissionToken, call: SystemCall, state: &dyn ChainState) {
        let told_ms = Some(self.now.monotonic_ms);
        let result = self.offer_calls(vec![call], told_ms, state).pop().unwrap_or(Err(CallRefusal::Full));
        let result = result.map(|call| self.calls.outgoing.push(call));
        self.effects.push(Effect::CallSubmission { token, result });
    }

    /// System calls that a peer passes on. A call that is not admitted is nobody's crime: the peer may know another block.
    pub(crate) fn hear_calls(&mut self, from: PeerKey, via: Via, calls: Vec<SystemCall>, state: &dyn ChainState) {
        let now_ms = self.now.monotonic_ms;
        let judged = calls.into_iter().filter(|_| self.calls.may_judge(&from, now_ms)).collect();
        let taken: Vec<_> = self.offer_calls(judged, None, state).into_iter().flatten().collect();
        self.verdict(via, if taken.is_empty() { GossipVerdict::Ignore } else { GossipVerdict::Accept });
        // A validator tells all others itself; what came from elsewhere over a stream may have come here only.
        if via == Via::Stream && self.set.index_of_peer(&from).is_none() {
            self.calls.outgoing.extend(taken);
        }
    }

    /// Judges calls that are new and keeps the good ones; what is kept comes back.
    fn offer_calls(
        &mut self,
        calls: Vec<SystemCall>,
        told_ms: Option<u64>,
        state: &dyn ChainState,
    ) -> Vec<Result<SystemCall, CallRefusal>> {
        if calls.is_empty() {
            return Vec::new();
        }
        let hashes: Vec<Hash32> = calls.iter().map(crypto::ids::system_call_hash).collect();
        let included = self.included_calls(&self.newest_certified());
        let is_new = |hash: &Hash32| !self.calls.waiting.contains_key(hash) && !included.contains(hash);
        let is_new: Vec<bool> = hashes.iter().map(is_new).collect();
        let fresh: Vec<&SystemCall> =
            calls.iter().zip(&is_new).filter(|(_, is_new)| **is_new).map(|(call, _)| call).collect();
        let mut judged = self.judge_calls(&fresh, state).into_iter();
        let mut offer = |((call, hash), is_new): ((SystemCall, Hash32), bool)| {
            let judged = if is_new { judged.next() } else { None }.ok_or(CallRefusal::Known)?;
            let Judged { admission, is_early } = judged.map_err(CallRefusal::NotAdmitted)?;
            if self.calls.waiting.contains_key(&hash) {
                return Err(CallRefusal::Known);
            }
            let ready_from = if is_early { self.ready_from(&call, state) } else { TimeMs::ZERO };
            let since_ms = self.now.monotonic_ms;
            self.calls.insert(hash, Waiting { call: call.clone(), admission, ready_from, since_ms, told_ms })?;
            Ok(call)
        };
        calls.into_iter().zip(hashes).zip(is_new).map(&mut offer).collect()
    }

    /// The time that a block would have now.
    fn block_time_now(&self) -> TimeMs {
        TimeMs(self.leader_clock_ms().max(self.chain.tip().header.time.next().0))
    }

    /// What the modules say of calls on the newest final state, in a block of this time.
    fn admit_calls(
        &self,
        time: TimeMs,
        calls: &[&SystemCall],
        state: &dyn ChainState,
    ) -> Vec<Result<Admission, Reject>> {
        if calls.is_empty() {
            return Vec::new();
        }
        let layers = self.chain.final_layers();
        let view = Layered::new(state, &layers);
        self.config.registry.admit(&view as &dyn StateView, time, calls)
    }

    /// What the modules say of calls on the newest final state: of a block now or, failing that, somewhat later.
    fn judge_calls(&self, calls: &[&SystemCall], state: &dyn ChainState) -> Vec<Result<Judged, Reject>> {
        let now = self.block_time_now();
        let admitted = self.admit_calls(now, calls, state);
        let refused = calls.iter().zip(&admitted).filter(|(_, admitted)| admitted.is_err());
        let refused: Vec<&SystemCall> = refused.map(|(call, _)| *call).collect();
        let mut later = self.admit_calls(now.saturating_add(EARLY_MS_MAX), &refused, state).into_iter();
        let judge = |admitted: Result<Admission, Reject>| match admitted {
            Ok(admission) => Ok(Judged { admission, is_early: false }),
            Err(reject) => match later.next() {
                Some(Ok(admission)) => Ok(Judged { admission, is_early: true }),
                _ => Err(reject),
            },
        };
        admitted.into_iter().map(judge).collect()
    }

    /// The block time from which an early call is admitted, found by halving.
    fn ready_from(&self, call: &SystemCall, state: &dyn ChainState) -> TimeMs {
        let now = self.block_time_now();
        let (mut refused_ms, mut admitted_ms) = (0, EARLY_MS_MAX);
        while admitted_ms.saturating_sub(refused_ms) > 1 {
            let middle_ms = u64::midpoint(refused_ms, admitted_ms);
            match self.admit_calls(now.saturating_add(middle_ms), &[call], state).pop() {
                Some(Ok(_)) => admitted_ms = middle_ms,
                _ => refused_ms = middle_ms,
            }
        }
        now.saturating_add(admitted_ms)
    }

    /// Judges what waits again if there is a new final block; what is in one is no longer admitted, and goes.
    pub(crate) fn update_calls(&mut self, state: &dyn ChainState) {
        let height = self.chain.tip().header.height;
        if self.calls.height == height {
            return;
        }
        self.calls.height = height;
        let (hashes, calls): (Vec<_>, Vec<_>) =
            self.calls.waiting.iter().map(|(hash, waiting)| (*hash, &waiting.call)).unzip();
        let judged = self.judge_calls(&calls, state);
        for (hash, judged) in hashes.iter().zip(judged) {
            match judged {
                Ok(judged) => self.renew_call(hash, judged, state),
                Err(_) => self.calls.remove(hash),
            }
        }
        self.tell_again();
    }

    fn renew_call(&mut self, hash: &Hash32, judged: Judged, state: &dyn ChainState) {
        let Some(waiting) = self.calls.waiting.get(hash) else { return };
        let ready_from = match judged.is_early {
            false => TimeMs::ZERO,
            // The time that was found before holds until it is over.
            true if waiting.ready_from > self.block_time_now() => waiting.ready_from,
            true => self.ready_from(&waiting.call, state),
        };
        if let Some(waiting) = self.calls.waiting.get_mut(hash) {
            (waiting.admission, waiting.ready_from) = (judged.admission, ready_from);
        }
    }

    /// Tells what was handed in here and is in no block after a while.
    fn tell_again(&mut self) {
        let now_ms = self.now.monotonic_ms;
        let pause_ms = self.config.genesis.parameters.timing.delta_ms.saturating_mul(TOLD_AGAIN_DELTAS);
        let included = self.included_calls(&self.newest_certified());
        let is_due =
            |waiting: &Waiting| waiting.told_ms.is_some_and(|told_ms| told_ms.saturating_add(pause_ms) <= now_ms);
        let due = self.calls.waiting.iter().filter(|(hash, waiting)| is_due(waiting) && !included.contains(hash));
        let due: Vec<Hash32> = due.map(|(hash, _)| *hash).collect();
        for hash in due {
            if let Some(waiting) = self.calls.waiting.get_mut(&hash) {
                waiting.told_ms = Some(now_ms);
                self.calls.outgoing.push(waiting.call.clone());
            }
        }
    }

    /// Sends what is new to the other validators.
    pub(crate) fn push_calls(&mut self) {
        let outgoing = std::mem::take(&mut self.calls.outgoing);
        let by_module = outgoing.chunk_by(|left, right| left.module == right.module);
        for some in by_module.flat_map(|calls| calls.chunks(SYSTEM_CALLS_PER_MESSAGE_MAX)) {
            if let Ok(some) = List::new(some.to_vec()) {
                self.effects.push(Effect::Send { to: Target::Validators, message: Message::SystemCalls(some) });
            }
        }
    }

    /// What a block on this parent could include, most urgent first.
    pub(crate) fn calls_on(&self, parent: &Hash32) -> Vec<SystemCall> {
        if self.calls.waiting.is_empty() {
            return Vec::new();
        }
        let (included, now) = (self.included_calls(parent), TimeMs(self.leader_clock_ms()));
        let is_ready = |(hash, waiting): &(&Hash32, &Waiting)| waiting.ready_from <= now && !included.contains(hash);
        let mut ready: Vec<_> = self.calls.waiting.iter().filter(is_ready).map(|(_, waiting)| waiting).collect();
        ready.sort_by_key(|waiting| (std::cmp::Reverse(waiting.admission.priority), waiting.since_ms));
        // Some may be found wanting on a state that is not final: a few more than fit.
        ready.iter().take(2 * limits::SYSTEM_CALLS_PER_BLOCK_MAX).map(|waiting| waiting.call.clone()).collect()
    }

    /// In how many ms calls alone are worth a block on this parent.
    pub(crate) fn calls_wait_ms(&self, parent: &Hash32) -> Option<u64> {
        if self.calls.waiting.is_empty() {
            return None;
        }
        let delta_ms = self.config.genesis.parameters.timing.delta_ms;
        let included = self.included_calls(parent);
        let waiting = self.calls.waiting.iter().filter(|(hash, _)| !included.contains(hash));
        let now = Now { unix_ms: self.leader_clock_ms(), ..self.now };
        waiting.map(|(_, waiting)| waiting.wait_ms(now, delta_ms)).min()
    }

    /// When calls become worth a block of their own.
    pub(crate) fn calls_deadline_ms(&self) -> Option<u64> {
        let wait_ms = self.calls_wait_ms(&self.newest_certified()).filter(|wait_ms| *wait_ms > 0)?;
        Some(self.now.monotonic_ms.saturating_add(wait_ms))
    }

    /// Whether calls alone are worth a block on this parent now.
    pub(crate) fn has_call(&self, parent: &Hash32) -> bool {
        self.calls_wait_ms(parent) == Some(0)
    }

    /// The calls of the blocks between the tip and `hash`.
    fn included_calls(&self, hash: &Hash32) -> Included<'_> {
        let path = self.chain.path(hash).unwrap_or_default();
        Included(path.iter().filter_map(|hash| self.chain.entry(hash)?.call_hashes()).collect())
    }

    /// How many system calls wait.
    #[must_use]
    pub fn calls_waiting(&self) -> usize {
        self.calls.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use types::{ByteString, ModuleId, Weight};

    use super::*;

    fn waiting(length: usize, priority: u32) -> Waiting {
        let body = ByteString::new(vec![0; length]).expect("no longer than a call may be");
        let admission = Admission { weight: Weight(1), key: Vec::new().into(), expiry: TimeMs(9), priority };
        let call = SystemCall { module: ModuleId(9), body };
        Waiting { call, admission, ready_from: TimeMs::ZERO, since_ms: 0, told_ms: None }
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
}
