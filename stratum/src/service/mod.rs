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
mod ports;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
pub use tokio_rustls::rustls;

pub use folder::FolderShares;
pub use ports::{Admission, Later, Ports, ProofSink, Shares, WorkSource};

use crate::Event;
use crate::book::BookError;
use crate::config::{Config, ConfigError};
use crate::ledger::LedgerError;
use crate::server::Server;

use self::core::{Core, Message, Outside};

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
    tasks: Vec<JoinHandle<()>>,
    /// Nothing once its end was told.
    core: Option<JoinHandle<Result<(), ServiceError>>>,
}

/// A way to ask a running service.
#[derive(Clone)]
pub struct Handle {
    messages: mpsc::Sender<Message>,
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
        let Ports { work, proofs, mut shares, events, admission } = ports;
        let (recovered, damage) = crate::ledger::recover_whole(&shares.load()?);
        if let Some(error) = damage {
            let kept = shares.set_aside()?;
            events(&Event::LedgerDamaged { error, kept });
        }
        shares.checkpoint(&crate::ledger::snapshot(&recovered.book))?;
        let connections_max = config.connections_max;
        let server = Server::new(config, secret, recovered.book, clock())?;
        let (messages, inbox) = mpsc::channel(MESSAGES_MAX);
        let core = Core::new(server, shares, Outside { proofs, events, admission }, messages.downgrade(), clock);
        let core = tokio::task::spawn_blocking(move || core.run(inbox));
        let mut tasks = vec![
            tokio::spawn(ports::watch_work(work, messages.clone())),
            tokio::spawn(ports::watch_clock(messages.clone())),
        ];
        let numbers = listener::Numbers::new(connections_max);
        for socket in sockets {
            tasks.push(tokio::spawn(listener::accept(socket, numbers.clone(), messages.clone())));
        }
        Ok(Self { handle: Handle { messages }, tasks, core: Some(core) })
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
    /// Runs a function on the server between two batches, for reports and metrics; nothing if the service stopped.
    pub async fn ask<T: Send + 'static>(&self, question: impl FnOnce(&Server) -> T + Send + 'static) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let question = Box::new(move |server: &Server| drop(answer.send(question(server))));
        self.messages.send(Message::Ask(question)).await.ok()?;
        answered.await.ok()
    }

    /// Has the server look at its clock, as it does by itself each second: for whoever drives the clock. Nothing if the service stopped.
    pub async fn tick(&self) -> Option<()> {
        self.messages.send(Message::Tick).await.ok()
    }

    /// Shares out an income over the window, durably; nothing if the service stopped.
    pub async fn income(&self, reference: types::Hash32, amount: u128, fee: u128) -> Option<Result<(), BookError>> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Income { reference, amount, fee, answer }).await.ok()?;
        answered.await.ok()
    }

    /// Notes a payment, durably; nothing if the service stopped.
    pub async fn paid(&self, address: types::Address, amount: u128) -> Option<Result<(), BookError>> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Paid { address, amount, answer }).await.ok()?;
        answered.await.ok()
    }
}
