//! Canonical bytes: borsh with one encoding only.
//!
//! Borsh gives one encoding per value as long as no map or set with free order is used and every list is
//! bounded; both hold by construction in this crate. [`Canonical::from_canonical`] adds the bound on the whole
//! input and the refusal of trailing bytes.

use borsh::{BorshDeserialize, BorshSerialize};

/// Why bytes are not a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input is longer than any value of this type.
    #[error("the input has {bytes} bytes, at most {bytes_max} are allowed")]
    TooLong {
        /// Length of the input, in bytes.
        bytes: usize,
        /// The most this type takes, in bytes.
        bytes_max: usize,
    },
    /// The bytes are not an encoding of the type.
    #[error("malformed bytes: {0}")]
    Malformed(String),
}

/// A value with exactly one byte form.
pub trait Canonical: BorshSerialize + BorshDeserialize + Sized {
    /// The longest encoding that is ever accepted, in bytes.
    const BYTES_MAX: usize;

    /// The canonical bytes.
    fn to_canonical(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory cannot fail and no list exceeds u32")
    }

    /// Reads a value from exactly these bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for input above [`Self::BYTES_MAX`], trailing bytes, oversize lengths or invalid values.
    fn from_canonical(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(DecodeError::TooLong { bytes: bytes.len(), bytes_max: Self::BYTES_MAX });
        }
        Self::try_from_slice(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))
    }
}

/// Makes the error that a decoder returns for a value it does not accept.
pub fn invalid_data(message: impl Into<String>) -> borsh::io::Error {
    borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, message.into())
}
