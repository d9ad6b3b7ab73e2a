//! Mining without Stratum, and what the chain knows of mining.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execution::{Module, ModuleView, Reject};
use mining::{AnchorResponse, Earned, Mining, MiningReject, ProofAccepted, ProofRequest, WorkProof, WorkResponse};
use pow::{Coinbase, SearchSpace, Target, WorkHeader};
use serde::Deserialize;
use service::chain::{Chain, Reason};
use service::http::{ApiError, Client, ErrorResponse, JsonBody, Params, Path, address};
use types::{Address, ByteString, Hash32, List};
use utoipa::IntoParams;

use super::Api;
use crate::patience::is_wrong_in_itself;
use crate::settings::builder_of;
use crate::work::{Offer, offer};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WorkParams {
    /// Whom the work is to pay.
    #[param(format = "address")]
    address: String,
}

/// What to mine for an address: all that a header needs. The coinbase is `coinbase1`, 12 bytes of the miner's choice, `coinbase2`;
/// its double SHA-256 is the header's Merkle root.
#[utoipa::path(get, path = "/api/v1/mining/work", tag = "mining", params(WorkParams), responses(
    (status = 200, body = WorkResponse), (status = 400, body = ErrorResponse), (status = 503, body = ErrorResponse)))]
pub(super) async fn work(
    State(api): State<Api>,
    Params(params): Params<WorkParams>,
) -> Result<Json<WorkResponse>, ApiError> {
    let chain = api.chain.clone();
    api.reads
        .read(move || {
            let payee = address(&params.address, chain.genesis().network)?;
            let found = offer(&*chain)?.ok_or_else(behind)?;
            describe(&*chain, &found, payee).ok_or_else(no_target).map(Json)
        })
        .await
}

fn describe(chain: &dyn Chain, found: &Offer, payee: Address) -> Option<WorkResponse> {
    let template = found.template(chain)?;
    let task = mining::template(&found.terms, chain.id(), payee, found.anchor_block)?;
    // No other node gives out the same work.
    let space = SearchSpace { builder: builder_of(chain.own_peer()), ..SearchSpace::default() };
    let parts = task.commitment.coinbase_parts_in(b"Thronos", space).ok()?;
    Some(WorkResponse {
        chain_id: chain.id(),
        work_height: template.work_height,
        version: template.version,
        previous: Hash32(template.previous),
        bits: template.bits,
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
#[utoipa::path(post, path = "/api/v1/mining/submit", tag = "mining", request_body = ProofRequest, responses(
    (status = 202, body = ProofAccepted), (status = 400, body = ErrorResponse), (status = 403, body = ErrorResponse),
    (status = 409, body = ErrorResponse), (status = 422, body = ErrorResponse), (status = 429, body = ErrorResponse)))]
pub(super) async fn submit(
    State(api): State<Api>,
    client: Client,
    JsonBody(request): JsonBody<ProofRequest>,
) -> Result<(StatusCode, Json<ProofAccepted>), ApiError> {
    let proof = read_proof(&request)?;
    let header = WorkHeader::from_bytes(&proof.header);
    Coinbase::parse(&proof.coinbase).map_err(|error| malformed("coinbase", &error.to_string()))?;
    let now_ms = api.chain.now_ms();
    if let Some(until_ms) = api.miners.banned_until(&client.0, now_ms) {
        let left_s = until_ms.saturating_sub(now_ms).div_ceil(1_000);
        let message = format!("too many wrong proofs came from {}; none is taken from there for {left_s} s", client.0);
        let hint = "check what the miner does; /api/v1/mining/work tells what is asked for";
        let refused = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "banned", message, hint);
        return Err(refused.retry_after(u32::try_from(left_s).unwrap_or(u32::MAX)));
    }
    match api.chain.submit_system(proof.to_system_call()).await {
        Ok(()) => {
            let digest = header.hash();
            let is_work = Target::from_compact(header.bits).is_ok_and(|target| target.is_met_by(&digest));
            let kind = if is_work { "work" } else { "share" }.to_owned();
            Ok((StatusCode::ACCEPTED, Json(ProofAccepted { hash: Hash32(digest), kind })))
        }
        Err(refused) => {
            let Reason::Rule(reject) = refused.reason else { return Err(refused.into()) };
            if is_wrong_in_itself(reject) {
                api.miners.wrong(client.0, now_ms);
            }
            Err(ApiError::from(refused).with_hint(what_helps(reject)))
        }
    }
}

/// What a miner whose proof is refused does about it.
fn what_helps(reject: Reject) -> &'static str {
    let is = |one: MiningReject| Reject::from(one) == reject;
    if is(MiningReject::AboveTarget) {
        "hand in only headers whose hash is at most the `share_target` of /api/v1/mining/work"
    } else if is(MiningReject::Duplicate) {
        "nothing: it is counted; go on with another nonce"
    } else if is(MiningReject::TooSoon) {
        "hand it in again in a few seconds"
    } else if is(MiningReject::SharesFull) {
        "go on mining: a header that meets `target`, a work, is still taken"
    } else if is_wrong_in_itself(reject) {
        "build header and coinbase from what /api/v1/mining/work gives, and change only what it leaves to the miner"
    } else {
        "ask /api/v1/mining/work again, and mine what it gives then"
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

/// What an address has earned and not claimed, and its weight in the window.
#[utoipa::path(get, path = "/api/v1/mining/accounts/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address.", format = "address")),
    responses((status = 200, body = Earned), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(super) async fn account(State(api): State<Api>, Path(text): Path<String>) -> Result<Json<Earned>, ApiError> {
    let payee = address(&text, api.network())?;
    let chain = api.chain.clone();
    api.reads
        .read(move || {
            let state = chain.state()?;
            let mining = ModuleView::new(&*state.view, Mining::ID);
            if !mining.runs() {
                return Err(ApiError::not_found(
                    "this chain does not run the module `mining`",
                    "ask a node of another chain",
                ));
            }
            Ok(Json(mining::account(&mining, &payee)))
        })
        .await
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

fn no_target() -> ApiError {
    tracing::error!("the chain's target is none");
    let hint = "ask another node; the operator finds the reason in this node's log";
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "store_unavailable",
        "the node cannot read what is to be mined",
        hint,
    )
}
