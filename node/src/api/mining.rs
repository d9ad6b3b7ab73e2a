//! Mining without Stratum, what the chain knows of mining, and the statistics of this node's port for miners.
//!
//! The chain is asked through the registry; rules are the module's. Statistics come in the two shapes that dashboards of miners
//! read: ckpool's and public-pool's. It must not know either shape: the crate `stratum` does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use execution::QueryError;
use mining::WorkProof;
use pow::{Coinbase, SearchSpace, Target, WorkHeader};
use replica::CallRefusal;
use serde::Deserialize;
use serde_json::Value;
use stratum::Server;
use stratum::report;
use types::{ByteString, Hash32, List};
use utoipa::IntoParams;

use super::AppState;
use super::error::ApiError;
use super::listener::Caller;
use super::models::{AnchorResponse, ErrorResponse, ProofAccepted, ProofRequest, WorkResponse};
use super::payouts::port_of;
use super::request::{Body, Params, Path, address};
use super::routes::off_thread;
use crate::mining::{Offer, builder_of, offer};
use crate::shell::Port;

const MODULE: &str = "mining";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkParams {
    /// Whom the work is to pay.
    #[param(format = "address")]
    address: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WindowParams {
    /// The first share's number.
    from: Option<u64>,
    /// Most shares in the answer.
    limit: Option<u64>,
}

/// What to mine for an address: all that a header needs. The coinbase is `coinbase1`, 12 bytes of the miner's choice, `coinbase2`;
/// its double SHA-256 is the header's Merkle root.
#[utoipa::path(get, path = "/api/mining/work", tag = "mining", params(WorkParams), responses(
    (status = 200, body = WorkResponse), (status = 400, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(crate) async fn work(
    State(state): State<AppState>,
    Params(params): Params<WorkParams>,
) -> Result<Json<WorkResponse>, ApiError> {
    off_thread(&state, move |port| {
        let payee = address(&params.address, port.genesis.network)?;
        let found = offer(port).map_err(|error| unexpected(&error))?.ok_or_else(behind)?;
        describe(port, &found, payee).ok_or_else(|| unexpected("the chain's target is none")).map(Json)
    })
    .await
}

fn describe(port: &Port, found: &Offer, payee: types::Address) -> Option<WorkResponse> {
    let template = found.template(port)?;
    let task = mining::template(&found.terms, port.chain_id, payee, found.anchor_block)?;
    // No other node gives out the same work.
    let space = SearchSpace { builder: builder_of(port.network.key()), ..SearchSpace::default() };
    let parts = task.commitment.coinbase_parts_in(b"Thronos", space).ok()?;
    Some(WorkResponse {
        chain_id: port.chain_id,
        work_height: template.work_height,
        version: template.version,
        previous: Hash32(template.previous),
        bits: format!("{:08x}", template.bits.0),
        target: shown(task.target),
        share_target: shown(task.share_target),
        difficulty: task.target.difficulty().to_string(),
        share_difficulty: task.share_target.difficulty().to_string(),
        time: template.time,
        time_min: template.time_min,
        time_max: template.time_max,
        work_from: found.terms.work_from,
        expires_ms: template.expires_ms,
        anchor: AnchorResponse { height: found.anchor_block.height, hash: found.anchor_block.hash },
        coinbase1: types::to_hex(&parts.coinbase1),
        coinbase2: types::to_hex(&parts.coinbase2),
    })
}

/// A target as people write it: the number's highest digits first.
fn shown(target: Target) -> String {
    let mut bytes = target.to_le_bytes();
    bytes.reverse();
    types::to_hex(&bytes)
}

/// Hands in a proof; 202 when it waits for a block. The hash decides whether it is a work or a share.
#[utoipa::path(post, path = "/api/mining/submit", tag = "mining", request_body = ProofRequest, responses(
    (status = 202, body = ProofAccepted), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 422, body = ErrorResponse), (status = 429, body = ErrorResponse)))]
