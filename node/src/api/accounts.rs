//! Accounts: what they have, what they did, and proofs of it.

use axum::Json;
use axum::extract::State;
use execution::keys;
use serde::Deserialize;
use store::{AccountPlace, StoredBlock};
use types::{AssetId, Body, Height, Receipt, THR, Transaction};
use utoipa::IntoParams;

use super::AppState;
use super::assets;
use super::models::{AccountResponse, BalanceResponse, ErrorResponse, HistoryEntry, HistoryResponse, ProofResponse};
use super::proofs::prove;
use super::read;
use super::routes::{off_thread, off_thread_for};
use crate::shell::Port;
use service::http::ApiError;
use service::http::{Params, Path, address, page, shown};

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
    off_thread_for(&state, move |port, asker| {
        let places = port.store.account_history(&account, before, limit)?;
        let is_whole = places.len() < limit;
        let (mut transactions, mut last, mut read_bytes) = (Vec::new(), None, 0_usize);
        let mut open: Option<OpenBlock> = None;
        let mut rest = places.into_iter().peekable();
        while let Some(place) = rest.next_if(|_| read_bytes < PAGE_BYTES_MAX) {
            asker.is_here()?;
            let block = match open.take().filter(|block: &OpenBlock| block.height == place.height) {
                Some(block) => block,
                None => {
                    let block = OpenBlock::read(port, place.height)?;
                    read_bytes = read_bytes.saturating_add(block.bytes);
                    block
                }
            };
            transactions.extend(block.entry(port, place));
            (open, last) = (Some(block), Some(place));
        }
        let last = last.filter(|_| !is_whole || rest.peek().is_some());
        let cursor = last.map(|place| format!("{}.{}", place.height, place.receipt));
        Ok(Json(HistoryResponse { transactions, cursor }))
    })
    .await
}

/// Bytes of bodies that one page of a history may read; the next page goes on where it ends.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A block whose transactions are looked at, so that those that stand in one block read it once.
struct OpenBlock {
    height: Height,
    block: Option<StoredBlock>,
    body: Body,
    receipts: Vec<Receipt>,
    bytes: usize,
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

impl OpenBlock {
    fn read(port: &Port, height: Height) -> Result<Self, ApiError> {
        let (block, body) = (port.store.block(height)?, port.store.body(height)?.unwrap_or_default());
        let receipts = port.store.receipts(height)?.unwrap_or_default();
        let bytes = body.transactions.iter().map(Transaction::encoded_length).fold(0, usize::saturating_add);
        Ok(Self { height, block, body, receipts, bytes })
    }

    fn entry(&self, port: &Port, place: AccountPlace) -> Option<HistoryEntry> {
        let (block, found) = (self.block.as_ref()?, self.receipts.get(place.receipt as usize)?);
        let index = place.receipt.checked_sub(1);
        let transaction = index.and_then(|index| self.body.transactions.get(index as usize)).cloned();
        let sender = transaction.as_ref().map(|transaction| read::text(transaction.body.sender, port.genesis.network));
        Some(HistoryEntry {
            id: found.id,
            height: place.height,
            index,
            time: block.header.time,
            sender,
            receipt: read::receipt(&port.registry, found),
            transaction,
        })
    }
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
