//! The public area of a key (`TPM2B_PUBLIC`), as `tpm2_readpublic` and `tpm2_createek` write it, and its name.
//!
//! It must not know what a key is for. Read are RSA-2048 and P-256 only, named by SHA-256, with AES-128-CFB or no cipher.

use alloc::vec::Vec;

use p256::elliptic_curve::sec1::FromSec1Point;
use rsa::BoxedUint;
use sha2::{Digest, Sha256};

use crate::form::TpmFormError;
use crate::reader::Fields;

/// No public area that is read here is longer, in bytes.
pub const PUBLIC_AREA_BYTES_MAX: usize = 512;
/// Length of a name, in bytes: the number of SHA-256, and the hash.
pub const NAME_BYTES: usize = 34;

pub(crate) const ALG_RSA: u16 = 0x0001;
pub(crate) const ALG_AES: u16 = 0x0006;
pub(crate) const ALG_SHA256: u16 = 0x000b;
pub(crate) const ALG_NULL: u16 = 0x0010;
pub(crate) const ALG_RSASSA: u16 = 0x0014;
pub(crate) const ALG_ECDSA: u16 = 0x0018;
pub(crate) const ALG_ECC: u16 = 0x0023;
const ALG_CFB: u16 = 0x0043;
const CURVE_P256: u16 = 0x0003;
const EXPONENT: u32 = 65_537;
/// Attributes that have a meaning (`TPMA_OBJECT`, version 1.59).
const ATTRIBUTES_KNOWN: u32 = 0x000f_0cf6;

/// Whose name a TPM signs with: the number of SHA-256 and the hash of a public area, or of names for a qualified one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TpmName(pub [u8; NAME_BYTES]);

impl TpmName {
    /// Of what is hashed.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        let mut name = [0; NAME_BYTES];
        let (algorithm, digest) = name.split_at_mut(2);
        algorithm.copy_from_slice(&ALG_SHA256.to_be_bytes());
        digest.copy_from_slice(&hash.finalize());
        Self(name)
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, TpmFormError> {
        let name = fields.sized_array::<NAME_BYTES>()?;
        match name.first_chunk().copied().map(u16::from_be_bytes) {
            Some(ALG_SHA256) => Ok(Self(name)),
            other => Err(TpmFormError::NameAlgorithm(other.unwrap_or_default())),
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; NAME_BYTES] {
        &self.0
    }
}

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TpmKeyKind {
    /// On the curve P-256.
    P256,
    /// RSA with 2,048 bits and the exponent 65,537.
    Rsa2048,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    P256(p256::PublicKey),
    Rsa2048(rsa::PublicKey),
}

/// A key as its TPM describes it. Its attributes are said, not proven: see [`crate::AttestationKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicArea {
    pub(crate) key: Key,
    pub(crate) attributes: u32,
    /// Whether it has AES-128-CFB, or no cipher.
    pub(crate) has_cipher: bool,
    /// By what it signs, if that is fixed.
    pub(crate) scheme: Option<u16>,
    name: TpmName,
}

impl PublicArea {
    /// Reads a `TPM2B_PUBLIC`: two bytes of length, and the area.
    ///
    /// # Errors
    /// [`TpmFormError`].
    pub fn read(bytes: &[u8]) -> Result<Self, TpmFormError> {
        if bytes.len() > PUBLIC_AREA_BYTES_MAX {
            return Err(TpmFormError::Trailing);
        }
        let (length, area) = bytes.split_first_chunk().ok_or(TpmFormError::Short)?;
        if usize::from(u16::from_be_bytes(*length)) != area.len() {
            return Err(TpmFormError::Size);
        }
        Fields::whole(area, |fields| Self::fields(fields, TpmName::of(&[area])))
    }

