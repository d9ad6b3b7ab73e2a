//! Two compressions in step, with the SHA extensions of x86.
//!
//! The instructions keep the eight words of a state in two registers, as A B E F and C D G H, and do two rounds each; Intel's
//! "SHA Extensions" (2013) describes both.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of known lengths, indexed by constants and counters below them"
)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_set_epi32,
    _mm_set_epi64x, _mm_setr_epi32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi8, _mm_shuffle_epi32,
};

use super::TwoBlocks;
use super::constants::{INITIAL, ROUNDS};

/// Messages at a time.
const STREAMS: usize = 2;
/// Rounds of a compression, four by four.
const FOURS: usize = 16;

/// Two states: A B E F and C D G H of each.
type States = [[__m128i; 2]; STREAMS];

pub(super) fn digest(messages: &[TwoBlocks; STREAMS]) -> Option<[[u8; 32]; STREAMS]> {
    if !(is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3")) {
        return None;
    }
    #[allow(unsafe_code, reason = "the processor has the instructions: asked for just above")]
    let digests = unsafe { compress_all(messages) };
    Some(digests)
}

#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn compress_all(messages: &[TwoBlocks; STREAMS]) -> [[u8; 32]; STREAMS] {
    let [a, b, c, d, e, f, g, h] = INITIAL.map(u32::cast_signed);
    let begin = [_mm_set_epi32(a, b, e, f), _mm_set_epi32(c, d, g, h)];
    let [[one, two], [three, four]] = messages;
    let mut states = [begin; STREAMS];
    compress(&mut states, [one, three]);
    compress(&mut states, [two, four]);
    states.map(|state| digest_of(state))
}

/// One block into each state.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn compress(states: &mut States, blocks: [&[u8; 64]; STREAMS]) {
    let begin = *states;
    let mut words = blocks.map(|block| load(block));
    for four in 0..FOURS {
        let [k0, k1, k2, k3] = [0, 1, 2, 3].map(|round| ROUNDS[four / 4][four % 4 * 4 + round].cast_signed());
        let constants = _mm_setr_epi32(k0, k1, k2, k3);
        for stream in 0..STREAMS {
            let words = &mut words[stream];
            let [abef, cdgh] = &mut states[stream];
            let (this, next, third, last) =
                (words[four & 3], words[(four + 1) & 3], words[(four + 2) & 3], words[(four + 3) & 3]);
            let input = _mm_add_epi32(this, constants);
            *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, input);
            *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32::<0x0e>(input));
            if four < FOURS - 4 {
                let seventh = _mm_alignr_epi8::<4>(last, third);
                let sum = _mm_add_epi32(_mm_sha256msg1_epu32(this, next), seventh);
                words[four & 3] = _mm_sha256msg2_epu32(sum, last);
            }
        }
    }
    for (state, begin) in states.iter_mut().zip(begin) {
        *state = [_mm_add_epi32(state[0], begin[0]), _mm_add_epi32(state[1], begin[1])];
    }
}

/// The sixteen words of a block, four to a register.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn load(block: &[u8; 64]) -> [__m128i; 4] {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let (halves, _) = block.as_chunks::<8>();
    let half = |index: usize| u64::from_le_bytes(halves[index]).cast_signed();
    [0, 2, 4, 6].map(|low| _mm_shuffle_epi8(_mm_set_epi64x(half(low + 1), half(low)), swap))
}

/// The bytes of a state.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
fn digest_of([abef, cdgh]: [__m128i; 2]) -> [u8; 32] {
    let feba = _mm_shuffle_epi32::<0x1b>(abef);
    let dchg = _mm_shuffle_epi32::<0xb1>(cdgh);
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let low = _mm_shuffle_epi8(_mm_blend_epi16::<0xf0>(feba, dchg), swap);
    let high = _mm_shuffle_epi8(_mm_alignr_epi8::<8>(dchg, feba), swap);
    let mut bytes = [0; 32];
    let (to_low, to_high) = bytes.split_at_mut(16);
    to_low.copy_from_slice(&to_bytes(low));
    to_high.copy_from_slice(&to_bytes(high));
    bytes
}

#[target_feature(enable = "sse2,sse4.1")]
fn to_bytes(register: __m128i) -> [u8; 16] {
    let (low, high) = (_mm_cvtsi128_si64(register), _mm_extract_epi64::<1>(register));
    let mut bytes = [0; 16];
    let (to_low, to_high) = bytes.split_at_mut(8);
    to_low.copy_from_slice(&low.to_le_bytes());
    to_high.copy_from_slice(&high.to_le_bytes());
    bytes
}
