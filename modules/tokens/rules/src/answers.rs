//! What this module answers: types for whoever asks, here or over HTTP.
//!
//! They must not know how an answer is found. Amounts in JSON are texts of base units.

use serde::{Deserialize, Serialize};
use types::{Amount, Asset, AssetId};

/// What is known of an asset; the answer of the query `asset`, and `assets` answers a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KnownAsset {
    /// Its number; 0 is THR.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub id: AssetId,
    /// Symbol, decimals, minter and cap.
    #[cfg_attr(feature = "schema", schema(value_type = Object))]
    pub asset: Asset,
    /// Everything ever issued, in base units.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub issued: Option<Amount>,
    /// Everything ever burned, in base units.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub burned: Option<Amount>,
}

/// What an account owns of an asset; the answer of the query `balance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Holding {
    /// The asset's number.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub asset: AssetId,
    /// How much, in base units.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub amount: Amount,
}
