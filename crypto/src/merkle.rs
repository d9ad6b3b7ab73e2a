//! A binary Merkle tree over a list of hashes.
//!
//! It must not know what the hashes stand for; the caller's [`Tag`] keeps trees of different things apart.
//!
//! Hashing rule, with `t` for the tag:
//! - leaf = SHA-256(t ‖ 0x00 ‖ item hash);
//! - node = SHA-256(t ‖ 0x01 ‖ left ‖ right); a node without a partner is promoted to the next level as it is, never
//!   paired with itself (CVE-2012-2459);
//! - root = SHA-256(t ‖ 0x02 ‖ number of leaves, u32 little-endian ‖ top); the top of no leaves is 32 zero bytes.
//!
//! Invariants: leaf, node and root preimages differ in their 17th byte and in length, so none passes for another
//! (CVE-2017-12842); the root fixes the number of leaves and so the shape of every path.

use borsh::{BorshDeserialize, BorshSerialize};
use types::{Canonical, Hash32, List};

use crate::hash::tagged;
use crate::tags::Tag;

const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];
const ROOT: &[u8] = &[2];

/// Most levels between a leaf and the top: a tree has fewer than 2^32 leaves.
pub const LEVELS_MAX: usize = 32;

/// The path from one leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MerkleProof {
    /// The leaf's place, from 0.
    pub index: u32,
    /// How many leaves the tree has.
    pub count: u32,
    /// The hashes beside the path, from the leaf upwards; levels where the path is promoted have none.
    pub siblings: List<Hash32, LEVELS_MAX>,
}

impl Canonical for MerkleProof {
    const BYTES_MAX: usize = 4 + 4 + 4 + LEVELS_MAX * Hash32::LENGTH;
}

/// The root of a list of item hashes.
#[must_use]
pub fn root(tag: Tag, items: &[Hash32]) -> Hash32 {
    let mut level = leaves(tag, items);
    while level.len() > 1 {
        level = next_level(tag, &level);
    }
    finish(tag, count_of(items), level.first().copied().unwrap_or(Hash32::ZERO))
}

/// The path of the item at `index`, or nothing if there is none. Who asks for many paths of one list makes a [`MerkleTree`] of it.
#[must_use]
pub fn prove(tag: Tag, items: &[Hash32], index: usize) -> Option<MerkleProof> {
    items.get(index)?;
    MerkleTree::new(tag, items).prove(index)
}

/// The whole tree of a list, for many paths: two hashes for each item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleTree {
    /// From the leaves up to the top.
    levels: Vec<Vec<Hash32>>,
}

impl MerkleTree {
    /// Hashes all of it.
    #[must_use]
    pub fn new(tag: Tag, items: &[Hash32]) -> Self {
        let (mut levels, mut level) = (Vec::new(), leaves(tag, items));
        while level.len() > 1 {
            let above = next_level(tag, &level);
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self { levels }
    }

    /// The path of the item at `index`, or nothing if there is none.
    #[must_use]
    pub fn prove(&self, index: usize) -> Option<MerkleProof> {
        let leaves = self.levels.first()?;
        leaves.get(index)?;
        let below_top = self.levels.iter().filter(|level| level.len() > 1).enumerate();
        let siblings = below_top.filter_map(|(height, level)| level.get((index >> height) ^ 1).copied()).collect();
        Some(MerkleProof {
            index: u32::try_from(index).expect("an index is below the number of leaves"),
            count: count_of(leaves),
            siblings: List::new(siblings).expect("each level halves a number below 2^32"),
        })
    }
}

/// Whether `item` stands at the proof's index in the list of the proof's length that has this root.
#[must_use]
pub fn verify(tag: Tag, root: &Hash32, item: &Hash32, proof: &MerkleProof) -> bool {
    if proof.index >= proof.count {
        return false;
    }
    let mut siblings = proof.siblings.iter();
    let mut hash = leaf(tag, item);
    let (mut place, mut width) = (proof.index, proof.count);
    while width > 1 {
        let is_left = place & 1 == 0;
        let has_sibling = !is_left || place.saturating_add(1) < width;
        if has_sibling {
            let Some(sibling) = siblings.next() else { return false };
            hash = if is_left { node(tag, &hash, sibling) } else { node(tag, sibling, &hash) };
        }
        place >>= 1;
        width = width.div_ceil(2);
    }
    siblings.next().is_none() && finish(tag, proof.count, hash) == *root
}

fn count_of(items: &[Hash32]) -> u32 {
    u32::try_from(items.len()).expect("2^32 hashes would fill 128 GiB; every list of the chain is bounded far below")
}

fn leaves(tag: Tag, items: &[Hash32]) -> Vec<Hash32> {
    items.iter().map(|item| leaf(tag, item)).collect()
}

fn next_level(tag: Tag, level: &[Hash32]) -> Vec<Hash32> {
    let pair = |pair: &[Hash32]| match pair {
        [left, right] => node(tag, left, right),
        [alone] => *alone,
        _ => Hash32::ZERO, // `chunks(2)` gives one or two.
    };
    level.chunks(2).map(pair).collect()
}

fn leaf(tag: Tag, item: &Hash32) -> Hash32 {
    Hash32(tagged(tag, &[LEAF, item.as_bytes()]))
}

fn node(tag: Tag, left: &Hash32, right: &Hash32) -> Hash32 {
    Hash32(tagged(tag, &[NODE, left.as_bytes(), right.as_bytes()]))
}

fn finish(tag: Tag, count: u32, top: Hash32) -> Hash32 {
    Hash32(tagged(tag, &[ROOT, &count.to_le_bytes(), top.as_bytes()]))
}
