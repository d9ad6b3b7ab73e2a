//! What the service needs from the node.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use types::SystemCall;

use crate::attest::MiningDevice;
use crate::ledger::Stored;
use crate::refusal::Refusal;
use crate::server::{Event, Proof, Verdict};
use crate::template::Template;
use crate::worker::Worker;

use super::core::Message;
use super::receipts::ReceiptsFolder;

/// An answer that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The latest template; nothing until the chain has one.
pub type WorkSource = watch::Receiver<Option<Arc<Template>>>;

/// Where proofs go.
pub trait ProofSink: Send + Sync + 'static {
    /// The proof as a block would have it; nothing if no block can.
    fn call(&self, proof: &Proof) -> Option<SystemCall>;

    /// Hands what became of a proof to the chain, and says what the chain made of it. It is in the ledger by then.
    fn submit(&self, proof: &Proof, call: SystemCall) -> Later<Verdict>;
}

/// Who else decides whether a worker may mine.
pub trait Admission: Send + Sync + 'static {
    /// Whether this worker may mine, and as which device, where its password names one; or why not. [`Refusal::Busy`] where nobody can
    /// say so now: then a login is to be tried again, and a connection that mines goes on.
    fn ask(&self, worker: Worker, ip: IpAddr, device: Option<String>) -> Later<Result<Option<MiningDevice>, Refusal>>;
}

/// The disk of the share ledger. Its calls block.
pub trait Shares: Send + 'static {
    /// What is stored.
    ///
    /// # Errors
    /// When it cannot be read.
    fn load(&mut self) -> io::Result<Stored>;

    /// Appends to the journal; durable when it returns.
    ///
    /// # Errors
    /// When it cannot be written or synced. The service then stops and does not try again.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Puts a new snapshot in the place of the old one, durably and wholly or not at all, and then empties the journal.
    ///
    /// # Errors
    /// When it cannot be written or synced.
    fn checkpoint(&mut self, snapshot: &[u8]) -> io::Result<()>;

    /// Keeps what is stored, because it is damaged, under other names, which it gives. It stays stored until the next snapshot is in its
    /// place.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn set_aside(&mut self) -> io::Result<Vec<String>>;
}

/// Everything that the service needs.
pub struct Ports {
    /// Templates.
    pub work: WorkSource,
    /// The chain.
    pub proofs: Arc<dyn ProofSink>,
    /// The disk.
    pub shares: Box<dyn Shares>,
    /// Where the receipts of closed works are kept; without it nobody can prove one.
    pub receipts: Option<ReceiptsFolder>,
    /// Hears of every event, on the core's thread: it must not block.
    pub events: Box<dyn Fn(&Event) + Send>,
    /// Asked at each login that names a device, again and again while it mines, and at each other if
    /// [`crate::Config::asks_admission`] says so; without it such logins are refused.
    pub admission: Option<Arc<dyn Admission>>,
}

/// Hands on every template until one of both sides is gone.
pub(super) async fn watch_work(mut work: WorkSource, messages: mpsc::Sender<Message>) {
    loop {
        let template = work.borrow_and_update().clone();
        if let Some(template) = template
            && messages.send(Message::Template(template)).await.is_err()
        {
            return;
        }
        if work.changed().await.is_err() {
            return;
        }
    }
}

/// A tick every second.
pub(super) async fn watch_clock(messages: mpsc::Sender<Message>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if messages.send(Message::Tick).await.is_err() {
            return;
        }
    }
}
