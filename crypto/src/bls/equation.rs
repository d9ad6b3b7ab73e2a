//! The equation that every check comes down to: e(hash of a message, key) · … · e(signature, −generator) = 1.
//!
//! It must not know who signs what. All pairings of an equation share the squarings of one Miller loop and one final
//! exponentiation, the dearest part.
//!
//! Invariants: the identity never enters an equation, since the loop that several pairings share has no meaning for it;
//! what enters was checked for its subgroup when it was parsed.

use std::sync::LazyLock;

use blst::min_sig as library;
use blst::{BLST_ERROR, Pairing, blst_p1_affine, blst_p2_affine};

use super::signature;

/// Bits of a weight: a false batch passes with a probability of 2^-64.
pub(super) const WEIGHT_BITS: usize = 64;

/// The order of the group less one, big-endian: as a secret key, its public key is the negated generator.
const MINUS_ONE: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4,
    0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
];

/// The generator of the keys' group, negated: the other side of every equation.
static NEGATED_GENERATOR: LazyLock<library::PublicKey> = LazyLock::new(|| {
    library::SecretKey::from_bytes(&MINUS_ONE).expect("one less than the order is below the order").sk_to_pk()
});

/// An equation that is being written.
pub(super) struct Equation<'a>(Pairing<'a>);

impl<'a> Equation<'a> {
    /// An equation without a term, whose messages are hashed under one ciphersuite.
    pub(super) fn new(dst: &'a [u8]) -> Self {
        Self(Pairing::new(true, dst))
    }

    /// The term of a message and its key. False if the key is the identity, which a sum can be.
    #[must_use]
    pub(super) fn message(&mut self, key: &library::PublicKey, message: &[u8]) -> bool {
        let key: &blst_p2_affine = key.into();
        // The library would add up signatures for a Miller loop of their own; one that is the identity it skips.
        let no_signature = blst_p1_affine::default();
        self.0.aggregate(key, false, &no_signature, false, message, &[]) == BLST_ERROR::BLST_SUCCESS
    }

    /// The term of a message and its key, the message's hash multiplied by a weight that is not zero.
    #[must_use]
    pub(super) fn weighted_message(&mut self, key: &library::PublicKey, message: &[u8], weight: u64) -> bool {
        let key: &blst_p2_affine = key.into();
        let no_signature = blst_p1_affine::default();
        let weight = weight.to_le_bytes();
        let added = self.0.mul_n_aggregate(key, false, &no_signature, false, &weight, WEIGHT_BITS, message, &[]);
        added == BLST_ERROR::BLST_SUCCESS
    }

    /// The term of a sum of hashes and the key of them all. False if either is the identity.
    #[must_use]
    pub(super) fn hashes(&mut self, key: &library::PublicKey, hashes: &library::Signature) -> bool {
        if *key == library::PublicKey::default() || signature::is_identity(hashes) {
            return false;
        }
        self.0.raw_aggregate(key.into(), hashes.into());
        true
    }

    /// Whether the equation holds with this signature, which is not the identity.
    #[must_use]
    pub(super) fn holds_for(mut self, signature: &library::Signature) -> bool {
        self.0.raw_aggregate((&*NEGATED_GENERATOR).into(), signature.into());
        self.0.commit();
        self.0.finalverify(None)
    }
}

/// Whether the owners of a key or of a sum of keys signed one message.
pub(super) fn holds(message: &[u8], dst: &[u8], key: &library::PublicKey, signature: &library::Signature) -> bool {
    let mut equation = Equation::new(dst);
    equation.message(key, message) && equation.holds_for(signature)
}
