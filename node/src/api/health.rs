//! Is the node alive, is it ready, which version, and what it measures.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::AppState;
use super::models::{ReadyResponse, VersionResponse};
use crate::shell::Told;

/// 200 while the process goes round.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = String), (status = 503, body = String)))]
pub(crate) async fn live(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.port.is_alive() {
        (StatusCode::OK, "alive\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the thread that owns the replica does not go round\n")
    }
}

/// 200 when the node serves the chain's present and, as a validator, votes; otherwise 503 with the reasons.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = ReadyResponse), (status = 503, body = ReadyResponse)))]
pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<ReadyResponse>) {
    let condition = state.port.condition();
    let sentences = |told: &Told| told.sentence.clone();
    let mut reasons: Vec<String> = condition.reasons().map(sentences).collect();
    if *state.stopping.borrow() {
        reasons.push("the node is stopping".to_owned());
    }
    let ready = reasons.is_empty();
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let warnings = condition.warnings().map(sentences).collect();
    (code, Json(ReadyResponse { ready, sentence: condition.sentence, reasons, warnings }))
}

/// Everything measured, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, content_type = "application/openmetrics-text", body = String)))]
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let snapshot = state.port.snapshot.borrow().clone();
    let port = &state.port;
    let counts = port.network.counts();
    let text = port.metrics.text(&snapshot, &port.condition(), &port.room, port.network.peers().len(), &counts);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// The version.
#[utoipa::path(get, path = "/version", tag = "health", responses((status = 200, body = VersionResponse)))]
pub(crate) async fn version() -> Json<VersionResponse> {
    Json(VersionResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol_version: execution::PROTOCOL_VERSION,
    })
}
