//! From final to stored: blocks leave the tree in order, each once, and are told to clients.
//!
//! A block is *final* for this node when it has heard a quorum of finalize votes, and *certified*, which everybody can
//! check and the store needs, when their sum is found good, a moment later.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::Input;
use execution::FinalizedBlock;
use types::{Certificate, Hash32, Height};

use crate::effect::{DecidedBlock, Effect, Notice};
use crate::replica::Replica;

/// Finalizations that may wait for their blocks at once.
const WAITING_MAX: usize = 64;
/// Final hashes that are remembered.
const FINAL_HASHES_MAX: usize = 4_096;
/// Blocks after which the store's log is synced.
const SYNC_BLOCKS: u64 = 64;

impl Replica {
    /// A verified finalization: its block and all ancestors are final, whether or not they are here.
    pub(crate) fn finalization(&mut self, certificate: Certificate) {
        let block = certificate.statement.block;
        if self.is_final(&block) || self.finalizations.iter().any(|waiting| waiting.statement.block == block) {
            return;
        }
        self.certified(block);
        wait_for_block(&mut self.finalizations, certificate);
    }

    /// Finalizes whatever is complete; asks for what is missing.
    pub(crate) fn try_finalize(&mut self) {
        // Several may wait; one may make others moot.
        let waiting = std::mem::take(&mut self.finalizations);
        for certificate in waiting {
            if !self.is_final(&certificate.statement.block) && !self.finalize_to(&certificate) {
                self.finalizations.push(certificate);
            }
        }
    }

    /// Whether everything up to the certificate's block is final now.
    fn finalize_to(&mut self, certificate: &Certificate) -> bool {
        let target = certificate.statement.block;
        let path = match self.chain.path(&target) {
            Ok(path) => path,
            Err(missing) => {
                if !self.is_left_to_ranges(&target) {
                    self.want(&missing, None);
                }
                return false;
            }
        };
        for hash in path {
            self.certified.insert(hash);
            let Some(entry) = self.chain.entry(&hash) else { return false };
            if entry.body.is_none() {
                self.want(&hash, None);
                return false;
            }
            if entry.outcome.is_none() {
                self.execute_ready();
                return false;
            }
            self.log_block(&hash);
            let Some(block) = self.chain.finalize_child(&hash, certificate) else { return false };
            self.listen.followed(block.header.epoch, self.now.monotonic_ms);
            self.finalized(block, true);
        }
        true
    }

    /// Tells clients of blocks that are decided, once they are whole here and in the log: that they are certified
    /// follows when their finalization is checked.
    pub(crate) fn try_tell(&mut self) {
        let Some(decided) = self.decided else { return };
        if self.is_final(&decided) {
            self.decided = None;
            return;
        }
        for hash in self.chain.path(&decided).unwrap_or_default() {
            let Some(entry) = self.chain.entry(&hash) else { return };
            let (Some(body), Some(outcome)) = (entry.body.clone(), entry.outcome.clone()) else { return };
            let header = entry.header.clone();
            if header.height > self.told {
                self.told = header.height;
                self.log_block(&hash);
                let body = body.body().clone();
                let block = Arc::new(DecidedBlock { header, body, outcome });
                self.effects.push(Effect::Notify(Notice::Decided { block }));
            }
        }
    }

    /// One more block is final. `logged` says that its body is in the consensus log.
    pub(crate) fn finalized(&mut self, block: Arc<FinalizedBlock>, logged: bool) {
        self.certified.remove(&block.hash);
        self.sync.progressed(self.now.monotonic_ms);
        remember(&mut self.final_hashes, block.hash);
        self.told = self.told.max(block.header.height);
        self.final_at_ms = self.now.monotonic_ms;
        self.tip_has_transactions = !block.body.transactions.is_empty();
        self.tip_certificate = (block.certificate.statement.block == block.hash).then(|| block.certificate.clone());
        self.unpooled.push_back(block.clone());
        self.effects.push(Effect::Commit(block.clone()));
        if logged {
            self.note_counted(&block.header);
            self.effects.push(Effect::Notify(Notice::Final { block: block.clone() }));
        } else {
            self.untold.push_back(block.clone());
            self.listen.replayed(block.header.height, self.now.monotonic_ms);
        }
        self.chain.prune();
        self.awaited.remove(&block.hash);
        self.note_place(&block);
    }

    /// The store has written a block.
    pub(crate) fn committed(&mut self, height: Height) {
        self.chain.committed(height);
        let unsynced = height.0.saturating_sub(self.synced.0);
        let told_late = !self.untold.is_empty();
        if !self.syncing && (unsynced >= SYNC_BLOCKS || (told_late && unsynced > 0)) {
            self.syncing = true;
            self.effects.push(Effect::SyncStore);
        }
    }

    /// Everything up to a height is on the store's disk: the log may forget it.
    pub(crate) fn synced(&mut self, height: Height, hash: Hash32) {
        self.syncing = false;
        self.synced = self.synced.max(height);
        while self.untold.front().is_some_and(|block| block.header.height <= height) {
            let told = self.untold.pop_front().map(|block| Effect::Notify(Notice::Final { block }));
            self.effects.extend(told);
        }
        if !self.untold.is_empty() && self.chain.committed_height() > self.synced {
            // What was written while the store synced is waited for too.
            self.syncing = true;
            self.effects.push(Effect::SyncStore);
        }
        let Some((epoch, view)) = self.places.remove(&height).filter(|_| self.is_final(&hash)) else { return };
        self.places.retain(|kept, _| *kept > height);
        self.effects.push(Effect::Floor { height, epoch, view });
        if epoch == self.epoch {
            self.tell_engine(Input::Floor { epoch, view });
        }
    }
}

/// A finalization waits for its block; the newest say most.
fn wait_for_block(waiting: &mut Vec<Certificate>, certificate: Certificate) {
    if waiting.len() >= WAITING_MAX {
        waiting.remove(0);
    }
    waiting.push(certificate);
}

/// One more hash is final.
fn remember(hashes: &mut VecDeque<Hash32>, hash: Hash32) {
    hashes.push_back(hash);
    if hashes.len() > FINAL_HASHES_MAX {
        hashes.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use types::{BlsSignature, Epoch, SignerBitmap, View, VoteKind, VoteStatement};

    use super::*;

    // FAULTS HB7
    #[test]
    fn so_many_finalizations_wait_for_their_blocks_and_the_newest_stay() {
        let mut waiting = Vec::new();
        for view in 1..=200 {
            let (kind, parent_view, block) = (VoteKind::Finalize, View::ZERO, Hash32([1; 32]));
            let statement = VoteStatement { kind, epoch: Epoch::ZERO, view: View(view), parent_view, block };
            let (signers, signature) = (SignerBitmap::default(), BlsSignature::ZERO);
            wait_for_block(&mut waiting, Certificate { statement, signers, signature });
        }
        assert_eq!(waiting.len(), WAITING_MAX);
        assert_eq!(waiting.last().map(|certificate| certificate.statement.view), Some(View(200)));
    }

    #[test]
    fn so_many_final_hashes_are_remembered_and_the_newest_stay() {
        let mut hashes = VecDeque::new();
        for number in 0..10_000_u32 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_le_bytes());
            remember(&mut hashes, Hash32(hash));
        }
        assert_eq!(hashes.len(), FINAL_HASHES_MAX);
        assert_eq!(hashes.back().map(|hash| hash.0[..2].to_vec()), Some(9_999_u16.to_le_bytes().to_vec()));
    }
}
