//! Amounts: `u128` base units with checked arithmetic, decimal strings in JSON, never floats.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of base units of some asset (µTHR for THR).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Amount(pub u128);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// A minus sign.
    #[error("the amount `{0}` is negative: give a number of zero or more")]
    Negative(String),
    /// More digits behind the point than the asset has.
    #[error("the amount `{text}` has {decimals} decimals, the asset has {decimals_max}")]
    TooManyDecimals {
        /// What was given.
        text: String,
        /// Digits behind the point.
        decimals: usize,
        /// Digits that the asset has.
        decimals_max: u8,
    },
    /// Above what 128 bits hold.
    #[error("the amount `{0}` is too large")]
    TooLarge(String),
    /// Not digits with at most one point: exponents, signs, spaces and leading zeros are refused.
    #[error("the amount `{0}` is not a plain decimal number such as 12 or 0.5")]
    Malformed(String),
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(u128::MAX);

    /// The sum, or nothing when it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or nothing when it would be negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads an integer of base units, as JSON carries it: digits only, no leading zeros.
    ///
    /// # Errors
    /// [`AmountError`] for anything else.
    pub fn parse_base_units(text: &str) -> Result<Self, AmountError> {
        Self::parse_decimal(text, 0)
    }

    /// Reads a decimal such as `1.5` for an asset with `decimals` digits behind the point.
    ///
    /// # Errors
    /// [`AmountError`] for signs, exponents, leading zeros, a missing digit around the point, too many decimals
    /// or a number above 128 bits.
    pub fn parse_decimal(text: &str, decimals: u8) -> Result<Self, AmountError> {
        let malformed = || AmountError::Malformed(shortened(text));
        if text.starts_with('-') {
            return Err(AmountError::Negative(shortened(text)));
        }
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(malformed()),
            None => (text, ""),
        };
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || leading_zero || !digits_only(whole) || !digits_only(fraction) {
            return Err(malformed());
        }
        if fraction.len() > usize::from(decimals) {
            return Err(AmountError::TooManyDecimals {
                text: shortened(text),
                decimals: fraction.len(),
                decimals_max: decimals,
            });
        }
        let padding = usize::from(decimals).saturating_sub(fraction.len());
        let mut value: u128 = 0;
        let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', padding));
        for digit in digits {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u128::from(digit.saturating_sub(b'0'))))
                .ok_or_else(|| AmountError::TooLarge(shortened(text)))?;
        }
        Ok(Self(value))
    }

    /// Writes the amount for people, for an asset with `decimals` digits behind the point: `1.5`, `0.000001`, `3`.
    #[must_use]
    pub fn to_decimal(self, decimals: u8) -> String {
        let digits = self.0.to_string();
        let decimals = usize::from(decimals);
        let padded = format!("{digits:0>width$}", width = decimals.saturating_add(1));
        let (whole, fraction) = padded.split_at(padded.len().saturating_sub(decimals));
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
    }
}

/// The text itself, or its beginning when somebody sends a book.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl std::fmt::Display for Amount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        Self::parse_base_units(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS M4
    #[test]
    fn reads_plain_decimals_and_refuses_every_other_form() {
        for (text, decimals, value) in
            [("0", 6, 0), ("1.5", 6, 1_500_000), ("0.000001", 6, 1), ("21000001", 6, 21_000_001_000_000), ("7", 0, 7)]
        {
            assert_eq!(Amount::parse_decimal(text, decimals), Ok(Amount(value)), "{text}");
        }
        for text in ["", ".", "1.", ".5", "+1", "1e3", "1E3", "01", "00", " 1", "1 ", "1,5", "0x1", "١", "1_000", "NaN"]
        {
            assert!(
                matches!(Amount::parse_decimal(text, 6), Err(AmountError::Malformed(_))),
                "`{text}` must be refused"
            );
        }
        assert!(matches!(Amount::parse_decimal("-1", 6), Err(AmountError::Negative(_))));
        assert!(matches!(Amount::parse_decimal("0.0000001", 6), Err(AmountError::TooManyDecimals { .. })));
        let above = "340282366920938463463374607431768211456";
        assert!(matches!(Amount::parse_base_units(above), Err(AmountError::TooLarge(_))));
        assert_eq!(Amount::parse_base_units("340282366920938463463374607431768211455"), Ok(Amount::MAX));
    }

    #[test]
    fn writes_what_it_reads() {
        for value in [0, 1, 999_999, 1_000_000, 1_500_000, u128::MAX] {
            for decimals in [0, 6, 8, 18] {
                let text = Amount(value).to_decimal(decimals);
                assert_eq!(Amount::parse_decimal(&text, decimals), Ok(Amount(value)));
            }
        }
    }
}
