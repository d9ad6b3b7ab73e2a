//! What the node says of events, and what proves a receipt. The wallet's client reads the same fields.

use serde::{Deserialize, Serialize};
use types::{Hash32, Height, ModuleId, TimeMs};
use utoipa::ToSchema;

/// `GET /api/v1/events/{module}/{kind}?cursor=&from=&limit=`: oldest first, of final blocks only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventsResponse {
    /// The module that reports them.
    #[schema(value_type = u16)]
    pub module: ModuleId,
    /// Their kind.
    pub kind: u16,
    /// What the module calls the kind.
    pub name: Option<String>,
    /// The events.
    pub events: Vec<EventEntry>,
    /// Give this back for what comes after them, now or later.
    #[schema(format = "place")]
    pub cursor: String,
    /// Whether there were no more when this was read.
    pub is_end: bool,
}

/// An event with its place; the stream's event `event`, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventEntry {
    /// The block.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Its time.
    #[schema(value_type = u64)]
    pub time: TimeMs,
    /// The receipt: 0 is the block's own, the transaction at place `i` has `i + 1`.
    pub receipt: u32,
    /// The place among the receipt's events.
    pub event: u32,
    /// The transaction; zero in the block's own receipt.
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
    /// The event's canonical bytes.
    #[schema(format = "hex")]
    pub body: String,
    /// The same in words: the event's name, and its fields. Absent for what this node does not know.
    #[schema(value_type = Option<Object>)]
    pub fields: Option<serde_json::Value>,
}

/// `GET /api/v1/transactions/{id}/proof` and `GET /api/v1/receipts/{height}/{index}/proof`: what became of a transaction, and what
/// proves it from the validators of the genesis on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptProofResponse {
    /// The block with the transaction.
    #[schema(value_type = u64)]
    pub height: Height,
    /// The receipt's place: 0 is the block's own, the transaction at place `i` has `i + 1`.
    pub index: u32,
    /// The transaction; zero for the block's own receipt.
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
    /// The receipt's canonical bytes.
    #[schema(format = "hex")]
    pub receipt_hex: String,
    /// Canonical bytes of the path from the receipt to the root of all receipts of its block.
    #[schema(format = "hex")]
    pub path_hex: String,
    /// The transaction's canonical bytes; absent for the block's own receipt.
    #[schema(format = "hex")]
    pub transaction_hex: Option<String>,
    /// Header of `height + 1`, whose `receipts_root` the path leads to.
    #[schema(format = "hex")]
    pub header_hex: String,
    /// Headers from `height + 2` up to the one that the certificate names, rising; empty when it names `height + 1` itself.
    #[serde(default)]
    pub descendants_hex: Vec<String>,
    /// Finalization of that header.
    #[schema(format = "hex")]
    pub certificate_hex: String,
}
