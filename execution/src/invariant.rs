//! The ledger's invariant over a whole state: of every asset, balances and escrow together are what was issued less what was
//! burned, and nothing is above its cap. Slow: it reads every account.

use std::collections::BTreeMap;

use types::{Amount, AssetId, THR};

use crate::keys::{self, Holding};
use crate::records::{self, AccountRecord, Supply};
use crate::view::StateView;

/// Pairs read at once.
const PAGE: usize = 1_024;

/// Adds up every asset.
pub(crate) fn check_ledger(view: &dyn StateView) -> Result<(), String> {
    let mut held: BTreeMap<AssetId, u128> = BTreeMap::new();
    let mut supplies: BTreeMap<AssetId, Supply> = BTreeMap::new();
    let mut cursor = Vec::new();
    loop {
        let page = view.scan(&[0, 0], &cursor, PAGE);
        let Some((last, _)) = page.last() else { break };
        cursor = [last.as_slice(), &[0]].concat();
        for (key, value) in &page {
            let (asset, amount) = match keys::holding(key) {
                Some(Holding::Account) => (THR, records::decode::<AccountRecord>(value).thr),
                Some(Holding::Balance(asset) | Holding::Escrow(asset)) => (asset, records::decode::<Amount>(value)),
                Some(Holding::Supply(asset)) => {
                    supplies.insert(asset, records::decode(value));
                    continue;
                }
                None => continue,
            };
            let sum = held.entry(asset).or_default();
            *sum = sum
                .checked_add(amount.0)
                .ok_or_else(|| format!("the balances of asset {asset} do not fit 128 bits"))?;
        }
    }
    if let Some(asset) = held.keys().find(|asset| !supplies.contains_key(asset)) {
        return Err(format!("asset {asset} is held but has no supply"));
    }
    for (asset, supply) in supplies {
        let held = held.get(&asset).copied().unwrap_or_default();
        if supply.issued > supply.cap || supply.burned > supply.issued || supply.circulating().0 != held {
            return Err(format!("asset {asset}: {held} held, supply {supply:?}"));
        }
    }
    Ok(())
}
