//! Questions about assets: `asset` (`id`), `asset_key` (`id`: the key of the state under which it stands, in hex), `assets` (`from`,
//! `limit`), `balance` (`asset`, `address` in hex or text).

use execution::{ModuleView, QueryArguments, QueryError, SCAN_MAX};
use serde_json::{Value, json};
use types::{Address, Asset, AssetId};

use crate::execute::decode;
use crate::keys;

const LIMIT_DEFAULT: usize = 100;

/// Answers one question.
pub(crate) fn answer(view: &ModuleView<'_>, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
    match name {
        "asset" => {
            let id = number(arguments, "id")?;
            let asset = asset(view, id).ok_or_else(|| QueryError::NotFound(format!("there is no asset {id}")))?;
            Ok(describe(view, id, &asset))
        }
        "asset_key" => Ok(json!(types::to_hex(&crate::asset_key(number(arguments, "id")?)))),
        "assets" => {
            let from = if arguments.contains_key("from") { number(arguments, "from")? } else { AssetId::ZERO };
            let limit = match arguments.get("limit") {
                Some(text) => text.parse().map_err(|_| wrong("limit"))?,
                None => LIMIT_DEFAULT,
            };
            Ok(assets(view, from, limit).iter().map(|(id, asset)| describe(view, *id, asset)).collect())
        }
        "balance" => {
            let asset = number(arguments, "asset")?;
            let text = arguments.get("address").cloned().unwrap_or_default();
            let address: Address = serde_json::from_value(Value::String(text))
                .map_err(|_| QueryError::Argument { argument: "address", expected: "an address" })?;
            Ok(json!({ "asset": asset, "amount": view.balance(asset, &address) }))
        }
        _ => Err(QueryError::Unknown(name.to_owned())),
    }
}

/// Every described asset has a supply with the same cap.
pub(crate) fn check_assets(view: &ModuleView<'_>) -> Result<(), String> {
    let mut from = AssetId::ZERO;
    loop {
        let page = assets(view, from, SCAN_MAX);
        let Some((last, _)) = page.last() else { return Ok(()) };
        for (id, asset) in &page {
            if view.supply(*id).map(|supply| supply.cap) != Some(asset.cap) {
                return Err(format!("asset {id} has another cap in the ledger"));
            }
        }
        let Some(next) = last.checked_add(1) else { return Ok(()) };
        from = next;
    }
}

fn assets(view: &ModuleView<'_>, from: AssetId, limit: usize) -> Vec<(AssetId, Asset)> {
    let pairs = view.scan(&keys::assets(), &keys::asset(from), limit);
    pairs.iter().filter_map(|(key, value)| Some((keys::read_asset(key)?, decode(value)))).collect()
}

fn asset(view: &ModuleView<'_>, id: AssetId) -> Option<Asset> {
    view.get(&keys::asset(id)).map(|bytes| decode(&bytes))
}

fn describe(view: &ModuleView<'_>, id: AssetId, asset: &Asset) -> Value {
    let supply = view.supply(id);
    json!({
        "id": id,
        "asset": asset,
        "issued": supply.map(|supply| supply.issued),
        "burned": supply.map(|supply| supply.burned),
    })
}

fn number(arguments: &QueryArguments, argument: &'static str) -> Result<AssetId, QueryError> {
    arguments.get(argument).and_then(|text| text.parse().ok()).map(AssetId).ok_or_else(|| wrong(argument))
}

const fn wrong(argument: &'static str) -> QueryError {
    QueryError::Argument { argument, expected: "a whole number" }
}
