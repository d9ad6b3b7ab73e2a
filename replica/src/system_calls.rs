//! System calls of modules on their way into a block.
//!
//! It must not know what a call proves: the module that admits it does. A call is judged when it comes, and all that wait are
//! judged again after each final block. What is admitted only at a somewhat later block time waits for that time. A call is told
//! to the other validators by the node that it was handed to, and told again as long as it waits; it does not ask for a block at
//! once, but rides along with the next, unless it has waited for Δ.
//!
//! Invariants: what waits is bounded, and what is judged of one peer (`waiting_calls.rs`); a call that waits is not judged for
//! whoever sends it again; a call that a proposer could not use asks for no more blocks until there is a new final one, and
//! goes the third time.

use std::collections::BTreeSet;

use execution::{Admission, ChainState, Layered, Reject, StateView};
use types::{Hash32, List, PeerKey, SystemCall, TimeMs, limits};

use crate::effect::{Effect, GossipVerdict, Target};
use crate::event::{Now, SubmissionToken, Via};
use crate::replica::Replica;
use crate::waiting_calls::{SystemCalls, Waiting, room};
use crate::wire::{Message, SYSTEM_CALLS_BYTES_PER_MESSAGE_MAX, SYSTEM_CALLS_PER_MESSAGE_MAX};

/// What is admitted only so much later may wait for it.
const EARLY_MS_MAX: u64 = 20_000;
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

/// Who hands calls in.
#[derive(Clone, Copy)]
enum Giver {
    /// Somebody here, at this time.
    Own(u64),
    /// A validator, who tells all others itself.
    Validator,
    /// Anybody else.
    Stranger(PeerKey),
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

/// Calls in messages: of one module each, and short enough for its channel.
fn messages_of(calls: Vec<SystemCall>) -> Vec<Vec<SystemCall>> {
    let mut messages: Vec<(usize, Vec<SystemCall>)> = Vec::new();
    for call in calls {
        let length = call.body.len();
        match messages.last_mut() {
            Some((bytes, message))
                if message.first().is_some_and(|first| first.module == call.module)
                    && message.len() < SYSTEM_CALLS_PER_MESSAGE_MAX
                    && bytes.saturating_add(length) <= SYSTEM_CALLS_BYTES_PER_MESSAGE_MAX =>
            {
                *bytes = bytes.saturating_add(length);
                message.push(call);
            }
            _ => messages.push((length, vec![call])),
        }
    }
    messages.into_iter().map(|(_, message)| message).collect()
}

impl Replica {
    /// A system call that was handed in here gets an answer; a good one is passed on.
    pub(crate) fn submit_call(&mut self, token: SubmissionToken, call: SystemCall, state: &dyn ChainState) {
        let giver = Giver::Own(self.now.monotonic_ms);
        let result = self.offer_calls(vec![call], giver, state).pop().unwrap_or(Err(CallRefusal::Full));
        let result = result.map(|call| self.calls.outgoing.push(call));
        self.effects.push(Effect::CallSubmission { token, result });
    }

    /// System calls that a peer passes on. A call that is not admitted is nobody's crime: the peer may know another block.
    pub(crate) fn hear_calls(&mut self, from: PeerKey, via: Via, calls: Vec<SystemCall>, state: &dyn ChainState) {
        let now_ms = self.now.monotonic_ms;
        let count = calls.len();
        let is_validator = self.set.index_of_peer(&from).is_some();
        let giver = if is_validator { Giver::Validator } else { Giver::Stranger(from) };
        let judged = calls.into_iter().filter(|_| self.calls.may_judge(&from, now_ms)).collect();
        let taken: Vec<_> = self.offer_calls(judged, giver, state).into_iter().flatten().collect();
        let is_fresh = count > 0 && taken.len() == count;
        // A message is passed on whole or not at all: what was taken of it goes on in one of this node's own.
        self.verdict(via, if is_fresh { GossipVerdict::Accept } else { GossipVerdict::Ignore });
        // A validator tells all others itself; what came from elsewhere over a stream may have come here only.
        let is_passed_on = if via == Via::Stream { is_validator } else { is_fresh };
        if !is_passed_on {
            self.calls.outgoing.extend(taken);
        }
    }

