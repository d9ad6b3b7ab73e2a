//! System calls of modules on their way into a block.
//!
//! It must not know what a call proves: the module that admits it does. A call is judged when it comes, and all that wait are
//! judged again after each final block. What is admitted only at a somewhat later block time waits for that. A call is told to the other
//! validators once, by the node that it was handed to; it does not ask for a block at once, but rides along with the next,
//! unless it has waited for Δ.
//!
//! Invariants: what waits is bounded in number and in bytes, and less urgent calls give way to more urgent ones; what one peer
//! can have judged within a second is bounded.

use std::collections::{BTreeMap, BTreeSet};

use execution::{Admission, ChainState, Layered, Reject, StateView};
use types::{Hash32, Height, List, PeerKey, SystemCall, TimeMs, limits};

use crate::chain::Ground;
use crate::effect::{Effect, GossipVerdict, Target};
use crate::event::{SubmissionToken, Via};
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
    /// Whether a block at the newest final time could have it; if not, a later one could.
    is_ready: bool,
    since_ms: u64,
}

/// System calls that wait for a block.
#[derive(Debug, Default)]
pub(crate) struct SystemCalls {
    waiting: BTreeMap<Hash32, Waiting>,
    bytes: usize,
    outgoing: Vec<SystemCall>,
    /// What peers had judged, in the second that begins at the time given first.
    judged: BTreeMap<PeerKey, (u64, u32)>,
    /// The final height after which all that waits was judged.
    height: Height,
}

impl SystemCalls {
    /// Whether one more call of this peer may be judged now.
    fn may_judge(&mut self, peer: &PeerKey, now_ms: u64) -> bool {
        let (since_ms, count) = self.judged.entry(*peer).or_insert((now_ms, 0));
        if now_ms.saturating_sub(*since_ms) >= 1_000 {
            (*since_ms, *count) = (now_ms, 0);
        }
        *count = count.saturating_add(1);
        *count <= JUDGED_PER_SECOND_MAX
    }

    /// Forgets a peer that is gone.
    pub(crate) fn peer_down(&mut self, peer: &PeerKey) {
        self.judged.remove(peer);
    }

    fn insert(&mut self, hash: Hash32, waiting: Waiting) -> Result<(), CallRefusal> {
        let length = waiting.call.body.len();
        while self.waiting.len() >= WAITING_MAX || self.bytes.saturating_add(length) > WAITING_BYTES_MAX {
            let least = self.waiting.iter().min_by_key(|(_, other)| (other.admission.priority, other.since_ms));
            match least.filter(|(_, least)| least.admission.priority < waiting.admission.priority) {
                Some((hash, _)) => self.remove(&hash.clone()),
                None => return Err(CallRefusal::Full),
            }
        }
        self.bytes = self.bytes.saturating_add(length);
        self.waiting.insert(hash, waiting);
        Ok(())
    }

    fn remove(&mut self, hash: &Hash32) {
        if let Some(gone) = self.waiting.remove(hash) {
            self.bytes = self.bytes.saturating_sub(gone.call.body.len());
        }
    }

    /// When the oldest call has waited for `delta_ms`, leaving out those that are in blocks already.
    fn due_ms(&self, delta_ms: u64, included: &BTreeSet<Hash32>) -> Option<u64> {
        let ready = self.waiting.iter().filter(|(hash, waiting)| waiting.is_ready && !included.contains(hash));
        ready.map(|(_, waiting)| waiting.since_ms.saturating_add(delta_ms)).min()
    }
}

impl Replica {
    /// A system call that was handed in here gets an answer; a good one is passed on.
    pub(crate) fn submit_call(&mut self, token: SubmissionToken, call: SystemCall, state: &dyn ChainState) {
        let result = self.offer_calls(vec![call], state).pop().unwrap_or(Err(CallRefusal::Full));
        let result = result.map(|call| self.calls.outgoing.push(call));
        self.effects.push(Effect::CallSubmission { token, result });
    }

    /// System calls that a peer passes on. A call that is not admitted is nobody's crime: the peer may know another block.
    pub(crate) fn hear_calls(&mut self, from: PeerKey, via: Via, calls: Vec<SystemCall>, state: &dyn ChainState) {
        let now_ms = self.now.monotonic_ms;
        let judged = calls.into_iter().filter(|_| self.calls.may_judge(&from, now_ms)).collect();
        let taken: Vec<_> = self.offer_calls(judged, state).into_iter().flatten().collect();
        self.verdict(via, if taken.is_empty() { GossipVerdict::Ignore } else { GossipVerdict::Accept });
        // A validator tells all others itself; what came from elsewhere over a stream may have come here only.
        if via == Via::Stream && self.set.index_of_peer(&from).is_none() {
            self.calls.outgoing.extend(taken);
        }
    }

