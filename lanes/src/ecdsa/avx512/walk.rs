//! The walk through the digits: R = a·G + b·P for eight pairs of points and numbers, and the comparison with r.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::needless_range_loop,
    reason = "arrays of fixed lengths walked by constants; iterators would not be compiled for the processor's features"
)]

use std::arch::x86_64::{__mmask8, _mm512_cmpeq_epi64_mask, _mm512_set1_epi64};

use super::field::{Field, Loose, limbs, vector};
use super::point::Jacobian;
use crate::ecdsa::generator::{self, BETA, Multiple, TABLE};
use crate::ecdsa::scalar::{Digit, HALF_BITS, Odd};
use crate::ecdsa::{Claim, LANES};

/// Bits of a digit of the key's factors.
const WIDTH: usize = 5;
/// P, 3P … 31P.
const MULTIPLES: usize = 1 << (WIDTH - 1);
const PLACES: usize = HALF_BITS / WIDTH;
// Digits of the generator fall on every second place of the key's.
const _: () = assert!(generator::WIDTH == 2 * WIDTH && PLACES * WIDTH == HALF_BITS && PLACES.is_multiple_of(2));

/// What one lane does.
pub(super) struct Lane<'a> {
    pub(super) claim: &'a Claim,
    /// e/s.
    pub(super) of_generator: [Odd; 2],
    /// r/s.
    pub(super) of_key: [Odd; 2],
}

/// Says of each lane whether its claim is proven.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn prove(lanes: &[Lane<'_>; LANES]) -> [bool; LANES] {
    let of = |number: fn(&Claim) -> &[u8; 32]| {
        let lanes = lanes.each_ref().map(|lane| limbs(number(lane.claim)));
        Field::gather(|lane| &lanes[lane])
    };
    let table = Table::new(of(|claim| &claim.key.0), of(|claim| &claim.key.1));
    let sum = table.walk(lanes);
    // On the table's curve the sum has the Z of the walk; on secp256k1 that of the table comes to it.
    let z = sum.z.times(&table.z);
    let expected = of(|claim| &claim.r).times(&z.squared());
    let apart = sum.x.loose().minus::<2>(&expected.loose()).carried();
    let proven = apart.is_zero() & !z.is_zero();
    std::array::from_fn(|lane| proven >> lane & 1 == 1)
}

/// Odd multiples of each lane's key as affine points of a curve isomorphic to secp256k1, on which all of them have the same Z.
struct Table {
    x: [Field; MULTIPLES],
    beta_x: [Field; MULTIPLES],
    y: [Field; MULTIPLES],
    /// (x, y) here is (x/z², y/z³) on secp256k1.
    z: Field,
}

impl Table {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(x: Field, y: Field) -> Self {
        // On the curve scaled by the Z of 2P, 2P is affine, and so is P.
        let twice = Jacobian::from_affine(x, y).doubled();
        let scale = twice.z.squared();
        let first = Jacobian::from_affine(x.times(&scale), y.times(&scale.times(&twice.z)));
        let mut points = [first; MULTIPLES];
        let mut growth = [Field::one(); MULTIPLES];
        for place in 1..MULTIPLES {
            (points[place], growth[place]) = points[place - 1].plus(&twice.x, &twice.y, 0);
        }
        let z = points[MULTIPLES - 1].z.times(&twice.z);
        // The Z of the last is the one that all get.
        let mut missing = Field::one();
        for place in (0..MULTIPLES - 1).rev() {
            missing = missing.times(&growth[place + 1]);
            let square = missing.squared();
            points[place].x = points[place].x.times(&square);
            points[place].y = points[place].y.times(&square.times(&missing));
        }
        let beta = limbs(&BETA);
        let beta = Field::gather(|_| &beta);
        let (x, y) = (points.map(|point| point.x), points.map(|point| point.y));
        let mut beta_x = x;
        for x in &mut beta_x {
            *x = x.times(&beta);
        }
        Self { x, beta_x, y, z }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn walk(&self, lanes: &[Lane<'_>; LANES]) -> Jacobian {
        let square = self.z.squared();
        let cube = square.times(&self.z);
        let start = Digits::new(lanes, |lane| lane.of_key[0].digit::<WIDTH>(PLACES - 1));
        let y = start.select(&self.y);
        let none = Loose::zero().minus::<4>(&Loose::zero());
        let mut sum = Jacobian::from_affine(start.select(&self.x), none.plus_or_minus(&y, start.negative).carried());
        for place in (0..PLACES).rev() {
            if place < PLACES - 1 {
                for _ in 0..WIDTH {
                    sum = sum.doubled();
                }
                let digits = Digits::new(lanes, |lane| lane.of_key[0].digit::<WIDTH>(place));
                sum = sum.plus(&digits.select(&self.x), &digits.select(&self.y), digits.negative).0;
            }
            let digits = Digits::new(lanes, |lane| lane.of_key[1].digit::<WIDTH>(place));
            sum = sum.plus(&digits.select(&self.beta_x), &digits.select(&self.y), digits.negative).0;
            if place.is_multiple_of(2) {
                for half in 0..2 {
                    let digits =
                        Digits::new(lanes, |lane| lane.of_generator[half].digit::<{ generator::WIDTH }>(place / 2));
                    let x = digits.gather(|multiple| if half == 0 { &multiple.x } else { &multiple.beta_x });
                    let y = digits.gather(|multiple| &multiple.y);
                    sum = sum.plus(&x.times(&square), &y.times(&cube), digits.negative).0;
                }
            }
        }
        sum
    }
}

/// One digit of each lane.
struct Digits {
    index: [usize; LANES],
    negative: __mmask8,
}

impl Digits {
    fn new(lanes: &[Lane<'_>; LANES], digit: impl Fn(&Lane<'_>) -> Digit) -> Self {
        let digits = lanes.each_ref().map(digit);
        let negative = digits.iter().rev().fold(0, |mask, digit| mask << 1 | __mmask8::from(digit.negative));
        Self { index: digits.map(|digit| digit.index), negative }
    }

    /// Of a table of this batch, the entry of each lane.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn select(&self, table: &[Field; MULTIPLES]) -> Field {
        let index = vector(self.index.map(|index| index as u64));
        let mut selected = table[0];
        for place in 1..MULTIPLES {
            let lanes = _mm512_cmpeq_epi64_mask(index, _mm512_set1_epi64(place as i64));
            selected = selected.or_where(&table[place], lanes);
        }
        selected
    }

    /// Of the generator's table, the entry of each lane.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn gather(&self, coordinate: impl Fn(&'static Multiple) -> &'static [u64; 5]) -> Field {
        let table: &'static [Multiple] = &TABLE;
        Field::gather(|lane| coordinate(&table[self.index[lane]]))
    }
}
