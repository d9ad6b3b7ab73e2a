//! Assets: what is known of each.
//!
//! It asks the module that describes assets, whichever that is, through the registry, and must not know its rules.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use execution::{QueryError, StateView};
use serde::Deserialize;
use types::{Amount, Asset, AssetId};

use super::AppState;
use super::models::{AssetResponse, AssetsResponse, ErrorResponse, ProofResponse};
use super::proofs::prove;
use super::read;
use super::routes::off_thread;
use crate::shell::Port;
use service::http::ApiError;
use service::http::{Path, number};

/// Whoever answers this describes assets.
const ASSET_KEY: &str = "asset_key";
/// Most assets in one answer.
const ASSETS_MAX: usize = 1_000;

/// What the module says.
#[derive(Deserialize)]
struct Described {
    id: AssetId,
    asset: Asset,
    issued: Option<Amount>,
    burned: Option<Amount>,
}

/// All assets in order of their numbers, at most 1,000.
#[utoipa::path(get, path = "/api/v1/assets", tag = "assets", responses((status = 200, body = AssetsResponse)))]
pub(crate) async fn list(State(state): State<AppState>) -> Result<Json<AssetsResponse>, ApiError> {
    off_thread(&state, move |port| {
        let view = port.store.view()?;
        let arguments = BTreeMap::from([("limit".to_owned(), ASSETS_MAX.to_string())]);
        let found: Vec<Described> = ask(port, &view, "assets", &arguments)?;
        Ok(Json(AssetsResponse { assets: found.into_iter().map(|found| shape(port, found)).collect() }))
    })
    .await
}

/// One asset.
#[utoipa::path(get, path = "/api/v1/assets/{id}", tag = "assets",
    params(("id" = u64, Path, description = "The asset's number; 0 is THR.")),
    responses((status = 200, body = AssetResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn one(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<AssetResponse>, ApiError> {
    let id = AssetId(number(&id, "the number of an asset")?);
    off_thread(&state, move |port| find(port, &port.store.view()?, id).map(Json)).await
}

/// Proof of what the chain knows of an asset, its symbol, decimals, minter and cap, at the newest height whose root stands in a final
/// header. The value is the asset in canonical bytes.
#[utoipa::path(get, path = "/api/v1/assets/{id}/proof", tag = "assets",
    params(("id" = u64, Path, description = "The asset's number.")),
    responses((status = 200, body = ProofResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
               (status = 410, body = ErrorResponse)))]
pub(crate) async fn proof(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<ProofResponse>, ApiError> {
    let id = AssetId(number(&id, "the number of an asset")?);
    off_thread(&state, move |port| {
        let arguments = BTreeMap::from([("id".to_owned(), id.to_string())]);
        let key: String = ask(port, &port.store.view()?, ASSET_KEY, &arguments)?;
        let unreadable =
            |_| ApiError::not_found("this node cannot name the asset's key", "ask a node of another version");
        prove(port, &hex::decode(key).map_err(unreadable)?).map(Json)
    })
    .await
}

/// One asset, for other answers.
pub(crate) fn find(port: &Port, view: &dyn StateView, id: AssetId) -> Result<AssetResponse, ApiError> {
    let arguments = BTreeMap::from([("id".to_owned(), id.to_string())]);
    ask(port, view, "asset", &arguments).map(|found| shape(port, found))
}

fn shape(port: &Port, found: Described) -> AssetResponse {
    let Described { id, asset, issued, burned } = found;
    AssetResponse {
        id,
        symbol: String::from_utf8_lossy(&asset.symbol).into_owned(),
        decimals: asset.decimals,
        minter: asset.minter.map(|minter| read::text(minter, port.genesis.network)),
        cap: asset.cap,
        issued: issued.unwrap_or_default(),
        burned: burned.unwrap_or_default(),
    }
}

fn ask<T: serde::de::DeserializeOwned>(
    port: &Port,
    view: &dyn StateView,
    name: &str,
    arguments: &BTreeMap<String, String>,
) -> Result<T, ApiError> {
    let cannot = || ApiError::not_found("this node cannot describe the asset", "ask a node of another version");
    let module = port.registry.who_answers(ASSET_KEY).ok_or_else(cannot)?;
    let answer = port.registry.query(view, module, name, arguments).map_err(|error| match error {
        QueryError::NotFound(what) => ApiError::not_found(what, "`GET /api/v1/assets` lists all"),
        error => ApiError::bad("bad_query", error.to_string(), "see /docs"),
    })?;
    serde_json::from_value(answer).map_err(|error| {
        tracing::error!(%error, "the module's answer has another shape than expected");
        cannot()
    })
}
