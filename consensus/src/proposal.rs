//! Events 1 and 2: a view begins, its leader proposes, the others judge.
//!
//! A proposal rests on a parent that a quorum notarized in an earlier view, with every view between nullified. That
//! is decided here from certificates alone; what a block contains is the caller's to validate.

use types::canary::{Canary, planted};
use types::{Hash32, Header, Proposal, View, VoteKind};

use crate::input::{BuiltBlock, KindSet, Route, Verdict, Voice};
use crate::output::{Misconduct, Output};
use crate::view::SeenProposal;
use crate::{Engine, limits};

/// What a parent view amounts to for a proposal.
enum Justification {
    /// The parent, notarized, with every view between nullified.
    Parent(Hash32),
    /// Certificates that are not here.
    Missing(Vec<(View, KindSet)>),
    /// It lies below finality: nothing can justify it any more.
    Impossible,
}

impl Engine {
    /// [1] Enters a view; timers start, and a leader known to be silent is skipped at once.
    pub(crate) fn enter_view(&mut self, view: View) {
        if view > self.view.next() {
            // In views that this node missed it heard nobody, which says nothing about them.
            self.epoch.hear_all(view);
        }
        self.view = view;
        self.fetching.clear();
        self.timers.enter(self.now, self.work);
        let leader = self.leader(view);
        self.outputs.push(Output::Entered { epoch: self.epoch.epoch, view, leader });
        self.forget_old_views();
        let early = self.rounds.get(&view).is_some_and(|round| round.proposal.is_some());
        if early {
            self.timers.proposal_arrived(self.now);
        } else if Some(leader) != self.epoch.own && self.epoch.is_silent(leader, view) {
            self.vote_nullify();
        }
    }

    /// [1] As leader, asks for a block on the newest notarized parent that it can justify.
    pub(crate) fn propose(&mut self) {
        let view = self.view;
        let is_silent = self.voice == Voice::Silent;
        if Some(self.leader(view)) != self.epoch.own || view <= self.floor || is_silent || self.is_resumed_leader() {
            return;
        }
        let own = self.rounds.get(&view);
        if own.is_some_and(|round| {
            round.building.is_some() || round.own.has(VoteKind::Notarize) || round.own.has(VoteKind::Nullify)
        }) {
            return;
        }
        if let Some((parent_view, parent)) = self.newest_parent(view) {
            self.round(view).building = Some((parent_view, parent));
            self.outputs.push(Output::Build { view, parent_view, parent });
        }
    }

    /// Walks down from a view over nullified views to a notarized one; asks for what is missing on the way.
    fn newest_parent(&mut self, view: View) -> Option<(View, Hash32)> {
        let mut at = view.0.checked_sub(1).map(View)?;
        while at > self.finalized.view {
            let round = self.rounds.get(&at);
            if let Some(block) = round.and_then(|round| round.notarized_block()) {
                return Some((at, block));
            }
            if round.is_none_or(|round| round.nullification.is_none()) {
                self.fetch_certificate(at, KindSet::ALL, None);
                return None;
            }
            at = at.saturating_sub(1);
        }
        (at == self.finalized.view).then_some((at, self.finalized.block))
    }

    /// [1] The block to propose is ready: vote for it first of all; the vote with the header is the proposal.
    pub(crate) fn built(&mut self, view: View, block: BuiltBlock) {
        let Some((parent_view, parent)) = self.rounds.get(&view).and_then(|round| round.building) else { return };
        let BuiltBlock { hash, header, repropose } = block;
        let fits = if repropose {
            hash == parent && header.view < view
        } else {
            header.view == view && header.parent == parent && Some(header.proposer) == self.epoch.own
        };
        let alone = self.rounds.get(&view).is_none_or(|round| round.proposal.is_none());
        if view == self.view && fits && alone && header.epoch == self.epoch.epoch && hash != Hash32::ZERO {
            self.timers.proposal_arrived(self.now);
            self.vote_notarize(parent_view, hash, Some(header));
        }
    }

    /// [2] A proposal from outside, cheap checks first; by other hands than its leader's it is verified first.
    pub(crate) fn receive_proposal(&mut self, proposal: Proposal, hash: Hash32, route: Route) {
        let statement = &proposal.vote.statement;
        let view = statement.view;
        if statement.epoch != self.epoch.epoch || view < self.view || view > self.view.next() || view == View::ZERO {
            return;
        }
        if !self.is_proposal(&proposal, hash) {
            // Whoever only passed it on may not have known, and whoever signed the vote need not have written the header.
            if self.is_of_signer(route, proposal.vote.signer) {
                self.punish(route, Misconduct::BadProposal);
            }
            return;
        }
        let vote = &proposal.vote;
        if self
            .rounds
            .get(&view)
            .is_some_and(|round| round.tally.has(vote.signer, statement) && round.proposal.is_some())
        {
            return;
        }
        if self.is_believed(route, vote.signer) {
            self.see_proposal(proposal);
        } else {
            self.doubt_proposal(proposal);
        }
    }

