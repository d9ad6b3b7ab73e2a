//! Numbers modulo p = 2^256 - 2^32 - 977 in five limbs of 52 bits, eight numbers side by side.
//!
//! Two forms: [`Field`] may be multiplied; [`Loose`] is a sum of some, whose limbs have outgrown 52 bits, and becomes a
//! `Field` by [`Loose::carried`]. Products are sums of columns ([`Columns`]), so that a·b + c·d is reduced once.
//!
//! Bounds: of a `Field`, limbs 0 to 3 are below 2^52 and limb 4 is at most 2^48 + 2^6, so that its value is below
//! 2^256 + 2^215 and zero modulo p in two forms only, 0 and p. A column of one product is below 2^56, of two with a shift
//! below 2^58; a loose limb stays below 2^60.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::needless_range_loop,
    reason = "arrays of fixed lengths walked by constants; iterators would not be compiled for the processor's features"
)]

use std::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_madd52hi_epu64,
    _mm512_madd52lo_epu64, _mm512_mask_mov_epi64, _mm512_mask_sub_epi64, _mm512_set_epi64, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_slli_epi64, _mm512_srli_epi64, _mm512_sub_epi64,
};

use crate::ecdsa::LANES;

/// Limbs of a number.
pub(crate) const LIMBS: usize = 5;

const MASK: i64 = (1 << 52) - 1;
/// Of the topmost limb, what is below 2^256.
const TOP_MASK: i64 = (1 << 48) - 1;
/// 2^256 modulo p.
const FOLD: i64 = 0x1_0000_03d1;
/// The modulus.
const P: [i64; LIMBS] = [MASK - FOLD + 1, MASK, MASK, MASK, TOP_MASK];

/// A big-endian number below 2^256 in limbs.
pub(crate) fn limbs(bytes: &[u8; 32]) -> [u64; LIMBS] {
    let (words, _) = bytes.as_chunks::<8>();
    let [d, c, b, a] = [words[0], words[1], words[2], words[3]].map(u64::from_be_bytes);
    let mask = MASK.cast_unsigned();
    [a & mask, (a >> 52 | b << 12) & mask, (b >> 40 | c << 24) & mask, (c >> 28 | d << 36) & mask, d >> 16]
}

/// Eight numbers that may be multiplied.
#[derive(Clone, Copy)]
pub(crate) struct Field([__m512i; LIMBS]);

/// Eight sums of numbers.
#[derive(Clone, Copy)]
pub(crate) struct Loose([__m512i; LIMBS]);

/// Eight sums of products.
#[derive(Clone, Copy)]
pub(crate) struct Columns([__m512i; 2 * LIMBS]);

/// One limb for each lane.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn vector(lanes: [u64; LANES]) -> __m512i {
    let [a, b, c, d, e, f, g, h] = lanes.map(u64::cast_signed);
    _mm512_set_epi64(h, g, f, e, d, c, b, a)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn all(limb: i64) -> __m512i {
    _mm512_set1_epi64(limb)
}

/// Brings limbs 0 to 3 below 2^52; what overflows goes up, and stays in limb 4.
#[target_feature(enable = "avx512f")]
#[inline]
fn chain(limbs: &mut [__m512i; LIMBS]) {
    let mask = all(MASK);
    for place in 0..LIMBS - 1 {
        limbs[place + 1] = _mm512_add_epi64(limbs[place + 1], _mm512_srli_epi64::<52>(limbs[place]));
        limbs[place] = _mm512_and_si512(limbs[place], mask);
    }
}

