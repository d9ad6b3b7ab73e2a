//! The node's side of mining: a port for machines that speak Stratum, and what miners without it ask of the API.
//!
//! It joins the crate `stratum`, which knows what miners say, with the chain, whose module `mining` knows what a proof is worth:
//! `work.rs` makes templates of the newest state, `proofs.rs` hands what was found to the replica, `kept.rs` keeps it until it
//! must be in a block, `settings.rs` reads the operator's wishes. It must not know the protocol nor the rules.

mod exposition;
mod kept;
mod patience;
mod proofs;
mod settings;
mod work;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use p2p::Reminder;
use stratum::service::{FolderShares, Handle, Ports, ReceiptsFolder, Service, ServiceError, Socket};
use stratum::{CloseReason, Event};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::StratumSettings;
use crate::shell::{Faults, Port};

pub(crate) use exposition::exposition;
pub(crate) use patience::Patience;
pub(crate) use settings::builder_of;
pub(crate) use settings::{BoundPorts, SettingsError, check};
pub(crate) use work::{Offer, offer};

use kept::Kept;
use proofs::ToReplica;

/// A running port for miners.
pub(crate) struct MiningService {
    runtime: Runtime,
    service: JoinHandle<()>,
    handle: Handle,
    stop: watch::Sender<bool>,
    /// Addresses it listens on, for the log and for tests.
    pub(crate) addresses: Vec<std::net::SocketAddr>,
}

