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

/// Messages at a time.
const STREAMS: usize = 2;
/// Rounds of a compression, four by four.
const FOURS: usize = 16;

/// What SHA-256 begins with (FIPS 180-4, 5.3.3).
const BEGIN: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The constants of the rounds (FIPS 180-4, 4.2.2).
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

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
    let [a, b, c, d, e, f, g, h] = BEGIN.map(u32::cast_signed);
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
        let [k0, k1, k2, k3] = [0, 1, 2, 3].map(|round| ROUNDS[four * 4 + round].cast_signed());
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
