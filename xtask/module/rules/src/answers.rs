//! What this module answers: types for whoever asks, here or over HTTP.
//!
//! They must not know how an answer is found.

use serde::{Deserialize, Serialize};
use types::{Address, TimeMs};

/// An account's note; the answer of the query `note`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModuleNameNote {
    /// Whose it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub author: Address,
    /// What it says.
    pub text: String,
    /// The time of its block, in milliseconds since 1970.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time: TimeMs,
    /// How many notes the account has written, this one among them.
    pub written: u64,
}

/// How many notes there are; the answer of the query `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModuleNameCount {
    /// Notes that were ever written.
    pub written: u64,
}

/// A note as a node has seen it in a block; the route `newest` answers a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModuleNameNewest {
    /// Its number among all notes of the chain, from 1.
    pub number: u64,
    /// The block.
    pub height: u64,
    /// Whose it is, as text of the network.
    pub author: String,
    /// What it says.
    pub text: String,
}