/// Why the port for miners does not open.
#[derive(Debug, thiserror::Error)]
pub enum MiningError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The service refuses its settings, or its shares cannot be read.
    #[error("the Stratum service cannot start: {0}")]
    Service(#[from] ServiceError),
    /// The directory for shares cannot be used.
    #[error("`{path}` cannot be used for shares: {error}")]
    Folder {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system gives no threads.
    #[error("the operating system gives no more threads: {0}")]
    Threads(std::io::Error),
    /// The system gives no entropy.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyFileError),
}

impl MiningService {
    /// Serves the ports that are bound already. Shares and proofs are kept in `folder`.
    ///
    /// # Errors
    /// [`MiningError`].
    pub(crate) fn start(
        bound: BoundPorts,
        settings: &StratumSettings,
        port: &Port,
        faults: &Faults,
        folder: PathBuf,
    ) -> Result<Self, MiningError> {
        let in_folder = |error| MiningError::Folder { path: folder.clone(), error };
        let shares = FolderShares::open(&folder).map_err(in_folder)?;
        let receipts = ReceiptsFolder::open(folder.join("receipts")).map_err(in_folder)?;
        let (kept, waiting) = Kept::open(&folder.join("proofs")).map_err(in_folder)?;
        let waiting = proofs::of_use(waiting);
        if !waiting.is_empty() {
            tracing::info!(proofs = waiting.len(), "proofs from before the stop are handed in again");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("stratum")
            .enable_all()
            .build()
            .map_err(MiningError::Threads)?;
        let inside = runtime.enter();
        let kept = Arc::new(kept);
        let (offers, work) = watch::channel(None);
        let ports = Ports {
            work,
            proofs: Arc::new(ToReplica::new(port.clone(), kept.clone())),
            shares: Box::new(shares),
            receipts: Some(receipts),
            events: Box::new(teller()),
            admission: None,
        };
        let addresses = bound.addresses();
        let config = settings::service_config(settings, port.genesis.network, port.network.key())?;
        let sockets: Vec<Socket> = bound.into_sockets()?;
        let service = Service::start(config, *crate::keys::entropy()?, sockets, ports, unix_ms)?;
        let handle = service.handle();
        let (stop, stopping) = watch::channel(false);
        let (begin, may_begin) = watch::channel(waiting.is_empty());
        tokio::spawn(work::follow(port.clone(), offers, kept, may_begin, stopping.clone()));
        tokio::spawn(proofs::hand_in_again(port.clone(), waiting, begin));
        let service = tokio::spawn(watch_over(service, faults.clone(), stopping));
        drop(inside);
        for address in &addresses {
            tracing::info!(%address, "miners may connect");
        }
        Ok(Self { runtime, service, handle, stop, addresses })
    }

    /// A way to ask it.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Lets miners go and writes everything down.
    pub(crate) fn stop(self) {
        self.stop.send_replace(true);
        // A task that panicked has been reported.
        let _ = self.runtime.block_on(self.service);
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    }
}

/// Waits until the service is to stop, or stops by itself, which is a fault of this machine.
async fn watch_over(mut service: Service, faults: Faults, mut stopping: watch::Receiver<bool>) {
    let failed = tokio::select! {
        // A sender that is gone means that the node is gone.
        _ = stopping.wait_for(|stopping| *stopping) => None,
        failed = service.failed() => Some(failed),
    };
    let ended = match failed {
        Some(failed) => failed,
        None => service.stop().await,
    };
    if let Err(error) = ended {
        faults.report(format!("the port for miners: {error}"));
    }
}

/// Looks at what is kept for miners, and says what is torn and what is wrong. A start goes on without either.
pub(crate) fn look(folder: &Path, torn: &mut Vec<String>, wrong: &mut Vec<String>) {
    let file = |name: &str| match std::fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", folder.join(name).display())),
    };
    match file("proofs").map(|bytes| kept::fault_of(&bytes.unwrap_or_default())) {
        Ok(None) => {}
        Ok(Some((true, what))) => torn.push(format!("{}: {what}", folder.join("proofs").display())),
        Ok(Some((false, what))) => wrong.push(format!("{}: {what}", folder.join("proofs").display())),
        Err(what) => wrong.push(what),
    }
    match (file("shares.snapshot"), file("shares.journal")) {
        (Ok(snapshot), Ok(journal)) => {
            let stored = stratum::ledger::Stored { snapshot, journal: journal.unwrap_or_default() };
            match stratum::ledger::recover_whole(&stored) {
                (_, Some(error)) => {
                    let is_snapshot = matches!(error, stratum::ledger::LedgerError::Snapshot(_));
                    let name = if is_snapshot { "shares.snapshot" } else { "shares.journal" };
                    wrong.push(format!("{}: {error}", folder.join(name).display()));
                }
                (recovered, None) => {
                    if recovered.torn_bytes > 0 {
                        let (path, bytes) = (folder.join("shares.journal"), recovered.torn_bytes);
                        torn.push(format!("{}: {bytes} bytes are an incomplete end", path.display()));
                    }
                    let receipts = folder.join("receipts");
                    let looked = stratum::service::look_at_receipts(&receipts, |work| recovered.book.root_of(work));
                    match looked {
                        Ok(damaged) => wrong.extend(damaged),
                        Err(error) => wrong.push(format!("{}: {error}", receipts.display())),
                    }
                }
            }
        }
        (snapshot, journal) => wrong.extend([snapshot.err(), journal.err()].into_iter().flatten()),
    }
}

/// What the operator hears of it. What miners can bring about is said once a minute, with the number of times it was not.
fn teller() -> impl Fn(&Event) + Send + Sync {
    let reminder = Mutex::new(Reminder::default());
    move |event| tell(event, &reminder)
}

/// Names of workers were made printable when they were read.
fn tell(event: &Event, reminder: &Mutex<Reminder>) {
    let is_due = |what| reminder.lock().unwrap_or_else(PoisonError::into_inner).about(what, unix_ms());
    match event {
        Event::Authorized { worker, ip } => {
            tracing::debug!(worker = %worker.name, address = ?worker.address, %ip, "a worker may mine");
        }
        Event::Banned { worker, ip, reason } => {
            let worker = worker.as_ref().map(|worker| worker.name.to_string());
            let reason = CloseReason::name(*reason);
            match is_due(reason) {
                Some(withheld) => {
                    tracing::warn!(worker, %ip, reason, withheld, "a worker is sent away for five minutes")
                }
                None => tracing::debug!(worker, %ip, reason, "a worker is sent away for five minutes"),
            }
        }
        Event::Receipts(closed) => {
            let (work_height, root) = (closed.work_height, closed.receipts.root());
            tracing::debug!(work_height, %root, "the receipts of a work are fixed");
        }
        Event::ReceiptsLost { work_height, error } => match is_due("receipts") {
            Some(withheld) => {
                tracing::error!(
                    work_height,
                    error,
                    withheld,
                    "the receipts of a work cannot be kept: only their root is"
                )
            }
            None => tracing::debug!(work_height, error, "the receipts of a work cannot be kept: only their root is"),
        },
        Event::ReceiptsDamaged { work_height, kept } => {
            tracing::error!(
                work_height,
                kept,
                "the receipts of a work were damaged and set aside: none of them can be proven"
            );
        }
        Event::OldTemplate { work_height } => tracing::debug!(work_height, "a template came late"),
        Event::LedgerDamaged { error, kept } => {
            let kept = kept.join(", ");
            tracing::error!(%error, kept, "mining goes on with what is whole; what a pool owed by the rest stands in the files that were kept");
        }
        Event::Refused(error) => tracing::warn!(%error, "an entry does not fit the book of shares"),
    }
}

fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
