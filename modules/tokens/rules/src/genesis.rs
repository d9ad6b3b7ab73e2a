//! The assets that exist from the start: THR, VIBE, WBTC and those of the genesis.
//!
//! Balances are the kernel's; it writes them after this.

use execution::{Context, GenesisError};
use types::{
    Amount, Asset, AssetId, ByteString, Genesis, THR, THR_DECIMALS, VIBE, VIBE_DECIMALS, WBTC, WBTC_CAP, WBTC_DECIMALS,
    limits,
};

use crate::check::is_symbol;
use crate::execute::{encode, open};
use crate::keys;

/// Describes every asset and begins it in the ledger; THR is already there.
pub(crate) fn write(genesis: &Genesis, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
    context.put(&keys::asset(THR), encode(&native("THR", THR_DECIMALS, genesis.parameters.thr_cap)));
    open_at_start(context, VIBE, &native("VIBE", VIBE_DECIMALS, Amount::MAX))?;
    open_at_start(context, WBTC, &native("WBTC", WBTC_DECIMALS, WBTC_CAP))?;
    let mut next = AssetId::FIRST_CUSTOM;
    for asset in &genesis.assets {
        if asset.id < AssetId::FIRST_CUSTOM {
            return refuse(asset.id, "custom assets have numbers from 1,000");
        }
        if !is_symbol(&asset.asset.symbol)
            || asset.asset.decimals > limits::ASSET_DECIMALS_MAX
            || asset.asset.cap.is_zero()
        {
            return refuse(asset.id, "symbol, decimals or cap are not those of an asset");
        }
        open_at_start(context, asset.id, &asset.asset)?;
        let Some(after) = asset.id.checked_add(1) else {
            return refuse(asset.id, "the number leaves none for created assets");
        };
        next = next.max(after);
    }
    context.put(&keys::next_asset(), encode(&next));
    Ok(())
}

/// An asset that nobody mints by a call; modules issue it.
fn native(symbol: &str, decimals: u8, cap: Amount) -> Asset {
    let symbol = ByteString::new(symbol.as_bytes().to_vec()).expect("the symbols of native assets are short");
    Asset { symbol, decimals, minter: None, cap }
}

fn open_at_start(context: &mut Context<'_, '_>, id: AssetId, asset: &Asset) -> Result<(), GenesisError> {
    open(context, id, asset).or_else(|_| refuse(id, "the number is defined twice"))
}

fn refuse(id: AssetId, why: &str) -> Result<(), GenesisError> {
    Err(GenesisError::Module(format!("asset {id}: {why}")))
}
