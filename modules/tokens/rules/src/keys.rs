//! Every state key of this module as a named function.

use types::AssetId;

const ASSET: u8 = 0;
const NEXT_ASSET: u8 = 1;
const CREATION_FEE: u8 = 2;

/// What is known of an asset.
pub(crate) fn asset(id: AssetId) -> Vec<u8> {
    [&[ASSET], id.0.to_be_bytes().as_slice()].concat()
}

/// The beginning of the keys of all assets.
pub(crate) const fn assets() -> [u8; 1] {
    [ASSET]
}

/// The number of an asset, from its key.
pub(crate) fn read_asset(key: &[u8]) -> Option<AssetId> {
    let number = key.strip_prefix(&assets())?.try_into().ok()?;
    Some(AssetId(u64::from_be_bytes(number)))
}

/// What creating an asset costs.
pub(crate) const fn creation_fee() -> [u8; 1] {
    [CREATION_FEE]
}

/// The number that the next created asset gets.
pub(crate) const fn next_asset() -> [u8; 1] {
    [NEXT_ASSET]
}
