//! The node itself: status, validators, genesis, pool, peers.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use execution::{NextBlock, StateView, VersionStart, keys};
use replica::Voting;
use serde::Deserialize;
use types::{Canonical, Epoch, Hash32, Height, ValidatorIndex, ValidatorSet};
use utoipa::IntoParams;

use super::AppState;
use super::models::{
    ErrorResponse, HealthStatus, MempoolResponse, NextVersion, PeerResponse, PeersResponse, StatusResponse,
    TroubleStatus, ValidatorResponse, ValidatorsResponse, VotingStatus,
};
use super::read;
use super::routes::off_thread;
use crate::peer_id;
use crate::shell::{Condition, Port, Snapshot, Told};
use service::http::ApiError;
use service::http::Params;

/// Where the node stands.
#[utoipa::path(get, path = "/api/v1/status", tag = "node", responses((status = 200, body = StatusResponse)))]
pub(crate) async fn status(State(state): State<AppState>) -> Result<Json<StatusResponse>, ApiError> {
    let snapshot = state.port.snapshot.borrow().clone();
    off_thread(&state, move |port| {
        let view = port.store.view()?;
        let (next, next_version) = (NextBlock::read(&view), next_version(port, &view));
        let condition = port.condition();
        let role = match (port.read_only, &snapshot.status.voting) {
            (true, _) => "read_only",
            (false, Voting::NoKey | Voting::NotInSet) => "full",
            (false, _) => "validator",
        };
        let (final_height, final_hash) = newest_final(port, &snapshot, &next);
        Ok(Json(StatusResponse {
            chain_id: port.chain_id,
            chain_name: String::from_utf8_lossy(&port.genesis.name).into_owned(),
            network: port.genesis.network,
            node_version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol_version: next.epoch.version,
            next_version,
            role: role.to_owned(),
            height: next.tip.height,
            final_height,
            certified_height: next.tip.height.saturating_sub(1),
            final_hash,
            epoch: snapshot.status.epoch,
            view: snapshot.status.view,
            time: next.tip.time,
            price: next.price.to_string(),
            voting: voting(&condition),
            peers: u32::try_from(port.network.peers().len()).unwrap_or(u32::MAX),
            peer_id: peer_id::text(&port.network.key()),
            mempool_transactions: u32::try_from(snapshot.pool.transactions).unwrap_or(u32::MAX),
            syncing: snapshot.status.catching_up,
            health: health(port, &snapshot, condition),
        }))
    })
    .await
}

/// The protocol version that is fixed and has not begun.
fn next_version(port: &Port, view: &dyn StateView) -> Option<NextVersion> {
    let VersionStart { version, epoch, releases } = port.registry.coming_version(view)?;
    let is_known = version <= port.registry.version_max();
    Some(NextVersion { version, epoch, releases: releases.into_vec(), is_known })
}

/// Whether the node votes, with the reason.
fn voting(condition: &Condition) -> VotingStatus {
    let (index, sentence) = (condition.votes_as, condition.sentence.clone());
    VotingStatus { voting: index.is_some(), sentence, index }
}

