//! What this node's port for miners owes to whom and why, and the receipts that prove what was counted.
//!
//! It asks the service between two of its batches; no question costs more than a page. Only the operator changes what is owed, over
//! the socket in the home (`operator.rs`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mining::{
    OwedResponse, PayoutResponse, PayoutsResponse, ReceiptsResponse, ReceiptsRootResponse, ShareReceiptResponse,
};
use serde::Deserialize;
use service::chain::Unavailable;
use service::http::{ApiError, ErrorResponse, Params, Path, address, number, page, shown};
use stratum::Server;
use stratum::service::{NoReceipt, Proven};
use types::{Address, Amount, Canonical};
use utoipa::IntoParams;

use super::Api;
use crate::operator::page_of;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PayoutsParams {
    /// From the previous page.
    #[param(format = "address")]
    cursor: Option<String>,
    /// Most addresses in the answer, 100 at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReceiptsParams {
    /// From the previous page.
    cursor: Option<u64>,
    /// Most roots in the answer, 100 at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// What the operator of this node's port owes its miners, by address. It is paid by `thronosd mining pay`, or by itself where the operator wants that.
#[utoipa::path(get, path = "/api/v1/mining/payouts", tag = "mining", params(PayoutsParams), responses(
    (status = 200, body = PayoutsResponse), (status = 400, body = ErrorResponse, description = "A wrong limit or cursor."),
    (status = 404, body = ErrorResponse, description = "This node has no port for miners.")))]
pub(super) async fn payouts(
    State(api): State<Api>,
    Params(params): Params<PayoutsParams>,
) -> Result<Json<PayoutsResponse>, ApiError> {
    let (handle, network) = (api.port()?, api.network());
    let limit = page(params.limit)? as usize;
    let first = params.cursor.map_or(Ok(Address([0; 20])), |cursor| {
        let hint = "give back what the previous page gave";
        Address::parse(&cursor, network)
            .map_err(|_| ApiError::bad("bad_cursor", format!("`{}` is not a cursor", shown(&cursor)), hint))
    })?;
    let question = move |server: &Server| {
        let book = server.book();
        let (found, next) = page_of(book.owed_from(first), limit);
        let owed = |(to, owed): (Address, u128)| OwedResponse { address: to.to_text(network), owed: Amount(owed) };
        PayoutsResponse {
            kept: Amount(book.kept()),
            owed: Amount(book.owed_total()),
            addresses: book.owed().len() as u64,
            incomes: book.incomes() as u64,
            payouts: found.into_iter().map(owed).collect(),
            cursor: next.map(|(next, _)| next.to_text(network)),
        }
    };
    handle.ask(question).await.map(Json).ok_or_else(|| Unavailable::Stopping.into())
}

/// What an address is owed, and its weight in the present window, by which the next income is shared out.
#[utoipa::path(get, path = "/api/v1/mining/payouts/{address}", tag = "mining",
    params(("address" = String, Path, description = "The address that mines.", format = "address")), responses(
    (status = 200, body = PayoutResponse), (status = 400, body = ErrorResponse, description = "No address."),
    (status = 404, body = ErrorResponse, description = "This node has no port for miners, or owes the address nothing and has no share of it.")))]
pub(super) async fn payout(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<PayoutResponse>, ApiError> {
    let (handle, network) = (api.port()?, api.network());
    let payee = address(&name, network)?;
    let question = move |server: &Server| {
        let owed = server.book().owed().get(&payee).copied();
        (owed, server.book().window().credit_of(&payee))
    };
    let (owed, (credit, weight_total)) = handle.ask(question).await.ok_or(Unavailable::Stopping)?;
    if owed.is_none() && credit.weight == 0 {
        let hint = "check the address; only shares handed in at `mining.pool_listen` of this node are paid by its operator; others are known to the node they were handed in at";
        return Err(ApiError::not_found("this address is owed nothing here and has no share in the window", hint));
    }
    let works = handle.receipts_of(payee).await.ok_or(Unavailable::Stopping)?;
    let share_ppm = credit.weight.saturating_mul(1_000_000).checked_div(weight_total).unwrap_or(0);
    Ok(Json(PayoutResponse {
        address: payee.to_text(network),
        owed: Amount(owed.unwrap_or(0)),
        weight: Amount(credit.weight),
        weight_total: Amount(weight_total),
        share_ppm: u32::try_from(share_ppm).unwrap_or(u32::MAX),
        shares: credit.shares,
        works,
    }))
}

/// The roots of the receipts of closed works, the newest first. Note them: whoever shows another one later is found out.
#[utoipa::path(get, path = "/api/v1/mining/receipts", tag = "mining", params(ReceiptsParams), responses(
    (status = 200, body = ReceiptsResponse), (status = 400, body = ErrorResponse, description = "A wrong limit or cursor."),
    (status = 404, body = ErrorResponse, description = "This node has no port for miners.")))]
