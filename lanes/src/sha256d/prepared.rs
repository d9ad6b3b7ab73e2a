//! What doesn't depend on the nonce, computed once: and SHA-256's compression function in its plain form (FIPS 180-4).
//!
//! The second block of a header is `merkle root's end ‖ time ‖ bits ‖ nonce ‖ padding`, so of its sixteen words three are
//! fixed, the fourth is the nonce, and the others are padding: rounds 0 to 2 and words 16 and 17 know no nonce.

#![allow(clippy::indexing_slicing, reason = "arrays of fixed lengths walked by constants")]

use super::HEADER_BYTES;
use crate::sha256::constants::{INITIAL, ROUNDS};

/// The word after a message: its one bit.
pub(super) const END: u32 = 0x8000_0000;
/// Bits of a header.
pub(super) const HEADER_BITS: u32 = 640;
/// Bits of a digest.
pub(super) const DIGEST_BITS: u32 = 256;

pub(super) const fn upper0(x: u32) -> u32 {
    x.rotate_right(2) ^ x.rotate_right(13) ^ x.rotate_right(22)
}

pub(super) const fn upper1(x: u32) -> u32 {
    x.rotate_right(6) ^ x.rotate_right(11) ^ x.rotate_right(25)
}

pub(super) const fn lower0(x: u32) -> u32 {
    x.rotate_right(7) ^ x.rotate_right(18) ^ x >> 3
}

pub(super) const fn lower1(x: u32) -> u32 {
    x.rotate_right(17) ^ x.rotate_right(19) ^ x >> 10
}

pub(super) const fn choose(x: u32, y: u32, z: u32) -> u32 {
    z ^ (x & (y ^ z))
}

pub(super) const fn majority(x: u32, y: u32, z: u32) -> u32 {
    y ^ ((x ^ y) & (y ^ z))
}

/// The two sums of a round over a state: what is added to its fourth word, and what becomes its first. `x` is the round's
/// constant and message word together.
const fn sums(state: &[u32; 8], x: u32) -> [u32; 2] {
    let [a, b, c, _, e, f, g, h] = *state;
    let first = h.wrapping_add(x).wrapping_add(upper1(e)).wrapping_add(choose(e, f, g));
    [first, first.wrapping_add(upper0(a)).wrapping_add(majority(a, b, c))]
}

/// One round; `x` as above.
pub(super) const fn round(state: &[u32; 8], x: u32) -> [u32; 8] {
    let [a, b, c, d, e, f, g, _] = *state;
    let [first, both] = sums(state, x);
    [both, a, b, c, d.wrapping_add(first), e, f, g]
}

/// SHA-256's compression function: the chaining value after a block.
fn compress(chaining: &[u32; 8], block: &[u32; 16]) -> [u32; 8] {
    let mut words = [0_u32; 64];
    words[..16].copy_from_slice(block);
    for i in 16..64_usize {
        let [before2, before7, before15, before16] = [2_usize, 7, 15, 16].map(|back| words[i.wrapping_sub(back)]);
        words[i] = lower1(before2).wrapping_add(before7).wrapping_add(lower0(before15)).wrapping_add(before16);
    }
    let mut state = *chaining;
    for (word, constant) in words.iter().zip(ROUNDS.as_flattened()) {
        state = round(&state, word.wrapping_add(*constant));
    }
    std::array::from_fn(|i| chaining[i].wrapping_add(state[i]))
}

/// The double SHA-256 of a header, in its plain form.
#[must_use]
pub fn hash(header: &[u8; HEADER_BYTES]) -> [u8; 32] {
    let words = words(header);
    let mut last = [0; 16];
    last[..4].copy_from_slice(&words[16..]);
    (last[4], last[15]) = (END, HEADER_BITS);
    let first = std::array::from_fn(|i| words[i]);
    let once = compress(&compress(&INITIAL, &first), &last);
    let mut block = [0; 16];
    block[..8].copy_from_slice(&once);
    (block[8], block[15]) = (END, DIGEST_BITS);
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(compress(&INITIAL, &block)) {
        *bytes = word.to_be_bytes();
    }
    digest
}

/// A header as SHA-256 reads it.
fn words(header: &[u8; HEADER_BYTES]) -> [u32; 20] {
    let (words, _) = header.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_be_bytes(words[i]))
}

/// The version as the header has it.
pub(super) fn version_of(header: &[u8; HEADER_BYTES]) -> u32 {
    words(header)[0].swap_bytes()
}

/// The second block without its nonce: the same for all versions.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    /// Words 0 to 2.
    pub(super) words: [u32; 3],
    /// Words 16 and 17.
    pub(super) expanded: [u32; 2],
    /// Of words 18 and 19, what the nonce's part is added to.
    pub(super) beside_nonce: [u32; 2],
}

impl Tail {
    pub(super) fn new(header: &[u8; HEADER_BYTES]) -> Self {
        let words = words(header);
        let [w0, w1, w2] = [words[16], words[17], words[18]];
        let w16 = w0.wrapping_add(lower0(w1));
        let w17 = w1.wrapping_add(lower0(w2)).wrapping_add(lower1(HEADER_BITS));
        let beside_nonce = [w2.wrapping_add(lower1(w16)), lower1(w17).wrapping_add(lower0(END))];
        Self { words: [w0, w1, w2], expanded: [w16, w17], beside_nonce }
    }
}

/// One version's first block, and its second block's rounds before the nonce.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u32,
    /// The chaining value after the first block.
    pub(super) chaining: [u32; 8],
    /// The state after rounds 0 and 1.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "for the SHA extensions, which do two rounds at once")
    )]
    pub(super) after_round_1: [u32; 8],
    /// The state after round 3 for the nonce 0; the nonce is added to its first and fifth word.
    pub(super) after_round_3: [u32; 8],
    /// Of rounds 4 to 6, the sum of the state's last word, the constant, and the message word: none has seen the nonce.
    pub(super) rounds_4_to_6: [u32; 3],
}

impl Version {
    /// Of a header that has this version.
    pub(super) fn new(header: &[u8; HEADER_BYTES]) -> Self {
        let words = words(header);
        let chaining = compress(&INITIAL, &std::array::from_fn(|i| words[i]));
        let after_round_1 =
            (0..2).fold(chaining, |state, i| round(&state, ROUNDS[0][i].wrapping_add(words[i.wrapping_add(16)])));
        let after_round_2 = round(&after_round_1, ROUNDS[0][2].wrapping_add(words[18]));
        let after_round_3 = round(&after_round_2, ROUNDS[0][3]);
        let [.., f, g, h] = after_round_3;
        let rounds_4_to_6 = [
            h.wrapping_add(ROUNDS[0][4]).wrapping_add(END),
            g.wrapping_add(ROUNDS[0][5]),
            f.wrapping_add(ROUNDS[0][6]),
        ];
        Self { number: words[0].swap_bytes(), chaining, after_round_1, after_round_3, rounds_4_to_6 }
    }
}
