//! ECDSA over secp256k1 in pure Rust by k256: what wallets sign with, and the twin of [`crate::ecdsa`].
//!
//! It must not know what is signed: the message is a 32-byte digest, used as it is. Invariants: nonces follow RFC 6979,
//! so that signing needs no entropy; s is in the lower half; a key is wiped when dropped and never printed.

use k256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use k256::ecdsa::{Signature, VerifyingKey};
use types::{Secp256k1Key, Secp256k1Signature};
use zeroize::Zeroizing;

pub use crate::ecdsa::EcdsaError;

/// The secret key of an account.
#[derive(Clone)]
pub struct SigningKey(k256::ecdsa::SigningKey);

impl SigningKey {
    /// Reads a big-endian scalar.
    ///
    /// # Errors
    /// [`EcdsaError::SecretKey`] if it is zero or not below the group's order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, EcdsaError> {
        k256::ecdsa::SigningKey::from_slice(bytes).map(Self).map_err(|_| EcdsaError::SecretKey)
    }

    /// The big-endian scalar, wiped when dropped.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut scalar = Zeroizing::new(self.0.to_bytes());
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.copy_from_slice(scalar.as_mut_slice());
        bytes
    }

    /// The compressed public key.
    #[must_use]
    pub fn public_key(&self) -> Secp256k1Key {
        let point = self.0.verifying_key().to_sec1_point(true);
        Secp256k1Key::from_slice(point.as_bytes()).expect("a compressed point has 33 bytes")
    }

    /// Signs a digest.
    #[must_use]
    pub fn sign(&self, digest: &[u8; 32]) -> Secp256k1Signature {
        let signature: Signature = self.0.sign_prehash(digest).expect("a 32-byte digest is never too short");
        Secp256k1Signature(signature.normalize_s().to_bytes().into())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey(secret)")
    }
}

/// Checks a signature of a digest.
///
/// # Errors
/// [`EcdsaError`] that says what is wrong with key or signature.
pub fn verify(digest: &[u8; 32], key: &Secp256k1Key, signature: &Secp256k1Signature) -> Result<(), EcdsaError> {
    // SEC 1 has more forms of 33 bytes than the chain does.
    if !matches!(key.0, [2 | 3, ..]) {
        return Err(EcdsaError::PublicKey);
    }
    let key = VerifyingKey::from_sec1_bytes(key.as_bytes()).map_err(|_| EcdsaError::PublicKey)?;
    let signature = Signature::from_slice(signature.as_bytes()).map_err(|_| EcdsaError::Range)?;
    if signature.normalize_s() != signature {
        return Err(EcdsaError::HighS);
    }
    key.verify_prehash(digest, &signature).map_err(|_| EcdsaError::Mismatch)
}
