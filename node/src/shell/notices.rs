//! What clients of this node are told, spread to everybody who listens.
//!
//! A listener that is too slow misses notices and is told how many; it then reads what it missed from the store by height.

use std::sync::Arc;

use execution::FinalizedBlock;
use tokio::sync::broadcast;
use types::Hash32;

/// Notices that a listener may be behind.
const BEHIND_MAX: usize = 1_024;

/// Something that became known.
#[derive(Clone, Debug)]
pub enum ChainEvent {
    /// A block is final and durable.
    Final(Arc<FinalizedBlock>),
    /// A transaction entered the pool.
    Pooled(Hash32),
    /// A transaction left the pool without being included.
    Dropped {
        /// Its id.
        id: Hash32,
        /// Why, as a stable name.
        why: &'static str,
    },
}

/// Where notices are spread.
#[derive(Clone, Debug)]
pub struct Notices {
    sender: broadcast::Sender<ChainEvent>,
}

impl Notices {
    /// Nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BEHIND_MAX) }
    }

    /// Tells everybody who listens.
    pub fn tell(&self, event: ChainEvent) {
        // Nobody listening is no error.
        let _ = self.sender.send(event);
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<ChainEvent> {
        self.sender.subscribe()
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self::new()
    }
}
