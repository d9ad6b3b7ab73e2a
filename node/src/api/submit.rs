//! Handing in transactions: checked at once, and told at once why not.
//!
//! They come as JSON, each in hexadecimal digits, or as canonical bytes: the chain's id and what is signed for it. Bytes,
//! form and signatures are checked on threads of their own; the pool has the last word. Nothing is changed by a
//! transaction that is refused.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use borsh::BorshDeserialize;
use execution::CheckedTransaction;
use mempool::PoolReject;
use rayon::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use types::{Canonical, ChainId, Hash32, List, Transaction, limits};

use super::AppState;
use super::models::{
    BatchAnswer, BatchRefusal, BatchRefusals, BatchRequest, BatchResponse, BatchResult, ErrorResponse,
    SimulateResponse, SubmitRequest, SubmitResponse,
};
use super::read;
use super::routes::off_thread;
use crate::shell::Port;
use service::http::{ApiError, hint_of};
use service::http::{JsonBody, JsonOrBytes};

/// Most transactions of a batch.
const BATCH_MAX: usize = 1_000;
/// Signatures that one checker takes at once.
const CHECK_PART: usize = 64;

/// Hands in a transaction; 202 when it waits for a block. As `application/octet-stream`: the chain's id (32 bytes), then
/// the transaction's canonical bytes.
#[utoipa::path(post, path = "/api/v1/transactions", tag = "transactions",
    request_body(content((SubmitRequest = "application/json"), (Vec<u8> = "application/octet-stream"))), responses(
    (status = 202, body = SubmitResponse), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 422, body = ErrorResponse), (status = 429, body = ErrorResponse)))]
pub(crate) async fn one(
    State(state): State<AppState>,
    request: JsonOrBytes<SubmitRequest>,
) -> Result<(StatusCode, Json<SubmitResponse>), ApiError> {
    let given = match request {
        JsonOrBytes::Json(request) => {
            may_write(&state, request.chain_id)?;
            Given::Texts(vec![request.transaction])
        }
        JsonOrBytes::Bytes(bytes) => {
            may_write(&state, chain_of(&bytes)?)?;
            Given::One(bytes)
        }
    };
    let checked = check(&state, given).await?.pop().expect("one was given")?;
    let id = checked.id;
    let result = state.port.submit(vec![checked]).await?.pop();
    match result {
        Some(Ok(_)) => Ok((StatusCode::ACCEPTED, Json(SubmitResponse { id }))),
        Some(Err(reject)) => Err(pool_error(&reject)),
        None => Err(service::chain::Unavailable::Stopping.into()),
    }
}

/// Hands in up to 1,000 transactions; each has a result of its own, in order. As `application/octet-stream`: the chain's
/// id (32 bytes), the number of transactions (4 bytes, little-endian) and their canonical bytes one after the other; the
/// answer then names only those that were refused.
#[utoipa::path(post, path = "/api/v1/transactions/batch", tag = "transactions",
    request_body(content((BatchRequest = "application/json"), (Vec<u8> = "application/octet-stream"))), responses(
    (status = 200, body = BatchAnswer), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse)))]
pub(crate) async fn batch(
    State(state): State<AppState>,
    request: JsonOrBytes<BatchRequest>,
) -> Result<Json<BatchAnswer>, ApiError> {
    let is_json = matches!(request, JsonOrBytes::Json(_));
    let (given, count) = match request {
        JsonOrBytes::Json(request) => {
            may_write(&state, request.chain_id)?;
            let count = request.transactions.len();
            (Given::Texts(request.transactions), count)
        }
        JsonOrBytes::Bytes(bytes) => {
            may_write(&state, chain_of(&bytes)?)?;
            let count = count_of(&bytes)?;
            (Given::Batch(bytes), count)
        }
    };
    if count == 0 || count > BATCH_MAX {
        let message = format!("the batch has {count} transactions");
        return Err(ApiError::bad("bad_batch", message, format!("give 1 to {BATCH_MAX}")));
    }
    let checked = check(&state, given).await?;
    let good: Vec<Arc<CheckedTransaction>> = checked.iter().flatten().cloned().collect();
    let pooled = if good.is_empty() { Vec::new() } else { state.port.submit(good).await? };
    let results = join(checked, pooled);
    Ok(Json(if is_json { each(results) } else { refusals(results) }))
}

