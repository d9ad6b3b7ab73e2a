//! Proofs: that a key holds a value, or that it is absent, checked against a root alone.
//!
//! The verifying half must not know pages: a wallet uses it with nothing but a root it trusts. Invariants: the verifier does at
//! most 257 hashes whatever it is given; for a root of a real tree, each key has exactly one proof, and each proof one encoding.

use std::io::{Error, ErrorKind, Read, Result as IoResult, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use super::EncodingError;
use super::hash::{EMPTY_ROOT, KEY_BITS, KeyHash, Leaf, NodeHash, ValueHash, inner_hash};
use super::path::PagePath;
use super::reader::{PageReader, branch_page, check_keys, root_page};
use super::slot::Slot;

/// Siblings of the longest proof: one per bit of a key hash.
pub const SIBLINGS_MAX: usize = KEY_BITS;

/// The way from the place of a key to the root.
///
/// In borsh: a flag, the leaf if the flag is 1, the number of siblings (u16, little-endian), a bit for each sibling that is not
/// the empty subtree (lowest bit first, filled with zero to whole bytes), and the hashes of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What stands at the end of the way: the key's own leaf, another leaf that holds the place alone, or nothing.
    pub leaf: Option<Leaf>,
    /// The other half at each level, from the lowest up to the one below the root. Empty halves are spelled out.
    pub siblings: Vec<NodeHash>,
}

/// Why a proof does not show what it is meant to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Longer than any way can be.
    #[error("the proof has {siblings} siblings: a tree has at most 256 levels")]
    TooManySiblings {
        /// How many it has.
        siblings: usize,
    },
    /// The lowest sibling is empty, but then the tree would end higher up.
    #[error("the proof goes deeper than the tree: its lowest sibling is empty")]
    TooDeep,
    /// A value was expected, and the proof shows that the key is absent.
    #[error("the proof shows that the key is absent, not that it holds a value")]
    ShowsAbsence,
    /// The key was expected to be absent, and the proof shows its leaf.
    #[error("the proof shows the key itself, not that it is absent")]
    ShowsPresence,
    /// A value was expected, and the proof is about another key.
    #[error("the proof is about another key")]
    OtherKey,
    /// The proof is about another value of the key.
    #[error("the proof is about another value")]
    OtherValue,
    /// The leaf in the way does not stand where the key would.
    #[error("the leaf in the proof is not in the way of the key")]
    NotInTheWay,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    OtherRoot,
}

/// The proof for `key_hash` in the tree with root `root`, of presence or of absence, whichever holds.
///
/// # Panics
/// The reader's pages are not those of `root`.
#[must_use]
pub fn prove<R: PageReader + ?Sized>(reader: &R, root: NodeHash, key_hash: &KeyHash) -> Proof {
    let mut siblings = Vec::new();
    let mut path = PagePath::ROOT;
    let mut page = root_page(reader, &root);
    let leaf = loop {
        let Some(here) = page else { break None };
        let nibble = key_hash.nibble(path.nibble_count());
        match here.descend(nibble, &mut siblings) {
            Slot::Empty => break None,
            Slot::Leaf(leaf) => break Some(leaf),
            Slot::Few(keys) => {
                let depth = check_keys(&path, nibble, &keys);
                break keys.descend(key_hash, depth, &mut siblings);
            }
            Slot::Branch(hash) => {
                path = path.child(nibble);
                page = Some(branch_page(reader, &path, &hash));
            }
        }
    };
    siblings.reverse();
    Proof { leaf, siblings }
}

/// Checks that in the tree with root `root` the state key `key` holds `value`, or is absent if `value` is `None`.
///
/// # Errors
/// Why the proof does not show that.
pub fn verify(root: &NodeHash, key: &[u8], value: Option<&[u8]>, proof: &Proof) -> Result<(), ProofError> {
    verify_hashed(root, &KeyHash::of(key), value.map(ValueHash::of).as_ref(), proof)
}

