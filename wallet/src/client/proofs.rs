//! What proves a value of the state, or what became of a transaction, as a node gives it.
//!
//! It must not believe any of it: [`crate::proof`] checks.

use serde::{Deserialize, Serialize};
use types::limits::{
    DESCENDANTS_MAX, EVENT_BYTES_MAX, EVENTS_PER_RECEIPT_MAX, HEADER_BYTES_MAX, TRANSACTION_BYTES_MAX,
};
use types::{Hash32, Height};

use super::bounded::at_most;
use super::http::NodeClient;
use super::queries::encoded;
use super::types::ProofResponse;
use crate::Result;

/// Most digits of the headers up to the certified one, with quotes and commas.
const HEADERS_BYTES_MAX: usize = (DESCENDANTS_MAX + 1) * (2 * HEADER_BYTES_MAX + 3);
/// Most bytes of a proof of the state: what else is in it than headers, a value and a path, takes less than the rest.
pub(super) const STATE_BYTES_MAX: u64 = (HEADERS_BYTES_MAX + 4 * 1024 * 1024) as u64;
/// Most bytes of a receipt: its events each with module, kind and length, and a few numbers.
const RECEIPT_BYTES_MAX: usize = EVENTS_PER_RECEIPT_MAX * (EVENT_BYTES_MAX + 16) + 1024;
/// Most bytes of a proof of a receipt, in hex, with names, certificate and path.
const EVIDENCE_BYTES_MAX: u64 =
    (HEADERS_BYTES_MAX + 2 * (RECEIPT_BYTES_MAX + TRANSACTION_BYTES_MAX) + 64 * 1024) as u64;

/// `GET /api/v1/transactions/{id}/proof` and `GET /api/v1/receipts/{height}/{index}/proof`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptEvidence {
    /// The block with the transaction.
    pub height: Height,
    /// The receipt's place: 0 is the block's own, the transaction at place `i` has `i + 1`.
    pub index: u32,
    /// The transaction; zero for the block's own receipt.
    pub id: Hash32,
    /// The receipt's canonical bytes.
    pub receipt_hex: String,
    /// Canonical bytes of the path from the receipt to the root of all receipts of its block.
    pub path_hex: String,
    /// The transaction's canonical bytes; absent for the block's own receipt.
    pub transaction_hex: Option<String>,
    /// Header of `height + 1`, whose `receipts_root` the path leads to.
    pub header_hex: String,
    /// Headers from `height + 2` up to the one that the certificate names, rising.
    #[serde(default, deserialize_with = "at_most::<_, _, DESCENDANTS_MAX>")]
    pub descendants_hex: Vec<String>,
    /// Finalization of that header.
    pub certificate_hex: String,
}

impl NodeClient {
    /// Proof of what a module keeps under a key, without the module's number before it.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn state_proof(&self, module: &str, key: &[u8]) -> Result<ProofResponse> {
        self.get_within(&format!("/api/v1/state/{}/{}/proof", encoded(module), hex::encode(key)), STATE_BYTES_MAX)
    }

    /// Proof of what became of a transaction.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn transaction_proof(&self, id: &Hash32) -> Result<ReceiptEvidence> {
        self.get_within(&format!("/api/v1/transactions/{id}/proof"), EVIDENCE_BYTES_MAX)
    }

    /// Proof of one receipt of a block.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn receipt_proof(&self, height: Height, index: u32) -> Result<ReceiptEvidence> {
        self.get_within(&format!("/api/v1/receipts/{height}/{index}/proof"), EVIDENCE_BYTES_MAX)
    }
}
