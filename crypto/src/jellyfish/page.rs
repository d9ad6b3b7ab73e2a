//! A page: four binary levels of the tree, kept together as 16 slots.
//!
//! It must not know where pages are stored nor how an update walks them. Invariants: the hashes of the inner nodes always agree
//! with the slots once [`Page::rehash`] ran, so that changing one slot costs the hashes of four nodes and a proof costs none; the
//! hashes are not part of the encoding, so a page read back is hashed afresh and a damaged one is found by its parent.

#![allow(clippy::indexing_slicing, reason = "arrays of 16, indexed by a nibble or by a node number below 16")]

use super::EncodingError;
use super::hash::{EMPTY_ROOT, KeyHash, Leaf, NodeHash, ValueHash, inner_hash};
use super::path::PagePath;

/// Slots of a page.
const SLOTS: usize = 16;
/// The node number of the page's own top; node `n` has the children `2n` and `2n + 1`, and slot `s` is node `16 + s`.
const TOP: usize = 1;
/// A set of slots: all of them.
pub(super) const ALL_SLOTS: u16 = u16::MAX;

const HEAD_BYTES: usize = 4;
const HASH_BYTES: usize = 32;
const LEAF_BYTES: usize = 64;

/// Bytes of the longest encoding of a [`Page`]: 16 leaves.
pub const PAGE_BYTES_MAX: usize = HEAD_BYTES + SLOTS * LEAF_BYTES;

/// What a subtree is, seen from the page above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// No key.
    Empty,
    /// One key.
    Leaf(Leaf),
    /// Two or more keys, on a page of their own with this hash.
    Branch(NodeHash),
}

impl Slot {
    pub(super) fn hash(&self) -> NodeHash {
        match self {
            Self::Empty => EMPTY_ROOT,
            Self::Leaf(leaf) => leaf.hash(),
            Self::Branch(hash) => *hash,
        }
    }
}

/// Four levels of the tree. Its bytes are the set of present slots, the set of leaves among them (16 bits each, big-endian, bit
/// `s` for slot `s`), then for each present slot in order the leaf's key and value hash or the child page's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    slots: [Slot; SLOTS],
    /// Hash of inner node `n`; number 0 is unused.
    nodes: [NodeHash; SLOTS],
}

impl Page {
    /// The page without keys, which is never stored.
    pub(super) const BLANK: Self = Self { slots: [Slot::Empty; SLOTS], nodes: [EMPTY_ROOT; SLOTS] };

    /// Hash of the subtree below this page; the root, if it is the page at [`PagePath::ROOT`].
    #[must_use]
    pub fn hash(&self) -> NodeHash {
        self.nodes[TOP]
    }

