//! BLS multisignatures over BLS12-381 by blst: what validators sign and check votes with.
//!
//! Signatures lie in G1 (48 bytes compressed), keys in G2 (96 bytes); draft-irtf-cfrg-bls-signature with proofs of
//! possession. It must not know what a vote is, nor who may sign.
//!
//! Invariants:
//! - a [`PublicKey`] or [`Signature`] that exists is a point of the prime-order subgroup and not the identity; bytes are
//!   parsed and checked once, and the point is kept;
//! - keys enter an [`AggregatePublicKey`] only after [`PublicKey::verify_possession`] (the caller's duty, once per
//!   validator): without it a rogue key forges the signatures of others;
//! - an empty set of keys or signatures never verifies; nor does a sum that is the identity;
//! - the message is hashed to the curve as it is, once;
//! - no thread is started: whoever has more than one core gives each its own part.

mod batch;
mod equation;
mod key;
mod signature;

pub use batch::{BatchItem, Sifted, find_invalid, verify_batch};
pub use key::{AggregatePublicKey, PublicKey, SecretKey};
pub use signature::{Signature, aggregate_bytes, aggregate_signatures};

/// Why bytes are not a key or a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlsError {
    /// Not a scalar that can be a secret key.
    #[error("the BLS secret key is zero or not below the order of the group")]
    SecretKey,
    /// Wrong flags, a coordinate beyond the field's modulus, or no point of the curve or of its subgroup.
    #[error("the bytes are not the compressed form of a point of the prime-order subgroup")]
    Point,
    /// The point at infinity.
    #[error("the point is the identity, which is neither a key nor a signature")]
    Identity,
}

impl BlsError {
    fn from_blst(error: blst::BLST_ERROR) -> Self {
        if error == blst::BLST_ERROR::BLST_PK_IS_INFINITY { Self::Identity } else { Self::Point }
    }
}
