//! The Merkle branch of a coinbase: from its hash to the root in the header.
//!
//! It must not know what else is in the tree. The coinbase is the leftmost leaf, so every node of the branch stands on the right.

use types::Hash32;

use crate::sha256d;

/// Most nodes of a branch: a tree of 65,536 leaves.
pub const BRANCH_LENGTH_MAX: usize = 16;

/// The root over a coinbase with this hash and a branch of right-hand nodes, from the leaves upwards.
#[must_use]
pub fn fold(coinbase_txid: [u8; 32], branch: &[Hash32]) -> [u8; 32] {
    branch.iter().fold(coinbase_txid, |left, right| {
        let mut pair = [0; 64];
        let both = left.iter().chain(right.as_bytes());
        pair.iter_mut().zip(both).for_each(|(place, byte)| *place = *byte);
        sha256d(&pair)
    })
}
