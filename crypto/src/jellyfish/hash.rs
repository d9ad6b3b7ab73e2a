//! The hashing rule: what a key, a value, a leaf and an inner node of the tree hash to.
//!
//! It must not know pages. Invariant: these few functions alone decide the root; changing one forks the chain.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use lanes::sha256::constants::INITIAL;
use lanes::sha256::{BLOCK_BYTES, TwoBlocks, digest_two};
use sha2::block_api::compress256;

use crate::hash::sha256;

/// SHA-256 of a subtree; the hash of the whole tree is the root.
pub type NodeHash = [u8; 32];

/// Root of the tree that holds nothing, and hash of each empty subtree.
pub const EMPTY_ROOT: NodeHash = *b"SPARSE_MERKLE_PLACEHOLDER_HASH__";

/// Bits, and so binary levels, of a key hash.
pub(super) const KEY_BITS: usize = 256;

const LEAF_DOMAIN: &[u8; 13] = b"JMT::LeafNode";
const INNER_DOMAIN: &[u8; 16] = b"JMT::IntrnalNode";

/// SHA-256 of a state key: the place of the key in the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct KeyHash(pub [u8; 32]);

/// SHA-256 of the value under a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ValueHash(pub [u8; 32]);

/// What the tree holds for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Leaf {
    /// Where the leaf belongs.
    pub key_hash: KeyHash,
    /// What the key holds.
    pub value_hash: ValueHash,
}

impl KeyHash {
    /// Hash of the state key `key`.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self(sha256(key))
    }

    /// The `index`-th half byte, high half first; `index` below 64.
    pub(super) fn nibble(&self, index: usize) -> u8 {
        let byte = self.0.get(index >> 1).expect("a key hash has 64 nibbles");
        if index & 1 == 0 { byte >> 4 } else { byte & 0x0f }
    }

    /// The bit that chooses at `depth` binary levels below the root; `depth` below 256.
    pub(super) fn bit(&self, depth: usize) -> bool {
        let byte = self.0.get(depth >> 3).expect("different key hashes part within 256 bits");
        byte & (0x80 >> (depth & 7)) != 0
    }

    /// The bits, from the one that chooses at the root downwards.
    pub(super) fn bits(&self) -> impl DoubleEndedIterator<Item = bool> + '_ {
        self.0.iter().flat_map(|byte| (0..8_u32).map(move |shift| byte & (0x80 >> shift) != 0))
    }

    /// How many leading bits the two share.
    pub(super) fn shared_bits(&self, other: &Self) -> usize {
        self.bits().zip(other.bits()).take_while(|(left, right)| left == right).count()
    }
}

impl ValueHash {
    /// Hash of the value `value`.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        Self(sha256(value))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({})", hex::encode(self.0))
    }
}

impl fmt::Debug for ValueHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueHash({})", hex::encode(self.0))
    }
}

impl Leaf {
    /// Hash of the leaf, which is also the hash of any subtree that holds nothing else.
    #[must_use]
    pub fn hash(&self) -> NodeHash {
        hash_pair(LEAF_DOMAIN, &self.key_hash.0, &self.value_hash.0)
    }
}

/// Hash of a subtree with two or more leaves, from the hashes of its halves.
pub(super) fn inner_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    hash_pair(INNER_DOMAIN, left, right)
}

/// Two leaves, or two pairs of halves, at the same time: costs hardly more than one where the processor has the instructions.
pub(super) fn inner_hashes([one, two]: [(&NodeHash, &NodeHash); 2]) -> [NodeHash; 2] {
    hash_pairs(&[pair_blocks(INNER_DOMAIN, one.0, one.1), pair_blocks(INNER_DOMAIN, two.0, two.1)])
}

/// As [`Leaf::hash`] for two leaves, see [`inner_hashes`].
pub(super) fn leaf_hashes(leaves: [&Leaf; 2]) -> [NodeHash; 2] {
    hash_pairs(&leaves.map(|leaf| pair_blocks(LEAF_DOMAIN, &leaf.key_hash.0, &leaf.value_hash.0)))
}

/// SHA-256 of a domain and two hashes.
fn hash_pair<const DOMAIN: usize>(domain: &[u8; DOMAIN], left: &[u8; 32], right: &[u8; 32]) -> NodeHash {
    compressed(&pair_blocks(domain, left, right))
}

fn hash_pairs(messages: &[TwoBlocks; 2]) -> [NodeHash; 2] {
    digest_two(messages).unwrap_or_else(|| messages.each_ref().map(compressed))
}

/// A domain and two hashes with their padding, which is always two blocks; they are laid out here and compressed at once, because
/// feeding a hasher piece by piece costs as much again.
fn pair_blocks<const DOMAIN: usize>(domain: &[u8; DOMAIN], left: &[u8; 32], right: &[u8; 32]) -> TwoBlocks {
    const { assert!(DOMAIN + 64 + 9 <= 2 * BLOCK_BYTES, "the message and its padding fit two blocks") };
    let mut blocks = [[0; BLOCK_BYTES]; 2];
    let bytes = blocks.as_flattened_mut();
    let (head, rest) = bytes.split_at_mut(DOMAIN);
    head.copy_from_slice(domain);
    let (first, rest) = rest.split_at_mut(32);
    first.copy_from_slice(left);
    let (second, padding) = rest.split_at_mut(32);
    second.copy_from_slice(right);
    let (end, padding) = padding.split_first_mut().expect("there is room for the padding");
    *end = 0x80;
    let length = padding.last_chunk_mut().expect("there is room for the length");
    *length = const { (8 * (DOMAIN as u64 + 64)).to_be_bytes() };
    blocks
}

/// SHA-256 of a message that has its padding.
fn compressed(blocks: &TwoBlocks) -> NodeHash {
    let mut state = INITIAL;
    compress256(&mut state, blocks);
    let mut hash = [0; 32];
    for (bytes, word) in hash.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn two_blocks_at_once_hash_like_the_bytes_one_after_the_other() {
        let (left, right): ([u8; 32], [u8; 32]) = (Sha256::digest(b"left").into(), Sha256::digest(b"right").into());
        let inner: [u8; 32] = Sha256::digest([&INNER_DOMAIN[..], &left, &right].concat()).into();
        assert_eq!(inner_hash(&left, &right), inner);
        let leaf = Leaf { key_hash: KeyHash(left), value_hash: ValueHash(right) };
        let expected: [u8; 32] = Sha256::digest([&LEAF_DOMAIN[..], &left, &right].concat()).into();
        assert_eq!(leaf.hash(), expected);
    }

    #[test]
    fn two_at_a_time_hash_like_one_after_the_other() {
        let mut hash: [u8; 32] = Sha256::digest(b"first").into();
        let mut next = || {
            hash = Sha256::digest(hash).into();
            hash
        };
        for _ in 0..1_000 {
            let [a, b, c, d] = [next(), next(), next(), next()];
            assert_eq!(inner_hashes([(&a, &b), (&c, &d)]), [inner_hash(&a, &b), inner_hash(&c, &d)]);
            let leaf = |key, value| Leaf { key_hash: KeyHash(key), value_hash: ValueHash(value) };
            let (left, right) = (leaf(a, b), leaf(c, d));
            assert_eq!(leaf_hashes([&left, &right]), [left.hash(), right.hash()]);
        }
    }
}
