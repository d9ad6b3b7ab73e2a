//! Accounts: what they have, what they did, and proofs of it.

use axum::Json;
use axum::extract::State;
use execution::keys;
use serde::Deserialize;
use store::AccountPlace;
use types::{AssetId, Height, THR};
use utoipa::IntoParams;

use super::AppState;
use super::assets;
use super::error::ApiError;
use super::models::{AccountResponse, BalanceResponse, ErrorResponse, HistoryEntry, HistoryResponse, ProofResponse};
use super::read;
use super::request::{Params, Path, address, page, shown};
use super::routes::off_thread;
use crate::shell::Port;

/// An account's nonce and balances after the newest final block.
#[utoipa::path(get, path = "/api/v1/accounts/{address}", tag = "accounts",
    params(("address" = String, Path, description = "Any form of the address.", format = "address")),
    responses((status = 200, body = AccountResponse), (status = 400, body = ErrorResponse)))]
pub(crate) async fn one(
    State(state): State<AppState>,
    Path(text): Path<String>,
) -> Result<Json<AccountResponse>, ApiError> {
    let account = address(&text, state.port.genesis.network)?;
    let store = state.port.store.clone();
    let pending_nonce =
        state.port.ask(move |replica| store.view().map(|view| replica.pending_nonce(&account, &view))).await??;
    off_thread(&state, move |port| {
        let view = port.store.view()?;
        let found = port.registry.account(&view, &account);
        let thr = (!found.thr.is_zero()).then_some((THR, found.thr));
        let others = found.balances.iter().map(|balance| (balance.asset, balance.amount));
        let balances = thr.into_iter().chain(others).map(|(asset, amount)| {
            let known = assets::find(port, &view, asset)?;
            Ok(BalanceResponse { asset, symbol: known.symbol, decimals: known.decimals, amount })
        });
        Ok(Json(AccountResponse {
            address: read::text(account, port.genesis.network),
            legacy: account.to_legacy_text(),
            nonce: found.nonce,
            pending_nonce: pending_nonce.max(found.nonce),
            balances: balances.collect::<Result<_, ApiError>>()?,
        }))
    })
    .await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// What the previous page gave.
    #[param(format = "cursor")]
    cursor: Option<String>,
    /// How many, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Final transactions and block receipts that have to do with an account, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{address}/transactions", tag = "accounts",
    params(("address" = String, Path, description = "Any form of the address.", format = "address"), HistoryParams),
    responses((status = 200, body = HistoryResponse), (status = 400, body = ErrorResponse)))]
pub(crate) async fn history(
    State(state): State<AppState>,
    Path(text): Path<String>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<HistoryResponse>, ApiError> {
    let account = address(&text, state.port.genesis.network)?;
    let limit = page(params.limit)? as usize;
    let before = params.cursor.as_deref().map(read_cursor).transpose()?;
    off_thread(&state, move |port| {
        let places = port.store.account_history(&account, before, limit)?;
        let last = places.last().filter(|_| places.len() == limit);
        let cursor = last.map(|place| format!("{}.{}", place.height, place.receipt));
        let transactions = places.into_iter().map(|place| entry(port, place)).collect::<Result<Vec<_>, _>>()?;
        Ok(Json(HistoryResponse { transactions: transactions.into_iter().flatten().collect(), cursor }))
    })
    .await
}

fn read_cursor(text: &str) -> Result<AccountPlace, ApiError> {
    let parts = text.split_once('.').and_then(|(height, receipt)| height.parse().ok().zip(receipt.parse().ok()));
    let (height, receipt) = parts.ok_or_else(|| {
        ApiError::bad(
            "bad_cursor",
            format!("`{}` is not a cursor", shown(text)),
            "give back what the previous page gave",
        )
    })?;
    Ok(AccountPlace { height: Height(height), receipt })
}

fn entry(port: &Port, place: AccountPlace) -> Result<Option<HistoryEntry>, ApiError> {
    let (block, receipts) = (port.store.block(place.height)?, port.store.receipts(place.height)?);
    let found = receipts.and_then(|receipts| receipts.into_iter().nth(place.receipt as usize));
    let Some((block, found)) = block.zip(found) else { return Ok(None) };
    let index = place.receipt.checked_sub(1);
    let transaction = match index {
        Some(index) => {
            let body = port.store.body(place.height)?;
            body.and_then(|body| body.transactions.into_vec().into_iter().nth(index as usize))
        }
        None => None,
    };
    let sender = transaction.as_ref().map(|transaction| read::text(transaction.body.sender, port.genesis.network));
    Ok(Some(HistoryEntry {
        id: found.id,
        height: place.height,
        index,
        time: block.header.time,
        sender,
        receipt: read::receipt(&port.registry, &found),
        transaction,
    }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProofParams {
    /// Number of the asset; THR when absent.
    asset: Option<u64>,
}

/// Proof of what an account has of an asset, at the newest height whose root stands in a final header. For THR the proven value
/// holds the nonce as well.
#[utoipa::path(get, path = "/api/v1/accounts/{address}/proof", tag = "accounts",
    params(("address" = String, Path, description = "Any form of the address.", format = "address"), ProofParams),
    responses((status = 200, body = ProofResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse),
               (status = 410, body = ErrorResponse)))]
pub(crate) async fn proof(
    State(state): State<AppState>,
    Path(text): Path<String>,
    Params(params): Params<ProofParams>,
) -> Result<Json<ProofResponse>, ApiError> {
    let account = address(&text, state.port.genesis.network)?;
    let asset = params.asset.map_or(THR, AssetId);
    let key = if asset == THR { keys::account(&account).to_vec() } else { keys::balance(asset, &account).to_vec() };
    off_thread(&state, move |port| prove(port, &key).map(Json)).await
}

/// Proof of one key of the state, for other answers.
pub(crate) fn prove(port: &Port, key: &[u8]) -> Result<ProofResponse, ApiError> {
    let tip = port.store.tip().map(|tip| tip.height).unwrap_or_default();
    let not_yet = || ApiError::not_found("no header holds a state root yet", "wait for the next block");
    let height = tip.0.checked_sub(1).map(Height).ok_or_else(not_yet)?;
    let proven = port.store.prove(height, key)?;
    let child = port.store.block(height.next())?.ok_or_else(not_yet)?;
    let certificate = child.certificate.ok_or_else(not_yet)?;
    let descendants = read::descendants(&port.store, height.next(), &certificate)?;
    Ok(ProofResponse {
        height,
        key_hex: hex::encode(key),
        value_hex: proven.value.map(hex::encode),
        proof_hex: hex::encode(borsh::to_vec(&proven.proof).expect("writing to memory cannot fail")),
        header_hex: read::to_hex(&child.header),
        descendants_hex: descendants.iter().map(read::to_hex).collect(),
        certificate_hex: read::to_hex(&certificate),
    })
}
