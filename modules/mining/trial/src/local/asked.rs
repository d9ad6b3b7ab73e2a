//! What a node is asked about mining over HTTP, and the call of a claim. All are the types of the rules.

use mining::{Earned, MiningCall, ProofAccepted, ProofRequest, WorkInfo, WorkResponse};
use types::Call;
use wallet::{NodeClient, Result};

const ROUTES: &str = "/api/v1/mining";

/// The work chain.
pub(super) fn info(node: &NodeClient) -> Result<WorkInfo> {
    node.get_at(&format!("{ROUTES}/info"))
}

/// What an account has earned and not claimed.
pub(super) fn earned(node: &NodeClient, address: &str) -> Result<Earned> {
    node.get_at(&format!("{ROUTES}/accounts/{address}"))
}

/// What to mine for an account.
pub(super) fn task(node: &NodeClient, address: &str) -> Result<WorkResponse> {
    node.get_at(&format!("{ROUTES}/work?address={address}"))
}

/// Hands in a proof.
pub(super) fn submit(node: &NodeClient, proof: &ProofRequest) -> Result<ProofAccepted> {
    node.post_at(&format!("{ROUTES}/submit"), proof)
}

/// Moves what was earned to the account.
pub(super) fn claim() -> Call {
    MiningCall::Claim.to_call()
}