fn health(port: &Port, snapshot: &Snapshot, condition: Condition) -> HealthStatus {
    let (status, ready) = (&snapshot.status, condition.is_ready());
    let told =
        |Told { name, sentence, forbids_ready }| TroubleStatus { name: name.to_owned(), sentence, forbids_ready };
    HealthStatus {
        ready,
        troubles: condition.troubles.into_iter().map(told).collect(),
        final_age_ms: condition.final_age_ms,
        executable: u32::try_from(status.executable).unwrap_or(u32::MAX),
        power_answering: status.reach.power_answering,
        power_total: status.reach.power_total,
        clock_ahead_ms: status.reach.clock.ahead_ms,
        disk_free_bytes: port.room.space().free_bytes,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ValidatorsParams {
    /// The epoch; the present one when absent. Known are the one before, the present and the next.
    epoch: Option<u64>,
}

/// The validators of an epoch.
#[utoipa::path(get, path = "/api/v1/validators", tag = "node", params(ValidatorsParams), responses(
    (status = 200, body = ValidatorsResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn validators(
    State(state): State<AppState>,
    Params(params): Params<ValidatorsParams>,
) -> Result<Json<ValidatorsResponse>, ApiError> {
    off_thread(&state, move |port| {
        let view = port.store.view()?;
        let present = NextBlock::read(&view).epoch.number;
        let epoch = params.epoch.map_or(present, Epoch);
        let set = view.get(&keys::validators(epoch)).and_then(|bytes| ValidatorSet::from_canonical(&bytes).ok());
        let set = set.ok_or_else(|| {
            let message = format!("the validators of epoch {epoch} are not in the state of epoch {present}");
            ApiError::not_found(message, "known are those of the previous, the present and the next epoch")
        })?;
        let attended = port.registry.attended(&view, epoch).map(|record| record.signed).unwrap_or_default();
        let members = set.validators().iter().enumerate().map(|(place, validator)| ValidatorResponse {
            index: ValidatorIndex(u16::try_from(place).unwrap_or(u16::MAX)),
            key: validator.key,
            power: validator.power,
            account: read::text(validator.account, port.genesis.network),
            peer: validator.peer,
            peer_id: peer_id::text(&validator.peer),
            attendance: attended.get(place).copied(),
        });
        Ok(Json(ValidatorsResponse {
            epoch,
            validators_hash: crypto::ids::validator_set_hash(&set),
            power_total: set.power_total(),
            validators: members.collect(),
        }))
    })
    .await
}

/// The genesis file, as `thronosd init --genesis` takes it.
#[utoipa::path(get, path = "/api/v1/genesis", tag = "node", responses((status = 200, body = Object)))]
pub(crate) async fn genesis(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let json = off_thread(&state, |port| Ok(genesis::to_json(&port.genesis, &port.registry))).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json))
}

/// The pool of waiting transactions.
#[utoipa::path(get, path = "/api/v1/mempool", tag = "node", responses((status = 200, body = MempoolResponse)))]
pub(crate) async fn mempool(State(state): State<AppState>) -> Json<MempoolResponse> {
    let pool = state.port.snapshot.borrow().pool;
    let limits = state.port.pool_limits;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Json(MempoolResponse {
        transactions: count(pool.transactions),
        bytes: pool.bytes as u64,
        transactions_max: count(limits.count_max),
        bytes_max: limits.bytes_max as u64,
    })
}

/// The node's own addresses, and who is connected.
#[utoipa::path(get, path = "/api/v1/peers", tag = "node", responses((status = 200, body = PeersResponse)))]
pub(crate) async fn peers(State(state): State<AppState>) -> Json<PeersResponse> {
    let set = state.port.snapshot.borrow().set.clone();
    let network = &state.port.network;
    let own = peer_id::text(&network.key());
    // Where private peers are is told to nobody.
    let shown = network.peers().into_iter().filter(|peer| !peer.private);
    let peers = shown.map(|peer| PeerResponse {
        peer_id: peer_id::text(&peer.peer),
        address: peer.address,
        validator: set.index_of_peer(&peer.peer),
        final_height: None::<Height>,
        outbound: peer.outbound,
    });
    Json(PeersResponse {
        listen: network.listen_addresses().iter().map(|address| format!("{address}/p2p/{own}")).collect(),
        peers: peers.collect(),
        peer_id: own,
    })
}

/// The newest final block, whether or not it is certified and stored yet.
fn newest_final(port: &Port, snapshot: &Snapshot, next: &NextBlock) -> (Height, Hash32) {
    let decided = port.notices.newest_decided().map(|block| (block.header.height, block.outcome.hash));
    let known = [(next.tip.height, next.tip.hash), (snapshot.status.height, snapshot.status.hash)];
    known.into_iter().chain(decided).max_by_key(|(height, _)| *height).unwrap_or_default()
}
