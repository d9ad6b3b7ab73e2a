//! Votes checked with BLS, for the real network.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use consensus::{Aggregated, Scheme};
use crypto::bls::{AggregatePublicKey, BatchItem, PublicKey, Signature, aggregate_signatures, verify_batch};
use crypto::ids::vote_preimage;
use types::{BlsPublicKey, BlsSignature, ChainId, ValidatorIndex, ValidatorSet, VoteStatement};

/// Parsed keys that are kept: several full sets.
const KEYS_MAX: usize = 1_024;

/// BLS12-381 multisignatures over vote statements of one chain.
///
/// Keys of a set had their possession proven when they entered it; each is parsed once.
pub struct BlsScheme {
    chain: ChainId,
    /// Weighs the parts of a batch; fresh secret entropy of this process.
    batch_seed: [u8; 32],
    keys: Mutex<HashMap<BlsPublicKey, Arc<PublicKey>>>,
}

impl BlsScheme {
    /// A scheme for one chain. `batch_seed` is fresh secret entropy.
    #[must_use]
    pub fn new(chain: ChainId, batch_seed: [u8; 32]) -> Self {
        Self { chain, batch_seed, keys: Mutex::default() }
    }

    fn key(&self, set: &ValidatorSet, index: ValidatorIndex) -> Option<Arc<PublicKey>> {
        let bytes = &set.get(index)?.key;
        // A panic elsewhere cannot leave the map half-written: each call writes one entry.
        let mut keys = self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(key) = keys.get(bytes) {
            return Some(key.clone());
        }
        let key = Arc::new(PublicKey::parse(bytes).ok()?);
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(*bytes, key.clone());
        Some(key)
    }

    fn sum(&self, set: &ValidatorSet, signers: &[ValidatorIndex]) -> Option<AggregatePublicKey> {
        let keys: Option<Vec<_>> = signers.iter().map(|signer| self.key(set, *signer)).collect();
        AggregatePublicKey::new(keys?.iter().map(AsRef::as_ref))
    }
}

impl Scheme for BlsScheme {
    fn verify_vote(
        &self,
        set: &ValidatorSet,
        signer: ValidatorIndex,
        statement: &VoteStatement,
        signature: &BlsSignature,
    ) -> bool {
        let Some(key) = self.key(set, signer) else { return false };
        let message = vote_preimage(self.chain, statement);
        Signature::parse(signature).is_ok_and(|signature| key.verify(&message, &signature))
    }

    fn aggregate(&self, signatures: &[BlsSignature]) -> Option<BlsSignature> {
        let parsed: Option<Vec<_>> = signatures.iter().map(|bytes| Signature::parse(bytes).ok()).collect();
        aggregate_signatures(&parsed?).map(|sum| sum.to_bytes())
    }

    fn verify_aggregated(&self, set: &ValidatorSet, aggregated: Aggregated<'_>) -> bool {
        let Some(key) = self.sum(set, aggregated.signers) else { return false };
        let message = vote_preimage(self.chain, aggregated.statement);
        Signature::parse(aggregated.signature).is_ok_and(|signature| key.verify(&message, &signature))
    }

    fn verify_batch(&self, set: &ValidatorSet, batch: &[Aggregated<'_>]) -> bool {
        if let [one] = batch {
            return self.verify_aggregated(set, *one);
        }
        let parts: Option<Vec<_>> = batch
            .iter()
            .map(|part| {
                let message = vote_preimage(self.chain, part.statement);
                Some((message, self.sum(set, part.signers)?, Signature::parse(part.signature).ok()?))
            })
            .collect();
        let Some(parts) = parts else { return false };
        let items: Vec<BatchItem<'_>> =
            parts.iter().map(|(message, key, signature)| BatchItem { message, key, signature }).collect();
        // The factors depend on what is checked and on a secret: nobody can choose a batch that fits them.
        let digests = parts.iter().map(|(_, _, signature)| signature.to_bytes());
        let mut seed = self.batch_seed;
        for bytes in digests {
            seed = crypto::hash::sha256(&[seed.as_slice(), bytes.as_bytes()].concat());
        }
        verify_batch(&items, &seed)
    }
}
