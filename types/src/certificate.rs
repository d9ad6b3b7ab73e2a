//! A quorum's aggregated votes.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::Canonical;
use crate::{BlsSignature, ByteString, ValidatorIndex, VoteStatement, counted, limits};

/// Which validators of a set signed: bit `i % 8` of byte `i / 8` stands for validator `i`.
///
/// The length must be exact for the set and the padding zero; only a set can tell, so it is checked by
/// [`SignerBitmap::signers`].
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct SignerBitmap(ByteString<{ limits::SIGNER_BITMAP_BYTES_MAX }>);

/// Why a bitmap does not fit a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateShapeError {
    /// Not exactly one bit per validator, rounded up to bytes.
    #[error("a bitmap of {} for {}", counted(*bytes as u64, "byte"), counted(*validators as u64, "validator"))]
    BitmapLength {
        /// Bytes given.
        bytes: usize,
        /// Validators in the set.
        validators: usize,
    },
    /// A bit beyond the last validator.
    #[error("a bit beyond the last validator is set")]
    Padding,
}

impl SignerBitmap {
    /// A bitmap for `validators` validators of which the given ones signed. Places outside the set are left out.
    #[must_use]
    pub fn new(validators: usize, signers: impl IntoIterator<Item = ValidatorIndex>) -> Self {
        let validators = validators.min(limits::VALIDATORS_MAX);
        let mut bytes = vec![0_u8; validators.div_ceil(8)];
        for ValidatorIndex(signer) in signers {
            let place = usize::from(signer);
            if place < validators
                && let Some(byte) = bytes.get_mut(place / 8)
            {
                *byte |= 1 << (place % 8);
            }
        }
        Self(ByteString::new(bytes).expect("the number of validators is capped above"))
    }

    /// A bitmap as it came from outside, unchecked.
    #[must_use]
    pub const fn from_bytes(bytes: ByteString<{ limits::SIGNER_BITMAP_BYTES_MAX }>) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a validator signed.
    #[must_use]
    pub fn contains(&self, ValidatorIndex(signer): ValidatorIndex) -> bool {
        let place = usize::from(signer);
        self.0.get(place / 8).is_some_and(|byte| byte & (1 << (place % 8)) != 0)
    }

    /// The signers in rising order.
    ///
    /// # Errors
    /// [`CertificateShapeError`] unless the length is exact for `validators` and the padding is zero.
    pub fn signers(&self, validators: usize) -> Result<Vec<ValidatorIndex>, CertificateShapeError> {
        if self.0.len() != validators.div_ceil(8) {
            return Err(CertificateShapeError::BitmapLength { bytes: self.0.len(), validators });
        }
        let places = self.0.len().saturating_mul(8);
        let mut signers = Vec::new();
        for place in 0..places {
            let index = ValidatorIndex(u16::try_from(place).expect("a bitmap has at most VALIDATORS_MAX bits"));
            if self.contains(index) {
                if place >= validators {
                    return Err(CertificateShapeError::Padding);
                }
                signers.push(index);
            }
        }
        Ok(signers)
    }
}

/// A statement that a quorum signed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Certificate {
    /// What was said.
    pub statement: VoteStatement,
    /// Who said it.
    pub signers: SignerBitmap,
    /// The sum of their signatures.
    pub signature: BlsSignature,
}

impl Canonical for Certificate {
    const BYTES_MAX: usize = limits::CERTIFICATE_BYTES_MAX;
}
