//! The HTTP API: REST under `/api/v1`, streams, health and metrics, described by OpenAPI 3.1 at `/api/v1/openapi.json`.
//!
//! One file per resource; the routes stand in one table (`routes.rs`). It reads through the [`Port`] and must not know threads,
//! peers' messages or rules of modules. Every answer is bounded; every error has one shape (`error.rs`).

#![expect(unused_qualifications, reason = "the expansion of utoipa's derives qualifies names")]

mod accounts;
mod assets;
mod blocks;
mod described;
mod error;
mod fees;
mod guard;
mod guests;
mod health;
mod listener;
mod mining;
pub mod models;
mod node;
mod openapi;
mod read;
mod request;
mod routes;
mod stream;
mod submit;
mod transactions;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::config::ApiSettings;
use crate::shell::Port;

/// How long requests under way may take when the node stops.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// What every handler has.
#[derive(Clone)]
pub(crate) struct AppState {
    /// The rest of the node.
    pub(crate) port: Port,
    /// The port for miners, if there is one.
    pub(crate) stratum: Option<stratum::service::Handle>,
    /// Patience with miners who hand in proofs without Stratum.
    pub(crate) miners: Arc<crate::mining::Patience>,
    /// Threads that check signatures of what is handed in.
    pub(crate) checkers: Arc<rayon::ThreadPool>,
    /// How many checks may be under way.
    pub(crate) checks: Arc<Semaphore>,
    /// How many may read the store.
    pub(crate) reads: Arc<Semaphore>,
    /// How many streams may be open.
    pub(crate) streams: Arc<Semaphore>,
    /// Turns true when the node stops: streams end then.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// The running API.
pub struct Api {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// Batches whose signatures are checked at once; more are told to come again.
const CHECKS_MAX: usize = 64;
/// Requests that read the store at once; others wait their turn.
const READS_MAX: usize = 8;

impl Api {
    /// Serves on a listener that is bound already.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn start(
        runtime: &Runtime,
        listener: TcpListener,
        port: Port,
        stratum: Option<stratum::service::Handle>,
        settings: &ApiSettings,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let checkers = rayon::ThreadPoolBuilder::new()
            .num_threads(std::thread::available_parallelism().map_or(2, usize::from).min(8))
            .stack_size(1024 * 1024)
            .thread_name(|number| format!("checker-{number}"))
            .build()
            .map_err(std::io::Error::other)?;
        let guard = Arc::new(guard::Guard::new(address, settings, port.metrics.clone()));
        let state = AppState {
            port,
            stratum,
            miners: Arc::default(),
            checkers: Arc::new(checkers),
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            streams: Arc::new(Semaphore::new(usize::try_from(settings.streams_max).unwrap_or(usize::MAX >> 4))),
            stopping: stopping.clone(),
        };
        let app = routes::router(state, guard).into_make_service_with_connect_info::<listener::Caller>();
        let _inside = runtime.enter();
        let door = listener::Door::new(tokio::net::TcpListener::from_std(listener)?);
        let server = runtime.spawn(async move {
            let mut stopping = stopping;
            let ended = async move {
                // A sender that is gone means that the node is gone.
                let _ = stopping.wait_for(|stopping| *stopping).await;
            };
            if let Err(error) = axum::serve(door, app).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the API ended");
            }
        });
        Ok(Self { address, stop, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, ends streams, and lets requests under way end.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(DRAIN_MAX, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}
