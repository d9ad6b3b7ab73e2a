//! Through this the API and the services reach the rest of the node: the store to read, the replica to ask and to submit to.
//!
//! It must not know HTTP. Clones reach the same node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use execution::{CheckedTransaction, Registry};
use mempool::PoolReject;
use p2p::Network;
use replica::{CallRefusal, Replica, Verified};
use service::chain::Unavailable;
use service::http::Reads;
use store::Store;
use tokio::sync::{oneshot, watch};
use types::{ChainId, Genesis, Hash32, SystemCall};

use super::clock::Clock;
use super::inbox::{Entry, InboxSender};
use super::notices::Notices;
use super::room::Room;
use super::snapshot::Snapshot;
use super::{CallSubmission, Submission};
use crate::metrics::Metrics;
use crate::services::States;

/// The consensus thread goes round at least this often; twice as long without a round means that it is stuck.
const ROUND_MS_MAX: u64 = 5_000;

/// What the API may touch of the node.
#[derive(Clone)]
pub struct Port {
    /// The chain.
    pub chain_id: ChainId,
    /// Its genesis.
    pub genesis: Arc<Genesis>,
    /// The rules.
    pub registry: Registry,
    /// Final blocks and state.
    pub store: Store,
    /// Peers.
    pub network: Network,
    /// What becomes known.
    pub notices: Notices,
    /// How the replica is doing.
    pub snapshot: watch::Receiver<Snapshot>,
    /// Which transactions were checked already.
    pub verified: Arc<Verified>,
    /// What is measured.
    pub metrics: Arc<Metrics>,
    /// Whether every write is refused.
    pub read_only: bool,
    /// When an operator last raised the bound of votes, by this machine's clock.
    pub votes_allowed: Option<types::TimeMs>,
    /// Bounds of the pool.
    pub pool_limits: mempool::PoolLimits,
    /// Room on the disk.
    pub room: Room,
    /// Turns of those who read the store for others.
    pub reads: Reads,
    /// How the services are; empty until they run.
    pub(crate) services: Arc<std::sync::OnceLock<States>>,
    pub(crate) inbox: InboxSender,
    pub(crate) clock: Clock,
    pub(crate) heartbeat: Arc<AtomicU64>,
    /// Whether the node was told to stop.
    pub(crate) stopping: Arc<AtomicBool>,
}

impl Port {
    /// Offers transactions to the pool.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn submit(
        &self,
        transactions: Vec<Arc<CheckedTransaction>>,
    ) -> Result<Vec<Result<Hash32, PoolReject>>, Unavailable> {
        self.take_in()?;
        let (answer, results) = oneshot::channel();
        self.send(Entry::Submission(Submission { transactions, answer }))?;
        results.await.map_err(|_| self.why_not_answered())
    }

    /// Offers a system call for the next blocks.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn submit_call(&self, call: SystemCall) -> Result<Result<(), CallRefusal>, Unavailable> {
        self.take_in()?;
        let (answer, result) = oneshot::channel();
        self.send(Entry::Call(CallSubmission { call, answer }))?;
        result.await.map_err(|_| self.why_not_answered())
    }

    /// Asks the replica something between two steps; the question must be quick.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Replica) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, result) = oneshot::channel();
        self.send(Entry::Query(Box::new(move |replica| {
            // Whoever asked may have gone away.
            let _ = answer.send(question(replica));
        })))?;
        result.await.map_err(|_| Unavailable::Stopping)
    }

    /// Unix time in ms.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.clock.now().unix_ms
    }

    /// Whether the thread that owns the replica goes round.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let last = self.heartbeat.load(Ordering::Relaxed);
        self.clock.now().monotonic_ms.saturating_sub(last) < ROUND_MS_MAX
    }

    /// Whether the node was told to stop: then its threads end, and none of them is stuck.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether anything is taken in now.
    fn take_in(&self) -> Result<(), Unavailable> {
        if self.room.is_closed() { Err(Unavailable::DiskFull) } else { Ok(()) }
    }

    /// What was taken in has been let go without an answer.
    fn why_not_answered(&self) -> Unavailable {
        self.take_in().err().unwrap_or(Unavailable::Stopping)
    }

    fn send(&self, entry: Entry) -> Result<(), Unavailable> {
        use tokio::sync::mpsc::error::TrySendError;
        self.inbox.api.try_send(entry).map_err(|error| match error {
            TrySendError::Full(_) => Unavailable::Busy,
            TrySendError::Closed(_) => Unavailable::Stopping,
        })
    }
}
