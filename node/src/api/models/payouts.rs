//! What a port for miners owes, and why.

use serde::{Deserialize, Serialize};
use types::{Amount, Hash32};
use utoipa::ToSchema;

/// `GET /api/mining/payouts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayoutsResponse {
    /// What the operator keeps: fees, and what divisions left over, in µTHR.
    #[schema(value_type = String)]
    pub kept: Amount,
    /// What is owed to all addresses together, in µTHR.
    #[schema(value_type = String)]
    pub owed: Amount,
    /// How many addresses something is owed to.
    pub addresses: u64,
    /// How many incomes were shared out; beyond 65,536 the oldest are not counted any more.
    pub incomes: u64,
    /// A page of them, by rising address.
    pub payouts: Vec<OwedResponse>,
    /// Give this back for more; absent at the end.
    pub cursor: Option<String>,
}

/// What one address is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwedResponse {
    /// To whom.
    pub address: String,
    /// In µTHR.
    #[schema(value_type = String)]
    pub owed: Amount,
}

/// `GET /api/mining/payouts/{address}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayoutResponse {
    /// Whose.
    pub address: String,
    /// What is owed, in µTHR.
    #[schema(value_type = String)]
    pub owed: Amount,
    /// Its weight in the present window, in billionths of difficulty 1: by this the next income is shared out.
    #[schema(value_type = String)]
    pub weight: Amount,
    /// The weight of the whole window.
    #[schema(value_type = String)]
    pub weight_total: Amount,
    /// Its part of the window in millionths, rounded down.
    pub share_ppm: u32,
    /// Its shares in the rounds of the window.
    pub shares: u64,
    /// Closed works whose receipts are kept here, the newest first.
    pub works: Vec<u64>,
}

/// `GET /api/mining/receipts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptsResponse {
    /// Roots of closed works, the newest first.
    pub roots: Vec<ReceiptsRootResponse>,
    /// Give this back for more; absent at the end.
    pub cursor: Option<u64>,
}

/// The root of the receipts of one closed work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptsRootResponse {
    /// The work for which the window was closed.
    pub work: u64,
    /// The root of the Merkle tree of its receipts.
    #[schema(value_type = String)]
    pub root: Hash32,
    /// Whether the receipts are kept here, so that one of them can be proven.
    pub is_kept: bool,
}

/// `GET /api/mining/receipts/{work}/{address}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShareReceiptResponse {
    /// The closed work.
    pub work: u64,
    /// Whose receipt.
    pub address: String,
    /// The weight that was counted for it, in billionths of difficulty 1.
    #[schema(value_type = String)]
    pub weight: Amount,
    /// The weight of the whole window.
    #[schema(value_type = String)]
    pub weight_total: Amount,
    /// The number of its latest entry in the book of shares.
    pub sequence: u64,
    /// The root that the receipt is under.
    #[schema(value_type = String)]
    pub root: Hash32,
    /// The receipt's place among all of the work, from 0.
    pub index: u32,
    /// How many receipts the work has.
    pub count: u32,
    /// The hashes beside the path from the receipt to the root.
    #[schema(value_type = Vec<String>)]
    pub siblings: Vec<Hash32>,
    /// The receipt in canonical bytes, in hex: work, address, weight, weight of the window, sequence.
    pub receipt_hex: String,
    /// Index, count and siblings in canonical bytes, in hex.
    pub proof_hex: String,
}