impl Field {
    /// From the limbs of numbers below 2^256, which `of` gives for each lane.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn gather<'a>(of: impl Fn(usize) -> &'a [u64; LIMBS]) -> Self {
        // Closures would not be compiled for this processor together with the code around them.
        let mut limbs = [[0; LANES]; LIMBS];
        for lane in 0..LANES {
            let number = of(lane);
            for limb in 0..LIMBS {
                limbs[limb][lane] = number[limb];
            }
        }
        let [a, b, c, d, e] = limbs;
        Self([vector(a), vector(b), vector(c), vector(d), vector(e)])
    }

    /// The same small number in all lanes.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn one() -> Self {
        let zero = _mm512_setzero_si512();
        Self([all(1), zero, zero, zero, zero])
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn times(&self, other: &Self) -> Self {
        Columns::zero().plus(self, other).reduced()
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn squared(&self) -> Self {
        let Self(a) = self;
        let mut columns = [_mm512_setzero_si512(); 2 * LIMBS];
        for i in 0..LIMBS {
            for j in i + 1..LIMBS {
                columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], a[j]);
                columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], a[j]);
            }
        }
        for column in &mut columns[1..=2 * LIMBS - 2] {
            *column = _mm512_add_epi64(*column, *column);
        }
        for i in 0..LIMBS {
            columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], a[i], a[i]);
            columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], a[i], a[i]);
        }
        Columns(columns).reduced()
    }

    /// The other number in the lanes that are named.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn or_where(&self, other: &Self, lanes: __mmask8) -> Self {
        Self([0, 1, 2, 3, 4].map(|limb| _mm512_mask_mov_epi64(self.0[limb], lanes, other.0[limb])))
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn loose(&self) -> Loose {
        Loose(self.0)
    }

    /// The number times 2^`BITS`, at most 8.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn shifted<const BITS: u32>(&self) -> Loose {
        Loose(self.0.map(|limb| _mm512_slli_epi64::<BITS>(limb)))
    }

    /// The lanes in which the number is zero modulo p.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn is_zero(&self) -> __mmask8 {
        let is = |number: [i64; LIMBS]| {
            let mut lanes = __mmask8::MAX;
            for (limb, expected) in self.0.iter().zip(number) {
                lanes &= _mm512_cmpeq_epi64_mask(*limb, all(expected));
            }
            lanes
        };
        is([0; LIMBS]) | is(P)
    }

    /// The limbs of each lane.
    #[cfg(test)]
    pub(crate) fn lanes(&self) -> [[u64; LIMBS]; LANES] {
        // SAFETY: both are 64 bytes, of which every pattern is valid.
        #[allow(unsafe_code, reason = "registers are read in no other way")]
        let limbs = self.0.map(|limb| unsafe { std::mem::transmute::<__m512i, [u64; LANES]>(limb) });
        std::array::from_fn(|lane| limbs.map(|limb| limb[lane]))
    }
}

impl Loose {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn zero() -> Self {
        Self([_mm512_setzero_si512(); LIMBS])
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self([0, 1, 2, 3, 4].map(|limb| _mm512_add_epi64(self.0[limb], other.0[limb])))
    }

    /// The difference, plus `BIAS`·p so that no limb is below zero: `BIAS` is twice the number of fields in `other`.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn minus<const BIAS: i64>(&self, other: &Self) -> Self {
        Self([0, 1, 2, 3, 4].map(|limb| {
            let biased = _mm512_add_epi64(self.0[limb], all(BIAS * P[limb]));
            _mm512_sub_epi64(biased, other.0[limb])
        }))
    }

    /// The sum with a number, or in `negative` lanes the difference; the limbs of `self` are at least twice those of p.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn plus_or_minus(&self, number: &Field, negative: __mmask8) -> Self {
        Self([0, 1, 2, 3, 4].map(|limb| {
            let sum = _mm512_add_epi64(self.0[limb], number.0[limb]);
            _mm512_mask_sub_epi64(sum, negative, self.0[limb], number.0[limb])
        }))
    }

    /// The same number in the form that may be multiplied.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn carried(&self) -> Field {
        let mut limbs = self.0;
        let over = _mm512_srli_epi64::<48>(limbs[LIMBS - 1]);
        limbs[LIMBS - 1] = _mm512_and_si512(limbs[LIMBS - 1], all(TOP_MASK));
        limbs[0] = _mm512_madd52lo_epu64(limbs[0], over, all(FOLD));
        chain(&mut limbs);
        Field(limbs)
    }
}

