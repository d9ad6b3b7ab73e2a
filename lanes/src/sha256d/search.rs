//! The search, written once for all kernels that compute in lanes.
//!
//! A kernel's file has a type `Word` and the functions `all`, `add`, `upper0`, `upper1`, `lower0`, `lower1`, `choose`,
//! `majority`, `nonces` and `at_most`; [`nonce_search`] writes the search over them. A macro, since a function that is generic
//! over kernels would not be compiled for the instructions of each.

/// Batches that are expanded before any of them is hashed. Expanding and hashing are together more code than a processor keeps
/// at hand, so it should not change between the two for every batch; the sums of four batches are 24 KiB at most.
pub(super) const BATCHES_EXPANDED: usize = 4;

/// Repeats a block for each number, with the number as a constant: the compiler would not unroll loops of this length.
macro_rules! unrolled {
    ($i:ident in [$($number:literal)*] $body:block) => {
        $({
            const $i: usize = $number;
            $body
        })*
    };
}

/// Writes `search` for a kernel; the arguments are the attributes of its functions.
macro_rules! nonce_search {
    ($(#[$attribute:meta])* lanes $lanes:literal) => {
        /// Tries batches of nonces from `first` on with every version.
        $(#[$attribute])*
        pub(super) fn search(
            search: &$crate::sha256d::Search<'_>,
            first: u32,
            batches: u32,
            report: &mut dyn FnMut($crate::sha256d::Candidates),
        ) {
            let mut expanded = [[[all(0); 16]; 3]; BATCHES_EXPANDED];
            let mut done = 0_u32;
            while done < batches {
                let start = first.wrapping_add(done.wrapping_mul($lanes));
                let mut nonce = start;
                for sums in &mut expanded {
                    expand(sums, search.tail, nonces(nonce));
                    nonce = nonce.wrapping_add($lanes);
                }
                nonce = start;
                for sums in expanded.iter().take(batches.wrapping_sub(done) as usize) {
                    let word = nonces(nonce);
                    for (place, version) in search.versions.iter().enumerate() {
                        let lanes = at_most(last_word(digest(version, word, sums)), search.top_max);
                        if lanes != 0 {
                            report($crate::sha256d::Candidates { version: place, nonce, lanes });
                        }
                    }
                    nonce = nonce.wrapping_add($lanes);
                }
                done = done.saturating_add(BATCHES_EXPANDED as u32);
            }
        }

        /// One round; `x` is the sum of the state's last word, the round's constant and the message word.
        $(#[$attribute])*
        #[inline]
        fn round(state: [Word; 8], x: Word) -> [Word; 8] {
            let [a, b, c, d, e, f, g, _] = state;
            let first = add(add(x, choose(e, f, g)), upper1(e));
            [add(first, add(majority(a, b, c), upper0(a))), a, b, c, add(d, first), e, f, g]
        }

        /// Words 16 to 63 of the second block, each with its round's constant, written where they are read: six kilobytes.
        $(#[$attribute])*
        #[inline]
        fn expand(sums: &mut [[Word; 16]; 3], tail: &$crate::sha256d::prepared::Tail, nonce: Word) {
            use $crate::sha256::constants::ROUNDS;
            use $crate::sha256d::prepared::{self as plain, END, HEADER_BITS};
            let zero = all(0);
            let mut w = [zero; 16];
            w[4] = all(END);
            w[15] = all(HEADER_BITS);
            // Word 16 + i takes the place of word i.
            w[0] = all(tail.expanded[0]);
            w[1] = all(tail.expanded[1]);
            w[2] = add(all(tail.beside_nonce[0]), lower0(nonce));
            w[3] = add(all(tail.beside_nonce[1]), nonce);
            w[4] = add(all(END), lower1(w[2]));
            w[5] = lower1(w[3]);
            w[6] = add(all(HEADER_BITS), lower1(w[4]));
            w[7] = add(w[0], lower1(w[5]));
            w[8] = add(w[1], lower1(w[6]));
            unrolled!(I in [9 10 11 12 13] { w[I] = add(w[I - 7], lower1(w[I - 2])); });
            w[14] = add(add(w[7], all(plain::lower0(HEADER_BITS))), lower1(w[12]));
            w[15] = add(add(w[8], add(all(HEADER_BITS), lower0(w[0]))), lower1(w[13]));
            unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] { sums[0][I] = add(w[I], all(ROUNDS[1][I])); });
            for (sums, row) in sums[1..].iter_mut().zip(&ROUNDS[2..]) {
                unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
                    w[I] = next(&w, I);
                    sums[I] = add(w[I], all(row[I]));
                });
            }
        }

        /// The message word that takes the place of word `i`.
        $(#[$attribute])*
        #[inline]
        fn next(w: &[Word; 16], i: usize) -> Word {
            add(
                add(w[i], lower0(w[(i + 1) % 16])),
                add(w[(i + 9) % 16], lower1(w[(i + 14) % 16])),
            )
        }

        /// The first hash.
        $(#[$attribute])*
        #[inline]
        fn digest(version: &$crate::sha256d::prepared::Version, nonce: Word, expanded: &[[Word; 16]; 3]) -> [Word; 8] {
            use $crate::sha256::constants::ROUNDS;
            use $crate::sha256d::prepared::HEADER_BITS;
            let mut state = [all(0); 8];
            unrolled!(I in [0 1 2 3 4 5 6 7] { state[I] = all(version.after_round_3[I]); });
            state[0] = add(state[0], nonce);
            state[4] = add(state[4], nonce);
            unrolled!(I in [0 1 2] { state = round(state, all(version.rounds_4_to_6[I])); });
            unrolled!(I in [7 8 9 10 11 12 13 14] { state = round(state, add(state[7], all(ROUNDS[0][I]))); });
            state = round(state, add(state[7], all(ROUNDS[0][15].wrapping_add(HEADER_BITS))));
            for sums in expanded {
                unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] { state = round(state, add(state[7], sums[I])); });
            }
            unrolled!(I in [0 1 2 3 4 5 6 7] { state[I] = add(state[I], all(version.chaining[I])); });
            state
        }

        /// The last word of the second hash, whose bytes are the digest's most significant ones, in reverse. It is the fifth word of
        /// the state after round 60; what only later rounds would use is left out by the compiler.
        $(#[$attribute])*
        #[inline]
        fn last_word(digest: [Word; 8]) -> Word {
            use $crate::sha256::constants::{INITIAL, ROUNDS};
            use $crate::sha256d::prepared::{self as plain, DIGEST_BITS, END};
            // Round 0 adds the first word to two words of a state that is known.
            const START: [u32; 8] = plain::round(&INITIAL, ROUNDS[0][0]);
            let mut w = [all(0); 16];
            unrolled!(I in [0 1 2 3 4 5 6 7] { w[I] = digest[I]; });
            let mut state = [all(0); 8];
            unrolled!(I in [0 1 2 3 4 5 6 7] { state[I] = all(START[I]); });
            state[0] = add(state[0], w[0]);
            state[4] = add(state[4], w[0]);
            unrolled!(I in [1 2 3] { state = round(state, add(all(START[8 - I].wrapping_add(ROUNDS[0][I])), w[I])); });
            unrolled!(I in [4 5 6 7] { state = round(state, add(add(state[7], all(ROUNDS[0][I])), w[I])); });
            state = round(state, add(state[7], all(ROUNDS[0][8].wrapping_add(END))));
            unrolled!(I in [9 10 11 12 13 14] { state = round(state, add(state[7], all(ROUNDS[0][I]))); });
            state = round(state, add(state[7], all(ROUNDS[0][15].wrapping_add(DIGEST_BITS))));
            // Words 8 to 15 are padding, so that most terms of the next fifteen words vanish.
            w[0] = add(w[0], lower0(w[1]));
            w[1] = add(add(w[1], all(plain::lower1(DIGEST_BITS))), lower0(w[2]));
            unrolled!(I in [2 3 4 5] { w[I] = add(add(w[I], lower0(w[I + 1])), lower1(w[I - 2])); });
            w[6] = add(add(add(w[6], all(DIGEST_BITS)), lower0(w[7])), lower1(w[4]));
            w[7] = add(add(add(w[7], all(plain::lower0(END))), w[0]), lower1(w[5]));
            w[8] = add(add(all(END), w[1]), lower1(w[6]));
            unrolled!(I in [9 10 11 12 13] { w[I] = add(w[I - 7], lower1(w[I - 2])); });
            w[14] = add(add(w[7], all(plain::lower0(DIGEST_BITS))), lower1(w[12]));
            w[15] = add(add(w[8], add(all(DIGEST_BITS), lower0(w[0]))), lower1(w[13]));
            unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
                state = round(state, add(add(state[7], all(ROUNDS[1][I])), w[I]));
            });
            unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15] {
                w[I] = next(&w, I);
                state = round(state, add(add(state[7], all(ROUNDS[2][I])), w[I]));
            });
            unrolled!(I in [0 1 2 3 4 5 6 7 8 9 10 11 12] {
                w[I] = next(&w, I);
                state = round(state, add(add(state[7], all(ROUNDS[3][I])), w[I]));
            });
            add(state[4], all(INITIAL[7]))
        }
    };
}

pub(super) use {nonce_search, unrolled};
