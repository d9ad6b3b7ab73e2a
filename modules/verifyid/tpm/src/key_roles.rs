//! Which key may attest, and which stands for a TPM: by the attributes that its TPM holds it to.
//!
//! A key that is not restricted signs whatever it is given, also bytes that look as if a TPM had made them. What attributes say of a
//! key is proven only once a credential for its name came back: the name is a hash of them, and no TPM opens it for another key.

use core::fmt;

use p256::elliptic_curve::sec1::ToSec1Point;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

use crate::form::TpmFormError;
use crate::public_area::{Key, PublicArea, TpmName};

const FIXED_TPM: u32 = 0x0000_0002;
const FIXED_PARENT: u32 = 0x0000_0010;
const SENSITIVE_DATA_ORIGIN: u32 = 0x0000_0020;
const RESTRICTED: u32 = 0x0001_0000;
const DECRYPT: u32 = 0x0002_0000;
const SIGN: u32 = 0x0004_0000;

/// Why a key has not the role that is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TpmKeyRefused {
    /// It is no public area that is taken here.
    Form(TpmFormError),
    /// It is not restricted to what its TPM makes.
    NotRestricted,
    /// It may leave its TPM.
    NotFixedTpm,
    /// It may be given another parent.
    NotFixedParent,
    /// It was brought to the TPM from outside.
    FromOutside,
    /// It does not sign.
    NotSigning,
    /// It decrypts, which no key that attests may.
    Decrypts,
    /// It does not decrypt, so no credential can be for its TPM.
    NotDecrypting,
    /// It signs, which no key that stands for a TPM may.
    Signs,
    /// By what it signs is not fixed.
    NoScheme,
    /// A key that signs has a cipher, or one that decrypts has none.
    Cipher,
}

impl TpmKeyRefused {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form(form) => form.code(),
            Self::NotRestricted => "tpm_key_not_restricted",
            Self::NotFixedTpm => "tpm_key_not_fixed_tpm",
            Self::NotFixedParent => "tpm_key_not_fixed_parent",
            Self::FromOutside => "tpm_key_from_outside",
            Self::NotSigning => "tpm_key_not_signing",
            Self::Decrypts => "tpm_key_decrypts",
            Self::NotDecrypting => "tpm_key_not_decrypting",
            Self::Signs => "tpm_key_signs",
            Self::NoScheme => "tpm_key_no_scheme",
            Self::Cipher => "tpm_key_cipher",
        }
    }
}

impl fmt::Display for TpmKeyRefused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Form(form) => return write!(to, "this is no key of a TPM that is taken here: {form}"),
            Self::NotRestricted => {
                "the key signs what anybody gives it: make it with `tpm2_createak`, so that it is restricted"
            }
            Self::NotFixedTpm => "the key may leave its TPM: make one with the attribute fixedTPM",
            Self::NotFixedParent => "the key may be given another parent: make one with the attribute fixedParent",
            Self::FromOutside => "the key was brought to the TPM from outside: have the TPM make one",
            Self::NotSigning => "the key does not sign: send the attestation key",
            Self::Decrypts => "the key decrypts, so it cannot attest: send the attestation key",
            Self::NotDecrypting => "the key does not decrypt: send the endorsement key",
            Self::Signs => "the key signs, so it stands for no TPM: send the endorsement key",
            Self::NoScheme => "by what the key signs is not fixed: make one with ECDSA or RSASSA, and SHA-256",
            Self::Cipher => "the key has not the cipher of its role: make it with `tpm2_createek` or `tpm2_createak`",
        })
    }
}

impl core::error::Error for TpmKeyRefused {}

impl From<TpmFormError> for TpmKeyRefused {
    fn from(form: TpmFormError) -> Self {
        Self::Form(form)
    }
}

/// A key that signs only what its TPM says itself, and never leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationKey(PublicArea);

impl AttestationKey {
    /// Reads a `TPM2B_PUBLIC`.
    ///
    /// # Errors
    /// [`TpmKeyRefused`]: the first thing that is not so.
    pub fn read(bytes: &[u8]) -> Result<Self, TpmKeyRefused> {
        Self::of(PublicArea::read(bytes)?)
    }

    /// Of a key that was read.
    ///
    /// # Errors
    /// [`TpmKeyRefused`]: the first thing that is not so.
    pub fn of(area: PublicArea) -> Result<Self, TpmKeyRefused> {
        bound_to_its_tpm(&area)?;
        let is = |attribute| area.attributes & attribute != 0;
        for (is_right, otherwise) in [
            (is(SIGN), TpmKeyRefused::NotSigning),
            (!is(DECRYPT), TpmKeyRefused::Decrypts),
            (area.scheme.is_some(), TpmKeyRefused::NoScheme),
            (!area.has_cipher, TpmKeyRefused::Cipher),
        ] {
            if !is_right {
                return Err(otherwise);
            }
        }
        Ok(Self(area))
    }

    /// The key itself.
    #[must_use]
    pub const fn area(&self) -> &PublicArea {
        &self.0
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &TpmName {
        self.0.name()
    }
}

/// The key that a TPM was born with, for which its maker made a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndorsementKey(PublicArea);

impl EndorsementKey {
    /// Reads a `TPM2B_PUBLIC`.
    ///
    /// # Errors
    /// [`TpmKeyRefused`]: the first thing that is not so.
    pub fn read(bytes: &[u8]) -> Result<Self, TpmKeyRefused> {
        Self::of(PublicArea::read(bytes)?)
    }

    /// Of a key that was read.
    ///
    /// # Errors
    /// [`TpmKeyRefused`]: the first thing that is not so.
    pub fn of(area: PublicArea) -> Result<Self, TpmKeyRefused> {
        bound_to_its_tpm(&area)?;
        let is = |attribute| area.attributes & attribute != 0;
        for (is_right, otherwise) in [
            (is(DECRYPT), TpmKeyRefused::NotDecrypting),
            (!is(SIGN), TpmKeyRefused::Signs),
            (area.has_cipher, TpmKeyRefused::Cipher),
        ] {
            if !is_right {
                return Err(otherwise);
            }
        }
        Ok(Self(area))
    }

    /// The key itself.
    #[must_use]
    pub const fn area(&self) -> &PublicArea {
        &self.0
    }

    /// SHA-256 of the key alone: a letter for its kind (`R` or `P`), and its modulus or its compressed point. What else stands in the public area is
    /// only said of it, and the same key may be sent in two areas: whoever remembers TPMs remembers them by this, and not by the name.
    #[must_use]
    pub fn key_digest(&self) -> [u8; 32] {
        let hash = match &self.0.key {
            Key::Rsa2048(key) => Sha256::new().chain_update(b"R").chain_update(key.n_bytes()),
            Key::P256(key) => Sha256::new().chain_update(b"P").chain_update(key.to_sec1_point(true)),
        };
        hash.finalize().into()
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &TpmName {
        self.0.name()
    }
}

/// What both roles have in common.
fn bound_to_its_tpm(area: &PublicArea) -> Result<(), TpmKeyRefused> {
    for (attribute, otherwise) in [
        (RESTRICTED, TpmKeyRefused::NotRestricted),
        (FIXED_TPM, TpmKeyRefused::NotFixedTpm),
        (FIXED_PARENT, TpmKeyRefused::NotFixedParent),
        (SENSITIVE_DATA_ORIGIN, TpmKeyRefused::FromOutside),
    ] {
        if area.attributes & attribute == 0 {
            return Err(otherwise);
        }
    }
    Ok(())
}
