//! Judging proposals: valid, invalid, or not yet known.
//!
//! A verdict needs the header, the body and the state after the parent. What is missing is fetched, from the leader
//! first; the engine's timers run meanwhile. A body that does not match the header says nothing of the block.

use consensus::{Input, Verdict};
use execution::InvalidBlock;
use types::{Epoch, Hash32, Header, TimeMs, View};

use crate::effect::{Effect, Notice};
use crate::job::Job;
use crate::jobs::Purpose;
use crate::replica::Replica;

/// A proposal whose verdict is not known yet.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) block: Hash32,
    pub(crate) parent: Hash32,
    /// A job is checking it.
    pub(crate) under_way: bool,
}

impl Replica {
    /// The engine wants a verdict on a proposal.
    pub(crate) fn judge_later(&mut self, view: View, block: Hash32, header: Header, parent: Hash32) {
        self.chain.insert(block, &header, None);
        if let Some(entry) = self.chain.entry_mut(&block) {
            entry.vouched = true;
        }
        self.judgements.insert(view, Judgement { block, parent, under_way: false });
    }

    /// Takes every judgement as far as it goes.
    pub(crate) fn try_judge(&mut self) {
        let waiting: Vec<(View, Judgement)> = self
            .judgements
            .iter()
            .filter(|(_, judgement)| !judgement.under_way)
            .map(|(view, judgement)| (*view, judgement.clone()))
            .collect();
        for (view, judgement) in waiting {
            if judgement.block == judgement.parent {
                self.judge_again(view, &judgement);
            } else {
                self.judge(view, &judgement);
            }
        }
    }

    /// A block that is proposed again: nothing of it is checked but that it is the last of its epoch.
    fn judge_again(&mut self, view: View, judgement: &Judgement) {
        let Some(entry) = self.chain.entry(&judgement.block) else { return };
        let last = entry.header.next_validators_hash.is_some() && entry.header.epoch == self.epoch;
        if last && entry.body.is_none() {
            self.fetch_body_of_leader(&judgement.block);
            return;
        }
        if last {
            self.log_block(&judgement.block);
            self.tell_engine(Input::Available { block: judgement.block });
        }
        self.say(view, judgement.block, last);
    }

    fn judge(&mut self, view: View, judgement: &Judgement) {
        let Some(entry) = self.chain.entry(&judgement.block) else { return };
        if let Some(valid) = entry.valid {
            self.say(view, judgement.block, valid);
            return;
        }
        let header = entry.header.clone();
        let body = entry.body.clone();
        if !self.time_is_credible(&header, &judgement.parent) {
            self.say(view, judgement.block, false);
            return;
        }
        let Some(body) = body else {
            self.fetch_body_of_leader(&judgement.block);
            return;
        };
        let Some(ground) = self.chain.ground(&judgement.parent) else {
            self.want(&judgement.parent, None);
            return;
        };
        if let Some(judgement) = self.judgements.get_mut(&view) {
            judgement.under_way = true;
        }
        self.start_job(Job::Validate { ground, header, body }, Purpose::Validate(self.epoch, view, judgement.block));
    }

    /// A new block's time must be near this node's clock; a block that is certified is not judged by it.
    /// While its parent is not known it may be just after it; it is judged again when that has come.
    fn time_is_credible(&self, header: &Header, parent: &Hash32) -> bool {
        let timing = &self.config.genesis.parameters.timing;
        let tip = self.chain.tip();
        let parent =
            if tip.hash == *parent { Some(&tip.header) } else { self.chain.entry(parent).map(|entry| &entry.header) };
        let parent_time = parent.map_or(header.time, |parent| parent.time);
        execution::check_clock(timing, header.time, parent_time, TimeMs(self.now.unix_ms)).is_ok()
    }

    /// The check is done.
    pub(crate) fn validated(&mut self, (epoch, view): (Epoch, View), block: Hash32, result: Result<(), InvalidBlock>) {
        let valid = result.is_ok();
        if let Err(error) = result {
            self.effects.push(Effect::Notify(Notice::InvalidProposal { hash: block, error }));
        }
        if let Some(entry) = self.chain.entry_mut(&block) {
            entry.valid = Some(valid);
            if !valid && !self.certified.contains(&block) {
                // Its header says enough.
                entry.body = None;
            }
        }
        // Views are counted anew in every epoch: a late answer is not for the view of the same number in the next.
        if epoch == self.epoch && self.judgements.get(&view).is_some_and(|judgement| judgement.block == block) {
            self.say(view, block, valid);
        }
    }

    fn say(&mut self, view: View, block: Hash32, valid: bool) {
        self.judgements.remove(&view);
        if valid {
            // The body is in the log, in the same sync, before the vote that speaks for it.
            self.log_block(&block);
            self.tell_engine(Input::Available { block });
        }
        let verdict = if valid { Verdict::Valid } else { Verdict::Invalid };
        self.tell_engine(Input::Verdict { view, block, verdict });
        self.drive();
        self.execute_ready();
    }
}
