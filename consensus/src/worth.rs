//! What something that anybody may have written would be worth here, asked before its signature is looked at.
//!
//! Writing costs nothing and checking a signature half a millisecond, so what is known, far away or decided is not
//! checked at all. Nothing here changes the engine. *Impossible* is said only of what no honest node would pass on,
//! whatever it knows: it follows from the message and the epoch's set alone.

use types::{Certificate, Hash32, Proposal, View, Vote};

use crate::{Engine, limits, verify};

/// What a message would be worth if its signature were good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// No member can have said it.
    Impossible,
    /// Of another epoch or a view too far away, about what is certified already, or more than is remembered.
    Nothing,
    /// It was said here before, and nothing has come of it yet: somebody else may still miss it.
    Known,
    /// It says something new.
    New,
}

impl Engine {
    /// What a vote would be worth.
    #[must_use]
    pub fn worth_of_vote(&self, vote: &Vote) -> Worth {
        let statement = &vote.statement;
        if statement.epoch != self.epoch.epoch {
            return Worth::Nothing;
        }
        let is_possible = statement.is_well_formed() && statement.view > View::ZERO;
        if !is_possible || self.epoch.set.get(vote.signer).is_none() {
            return Worth::Impossible;
        }
        if !self.admits_vote(vote) {
            return Worth::Nothing;
        }
        if self.shows_life(vote) {
            return Worth::New;
        }
        if statement.view <= self.finalized_view() {
            return Worth::Nothing;
        }
        let Some(round) = self.rounds.get(&statement.view) else { return Worth::New };
        // A quorum that was heard is being checked, and how it comes out is told.
        let is_settled =
            round.certificate(statement.kind).is_some() || round.tally.is_quorum(statement, &self.epoch.set);
        if is_settled {
            Worth::Nothing
        } else if round.tally.has(vote.signer, statement) {
            Worth::Known
        } else if round.tally.is_full(vote.signer, statement.kind) {
            Worth::Nothing
        } else {
            Worth::New
        }
    }

    /// Whether a vote is the first sign of its member for a while. Those behind a sentry are heard when everything is decided, and a leader
    /// that is never heard is skipped.
    fn shows_life(&self, vote: &Vote) -> bool {
        let heard = self.epoch.heard_in(vote.signer);
        vote.statement.view > heard && self.view.0.saturating_sub(heard.0) > limits::SILENT_VIEWS / 2
    }

    /// What a proposal would be worth. `hash` is its header's.
    #[must_use]
    pub fn worth_of_proposal(&self, proposal: &Proposal, hash: Hash32) -> Worth {
        let vote = &proposal.vote;
        let view = vote.statement.view;
        let worth = self.worth_of_vote(vote);
        if vote.statement.epoch == self.epoch.epoch && !self.is_proposal(proposal, hash) {
            return Worth::Impossible;
        }
        if view < self.view || view > self.view.next() {
            return if worth == Worth::Impossible { worth } else { Worth::Nothing };
        }
        let is_seen = self.rounds.get(&view).is_some_and(|round| round.proposal.is_some());
        if worth == Worth::Known && !is_seen { Worth::New } else { worth }
    }

    /// What a certificate would be worth.
    #[must_use]
    pub fn worth_of_certificate(&self, certificate: &Certificate) -> Worth {
        if certificate.statement.epoch != self.epoch.epoch {
            Worth::Nothing
        } else if verify::signers_of(&self.epoch.set, certificate).is_none() {
            Worth::Impossible
        } else if !self.is_news(certificate) {
            Worth::Nothing
        } else {
            Worth::New
        }
    }
}