pub(crate) async fn submit(
    State(state): State<AppState>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Body(request): Body<ProofRequest>,
) -> Result<(StatusCode, Json<ProofAccepted>), ApiError> {
    if state.port.read_only {
        return Err(ApiError::read_only());
    }
    let proof = read_proof(&request)?;
    let header = WorkHeader::from_bytes(&proof.header);
    Coinbase::parse(&proof.coinbase).map_err(|error| malformed("coinbase", &error.to_string()))?;
    let now_ms = state.port.unix_ms();
    if let Some(until_ms) = state.miners.banned_until(&caller.0, now_ms) {
        let left_s = until_ms.saturating_sub(now_ms).div_ceil(1_000);
        let message = format!("too many wrong proofs came from {}; none is taken from there for {left_s} s", caller.0);
        let hint = "check what the miner does; /api/mining/work tells what is asked for";
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "banned", message, hint));
    }
    match state.port.submit_call(proof.to_system_call()).await? {
        Ok(()) => {
            let digest = header.hash();
            let is_work = Target::from_compact(header.bits).is_ok_and(|target| target.is_met_by(&digest));
            let kind = if is_work { "work" } else { "share" }.to_owned();
            Ok((StatusCode::ACCEPTED, Json(ProofAccepted { hash: Hash32(digest), kind })))
        }
        Err(refusal) => {
            if matches!(refusal, CallRefusal::NotAdmitted(_)) {
                state.miners.wrong(caller.0, now_ms);
            }
            Err(refused(&state.port, &refusal))
        }
    }
}

fn read_proof(request: &ProofRequest) -> Result<WorkProof, ApiError> {
    let bytes = |name: &str, text: &str| hex::decode(text).map_err(|error| malformed(name, &error.to_string()));
    let header = bytes("header", &request.header)?;
    let header = header.try_into().map_err(|_| malformed("header", "it is not 80 bytes long"))?;
    let coinbase = ByteString::new(bytes("coinbase", &request.coinbase)?);
    let coinbase = coinbase.map_err(|_| malformed("coinbase", "it is longer than a coinbase may be"))?;
    let branch =
        List::new(request.branch.clone()).map_err(|_| malformed("branch", "it is longer than a branch may be"))?;
    Ok(WorkProof { header, anchor: request.anchor, coinbase, branch })
}

fn malformed(name: &str, what: &str) -> ApiError {
    ApiError::bad("malformed_proof", format!("`{name}`: {what}"), "see /docs for the form of a proof")
}

fn refused(port: &Port, refusal: &CallRefusal) -> ApiError {
    match refusal {
        CallRefusal::NotAdmitted(reject) => ApiError::reject(&port.registry, *reject),
        CallRefusal::Known => ApiError::new(
            StatusCode::CONFLICT,
            "already_known",
            "the proof is known already",
            "nothing: it is on its way",
        ),
        CallRefusal::Full => ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "calls_full",
            "too many proofs wait for a block",
            "hand it in again after the next block",
        ),
    }
}

/// The work chain: height, difficulty, reward, the window, what is issued.
#[utoipa::path(get, path = "/api/mining/info", tag = "mining", responses((status = 200, body = Object)))]
pub(crate) async fn info(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    ask(&state, "info", BTreeMap::new()).await
}

/// The newest shares, over which rewards are spread.
#[utoipa::path(get, path = "/api/mining/window", tag = "mining", params(WindowParams),
    responses((status = 200, body = Vec<Object>), (status = 400, body = ErrorResponse)))]
pub(crate) async fn window(
    State(state): State<AppState>,
    Params(params): Params<WindowParams>,
) -> Result<Json<Value>, ApiError> {
    let given = [("from", params.from), ("limit", params.limit)];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())));
    ask(&state, "window", given.collect()).await
}

/// What an address has earned and not claimed, and its weight in the window.
#[utoipa::path(get, path = "/api/mining/accounts/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address.", format = "address")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse)))]
pub(crate) async fn account(State(state): State<AppState>, Path(text): Path<String>) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, state.port.genesis.network)?;
    let payee =
        serde_json::to_value(payee).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    ask(&state, "account", BTreeMap::from([("address".to_owned(), payee)])).await
}