    /// Whether header and vote fit each other, the view and its leader.
    pub(crate) fn is_proposal(&self, Proposal { vote, header }: &Proposal, hash: Hash32) -> bool {
        let statement = &vote.statement;
        let is_new = header.view == statement.view && header.proposer == vote.signer;
        let is_repeated = header.view < statement.view && header.view > View::ZERO;
        statement.kind == VoteKind::Notarize
            && statement.is_well_formed()
            && statement.block == hash
            && header.epoch == statement.epoch
            && vote.signer == self.leader(statement.view)
            && (is_new || is_repeated)
    }

    /// [2] A proposal believed to be its leader's. The first counts; its vote counts like every other.
    pub(crate) fn see_proposal(&mut self, proposal: Proposal) {
        let Proposal { vote, header } = proposal;
        let view = vote.statement.view;
        if vote.statement.epoch != self.epoch.epoch || view < self.view || view > self.view.next() {
            return;
        }
        self.count_vote(vote);
        let current = self.view;
        let round = self.round(view);
        if round.proposal.is_none() {
            round.proposal = Some(SeenProposal { vote, header, validating: false, verdict: None });
            if view == current {
                self.timers.proposal_arrived(self.now);
            }
        }
    }

    /// [2] The verdict on the proposal of the current view. One that was not asked for is nothing.
    pub(crate) fn judged(&mut self, view: View, block: Hash32, verdict: Verdict) {
        if let Some(round) = self.rounds.get_mut(&view)
            && let Some(proposal) = &mut round.proposal
            && proposal.validating
            && proposal.vote.statement.block == block
        {
            proposal.verdict.get_or_insert(verdict);
        }
    }

    /// [2] Goes as far with the current proposal as what is known allows: justify, validate, vote.
    pub(crate) fn judge(&mut self) {
        let view = self.view;
        let Some(round) = self.rounds.get(&view) else { return };
        let Some(proposal) = &round.proposal else { return };
        if round.own.has(VoteKind::Notarize) || round.own.has(VoteKind::Nullify) {
            return;
        }
        let statement = proposal.vote.statement;
        match proposal.verdict {
            Some(Verdict::Valid) => self.vote_notarize(statement.parent_view, statement.block, None),
            Some(Verdict::Invalid) => self.vote_nullify(),
            None if proposal.validating => {}
            None => match self.justify(proposal) {
                Justification::Impossible => self.vote_nullify(),
                Justification::Missing(missing) => {
                    let leader = self.leader_peer(view);
                    for (view, kinds) in missing {
                        self.fetch_certificate(view, kinds, leader);
                    }
                }
                Justification::Parent(parent) => {
                    let header = proposal.header.clone();
                    self.validate_on(parent, statement.parent_view, statement.block, header);
                }
            },
        }
    }

    /// [2] Asks for the verdict on a justified proposal, unless the parent itself says no.
    fn validate_on(&mut self, parent: Hash32, parent_view: View, block: Hash32, header: Header) {
        let view = self.view;
        let extends = if header.view == view { header.parent == parent } else { block == parent };
        if !extends {
            self.vote_nullify();
            return;
        }
        if let Some(proposal) = &mut self.round(view).proposal {
            proposal.validating = true;
        }
        self.outputs.push(Output::Validate { view, block, header, parent_view, parent });
    }

    /// Whether the certificates justify a proposal's parent: notarized, and every view between nullified.
    fn justify(&self, proposal: &SeenProposal) -> Justification {
        let statement = &proposal.vote.statement;
        let parent_view = statement.parent_view;
        if proposal.is_reproposal() && planted(Canary::ReproposalWithoutViewRule) {
            return Justification::Parent(statement.block);
        }
        if parent_view < self.finalized.view {
            return Justification::Impossible;
        }
        let mut missing = Vec::new();
        let parent = if parent_view == self.finalized.view {
            Some(self.finalized.block)
        } else {
            self.rounds.get(&parent_view).and_then(|round| round.notarized_block())
        };
        if parent.is_none() {
            missing.push((parent_view, KindSet::of(&[VoteKind::Notarize, VoteKind::Finalize])));
        }
        let mut between = parent_view.next();
        while between < statement.view && missing.len() < limits::FETCHES_PER_PROPOSAL_MAX {
            if self.rounds.get(&between).is_none_or(|round| round.nullification.is_none()) {
                missing.push((between, KindSet::of(&[VoteKind::Nullify])));
            }
            between = between.next();
        }
        match parent {
            Some(parent) if missing.is_empty() => Justification::Parent(parent),
            _ => Justification::Missing(missing),
        }
    }
}
