//! What a node does for a service: it gives it the chain, a folder and a life, asks its routes and reads its metrics.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry as Metrics;
use serde_json::Value;
use service::http::{Reads, Routes};
use service::{Ground, Life, Service, ServiceFault, State};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;
use types::PeerKey;

use crate::{MemoryNetwork, TryoutChain};

/// Longest answer of a route that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest that an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// From one question to the next.
const BETWEEN: Duration = Duration::from_millis(2);

/// What a service is given: this chain, this folder, no account, and nobody at the other end of a stream. For more, give `streams` of
/// a host of a [`MemoryNetwork`].
#[must_use]
pub fn ground(chain: &Arc<TryoutChain>, folder: &Path) -> Ground {
    Ground {
        chain: Arc::<TryoutChain>::clone(chain),
        folder: folder.to_path_buf(),
        account: None,
        streams: Arc::new(MemoryNetwork::new().join(PeerKey([0; 32]), &[])),
        reads: Reads::new(1),
        entropy: [7; 32],
    }
}

/// A service that lives.
pub struct Running {
    states: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ServiceFault>>,
}

impl Running {
    /// Starts it.
    #[must_use]
    pub fn start<S: Service>(service: S) -> Self {
        let (state, states) = watch::channel(State::Starting);
        let (stop, stopped) = watch::channel(false);
        Self { states, stop, task: tokio::spawn(Service::run(service, Life::new(state, stopped))) }
    }

    /// Waits until it says that it works.
    ///
    /// # Panics
    /// It ends before.
    pub async fn ready(&mut self) {
        self.states.wait_for(|state| *state == State::Ready).await.expect("it works before it ends");
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// The fault with which it ends.
    ///
    /// # Panics
    /// It panicked.
    pub async fn stop(self) -> Result<(), ServiceFault> {
        self.stop.send_replace(true);
        self.task.await.expect("it does not panic")
    }
}

/// Asks a route of a service: status, and the answer as JSON; null when it is none.
///
/// # Panics
/// The path is no path.
pub async fn get(routes: &Routes, path: &str) -> (StatusCode, Value) {
    let mut router = axum::Router::new();
    for route in routes.own.iter().chain(&routes.foreign) {
        for at in route.paths() {
            router = router.route(at, route.handlers());
        }
    }
    let request = Request::get(path).body(Body::empty()).expect("a path of a URL");
    let answer = router.oneshot(request).await.expect("a router answers everything");
    let status = answer.status();
    let body = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.expect("an answer in memory can be read");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Asks a route again and again until its answer is as it should be, and returns it.
///
/// # Panics
/// It is not within a minute; the sentence shows the last answer.
pub async fn answered(routes: &Routes, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut turns = tokio::time::interval(BETWEEN);
    let begun = Instant::now();
    loop {
        turns.tick().await;
        let (status, answer) = get(routes, path).await;
        if status == StatusCode::OK && is_so(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{path} still answers {status} {answer}");
    }
}

/// What a service measures.
pub struct Measured(Metrics);

impl Measured {
    /// Has the service register it.
    #[must_use]
    pub fn of<S: Service>(service: &S) -> Self {
        let mut registry = Metrics::with_prefix("thronos");
        service::AnyService::measure(service, &mut registry);
        Self(registry)
    }

    /// As `/metrics` shows it now.
    ///
    /// # Panics
    /// A metric cannot be written.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.0).expect("writing to memory cannot fail");
        text
    }
}
