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

/// Votes that say the same, their signatures one by one.
#[derive(Clone, Copy, Debug)]
pub struct EqualVotes<'a> {
    /// What they all say.
    pub statement: &'a VoteStatement,
    /// Who says so, with which signature; rising, each signer once, all members of the set.
    pub votes: &'a [(ValidatorIndex, BlsSignature)],
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

    /// The sum of signatures; `None` when one of them cannot be read or the sum is no signature. A sum proves nothing of
    /// its parts, not even that each is a signature.
    fn aggregate(&self, signatures: &[BlsSignature]) -> Option<BlsSignature>;

    /// Whether the sum of the signers' signatures over one statement is this one. False for no signers.
    fn verify_aggregated(&self, set: &ValidatorSet, aggregated: Aggregated<'_>) -> bool;

    /// Whether all of several are right; one randomized check where the scheme has one.
    fn verify_batch(&self, set: &ValidatorSet, batch: &[Aggregated<'_>]) -> bool {
        batch.iter().all(|aggregated| self.verify_aggregated(set, *aggregated))
    }

    /// The sum of each, if all of them are right: [`Self::aggregate`] and [`Self::verify_aggregated`] in one, which
    /// spares a scheme from reading again what it has just written, and lets it check several statements together.
    fn verified_sums(&self, set: &ValidatorSet, parts: &[EqualVotes<'_>]) -> Option<Vec<BlsSignature>> {
        let verified_sum = |part: &EqualVotes<'_>| {
            let signers: Vec<ValidatorIndex> = part.votes.iter().map(|(signer, _)| *signer).collect();
            let signatures: Vec<BlsSignature> = part.votes.iter().map(|(_, signature)| *signature).collect();
            let signature = self.aggregate(&signatures)?;
            let sum = Aggregated { statement: part.statement, signers: &signers, signature: &signature };
            self.verify_aggregated(set, sum).then_some(signature)
        };
        parts.iter().map(verified_sum).collect()
    }
}
