//! Sixteen nonces at a time in 512-bit registers: a rotation is one instruction, and so is any function of three bits.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed lengths walked by constants"
)]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_cmple_epu32_mask, _mm512_ror_epi32, _mm512_set_epi32, _mm512_set1_epi32,
    _mm512_set4_epi32, _mm512_shuffle_epi8, _mm512_srli_epi32, _mm512_ternarylogic_epi32,
};

use super::search::{BATCHES_EXPANDED, nonce_search, unrolled};

/// Sixteen lanes of each of two batches: an instruction's result takes two cycles, in which the other batch goes on.
#[derive(Clone, Copy)]
struct Word(__m512i, __m512i);

/// x ⊕ y ⊕ z: bit 4x + 2y + z of the table is the result.
const XOR3: i32 = 0x96;
/// x ? y : z.
const CHOOSE: i32 = 0xca;
/// What two of three are.
const MAJORITY: i32 = 0xe8;

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn all(word: u32) -> Word {
    let word = _mm512_set1_epi32(word.cast_signed());
    Word(word, word)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn add(a: Word, b: Word) -> Word {
    Word(_mm512_add_epi32(a.0, b.0), _mm512_add_epi32(a.1, b.1))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn upper0_of(x: __m512i) -> __m512i {
    let (a, b, c) = (_mm512_ror_epi32::<2>(x), _mm512_ror_epi32::<13>(x), _mm512_ror_epi32::<22>(x));
    _mm512_ternarylogic_epi32::<XOR3>(a, b, c)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn upper0(x: Word) -> Word {
    Word(upper0_of(x.0), upper0_of(x.1))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn upper1_of(x: __m512i) -> __m512i {
    let (a, b, c) = (_mm512_ror_epi32::<6>(x), _mm512_ror_epi32::<11>(x), _mm512_ror_epi32::<25>(x));
    _mm512_ternarylogic_epi32::<XOR3>(a, b, c)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn upper1(x: Word) -> Word {
    Word(upper1_of(x.0), upper1_of(x.1))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn lower0_of(x: __m512i) -> __m512i {
    let (a, b, c) = (_mm512_ror_epi32::<7>(x), _mm512_ror_epi32::<18>(x), _mm512_srli_epi32::<3>(x));
    _mm512_ternarylogic_epi32::<XOR3>(a, b, c)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn lower0(x: Word) -> Word {
    Word(lower0_of(x.0), lower0_of(x.1))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn lower1_of(x: __m512i) -> __m512i {
    let (a, b, c) = (_mm512_ror_epi32::<17>(x), _mm512_ror_epi32::<19>(x), _mm512_srli_epi32::<10>(x));
    _mm512_ternarylogic_epi32::<XOR3>(a, b, c)
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn lower1(x: Word) -> Word {
    Word(lower1_of(x.0), lower1_of(x.1))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn choose(x: Word, y: Word, z: Word) -> Word {
    Word(_mm512_ternarylogic_epi32::<CHOOSE>(x.0, y.0, z.0), _mm512_ternarylogic_epi32::<CHOOSE>(x.1, y.1, z.1))
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn majority(x: Word, y: Word, z: Word) -> Word {
    Word(_mm512_ternarylogic_epi32::<MAJORITY>(x.0, y.0, z.0), _mm512_ternarylogic_epi32::<MAJORITY>(x.1, y.1, z.1))
}

/// Bytes of each word in reverse.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn swapped(x: __m512i) -> __m512i {
    _mm512_shuffle_epi8(x, _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203))
}

/// Nonces from `first` on, as SHA-256 reads them.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn nonces(first: u32) -> Word {
    let offsets = Word(
        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
        _mm512_set_epi32(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16),
    );
    let numbers = add(all(first), offsets);
    Word(swapped(numbers.0), swapped(numbers.1))
}

/// The lanes whose digest's most significant bytes, given in reverse, are at most `top_max`.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn at_most(word: Word, top_max: u32) -> u32 {
    let max = _mm512_set1_epi32(top_max.cast_signed());
    let low = _mm512_cmple_epu32_mask(swapped(word.0), max);
    let high = _mm512_cmple_epu32_mask(swapped(word.1), max);
    u32::from(low) | u32::from(high) << 16
}

nonce_search!(#[target_feature(enable = "avx512f,avx512bw")] lanes 32);
