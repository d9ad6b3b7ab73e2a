//! nBits: a target in four bytes, a length and three digits to the base of 256.
//!
//! It must not know which bits a header has to carry. Source: `arith_uint256::SetCompact` and `CheckProofOfWork` of Bitcoin Core;
//! what the two refuse together is refused here.

use borsh::{BorshDeserialize, BorshSerialize};
use ruint::Uint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Target, U256};

/// The bit of the three digits that makes the number negative.
const SIGN: u32 = 0x0080_0000;
/// The three digits without the sign.
const DIGITS: u32 = 0x007f_ffff;
/// Digits that stand before the point without a shift.
const DIGITS_LENGTH: u32 = 3;

/// nBits as a header carries it. In JSON eight hexadecimal digits, big-endian, as Stratum writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct CompactBits(pub u32);

/// Why bits are no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// The sign bit is set on a number that is not zero.
    #[error("the bits {0} encode a negative target")]
    Negative(CompactBits),
    /// No hash could meet it.
    #[error("the bits {0} encode a target of zero")]
    Zero(CompactBits),
    /// More than 256 bits.
    #[error("the bits {0} encode a target above 256 bits")]
    Overflow(CompactBits),
}

impl Target {
    /// Reads nBits.
    ///
    /// # Errors
    /// [`CompactError`] for a negative target, zero, and more than 256 bits.
    pub fn from_compact(bits: CompactBits) -> Result<Self, CompactError> {
        let length = bits.0 >> 24;
        let digits = bits.0 & DIGITS;
        let number = if length <= DIGITS_LENGTH {
            digits >> DIGITS_LENGTH.saturating_sub(length).saturating_mul(8)
        } else {
            digits
        };
        let is_too_long = length > 34 || (digits > 0xff && length > 33) || (digits > 0xffff && length > 32);
        if number == 0 {
            return Err(CompactError::Zero(bits));
        }
        if bits.0 & SIGN != 0 {
            return Err(CompactError::Negative(bits));
        }
        if is_too_long {
            return Err(CompactError::Overflow(bits));
        }
        let shift = usize::try_from(length.saturating_sub(DIGITS_LENGTH).saturating_mul(8)).unwrap_or(usize::MAX);
        Self::from_uint(U256::from(number).wrapping_shl(shift)).ok_or(CompactError::Zero(bits))
    }

    /// Writes nBits; digits behind the third are cut off, so that the result is never easier.
    #[must_use]
    pub fn to_compact(self) -> CompactBits {
        let number = self.to_uint();
        let mut length = number.bit_len().div_ceil(8);
        let mut digits = low_digits(if length <= 3 {
            number.wrapping_shl(3_usize.saturating_sub(length).saturating_mul(8))
        } else {
            number.wrapping_shr(length.saturating_sub(3).saturating_mul(8))
        });
        if digits & SIGN != 0 {
            digits >>= 8;
            length = length.saturating_add(1);
        }
        CompactBits(digits | (u32::try_from(length).unwrap_or(u32::MAX) << 24))
    }
}

fn low_digits(number: Uint<256, 4>) -> u32 {
    let [lowest, ..] = number.into_limbs();
    u32::try_from(lowest & 0x00ff_ffff).expect("24 bits fit 32")
}

impl std::fmt::Display for CompactBits {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:08x}", self.0)
    }
}

impl Serialize for CompactBits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CompactBits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = digits.then(|| u32::from_str_radix(&text, 16).ok()).flatten();
        bits.map(Self).ok_or_else(|| serde::de::Error::custom("expected nBits as 8 hexadecimal digits"))
    }
}
