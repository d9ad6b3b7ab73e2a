//! Whole rounds by instruction: two of them at a time, over a state in two registers (a, b, e, f and c, d, g, h).
//!
//! An instruction's result is used by the next one and takes several cycles, so that one hash by itself would leave the unit idle:
//! [`STREAMS`] nonces are hashed in step. Round constants come added to the message words.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed lengths walked by constants"
)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_extract_epi32, _mm_set_epi32, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi32,
};

use super::prepared::{DIGEST_BITS, END, HEADER_BITS, Tail, Version};
use super::search::unrolled;
use super::{Candidates, Search};
use crate::sha256::constants::{INITIAL, ROUNDS};

/// Nonces that are hashed in step.
const STREAMS: usize = 4;

/// Four message words, the first in the lowest place, of each stream.
type Words = [__m128i; STREAMS];

/// A state.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn four(a: u32, b: u32, c: u32, d: u32) -> __m128i {
    _mm_set_epi32(d.cast_signed(), c.cast_signed(), b.cast_signed(), a.cast_signed())
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn constants(place: usize) -> __m128i {
    let row = &ROUNDS[place / 4];
    let at = place % 4 * 4;
    four(row[at], row[at + 1], row[at + 2], row[at + 3])
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn state(words: &[u32; 8]) -> State {
    let [a, b, c, d, e, f, g, h] = *words;
    State { abef: four(f, e, b, a), cdgh: four(h, g, d, c) }
}

/// Two rounds with the lower half of `sums`.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn two_rounds(states: &mut [State; STREAMS], sums: &Words) {
    let mut i = 0;
    while i < STREAMS {
        let State { abef, cdgh } = states[i];
        states[i] = State { abef: _mm_sha256rnds2_epu32(cdgh, abef, sums[i]), cdgh: abef };
        i = i.wrapping_add(1);
    }
}

/// Two rounds with the upper half of `sums`.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn two_more_rounds(states: &mut [State; STREAMS], sums: &Words) {
    let mut upper = *sums;
    let mut i = 0;
    while i < STREAMS {
        upper[i] = _mm_shuffle_epi32::<0b00_00_11_10>(sums[i]);
        i = i.wrapping_add(1);
    }
    two_rounds(states, &upper);
}

/// Four message words from the sixteen before them: the oldest four first.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn next(w: &[Words; 4], oldest: usize) -> Words {
    let [a, b, c, d] = [0, 1, 2, 3].map(|place| w[(oldest + place) % 4]);
    let mut words = a;
    let mut i = 0;
    while i < STREAMS {
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(a[i], b[i]), _mm_alignr_epi8::<4>(d[i], c[i]));
        words[i] = _mm_sha256msg2_epu32(sum, d[i]);
        i = i.wrapping_add(1);
    }
    words
}

#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn plus(words: &Words, constant: __m128i) -> Words {
    let mut sums = *words;
    let mut i = 0;
    while i < STREAMS {
        sums[i] = _mm_add_epi32(words[i], constant);
        i = i.wrapping_add(1);
    }
    sums
}

/// The second block's words from the nonce's four on, with their constants.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn expand(tail: &Tail, nonce: u32) -> [Words; 16] {
    let [a, b, c] = tail.words;
    let start = four(a, b, c, 0);
    let mut w = [
        [start; STREAMS],
        [four(END, 0, 0, 0); STREAMS],
        [four(0, 0, 0, 0); STREAMS],
        [four(0, 0, 0, HEADER_BITS); STREAMS],
    ];
    unrolled!(I in [0 1 2 3] {
        w[0][I] = four(a, b, c, nonce.wrapping_add(I as u32).swap_bytes());
    });
    let mut all = [plus(&w[0], constants(0)); 16];
    unrolled!(I in [1 2 3] { all[I] = plus(&w[I], constants(I)); });
    unrolled!(I in [4 5 6 7 8 9 10 11 12 13 14 15] {
        w[I % 4] = next(&w, I % 4);
        all[I] = plus(&w[I % 4], constants(I));
    });
    all
}

/// The first hash, as the first eight words of the second one's message.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn digest(version: &Version, expanded: &[Words; 16]) -> [Words; 2] {
    let mut states = [state(&version.after_round_1); STREAMS];
    two_more_rounds(&mut states, &expanded[0]);
    unrolled!(I in [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
        two_rounds(&mut states, &expanded[I]);
        two_more_rounds(&mut states, &expanded[I]);
    });
    let chaining = state(&version.chaining);
    let mut words = [expanded[0]; 2];
    unrolled!(I in [0 1 2 3] {
        let abef = _mm_add_epi32(states[I].abef, chaining.abef);
        let cdgh = _mm_add_epi32(states[I].cdgh, chaining.cdgh);
        // From f, e, b, a and h, g, d, c to a, b, c, d and e, f, g, h.
        let feba = _mm_shuffle_epi32::<0b00_01_10_11>(abef);
        let dchg = _mm_shuffle_epi32::<0b10_11_00_01>(cdgh);
        words[0][I] = _mm_blend_epi16::<0b1111_0000>(feba, dchg);
        words[1][I] = _mm_alignr_epi8::<8>(dchg, feba);
    });
    words
}

/// The last word of each second hash: f after rounds 60 and 61.
#[target_feature(enable = "sha,sse4.1")]
#[inline]
fn last_words(digest: &[Words; 2]) -> [u32; STREAMS] {
    let mut w = [digest[0], digest[1], [four(END, 0, 0, 0); STREAMS], [four(0, 0, 0, DIGEST_BITS); STREAMS]];
    let mut states = [state(&INITIAL); STREAMS];
    unrolled!(I in [0 1 2 3] {
        let sums = plus(&w[I], constants(I));
        two_rounds(&mut states, &sums);
        two_more_rounds(&mut states, &sums);
    });
    unrolled!(I in [4 5 6 7 8 9 10 11 12 13 14] {
        w[I % 4] = next(&w, I % 4);
        let sums = plus(&w[I % 4], constants(I));
        two_rounds(&mut states, &sums);
        two_more_rounds(&mut states, &sums);
    });
    w[3] = next(&w, 3);
    two_rounds(&mut states, &plus(&w[3], constants(15)));
    let mut words = [INITIAL[7]; STREAMS];
    unrolled!(I in [0 1 2 3] {
        words[I] = words[I].wrapping_add(_mm_extract_epi32::<0>(states[I].abef).cast_unsigned());
    });
    words
}

/// Tries batches of nonces from `first` on with every version.
#[target_feature(enable = "sha,sse4.1")]
pub(super) fn search(search: &Search<'_>, first: u32, batches: u32, report: &mut dyn FnMut(Candidates)) {
    let mut nonce = first;
    let mut batch = 0_u32;
    while batch < batches {
        let expanded = expand(search.tail, nonce);
        let mut version = 0;
        while version < search.versions.len() {
            let words = last_words(&digest(&search.versions[version], &expanded));
            let mut lanes = 0;
            unrolled!(I in [0 1 2 3] { lanes |= u32::from(words[I].swap_bytes() <= search.top_max) << I; });
            if lanes != 0 {
                report(Candidates { version, nonce, lanes });
            }
            version = version.wrapping_add(1);
        }
        nonce = nonce.wrapping_add(STREAMS as u32);
        batch = batch.wrapping_add(1);
    }
}
