//! Keys and signatures as strangers send them. Two libraries read each of them, and must agree.

use crypto::{bls, bls_pure, ecdsa, ecdsa_pure};
use types::{BlsPublicKey, BlsSignature, Secp256k1Key, Secp256k1Signature};

/// A BLS public key: the same verdict from both libraries, and one encoding.
pub fn bls_public_key(data: &[u8]) {
    let Some(bytes) = BlsPublicKey::from_slice(data) else { return };
    let fast = bls::PublicKey::parse(&bytes);
    let pure = bls_pure::PublicKey::parse(&bytes);
    assert_eq!(fast.is_ok(), pure.is_ok(), "the libraries disagree about a public key");
    if let (Ok(fast), Ok(pure)) = (fast, pure) {
        assert_eq!((fast.to_bytes(), pure.to_bytes()), (bytes, bytes), "a second encoding of the same key");
    }
}

/// A BLS signature: the same verdict from both libraries, and one encoding.
pub fn bls_signature(data: &[u8]) {
    let Some(bytes) = BlsSignature::from_slice(data) else { return };
    let fast = bls::Signature::parse(&bytes);
    let pure = bls_pure::Signature::parse(&bytes);
    assert_eq!(fast.is_ok(), pure.is_ok(), "the libraries disagree about a signature");
    if let (Ok(fast), Ok(pure)) = (fast, pure) {
        assert_eq!((fast.to_bytes(), pure.to_bytes()), (bytes, bytes), "a second encoding of the same signature");
    }
}

/// A digest, a secp256k1 key and a signature, one after the other: the same verdict from both libraries.
pub fn ecdsa_signature(data: &[u8]) {
    let Some((digest, rest)) = data.split_first_chunk::<32>() else { return };
    let Some((key, signature)) = rest.split_first_chunk::<33>() else { return };
    let Some(signature) = Secp256k1Signature::from_slice(signature) else { return };
    let key = Secp256k1Key(*key);
    let fast = ecdsa::verify(digest, &key, &signature);
    let pure = ecdsa_pure::verify(digest, &key, &signature);
    assert_eq!(fast.is_ok(), pure.is_ok(), "the libraries disagree about a signature");
}
