//! The shell: sockets, TLS and threads around the [`Server`].
//!
//! One thread owns the server. It takes what has arrived meanwhile as one batch, has the batch's shares written and
//! synced once, and only then lets the answers out, so that an accepted share costs a fraction of a sync and is never
//! lost. Every connection is a task with no buffer of its own while it is silent.
//!
//! It must not know the rules of the protocol; what it needs from outside are the ports in `ports.rs`.

mod connection;
mod core;
mod folder;
mod listener;
mod plain;
mod ports;
mod receipts;

use std::io;
use std::sync::Arc;

use crypto::merkle::MerkleProof;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
pub use tokio_rustls::rustls;
use types::{Address, Hash32, SystemCall};

pub use folder::FolderShares;
pub use ports::{Admission, Later, Ports, ProofSink, Shares, WorkSource};
pub use receipts::{ReceiptsError, ReceiptsFolder, look_at_receipts};

use crate::attest::{AttestTerms, NotBegun};
use crate::book::{BookError, Closed, Settlement};
use crate::config::{Config, ConfigError};
use crate::ledger::LedgerError;
use crate::server::Server;
use crate::{Event, Receipt};

use self::core::{Core, Message, Outside};
use self::receipts::Writer;

/// Messages that may wait for the core before connections have to.
const MESSAGES_MAX: usize = 4_096;

/// A bound socket and the port of the configuration that it serves.
pub struct Socket {
    /// Accepts the miners.
    pub listener: TcpListener,
    /// The index in [`Config::ports`].
    pub port: usize,
    /// Certificate and key, where miners speak TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// Why the service could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The stored shares cannot be read back.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A disk failed. Shares that were not confirmed may be lost, none that was.
    #[error("the share ledger cannot be written or read: {0}")]
    Disk(#[from] io::Error),
    /// The core panicked.
    #[error("the Stratum core stopped unexpectedly")]
    Core,
}

/// A running service.
pub struct Service {
    handle: Handle,
    at_start: AtStart,
    tasks: Vec<JoinHandle<()>>,
    /// Nothing once its end was told.
    core: Option<JoinHandle<Result<(), ServiceError>>>,
    waiting: Vec<SystemCall>,
}

/// How much the book had when it was read, before anything was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtStart {
    /// Its entries.
    pub sequence: u64,
    /// The incomes among them.
    pub incomes: usize,
}

/// A way to ask a running service.
#[derive(Clone)]
pub struct Handle {
    messages: mpsc::Sender<Message>,
    receipts: Option<ReceiptsFolder>,
    /// One at a time reads receipts: they may be many.
    turns: Arc<Semaphore>,
}

/// A receipt with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What was counted.
    pub receipt: Receipt,
    /// The root of the receipts of its work.
    pub root: Hash32,
    /// From the receipt to the root.
    pub proof: MerkleProof,
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum NoReceipt {
    /// The service stopped.
    #[error("the port for miners stops")]
    Stopped,
    /// The work is not closed yet, or its receipts are not kept.
    #[error("the receipts of work {0} are not kept here")]
    NotKept(u64),
    /// The address had nothing in the window of that work.
    #[error("the address has no weight in the window of work {0}")]
    NotInWindow(u64),
    /// They cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReceiptsError),
}

