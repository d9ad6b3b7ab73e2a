//! The port through which the kernel checks validators' signatures.
//!
//! It must not know how keys are cached. The node checks with [`Blst`], or with an adapter of its own that remembers which
//! certificates it has already verified; the simulator may use a keyed hash. Every implementation gives the same answers.

use crypto::bls::{AggregatePublicKey, PublicKey, Signature};
use types::{BlsPublicKey, BlsSignature};

/// Checks signatures of validators.
pub trait ValidatorSignatures: Send + Sync {
    /// Whether `signature` is the sum of all these keys' signatures over `message`. Keys come from a validator set of the state,
    /// so their possession is proven.
    fn verify(&self, keys: &[&BlsPublicKey], message: &[u8], signature: &BlsSignature) -> bool;
}

/// BLS12-381 by blst, without memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blst;

impl ValidatorSignatures for Blst {
    fn verify(&self, keys: &[&BlsPublicKey], message: &[u8], signature: &BlsSignature) -> bool {
        let Ok(signature) = Signature::parse(signature) else { return false };
        let Ok(keys) = keys.iter().map(|key| PublicKey::parse(key)).collect::<Result<Vec<_>, _>>() else {
            return false;
        };
        AggregatePublicKey::new(&keys).is_some_and(|sum| sum.verify(message, &signature))
    }
}
