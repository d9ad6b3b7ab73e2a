//! Following the final chain in ranges, when this node is behind.
//!
//! Blocks of a range are linked to the tip by their hashes, proven by their certificates against the set that the
//! state itself fixes, checked and executed in one job; then they become final here in order.

use consensus::{CertificateRequest, Input, KindSet, Route};
use types::{Hash32, Height, PeerKey};

use crate::effect::{Effect, Offence};
use crate::fetch::Asked;
use crate::job::{Job, ReplayError, Replayed};
use crate::jobs::Purpose;
use crate::replica::Replica;
use crate::sync::{Question, RANGE_BLOCKS, Verdict};
use crate::wire::{CertifiedBlock, PeerStatus, Request};

/// A node this far behind a peer's claim asks for ranges instead of single blocks.
const BEHIND_MAX: u64 = 2;

impl Replica {
    pub(crate) fn peer_up(&mut self, peer: PeerKey) {
        self.sync.peer_up(peer);
        self.company.peer_up(peer);
        let id = self.fetch.next_id(Asked::Status { at_ms: self.now.monotonic_ms });
        self.effects.push(Effect::Request { id, to: peer, request: Request::Status });
        // How the present view ended may have been said while there was no connection; it is not said again soon.
        let missed = CertificateRequest { epoch: self.engine.epoch(), view: self.engine.view(), kinds: KindSet::ALL };
        let id = self.fetch.next_id(Asked::Certificates);
        self.effects.push(Effect::Request { id, to: peer, request: Request::Certificates(missed) });
    }

    /// What a peer says of itself, asked at this time.
    pub(crate) fn heard_status(&mut self, peer: PeerKey, asked_ms: u64, status: &PeerStatus) {
        if status.chain_id == self.config.chain_id {
            self.company.answered(peer, asked_ms, self.now.monotonic_ms, status.clock_ms());
            self.sync.claim(peer, status.height);
            self.listen.heard_height(peer, status.height, self.now.monotonic_ms);
            self.epoch_claimed = self.epoch_claimed.max(status.epoch);
        }
    }

    /// Asks for the next ranges, if this node is behind.
    pub(crate) fn ask_ranges(&mut self) {
        for peer in self.sync.expire(self.now.monotonic_ms) {
            self.effects.push(Effect::Punish { peer, offence: Offence::UselessAnswer });
        }
        let tip = self.chain.tip().header.height;
        let behind = self.sync.height_claimed().0.saturating_sub(tip.0);
        // Who has left this epoch may be too few to show its end by votes, and the new one may wait for this node.
        let behind_max = if self.epoch_claimed > self.epoch { 0 } else { BEHIND_MAX };
        if behind <= behind_max && !self.sync.is_busy() {
            return;
        }
        let fetch = &mut self.fetch;
        let questions = self.sync.questions(tip, self.now.monotonic_ms, || fetch.next_id(Asked::Range));
        for Question { id, peer, from, count } in questions {
            self.effects.push(Effect::Request { id, to: peer, request: Request::Range { from, count } });
        }
        self.replay_next();
    }

    pub(crate) fn heard_range(&mut self, id: crate::event::RequestId, blocks: Option<Vec<CertifiedBlock>>) {
        if let Some(Verdict::Useless(peer)) = self.sync.received(id, blocks) {
            self.effects.push(Effect::Punish { peer, offence: Offence::UselessAnswer });
        }
        while let Some((id, transactions)) = self.sync.next_to_check() {
            self.start_job(Job::Check { transactions }, Purpose::Ahead(id));
        }
        self.replay_next();
    }

    /// Signatures of blocks that wait for their replay have been checked.
    pub(crate) fn checked_ahead(&mut self, id: crate::event::RequestId) {
        self.sync.checked(id);
        self.replay_next();
    }

    fn replay_next(&mut self) {
        let tip = self.chain.tip().clone();
        if let Some((_, blocks)) = self.sync.next_blocks(tip.header.height) {
            let ground = crate::chain::Ground { tip, layers: self.chain.final_layers() };
            self.start_job(Job::Replay { ground, blocks }, Purpose::Replay);
        }
    }

    /// A range has been proven and executed, up to where it was wrong, if it was.
    pub(crate) fn replayed(&mut self, replayed: Replayed) {
        let Replayed { blocks, error } = replayed;
        let newest = blocks.last().map(|block| block.certificate.clone());
        for block in blocks {
            // Consensus may have finalized some of them meanwhile.
            if block.header.parent == self.chain.tip().hash {
                self.look_for_twin(&block.certificate);
                self.chain.finalize_replayed(block.clone());
                self.finalized(block, false);
            }
        }
        if matches!(error, Some(ReplayError::Unproven)) {
            if let Some(Verdict::Useless(peer)) = self.sync.unproven() {
                self.effects.push(Effect::Punish { peer, offence: Offence::UselessAnswer });
            }
        } else if let Some(peer) = self.sync.replayed(error.is_none()) {
            self.effects.push(Effect::Punish { peer, offence: Offence::InvalidBlock });
        }
        if let Some(certificate) = newest {
            // The engine learns how far the network is; the certificate was verified with the range.
            self.tell_engine(Input::Certificate { certificate, route: Route::Own });
        }
    }

    /// Whether what is missing below a block is so much that ranges bring it sooner than one question for each block.
    pub(crate) fn is_left_to_ranges(&self, block: &Hash32) -> bool {
        let behind = |height: Height| height.0.saturating_sub(self.chain.tip().header.height.0);
        self.chain.lowest_known(block).is_some_and(|height| behind(height) > u64::from(RANGE_BLOCKS))
    }

    /// How far the chain is known to be by anybody.
    pub(crate) fn height_known(&self) -> Height {
        self.sync.height_claimed().max(self.chain.tip().header.height)
    }
}