async fn ask(
    state: &AppState,
    name: &'static str,
    arguments: BTreeMap<String, String>,
) -> Result<Json<Value>, ApiError> {
    off_thread(state, move |port| {
        let view = port.store.view()?;
        let answer = port.registry.query(&view, MODULE, name, &arguments);
        answer.map(Json).map_err(|error| match error {
            QueryError::NotFound(what) => ApiError::not_found(what, "see /docs"),
            error => ApiError::bad("bad_query", error.to_string(), "see /docs"),
        })
    })
    .await
}

/// The port's statistics as ckpool writes them for a pool.
#[utoipa::path(get, path = "/api/mining/pool", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(crate) async fn pool(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    tell(&state, |server| Some(report::ckpool_pool(server))).await
}

/// The port's statistics as ckpool's file `pool.status`: three objects, one on a line.
#[utoipa::path(get, path = "/api/mining/pool.status", tag = "mining",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = ErrorResponse)))]
pub(crate) async fn pool_status(State(state): State<AppState>) -> Result<String, ApiError> {
    let Json(told) = tell(&state, |server| Some(Value::String(report::ckpool_status(server)))).await?;
    Ok(told.as_str().unwrap_or_default().to_owned())
}

/// An address's statistics as ckpool writes them for a user.
#[utoipa::path(get, path = "/api/mining/users/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn user(State(state): State<AppState>, Path(text): Path<String>) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, state.port.genesis.network)?;
    tell(&state, move |server| report::ckpool_user(server, payee)).await
}

/// The port in the shape of public-pool: programs of miners and blocks found.
#[utoipa::path(get, path = "/api/info", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(crate) async fn public_info(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    tell(&state, |server| Some(report::public_info(server))).await
}

/// The port in the shape of public-pool: rate and miners.
#[utoipa::path(get, path = "/api/pool", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(crate) async fn public_pool(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    tell(&state, |server| Some(report::public_pool(server))).await
}

/// The work chain in the shape of public-pool.
#[utoipa::path(get, path = "/api/network", tag = "mining",
    responses((status = 200, body = Object), (status = 404, body = ErrorResponse)))]
pub(crate) async fn public_network(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let chain = String::from_utf8_lossy(&state.port.genesis.name).into_owned();
    tell(&state, move |server| Some(report::public_network(server, &chain))).await
}

/// An address's miners in the shape of public-pool.
#[utoipa::path(get, path = "/api/client/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn public_client(
    State(state): State<AppState>,
    Path(text): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, state.port.genesis.network)?;
    tell(&state, move |server| Some(report::public_client(server, payee))).await
}

/// One miner in the shape of public-pool.
#[utoipa::path(get, path = "/api/client/{address}/{worker}", tag = "mining",
    params(("address" = String, Path, description = "The address that is paid.", format = "address"),
           ("worker" = String, Path, description = "The miner's name.")),
    responses((status = 200, body = Object), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn public_worker(
    State(state): State<AppState>,
    Path((text, worker)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let payee = address(&text, state.port.genesis.network)?;
    tell(&state, move |server| report::public_worker(server, payee, &worker)).await
}

/// Asks the service between two of its batches.
async fn tell(
    state: &AppState,
    question: impl FnOnce(&Server) -> Option<Value> + Send + 'static,
) -> Result<Json<Value>, ApiError> {
    match port_of(state)?.ask(question).await {
        Some(Some(answer)) => Ok(Json(answer)),
        Some(None) => Err(ApiError::not_found("nobody has mined for this address here", "check the address")),
        None => Err(crate::shell::Unavailable::Stopping.into()),
    }
}

fn behind() -> ApiError {
    let hint = "wait until /readyz says that it is ready, or ask another node";
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "syncing",
        "this node is behind the chain and has nothing to mine",
        hint,
    )
}

fn unexpected(error: &str) -> ApiError {
    tracing::error!(error, "the chain's terms for mining cannot be read");
    let hint = "ask another node; the operator finds the reason in this node's log";
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "the node cannot read what is to be mined",
        hint,
    )
}
