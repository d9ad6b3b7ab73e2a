//! The chain as a service sees it. `node` implements it over the store and the replica, tests over a made-up chain.
//!
//! It must not know threads, files or peers. Invariant: what a [`Follower`] gives are final blocks, in order, each at least once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::StatusCode;
use execution::{Registry, Reject, StateView};
use tokio::sync::watch;
use types::{
    Address, Body, ChainId, Genesis, Hash32, Header, Height, Nonce, PeerKey, Receipt, SystemCall, Transaction,
};

/// What comes later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The node cannot be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too much waits for it.
    #[error("the node has too much to do")]
    Busy,
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
    /// There is no room for it on the disk.
    #[error("the node's disk is full: it answers and takes nothing in")]
    DiskFull,
    /// The store cannot be read; the node's log says why.
    #[error("the node cannot read its store")]
    Unreadable,
}

/// Why the chain does not take something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {sentence}")]
pub struct Refused {
    /// A stable name.
    pub code: &'static str,
    /// What is wrong.
    pub sentence: String,
    /// What kind of reason it is.
    pub reason: Reason,
}

/// Kinds of reasons why the chain does not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A rule refuses it: it will not be taken later either, unless the state changes.
    Rule(Reject),
    /// The pool refuses it for what the account has or has sent.
    Pool,
    /// It waits for a block already, or stands in one.
    Known,
    /// No room now: it may be taken after the next block.
    Full,
    /// The node is busy, stopping or without room: see [`Unavailable`].
    Unavailable(Unavailable),
}

impl Reason {
    /// The status of HTTP that says it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Rule(_) | Self::Pool => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Known => StatusCode::CONFLICT,
            Self::Full => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<Unavailable> for Refused {
    fn from(error: Unavailable) -> Self {
        let code = match error {
            Unavailable::Busy => "busy",
            Unavailable::Stopping => "stopping",
            Unavailable::DiskFull => "disk_full",
            Unavailable::Unreadable => "store_unavailable",
        };
        Self { code, sentence: error.to_string(), reason: Reason::Unavailable(error) }
    }
}

/// A block that is final and in the store, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The header's hash.
    pub hash: Hash32,
    /// The header.
    pub header: Header,
}

/// A final block with what it did.
#[derive(Clone, Debug)]
pub struct ChainBlock {
    /// The header's hash.
    pub hash: Hash32,
    /// The header.
    pub header: Header,
    /// Transactions and system calls.
    pub body: Arc<Body>,
    /// A receipt for each of them.
    pub receipts: Arc<Vec<Receipt>>,
}

/// A transaction that is in a final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncludedTransaction {
    /// Its id.
    pub id: Hash32,
    /// The block.
    pub height: Height,
    /// As in its receipt: 0 when all calls were executed, otherwise the reject.
    pub code: u32,
}

/// The state after one block.
pub struct StateAt {
    /// The block.
    pub head: Head,
    /// The state: it does not change while it is held.
    pub view: Box<dyn StateView>,
}

/// Where the node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStanding {
    /// Whether it knows of blocks that it lacks, or hears nobody though it is not alone.
    pub is_behind: bool,
    /// Whether it refuses every write.
    pub is_read_only: bool,
}

/// The chain.
pub trait Chain: Send + Sync + 'static {
    /// Its id.
    fn id(&self) -> ChainId;
    /// What it began with.
    fn genesis(&self) -> &Genesis;
    /// The rules.
    fn registry(&self) -> &Registry;
    /// The node's own network key.
    fn own_peer(&self) -> PeerKey;
    /// Unix time in ms.
    fn now_ms(&self) -> u64;
    /// Where the node stands.
    fn standing(&self) -> NodeStanding;
    /// The state after the newest block in the store. Reads the disk.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn state(&self) -> Result<StateAt, Unavailable>;
    /// A final block without its body; nothing above the newest. Reads the disk.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn head(&self, height: Height) -> Result<Option<Head>, Unavailable>;
    /// A final block; nothing above the newest. Reads the disk.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn block(&self, height: Height) -> Result<Option<Arc<ChainBlock>>, Unavailable>;
    /// A transaction by its id; nothing while it is in no block of the store. Reads the disk.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn transaction(&self, id: &Hash32) -> Result<Option<IncludedTransaction>, Unavailable>;
    /// The transaction that used a nonce of an account; nothing when the history that is kept of the account does not hold it, which
    /// says nothing. Reads the disk, as many blocks as stand between.
    ///
    /// # Errors
    /// [`Unavailable`].
    fn user_of_nonce(&self, sender: &Address, nonce: Nonce) -> Result<Option<IncludedTransaction>, Unavailable>;
    /// The newest height that is final, certified and in the store.
    fn heads(&self) -> watch::Receiver<Height>;
    /// Offers a signed transaction to the pool.
    fn submit(&self, transaction: Transaction) -> Later<'_, Result<Hash32, Refused>>;
    /// Offers a system call for the next blocks.
    fn submit_system(&self, call: SystemCall) -> Later<'_, Result<(), Refused>>;
}

/// Final blocks in order: what was missed comes from the store by the same path as what is new.
pub struct Follower {
    chain: Arc<dyn Chain>,
    heads: watch::Receiver<Height>,
    next: Height,
}

impl Follower {
    /// Begins with the block at `next`.
    #[must_use]
    pub fn new(chain: Arc<dyn Chain>, next: Height) -> Self {
        let heads = chain.heads();
        Self { chain, heads, next }
    }

    /// Begins with the first block that comes from now on.
    #[must_use]
    pub fn from_now(chain: Arc<dyn Chain>) -> Self {
        let heads = chain.heads();
        let next = Height(heads.borrow().0.saturating_add(1));
        Self { chain, heads, next }
    }

    /// The height of the block that comes next.
    #[must_use]
    pub const fn next_height(&self) -> Height {
        self.next
    }

    /// The next block, as soon as it is final and in the store. Nothing is lost when this is dropped before it is ready.
    ///
    /// # Errors
    /// [`Unavailable::Stopping`] when the node has gone.
    pub async fn next(&mut self) -> Result<Arc<ChainBlock>, Unavailable> {
        loop {
            if *self.heads.borrow_and_update() >= self.next {
                let (chain, height) = (self.chain.clone(), self.next);
                let read = tokio::task::spawn_blocking(move || chain.block(height)).await;
                if let Some(block) = read.map_err(|_| Unavailable::Stopping)?? {
                    self.next = Height(self.next.0.saturating_add(1));
                    return Ok(block);
                }
            }
            // A sender that is gone means that the node is gone.
            self.heads.changed().await.map_err(|_| Unavailable::Stopping)?;
        }
    }
}
