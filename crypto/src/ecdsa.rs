//! ECDSA over secp256k1: what the node checks transactions with. Every verdict is libsecp256k1's, but that several signatures
//! at a time may be proven right by [`lanes::ecdsa`], where the processor can; what is not proven there is checked here.
//!
//! It must not know what is signed: the message is a 32-byte digest, used as it is. Secrets are not handled here;
//! wallets sign with [`crate::ecdsa_pure`].
//!
//! Invariants: one signature has one form (r ‖ s, both in 1..n, s in the lower half: BIP-62, BIP-146) and one key has
//! one form (compressed SEC 1); the same inputs get the same verdict from the pure twin.

use lanes::ecdsa::{Claim, LANES};
use secp256k1::{Message, PublicKey, ecdsa};
use types::{Secp256k1Key, Secp256k1Signature};

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EcdsaError {
    /// Not the compressed form of a point.
    #[error("the public key is not a compressed point of secp256k1")]
    PublicKey,
    /// r or s is zero or not below the group's order.
    #[error("r or s of the signature is zero or too large")]
    Range,
    /// The malleable twin of a valid form.
    #[error("s of the signature is in the upper half; only the lower form is accepted")]
    HighS,
    /// A well-formed signature, but not of this digest by this key.
    #[error("the signature does not belong to this message and key")]
    Mismatch,
    /// A secret key that is zero or not below the group's order.
    #[error("the secret key is zero or too large")]
    SecretKey,
}

/// (n - 1) / 2, big-endian: the largest s that is accepted.
const S_MAX: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A key whose compressed form was opened, which takes a square root: a tenth of a check. It may be kept for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsedKey(PublicKey);

impl ParsedKey {
    /// Opens the compressed form.
    ///
    /// # Errors
    /// [`EcdsaError::PublicKey`] if the bytes are not that of a point.
    pub fn parse(key: &Secp256k1Key) -> Result<Self, EcdsaError> {
        PublicKey::from_byte_array_compressed(key.0).map(Self).map_err(|_| EcdsaError::PublicKey)
    }
}

/// Checks a signature of a digest.
///
/// # Errors
/// [`EcdsaError`] that says what is wrong with key or signature.
pub fn verify(digest: &[u8; 32], key: &Secp256k1Key, signature: &Secp256k1Signature) -> Result<(), EcdsaError> {
    verify_parsed(digest, &ParsedKey::parse(key)?, signature)
}

/// One of many signatures to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// What was signed.
    pub digest: &'a [u8; 32],
    /// By whom.
    pub key: &'a ParsedKey,
    /// What is claimed to be the signature.
    pub signature: &'a Secp256k1Signature,
}

impl Check<'_> {
    /// # Errors
    /// [`EcdsaError`] that says what is wrong with the signature.
    fn run(&self) -> Result<(), EcdsaError> {
        verify_parsed(self.digest, self.key, self.signature)
    }

    /// What the lanes are asked to prove, if the signature is well-formed.
    fn claim(&self) -> Option<Claim> {
        parse(self.signature).ok()?;
        let point = self.key.0.serialize_uncompressed();
        let ([r, s], [x, y]) = (halves(&self.signature.0)?, halves(point.get(1..)?)?);
        Some(Claim { digest: *self.digest, key: (x, y), r, s })
    }
}

/// The two numbers of 64 bytes.
fn halves(bytes: &[u8]) -> Option<[[u8; 32]; 2]> {
    let (left, right) = bytes.split_at_checked(32)?;
    Some([left.try_into().ok()?, right.try_into().ok()?])
}

/// Says of each signature what [`verify_parsed`] says, but checks several at a time where the processor can.
#[must_use]
pub fn verify_many(checks: &[Check<'_>]) -> Vec<Result<(), EcdsaError>> {
    // A batch of one would cost more than the check by itself.
    let batched = if checks.len() % LANES == 1 { checks.len().saturating_sub(1) } else { checks.len() };
    let mut proven = vec![false; checks.len()];
    if lanes::ecdsa::available() {
        let claims = checks.iter().take(batched).enumerate();
        let (places, claims): (Vec<usize>, Vec<Claim>) =
            claims.filter_map(|(place, check)| Some((place, check.claim()?))).unzip();
        for (place, is_proven) in places.into_iter().zip(lanes::ecdsa::prove(&claims)) {
            if let Some(slot) = proven.get_mut(place) {
                *slot = is_proven;
            }
        }
    }
    checks.iter().zip(proven).map(|(check, proven)| if proven { Ok(()) } else { check.run() }).collect()
}

/// As [`verify`], by a key that is open already.
///
/// # Errors
/// [`EcdsaError`] that says what is wrong with the signature.
pub fn verify_parsed(digest: &[u8; 32], key: &ParsedKey, signature: &Secp256k1Signature) -> Result<(), EcdsaError> {
    let parsed = parse(signature)?;
    ecdsa::verify(&parsed, Message::from_digest(*digest), &key.0).map_err(|_| EcdsaError::Mismatch)
}

/// A signature of the one form that is accepted.
fn parse(signature: &Secp256k1Signature) -> Result<ecdsa::Signature, EcdsaError> {
    let parsed = ecdsa::Signature::from_compact(signature.as_bytes()).map_err(|_| EcdsaError::Range)?;
    let (r, s) = signature.0.split_at(32);
    if [r, s].contains(&&[0; 32][..]) {
        return Err(EcdsaError::Range);
    }
    if s > &S_MAX[..] {
        return Err(EcdsaError::HighS);
    }
    Ok(parsed)
}

/// Whether the bytes are the compressed form of a point.
///
/// # Errors
/// [`EcdsaError::PublicKey`] if they are not.
pub fn validate_key(key: &Secp256k1Key) -> Result<(), EcdsaError> {
    ParsedKey::parse(key).map(|_| ())
}
