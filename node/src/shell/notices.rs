//! What clients of this node are told, spread to everybody who listens.
//!
//! A listener that is too slow misses notices and is told so; it then reads what it missed from the store by height.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

use execution::FinalizedBlock;
use replica::{DecidedBlock, held_bytes};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use types::{Hash32, Height};

/// Blocks that a listener may be behind,
const BLOCKS_BEHIND_MAX: usize = 64;
/// and their bytes, of each sort: they are held in memory for it. The newest is held whatever it takes.
const BYTES_BEHIND_MAX: usize = 16 * 1024 * 1024;
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

/// One sort of blocks on its way to listeners. What they are sent are names: the blocks are held here, as many as may be, until
/// all who listen have heard them.
#[derive(Debug)]
struct Blocks<T> {
    names: broadcast::Sender<Weak<T>>,
    held: Mutex<Held<T>>,
}

/// The newest blocks with their bytes, oldest first.
#[derive(Debug)]
struct Held<T> {
    blocks: VecDeque<(Arc<T>, usize)>,
    bytes: usize,
}

impl<T> Held<T> {
    fn let_go(&mut self) {
        let bytes = self.blocks.pop_front().map_or(0, |(_, bytes)| bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl<T> Blocks<T> {
    fn new() -> Self {
        let held = Mutex::new(Held { blocks: VecDeque::new(), bytes: 0 });
        Self { names: broadcast::Sender::new(BLOCKS_BEHIND_MAX), held }
    }

    fn tell(&self, block: &Arc<T>, bytes: usize) {
        let mut held = self.lock();
        if self.names.receiver_count() == 0 {
            (held.blocks, held.bytes) = (VecDeque::new(), 0);
            return;
        }
        held.blocks.push_back((block.clone(), bytes));
        held.bytes = held.bytes.saturating_add(bytes);
        while held.blocks.len() > BLOCKS_BEHIND_MAX || held.blocks.len() > 1 && held.bytes > BYTES_BEHIND_MAX {
            held.let_go();
        }
        // Nobody listening any more is no error.
        let _ = self.names.send(Arc::downgrade(block));
    }

    /// Lets go of the blocks that nobody has yet to hear.
    fn heard(&self) {
        let mut held = self.lock();
        let unheard = self.names.len();
        while held.blocks.len() > unheard {
            held.let_go();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        // A panic elsewhere loses no more than the count of one block.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to one sort of blocks.
#[derive(Debug)]
pub struct Listening<T> {
    names: broadcast::Receiver<Weak<T>>,
    /// Not held: the channel closes when its sender goes.
    blocks: Weak<Blocks<T>>,
}

impl<T> Listening<T> {
    fn to(blocks: &Arc<Blocks<T>>) -> Self {
        Self { names: blocks.names.subscribe(), blocks: Arc::downgrade(blocks) }
    }

    /// Waits for the next block.
    ///
    /// # Errors
    /// As those of the channel; a block that is not held any more was missed.
    pub async fn recv(&mut self) -> Result<Arc<T>, RecvError> {
        let block = self.names.recv().await?.upgrade();
        if let Some(blocks) = self.blocks.upgrade() {
            blocks.heard();
        }
        block.ok_or(RecvError::Lagged(1))
    }
}

/// Where notices are spread.
#[derive(Clone, Debug)]
pub struct Notices {
    finals: Arc<Blocks<DecidedBlock>>,
    /// Those that may not be in the store yet.
    decided: Arc<RwLock<Decided>>,
    blocks: Arc<Blocks<FinalizedBlock>>,
    /// The newest of them.
    head: watch::Sender<Height>,
    /// Made with the first who listens: it takes 320 KiB, and most nodes have no listener.
    changes: Arc<OnceLock<broadcast::Sender<PoolChange>>>,
}

impl Notices {
    /// Nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            finals: Arc::new(Blocks::new()),
            decided: Arc::default(),
            blocks: Arc::new(Blocks::new()),
            head: watch::Sender::new(Height::ZERO),
            changes: Arc::default(),
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
        self.finals.tell(&block, held_bytes(&block.body, &block.outcome));
    }

    /// A block is final, durable, certified and in the store.
    pub(crate) fn block(&self, block: &Arc<FinalizedBlock>) {
        let mut decided = self.decided.write().unwrap_or_else(PoisonError::into_inner);
        let stored = decided.blocks.partition_point(|earlier| earlier.header.height <= block.header.height);
        decided.blocks.drain(..stored);
        drop(decided);
        self.blocks.tell(block, held_bytes(&block.body, &block.outcome));
        self.head.send_replace(block.header.height);
    }

    /// The chain begins here, as far as this run knows.
    pub(crate) fn begins_at(&self, height: Height) {
        self.head.send_replace(height);
    }

    /// The height of the newest block that is certified and stored.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<Height> {
        self.head.subscribe()
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
        if let Some(changes) = self.changes.get() {
            // Nobody listens any more, perhaps.
            let _ = changes.send(change);
        }
    }

    /// Listens to blocks as they become final, certified or not, from now on.
    #[must_use]
    pub fn finals(&self) -> Listening<DecidedBlock> {
        Listening::to(&self.finals)
    }

    /// Listens to final blocks that are certified and stored, from now on.
    #[must_use]
    pub fn blocks(&self) -> Listening<FinalizedBlock> {
        Listening::to(&self.blocks)
    }

    /// Listens to changes of the pool from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<PoolChange> {
        self.changes.get_or_init(|| broadcast::Sender::new(CHANGES_BEHIND_MAX)).subscribe()
    }
}

impl Default for Notices {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use types::{Body, Header, ProtocolVersion, TimeMs, View};

    use super::*;

    fn block(height: u64) -> Arc<DecidedBlock> {
        let header = Header {
            version: ProtocolVersion(1),
            view: View(height),
            height: Height(height),
            time: TimeMs(height),
            ..Header::default()
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
        let next = || finals.names.try_recv().ok()?.upgrade();
        let told: Vec<u64> = std::iter::from_fn(next).map(|told| told.header.height.0).collect();
        assert_eq!(told, [1, 2, 3]);
        assert_eq!(notices.newest_decided().map(|newest| newest.header.height), Some(Height(3)));
    }

    // FAULTS HB7
    #[tokio::test]
    async fn what_is_held_for_a_slow_listener_is_bounded_in_bytes_and_it_hears_that_it_missed_the_rest() {
        let told = |bytes: usize, count: u64| {
            let blocks = Arc::new(Blocks::new());
            let slow = Listening::to(&blocks);
            (1..=count).for_each(|height| blocks.tell(&block(height), bytes));
            (blocks, slow)
        };
        // Bytes of a block, how many are told, how many are held.
        for (bytes, count, held) in [
            (0, 100, BLOCKS_BEHIND_MAX),
            (BYTES_BEHIND_MAX / 4, 10, 4),
            (BYTES_BEHIND_MAX / 4 + 1, 10, 3),
            (BYTES_BEHIND_MAX * 2, 10, 1),
        ] {
            let (blocks, mut slow) = told(bytes, count);
            let inside = blocks.held.lock().expect("nobody panicked").blocks.len();
            assert_eq!(inside, held, "{bytes} bytes each");
            assert!(matches!(slow.recv().await, Err(RecvError::Lagged(_))));
            let mut heard = Vec::new();
            while !slow.names.is_empty() {
                heard.extend(slow.recv().await.ok().map(|told| told.header.height.0));
            }
            let first = count + 1 - u64::try_from(held).expect("few");
            assert_eq!(heard, (first..=count).collect::<Vec<_>>(), "{bytes} bytes each");
        }
        // Without listeners nothing is held.
        let (blocks, slow) = told(1, 10);
        drop(slow);
        blocks.tell(&block(11), 1);
        assert_eq!(blocks.held.lock().expect("nobody panicked").blocks.len(), 0);
    }

    // FAULTS HB7
    #[tokio::test]
    async fn a_block_is_held_until_the_slowest_has_heard_it_and_no_longer() {
        let blocks = Arc::new(Blocks::new());
        let (mut quick, mut slow) = (Listening::to(&blocks), Listening::to(&blocks));
        let inside = || {
            let held = blocks.held.lock().expect("nobody panicked");
            (held.blocks.len(), held.bytes)
        };
        (1..=3).for_each(|height| blocks.tell(&block(height), 10));
        for height in 1..=3 {
            assert_eq!(quick.recv().await.expect("it is held").header.height, Height(height));
        }
        assert_eq!(inside(), (3, 30), "one has heard none of them");
        assert_eq!(slow.recv().await.expect("it is held").header.height, Height(1));
        assert_eq!(inside(), (2, 20));
        drop(slow);
        blocks.tell(&block(4), 10);
        assert_eq!(quick.recv().await.expect("it is held").header.height, Height(4));
        assert_eq!(inside(), (0, 0));
        drop(blocks);
        assert!(matches!(quick.recv().await, Err(RecvError::Closed)), "a listener keeps no channel open");
    }

    #[test]
    fn final_blocks_that_the_store_lacks_are_bounded_and_the_newest_stay() {
        let notices = Notices::new();
        (1..=DECIDED_MAX as u64 + 10).for_each(|height| notices.decided(block(height)));
        let heights: Vec<u64> = notices.read_decided().blocks.iter().map(|told| told.header.height.0).collect();
        assert_eq!(heights, (11..=DECIDED_MAX as u64 + 10).collect::<Vec<_>>());
    }
}