/// An item's id, when its bytes could be read, and why it was refused.
type Item = (Option<Hash32>, Option<ErrorResponse>);

/// What the checks and the pool said, item by item.
fn join(checked: Vec<Checked>, pooled: Vec<Result<Hash32, PoolReject>>) -> Vec<Item> {
    let mut pooled = pooled.into_iter();
    let item = |checked: Checked| match checked {
        Err(error) => (None, Some(error.into_body())),
        Ok(checked) => {
            let error = match pooled.next() {
                Some(Ok(_)) => None,
                Some(Err(reject)) => Some(pool_error(&reject).into_body()),
                None => Some(ApiError::from(service::chain::Unavailable::Stopping).into_body()),
            };
            (Some(checked.id), error)
        }
    };
    checked.into_iter().map(item).collect()
}

fn accepted(items: &[Item]) -> u32 {
    u32::try_from(items.iter().filter(|(_, error)| error.is_none()).count()).unwrap_or(u32::MAX)
}

fn each(items: Vec<Item>) -> BatchAnswer {
    let accepted = accepted(&items);
    let results = items.into_iter().map(|(id, error)| BatchResult { id, error }).collect();
    BatchAnswer::Each(BatchResponse { accepted, results })
}

fn refusals(items: Vec<Item>) -> BatchAnswer {
    let accepted = accepted(&items);
    let refused = (0..).zip(items).filter_map(|(place, (_, error))| Some(BatchRefusal { place, error: error? }));
    BatchAnswer::Refusals(BatchRefusals { accepted, refused: refused.collect() })
}

/// What would become of a transaction, without handing it in.
#[utoipa::path(post, path = "/api/v1/transactions/simulate", tag = "transactions", request_body = SubmitRequest, responses(
    (status = 200, body = SimulateResponse), (status = 400, body = ErrorResponse), (status = 422, body = ErrorResponse)))]
pub(crate) async fn simulate(
    State(state): State<AppState>,
    JsonBody(request): JsonBody<SubmitRequest>,
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

/// The chain that canonical bytes begin with.
fn chain_of(bytes: &[u8]) -> Result<ChainId, ApiError> {
    let chain = bytes.get(..Hash32::LENGTH).and_then(Hash32::from_slice);
    chain.map(ChainId).ok_or_else(|| malformed_bytes("the chain's id is missing"))
}

/// How many transactions follow the chain's id.
fn count_of(bytes: &[u8]) -> Result<usize, ApiError> {
    let count = bytes.get(Hash32::LENGTH..).and_then(|rest| rest.first_chunk::<4>());
    count.map(|count| u32::from_le_bytes(*count) as usize).ok_or_else(|| malformed_bytes("their number is missing"))
}

fn malformed_bytes(what: &str) -> ApiError {
    let hint = "give the chain's id and the canonical bytes of what was signed for it; see /docs";
    ApiError::bad("malformed_transaction", format!("the transactions cannot be read: {what}"), hint)
}

/// What follows the chain's id, to the last byte.
fn decode_bytes<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, ApiError> {
    let rest = bytes.get(Hash32::LENGTH..).unwrap_or_default();
    T::try_from_slice(rest).map_err(|error| malformed_bytes(&error.to_string()))
}

fn decode(text: &str) -> Result<Transaction, ApiError> {
    if text.len() > limits::TRANSACTION_BYTES_MAX * 2 {
        return Err(oversize(text.len() / 2));
    }
    let malformed = |what: String| {
        let hint = "give the transaction's canonical bytes as hexadecimal digits";
        ApiError::bad("malformed_transaction", format!("the transaction cannot be read: {what}"), hint)
    };
    let bytes = hex::decode(text).map_err(|error| malformed(error.to_string()))?;
    Transaction::from_canonical(&bytes).map_err(|error| malformed(error.to_string()))
}

fn oversize(bytes: usize) -> ApiError {
    let message = format!("the transaction has {bytes} bytes, at most {} are allowed", limits::TRANSACTION_BYTES_MAX);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "oversize", message, "split it into several")
}