impl Columns {
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn zero() -> Self {
        Self([_mm512_setzero_si512(); 2 * LIMBS])
    }

    /// The sum with a·b.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn plus(mut self, a: &Field, b: &Field) -> Self {
        let Self(columns) = &mut self;
        for i in 0..LIMBS {
            for j in 0..LIMBS {
                columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a.0[i], b.0[j]);
                columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a.0[i], b.0[j]);
            }
        }
        self
    }

    /// Twice the sum.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) fn doubled(self) -> Self {
        Self(self.0.map(|column| _mm512_add_epi64(column, column)))
    }

    /// The number modulo p.
    #[target_feature(enable = "avx512f,avx512ifma")]
    #[inline]
    pub(crate) fn reduced(self) -> Field {
        let Self([a, b, c, d, e, mut high @ ..]) = self;
        let mut limbs = [a, b, c, d, e];
        chain(&mut high);
        // The upper limbs stand for multiples of 2^260.
        let fold = all(FOLD << 4);
        for place in 0..LIMBS - 1 {
            limbs[place] = _mm512_madd52lo_epu64(limbs[place], high[place], fold);
            limbs[place + 1] = _mm512_madd52hi_epu64(limbs[place + 1], high[place], fold);
        }
        limbs[LIMBS - 1] = _mm512_madd52lo_epu64(limbs[LIMBS - 1], high[LIMBS - 1], fold);
        let beyond = _mm512_madd52hi_epu64(_mm512_setzero_si512(), high[LIMBS - 1], fold);
        // What is left above 2^256 has less than 40 bits.
        let over = _mm512_add_epi64(_mm512_slli_epi64::<4>(beyond), _mm512_srli_epi64::<48>(limbs[LIMBS - 1]));
        limbs[LIMBS - 1] = _mm512_and_si512(limbs[LIMBS - 1], all(TOP_MASK));
        limbs[0] = _mm512_madd52lo_epu64(limbs[0], over, all(FOLD));
        limbs[1] = _mm512_madd52hi_epu64(limbs[1], over, all(FOLD));
        chain(&mut limbs);
        Field(limbs)
    }
}

#[cfg(test)]
mod tests {
    use k256::U256;
    use proptest::prelude::*;

    use super::*;

    const MODULUS: U256 = U256::from_be_hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f");

    fn modulus() -> k256::elliptic_curve::bigint::NonZero<U256> {
        k256::elliptic_curve::bigint::NonZero::new(MODULUS).expect("not zero")
    }

    fn product(a: &U256, b: &U256) -> U256 {
        let (low, high) = a.widening_mul(b);
        U256::rem_wide_vartime((low, high), &modulus())
    }

    fn sum(a: &U256, b: &U256) -> U256 {
        let (a, b) = (a.rem_vartime(&modulus()), b.rem_vartime(&modulus()));
        a.add_mod(&b, &modulus())
    }

    fn difference(a: &U256, b: &U256) -> U256 {
        let (a, b) = (a.rem_vartime(&modulus()), b.rem_vartime(&modulus()));
        a.sub_mod(&b, &modulus())
    }

