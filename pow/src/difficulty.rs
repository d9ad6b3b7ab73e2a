//! Difficulty as pools speak of it: how many times harder than pool difficulty 1, in whole billionths.
//!
//! It must not know who is given which difficulty. Invariant: a difficulty is between [`Difficulty::MIN`] and
//! [`Difficulty::MAX`], so that every one has a target. Texts of other kinds (NaN, infinities, 1e400) are refused, never read as
//! some number.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Target, U256};

/// Digits behind the point.
const DECIMALS: u32 = 9;
/// Longest text that is read. Every number of so many digits fits 128 bits, and nobody needs more digits.
const TEXT_BYTES_MAX: usize = 38;

/// A difficulty in billionths of pool difficulty 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difficulty(u128);

/// Why a text or number is no difficulty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DifficultyError {
    /// Not digits, with at most one point and one exponent.
    #[error("the difficulty `{0}` is not a plain number above zero such as 1000, 0.00015 or 1e-6")]
    Malformed(String),
    /// Below a billionth, zero among them.
    #[error("the difficulty is below 0.000000001")]
    TooSmall,
    /// Above 10^18.
    #[error("the difficulty is above 1000000000000000000")]
    TooLarge,
}

impl Difficulty {
    /// A billionth: about four hashes.
    pub const MIN: Self = Self(1);
    /// Pool difficulty 1, about 2^32 hashes.
    pub const ONE: Self = Self(1_000_000_000);
    /// 10^18, ten thousand times what all of Bitcoin's machines are given.
    pub const MAX: Self = Self(1_000_000_000_000_000_000_000_000_000);

    /// So many billionths of pool difficulty 1.
    ///
    /// # Errors
    /// [`DifficultyError`] outside the bounds.
    pub const fn from_billionths(billionths: u128) -> Result<Self, DifficultyError> {
        if billionths < Self::MIN.0 {
            return Err(DifficultyError::TooSmall);
        }
        if billionths > Self::MAX.0 {
            return Err(DifficultyError::TooLarge);
        }
        Ok(Self(billionths))
    }

    /// Billionths of pool difficulty 1.
    #[must_use]
    pub const fn billionths(self) -> u128 {
        self.0
    }

    /// Reads a JSON number such as `1000`, `0.00015` or `1e-6`; what is finer than a billionth is cut off.
    ///
    /// # Errors
    /// [`DifficultyError`] for everything that is no such number, longer than 38 characters, or outside the bounds.
    pub fn parse(text: &str) -> Result<Self, DifficultyError> {
        let malformed = || DifficultyError::Malformed(text.chars().take(TEXT_BYTES_MAX).collect());
        if text.len() > TEXT_BYTES_MAX {
            return Err(malformed());
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent).ok_or_else(malformed)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(malformed()),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(malformed());
        }
        let digits: u128 = [whole, fraction].concat().parse().map_err(|_| malformed())?;
        let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        Self::scaled(digits, exponent.saturating_add(i64::from(DECIMALS)).saturating_sub(places))
    }

    /// `digits` times ten to the `power`, in billionths.
    fn scaled(digits: u128, power: i64) -> Result<Self, DifficultyError> {
        if digits == 0 {
            return Err(DifficultyError::TooSmall);
        }
        let tens = u32::try_from(power.unsigned_abs()).unwrap_or(u32::MAX);
        let scale = 10_u128.checked_pow(tens);
        if power < 0 {
            let billionths = scale.and_then(|scale| digits.checked_div(scale)).unwrap_or(0);
            return Self::from_billionths(billionths);
        }
        let billionths = scale.and_then(|scale| digits.checked_mul(scale)).ok_or(DifficultyError::TooLarge)?;
        Self::from_billionths(billionths)
    }

    /// The target of this difficulty, rounded down, so that what meets it is worth at least the difficulty.
    #[must_use]
    pub fn target(self) -> Target {
        let target = billionths_of_one().checked_div(U256::from(self.0)).and_then(Target::from_uint);
        target.expect("a difficulty is not zero and far below the number divided")
    }
}

impl Target {
    /// The difficulty of this target, rounded down to billionths and into the bounds of a [`Difficulty`].
    #[must_use]
    pub fn difficulty(self) -> Difficulty {
        let billionths = billionths_of_one().checked_div(self.to_uint()).unwrap_or(U256::MAX);
        let billionths = u128::try_from(billionths).unwrap_or(u128::MAX);
        Difficulty(billionths.clamp(Difficulty::MIN.0, Difficulty::MAX.0))
    }
}

impl Target {
    /// The least difficulty whose own target is not above this one: whatever meets that meets this.
    #[must_use]
    pub fn difficulty_rounded_up(self) -> Difficulty {
        let down = self.difficulty();
        if down.target() <= self {
            down
        } else {
            Difficulty::from_billionths(down.0.saturating_add(1)).unwrap_or(Difficulty::MAX)
        }
    }
}

/// The target of pool difficulty 1 times a billion: below 2^254.
fn billionths_of_one() -> U256 {
    Target::DIFFICULTY_ONE.to_uint().saturating_mul(U256::from(Difficulty::ONE.0))
}

/// An exponent of at most four digits; more would be outside any bound.
fn read_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_short = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = is_short.then(|| digits.parse().ok()).flatten()?;
    number.checked_mul(sign)
}

/// A plain decimal without an exponent, which is also a JSON number.
impl std::fmt::Display for Difficulty {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&types::Amount(self.0).to_decimal(9))
    }
}

impl std::str::FromStr for Difficulty {
    type Err = DifficultyError;

    fn from_str(text: &str) -> Result<Self, DifficultyError> {
        Self::parse(text)
    }
}

/// A decimal string, as amounts are.
impl Serialize for Difficulty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Difficulty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