    fn fields(fields: &mut Fields<'_>, name: TpmName) -> Result<Self, TpmFormError> {
        let key_type = fields.u16()?;
        if ![ALG_RSA, ALG_ECC].contains(&key_type) {
            return Err(TpmFormError::KeyType(key_type));
        }
        expect(fields.u16()?, ALG_SHA256, TpmFormError::NameAlgorithm)?;
        let attributes = fields.u32()?;
        if attributes & !ATTRIBUTES_KNOWN != 0 {
            return Err(TpmFormError::Attributes(attributes));
        }
        if ![0, 32].contains(&fields.sized(32)?.len()) {
            return Err(TpmFormError::FieldLength);
        }
        let has_cipher = cipher(fields)?;
        let scheme = scheme(fields, key_type)?;
        let key = if key_type == ALG_RSA { rsa_key(fields)? } else { p256_key(fields)? };
        Ok(Self { key, attributes, has_cipher, scheme, name })
    }

    /// The name by which TPMs know the key.
    #[must_use]
    pub const fn name(&self) -> &TpmName {
        &self.name
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn kind(&self) -> TpmKeyKind {
        match self.key {
            Key::P256(_) => TpmKeyKind::P256,
            Key::Rsa2048(_) => TpmKeyKind::Rsa2048,
        }
    }

    /// The attributes, as `TPMA_OBJECT` has them.
    #[must_use]
    pub const fn attributes(&self) -> u32 {
        self.attributes
    }
}

pub(crate) fn expect(found: u16, wanted: u16, otherwise: fn(u16) -> TpmFormError) -> Result<(), TpmFormError> {
    if found == wanted { Ok(()) } else { Err(otherwise(found)) }
}

/// `TPMT_SYM_DEF_OBJECT`: whether there is a cipher.
fn cipher(fields: &mut Fields<'_>) -> Result<bool, TpmFormError> {
    match fields.u16()? {
        ALG_NULL => Ok(false),
        ALG_AES => {
            expect(fields.u16()?, 128, TpmFormError::SymmetricBits)?;
            expect(fields.u16()?, ALG_CFB, TpmFormError::SymmetricMode)?;
            Ok(true)
        }
        other => Err(TpmFormError::SymmetricAlgorithm(other)),
    }
}

/// `TPMT_RSA_SCHEME` or `TPMT_ECC_SCHEME`: the scheme of this type of key that is taken, or none.
fn scheme(fields: &mut Fields<'_>, key_type: u16) -> Result<Option<u16>, TpmFormError> {
    let own = if key_type == ALG_RSA { ALG_RSASSA } else { ALG_ECDSA };
    match fields.u16()? {
        ALG_NULL => Ok(None),
        found if found == own => {
            expect(fields.u16()?, ALG_SHA256, TpmFormError::HashAlgorithm)?;
            Ok(Some(found))
        }
        other => Err(TpmFormError::Scheme(other)),
    }
}

fn rsa_key(fields: &mut Fields<'_>) -> Result<Key, TpmFormError> {
    expect(fields.u16()?, 2_048, TpmFormError::KeyBits)?;
    let exponent = fields.u32()?;
    // Zero stands for the usual one.
    if ![0, EXPONENT].contains(&exponent) {
        return Err(TpmFormError::Exponent(exponent));
    }
    let modulus: [u8; 256] = fields.sized_array()?;
    if modulus.first().is_none_or(|first| *first < 0x80) {
        return Err(TpmFormError::Modulus);
    }
    let key = rsa::PublicKey::new(BoxedUint::from_be_slice_vartime(&modulus), BoxedUint::from(EXPONENT));
    key.map(Key::Rsa2048).map_err(|_| TpmFormError::Modulus)
}

fn p256_key(fields: &mut Fields<'_>) -> Result<Key, TpmFormError> {
    expect(fields.u16()?, CURVE_P256, TpmFormError::Curve)?;
    expect(fields.u16()?, ALG_NULL, TpmFormError::KeyDerivation)?;
    let (x, y): ([u8; 32], [u8; 32]) = (fields.sized_array()?, fields.sized_array()?);
    let point = p256::Sec1Point::from_affine_coordinates(&x.into(), &y.into(), false);
    let key: Option<p256::PublicKey> = p256::PublicKey::from_sec1_point(&point).into();
    key.map(Key::P256).ok_or(TpmFormError::Point)
}

/// A number of two bytes in front.
pub(crate) fn with_length(bytes: &[u8], into: &mut Vec<u8>) {
    // Nothing that is written here is longer than an RSA number.
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(bytes);
}
