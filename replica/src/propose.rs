//! Making blocks: when this node leads, on which parent, and when it is worth a block.
//!
//! A leader with something to include proposes at once, at least the minimal interval after the parent; a block
//! with transactions is followed by one that commits its result, once it is final or soon after; otherwise an empty
//! block comes at the idle pace.

use std::collections::HashSet;
use std::sync::Arc;

use consensus::{BuiltBlock, Input, WorkState};
use execution::{BuildError, Built};
use foldhash::fast::RandomState;
use mempool::CandidateLimits;
use types::{Epoch, Hash32, TimeMs, View};

use crate::chain::Ground;
use crate::effect::{Effect, Target};
use crate::job::{Job, Proposing};
use crate::jobs::Purpose;
use crate::replica::Replica;
use crate::wire::{Message, Shared, WireBlock};

/// A block that this node has to make.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) view: View,
    pub(crate) parent: Hash32,
    /// When it came, monotonic.
    pub(crate) since_ms: u64,
    /// A job is making it.
    pub(crate) under_way: bool,
}

/// A block that says nothing but its parent's result is nobody's hurry: it waits until the parent is final, so that it
/// does not compete with that, and no longer than this.
const RESULT_WAIT_MS: u64 = 10;

impl Replica {
    /// The engine wants a block for a view that this node leads.
    pub(crate) fn take_turn(&mut self, view: View, parent: Hash32) {
        self.turn = Some(Turn { view, parent, since_ms: self.now.monotonic_ms, under_way: false });
    }

    /// The view has passed without a block.
    pub(crate) fn drop_turn(&mut self, view: View) {
        if self.turn.as_ref().is_some_and(|turn| turn.view <= view) {
            self.turn = None;
        }
    }

    /// Starts making the block if it is this node's turn, the parent's state is known and it is time.
    pub(crate) fn try_propose(&mut self) {
        let Some(turn) = self.turn.clone().filter(|turn| !turn.under_way) else { return };
        let Some(ground) = self.chain.ground(&turn.parent) else {
            self.want(&turn.parent, None);
            return;
        };
        if ground.tip.header.next_validators_hash.is_some() && ground.tip.header.epoch == self.epoch {
            // The parent is the last of its epoch: nothing may be built on it, so it is proposed again.
            self.turn = None;
            let block = BuiltBlock { hash: turn.parent, header: ground.tip.header, repropose: true };
            self.tell_engine(Input::Built { view: turn.view, block });
            return;
        }
        if self.propose_wait_ms(&turn, &ground) > 0 {
            return;
        }
        let Some(proposer) = self.own_index() else { return };
        let candidates = self.candidates_on(&turn.parent);
        let time = TimeMs(self.leader_clock_ms().max(ground.tip.header.time.0.saturating_add(1)));
        let attendance = self.attendance(&ground);
        let system_calls = self.calls_on(&turn.parent);
        let view = turn.view;
        let proposing = Proposing { epoch: self.epoch, view, proposer, time, candidates, system_calls, attendance };
        self.start_job(Job::Build { ground, proposing: Box::new(proposing) }, Purpose::Build(self.epoch, turn.view));
        if let Some(turn) = &mut self.turn {
            turn.under_way = true;
        }
    }

    /// The block is made: it is sent ahead, logged, and given to the engine.
    pub(crate) fn built(&mut self, (epoch, view): (Epoch, View), built: Result<Box<Built>, BuildError>) {
        if let Ok(built) = &built {
            self.learn_left_out(&built.left_out);
        }
        let current = self.turn.as_ref().is_some_and(|turn| turn.view == view && turn.under_way);
        // Views are counted anew in every epoch.
        if !current || epoch != self.epoch {
            return;
        }
        self.turn = None;
        // A build fails only for a node that is not in the set or cannot sign the seed: then others lead.
        let Ok(built) = built else { return };
        let Built { hash, header, body, left_out: _ } = *built;
        let sketch = Box::new(self.sketch(&header, &body));
        self.effects.push(Effect::Send { to: Target::Validators, message: Message::Sketch(sketch) });
        self.chain.insert(hash, &header, Some(Arc::new(body)));
        self.log_block(&hash);
        if let Some(entry) = self.chain.entry_mut(&hash) {
            entry.valid = Some(true);
        }
        self.tell_engine(Input::Available { block: hash });
        self.tell_engine(Input::Built { view, block: BuiltBlock { hash, header, repropose: false } });
        self.drive();
        self.execute_ready();
    }

