//! One nonce at a time, in plain words: for every processor.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "arrays of fixed lengths walked by constants"
)]

use super::prepared::{choose, lower0, lower1, majority, upper0, upper1};
use super::search::{BATCHES_EXPANDED, nonce_search, unrolled};

type Word = u32;

const fn all(word: u32) -> Word {
    word
}

const fn add(a: Word, b: Word) -> Word {
    a.wrapping_add(b)
}

/// The nonce as SHA-256 reads it.
const fn nonces(first: u32) -> Word {
    first.swap_bytes()
}

/// Whether the digest's most significant bytes, given in reverse, are at most `top_max`.
const fn at_most(word: Word, top_max: u32) -> u32 {
    (word.swap_bytes() <= top_max) as u32
}

nonce_search!(lanes 1);
