//! Numbers modulo the group's order, and their digits.
//!
//! The endomorphism (x, y) → (βx, y) multiplies points by λ. Splitting k into k₁ + k₂λ with halves of 128 bits is Gallant,
//! Lambert and Vanstone's method; constants and rounding are those that libsecp256k1 documents.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "numbers modulo n wrap by themselves, and places of digits are below 130"
)]

use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::ops::Reduce;
use k256::{FieldBytes, Scalar, U256};

/// Bits of a half with its correction to odd: |kᵢ| < 2^128, plus both vectors of the lattice, stays below 2^129.3.
pub(crate) const HALF_BITS: usize = 130;

const G1: U256 = U256::from_be_hex("3086d221a7d46bcde86c90e49284eb153daa8a1471e8ca7fe893209a45dbb031");
const G2: U256 = U256::from_be_hex("e4437ed6010e88286f547fa90abfe4c4221208ac9df506c61571b4ae8ac47f71");
/// The lattice's first vector is (a₁, b₁), b₁ being negative.
const A1: U256 = U256::from_be_hex("000000000000000000000000000000003086d221a7d46bcde86c90e49284eb15");
const MINUS_B1: U256 = U256::from_be_hex("00000000000000000000000000000000e4437ed6010e88286f547fa90abfe4c3");
/// The second is (a₂, b₂).
const A2: U256 = U256::from_be_hex("0000000000000000000000000000000114ca50f7a8e2f3f657c1108d9d44cfd8");
const B2: U256 = A1;

/// An odd number of at most [`HALF_BITS`] bits and its sign, to be read in digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odd {
    low: u128,
    high: u128,
    negative: bool,
}

/// A digit: the multiple 2·`index` + 1 of the point, or its opposite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digit {
    pub(crate) index: usize,
    pub(crate) negative: bool,
}

impl Odd {
    /// Of a number in two's complement.
    fn new(number: U256) -> Self {
        let negative = number.bit_vartime(255);
        let magnitude = if negative { number.wrapping_neg() } else { number };
        let bytes = magnitude.to_be_bytes();
        let half =
            |from: usize| bytes.iter().skip(from).take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        Self { low: half(16), high: half(0), negative }
    }

    /// The digit at `place` when digits have `WIDTH` bits: all are odd, from -(2^WIDTH - 1) to 2^WIDTH - 1.
    ///
    /// Of an odd k the lowest digit is d = (k mod 2^(w+1)) - 2^w, and (k - d) / 2^w is k >> w with its last bit set: odd again.
    pub(crate) fn digit<const WIDTH: usize>(&self, place: usize) -> Digit {
        let from = place * WIDTH;
        let shifted = match from {
            0 => self.low,
            1..128 => self.low >> from | self.high << (128 - from),
            _ => self.high >> (from - 128),
        };
        let odd = (shifted | 1) as usize;
        let (magnitude, below_zero) = if from + WIDTH >= HALF_BITS {
            (odd, false)
        } else {
            let residue = odd & ((2 << WIDTH) - 1);
            (residue.abs_diff(1 << WIDTH), residue < 1 << WIDTH)
        };
        Digit { index: magnitude >> 1, negative: below_zero != self.negative }
    }
}

/// k as k₁ + k₂λ, both odd.
pub(crate) fn split(k: &Scalar) -> [Odd; 2] {
    let k = U256::from_be_slice(&k.to_repr());
    let (c1, c2) = (rounded(&k, &G1), rounded(&k, &G2));
    let mut k1 = k.wrapping_sub(&c1.wrapping_mul(&A1)).wrapping_sub(&c2.wrapping_mul(&A2));
    let mut k2 = c1.wrapping_mul(&MINUS_B1).wrapping_sub(&c2.wrapping_mul(&B2));
    // Vectors of the lattice stand for zero. (a₁, b₁) is (odd, odd), (a₂, b₂) is (even, odd).
    if !k1.bit_vartime(0) {
        (k1, k2) = (k1.wrapping_add(&A1), k2.wrapping_sub(&MINUS_B1));
    }
    if !k2.bit_vartime(0) {
        (k1, k2) = (k1.wrapping_add(&A2), k2.wrapping_add(&B2));
    }
    [Odd::new(k1), Odd::new(k2)]
}

/// k·g / 2^384, rounded to the nearest.
fn rounded(k: &U256, g: &U256) -> U256 {
    let (_, high) = k.widening_mul(g);
    high.shr_vartime(128).wrapping_add(&U256::from(u8::from(high.bit_vartime(127))))
}

/// A big-endian number, modulo n.
pub(crate) fn reduced(bytes: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*bytes))
}

/// The inverses of numbers, by one inversion. All are zero if one of them is.
pub(crate) fn inverses(numbers: &[Scalar]) -> Vec<Scalar> {
    let mut product = Scalar::ONE;
    let mut before = Vec::with_capacity(numbers.len());
    for number in numbers {
        before.push(product);
        product *= number;
    }
    let mut rest = Option::<Scalar>::from(product.invert_vartime()).unwrap_or(Scalar::ZERO);
    for (number, before) in numbers.iter().zip(&mut before).rev() {
        *before *= rest;
        rest *= number;
    }
    before
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAMBDA: U256 = U256::from_be_hex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72");

    fn signed(odd: &Odd) -> Scalar {
        let shift = |number: u128| Scalar::from(number);
        let two_to_128 = Scalar::from(u128::MAX) + Scalar::ONE;
        let magnitude = shift(odd.low) + shift(odd.high) * two_to_128;
        if odd.negative { -magnitude } else { magnitude }
    }

    fn by_digits<const WIDTH: usize>(odd: &Odd) -> Scalar {
        (0..HALF_BITS / WIDTH).rev().fold(Scalar::ZERO, |sum, place| {
            let digit = odd.digit::<WIDTH>(place);
            assert!(digit.index < 1 << (WIDTH - 1), "{odd:?} {place} {digit:?}");
            let multiple = Scalar::from(2 * digit.index as u64 + 1);
            sum * Scalar::from(1_u64 << WIDTH) + if digit.negative { -multiple } else { multiple }
        })
    }

    fn is_whole(k: &Scalar) {
        let [one, two] = split(k);
        assert!(one.low & two.low & 1 == 1 && one.high < 4 && two.high < 4, "{one:?} {two:?}");
        let lambda = Scalar::reduce(&LAMBDA);
        assert_eq!(signed(&one) + signed(&two) * lambda, *k);
        for half in [one, two] {
            assert_eq!(by_digits::<5>(&half), signed(&half));
            assert_eq!(by_digits::<10>(&half), signed(&half));
        }
    }

    #[test]
    fn the_ends_of_the_range_split() {
        for small in 0..300_u64 {
            is_whole(&Scalar::from(small));
            is_whole(&-Scalar::from(small));
            is_whole(&(Scalar::reduce(&LAMBDA) * Scalar::from(small)));
            is_whole(&(Scalar::reduce(&A1) * Scalar::from(small) + Scalar::reduce(&MINUS_B1)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn every_number_is_the_sum_of_its_halves_and_of_their_digits(bytes: [u8; 32]) {
            is_whole(&reduced(&bytes));
        }

        #[test]
        fn inverses_are_inverses(numbers in proptest::collection::vec(1_u64.., 1..20)) {
            let numbers: Vec<Scalar> = numbers.into_iter().map(Scalar::from).collect();
            for (number, inverse) in numbers.iter().zip(inverses(&numbers)) {
                prop_assert_eq!(*number * inverse, Scalar::ONE);
            }
        }
    }
}
