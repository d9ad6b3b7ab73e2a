//! Keys and audiences by the names that the chain and its services have for them.
//!
//! It must not know what is signed.

use sha2::{Digest, Sha256};

const TAG: &[u8; 16] = b"thronos/device\0\0";

/// How a device signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KeyAlgorithm {
    /// Ed25519; a public key has 32 bytes.
    Ed25519 = 1,
    /// ECDSA over secp256k1 and SHA-256; a public key has 33 bytes, compressed.
    Secp256k1 = 2,
    /// ECDSA over P-256 and SHA-256; a public key has 33 bytes, compressed.
    P256 = 3,
}

/// The id of a key; that of a device's first key is the device's.
#[must_use]
pub fn key_id(algorithm: KeyAlgorithm, public_key: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(TAG).chain_update([algorithm as u8]).chain_update(public_key).finalize().into()
}

/// Whom a device answers, as it stands in a challenge: SHA-256 of the text, such as `https://fleet.example`.
#[must_use]
pub fn audience_digest(audience: &str) -> [u8; 32] {
    Sha256::digest(audience.as_bytes()).into()
}