pub(super) async fn receipts(
    State(api): State<Api>,
    Params(params): Params<ReceiptsParams>,
) -> Result<Json<ReceiptsResponse>, ApiError> {
    let handle = api.port()?;
    let limit = page(params.limit)? as usize;
    let last = params.cursor.unwrap_or(u64::MAX);
    let question = move |server: &Server| {
        let roots = server.book().roots().iter().rev().skip_while(|root| root.work_height > last);
        page_of(roots.copied(), limit)
    };
    let (found, next) = handle.ask(question).await.ok_or(Unavailable::Stopping)?;
    let cursor = next.map(|next| next.work_height);
    let kept = handle.receipts();
    let shown = |root: stratum::ReceiptsRoot| ReceiptsRootResponse {
        work: root.work_height,
        root: root.root,
        is_kept: kept.contains(&root.work_height),
    };
    Ok(Json(ReceiptsResponse { roots: found.into_iter().map(shown).collect(), cursor }))
}

/// The receipt of an address for a closed work, with the path to the root: whoever knows its own shares can check it.
#[utoipa::path(get, path = "/api/v1/mining/receipts/{work}/{address}", tag = "mining",
    params(("work" = u64, Path, description = "The closed work."), ("address" = String, Path, description = "The address that mines.", format = "address")),
    responses(
    (status = 200, body = ShareReceiptResponse), (status = 400, body = ErrorResponse, description = "No number, or no address."),
    (status = 404, body = ErrorResponse, description = "No port for miners, no receipts of this work, or none of this address."),
    (status = 503, body = ErrorResponse, description = "The receipts cannot be read.")))]
pub(super) async fn receipt(
    State(api): State<Api>,
    Path((work, name)): Path<(String, String)>,
) -> Result<Json<ShareReceiptResponse>, ApiError> {
    let (handle, network) = (api.port()?, api.network());
    let work = number(&work, "the height of a closed work")?;
    let Proven { receipt, root, proof } = handle.prove(work, address(&name, network)?).await.map_err(no_receipt)?;
    Ok(Json(ShareReceiptResponse {
        work: receipt.work_height,
        address: receipt.address.to_text(network),
        weight: Amount(receipt.weight),
        weight_total: Amount(receipt.weight_total),
        sequence: receipt.sequence,
        root,
        index: proof.index,
        count: proof.count,
        siblings: proof.siblings.to_vec(),
        receipt_hex: types::to_hex(&receipt.to_canonical()),
        proof_hex: types::to_hex(&proof.to_canonical()),
    }))
}

fn no_receipt(reason: NoReceipt) -> ApiError {
    let message = reason.to_string();
    match reason {
        NoReceipt::Stopped => Unavailable::Stopping.into(),
        NoReceipt::NotKept(_) => {
            ApiError::not_found(message, "`GET /api/v1/mining/receipts` tells which works have them")
        }
        NoReceipt::NotInWindow(_) => {
            let hint = "check the address; only shares handed in at `mining.pool_listen` of this node have receipts; others are known to the node they were handed in at";
            ApiError::not_found(message, hint)
        }
        NoReceipt::Unreadable(error) => {
            tracing::error!(%error, "a receipt cannot be proven");
            let hint = "ask for another work; the operator finds the reason in this node's log";
            let message = "the receipts of this work cannot be read";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "receipts_unreadable", message, hint)
        }
    }
}
