//! What clients of this node are told, spread to everybody who listens.
//!
//! A listener that is too slow misses notices and is told how many; it then reads what it missed from the store by height.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use execution::FinalizedBlock;
use replica::DecidedBlock;
use tokio::sync::broadcast;
use types::{Hash32, Height};

/// Blocks that a listener may be behind: they are held in memory for it.
const BLOCKS_BEHIND_MAX: usize = 64;
/// Blocks that may be final and not in the store yet, for readers: a check of a certificate and a write apart.
const DECIDED_MAX: usize = 64;
/// Changes of the pool that a listener may be behind.
const CHANGES_BEHIND_MAX: usize = 4_096;

/// A transaction came into the pool, or left it without being included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolChange {
    /// It came in.
    Pooled(Hash32),
    /// It left.
    Dropped {
        /// Its id.
        id: Hash32,
        /// Why, as a stable name.
        why: &'static str,
    },
}

impl PoolChange {
    /// The transaction.
    #[must_use]
    pub const fn id(&self) -> Hash32 {
        match self {
            Self::Pooled(id) | Self::Dropped { id, .. } => *id,
        }
    }
}

/// Final blocks that may not be in the store yet.
#[derive(Debug, Default)]
struct Decided {
    /// Oldest first.
    blocks: VecDeque<Arc<DecidedBlock>>,
    /// The newest that was told, so that each is told once and in order.
    told: Height,
}

/// Where notices are spread.
#[derive(Clone, Debug)]
pub struct Notices {
    finals: broadcast::Sender<Arc<DecidedBlock>>,
    /// Those that may not be in the store yet.
    decided: Arc<RwLock<Decided>>,
    blocks: broadcast::Sender<Arc<FinalizedBlock>>,
    changes: broadcast::Sender<PoolChange>,
}

impl Notices {
    /// Nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            finals: broadcast::Sender::new(BLOCKS_BEHIND_MAX),
            decided: Arc::default(),
            blocks: broadcast::Sender::new(BLOCKS_BEHIND_MAX),
            changes: broadcast::Sender::new(CHANGES_BEHIND_MAX),
        }
    }

    /// A block is final and durable, certified or not. Told once, and in order of heights.
    pub(crate) fn decided(&self, block: Arc<DecidedBlock>) {
        let mut decided = self.decided.write().unwrap_or_else(PoisonError::into_inner);
        if block.header.height <= decided.told {
            return;
        }
        decided.told = block.header.height;
        if decided.blocks.len() >= DECIDED_MAX {
            decided.blocks.pop_front();
        }
        decided.blocks.push_back(block.clone());
        drop(decided);
        // Nobody listening is no error.
        let _ = self.finals.send(block);
    }

    /// A block is final, durable, certified and in the store.
    pub(crate) fn block(&self, block: Arc<FinalizedBlock>) {
        let mut decided = self.decided.write().unwrap_or_else(PoisonError::into_inner);
        let stored = decided.blocks.partition_point(|earlier| earlier.header.height <= block.header.height);
        decided.blocks.drain(..stored);
        drop(decided);
        let _ = self.blocks.send(block);
    }

    /// The newest block that is final here and not in the store yet, if there is one.
    #[must_use]
    pub fn newest_decided(&self) -> Option<Arc<DecidedBlock>> {
        self.read_decided().blocks.back().cloned()
    }

    /// The final block with a transaction, if it is not in the store yet.
    #[must_use]
    pub fn decided_with(&self, id: &Hash32) -> Option<Arc<DecidedBlock>> {
        let has = |block: &&Arc<DecidedBlock>| block.outcome.receipts.iter().skip(1).any(|receipt| receipt.id == *id);
        self.read_decided().blocks.iter().find(has).cloned()
    }

    fn read_decided(&self) -> std::sync::RwLockReadGuard<'_, Decided> {
        // A panic elsewhere cannot leave the list half-changed: each holder adds one or drops the oldest.
        self.decided.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool has changed.
    pub(crate) fn pool(&self, change: PoolChange) {
        let _ = self.changes.send(change);
    }

    /// Listens to blocks as they become final, certified or not, from now on.
    #[must_use]
    pub fn finals(&self) -> broadcast::Receiver<Arc<DecidedBlock>> {
        self.finals.subscribe()
    }

    /// Listens to final blocks that are certified and stored, from now on.
    #[must_use]
    pub fn blocks(&self) -> broadcast::Receiver<Arc<FinalizedBlock>> {
        self.blocks.subscribe()
    }

    /// Listens to changes of the pool from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<PoolChange> {
        self.changes.subscribe()
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use types::{Body, ChainId, Epoch, Header, ProtocolVersion, TimeMs, ValidatorIndex, View};

    use super::*;

    fn block(height: u64) -> Arc<DecidedBlock> {
        let header = Header {
            version: ProtocolVersion(1),
            chain_id: ChainId(Hash32::ZERO),
            epoch: Epoch(0),
            view: View(height),
            height: Height(height),
            parent: Hash32::ZERO,
            time: TimeMs(height),
            proposer: ValidatorIndex(0),
            body_root: Hash32::ZERO,
            state_root: Hash32::ZERO,
            receipts_root: Hash32::ZERO,
            price: 0,
            validators_hash: Hash32::ZERO,
            next_validators_hash: None,
        };
        let outcome = execution::BlockOutcome {
            hash: Hash32::ZERO,
            height: header.height,
            changes: execution::ChangeSet::default(),
            pages: Default::default(),
            pages_replaced: Vec::new(),
            state_root: Hash32::ZERO,
            receipts: Vec::new(),
            receipts_root: Hash32::ZERO,
            accounts_touched: Vec::new(),
        };
        Arc::new(DecidedBlock { header, body: Arc::new(Body::default()), outcome: Arc::new(outcome) })
    }

    #[test]
    fn each_final_block_is_told_once_and_in_order_whoever_told_it_first() {
        let notices = Notices::new();
        let mut finals = notices.finals();
        for height in [1, 2, 1, 2, 3, 3] {
            notices.decided(block(height));
        }
        let told: Vec<u64> = std::iter::from_fn(|| finals.try_recv().ok()).map(|told| told.header.height.0).collect();
        assert_eq!(told, [1, 2, 3]);
        assert_eq!(notices.newest_decided().map(|newest| newest.header.height), Some(Height(3)));
    }
}
