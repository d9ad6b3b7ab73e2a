//! What can be said of a call without state: its weight.

use types::Weight;

use crate::call::MiningCall;

/// Most proofs (shares, the work among them) in one block.
pub const PROOFS_PER_BLOCK_MAX: usize = 32;
/// Weight of a claim beside the bytes of its envelope; as that of a transfer.
pub const CLAIM_WEIGHT: Weight = Weight(1_000);
/// Weight of a proof of work: three hashes of a few blocks, and a handful of keys.
pub const PROOF_WEIGHT: Weight = Weight(4_000);

/// Declares a call's weight; every call may succeed.
pub(crate) const fn check(call: &MiningCall) -> Weight {
    match call {
        MiningCall::Claim => CLAIM_WEIGHT,
    }
}