    /// The one encoding of this page, at most [`PAGE_BYTES_MAX`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (present, leaves) = self.sets();
        let mut bytes = Vec::with_capacity(encoded_len(present, leaves));
        bytes.extend_from_slice(&present.to_be_bytes());
        bytes.extend_from_slice(&leaves.to_be_bytes());
        for slot in &self.slots {
            match slot {
                Slot::Empty => {}
                Slot::Leaf(leaf) => {
                    bytes.extend_from_slice(&leaf.key_hash.0);
                    bytes.extend_from_slice(&leaf.value_hash.0);
                }
                Slot::Branch(hash) => bytes.extend_from_slice(hash),
            }
        }
        bytes
    }

    /// Reads what [`Page::to_bytes`] gave, and hashes it.
    ///
    /// # Errors
    /// Anything but the one encoding of a page with at least one slot.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let Some((&[present_high, present_low, leaves_high, leaves_low], mut rest)) = bytes.split_first_chunk() else {
            return Err(EncodingError::Length { want: HEAD_BYTES, got: bytes.len() });
        };
        let present = u16::from_be_bytes([present_high, present_low]);
        let leaves = u16::from_be_bytes([leaves_high, leaves_low]);
        if present == 0 {
            return Err(EncodingError::EmptyPage);
        }
        if leaves & !present != 0 {
            return Err(EncodingError::AbsentLeaf);
        }
        let want = encoded_len(present, leaves);
        let length = EncodingError::Length { want, got: bytes.len() };
        if bytes.len() != want {
            return Err(length);
        }
        let mut page = Self::BLANK;
        for (index, slot) in page.slots.iter_mut().enumerate() {
            let bit = 1_u16 << index;
            if present & bit == 0 {
                continue;
            }
            let first = take_hash(&mut rest).ok_or(length)?;
            *slot = if leaves & bit != 0 {
                let second = take_hash(&mut rest).ok_or(length)?;
                Slot::Leaf(Leaf { key_hash: KeyHash(first), value_hash: ValueHash(second) })
            } else if first == EMPTY_ROOT {
                return Err(EncodingError::EmptySpelledOut);
            } else {
                Slot::Branch(first)
            };
        }
        page.rehash(ALL_SLOTS);
        Ok(page)
    }

    /// Whether this page may stand at `path`: its leaves lie below their slots, and a lone leaf stands nowhere but at the root.
    #[must_use]
    pub fn belongs_at(&self, path: &PagePath) -> bool {
        let depth = path.nibble_count();
        let leaves_fit = (0_u8..).zip(&self.slots).all(|(nibble, slot)| match slot {
            Slot::Leaf(leaf) => path.leads_to(&leaf.key_hash) && leaf.key_hash.nibble(depth) == nibble,
            Slot::Empty | Slot::Branch(_) => true,
        });
        leaves_fit && (*path == PagePath::ROOT || matches!(self.as_slot(), Slot::Branch(_)))
    }

    /// What the page above keeps for this page: a page with fewer than two keys is no page.
    pub(super) fn as_slot(&self) -> Slot {
        self.below(TOP)
    }

    pub(super) fn slot(&self, nibble: u8) -> Slot {
        self.slots[usize::from(nibble & 0x0f)]
    }

    /// Replaces a slot; [`Page::rehash`] has to follow with its bit, which is returned.
    pub(super) fn set_slot(&mut self, nibble: u8, slot: Slot) -> u16 {
        self.slots[usize::from(nibble & 0x0f)] = slot;
        1 << (nibble & 0x0f)
    }

    /// Brings the inner hashes above the slots in the set `dirty` up to date.
    pub(super) fn rehash(&mut self, dirty: u16) {
        let (present, leaves) = self.sets();
        for node in (TOP..SLOTS).rev() {
            let below = slots_below(node);
            if below & dirty == 0 {
                continue;
            }
            let (left, right) = (self.node_hash(node << 1), self.node_hash(node << 1 | 1));
            self.nodes[node] = match (present & below).count_ones() {
                0 => EMPTY_ROOT,
                1 if leaves & below != 0 && left == EMPTY_ROOT => right,
                1 if leaves & below != 0 => left,
                _ => inner_hash(&left, &right),
            };
        }
    }

    /// Walks from the top towards slot `nibble` until the subtree holds fewer than two keys or the page ends. Appends the hash of
    /// the sibling at each step and returns what stands there.
    pub(super) fn descend(&self, nibble: u8, siblings: &mut Vec<NodeHash>) -> Slot {
        let mut node = TOP;
        for shift in (0..4).rev() {
            let here = self.below(node);
            if !matches!(here, Slot::Branch(_)) {
                return here;
            }
            node = node << 1 | usize::from(nibble >> shift & 1);
            siblings.push(self.node_hash(node ^ 1));
        }
        self.slot(nibble)
    }

    /// What the subtree at inner node `node` is.
    fn below(&self, node: usize) -> Slot {
        let (present, leaves) = self.sets();
        let present = present & slots_below(node);
        match present.count_ones() {
            0 => Slot::Empty,
            1 if leaves & present != 0 => self.slots[present.trailing_zeros() as usize],
            _ => Slot::Branch(self.nodes[node]),
        }
    }

    fn node_hash(&self, node: usize) -> NodeHash {
        match self.nodes.get(node) {
            Some(hash) => *hash,
            None => self.slots[node & (SLOTS - 1)].hash(),
        }
    }

    /// The set of present slots, and the set of leaves.
    fn sets(&self) -> (u16, u16) {
        let (mut present, mut leaves) = (0, 0);
        for (index, slot) in self.slots.iter().enumerate() {
            present |= u16::from(!matches!(slot, Slot::Empty)) << index;
            leaves |= u16::from(matches!(slot, Slot::Leaf(_))) << index;
        }
        (present, leaves)
    }
}

/// The slots below inner node `node` (1 to 15): 16 for the top, 2 for the lowest.
fn slots_below(node: usize) -> u16 {
    let level = node.ilog2();
    let width = 16_u32 >> level;
    let first = node << (4_u32.saturating_sub(level)) & (SLOTS - 1);
    ALL_SLOTS >> 16_u32.saturating_sub(width) << first
}

/// Bytes of a page with these slots and leaves.
fn encoded_len(present: u16, leaves: u16) -> usize {
    let hashes = present.count_ones().saturating_add(leaves.count_ones()) as usize;
    hashes.saturating_mul(HASH_BYTES).saturating_add(HEAD_BYTES)
}

fn take_hash(rest: &mut &[u8]) -> Option<NodeHash> {
    let (hash, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*hash)
}
