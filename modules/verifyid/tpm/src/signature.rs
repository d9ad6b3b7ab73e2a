//! A TPM's signature (`TPMT_SIGNATURE`), as `tpm2_quote --signature` writes it.
//!
//! Its numbers have the width of the curve or of the modulus: as DER one in 256 would be shorter. A high s is as good as a low one here,
//! since a TPM gives either and what counts is what was signed.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::Pkcs1v15Sign;
use sha2::{Digest, Sha256};

use crate::form::TpmFormError;
use crate::public_area::{ALG_ECDSA, ALG_RSASSA, ALG_SHA256, Key, PublicArea, TpmKeyKind, expect};
use crate::reader::Fields;

/// A signature by SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TpmSignature {
    /// ECDSA on P-256: r and s.
    P256([u8; 64]),
    /// RSASSA (PKCS #1, version 1.5) with 2,048 bits.
    Rsa2048([u8; 256]),
}

impl TpmSignature {
    /// Reads a `TPMT_SIGNATURE`.
    ///
    /// # Errors
    /// [`TpmFormError`].
    pub fn read(bytes: &[u8]) -> Result<Self, TpmFormError> {
        Fields::whole(bytes, |fields| match fields.u16()? {
            ALG_ECDSA => {
                expect(fields.u16()?, ALG_SHA256, TpmFormError::HashAlgorithm)?;
                let mut numbers = [0; 64];
                let (r, s) = numbers.split_at_mut(32);
                r.copy_from_slice(&fields.sized_array::<32>()?);
                s.copy_from_slice(&fields.sized_array::<32>()?);
                Ok(Self::P256(numbers))
            }
            ALG_RSASSA => {
                expect(fields.u16()?, ALG_SHA256, TpmFormError::HashAlgorithm)?;
                fields.sized_array().map(Self::Rsa2048)
            }
            other => Err(TpmFormError::SignatureAlgorithm(other)),
        })
    }

    /// Of which kind of key it can be.
    #[must_use]
    pub const fn kind(&self) -> TpmKeyKind {
        match self {
            Self::P256(_) => TpmKeyKind::P256,
            Self::Rsa2048(_) => TpmKeyKind::Rsa2048,
        }
    }

    /// Whether this key signed the message. What kind of message it is, and what the key may sign, is the caller's.
    #[must_use]
    pub fn is_by(&self, area: &PublicArea, message: &[u8]) -> bool {
        let digest = Sha256::digest(message);
        match (self, &area.key) {
            (Self::P256(numbers), Key::P256(key)) => {
                p256::ecdsa::Signature::from_slice(numbers).is_ok_and(|signature| {
                    p256::ecdsa::VerifyingKey::from(key).verify_prehash(&digest, &signature).is_ok()
                })
            }
            (Self::Rsa2048(number), Key::Rsa2048(key)) => {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, number).is_ok()
            }
            _ => false,
        }
    }
}