/// Transactions as they were given.
enum Given {
    /// Each in hexadecimal digits.
    Texts(Vec<String>),
    /// A chain's id and one transaction.
    One(Bytes),
    /// A chain's id and a list.
    Batch(Bytes),
}

impl Given {
    fn decode(self) -> Result<Vec<Result<Transaction, ApiError>>, ApiError> {
        match self {
            Self::Texts(texts) => Ok(texts.into_par_iter().map(|text| decode(&text)).collect()),
            Self::One(bytes) => {
                let length = bytes.len().saturating_sub(Hash32::LENGTH);
                if length > limits::TRANSACTION_BYTES_MAX {
                    return Err(oversize(length));
                }
                Ok(vec![Ok(decode_bytes(&bytes)?)])
            }
            Self::Batch(bytes) => {
                let all: List<Transaction, BATCH_MAX> = decode_bytes(&bytes)?;
                Ok(all.into_vec().into_iter().map(Ok).collect())
            }
        }
    }
}

/// 409, 422, 429 or 503: the pool refuses the transaction.
fn pool_error(reject: &PoolReject) -> ApiError {
    let status = match reject {
        PoolReject::AlreadyKnown | PoolReject::ReplacementUnderpriced { .. } => StatusCode::CONFLICT,
        PoolReject::PoolFull | PoolReject::SenderLimit { .. } | PoolReject::PeerLimit { .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        PoolReject::Busy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    ApiError::new(status, reject.name(), reject.to_string(), hint_of(reject.name()))
}

type Checked = Result<Arc<CheckedTransaction>, ApiError>;

/// Everything that can be said of transactions without the state, on the checkers' threads.
async fn check(state: &AppState, given: Given) -> Result<Vec<Checked>, ApiError> {
    let Ok(room) = state.checks.clone().try_acquire_owned() else {
        return Err(service::chain::Unavailable::Busy.into());
    };
    let (answer, results) = tokio::sync::oneshot::channel();
    let port = state.port.clone();
    state.checkers.spawn(move || {
        let results = given.decode().map(|decoded| check_all(&port, decoded));
        drop(room);
        // Whoever asked may have gone away.
        let _ = answer.send(results);
    });
    results.await.map_err(|_| service::chain::Unavailable::Stopping)?
}

/// Form, then signatures, but for those that were checked before.
fn check_all(port: &Port, decoded: Vec<Result<Transaction, ApiError>>) -> Vec<Checked> {
    let refusal = |reject| ApiError::reject(&port.registry, reject);
    let check = |decoded: Vec<Result<Transaction, ApiError>>| {
        let mut unread = Vec::with_capacity(decoded.len());
        let mut read = Vec::with_capacity(decoded.len());
        for transaction in decoded {
            unread.push(transaction.map(|transaction| read.push(Arc::new(transaction))).err());
        }
        let formed = read.into_iter().map(|transaction| port.registry.check(port.chain_id, transaction)).collect();
        let mut checked = port.verified.check_signatures(formed).into_iter();
        let answer = |unread: Option<ApiError>| match unread {
            Some(error) => Some(Err(error)),
            None => checked.next().map(|checked| checked.map(Arc::new).map_err(refusal)),
        };
        unread.into_iter().filter_map(answer).collect::<Vec<Checked>>()
    };
    decoded.into_par_iter().chunks(CHECK_PART).flat_map_iter(check).collect()
}
