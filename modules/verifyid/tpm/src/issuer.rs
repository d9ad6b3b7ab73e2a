//! Keys in certificates: those of issuers, and whether a key of a TPM is the one that a certificate is for.
//!
//! Taken are RSA (PKCS #1, version 1.5) of 2,048 to 4,096 bits and ECDSA on P-256 and P-384, with SHA-256, SHA-384 or SHA-512.

use alloc::vec::Vec;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Sign};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::public_area::{Key, PublicArea};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RSA that is meant for OAEP, as some makers write it.
const RSA_OAEP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.7");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const RSA_BITS_MIN: usize = 2_048;
const RSA_BITS_MAX: usize = 4_096;

/// The key of an issuer.
pub(crate) enum IssuerKey {
    Rsa(rsa::PublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl IssuerKey {
    pub(crate) fn read(info: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let bytes = info.subject_public_key.as_bytes()?;
        match info.algorithm.oid {
            RSA => rsa_key(bytes).map(Self::Rsa),
            EC => match curve(info)? {
                P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok().map(Self::P256),
                P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes).ok().map(Self::P384),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether this key signed the message by this algorithm; nothing if it is none of this key.
    pub(crate) fn has_signed(&self, algorithm: ObjectIdentifier, message: &[u8], signature: &[u8]) -> Option<bool> {
        if let Self::Rsa(key) = self {
            return Some(match algorithm {
                RSA_SHA256 => is_by_rsa(key, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature),
                RSA_SHA384 => is_by_rsa(key, Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message), signature),
                RSA_SHA512 => is_by_rsa(key, Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message), signature),
                _ => return None,
            });
        }
        let digest = match algorithm {
            ECDSA_SHA256 => Sha256::digest(message).to_vec(),
            ECDSA_SHA384 => Sha384::digest(message).to_vec(),
            ECDSA_SHA512 => Sha512::digest(message).to_vec(),
            _ => return None,
        };
        Some(self.is_by_curve(&digest, signature))
    }

    fn is_by_curve(&self, digest: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            Self::Rsa(_) => false,
        }
    }
}

fn is_by_rsa(key: &rsa::PublicKey, scheme: Pkcs1v15Sign, digest: &[u8], signature: &[u8]) -> bool {
    key.verify(scheme, digest, signature).is_ok()
}

fn curve(info: &SubjectPublicKeyInfoOwned) -> Option<ObjectIdentifier> {
    info.algorithm.parameters.as_ref()?.decode_as().ok()
}

/// `RSAPublicKey` (RFC 8017, annex A.1.1).
fn rsa_key(der: &[u8]) -> Option<rsa::PublicKey> {
    let (modulus, exponent) = rsa_numbers(der)?;
    let (modulus, exponent) = (BoxedUint::from_be_slice_vartime(&modulus), BoxedUint::from_be_slice_vartime(&exponent));
    rsa::PublicKey::new_with_size_limits(modulus, exponent, RSA_BITS_MIN..=RSA_BITS_MAX).ok()
}

/// Modulus and exponent, without zeros in front.
fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(der).ok()?;
    let numbers = reader.sequence(|inside| {
        let (modulus, exponent) = (UintRef::decode(inside)?, UintRef::decode(inside)?);
        Ok::<_, x509_cert::der::Error>((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()))
    });
    numbers.ok().filter(|(modulus, exponent)| {
        reader.is_finished() && modulus.len().saturating_mul(8) <= RSA_BITS_MAX && exponent.len() <= 8
    })
}

/// Whether a certificate is for this key of a TPM.
pub(crate) fn is_key_of(area: &PublicArea, info: &SubjectPublicKeyInfoOwned) -> bool {
    let Some(bytes) = info.subject_public_key.as_bytes() else { return false };
    match &area.key {
        Key::Rsa2048(key) => {
            [RSA, RSA_OAEP].contains(&info.algorithm.oid)
                && rsa_numbers(bytes)
                    .is_some_and(|(modulus, exponent)| *modulus == *key.n_bytes() && *exponent == *key.e_bytes())
        }
        Key::P256(key) => {
            info.algorithm.oid == EC
                && curve(info) == Some(P256)
                && p256::PublicKey::from_sec1_bytes(bytes).is_ok_and(|found| found == *key)
        }
    }
}

/// What of a certificate is signed, as it was sent: written anew it could be other bytes.
pub(crate) fn to_be_signed(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    let mut signed = None;
    let rest = reader.sequence(|inside| {
        signed = Some(inside.tlv_bytes()?);
        let rest = inside.remaining_len();
        inside.drain(rest)
    });
    rest.ok().and(signed)
}
