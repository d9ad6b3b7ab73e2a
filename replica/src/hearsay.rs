//! What comes by gossip: anybody may have written it, with a counter in front that makes it new as often as he likes.
//!
//! First the engine is asked what it would be worth ([`consensus::Worth`]). What is worth nothing is ignored, unverified;
//! what is new is verified, and passed on if it is good. What was heard already is passed on for the sake of those whom
//! its signer cannot reach, but only if a moment later nothing has come of it yet, as how a view ended is told anyhow;
//! and once in Δ, as often as an honest signer repeats itself. Checks that nobody asked for have a budget of time.
//!
//! It must not know a peer's standing: a message is rejected, at the cost of who passed it on, only where no honest node
//! would have passed it on. Nobody answers here for what others say of him.

use std::collections::{BTreeMap, VecDeque};

use consensus::verify::{VerifyAnswer, VerifyJob};
use consensus::{Input, Route, Worth};
use types::{PeerKey, Proposal, ValidatorIndex, VoteKind, VoteStatement};

use crate::effect::GossipVerdict;
use crate::event::GossipToken;
use crate::job::Job;
use crate::jobs::Purpose;
use crate::replica::Replica;
use crate::wire::Message;

/// Checks of one sort that may be under way at once.
const CHECKS_MAX: usize = 16;
/// Checks of one sort in a second, in the long run. All sorts together take a third of one processor at most.
const CHECKS_PER_SECOND: u64 = 192;
/// Checks of one sort in a row after a silence.
const CHECKS_SAVED_MAX: u64 = 64;
/// What a check costs of the budget, which grows by [`CHECKS_PER_SECOND`] every millisecond.
const CHECK_COST: u64 = 1_000;
/// Known messages that wait for their moment.
const WAITING_MAX: usize = 128;
/// Votes that were passed on within Δ.
const PASSED_ON_MAX: usize = 1_024;

/// A known message that may yet be passed on.
#[derive(Debug)]
struct Waiting {
    due_ms: u64,
    token: GossipToken,
    message: Message,
}

/// What may be spent on checks of one sort.
#[derive(Debug)]
struct Budget {
    left: u64,
    at_ms: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: CHECKS_SAVED_MAX.saturating_mul(CHECK_COST), at_ms: 0 }
    }
}

impl Budget {
    /// Whether one more check may be made; if so, it is paid for.
    fn pay(&mut self, now_ms: u64) -> bool {
        let grown = now_ms.saturating_sub(self.at_ms).saturating_mul(CHECKS_PER_SECOND);
        self.left = self.left.saturating_add(grown).min(CHECKS_SAVED_MAX.saturating_mul(CHECK_COST));
        self.at_ms = now_ms.max(self.at_ms);
        let rest = self.left.checked_sub(CHECK_COST);
        self.left = rest.unwrap_or(self.left);
        rest.is_some()
    }
}

/// Gossip about agreement on its way through this node.
#[derive(Debug, Default)]
pub(crate) struct Hearsay {
    /// In the order in which they are due.
    waiting: VecDeque<Waiting>,
    /// When each vote was last passed on.
    passed_on: BTreeMap<(VoteStatement, ValidatorIndex), u64>,
    votes: Budget,
    proposals: Budget,
    certificates: Budget,
}

impl Hearsay {
    /// When the first that waits is due.
    pub(crate) fn deadline_ms(&self) -> Option<u64> {
        self.waiting.front().map(|first| first.due_ms)
    }

    /// Votes are many, certificates few and worth more: neither takes the other's share.
    fn pay(&mut self, message: &Message, now_ms: u64) -> bool {
        match message {
            Message::Vote(_) => self.votes.pay(now_ms),
            Message::Proposal(_) => self.proposals.pay(now_ms),
            Message::Certificate(_) => self.certificates.pay(now_ms),
            Message::Sketch(_) | Message::Transactions(_) | Message::SystemCalls(_) => false,
        }
    }

    fn was_passed_on(&self, message: &Message, since_ms: u64) -> bool {
        said_in(message).and_then(|said| self.passed_on.get(&said)).is_some_and(|at_ms| *at_ms > since_ms)
    }

