//! What this module answers: types for whoever asks, here or over HTTP.
//!
//! They must not know how an answer is found. Amounts, hashes and addresses in JSON are texts; what goes beyond 2^53 is a text, too.

#![cfg_attr(
    feature = "schema",
    allow(unused_qualifications, reason = "the expansion of utoipa's attributes qualifies names")
)]

mod routes;

use pow::{CompactBits, Difficulty};
use serde::{Deserialize, Serialize};
use types::{Address, Amount, Hash32, TimeMs};

pub use routes::{
    AnchorResponse, AttestedGroupResponse, AttestedShareResponse, OwedResponse, PayoutResponse, PayoutsResponse,
    ProofAccepted, ProofRequest, ReceiptsResponse, ReceiptsRootResponse, ShareReceiptResponse, WorkAttestationRequest,
    WorkAttestationResponse, WorkResponse,
};

/// The work chain; the answer of the query `info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorkInfo {
    /// How many works there are.
    pub works: u64,
    /// Hash of the newest, as it came out of the hash; the chain id before the first.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub last_hash: Hash32,
    /// Time of the block that accepted it, in milliseconds since 1970.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub last_time: TimeMs,
    /// nBits of the next.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub bits: CompactBits,
    /// Its difficulty, as pools count it.
    #[cfg_attr(feature = "schema", schema(value_type = Option<f64>))]
    pub difficulty: Option<Difficulty>,
    /// How many hashes it takes on average, in decimal.
    pub hashes_expected: Option<String>,
    /// What it pays, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub reward: Amount,
    /// What all works were paid, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub issued: Amount,
    /// Shares counted since the newest work.
    pub shares: u64,
    /// Shares that stand in blocks, of all times, works among them.
    pub shares_total: u64,
    /// Shares in the window.
    pub window_shares: u64,
    /// The weight of all shares there, in hashes, in decimal.
    pub window_weight: String,
    /// What the window holds for those who have not claimed, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub unclaimed: Amount,
    /// Wanted time between works, in milliseconds.
    pub spacing_ms: u64,
}

/// A share of the window; the query `window` answers a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WindowShare {
    /// Its number, counted from the chain's first share.
    pub number: Option<u64>,
    /// Whose it is.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub payee: Address,
    /// How many hashes it stands for, in decimal.
    pub weight: String,
}

/// What an account has earned; the answer of the query `account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Earned {
    /// What a claim would move, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub claimable: Amount,
    /// The weight of its shares in the window, in hashes, in decimal.
    pub weight: String,
    /// The weight of all shares there.
    pub window_weight: String,
}
