//! Following the final chain in ranges, when this node is behind.
//!
//! Blocks of a range are linked to the tip by their hashes, proven by their certificates against the set that the
//! state itself fixes, checked and executed in one job; then they become final here in order. Catching up waits for the
//! store; votes do not.

use consensus::{CertificateRequest, Input, KindSet, Route};
use types::{Hash32, Header, Height, PeerKey};

use crate::effect::{Effect, Offence};
use crate::event::RequestId;
use crate::fetch::Asked;
use crate::job::{Job, ReplayError, Replayed};
use crate::jobs::Purpose;
use crate::replica::Replica;
use crate::sync::{Question, RANGE_BLOCKS, Verdict};
use crate::wire::{CertifiedBlock, HEADERS_PER_ANSWER_MAX, PeerStatus, Request};

/// A node this far behind a peer's claim asks for ranges instead of single blocks.
const BEHIND_MAX: u64 = 2;
/// Headers that are asked for at once: as many as are hashed in about a millisecond.
const HEADERS_PER_QUESTION: u16 = HEADERS_PER_ANSWER_MAX as u16;
/// Of what may wait for the store, catching up takes this part, so that the rest is left to the blocks that are agreed on now.
const CATCH_UP_SHARE: usize = 4;

impl Replica {
    pub(crate) fn peer_up(&mut self, peer: PeerKey) {
        self.sync.peer_up(peer);
        self.company.peer_up(peer, self.now.monotonic_ms);
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
            self.sync.sources.claim(peer, status.height, status.epoch);
            self.listen.heard_height(peer, status.height, self.now.monotonic_ms);
        }
    }

    /// Asks for the next ranges, if this node is behind and the store keeps up.
    pub(crate) fn ask_ranges(&mut self) {
        let now_ms = self.now.monotonic_ms;
        for peer in self.sync.expire(now_ms) {
            self.effects.push(Effect::Punish { peer, offence: Offence::UselessAnswer });
        }
        if let Some(peer) = self.sync.next_to_ask(now_ms) {
            self.ask_status(peer);
        }
        let tip = self.chain.tip().header.height;
        let proven = self.height_proven();
        let behind = self.sync.sources.height_claimed().max(proven).0.saturating_sub(tip.0);
        // Who has left this epoch may be too few to show its end by votes, and the new one may wait for this node.
        let behind_max = if self.sync.sources.epoch_claimed() > self.epoch { 0 } else { BEHIND_MAX };
        if (behind <= behind_max && !self.sync.is_busy()) || self.is_held_up() {
            return;
        }
        let (fetch, set) = (&mut self.fetch, &self.set);
        let is_member = |peer: &PeerKey| set.index_of_peer(peer).is_some();
        if let Some((id, to, last)) = self.sync.walk_on(tip, now_ms, is_member, || fetch.next_id(Asked::Headers)) {
            let request = Request::Headers { last, count: HEADERS_PER_QUESTION };
            self.effects.push(Effect::Request { id, to, request });
        }
        let questions = self.sync.questions((tip, proven), now_ms, is_member, || fetch.next_id(Asked::Range));
        for Question { id, peer, from, count } in questions {
            self.effects.push(Effect::Request { id, to: peer, request: Request::Range { from, count } });
        }
        self.replay_next();
    }

    pub(crate) fn heard_range(&mut self, id: RequestId, blocks: Option<Vec<CertifiedBlock>>) {
        let verdict = self.sync.received(id, blocks, self.epoch, self.now.monotonic_ms);
        self.hold_against(verdict);
        self.replay_next();
    }

    /// Headers of a run that was long without a certificate.
    pub(crate) fn heard_headers(&mut self, id: RequestId, headers: Option<&[Header]>) {
        let tip = self.chain.tip();
        let verdict = self.sync.walked(id, headers, (tip.hash, tip.header.height), self.now.monotonic_ms);
        self.hold_against(verdict);
    }

    fn hold_against(&mut self, verdict: Option<Verdict>) {
        let punished = match verdict {
            Some(Verdict::Useless(peer)) => (peer, Offence::UselessAnswer),
            Some(Verdict::Invalid(peer)) => (peer, Offence::InvalidBlock),
            Some(Verdict::Fine) | None => return,
        };
        self.effects.push(Effect::Punish { peer: punished.0, offence: punished.1 });
    }

    /// Signatures of blocks that wait for their replay have been checked.
    pub(crate) fn checked_ahead(&mut self, id: RequestId) {
        self.sync.checked(id);
        self.replay_next();
    }

    fn replay_next(&mut self) {
        self.check_ahead();
        if self.is_held_up() {
            return;
        }
        let tip = self.chain.tip().clone();
        if let Some((_, blocks, path)) = self.sync.next_blocks(tip.header.height) {
            let ground = crate::chain::Ground { tip, layers: self.chain.final_layers() };
            self.start_job(Job::Replay { ground, blocks, path }, Purpose::Replay);
        }
    }

    /// Has signatures checked that the next replays will ask for.
    fn check_ahead(&mut self) {
        while let Some((id, transactions)) = self.sync.next_to_check() {
            self.start_job(Job::Check { transactions }, Purpose::Ahead(id));
        }
    }

    /// Whether so much waits for the store that catching up waits too.
    fn is_held_up(&self) -> bool {
        self.chain.unwritten_bytes() >= self.config.unwritten_bytes_max / CATCH_UP_SHARE
    }

    /// A range has been proven and executed, up to where it was wrong, if it was.
    pub(crate) fn replayed(&mut self, replayed: Replayed) {
        let Replayed { blocks, error } = replayed;
        let newest = blocks.last().map(|block| (block.hash, block.certificate.clone()));
        for block in blocks {
            // Consensus may have finalized some of them meanwhile.
            if block.header.parent == self.chain.tip().hash {
                self.look_for_twin(&block.certificate);
                self.chain.finalize_replayed(block.clone());
                self.finalized(block, false);
            }
        }
        match error {
            Some(ReplayError::Unproven(certificate)) => self.sync.unproven(*certificate),
            error => {
                let tip = self.chain.tip().header.height;
                if let Some(peer) = self.sync.replayed(error.is_none(), tip, self.now.monotonic_ms) {
                    self.effects.push(Effect::Punish { peer, offence: Offence::InvalidBlock });
                }
            }
        }
        // The engine learns how far the network is; the certificate was verified with the range. That of a block which is
        // not here yet comes with it.
        if let Some((_, certificate)) = newest.filter(|(hash, certificate)| certificate.statement.block == *hash) {
            self.tell_engine(Input::Certificate { certificate, route: Route::Own });
        }
    }

    /// Whether what is missing below a block is so much that ranges bring it sooner than one question for each block.
    pub(crate) fn is_left_to_ranges(&self, block: &Hash32) -> bool {
        let behind = |height: Height| height.0.saturating_sub(self.chain.tip().header.height.0);
        self.chain.lowest_known(block).is_some_and(|height| behind(height) > u64::from(RANGE_BLOCKS))
    }

    /// The highest height that a certificate is known to prove.
    fn height_proven(&self) -> Height {
        let waiting = self.finalizations.iter().filter_map(|waiting| self.chain.entry(&waiting.statement.block));
        waiting.map(|entry| entry.header.height).max().unwrap_or_default()
    }

    /// How far the chain is known to be: by certificates, and by the word of those who delivered what they claimed.
    pub(crate) fn height_known(&self) -> Height {
        self.sync.height_credible().max(self.height_proven()).max(self.chain.tip().header.height)
    }

    /// Whether some peer claims to be farther by more than a few blocks.
    pub(crate) fn is_behind_claims(&self) -> bool {
        self.sync.sources.height_claimed().0.saturating_sub(self.chain.tip().header.height.0) > BEHIND_MAX
    }

    /// Whether this node is known to be behind. What strangers claim is no knowledge.
    pub(crate) fn is_behind(&self) -> bool {
        self.height_known().0.saturating_sub(self.chain.tip().header.height.0) > BEHIND_MAX
    }
}
