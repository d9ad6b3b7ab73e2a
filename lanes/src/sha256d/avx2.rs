//! Eight nonces at a time in 256-bit registers. There is no rotation, so that it takes three instructions.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed lengths walked by constants"
)]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_min_epu32,
    _mm256_movemask_ps, _mm256_or_si256, _mm256_set_epi8, _mm256_set_epi32, _mm256_set1_epi32, _mm256_shuffle_epi8,
    _mm256_slli_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};

use super::search::{BATCHES_EXPANDED, nonce_search, unrolled};

type Word = __m256i;

#[target_feature(enable = "avx2")]
#[inline]
fn all(word: u32) -> Word {
    _mm256_set1_epi32(word.cast_signed())
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: Word, b: Word) -> Word {
    _mm256_add_epi32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor3(a: Word, b: Word, c: Word) -> Word {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

/// Rotates right by `RIGHT`; `LEFT` is what is missing to 32.
#[target_feature(enable = "avx2")]
#[inline]
fn rotated<const RIGHT: i32, const LEFT: i32>(x: Word) -> Word {
    const { assert!(RIGHT + LEFT == 32) };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(x), _mm256_slli_epi32::<LEFT>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn upper0(x: Word) -> Word {
    xor3(rotated::<2, 30>(x), rotated::<13, 19>(x), rotated::<22, 10>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn upper1(x: Word) -> Word {
    xor3(rotated::<6, 26>(x), rotated::<11, 21>(x), rotated::<25, 7>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn lower0(x: Word) -> Word {
    xor3(rotated::<7, 25>(x), rotated::<18, 14>(x), _mm256_srli_epi32::<3>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn lower1(x: Word) -> Word {
    xor3(rotated::<17, 15>(x), rotated::<19, 13>(x), _mm256_srli_epi32::<10>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn choose(x: Word, y: Word, z: Word) -> Word {
    _mm256_xor_si256(z, _mm256_and_si256(x, _mm256_xor_si256(y, z)))
}

/// `y ^ z` is the `x ^ y` of the round before, which the compiler keeps.
#[target_feature(enable = "avx2")]
#[inline]
fn majority(x: Word, y: Word, z: Word) -> Word {
    _mm256_xor_si256(y, _mm256_and_si256(_mm256_xor_si256(x, y), _mm256_xor_si256(y, z)))
}

/// Bytes of each word in reverse.
#[target_feature(enable = "avx2")]
#[inline]
fn swapped(x: Word) -> Word {
    let order = _mm256_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3, //
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    );
    _mm256_shuffle_epi8(x, order)
}

/// Eight nonces from `first` on, as SHA-256 reads them.
#[target_feature(enable = "avx2")]
#[inline]
fn nonces(first: u32) -> Word {
    swapped(add(all(first), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0)))
}

/// The lanes whose digest's most significant bytes, given in reverse, are at most `top_max`.
#[target_feature(enable = "avx2")]
#[inline]
fn at_most(word: Word, top_max: u32) -> u32 {
    let top = swapped(word);
    let within = _mm256_cmpeq_epi32(_mm256_min_epu32(top, all(top_max)), top);
    _mm256_movemask_ps(_mm256_castsi256_ps(within)).cast_unsigned()
}

nonce_search!(#[target_feature(enable = "avx2")] lanes 8);
