//! Carrying out a call. The kernel discards what a rejected call wrote, so order here is for the reader.

use execution::values::{read, write};
use execution::{Context, Reject};
use types::{Address, Amount, Asset, AssetId, ByteString, THR};

use crate::call::{BatchTransfer, Burn, Create, Mint, TokensCall, Transfer};
use crate::event::TokensEvent;
use crate::keys;
use crate::reject::TokensReject;

/// Carries out a checked call for `sender`.
pub(crate) fn execute(context: &mut Context<'_, '_>, sender: Address, call: TokensCall) -> Result<(), Reject> {
    match call {
        TokensCall::Transfer(transfer) => execute_transfer(context, sender, transfer),
        TokensCall::BatchTransfer(batch) => batch_transfer(context, sender, &batch),
        TokensCall::Create(create) => execute_create(context, sender, create),
        TokensCall::Mint(mint) => execute_mint(context, sender, mint),
        TokensCall::Burn(burn) => execute_burn(context, sender, burn),
    }
}

fn execute_transfer(context: &mut Context<'_, '_>, from: Address, transfer: Transfer) -> Result<(), Reject> {
    let Transfer { asset, to, amount, memo } = transfer;
    context.transfer(asset, &from, &to, amount)?;
    TokensEvent::Transferred { asset, from, to, amount, memo }.emit(context)
}

fn batch_transfer(context: &mut Context<'_, '_>, from: Address, batch: &BatchTransfer) -> Result<(), Reject> {
    let asset = batch.asset;
    batch.payments.iter().try_for_each(|payment| {
        let (to, amount) = (payment.to, payment.amount);
        context.transfer(asset, &from, &to, amount)?;
        TokensEvent::Transferred { asset, from, to, amount, memo: ByteString::default() }.emit(context)
    })
}

fn execute_create(context: &mut Context<'_, '_>, creator: Address, create: Create) -> Result<(), Reject> {
    let Create { asset: description, initial } = create;
    let fee: Amount = read(context, &keys::creation_fee()).unwrap_or_default();
    context.burn(THR, &creator, fee).map_err(|_| TokensReject::CreationFeeUnpayable)?;
    let asset = next_asset(context);
    let after = asset.checked_add(1).ok_or(TokensReject::AssetsExhausted)?;
    write(context, &keys::next_asset(), &after);
    open(context, asset, &description)?;
    if !initial.is_zero() {
        context.mint(asset, &creator, initial)?;
    }
    TokensEvent::Created { asset, description, creator }.emit(context)?;
    if initial.is_zero() {
        return Ok(());
    }
    TokensEvent::Minted { asset, to: creator, amount: initial }.emit(context)
}

fn execute_mint(context: &mut Context<'_, '_>, sender: Address, mint: Mint) -> Result<(), Reject> {
    let Mint { asset, to, amount } = mint;
    let description: Asset = read(context, &keys::asset(asset)).ok_or(TokensReject::UnknownAsset)?;
    if description.minter != Some(sender) {
        return Err(TokensReject::NotMinter.into());
    }
    context.mint(asset, &to, amount)?;
    TokensEvent::Minted { asset, to, amount }.emit(context)
}

fn execute_burn(context: &mut Context<'_, '_>, from: Address, burn: Burn) -> Result<(), Reject> {
    let Burn { asset, amount } = burn;
    context.burn(asset, &from, amount)?;
    TokensEvent::Burned { asset, from, amount }.emit(context)
}

/// Begins an asset in the ledger and describes it here.
pub(crate) fn open(context: &mut Context<'_, '_>, id: AssetId, asset: &Asset) -> Result<(), Reject> {
    context.open_asset(id, asset.cap)?;
    write(context, &keys::asset(id), asset);
    Ok(())
}

/// The number that the next created asset gets.
fn next_asset(context: &mut Context<'_, '_>) -> AssetId {
    read(context, &keys::next_asset()).unwrap_or(AssetId::FIRST_CUSTOM)
}
