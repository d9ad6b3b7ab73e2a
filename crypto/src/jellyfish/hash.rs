//! The hashing rule: what a key, a value, a leaf and an inner node of the tree hash to.
//!
//! It must not know pages. Invariant: these few functions alone decide the root; changing one forks the chain.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};

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
        Self(Sha256::digest(key).into())
    }

    /// The `index`-th half byte, high half first; `index` below 64.
    pub(super) fn nibble(&self, index: usize) -> u8 {
        let byte = self.0.get(index >> 1).expect("a key hash has 64 nibbles");
        if index & 1 == 0 { byte >> 4 } else { byte & 0x0f }
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
        Self(Sha256::digest(value).into())
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
        let mut hasher = Sha256::new();
        hasher.update(LEAF_DOMAIN);
        hasher.update(self.key_hash.0);
        hasher.update(self.value_hash.0);
        hasher.finalize().into()
    }
}

/// Hash of a subtree with two or more leaves, from the hashes of its halves.
pub(super) fn inner_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    let mut hasher = Sha256::new();
    hasher.update(INNER_DOMAIN);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}