    /// Judges calls that are new and keeps the good ones; what is kept comes back.
    fn offer_calls(
        &mut self,
        calls: Vec<SystemCall>,
        giver: Giver,
        state: &dyn ChainState,
    ) -> Vec<Result<SystemCall, CallRefusal>> {
        let (told_ms, from) = match giver {
            Giver::Own(now_ms) => (Some(now_ms), None),
            Giver::Validator => (None, None),
            Giver::Stranger(peer) => (None, Some(peer)),
        };
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
            let (call, strikes, is_aside) = (call.clone(), 0, false);
            let waiting =
                Waiting { call: call.clone(), admission, ready_from, since_ms, told_ms, from, strikes, is_aside };
            let room = room(self.config.registry.system_share(call.module));
            self.calls.insert(hash, waiting, room)?;
            Ok(call)
        };
        calls.into_iter().zip(hashes).zip(is_new).map(&mut offer).collect()
    }

    /// The time that a block would have now.
    pub(crate) fn block_time_now(&self) -> TimeMs {
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
        self.check_rules(state);
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

    /// Stops where the next block is by rules that this program does not know, before it is voted on, proposed or executed; and
    /// notes such rules that are to come.
    fn check_rules(&mut self, state: &dyn ChainState) {
        let layers = self.chain.final_layers();
        let (view, registry) = (Layered::new(state, &layers), &self.config.registry);
        let goes_on = registry.can_go_on(&view);
        let known = registry.version_max();
        self.too_new = registry.coming_version(&view).filter(|start| start.version > known);
        if let Err(fault) = goes_on {
            self.stop(fault);
        }
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
            (waiting.admission, waiting.ready_from, waiting.is_aside) = (judged.admission, ready_from, false);
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
        for some in messages_of(outgoing) {
            if let Ok(some) = List::new(some) {
                self.effects.push(Effect::Send { to: Target::Validators, message: Message::SystemCalls(some) });
            }
        }
    }

    /// What a block on this parent could include: each module's most urgent first, and the modules in turn.
    pub(crate) fn calls_on(&self, parent: &Hash32) -> Vec<SystemCall> {
        if self.calls.waiting.is_empty() {
            return Vec::new();
        }
        let (included, now) = (self.included_calls(parent), TimeMs(self.leader_clock_ms()));
        let is_ready = |(hash, waiting): &(&Hash32, &Waiting)| {
            !waiting.is_aside && waiting.ready_from <= now && !included.contains(hash)
        };
        let ready = SystemCalls::in_turn(self.calls.waiting.iter().filter(is_ready).map(|(_, waiting)| waiting));
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
        let waiting = self.calls.waiting.iter().filter(|(hash, waiting)| !waiting.is_aside && !included.contains(hash));
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
    use types::{ByteString, ModuleId};

    use super::*;

    fn call(module: u16, length: usize) -> SystemCall {
        SystemCall {
            module: ModuleId(module),
            body: ByteString::new(vec![7; length]).expect("no longer than one may be"),
        }
    }

    // FAULTS MS6
    #[test]
    fn messages_hold_calls_of_one_module_and_fit_its_channel_whatever_is_told() {
        let long = limits::SYSTEM_CALL_BYTES_MAX;
        let calls = [vec![call(3, 800); 40], vec![call(6, long); 3], vec![call(3, 1)]].concat();
        let messages = messages_of(calls.clone());
        let counts: Vec<usize> = messages.iter().map(Vec::len).collect();
        assert_eq!(counts, [32, 8, 1, 1, 1, 1]);
        assert_eq!(messages.concat(), calls, "in order, and none is lost");
        for message in messages {
            let bytes: usize = message.iter().map(|call| call.body.len()).sum();
            assert!(bytes <= SYSTEM_CALLS_BYTES_PER_MESSAGE_MAX);
            assert!(message.iter().all(|call| call.module == message[0].module));
        }
    }
}