    /// How long this node still has to wait before it proposes on a parent.
    fn propose_wait_ms(&self, turn: &Turn, ground: &Ground) -> u64 {
        let timing = &self.config.genesis.parameters.timing;
        // A parent from a fast clock must not hold this node up for longer than the interval.
        let waited = self.now.monotonic_ms.saturating_sub(turn.since_ms);
        let age = self.leader_clock_ms().saturating_sub(ground.tip.header.time.0).max(waited);
        let paced = timing.block_interval_min_ms.saturating_sub(age);
        if self.has_candidate(&turn.parent) {
            return paced;
        }
        if let Some(calls) = self.calls_wait_ms(&turn.parent).map(|calls| calls.max(paced)) {
            return calls.min(self.wait_without_work_ms(turn, age, paced));
        }
        self.wait_without_work_ms(turn, age, paced)
    }

    /// This node's wall clock, moved into what a quorum takes from a leader where the others' clocks are known to differ
    /// from it by too much. Voters judge by their own.
    pub(crate) fn leader_clock_ms(&self) -> u64 {
        let (timing, own) = (&self.config.genesis.parameters.timing, &self.config.own_peer);
        self.company.clocks.accepted_ms(self.now, &self.set, own, timing)
    }

    /// How long a block waits that has nothing to include, so many ms after its parent.
    fn wait_without_work_ms(&self, turn: &Turn, age: u64, paced: u64) -> u64 {
        let timing = &self.config.genesis.parameters.timing;
        if !self.has_transactions(&turn.parent) {
            return timing.block_interval_empty_ms.saturating_sub(age).max(paced);
        }
        let waited = self.now.monotonic_ms.saturating_sub(turn.since_ms);
        let is_final = self.chain.tip().hash == turn.parent;
        if is_final { paced } else { RESULT_WAIT_MS.saturating_sub(waited).max(paced) }
    }

    /// When `try_propose` is worth another try, in monotonic time.
    pub(crate) fn propose_wake_ms(&self) -> Option<u64> {
        let turn = self.turn.as_ref().filter(|turn| !turn.under_way)?;
        let ground = self.chain.ground(&turn.parent)?;
        Some(self.now.monotonic_ms.saturating_add(self.propose_wait_ms(turn, &ground)))
    }

    /// Whether a block on this parent, executed or not, would have something to say.
    fn work_on(&self, hash: &Hash32) -> WorkState {
        if self.has_transactions(hash) || self.has_candidate(hash) || self.has_call(hash) {
            WorkState::Pending
        } else {
            WorkState::Idle
        }
    }

    fn has_transactions(&self, hash: &Hash32) -> bool {
        match self.chain.entry(hash) {
            Some(entry) => entry.body.as_ref().is_some_and(|body| !body.facts().is_empty()),
            None => self.tip_has_transactions,
        }
    }

    fn has_candidate(&self, parent: &Hash32) -> bool {
        // All that is in blocks above the tip is executable, being in the pool until it is final: where more is, the rest
        // waits for a block, and nothing need be compared.
        let executable = self.pool.status().executable;
        if executable == 0 || executable > self.count_above_tip(parent) {
            return executable > 0;
        }
        let included = self.included_above_tip(parent);
        let one = CandidateLimits { count: 1, bytes: usize::MAX, weight: u64::MAX };
        !self.pool.candidates(one, &|id| included.contains(id)).is_empty()
    }

    /// What the engine is told of work: timers run only while something waits.
    pub(crate) fn update_work(&mut self) {
        let newest = self.newest_certified();
        // What a block that has not come says is not known.
        let is_missing = self.chain.entry(&newest).is_some_and(|entry| entry.body.is_none());
        let state = if is_missing { WorkState::Pending } else { self.work_on(&newest) };
        if self.work != Some(state) {
            self.work = Some(state);
            self.tell_engine(Input::Work(state));
        }
    }

    /// The transactions of the blocks between the tip and `hash`.
    pub(crate) fn included_above_tip(&self, hash: &Hash32) -> HashSet<Hash32, RandomState> {
        let path = self.chain.path(hash).unwrap_or_default();
        let bodies = path.iter().filter_map(|hash| self.chain.entry(hash)?.body.as_ref());
        bodies.flat_map(|body| body.facts().iter().map(|facts| facts.id)).collect()
    }

    fn count_above_tip(&self, hash: &Hash32) -> usize {
        let path = self.chain.path(hash).unwrap_or_default();
        let bodies = path.iter().filter_map(|hash| self.chain.entry(hash)?.body.as_ref());
        bodies.fold(0, |count, body| count.saturating_add(body.facts().len()))
    }

    /// Writes a block into the consensus log, once.
    pub(crate) fn log_block(&mut self, hash: &Hash32) {
        let Some(entry) = self.chain.entry_mut(hash).filter(|entry| !entry.logged) else { return };
        let Some(body) = &entry.body else { return };
        entry.logged = true;
        let wire = WireBlock { header: entry.header.clone(), body: Shared(body.body().clone()) };
        self.effects.push(Effect::Persist(crate::log::LogRecord::Block(Box::new(wire))));
    }
}
