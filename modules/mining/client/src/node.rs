//! What a node answers about mining, under `/api/v1/mining`: the work chain, an account's earnings, tasks without Stratum.
//!
//! The answers are the types of the rules. It must not know how a work is found, nor believe what is answered.

use mining::{Earned, ProofAccepted, ProofRequest, ReceiptsResponse, ShareReceiptResponse, WorkInfo, WorkResponse};
use wallet::client::plain;
use wallet::{NodeClient, Result};

/// The work chain.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn info(node: &NodeClient) -> Result<WorkInfo> {
    node.get_at("/api/v1/mining/info")
}

/// What an account has earned by mining and not claimed; any text form of its address.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn account(node: &NodeClient, address: &str) -> Result<Earned> {
    node.get_at(&format!("/api/v1/mining/accounts/{}", plain(address)?))
}

/// What to mine for an address.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn task(node: &NodeClient, address: &str) -> Result<WorkResponse> {
    node.get_at(&format!("/api/v1/mining/work?address={}", plain(address)?))
}

/// Hands in a proof of work.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn submit(node: &NodeClient, proof: &ProofRequest) -> Result<ProofAccepted> {
    node.post_at("/api/v1/mining/submit", proof)
}

/// The roots of the receipts of the node's port for miners: the newest hundred.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn receipts(node: &NodeClient) -> Result<ReceiptsResponse> {
    node.get_at("/api/v1/mining/receipts?limit=100")
}

/// The receipt of an address for a closed work.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn receipt(node: &NodeClient, work: u64, address: &str) -> Result<ShareReceiptResponse> {
    node.get_at(&format!("/api/v1/mining/receipts/{work}/{}", plain(address)?))
}

/// The statistics of the node's port for miners, as ckpool writes them for an address.
///
/// # Errors
/// As [`NodeClient::status`].
pub fn user(node: &NodeClient, address: &str) -> Result<serde_json::Value> {
    node.get_at(&format!("/api/v1/mining/users/{}", plain(address)?))
}
