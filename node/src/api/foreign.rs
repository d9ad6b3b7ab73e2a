//! Paths of the former systems that their programs still ask, each answered by what answers its sibling under `/api/v1`.
//!
//! New programs use the siblings. All of them stand here, and nothing else does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use service::http::{ApiError, BlockName, Class, JsonOrBytes};
use service::routes;

use super::models::{BlockResponse, ErrorResponse, HealthResponse, SubmitRequest, SubmitResponse};
use super::routes::Row;
use super::{AppState, blocks, health, submit};

/// Every route whose path others prescribe.
pub(super) fn rows() -> Vec<Row> {
    vec![
        (Class::Probe, routes!(of_health)),
        (Class::Read, routes!(latest_block)),
        (Class::Write, routes!(send_transaction)),
    ]
}

/// 200 when the node is ready, otherwise 503, as `/readyz` says it with its reasons. A path of the former systems.
#[utoipa::path(get, path = "/api/health", tag = "former", responses((status = 200, body = HealthResponse), (status = 503, body = HealthResponse)))]
async fn of_health(State(state): State<AppState>) -> (StatusCode, Json<HealthResponse>) {
    let height = state.port.snapshot.borrow().status.height;
    let chain_id = state.port.chain_id;
    let (code, Json(ready)) = health::ready(State(state)).await;
    let status = if ready.ready { "ok" } else { "not_ready" }.to_owned();
    (code, Json(HealthResponse { status, height, chain_id }))
}

/// The newest final block with everything in it, as `/api/v1/blocks/latest`. A path of the former systems.
#[utoipa::path(get, path = "/api/block/latest", tag = "former", responses(
    (status = 200, body = BlockResponse), (status = 404, body = ErrorResponse)))]
async fn latest_block(State(state): State<AppState>) -> Result<Json<BlockResponse>, ApiError> {
    blocks::named(&state, BlockName::Latest).await
}

/// Hands in a transaction, as `/api/v1/transactions`. A path of the former systems.
#[utoipa::path(post, path = "/api/v1/tx/send", tag = "former",
    request_body(content((SubmitRequest = "application/json"), (Vec<u8> = "application/octet-stream"))), responses(
    (status = 202, body = SubmitResponse), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 422, body = ErrorResponse), (status = 429, body = ErrorResponse)))]
async fn send_transaction(
    state: State<AppState>,
    request: JsonOrBytes<SubmitRequest>,
) -> Result<(StatusCode, Json<SubmitResponse>), ApiError> {
    submit::one(state, request).await
}
