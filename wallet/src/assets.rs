//! Assets that this wallet knows: what each is called and how many decimals it has, proven once from the state and pinned.
//!
//! Anybody can create an asset with a symbol that is taken, so an asset is its number; symbol and decimals never change on chain. It must
//! not know commands. Invariant: what is pinned was proven, and nothing that differs from it is ever believed.

use std::collections::BTreeMap;

use execution::MemoryState;
use serde::{Deserialize, Serialize};
use types::{Asset, AssetId, ChainId};

use crate::calls::{registry, well_known_asset};
use crate::finality::check_value;
use crate::home::WalletHome;
use crate::keystore::file::{Existing, create_private_directory, write_private};
use crate::{Chain, Error, NodeClient, Result};

/// Whoever answers this describes assets.
const ASSET_KEY: &str = "asset_key";

/// What is pinned of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedAsset {
    /// Its symbol.
    pub symbol: String,
    /// Its digits behind the point.
    pub decimals: u8,
}

/// The pinned assets of a chain, by number.
type Pinned = BTreeMap<u64, PinnedAsset>;

/// The asset of this number as it was pinned.
///
/// # Errors
/// `bad_assets` when the file cannot be read.
pub fn pinned(home: &WalletHome, chain: ChainId, id: AssetId) -> Result<Option<PinnedAsset>> {
    Ok(load(home, chain)?.remove(&id.0))
}

/// How an asset is called in what people read. Anybody can create one with a symbol that is taken, so only those that every chain
/// has stand without their number.
#[must_use]
pub fn display_name(id: AssetId, symbol: &str) -> String {
    match well_known_asset(id) {
        Some((own, _)) => own.to_owned(),
        None if id == AssetId::MAX => symbol.to_owned(),
        None => format!("{symbol}#{id}"),
    }
}

/// The assets that were pinned under a symbol.
///
/// # Errors
/// As [`pinned`].
pub fn pinned_as(home: &WalletHome, chain: ChainId, symbol: &str) -> Result<Vec<(AssetId, PinnedAsset)>> {
    let all = load(home, chain)?.into_iter();
    Ok(all.filter(|(_, asset)| asset.symbol == symbol).map(|(id, asset)| (AssetId(id), asset)).collect())
}

/// The asset of this number: as it was pinned, or proven from the state now and pinned. Says whether it is new.
///
/// # Errors
/// `unknown_asset` when the state has none of this number; `wrong_proof`, and what [`Chain`] finds wrong with the node's proof.
pub fn learn(home: &WalletHome, client: &NodeClient, chain: &mut Chain, id: AssetId) -> Result<(PinnedAsset, bool)> {
    if let Some(known) = pinned(home, chain.id(), id)? {
        return Ok((known, false));
    }
    let proven = check_value(client, chain, &client.asset_proof(id)?, &key_of(id)?)?;
    let none =
        || Error::new("unknown_asset", format!("there is no asset {id} on this chain"), "see `thronos asset show`");
    let asset: Asset = borsh::from_slice(&proven.value.ok_or_else(none)?).map_err(|_| {
        let message = "the proven asset cannot be read by this wallet: use a newer one";
        Error::new("wrong_proof", message, "the node is lying or damaged: ask another one")
    })?;
    let asset = PinnedAsset { symbol: String::from_utf8_lossy(&asset.symbol).into_owned(), decimals: asset.decimals };
    let mut all = load(home, chain.id())?;
    all.insert(id.0, asset.clone());
    let path = home.assets_path(chain.id());
    create_private_directory(path.parent().unwrap_or(home.directory()))?;
    let text = serde_json::to_string_pretty(&all).expect("numbers and texts always have a JSON form") + "\n";
    write_private(&path, text.as_bytes(), Existing::Replace)?;
    Ok((asset, true))
}

/// The key of the state under which an asset stands. The module says it; it needs no state for that.
fn key_of(id: AssetId) -> Result<Vec<u8>> {
    let arguments = BTreeMap::from([("id".to_owned(), id.to_string())]);
    let ask = |module| registry().query(&MemoryState::default(), module, ASSET_KEY, &arguments).ok();
    let told = registry().who_answers(ASSET_KEY).and_then(ask);
    let key = told.as_ref().and_then(serde_json::Value::as_str).and_then(|text| hex::decode(text).ok());
    key.ok_or_else(|| {
        Error::new("unknown_asset", format!("this wallet cannot name the key of asset {id}"), "use a newer wallet")
    })
}

fn load(home: &WalletHome, chain: ChainId) -> Result<Pinned> {
    let path = home.assets_path(chain);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Pinned::new()),
        Err(error) => return Err(Error::file("read", &path, &error)),
    };
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("{} cannot be read: {error}", path.display());
        Error::new("bad_assets", message, "remove it: the assets are proven and pinned anew")
    })
}

#[cfg(test)]
mod tests {
    use types::{THR, WBTC};

    use super::*;

    // FAULTS RT7
    #[test]
    fn whoever_takes_a_symbol_that_is_taken_is_shown_with_its_number() {
        assert_eq!(display_name(THR, "whatever a node says"), "THR");
        assert_eq!(display_name(WBTC, "WBTC"), "WBTC");
        assert_eq!(display_name(AssetId(9), "WBTC"), "WBTC#9");
        assert_eq!(display_name(AssetId(1_000), "GOLD"), "GOLD#1000");
    }
}
