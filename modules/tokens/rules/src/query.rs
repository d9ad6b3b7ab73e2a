//! Questions about assets, and the typed functions that answer them.

use execution::values::decode;
use execution::{Argument, ArgumentKind, ModuleQuery, ModuleView, QueryArguments, QueryError, SCAN_MAX, argument};
use serde_json::{Value, json};
use types::{Address, Asset, AssetId};

use crate::answers::{Holding, KnownAsset};
use crate::keys;

const LIMIT_DEFAULT: usize = 100;

const ID: Argument = Argument::required("id", ArgumentKind::Number, "the asset's number; 0 is THR");

/// What can be asked.
pub(crate) const QUERIES: &[ModuleQuery] = &[
    ModuleQuery { name: "asset", about: "What is known of an asset.", arguments: &[ID] },
    ModuleQuery {
        name: "asset_key",
        about: "An asset's key in the state, in hex: two bytes of the module's number, then the module's own key.",
        arguments: &[ID],
    },
    ModuleQuery {
        name: "assets",
        about: "Assets in order of their numbers.",
        arguments: &[
            Argument::optional("from", ArgumentKind::Number, "the first asset's number"),
            Argument::optional("limit", ArgumentKind::Number, "how many at most; 100 unless given, never above 1024"),
        ],
    },
    ModuleQuery {
        name: "balance",
        about: "What an account owns of an asset.",
        arguments: &[
            Argument::required("asset", ArgumentKind::Number, "the asset's number"),
            Argument::required("address", ArgumentKind::Address, "the account"),
        ],
    },
];

/// Answers one question.
pub(crate) fn answer(view: &ModuleView<'_>, name: &str, arguments: &QueryArguments) -> Result<Value, QueryError> {
    let number = |name| {
        let wrong = QueryError::Argument { argument: name, expected: ArgumentKind::Number.expected() };
        argument::<AssetId>(arguments, name, ArgumentKind::Number)?.ok_or(wrong)
    };
    match name {
        "asset" => {
            let id = number("id")?;
            let found = known(view, id).ok_or_else(|| QueryError::NotFound(format!("there is no asset {id}")))?;
            Ok(json!(found))
        }
        "asset_key" => Ok(json!(types::to_hex(&crate::asset_key(number("id")?)))),
        "assets" => {
            let from = argument(arguments, "from", ArgumentKind::Number)?.unwrap_or(AssetId::ZERO);
            let limit: Option<u64> = argument(arguments, "limit", ArgumentKind::Number)?;
            let limit = limit.map_or(LIMIT_DEFAULT, |limit| usize::try_from(limit).unwrap_or(SCAN_MAX));
            Ok(json!(assets(view, from, limit)))
        }
        "balance" => {
            let wrong = QueryError::Argument { argument: "address", expected: ArgumentKind::Address.expected() };
            let address: Address = argument(arguments, "address", ArgumentKind::Address)?.ok_or(wrong)?;
            Ok(json!(balance(view, number("asset")?, &address)))
        }
        _ => Err(QueryError::Unknown(name.to_owned())),
    }
}

/// What is known of an asset, if there is one with this number.
#[must_use]
pub fn known(view: &ModuleView<'_>, id: AssetId) -> Option<KnownAsset> {
    let asset = execution::values::view(view, &keys::asset(id))?;
    Some(describe(view, id, asset))
}

/// At most `limit` (and [`SCAN_MAX`]) assets in order of their numbers, none below `from`.
#[must_use]
pub fn assets(view: &ModuleView<'_>, from: AssetId, limit: usize) -> Vec<KnownAsset> {
    described(view, from, limit).into_iter().map(|(id, asset)| describe(view, id, asset)).collect()
}

/// What an account owns of an asset.
#[must_use]
pub fn balance(view: &ModuleView<'_>, asset: AssetId, address: &Address) -> Holding {
    Holding { asset, amount: view.balance(asset, address) }
}

fn describe(view: &ModuleView<'_>, id: AssetId, asset: Asset) -> KnownAsset {
    let supply = view.supply(id);
    let (issued, burned) = (supply.map(|supply| supply.issued), supply.map(|supply| supply.burned));
    KnownAsset { id, asset, issued, burned }
}

/// Every described asset has a supply with the same cap.
pub(crate) fn check_assets(view: &ModuleView<'_>) -> Result<(), String> {
    let mut from = AssetId::ZERO;
    loop {
        let page = described(view, from, SCAN_MAX);
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

fn described(view: &ModuleView<'_>, from: AssetId, limit: usize) -> Vec<(AssetId, Asset)> {
    let pairs = view.scan(&keys::assets(), &keys::asset(from), limit);
    pairs.iter().filter_map(|(key, value)| Some((keys::read_asset(key)?, decode(value)))).collect()
}
