//! Missing certificates and bodies: what to ask for, and what to answer.
//!
//! A certificate is asked for by view and kind, first of the leader whose proposal rests on it, also for views below
//! the log's floor. Nothing is asked for twice between two resends.

use types::{Hash32, PeerKey, View, VoteKind};

use crate::input::{CertificateRequest, KindSet, PeerToken};
use crate::output::Output;
use crate::{Engine, limits};

impl Engine {
    /// [8] Asks for the certificates of a view, once between two resends.
    pub(crate) fn fetch_certificate(&mut self, view: View, kinds: KindSet, first_from: Option<PeerKey>) {
        let request = CertificateRequest { epoch: self.epoch.epoch, view, kinds };
        if self.fetching.len() < limits::FETCHES_MAX && self.fetching.insert(request) {
            let first_from = first_from.filter(|peer| Some(*peer) != self.epoch.own_peer());
            self.outputs.push(Output::FetchCertificate { request, first_from });
        }
    }

    /// [4] [8] The finalize vote for a notarized block waits for its body.
    pub(crate) fn await_body(&mut self, view: View, block: Hash32) {
        self.candidates.insert(view);
        if self.candidates.len() > limits::CANDIDATES_MAX {
            self.candidates.pop_first();
        }
        if !self.available.contains(&block) {
            self.fetch_block(view, block);
        }
    }

    /// [8] Asks for bodies that are still missing: of the current proposal and of what is notarized.
    pub(crate) fn fetch_missing_blocks(&mut self) {
        let proposed = self.rounds.get(&self.view).and_then(|round| round.proposal.as_ref());
        let proposed = proposed.map(|proposal| (self.view, proposal.vote.statement.block));
        let candidates = self.candidates.iter().rev().take(limits::FETCHES_PER_PROPOSAL_MAX);
        let notarized = candidates.filter_map(|view| Some((*view, self.rounds.get(view)?.notarized_block()?)));
        let wanted: Vec<(View, Hash32)> = notarized.chain(proposed).collect();
        for (view, block) in wanted {
            if !self.available.contains(&block) {
                self.fetch_block(view, block);
            }
        }
    }

    fn fetch_block(&mut self, view: View, block: Hash32) {
        let first_from = self.leader_peer(view).filter(|leader| Some(*leader) != self.epoch.own_peer());
        self.outputs.push(Output::FetchBlock { block, first_from });
    }

    /// [8] Answers a peer with what is kept. Who asks about a view at or below finality also learns that it is final.
    pub(crate) fn answer(&mut self, peer_token: PeerToken, request: CertificateRequest) {
        let mut certificates = Vec::new();
        if request.epoch == self.epoch.epoch {
            let round = self.rounds.get(&request.view);
            for kind in [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize] {
                if let Some(certificate) = round.and_then(|round| round.certificate(kind))
                    && request.kinds.contains(kind)
                {
                    certificates.push(certificate.clone());
                }
            }
            if let Some(finalization) = &self.finalized.certificate
                && request.view <= self.finalized.view
                && !certificates.contains(finalization)
            {
                certificates.push(finalization.clone());
            }
        }
        self.outputs.push(Output::Answer { peer_token, request, certificates });
    }
}