    /// Judges calls and keeps the good ones; what is kept comes back.
    fn offer_calls(&mut self, calls: Vec<SystemCall>, state: &dyn ChainState) -> Vec<Result<SystemCall, CallRefusal>> {
        if calls.is_empty() {
            return Vec::new();
        }
        let admitted = self.judge_calls(&calls.iter().collect::<Vec<_>>(), state);
        let included = self.included_calls(&self.newest_certified());
        let offer = |(call, admitted): (SystemCall, Result<(Admission, bool), Reject>)| {
            let hash = crypto::ids::system_call_hash(&call);
            if self.calls.waiting.contains_key(&hash) || included.contains(&hash) {
                return Err(CallRefusal::Known);
            }
            let (admission, is_ready) = admitted.map_err(CallRefusal::NotAdmitted)?;
            let since_ms = self.now.monotonic_ms;
            self.calls.insert(hash, Waiting { call: call.clone(), admission, is_ready, since_ms })?;
            Ok(call)
        };
        calls.into_iter().zip(admitted).map(offer).collect()
    }

    /// What the modules say of calls on the newest final state: of a block now or, failing that, somewhat later.
    fn judge_calls(&self, calls: &[&SystemCall], state: &dyn ChainState) -> Vec<Result<(Admission, bool), Reject>> {
        let layers = self.chain.final_layers();
        let view = Layered::new(state, &layers);
        let now = TimeMs(self.now.unix_ms.max(self.chain.tip().header.time.next().0));
        let registry = &self.config.registry;
        let at = |time: TimeMs, calls: &[&SystemCall]| registry.admit(&view as &dyn StateView, time, calls);
        let later = |call: &SystemCall| {
            let later = at(now.saturating_add(EARLY_MS_MAX), &[call]).pop();
            later.and_then(Result::ok).map(|admission| (admission, false))
        };
        let judged = at(now, calls).into_iter().zip(calls);
        judged
            .map(|(ready, call)| match ready {
                Ok(admission) => Ok((admission, true)),
                Err(reject) => later(call).ok_or(reject),
            })
            .collect()
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
        if calls.is_empty() {
            return;
        }
        let judged = self.judge_calls(&calls, state);
        for (hash, judged) in hashes.iter().zip(judged) {
            match (judged, self.calls.waiting.get_mut(hash)) {
                (Ok((admission, is_ready)), Some(waiting)) => {
                    (waiting.admission, waiting.is_ready) = (admission, is_ready);
                }
                _ => self.calls.remove(hash),
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
        let included = self.included_calls(parent);
        let ready = self.calls.waiting.iter().filter(|(hash, waiting)| waiting.is_ready && !included.contains(hash));
        let mut ready: Vec<_> = ready.map(|(_, waiting)| waiting).collect();
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
        let due_ms = self.calls.due_ms(delta_ms, &self.included_calls(parent))?;
        Some(due_ms.saturating_sub(self.now.monotonic_ms))
    }

    /// When calls become worth a block of their own.
    pub(crate) fn calls_deadline_ms(&self) -> Option<u64> {
        let wait_ms = self.calls_wait_ms(&self.newest_certified()).filter(|wait_ms| *wait_ms > 0)?;
        Some(self.now.monotonic_ms.saturating_add(wait_ms))
    }

    /// Whether calls alone are worth a block on this parent now.
    pub(crate) fn has_call(&self, ground: &Ground) -> bool {
        self.calls_wait_ms(&ground.tip.hash) == Some(0)
    }

    /// The calls of the blocks between the tip and `hash`.
    fn included_calls(&self, hash: &Hash32) -> BTreeSet<Hash32> {
        let path = self.chain.path(hash).unwrap_or_default();
        let bodies = path.iter().filter_map(|hash| self.chain.entry(hash)?.body.as_ref());
        bodies.flat_map(|body| body.body().system_calls.iter().map(crypto::ids::system_call_hash)).collect()
    }

    /// How many system calls wait.
    #[must_use]
    pub fn calls_waiting(&self) -> usize {
        self.calls.waiting.len()
    }
}