    fn pass_on(&mut self, message: &Message, now_ms: u64, since_ms: u64) {
        if self.passed_on.len() >= PASSED_ON_MAX {
            self.passed_on.retain(|_, at_ms| *at_ms > since_ms);
        }
        if let Some(said) = said_in(message)
            && self.passed_on.len() < PASSED_ON_MAX
        {
            self.passed_on.insert(said, now_ms);
        }
    }
}

/// The vote in a message.
const fn said_in(message: &Message) -> Option<(VoteStatement, ValidatorIndex)> {
    match message {
        Message::Proposal(Proposal { vote, .. }) | Message::Vote(vote) => Some((vote.statement, vote.signer)),
        _ => None,
    }
}

impl Replica {
    /// What somebody passed on.
    pub(crate) fn hear_gossip(&mut self, from: PeerKey, token: GossipToken, message: Message) {
        let epoch = match &message {
            Message::Proposal(Proposal { vote, .. }) | Message::Vote(vote) => vote.statement.epoch,
            Message::Certificate(certificate) => certificate.statement.epoch,
            // Bodies are asked for, never gossiped.
            Message::Sketch(_) | Message::Transactions(_) | Message::SystemCalls(_) => {
                return self.give_verdict(token, GossipVerdict::Reject);
            }
        };
        if epoch > self.epoch {
            self.ask_status(from);
        }
        match self.worth(&message) {
            Worth::Impossible => self.give_verdict(token, GossipVerdict::Reject),
            Worth::Nothing => self.give_verdict(token, GossipVerdict::Ignore),
            Worth::Known => self.wait_a_moment(token, message),
            Worth::New => self.check_hearsay(token, message),
        }
    }

    fn worth(&self, message: &Message) -> Worth {
        match message {
            Message::Vote(vote) => self.engine.worth_of_vote(vote),
            Message::Proposal(proposal) => {
                let hash = crypto::ids::header_hash(&proposal.header);
                match self.engine.worth_of_proposal(proposal, hash) {
                    Worth::New | Worth::Known if proposal.header.chain_id != self.config.chain_id => Worth::Impossible,
                    worth => worth,
                }
            }
            Message::Certificate(certificate) => {
                let statement = &certificate.statement;
                let is_final = statement.kind == VoteKind::Finalize && self.is_final(&statement.block);
                if is_final { Worth::Nothing } else { self.engine.worth_of_certificate(certificate) }
            }
            Message::Sketch(_) | Message::Transactions(_) | Message::SystemCalls(_) => Worth::Impossible,
        }
    }

    fn wait_a_moment(&mut self, token: GossipToken, message: Message) {
        let (now_ms, since_ms) = self.now_and_delta_ago_ms();
        let is_there = self.hearsay.waiting.iter().any(|waiting| waiting.message == message);
        if is_there || self.hearsay.waiting.len() >= WAITING_MAX || self.hearsay.was_passed_on(&message, since_ms) {
            return self.give_verdict(token, GossipVerdict::Ignore);
        }
        let moment_ms = now_ms.saturating_sub(since_ms) / consensus::limits::SPREAD_PARTS_OF_DELTA;
        let due_ms = now_ms.saturating_add(moment_ms.max(1));
        self.hearsay.waiting.push_back(Waiting { due_ms, token, message });
    }

    /// Passes on what has waited, where nothing has come of it meanwhile.
    pub(crate) fn pass_on_what_is_due(&mut self) {
        let now_ms = self.now.monotonic_ms;
        while let Some(Waiting { token, message, .. }) =
            self.hearsay.waiting.pop_front_if(|waiting| waiting.due_ms <= now_ms)
        {
            match self.worth(&message) {
                Worth::Known | Worth::New => self.check_hearsay(token, message),
                Worth::Impossible | Worth::Nothing => self.give_verdict(token, GossipVerdict::Ignore),
            }
        }
    }

