//! The port through which votes are verified and aggregated.
//!
//! The engine never calls it: verification jobs do, outside of the engine's turn. The implementation knows the chain
//! id and the signature scheme; this crate knows neither.

use types::{BlsSignature, ValidatorIndex, ValidatorSet, VoteStatement};

/// One aggregated signature to check.
#[derive(Clone, Copy, Debug)]
pub struct Aggregated<'a> {
    /// What was signed.
    pub statement: &'a VoteStatement,
    /// Who signed, in rising order, each once, all members of the set.
    pub signers: &'a [ValidatorIndex],
    /// The sum of their signatures.
    pub signature: &'a BlsSignature,
}

/// Signatures over vote statements.
pub trait Scheme {
    /// Whether a member signed a statement.
    fn verify_vote(
        &self,
        set: &ValidatorSet,
        signer: ValidatorIndex,
        statement: &VoteStatement,
        signature: &BlsSignature,
    ) -> bool;

    /// The sum of signatures; `None` when one of them is no signature at all (not a point of the group).
    fn aggregate(&self, signatures: &[BlsSignature]) -> Option<BlsSignature>;

    /// Whether the sum of the signers' signatures over one statement is this one. False for no signers.
    fn verify_aggregated(&self, set: &ValidatorSet, aggregated: Aggregated<'_>) -> bool;

    /// Whether all of several are right; one randomized check where the scheme has one.
    fn verify_batch(&self, set: &ValidatorSet, batch: &[Aggregated<'_>]) -> bool {
        batch.iter().all(|aggregated| self.verify_aggregated(set, *aggregated))
    }
}