impl Service {
    /// Reads the ledger and serves the sockets. `secret` has to be random; `clock` gives milliseconds since 1970. Has
    /// to be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ServiceError`] for wrong settings and for a ledger that cannot be read. Of a damaged one the whole part is used, and all of it is
    /// kept.
    pub fn start(
        config: Config,
        secret: [u8; 32],
        sockets: Vec<Socket>,
        ports: Ports,
        clock: fn() -> u64,
    ) -> Result<Self, ServiceError> {
        let Ports { work, proofs, mut shares, receipts, events, admission } = ports;
        let (recovered, damage) = crate::ledger::recover_whole(&shares.load()?);
        if let Some(error) = damage {
            let kept = shares.set_aside()?;
            events(&Event::LedgerDamaged { error, kept });
        }
        let (messages, inbox) = mpsc::channel(MESSAGES_MAX);
        let writing = receipts.clone().map(|folder| write_receipts(folder, recovered.closed.as_ref(), &messages));
        let writing = writing.transpose()?;
        shares.checkpoint(&crate::ledger::snapshot(&recovered.book, &recovered.proofs))?;
        let at_start = AtStart { sequence: recovered.book.sequence(), incomes: recovered.book.incomes() };
        let waiting = recovered.proofs.iter().map(|proof| proof.call.clone()).collect();
        let numbers = listener::Numbers::new(&config);
        let server = Server::new(config, secret, recovered.book, clock())?;
        let core = Core::new(
            server,
            recovered.proofs,
            shares,
            Outside { proofs, events, admission, receipts: writing },
            messages.downgrade(),
            clock,
        );
        let core = tokio::task::spawn_blocking(move || core.run(inbox));
        let mut tasks = vec![
            tokio::spawn(ports::watch_work(work, messages.clone())),
            tokio::spawn(ports::watch_clock(messages.clone())),
        ];
        for socket in sockets {
            tasks.push(tokio::spawn(listener::accept(socket, numbers.clone(), messages.clone())));
        }
        let handle = Handle { messages, receipts, turns: Arc::new(Semaphore::new(1)) };
        Ok(Self { handle, at_start, tasks, core: Some(core), waiting })
    }

    /// The proofs from before this start that may still have to be in a block, oldest first; once.
    pub fn take_waiting(&mut self) -> Vec<SystemCall> {
        std::mem::take(&mut self.waiting)
    }

    /// How much the book had when it was read. One that was put back from an older copy shows that here alone: it grows with each share.
    #[must_use]
    pub const fn at_start(&self) -> AtStart {
        self.at_start
    }

    /// A way to ask it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Accepts nobody any more, asks miners to reconnect, waits until they are gone (five seconds at most), and writes
    /// everything down.
    ///
    /// # Errors
    /// [`ServiceError`] of the disk, then or earlier.
    pub async fn stop(self) -> Result<(), ServiceError> {
        for task in self.tasks.iter().skip(2) {
            task.abort();
        }
        // A core that stopped by itself takes no message; its own error says why.
        let _ = self.handle.messages.send(Message::Drain).await;
        let ended = match self.core {
            Some(core) => core.await.map_err(|_| ServiceError::Core)?,
            None => Ok(()),
        };
        self.tasks.iter().for_each(JoinHandle::abort);
        ended
    }

    /// Waits until the service stops by itself, which only a fault makes it do, and tells it once.
    ///
    /// # Errors
    /// [`ServiceError`] that says which.
    pub async fn failed(&mut self) -> Result<(), ServiceError> {
        let Some(core) = &mut self.core else { return Ok(()) };
        let ended = core.await.map_err(|_| ServiceError::Core);
        self.core = None;
        ended?
    }
}

