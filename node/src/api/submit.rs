//! Handing in transactions: checked at once, and told at once why not.
//!
//! Bytes, form and signatures are checked on threads of their own; the pool has the last word. Nothing is changed by a
//! transaction that is refused.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execution::CheckedTransaction;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use types::{Canonical, ChainId, Transaction, limits};

use super::AppState;
use super::error::ApiError;
use super::models::{
    BatchRequest, BatchResponse, BatchResult, ErrorResponse, SimulateResponse, SubmitRequest, SubmitResponse,
};
use super::read;
use super::request::Body;
use super::routes::off_thread;
use crate::shell::Port;

/// Most transactions of a batch.
const BATCH_MAX: usize = 1_000;

/// Hands in a transaction; 202 when it waits for a block.
#[utoipa::path(post, path = "/api/v1/transactions", tag = "transactions", request_body = SubmitRequest, responses(
    (status = 202, body = SubmitResponse), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 422, body = ErrorResponse)))]
pub(crate) async fn one(
    State(state): State<AppState>,
    Body(request): Body<SubmitRequest>,
) -> Result<(StatusCode, Json<SubmitResponse>), ApiError> {
    may_write(&state, request.chain_id)?;
    let checked = check(&state, vec![request.transaction]).await?.pop().expect("one was given")?;
    let id = checked.id;
    let result = state.port.submit(vec![checked]).await?.pop();
    match result {
        Some(Ok(_)) => Ok((StatusCode::ACCEPTED, Json(SubmitResponse { id }))),
        Some(Err(reject)) => Err(ApiError::pool(&reject)),
        None => Err(crate::shell::Unavailable::Stopping.into()),
    }
}

/// Hands in up to 1,000 transactions; each has a result of its own, in order.
#[utoipa::path(post, path = "/api/v1/transactions/batch", tag = "transactions", request_body = BatchRequest, responses(
    (status = 200, body = BatchResponse), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse)))]
pub(crate) async fn batch(
    State(state): State<AppState>,
    Body(request): Body<BatchRequest>,
) -> Result<Json<BatchResponse>, ApiError> {
    may_write(&state, request.chain_id)?;
    let count = request.transactions.len();
    if count == 0 || count > BATCH_MAX {
        let message = format!("the batch has {count} transactions");
        return Err(ApiError::bad("bad_batch", message, format!("give 1 to {BATCH_MAX}")));
    }
    let checked = check(&state, request.transactions).await?;
    let good: Vec<Arc<CheckedTransaction>> = checked.iter().flatten().cloned().collect();
    let mut pooled = if good.is_empty() { Vec::new() } else { state.port.submit(good).await? }.into_iter();
    let results: Vec<BatchResult> = checked
        .into_iter()
        .map(|checked| match checked {
            Err(error) => BatchResult { id: None, error: Some(error.into_body()) },
            Ok(checked) => {
                let error = match pooled.next() {
                    Some(Ok(_)) => None,
                    Some(Err(reject)) => Some(ApiError::pool(&reject).into_body()),
                    None => Some(ApiError::from(crate::shell::Unavailable::Stopping).into_body()),
                };
                BatchResult { id: Some(checked.id), error }
            }
        })
        .collect();
    let accepted = results.iter().filter(|result| result.error.is_none()).count();
    Ok(Json(BatchResponse { accepted: u32::try_from(accepted).unwrap_or(u32::MAX), results }))
}

/// What would become of a transaction, without handing it in.
#[utoipa::path(post, path = "/api/v1/transactions/simulate", tag = "transactions", request_body = SubmitRequest, responses(
    (status = 200, body = SimulateResponse), (status = 400, body = ErrorResponse), (status = 422, body = ErrorResponse)))]
pub(crate) async fn simulate(
    State(state): State<AppState>,
    Body(request): Body<SubmitRequest>,
) -> Result<Json<SimulateResponse>, ApiError> {
    right_chain(&state.port, request.chain_id)?;
    off_thread(&state, move |port| {
        let transaction = decode(&request.transaction)?;
        // A simulation needs no signature: it is asked before one is made.
        let checked = port.registry.check(port.chain_id, Arc::new(transaction));
        let checked = checked.map_err(|reject| ApiError::reject(&port.registry, reject))?;
        let view = port.store.view()?;
        let receipt = port.registry.simulate(&view, types::TimeMs(port.unix_ms()), &checked);
        let receipt = receipt.map_err(|reject| ApiError::reject(&port.registry, reject))?;
        let receipt = read::receipt(&port.registry, &receipt);
        Ok(Json(SimulateResponse { id: checked.id, height: view.height(), receipt }))
    })
    .await
}

fn may_write(state: &AppState, chain: ChainId) -> Result<(), ApiError> {
    if state.port.read_only {
        return Err(ApiError::read_only());
    }
    right_chain(&state.port, chain)
}

fn right_chain(port: &Port, chain: ChainId) -> Result<(), ApiError> {
    if chain == port.chain_id {
        return Ok(());
    }
    let message = format!("the transaction is for chain {chain}, this is chain {}", port.chain_id);
    Err(ApiError::bad("wrong_chain", message, "ask a node of that chain, or sign the transaction for this one"))
}

fn decode(text: &str) -> Result<Transaction, ApiError> {
    if text.len() > limits::TRANSACTION_BYTES_MAX * 2 {
        let message = format!(
            "the transaction has {} bytes, at most {} are allowed",
            text.len() / 2,
            limits::TRANSACTION_BYTES_MAX
        );
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "oversize", message, "split it into several"));
    }
    let malformed = |what: String| {
        let hint = "give the transaction's canonical bytes as hexadecimal digits";
        ApiError::bad("malformed_transaction", format!("the transaction cannot be read: {what}"), hint)
    };
    let bytes = hex::decode(text).map_err(|error| malformed(error.to_string()))?;
    Transaction::from_canonical(&bytes).map_err(|error| malformed(error.to_string()))
}

type Checked = Result<Arc<CheckedTransaction>, ApiError>;

/// Everything that can be said of transactions without the state, on the checkers' threads.
async fn check(state: &AppState, texts: Vec<String>) -> Result<Vec<Checked>, ApiError> {
    let Ok(room) = state.checks.clone().try_acquire_owned() else {
        return Err(crate::shell::Unavailable::Busy.into());
    };
    let (answer, results) = tokio::sync::oneshot::channel();
    let port = state.port.clone();
    state.checkers.spawn(move || {
        let results: Vec<Checked> = texts.into_par_iter().map(|text| check_one(&port, &text)).collect();
        drop(room);
        // Whoever asked may have gone away.
        let _ = answer.send(results);
    });
    results.await.map_err(|_| crate::shell::Unavailable::Stopping.into())
}

fn check_one(port: &Port, text: &str) -> Checked {
    let transaction = Arc::new(decode(text)?);
    let checked = port.registry.check(port.chain_id, transaction);
    let checked = checked.map_err(|reject| ApiError::reject(&port.registry, reject))?;
    if !port.verified.contains(&checked.facts()) {
        port.registry.check_signatures(&checked).map_err(|reject| ApiError::reject(&port.registry, reject))?;
    }
    Ok(Arc::new(checked))
}
