//! What clients of this node are told, spread to everybody who listens.
//!
//! A listener that is too slow misses notices and is told how many; it then reads what it missed from the store by height.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use execution::FinalizedBlock;
use replica::DecidedBlock;
use tokio::sync::broadcast;
use types::Hash32;

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

/// Where notices are spread.
#[derive(Clone, Debug)]
pub struct Notices {
    finals: broadcast::Sender<Arc<DecidedBlock>>,
    /// The newest of them, oldest first.
    decided: Arc<RwLock<VecDeque<Arc<DecidedBlock>>>>,
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

    /// A block is final and durable; its certificate is being checked.
    pub(crate) fn decided(&self, block: Arc<DecidedBlock>) {
        let mut decided = self.decided.write().unwrap_or_else(PoisonError::into_inner);
        if decided.len() >= DECIDED_MAX {
            decided.pop_front();
        }
        decided.push_back(block.clone());
        drop(decided);
        // Nobody listening is no error.
        let _ = self.finals.send(block);
    }

    /// A block is final, durable, certified and in the store.
    pub(crate) fn block(&self, block: Arc<FinalizedBlock>) {
        let mut decided = self.decided.write().unwrap_or_else(PoisonError::into_inner);
        let first = decided.partition_point(|earlier| earlier.header.height <= block.header.height);
        let was_told = first > 0;
        decided.drain(..first);
        drop(decided);
        if !was_told {
            let FinalizedBlock { header, body, outcome, .. } = block.as_ref().clone();
            let _ = self.finals.send(Arc::new(DecidedBlock { header, body, outcome }));
        }
        let _ = self.blocks.send(block);
    }

    /// The newest block that is final here and not in the store yet, if there is one.
    #[must_use]
    pub fn newest_decided(&self) -> Option<Arc<DecidedBlock>> {
        self.read_decided().back().cloned()
    }

    /// The final block with a transaction, if it is not in the store yet.
    #[must_use]
    pub fn decided_with(&self, id: &Hash32) -> Option<Arc<DecidedBlock>> {
        let has = |block: &&Arc<DecidedBlock>| block.outcome.receipts.iter().skip(1).any(|receipt| receipt.id == *id);
        self.read_decided().iter().find(has).cloned()
    }

    fn read_decided(&self) -> std::sync::RwLockReadGuard<'_, VecDeque<Arc<DecidedBlock>>> {
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
