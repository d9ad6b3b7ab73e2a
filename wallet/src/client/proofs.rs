//! What proves a value of the state, or what became of a transaction, as a node gives it.
//!
//! It must not believe any of it: [`crate::proof`] checks.

use serde::{Deserialize, Serialize};
use types::{Hash32, Height};

use super::http::NodeClient;
use super::queries::encoded;
use super::types::ProofResponse;
use crate::Result;

/// Most bytes of an answer: a header is followed by 512 others at most, and a transaction, a receipt or a value is far shorter.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

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
    #[serde(default)]
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
        self.get_within(&format!("/api/v1/state/{}/{}/proof", encoded(module), hex::encode(key)), ANSWER_BYTES_MAX)
    }

    /// Proof of what became of a transaction.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn transaction_proof(&self, id: &Hash32) -> Result<ReceiptEvidence> {
        self.get_within(&format!("/api/v1/transactions/{id}/proof"), ANSWER_BYTES_MAX)
    }

    /// Proof of one receipt of a block.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn receipt_proof(&self, height: Height, index: u32) -> Result<ReceiptEvidence> {
        self.get_within(&format!("/api/v1/receipts/{height}/{index}/proof"), ANSWER_BYTES_MAX)
    }
}
