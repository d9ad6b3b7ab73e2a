//! What a transaction costs.

use axum::Json;
use axum::extract::State;
use execution::{NextBlock, fee};
use serde::Deserialize;
use types::{Amount, Weight};
use utoipa::IntoParams;

use super::AppState;
use super::models::{ErrorResponse, FeeEstimateResponse};
use super::routes::off_thread;
use crate::shell::Port;
use service::http::ApiError;
use service::http::Params;

/// How long a fee is to hold while blocks are full.
const SECONDS_AHEAD: u64 = 60;
/// Weight that is assumed when none is given: about that of a transfer.
const WEIGHT_DEFAULT: u64 = 1_300;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeeParams {
    /// Weight of the transaction, at most that of a block; that of a transfer when absent.
    #[param(format = "weight")]
    weight: Option<u64>,
}

/// The price of weight now, and a fee that holds for a minute.
#[utoipa::path(get, path = "/api/v1/fees/estimate", tag = "transactions", params(FeeParams), responses(
    (status = 200, body = FeeEstimateResponse), (status = 400, body = ErrorResponse)))]
pub(crate) async fn estimate(
    State(state): State<AppState>,
    Params(params): Params<FeeParams>,
) -> Result<Json<FeeEstimateResponse>, ApiError> {
    let weight = Weight(params.weight.unwrap_or(WEIGHT_DEFAULT));
    let heaviest = state.port.genesis.parameters.limits.block_weight_max;
    if weight.0 > heaviest {
        let message = format!("the weight is {weight}, a block holds {heaviest}");
        return Err(ApiError::bad("bad_weight", message, "give the weight of one transaction"));
    }
    off_thread(&state, move |port| {
        let next = NextBlock::read(&port.store.view()?);
        let parameters = &next.chain.parameters.fees;
        // Full blocks come to twice the target, so the excess grows by the target.
        let growth = parameters.weight_target_per_s.saturating_mul(SECONDS_AHEAD);
        let later = fee::price(parameters, next.tip.excess.saturating_add(growth));
        Ok(Json(FeeEstimateResponse {
            price: next.price.to_string(),
            price_floor: parameters.price_floor.to_string(),
            weight,
            fee: fee::fee(next.price, weight),
            fee_max: fee::fee(later, weight),
            tip: lowest_tip(port)?,
        }))
    })
    .await
}

/// The lowest tip in the newest block, if it was nearly full.
fn lowest_tip(port: &Port) -> Result<Amount, ApiError> {
    let height = port.store.tip().map(|tip| tip.height).unwrap_or_default();
    let receipts = port.store.receipts(height)?.unwrap_or_default();
    let weight = receipts.iter().fold(0_u64, |sum, receipt| sum.saturating_add(receipt.weight.0));
    let is_full = weight.saturating_mul(10) >= port.genesis.parameters.limits.block_weight_max.saturating_mul(9);
    if !is_full {
        return Ok(Amount::ZERO);
    }
    let body = port.store.body(height)?.unwrap_or_default();
    Ok(body.transactions.iter().map(|transaction| transaction.body.tip).min().unwrap_or_default())
}