/// As [`verify`], for a caller that has the hashes only.
///
/// # Errors
/// Why the proof does not show that.
pub fn verify_hashed(
    root: &NodeHash,
    key_hash: &KeyHash,
    value_hash: Option<&ValueHash>,
    proof: &Proof,
) -> Result<(), ProofError> {
    let depth = proof.siblings.len();
    let Some(levels_below) = SIBLINGS_MAX.checked_sub(depth) else {
        return Err(ProofError::TooManySiblings { siblings: depth });
    };
    if proof.siblings.first() == Some(&EMPTY_ROOT) {
        return Err(ProofError::TooDeep);
    }
    match (value_hash, &proof.leaf) {
        (Some(_), None) => return Err(ProofError::ShowsAbsence),
        (Some(_), Some(leaf)) if leaf.key_hash != *key_hash => return Err(ProofError::OtherKey),
        (Some(value_hash), Some(leaf)) if leaf.value_hash != *value_hash => return Err(ProofError::OtherValue),
        (None, Some(leaf)) if leaf.key_hash == *key_hash => return Err(ProofError::ShowsPresence),
        (None, Some(leaf)) if leaf.key_hash.shared_bits(key_hash) < depth => return Err(ProofError::NotInTheWay),
        (Some(_), Some(_)) | (None, _) => {}
    }
    let end = proof.leaf.as_ref().map_or(EMPTY_ROOT, Leaf::hash);
    let bits_upwards = key_hash.bits().rev().skip(levels_below);
    let top = proof.siblings.iter().zip(bits_upwards).fold(end, |hash, (sibling, is_right)| {
        if is_right { inner_hash(sibling, &hash) } else { inner_hash(&hash, sibling) }
    });
    if top == *root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

impl BorshSerialize for Proof {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        let count = self.siblings.len();
        let announced = u16::try_from(count).ok().filter(|_| count <= SIBLINGS_MAX);
        let announced = announced.ok_or_else(|| invalid(EncodingError::TooManySiblings { siblings: count }))?;
        self.leaf.serialize(writer)?;
        announced.serialize(writer)?;
        for eight in self.siblings.chunks(8) {
            let bits = eight.iter().zip(0_u32..).map(|(sibling, shift)| u8::from(*sibling != EMPTY_ROOT) << shift);
            bits.fold(0, |byte, bit| byte | bit).serialize(writer)?;
        }
        self.siblings.iter().filter(|sibling| **sibling != EMPTY_ROOT).try_for_each(|sibling| writer.write_all(sibling))
    }
}

impl BorshDeserialize for Proof {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let leaf = match u8::deserialize_reader(reader)? {
            0 => None,
            1 => Some(Leaf::deserialize_reader(reader)?),
            flag => return Err(invalid(EncodingError::Flag(flag))),
        };
        let count = usize::from(u16::deserialize_reader(reader)?);
        if count > SIBLINGS_MAX {
            return Err(invalid(EncodingError::TooManySiblings { siblings: count }));
        }
        let mut bits = [0_u8; SIBLINGS_MAX / 8];
        let bits = bits.get_mut(..count.div_ceil(8)).expect("256 bits fit the array");
        reader.read_exact(bits)?;
        let mut present = bits.iter().flat_map(|byte| (0..8_u32).map(move |shift| byte >> shift & 1 == 1));
        let mut siblings = Vec::with_capacity(count);
        for is_present in present.by_ref().take(count) {
            siblings.push(if is_present { read_sibling(reader)? } else { EMPTY_ROOT });
        }
        if present.any(|bit| bit) {
            return Err(invalid(EncodingError::Padding));
        }
        Ok(Self { leaf, siblings })
    }
}

fn read_sibling<R: Read>(reader: &mut R) -> IoResult<NodeHash> {
    let sibling = NodeHash::deserialize_reader(reader)?;
    if sibling == EMPTY_ROOT { Err(invalid(EncodingError::EmptySpelledOut)) } else { Ok(sibling) }
}

fn invalid(error: EncodingError) -> Error {
    Error::new(ErrorKind::InvalidData, error)
}
