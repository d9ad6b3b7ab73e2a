//! What is known of one view: its proposal, its votes, its certificates, and what this node itself said in it.

use types::{Certificate, Hash32, Header, Vote, VoteKind, VoteStatement};

use crate::input::Verdict;
use crate::tally::Tally;
use crate::timers::Step;

/// What this node said in a view. Remembered while the view is above the log's floor.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnVotes {
    /// Its notarize vote.
    pub(crate) notarize: Option<VoteStatement>,
    /// The header that made this vote a proposal.
    pub(crate) proposed: Option<Header>,
    /// Its nullify vote.
    pub(crate) nullify: Option<VoteStatement>,
    /// Its finalize vote.
    pub(crate) finalize: Option<VoteStatement>,
}

impl OwnVotes {
    /// Remembers a vote. The first of a kind stays.
    pub(crate) fn remember(&mut self, statement: VoteStatement) {
        let place = match statement.kind {
            VoteKind::Notarize => &mut self.notarize,
            VoteKind::Nullify => &mut self.nullify,
            VoteKind::Finalize => &mut self.finalize,
        };
        place.get_or_insert(statement);
    }

    /// Whether this very vote was cast.
    pub(crate) fn includes(&self, statement: &VoteStatement) -> bool {
        let place = match statement.kind {
            VoteKind::Notarize => &self.notarize,
            VoteKind::Nullify => &self.nullify,
            VoteKind::Finalize => &self.finalize,
        };
        place.as_ref() == Some(statement)
    }

    /// Whether a vote of this kind was cast.
    pub(crate) const fn has(&self, kind: VoteKind) -> bool {
        match kind {
            VoteKind::Notarize => self.notarize.is_some(),
            VoteKind::Nullify => self.nullify.is_some(),
            VoteKind::Finalize => self.finalize.is_some(),
        }
    }

    const fn is_empty(&self) -> bool {
        self.notarize.is_none() && self.nullify.is_none() && self.finalize.is_none()
    }
}

/// The first signed proposal of a view.
#[derive(Clone, Debug)]
pub(crate) struct SeenProposal {
    /// The leader's notarize vote.
    pub(crate) vote: Vote,
    /// The header.
    pub(crate) header: Header,
    /// Whether its validation was asked for.
    pub(crate) validating: bool,
    /// What came out.
    pub(crate) verdict: Option<Verdict>,
}

impl SeenProposal {
    /// Whether an earlier block is proposed again.
    pub(crate) fn is_reproposal(&self) -> bool {
        self.header.view != self.vote.statement.view
    }
}

/// One view.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// What this node said.
    pub(crate) own: OwnVotes,
    /// The first signed proposal.
    pub(crate) proposal: Option<SeenProposal>,
    /// Everybody's votes.
    pub(crate) tally: Tally,
    /// Set when two different notarize votes of the leader were seen.
    pub(crate) leader_equivocated: bool,
    /// A quorum of finalize votes was heard, whether or not their certificate is checked.
    pub(crate) decided: bool,
    /// The step of Δ at which this view would have been in time here, if that is a lower one.
    pub(crate) enough: Option<Step>,
    /// On which parent this node, as leader, asked for a block.
    pub(crate) building: Option<(types::View, Hash32)>,
    /// A quorum notarized.
    pub(crate) notarization: Option<Certificate>,
    /// A quorum nullified.
    pub(crate) nullification: Option<Certificate>,
    /// A quorum finalized.
    pub(crate) finalization: Option<Certificate>,
}

impl Round {
    /// The certificate of one kind.
    pub(crate) const fn certificate(&self, kind: VoteKind) -> Option<&Certificate> {
        match kind {
            VoteKind::Notarize => self.notarization.as_ref(),
            VoteKind::Nullify => self.nullification.as_ref(),
            VoteKind::Finalize => self.finalization.as_ref(),
        }
    }

    /// The place of a certificate of one kind.
    pub(crate) const fn certificate_mut(&mut self, kind: VoteKind) -> &mut Option<Certificate> {
        match kind {
            VoteKind::Notarize => &mut self.notarization,
            VoteKind::Nullify => &mut self.nullification,
            VoteKind::Finalize => &mut self.finalization,
        }
    }

    /// The block a quorum notarized.
    pub(crate) fn notarized_block(&self) -> Option<Hash32> {
        let certificate = self.notarization.as_ref().or(self.finalization.as_ref());
        certificate.map(|certificate| certificate.statement.block)
    }

    /// Forgets what only matters while a view can still be decided.
    pub(crate) fn forget_votes(&mut self) {
        self.tally = Tally::default();
        self.decided = false;
        self.proposal = None;
        self.building = None;
    }

    /// Forgets certificates.
    pub(crate) fn forget_certificates(&mut self) {
        self.notarization = None;
        self.nullification = None;
        self.finalization = None;
    }

    /// Forgets what this node said.
    pub(crate) fn forget_own(&mut self) {
        self.own = OwnVotes::default();
    }

    /// Whether nothing is left to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty()
            && self.proposal.is_none()
            && self.building.is_none()
            && self.tally.is_empty()
            && self.notarization.is_none()
            && self.nullification.is_none()
            && self.finalization.is_none()
    }
}
