//! What is handed in, and what it costs. The wallet's client reads the same fields.

use serde::{Deserialize, Serialize};
use types::{Amount, ChainId, Hash32, Height, Weight};
use utoipa::ToSchema;

use super::{ErrorResponse, ReceiptResponse};

/// `POST /api/v1/transactions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitRequest {
    /// The chain the transaction was signed for.
    #[schema(value_type = String, format = "chain")]
    pub chain_id: ChainId,
    /// The transaction's canonical bytes in hex.
    #[schema(format = "hex")]
    pub transaction: String,
}

/// Answer 202 of `POST /api/v1/transactions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmitResponse {
    /// The transaction.
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
}

/// `POST /api/v1/transactions/batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The chain the transactions were signed for.
    #[schema(value_type = String, format = "chain")]
    pub chain_id: ChainId,
    /// Canonical bytes in hex, 1 to 1,000. What is none is refused by itself.
    #[schema(min_items = 1, max_items = 1000)]
    pub transactions: Vec<String>,
}

/// Answer 200 of `POST /api/v1/transactions/batch`: one result per item, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchResponse {
    /// How many were accepted.
    pub accepted: u32,
    /// The results.
    pub results: Vec<BatchResult>,
}

/// Answer 200 of `POST /api/v1/transactions/batch`, by how the batch was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BatchAnswer {
    /// To JSON: a result per item.
    Each(BatchResponse),
    /// To canonical bytes: who gives them knows the ids, so only what was refused is named.
    Refusals(BatchRefusals),
}

/// What became of a batch of canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchRefusals {
    /// How many were accepted.
    pub accepted: u32,
    /// The others, in rising order of their places.
    pub refused: Vec<BatchRefusal>,
}

/// An item of a batch that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchRefusal {
    /// Its place in the batch, counted from 0.
    pub place: u32,
    /// Why.
    pub error: ErrorResponse,
}

/// What became of one item of a batch: an id, or an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// The transaction, when its bytes could be read.
    #[schema(value_type = Option<String>, format = "hash")]
    pub id: Option<Hash32>,
    /// Why it was refused; absent when it was accepted.
    pub error: Option<ErrorResponse>,
}

/// Answer 200 of `POST /api/v1/transactions/simulate` (the request is a [`SubmitRequest`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SimulateResponse {
    /// The transaction.
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
    /// The state after this block was used.
    #[schema(value_type = u64)]
    pub height: Height,
    /// What would become of it.
    pub receipt: ReceiptResponse,
}

/// `GET /api/v1/fees/estimate?weight=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeeEstimateResponse {
    /// Price of one weight in the next block, in µTHR with 32 fractional bits, as a decimal string.
    pub price: String,
    /// Lowest price that the chain allows, in the same unit.
    pub price_floor: String,
    /// The weight that was asked for.
    #[schema(value_type = u64)]
    pub weight: Weight,
    /// `price · weight`, rounded up, in µTHR.
    #[schema(value_type = String, format = "amount")]
    pub fee: Amount,
    /// A `fee_max` that also covers a minute of full blocks, in µTHR.
    #[schema(value_type = String, format = "amount")]
    pub fee_max: Amount,
    /// A tip that went in lately, in µTHR per transaction; 0 when blocks have room.
    #[schema(value_type = String, format = "amount")]
    pub tip: Amount,
}
