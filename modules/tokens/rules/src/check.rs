//! What can be said of a call without state: whether it can ever succeed, and its weight.

use execution::Reject;
use types::{Amount, Weight, limits};

use crate::call::{Create, TokensCall};
use crate::reject::TokensReject;

/// Weight of a transfer beside the bytes of its envelope; at the floor price of one µTHR it costs at least 0.001 THR.
pub const TRANSFER_WEIGHT: Weight = Weight(1_000);
/// Weight of each recipient of a batch: cheaper than a transfer, which has a signature of its own.
const PAYMENT_WEIGHT: u64 = 500;
/// Weight of creating an asset.
const CREATE_WEIGHT: Weight = Weight(2_000);
/// Weight of minting or burning.
const SUPPLY_WEIGHT: Weight = Weight(1_000);

/// Judges a call and declares its weight.
pub(crate) fn check(call: &TokensCall) -> Result<Weight, Reject> {
    match call {
        TokensCall::Transfer(transfer) => above_zero(transfer.amount).map(|()| TRANSFER_WEIGHT),
        TokensCall::BatchTransfer(batch) => {
            if batch.payments.is_empty() {
                return Err(TokensReject::EmptyBatch.into());
            }
            batch.payments.iter().try_for_each(|payment| above_zero(payment.amount))?;
            let payments = PAYMENT_WEIGHT.saturating_mul(batch.payments.len() as u64);
            Ok(TRANSFER_WEIGHT.saturating_add(payments))
        }
        TokensCall::Create(create) => check_create(create).map(|()| CREATE_WEIGHT),
        TokensCall::Mint(mint) => above_zero(mint.amount).map(|()| SUPPLY_WEIGHT),
        TokensCall::Burn(burn) => above_zero(burn.amount).map(|()| SUPPLY_WEIGHT),
    }
}

fn above_zero(amount: Amount) -> Result<(), Reject> {
    if amount.is_zero() { Err(TokensReject::ZeroAmount.into()) } else { Ok(()) }
}

fn check_create(create: &Create) -> Result<(), Reject> {
    let asset = &create.asset;
    if !is_symbol(&asset.symbol) {
        return Err(TokensReject::MalformedSymbol.into());
    }
    if asset.decimals > limits::ASSET_DECIMALS_MAX {
        return Err(TokensReject::TooManyDecimals.into());
    }
    if asset.cap.is_zero() {
        return Err(TokensReject::ZeroCap.into());
    }
    if create.initial > asset.cap {
        return Err(TokensReject::InitialAboveCap.into());
    }
    if asset.minter.is_none() && create.initial.is_zero() {
        return Err(TokensReject::NothingIssuable.into());
    }
    Ok(())
}

/// ASCII capitals and digits, beginning with a capital; the decoder bounds the length.
pub(crate) fn is_symbol(symbol: &[u8]) -> bool {
    let known = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    symbol.first().is_some_and(u8::is_ascii_uppercase) && symbol.iter().all(known)
}
