//! What clients of this node are told, spread to everybody who listens.
//!
//! A listener that is too slow misses notices and is told how many; it then reads what it missed from the store by height.

use std::sync::Arc;

use execution::FinalizedBlock;
use tokio::sync::broadcast;
use types::Hash32;

/// Blocks that a listener may be behind: they are held in memory for it.
const BLOCKS_BEHIND_MAX: usize = 64;
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
    blocks: broadcast::Sender<Arc<FinalizedBlock>>,
    changes: broadcast::Sender<PoolChange>,
}

impl Notices {
    /// Nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self { blocks: broadcast::Sender::new(BLOCKS_BEHIND_MAX), changes: broadcast::Sender::new(CHANGES_BEHIND_MAX) }
    }

    /// A block is final, durable and in the store.
    pub(crate) fn block(&self, block: Arc<FinalizedBlock>) {
        // Nobody listening is no error.
        let _ = self.blocks.send(block);
    }

    /// The pool has changed.
    pub(crate) fn pool(&self, change: PoolChange) {
        let _ = self.changes.send(change);
    }

    /// Listens to final blocks from now on.
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
