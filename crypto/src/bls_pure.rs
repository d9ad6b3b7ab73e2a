//! BLS multisignatures in pure Rust by bls12_381: what wallets check certificates with, and the twin of [`crate::bls`].
//!
//! Same ciphersuite, same bytes, same verdicts, no shared code below the error type. It must not know what a vote is.
//! Invariants: as in [`crate::bls`]; speed is not one of them.

use std::sync::LazyLock;

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, G2Projective, Gt, Scalar, multi_miller_loop};
use types::{BlsPublicKey, BlsSignature};
use zeroize::{Zeroize, Zeroizing};

pub use crate::bls::BlsError;
use crate::tags::{BLS_POSSESSION_DST, BLS_SIGNATURE_DST};

/// The generator of the keys' group, negated and prepared: one side of every check.
static NEGATED_GENERATOR: LazyLock<G2Prepared> = LazyLock::new(|| G2Prepared::from(-G2Affine::generator()));

/// A secret key.
#[derive(Clone)]
pub struct SecretKey(Scalar);

impl SecretKey {
    /// Reads a big-endian scalar.
    ///
    /// # Errors
    /// [`BlsError::SecretKey`] if it is zero or not below the group's order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, BlsError> {
        let mut little_endian = Zeroizing::new(*bytes);
        little_endian.reverse();
        let scalar = Option::<Scalar>::from(Scalar::from_bytes(&little_endian)).ok_or(BlsError::SecretKey)?;
        if scalar == Scalar::zero() { Err(BlsError::SecretKey) } else { Ok(Self(scalar)) }
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(product_g2(&self.0))
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(product_g1(message, BLS_SIGNATURE_DST, &self.0))
    }

    /// Proves that this key is held.
    #[must_use]
    pub fn prove_possession(&self) -> Signature {
        Signature(product_g1(self.public_key().to_bytes().as_bytes(), BLS_POSSESSION_DST, &self.0))
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretKey(secret)")
    }
}

/// A validated public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(G2Affine);

impl PublicKey {
    /// KeyValidate: on the curve, in the subgroup, not the identity, in canonical form.
    ///
    /// # Errors
    /// [`BlsError`] if any of these fails.
    pub fn parse(bytes: &BlsPublicKey) -> Result<Self, BlsError> {
        let point = Option::<G2Affine>::from(G2Affine::from_compressed(bytes.as_bytes())).ok_or(BlsError::Point)?;
        if point.is_identity().into() { Err(BlsError::Identity) } else { Ok(Self(point)) }
    }

    /// The compressed form.
    #[must_use]
    pub fn to_bytes(&self) -> BlsPublicKey {
        BlsPublicKey(self.0.to_compressed())
    }

    /// Whether this key signed the message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        pairing_holds(message, BLS_SIGNATURE_DST, &self.0, signature)
    }

    /// Whether the proof shows that somebody holds this key's secret. A malformed proof shows nothing.
    #[must_use]
    pub fn verify_possession(&self, proof: &BlsSignature) -> bool {
        Signature::parse(proof)
            .is_ok_and(|proof| pairing_holds(self.to_bytes().as_bytes(), BLS_POSSESSION_DST, &self.0, &proof))
    }
}

/// A signature, of one key or of many, as a checked point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature(G1Affine);

impl Signature {
    /// Reads the compressed form.
    ///
    /// # Errors
    /// [`BlsError`] if it is not canonical, not in the subgroup, or the identity.
    pub fn parse(bytes: &BlsSignature) -> Result<Self, BlsError> {
        let point = Option::<G1Affine>::from(G1Affine::from_compressed(bytes.as_bytes())).ok_or(BlsError::Point)?;
        if point.is_identity().into() { Err(BlsError::Identity) } else { Ok(Self(point)) }
    }

    /// The compressed form.
    #[must_use]
    pub fn to_bytes(&self) -> BlsSignature {
        BlsSignature(self.0.to_compressed())
    }
}

/// The sum of signatures. Nothing for none, and for those that cancel out to the identity, which is no signature.
#[must_use]
pub fn aggregate_signatures<'a>(signatures: impl IntoIterator<Item = &'a Signature>) -> Option<Signature> {
    let sum: G1Projective = signatures.into_iter().map(|signature| G1Projective::from(signature.0)).sum();
    let sum = G1Affine::from(sum);
    (!bool::from(sum.is_identity())).then_some(Signature(sum))
}

/// Whether the owners of all the keys, whose possession was proven, signed this one message. No keys: false.
#[must_use]
pub fn verify_aggregate<'a>(
    message: &[u8],
    keys: impl IntoIterator<Item = &'a PublicKey>,
    signature: &Signature,
) -> bool {
    let key: G2Projective = keys.into_iter().map(|key| G2Projective::from(key.0)).sum();
    let key = G2Affine::from(key);
    // Zero is the sum of no keys, and of keys that cancel out.
    !bool::from(key.is_identity()) && pairing_holds(message, BLS_SIGNATURE_DST, &key, signature)
}

/// Whether e(signature, generator) = e(hash of the message, key).
fn pairing_holds(message: &[u8], dst: &[u8], key: &G2Affine, signature: &Signature) -> bool {
    let hash = G1Affine::from(hash_to_g1(message, dst));
    let key = G2Prepared::from(*key);
    let product = multi_miller_loop(&[(&signature.0, &*NEGATED_GENERATOR), (&hash, &key)]);
    product.final_exponentiation() == Gt::identity()
}

/// `BLS12381G1_XMD:SHA-256_SSWU_RO_` of RFC 9380.
fn hash_to_g1(message: &[u8], dst: &[u8]) -> G1Projective {
    <G1Projective as HashToCurve<ExpandMsgXmd<sha2_0_10::Sha256>>>::hash_to_curve([message], dst)
}

#[allow(clippy::arithmetic_side_effects)] // Group arithmetic has no overflow.
fn product_g1(message: &[u8], dst: &[u8], scalar: &Scalar) -> G1Affine {
    (hash_to_g1(message, dst) * scalar).into()
}

#[allow(clippy::arithmetic_side_effects)] // Group arithmetic has no overflow.
fn product_g2(scalar: &Scalar) -> G2Affine {
    (G2Affine::generator() * scalar).into()
}