    /// Each lane modulo p; limbs are checked against their bounds.
    fn values(field: &Field) -> [U256; LANES] {
        field.lanes().map(|limbs| {
            assert!(limbs.iter().take(LIMBS - 1).all(|limb| *limb <= MASK.cast_unsigned()), "{limbs:x?}");
            assert!(limbs[LIMBS - 1] <= (1 << 48) + (1 << 6), "{limbs:x?}");
            let two_to_52 = U256::from(1_u64 << 52);
            limbs.iter().rev().fold(U256::ZERO, |value, limb| sum(&product(&value, &two_to_52), &U256::from(*limb)))
        })
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn everything(a: &[U256; LANES], b: &[U256; LANES]) {
        let enter = |numbers: &[U256; LANES]| {
            let lanes = numbers.map(|number| limbs(&number.to_be_bytes().into()));
            Field::gather(|lane| &lanes[lane])
        };
        let (x, y) = (enter(a), enter(b));
        let both = |of: fn(&U256, &U256) -> U256| std::array::from_fn(|lane| of(&a[lane], &b[lane]));
        let is = |field: Field, expected: [U256; LANES]| {
            assert_eq!(values(&field), expected, "a {a:?}, b {b:?}");
            let zeros = expected.iter().rev().fold(0, |mask, value| mask << 1 | u8::from(*value == U256::ZERO));
            assert_eq!(field.is_zero(), zeros);
        };
        is(x.times(&y), both(product));
        is(x.squared(), both(|a, _| product(a, a)));
        is(x.loose().plus(&y.loose()).carried(), both(sum));
        is(x.loose().minus::<2>(&y.loose()).carried(), both(difference));
        let eight = U256::from(8_u8);
        let by_eight = |a: &U256| product(a, &U256::from(8_u8));
        is(x.shifted::<3>().carried(), a.map(|a| product(&a, &eight)));
        is(Loose::zero().minus::<16>(&x.shifted::<3>()).carried(), a.map(|a| difference(&U256::ZERO, &by_eight(&a))));
        is(
            Columns::zero().plus(&x, &y).plus(&y, &y).doubled().reduced(),
            both(|a, b| {
                let once = sum(&product(a, b), &product(b, b));
                sum(&once, &once)
            }),
        );
        let base = Loose::zero().minus::<4>(&x.loose());
        let signed = base.plus_or_minus(&y, 0b1010_0101).carried();
        is(
            signed,
            std::array::from_fn(|lane| {
                let minus_a = difference(&U256::ZERO, &a[lane]);
                let of = if 0b1010_0101 >> lane & 1 == 1 { difference } else { sum };
                of(&minus_a, &b[lane])
            }),
        );
        is(
            x.or_where(&y, 0b0110_1001).times(&Field::one()),
            std::array::from_fn(|lane| {
                let from = if 0b0110_1001 >> lane & 1 == 1 { b[lane] } else { a[lane] };
                product(&from, &U256::ONE)
            }),
        );
        // Products of products: limbs as they come out go in again.
        let long = (0..20).fold(x, |product, _| product.times(&y).squared());
        let mut expected = *a;
        for (value, b) in expected.iter_mut().zip(b) {
            for _ in 0..20 {
                let once = product(value, b);
                *value = product(&once, &once);
            }
            *value = product(value, &U256::ONE);
        }
        is(long, expected);
    }

    fn check(a: &[U256; LANES], b: &[U256; LANES]) {
        if super::super::available() {
            // SAFETY: the processor has both features.
            #[allow(unsafe_code, reason = "code for AVX-512 can be entered in no other way")]
            unsafe {
                everything(a, b);
            };
        }
    }

    #[test]
    fn the_ends_of_the_range_agree_with_long_division() {
        let one = U256::ONE;
        let mut ends =
            vec![U256::ZERO, one, U256::MAX, MODULUS, MODULUS.wrapping_sub(&one), MODULUS.wrapping_add(&one)];
        for bit in [1, 31, 32, 51, 52, 53, 103, 104, 156, 207, 208, 209, 255] {
            let power = one.shl_vartime(bit);
            ends.extend([power, power.wrapping_sub(&one), U256::MAX.wrapping_sub(&power)]);
        }
        for a in &ends {
            for b in ends.chunks(LANES) {
                check(&[*a; LANES], &std::array::from_fn(|lane| b[lane % b.len()]));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn random_numbers_agree_with_long_division(a: [[u8; 32]; LANES], b: [[u8; 32]; LANES]) {
            check(&a.map(|bytes| U256::from_be_slice(&bytes)), &b.map(|bytes| U256::from_be_slice(&bytes)));
        }
    }
}
