//! Money in units of 2^-128 µTHR, so that dividing a reward among shares loses nothing that is not kept for the next one.
//!
//! It must not know who owns it. Invariant: nothing here wraps; a sum that cannot be is a broken state, and stops the machine.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::U256;
use types::Amount;

/// Bits behind the µTHR.
const FRACTION_BITS: usize = 128;

/// An amount in units of 2^-128 µTHR, as four limbs of 64 bits, lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Fine([u64; 4]);

impl Fine {
    pub(crate) fn of(amount: Amount) -> Self {
        Self::from_uint(U256::from(amount.0).wrapping_shl(FRACTION_BITS))
    }

    /// The whole µTHR in it.
    pub(crate) fn whole(self) -> Amount {
        let whole = self.uint().wrapping_shr(FRACTION_BITS);
        Amount(u128::try_from(whole).expect("128 of 256 bits are left"))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let sum = self.uint().checked_add(other.uint());
        Self::from_uint(sum.expect("all that is ever issued fits 2^45 µTHR, and 2^128 times that 256 bits"))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        let rest = self.uint().checked_sub(other.uint());
        Self::from_uint(rest.expect("only what was added before is taken away"))
    }

    /// What `weight` earns at this much per unit of weight.
    pub(crate) fn for_weight(self, weight: u128) -> Self {
        let product = self.uint().checked_mul(U256::from(weight));
        Self::from_uint(product.expect("a part of the window's weight earns at most what the whole window was given"))
    }

    /// This much per unit of weight, and what is left over.
    pub(crate) fn per_weight(self, weight: u128) -> (Self, Self) {
        let weight = U256::from(weight);
        match (self.uint().checked_div(weight), self.uint().checked_rem(weight)) {
            (Some(each), Some(rest)) => (Self::from_uint(each), Self::from_uint(rest)),
            _ => (Self::default(), self),
        }
    }

    const fn from_uint(number: U256) -> Self {
        Self(number.into_limbs())
    }

    const fn uint(self) -> U256 {
        U256::from_limbs(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dividing_and_multiplying_again_leaves_exactly_the_rest() {
        for (amount, weight) in [(1, 3), (7_600_000, 512), (8_000_000, u128::from(u64::MAX)), (0, 5), (5, 1)] {
            let (each, rest) = Fine::of(Amount(amount)).per_weight(weight);
            assert_eq!(each.for_weight(weight).plus(rest), Fine::of(Amount(amount)));
        }
        assert_eq!(Fine::of(Amount(9)).per_weight(0), (Fine::default(), Fine::of(Amount(9))));
        assert_eq!(Fine::of(Amount(5)).whole(), Amount(5));
        assert_eq!(Fine::of(Amount(5)).minus(Fine([1, 0, 0, 0])).whole(), Amount(4));
    }
}
