//! The HTTP API: REST under `/api/v1`, streams, health and metrics, described by OpenAPI 3.1 at `/api/v1/openapi.json`.
//!
//! One file per resource; the routes stand in one table (`routes.rs`). It reads through the [`Port`] and must not know threads,
//! peers' messages or rules of modules. Every answer is bounded; every error has one shape (`error.rs`).

#![expect(unused_qualifications, reason = "the expansion of utoipa's derives qualifies names")]

mod accounts;
mod assets;
mod blocks;
mod described;
mod events;
mod fees;
mod foreign;
mod guard;
mod guests;
mod health;
mod listener;
mod long;
pub mod models;
mod node;
mod openapi;
mod proofs;
mod queries;
mod read;
mod rooms;
mod routes;
mod stream;
mod submit;
mod transactions;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use service::http::{Reads, Routes};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::config::ApiSettings;
use crate::metrics::Metrics;
use crate::shell::Port;

/// How long requests under way may take when the node stops.
const DRAIN_MAX: Duration = Duration::from_secs(3);

/// What every handler has.
#[derive(Clone)]
pub(crate) struct AppState {
    /// The rest of the node.
    pub(crate) port: Port,
    /// All routes described, those of services too.
    pub(crate) described: Bytes,
    /// Threads that check signatures of what is handed in.
    pub(crate) checkers: Arc<rayon::ThreadPool>,
    /// How many checks may be under way.
    pub(crate) checks: Arc<Semaphore>,
    /// Turns of those who read the store.
    pub(crate) reads: Reads,
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
    probes: Option<Probes>,
    guards: Vec<Arc<guard::Guard>>,
}

/// The listener for health and metrics: a thread of its own.
struct Probes {
    address: SocketAddr,
    thread: std::thread::JoinHandle<()>,
    guard: Arc<guard::Guard>,
}

/// Batches whose signatures are checked at once; more are told to come again.
const CHECKS_MAX: usize = 64;
/// Connections of those who ask for health and metrics only.
const PROBES_MAX: usize = 32;

/// The sockets that are bound already.
pub(crate) struct Listeners {
    /// For everything.
    pub(crate) api: TcpListener,
    /// For health and metrics only.
    pub(crate) probes: Option<TcpListener>,
}

impl Api {
    /// Serves on listeners that are bound already.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn start(
        runtime: &Runtime,
        listeners: Listeners,
        port: Port,
        services: &[(&'static str, Routes)],
        settings: &ApiSettings,
    ) -> std::io::Result<Self> {
        let Listeners { api: listener, probes } = listeners;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let checkers = rayon::ThreadPoolBuilder::new()
            .num_threads(std::thread::available_parallelism().map_or(2, usize::from).min(8))
            .stack_size(1024 * 1024)
            .thread_name(|number| format!("checker-{number}"))
            .build()
            .map_err(std::io::Error::other)?;
        let metrics = port.metrics.clone();
        let guard = Arc::new(guard::Guard::new(address, settings, metrics.clone()));
        let state = AppState {
            described: openapi::text(&port.registry, services, &described::Chain::new(port.chain_id, &port.genesis)),
            reads: port.reads.clone(),
            port,
            checkers: Arc::new(checkers),
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            streams: Arc::new(Semaphore::new(usize::try_from(settings.streams_max).unwrap_or(usize::MAX >> 4))),
            stopping: stopping.clone(),
        };
        // Whoever reads through the API takes no turn of theirs.
        let own = AppState { reads: Reads::new(1), ..state.clone() };
        let probes = probes.map(|listener| Probes::start(listener, own, settings, metrics)).transpose()?;
        let app =
            routes::router(state, services, guard.clone()).into_make_service_with_connect_info::<listener::Caller>();
        let _inside = runtime.enter();
        let door = listener::Door::new(tokio::net::TcpListener::from_std(listener)?);
        let server = runtime.spawn(async move {
            if let Err(error) = axum::serve(door, app).with_graceful_shutdown(ended(stopping)).await {
                tracing::error!(%error, "the API ended");
            }
        });
        let guards = probes.iter().map(|probes| probes.guard.clone()).chain([guard]).collect();
        Ok(Self { address, stop, server, probes, guards })
    }

    /// Takes the names and origins of settings that were read anew.
    pub(crate) fn reload(&self, settings: &ApiSettings) {
        self.guards.iter().for_each(|guard| guard.reload(settings));
    }

    /// Turns true when the node stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where health and metrics are served by themselves.
    #[must_use]
    pub fn probes_address(&self) -> Option<SocketAddr> {
        self.probes.as_ref().map(|probes| probes.address)
    }

    /// Takes no more requests, ends streams, and lets requests under way end.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(DRAIN_MAX, &mut self.server).await.is_err() {
            self.server.abort();
        }
        if let Some(probes) = self.probes {
            // It has been told to end, and leaves nothing that waits.
            let _ = probes.thread.join();
        }
    }
}

impl Probes {
    fn start(
        listener: TcpListener,
        state: AppState,
        settings: &ApiSettings,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let mut stopping = state.stopping.clone();
        let guard = Arc::new(guard::Guard::new(address, settings, metrics));
        let app = routes::probes(state, guard.clone()).into_make_service_with_connect_info::<listener::Caller>();
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build()?;
        let door = {
            let _inside = runtime.enter();
            listener::Door::with_places(tokio::net::TcpListener::from_std(listener)?, PROBES_MAX)
        };
        let serve = async move {
            tokio::select! {
                ended = std::future::IntoFuture::into_future(axum::serve(door, app)) => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "the listener for metrics ended");
                    }
                }
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        };
        let thread =
            std::thread::Builder::new().name("metrics".to_owned()).stack_size(512 * 1024).spawn(move || {
                runtime.block_on(serve);
                runtime.shutdown_background();
            })?;
        Ok(Self { address, thread, guard })
    }
}

/// Ends when the node stops: a sender that is gone means that the node is gone.
async fn ended(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