    fn check_hearsay(&mut self, token: GossipToken, message: Message) {
        let set = self.set.clone();
        let job = match &message {
            Message::Proposal(Proposal { vote, .. }) | Message::Vote(vote) => {
                VerifyJob::Votes { set, votes: vec![*vote] }
            }
            Message::Certificate(certificate) => {
                VerifyJob::Certificates { set, certificates: vec![certificate.clone()] }
            }
            _ => return self.give_verdict(token, GossipVerdict::Ignore),
        };
        let is_under_way = self.jobs.is_checking_gossip(&message);
        let is_free = !is_under_way && self.jobs.gossip_under_way(&message) < CHECKS_MAX;
        if !is_free || !self.hearsay.pay(&message, self.now.monotonic_ms) {
            return self.give_verdict(token, GossipVerdict::Ignore);
        }
        self.start_job(Job::Hearsay(job), Purpose::Gossip(token, Box::new(message)));
    }

    /// Gossip that was verified, or found to be false. Meanwhile it may have become worth nothing.
    pub(crate) fn heard_gossip(&mut self, token: GossipToken, message: Message, answer: &VerifyAnswer) {
        let good = match answer {
            VerifyAnswer::Votes(good) | VerifyAnswer::Certificates(good) => good.first() == Some(&true),
            VerifyAnswer::Quorums(_) => false,
        };
        if !good {
            return self.give_verdict(token, GossipVerdict::Reject);
        }
        if matches!(self.worth(&message), Worth::Impossible | Worth::Nothing) {
            return self.give_verdict(token, GossipVerdict::Ignore);
        }
        let (now_ms, since_ms) = self.now_and_delta_ago_ms();
        self.hearsay.pass_on(&message, now_ms, since_ms);
        self.give_verdict(token, GossipVerdict::Accept);
        // It speaks for its signer, and for nobody who passed it on.
        let route = Route::Own;
        match message {
            Message::Vote(vote) => self.tell_engine(Input::Vote { vote, route }),
            Message::Proposal(proposal) => {
                let hash = crypto::ids::header_hash(&proposal.header);
                self.tell_engine(Input::Proposal { proposal, hash, route });
            }
            Message::Certificate(certificate) => self.tell_engine(Input::Certificate { certificate, route }),
            Message::Sketch(_) | Message::Transactions(_) | Message::SystemCalls(_) => {}
        }
    }

    fn now_and_delta_ago_ms(&self) -> (u64, u64) {
        let now_ms = self.now.monotonic_ms;
        (now_ms, now_ms.saturating_sub(self.config.genesis.parameters.timing.delta_ms))
    }
}

#[cfg(test)]
mod tests {
    use types::{BlsSignature, Epoch, Hash32, View, Vote};

    use super::*;

    fn vote(view: u64) -> Message {
        let kind = VoteKind::Nullify;
        let statement =
            VoteStatement { kind, epoch: Epoch(0), view: View(view), parent_view: View(0), block: Hash32::ZERO };
        Message::Vote(Vote { statement, signer: ValidatorIndex(1), signature: BlsSignature::ZERO })
    }

    #[test]
    fn what_is_remembered_of_passing_on_is_bounded_and_forgotten_after_delta() {
        let mut hearsay = Hearsay::default();
        let many = 2 * PASSED_ON_MAX as u64;
        (0..many).for_each(|view| hearsay.pass_on(&vote(view), 1_000, 500));
        assert_eq!(hearsay.passed_on.len(), PASSED_ON_MAX);
        assert!(hearsay.was_passed_on(&vote(0), 999) && !hearsay.was_passed_on(&vote(0), 1_000));
        hearsay.pass_on(&vote(many), 1_501, 1_001);
        assert_eq!(hearsay.passed_on.len(), 1);
        assert!(hearsay.was_passed_on(&vote(many), 1_001));
    }

    #[test]
    fn a_budget_grows_with_time_up_to_what_may_be_saved() {
        let mut budget = Budget::default();
        let spend = |budget: &mut Budget, now_ms| {
            std::iter::repeat_with(|| budget.pay(now_ms)).take_while(|paid| *paid).count()
        };
        assert_eq!(spend(&mut budget, 0) as u64, CHECKS_SAVED_MAX);
        assert_eq!(spend(&mut budget, 100) as u64, CHECKS_PER_SECOND / 10);
        assert_eq!(spend(&mut budget, 100_000) as u64, CHECKS_SAVED_MAX);
        assert_eq!(spend(&mut budget, 99_000), 0, "time does not go back");
    }
}
