//! Blocks: one, and pages of them.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use store::StoredBlock;
use types::{Canonical, Height, Receipt};
use utoipa::IntoParams;

use super::AppState;
use super::models::{BlockResponse, BlocksResponse, ErrorResponse, TransactionInBlock};
use super::read;
use super::routes::{off_thread, off_thread_for};
use service::http::ApiError;
use service::http::{BlockName, Params, Path, block_name, page};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BlocksParams {
    /// First height; the newest blocks when absent.
    from: Option<u64>,
    /// How many, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Final blocks in rising order.
#[utoipa::path(get, path = "/api/v1/blocks", tag = "blocks", params(BlocksParams), responses(
    (status = 200, body = BlocksResponse), (status = 400, body = ErrorResponse)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Params(params): Params<BlocksParams>,
) -> Result<Json<BlocksResponse>, ApiError> {
    let limit = u64::from(page(params.limit)?);
    off_thread_for(&state, move |port, asker| {
        let tip = port.store.tip().map(|tip| tip.height).unwrap_or_default();
        let from = params.from.map_or_else(|| tip.saturating_sub(limit - 1), Height);
        let mut blocks = Vec::new();
        let mut height = from;
        while blocks.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            asker.is_here()?;
            let Some(block) = port.store.block(height)? else { break };
            let transactions = port.store.transactions_count(height)?.unwrap_or_default() as usize;
            blocks.push(read::summary(&block, transactions));
            height = height.next();
        }
        let next = (height <= tip).then_some(height);
        Ok(Json(BlocksResponse { blocks, next }))
    })
    .await
}

/// One final block with everything in it: by height, by hash, or `latest`.
#[utoipa::path(get, path = "/api/v1/blocks/{block}", tag = "blocks",
    params(("block" = String, Path, description = "Height, hash in hex, or `latest`.", format = "block")),
    responses((status = 200, body = BlockResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn one(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<BlockResponse>, ApiError> {
    named(&state, block_name(&name)?).await
}

/// One final block by its name.
pub(super) async fn named(state: &AppState, name: BlockName) -> Result<Json<BlockResponse>, ApiError> {
    off_thread(state, move |port| {
        let height = match &name {
            BlockName::Latest => port.store.tip().map(|tip| tip.height),
            BlockName::Height(height) => Some(*height),
            BlockName::Hash(hash) => port.store.height_of(hash)?,
        };
        let block = height.map(|height| port.store.block(height)).transpose()?.flatten();
        let block = block.ok_or_else(|| {
            let newest = port.store.tip().map(|tip| tip.height).unwrap_or_default();
            let message = format!("this node has no such final block; its newest is {newest}");
            ApiError::not_found(message, "ask for a lower height, or wait")
        })?;
        Ok(Json(whole(port, block)?))
    })
    .await
}

fn whole(port: &crate::shell::Port, block: StoredBlock) -> Result<BlockResponse, ApiError> {
    let (certificate, descendants) = read::proof(&port.store, &block)?.unzip();
    let StoredBlock { hash, header, certificate: _ } = block;
    let body = port.store.body(header.height)?.unwrap_or_default();
    let receipts: Vec<Receipt> = port.store.receipts(header.height)?.unwrap_or_default();
    let network = port.genesis.network;
    let transactions = body.transactions.iter().map(|transaction| {
        let id = crypto::ids::transaction_id(port.chain_id, &transaction.body);
        TransactionInBlock {
            id,
            wid: crypto::ids::witness_id(id, &transaction.witness),
            sender: read::text(transaction.body.sender, network),
            transaction: transaction.clone(),
        }
    });
    Ok(BlockResponse {
        hash,
        body_bytes: body.to_canonical().len() as u64,
        header_hex: read::to_hex(&header),
        certificate_hex: certificate.as_ref().map(read::to_hex),
        descendants_hex: descendants.iter().flatten().map(read::to_hex).collect(),
        system_calls: body.system_calls.to_vec(),
        transactions: transactions.collect(),
        receipts: receipts.iter().map(|receipt| read::receipt(&port.registry, receipt)).collect(),
        header,
        certificate,
    })
}