impl Handle {
    /// Runs a function on the server between two batches, when all that it shows is on the disk, for reports and metrics; nothing if the service stopped.
    pub async fn ask<T: Send + 'static>(&self, question: impl FnOnce(&Server) -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let question = Box::new(move |server: &Server| drop(answer.send(question(server))));
        self.messages.send(Message::Ask(question)).await.ok()?;
        answered.await.ok()
    }

    /// Begins an attestation of a device's work; nothing if the service stopped.
    pub async fn attest(&self, terms: AttestTerms) -> Option<Result<(), NotBegun>> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Attest { terms, answer }).await.ok()?;
        answered.await.ok()
    }

    /// Has the server look at its clock, as it does by itself each second: for whoever drives the clock. Nothing if the service stopped.
    pub async fn tick(&self) -> Option<()> {
        self.messages.send(Message::Tick).await.ok()
    }

    /// These proofs are in a block, or can be in none any more: the next start does not offer them again. Nothing if the service stopped.
    pub async fn settled(&self, calls: Vec<SystemCall>) -> Option<()> {
        self.messages.send(Message::Settled(calls)).await.ok()
    }

    /// The closed works whose receipts are kept, the newest first.
    #[must_use]
    pub fn receipts(&self) -> Vec<u64> {
        self.receipts.as_ref().map(ReceiptsFolder::works).unwrap_or_default()
    }

    /// Those of them that have a receipt of this address, and a root in the book; nothing if the service stopped.
    pub async fn receipts_of(&self, address: Address) -> Option<Vec<u64>> {
        let Some(folder) = self.receipts.clone() else { return Some(Vec::new()) };
        let turn = self.turns.clone().acquire_owned().await.ok()?;
        let read = tokio::task::spawn_blocking(move || {
            let works = folder.works_of(&address);
            // As when a receipt is proven.
            drop(turn);
            works
        });
        let works = read.await.ok()?;
        self.ask(move |server| works.into_iter().filter(|work| server.book().root_of(*work).is_some()).collect()).await
    }

    /// Proves the receipt of an address for a closed work.
    ///
    /// # Errors
    /// [`NoReceipt`].
    pub async fn prove(&self, work_height: u64, address: Address) -> Result<Proven, NoReceipt> {
        let root = self.ask(move |server| server.book().root_of(work_height)).await.ok_or(NoReceipt::Stopped)?;
        let (Some(root), Some(folder)) = (root, self.receipts.clone()) else {
            return Err(NoReceipt::NotKept(work_height));
        };
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| NoReceipt::Stopped)?;
        let read = tokio::task::spawn_blocking(move || {
            let found = folder.read(&root).map(|receipts| receipts.map(|receipts| receipts.prove(&address)));
            // The turn ends with the work, also when nobody waits for it any more.
            drop(turn);
            found
        });
        let found = match read.await.map_err(|_| NoReceipt::Stopped)? {
            Err(ReceiptsError::Damaged { work_height, kept }) => {
                let event = Event::ReceiptsDamaged { work_height, kept: kept.clone() };
                // A service that stops tells nothing any more.
                let _ = self.messages.send(Message::Tell(event)).await;
                Err(ReceiptsError::Damaged { work_height, kept })
            }
            other => other,
        }?;
        let (receipt, proof) =
            found.ok_or(NoReceipt::NotKept(work_height))?.ok_or(NoReceipt::NotInWindow(work_height))?;
        Ok(Proven { receipt, root: root.root, proof })
    }

    /// Shares out an income over the window, durably, and says what is kept of it; nothing if the service stopped.
    pub async fn income(&self, reference: Hash32, amount: u128, fee: u128) -> Option<Result<u128, BookError>> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Income { reference, amount, fee, answer }).await.ok()?;
        answered.await.ok()
    }

    /// Notes a payment, durably, and says what its address is still owed; nothing if the service stopped.
    pub async fn paid(&self, payment: Settlement) -> Option<Result<u128, BookError>> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Paid { payment, answer }).await.ok()?;
        answered.await.ok()
    }
}

/// Begins to write receipts, with those that a crash may have kept from it.
fn write_receipts(
    folder: ReceiptsFolder,
    closed: Option<&Closed>,
    messages: &mpsc::Sender<Message>,
) -> io::Result<(ReceiptsFolder, Writer)> {
    if let Some(closed) = closed {
        // Nothing waits yet.
        folder.hand(closed);
    }
    let messages = messages.downgrade();
    let writer = folder.start_writing(move |work_height, error| {
        let event = Event::ReceiptsLost { work_height, error: error.to_string() };
        if let Some(messages) = messages.upgrade() {
            // The core waits for this thread when it ends, so this thread does not wait for the core.
            let _ = messages.try_send(Message::Tell(event));
        }
    })?;
    Ok((folder, writer))
}
