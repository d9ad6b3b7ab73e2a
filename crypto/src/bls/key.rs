//! Secret, public and aggregated keys.
//!
//! It must not know where keys are kept. Invariants: a secret key is wiped when dropped and never printed; a public key
//! was validated when it was made.

use blst::min_sig as library;
use types::{BlsPublicKey, BlsSignature};
use zeroize::Zeroizing;

use super::{BlsError, Signature};
use crate::tags::{BLS_POSSESSION_DST, BLS_SIGNATURE_DST};

/// The key that a validator votes with.
#[derive(Clone)]
pub struct SecretKey(library::SecretKey);

impl SecretKey {
    /// Derives a key from 32 bytes of entropy: KeyGen of draft-irtf-cfrg-bls-signature.
    #[must_use]
    pub fn from_ikm(entropy: &[u8; 32]) -> Self {
        Self(library::SecretKey::key_gen(entropy, &[]).expect("32 bytes are the least that KeyGen takes"))
    }

    /// Reads a big-endian scalar.
    ///
    /// # Errors
    /// [`BlsError::SecretKey`] if it is zero or not below the group's order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, BlsError> {
        library::SecretKey::from_bytes(bytes).map(Self).map_err(|_| BlsError::SecretKey)
    }

    /// The big-endian scalar, wiped when dropped.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let point = self.0.sk_to_pk();
        PublicKey { bytes: BlsPublicKey(point.compress()), point }
    }

    /// Signs a message. Deterministic: the same message gives the same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message, BLS_SIGNATURE_DST, &[]))
    }

    /// Proves that this key is held, by signing its public key under a ciphersuite of its own.
    #[must_use]
    pub fn prove_possession(&self) -> Signature {
        Signature(self.0.sign(self.public_key().bytes.as_bytes(), BLS_POSSESSION_DST, &[]))
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretKey(secret)")
    }
}

/// A validated public key: its bytes and its point.
#[derive(Clone)]
pub struct PublicKey {
    bytes: BlsPublicKey,
    pub(super) point: library::PublicKey,
}

impl PublicKey {
    /// KeyValidate: on the curve, in the subgroup, not the identity, in canonical form.
    ///
    /// # Errors
    /// [`BlsError`] if any of these fails.
    pub fn parse(bytes: &BlsPublicKey) -> Result<Self, BlsError> {
        let point = library::PublicKey::uncompress(bytes.as_bytes()).map_err(BlsError::from_blst)?;
        point.validate().map_err(BlsError::from_blst)?;
        Ok(Self { bytes: *bytes, point })
    }

    /// The compressed form.
    #[must_use]
    pub const fn to_bytes(&self) -> BlsPublicKey {
        self.bytes
    }

    /// Whether this key signed the message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        signature.matches(message, BLS_SIGNATURE_DST, &self.point)
    }

    /// Whether the proof shows that somebody holds this key's secret. A malformed proof shows nothing.
    #[must_use]
    pub fn verify_possession(&self, proof: &BlsSignature) -> bool {
        Signature::parse(proof).is_ok_and(|proof| proof.matches(self.bytes.as_bytes(), BLS_POSSESSION_DST, &self.point))
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.bytes.fmt(formatter)
    }
}

/// The sum of keys whose possession was proven. Cheap to verify with, so keep it for sets that sign again.
#[derive(Clone)]
pub struct AggregatePublicKey {
    sum: library::AggregatePublicKey,
    /// The sum in the form that verifying takes.
    pub(super) point: library::PublicKey,
}

impl AggregatePublicKey {
    /// Adds up keys; no keys have no sum.
    #[must_use]
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a PublicKey>) -> Option<Self> {
        let mut keys = keys.into_iter();
        let mut sum = library::AggregatePublicKey::from_public_key(&keys.next()?.point);
        for key in keys {
            sum.add_public_key(&key.point, false).expect("adding fails only when it validates, and the key is valid");
        }
        Some(Self { point: sum.to_public_key(), sum })
    }

    /// The sum without keys that are part of it: for large sets of which few are absent.
    #[must_use]
    pub fn without<'a>(&self, absent: impl IntoIterator<Item = &'a PublicKey>) -> Self {
        let mut sum = self.sum;
        for key in absent {
            sum.sub_aggregate(&library::AggregatePublicKey::from_public_key(&key.point));
        }
        Self { point: sum.to_public_key(), sum }
    }

    /// Whether the owners of all the keys signed this one message (FastAggregateVerify). A sum of zero never verifies.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        signature.matches(message, BLS_SIGNATURE_DST, &self.point)
    }
}

impl From<&PublicKey> for AggregatePublicKey {
    fn from(key: &PublicKey) -> Self {
        Self { sum: library::AggregatePublicKey::from_public_key(&key.point), point: key.point }
    }
}

impl std::fmt::Debug for AggregatePublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AggregatePublicKey({})", BlsPublicKey(self.point.compress()))
    }
}
