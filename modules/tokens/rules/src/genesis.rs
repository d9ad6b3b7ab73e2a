//! The assets that exist from the start: THR, VIBE, WBTC and those of the genesis; and what creating another costs.
//!
//! Balances are the kernel's; it writes them after this.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use execution::values::write as put;
use execution::{Breach, Context, GenesisError, OpenedAsset, Section};
use serde::{Deserialize, Serialize};
use types::{
    Address, Amount, Asset, AssetId, ByteString, Canonical, Genesis, List, Network, THR, THR_DECIMALS, VIBE,
    VIBE_DECIMALS, WBTC, WBTC_CAP, WBTC_DECIMALS, limits,
};

use crate::check::is_symbol;
use crate::execute::open;
use crate::keys;

/// Most custom assets that a genesis may create.
pub const ASSETS_MAX: usize = 1_000;

/// An asset that exists from the start; THR, VIBE and WBTC always do.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAsset {
    /// Its number, from 1,000.
    pub id: AssetId,
    /// The rest.
    pub asset: Asset,
}

/// What this module begins with.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokensParameters {
    /// Fee for creating an asset, in µTHR, burned.
    pub asset_creation_fee: Amount,
    /// Custom assets, in rising order of their numbers.
    pub assets: List<GenesisAsset, ASSETS_MAX>,
}

impl TokensParameters {
    /// Adds a custom asset, or puts it in the place of the one with its number.
    ///
    /// # Panics
    /// There are 1,000 already.
    pub fn add(&mut self, id: AssetId, asset: Asset) {
        let mut all = std::mem::take(&mut self.assets).into_vec();
        all.retain(|known| known.id != id);
        all.push(GenesisAsset { id, asset });
        all.sort_by_key(|known| known.id);
        self.assets = List::new(all).expect("a genesis has at most 1,000 custom assets");
    }
}

impl Canonical for TokensParameters {
    const BYTES_MAX: usize = 16 + 4 + ASSETS_MAX * (8 + 4 + limits::ASSET_SYMBOL_BYTES_MAX + 1 + 21 + 16);
}

const _: () = assert!(TokensParameters::BYTES_MAX <= limits::GENESIS_SECTION_BYTES_MAX);

impl Section for TokensParameters {
    const ADDRESSES: &'static [&'static str] = &["/assets/*/asset/minter"];

    fn new(_: Network, _: Address) -> Self {
        Self { asset_creation_fee: Amount(10_000_000), assets: List::default() }
    }

    fn check(&self, _: &Genesis) -> Result<(), Breach> {
        let mut symbols: BTreeSet<&[u8]> = [b"THR".as_slice(), b"VIBE", b"WBTC"].into();
        let mut previous = None;
        for (place, GenesisAsset { id, asset }) in self.assets.iter().enumerate() {
            let symbol = || format!("`{}`", String::from_utf8_lossy(&asset.symbol));
            let refuse = |key: &str, value: &dyn std::fmt::Display, rule: &str| {
                Err(Breach::new(format!("assets[{place}].{key}"), value, rule))
            };
            if *id < AssetId::FIRST_CUSTOM {
                let rule = "numbers below 1000 belong to the chain: give custom assets numbers from 1000";
                return refuse("id", id, rule);
            }
            if id.0 == u64::MAX {
                return refuse("id", id, "it is the last number there is, so nobody could create another asset");
            }
            if previous >= Some(*id) {
                return refuse("id", id, "it stands out of order or twice: sort by number and keep each once");
            }
            previous = Some(*id);
            if !is_symbol(&asset.symbol) {
                let rule = "a symbol has 1 to 16 ASCII capitals and digits and begins with a capital";
                return refuse("asset.symbol", &symbol(), rule);
            }
            if !symbols.insert(&asset.symbol) {
                return refuse("asset.symbol", &symbol(), "the symbol is taken by another asset");
            }
            if asset.decimals > limits::ASSET_DECIMALS_MAX {
                return refuse("asset.decimals", &asset.decimals, "an asset has at most 18 decimals");
            }
            if asset.cap.is_zero() {
                return refuse("asset.cap", &asset.cap, "with a cap of zero none of it could exist");
            }
        }
        Ok(())
    }

    fn assets(&self) -> Vec<OpenedAsset> {
        let native = [OpenedAsset { asset: VIBE, cap: Amount::MAX }, OpenedAsset { asset: WBTC, cap: WBTC_CAP }];
        let custom = self.assets.iter().map(|custom| OpenedAsset { asset: custom.id, cap: custom.asset.cap });
        native.into_iter().chain(custom).collect()
    }
}

/// Describes every asset and begins it in the ledger; THR is already there.
pub(crate) fn write(section: &TokensParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
    put(context, &keys::creation_fee(), &section.asset_creation_fee);
    let thr_cap = context.block().parameters.thr_cap;
    put(context, &keys::asset(THR), &native("THR", THR_DECIMALS, thr_cap));
    open_at_start(context, VIBE, &native("VIBE", VIBE_DECIMALS, Amount::MAX))?;
    open_at_start(context, WBTC, &native("WBTC", WBTC_DECIMALS, WBTC_CAP))?;
    let mut next = AssetId::FIRST_CUSTOM;
    for asset in &section.assets {
        open_at_start(context, asset.id, &asset.asset)?;
        let after = asset.id.checked_add(1).ok_or_else(|| {
            GenesisError::Module(format!("asset {}: the number leaves none for created assets", asset.id))
        })?;
        next = next.max(after);
    }
    put(context, &keys::next_asset(), &next);
    Ok(())
}

/// An asset that nobody mints by a call; modules issue it.
fn native(symbol: &str, decimals: u8, cap: Amount) -> Asset {
    let symbol = ByteString::new(symbol.as_bytes().to_vec()).expect("the symbols of native assets are short");
    Asset { symbol, decimals, minter: None, cap }
}

fn open_at_start(context: &mut Context<'_, '_>, id: AssetId, asset: &Asset) -> Result<(), GenesisError> {
    let twice = |_| GenesisError::Module(format!("asset {id}: the number is defined twice"));
    open(context, id, asset).map_err(twice)
}
