//! One transaction: where it stands, and waiting until it is final.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use types::Hash32;
use utoipa::IntoParams;

use super::AppState;
use super::models::{ErrorResponse, TransactionResponse, TransactionStatus};
use super::read;
use super::routes::off_thread;
use service::http::ApiError;
use service::http::{Params, Path, hash};

/// Longest wait, in ms.
const WAIT_MS_MAX: u64 = 60_000;
/// How long the store may take to write a block that is final already.
const WRITING_MAX: Duration = Duration::from_secs(1);

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitParams {
    /// Wait so many ms, at most 60,000, for the transaction to become final.
    #[param(maximum = 60000)]
    wait: Option<u64>,
}

/// A transaction by its id; with `wait`, answered as soon as it is final and the certificate that proves it is there.
#[utoipa::path(get, path = "/api/v1/transactions/{id}", tag = "transactions",
    params(("id" = String, Path, description = "The transaction's id.", format = "transaction"), WaitParams),
    responses((status = 200, body = TransactionResponse), (status = 400, body = ErrorResponse)))]
pub(crate) async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Params(params): Params<WaitParams>,
) -> Result<Json<TransactionResponse>, ApiError> {
    let id = hash(&id)?;
    let wait = params.wait.unwrap_or(0);
    if wait > WAIT_MS_MAX {
        let message = format!("the wait is {wait} ms");
        return Err(ApiError::bad("bad_wait", message, format!("wait at most {WAIT_MS_MAX} ms and ask again")));
    }
    if wait > 0 {
        let deadline = Duration::from_millis(wait);
        if let Ok(found) = tokio::time::timeout(deadline, until_final(&state, id)).await {
            return found.map(Json);
        }
    }
    look(&state, id).await.map(Json)
}

/// Waits until the transaction is final, or the node stops.
async fn until_final(state: &AppState, id: Hash32) -> Result<TransactionResponse, ApiError> {
    let mut blocks = state.port.notices.blocks();
    let mut stopping = state.stopping.clone();
    loop {
        let found = look(state, id).await?;
        if is_certified(&found) {
            return Ok(found);
        }
        loop {
            let block = tokio::select! {
                block = blocks.recv() => block,
                _ = stopping.wait_for(|stopping| *stopping) => return Ok(found),
            };
            match block {
                Ok(block) => match read::fresh_transaction(&state.port.registry, &block, &id) {
                    Some(fresh) if is_certified(&fresh) => return Ok(fresh),
                    // The headers that lead to its certificate are in the store, or come with the next blocks.
                    Some(_) => break,
                    None if found.status == TransactionStatus::Final => break,
                    None => {}
                },
                // What was missed is in the store.
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return Ok(found),
            }
        }
    }
}

/// Whether the answer proves what it says.
pub(crate) fn is_certified(found: &TransactionResponse) -> bool {
    found.status == TransactionStatus::Final && found.certificate_hex.is_some()
}

/// Where the transaction stands now.
pub(crate) async fn look(state: &AppState, id: Hash32) -> Result<TransactionResponse, ApiError> {
    if let Some(found) = stored(state, id).await? {
        return Ok(found);
    }
    if let Some(block) = state.port.notices.decided_with(&id)
        && let Some(found) = read::decided_transaction(&state.port.registry, &block, &id)
    {
        return Ok(found);
    }
    let waiting = state
        .port
        .ask(move |replica| {
            let status = replica.status();
            (replica.pooled(&id).map(|pooled| (pooled.wid, pooled.transaction.as_ref().clone())), status.height)
        })
        .await?;
    match waiting {
        (Some(waiting), _) => Ok(read::open_transaction(id, Some(waiting))),
        (None, height) => {
            // It may have left the pool for a block that is being written.
            let mut snapshot = state.port.snapshot.clone();
            let written = snapshot.wait_for(|snapshot| snapshot.status.committed >= height);
            let _ = tokio::time::timeout(WRITING_MAX, written).await;
            Ok(stored(state, id).await?.unwrap_or_else(|| read::open_transaction(id, None)))
        }
    }
}

async fn stored(state: &AppState, id: Hash32) -> Result<Option<TransactionResponse>, ApiError> {
    off_thread(state, move |port| Ok(read::stored_transaction(&port.store, &port.registry, &id)?)).await
}
