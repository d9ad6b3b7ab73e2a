//! A page: four binary levels of the tree, kept together as 16 slots.
//!
//! It must not know where pages are stored nor how an update walks them. Invariants: the hashes of the inner nodes always agree
//! with the slots once [`Page::rehash`] ran, so that changing one slot costs the hashes of four nodes and a proof costs none; the
//! hashes of nodes and leaves are not part of the encoding, so a page read back is hashed afresh and a damaged one is found by its
//! parent; in memory a page takes only what its slots need, because pages are most of what a node keeps in memory.

#![allow(
    clippy::indexing_slicing,
    reason = "arrays of 16 indexed by a nibble or a node below 16, and places counted from the sets"
)]

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

/// The slots below each inner node: 16 for the top, 2 for the lowest.
const SLOTS_BELOW: [u16; SLOTS] = [
    0, 0xffff, 0x00ff, 0xff00, 0x000f, 0x00f0, 0x0f00, 0xf000, 0x0003, 0x000c, 0x0030, 0x00c0, 0x0300, 0x0c00, 0x3000,
    0xc000,
];

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

/// Which slots a page has, and so which nodes have a hash of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    /// The slots that are not empty.
    present: u16,
    /// Those of them that are leaves.
    leaves: u16,
    /// The inner nodes, by number, that hold two or more keys; any other hashes like the leaf or the nothing below it.
    inner: u16,
}

/// Four levels of the tree. Its bytes are the set of present slots, the set of leaves among them (16 bits each, big-endian, bit
/// `s` for slot `s`), then for each present slot in order the leaf's key and value hash or the child page's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    shape: Shape,
    /// The hashes of the inner nodes of the shape in order of their numbers, then of the present slots, then the key hash and the
    /// value hash of each leaf.
    hashes: Box<[[u8; HASH_BYTES]]>,
}

impl Shape {
    fn new(present: u16, leaves: u16) -> Self {
        let is_inner = |below: u16| below.count_ones() > 1 || below & !leaves != 0;
        let nodes = (0_u32..).zip(SLOTS_BELOW).filter(|(_, below)| is_inner(present & below));
        Self { present, leaves, inner: nodes.fold(0, |inner, (node, _)| inner | 1 << node) }
    }

    /// The same with this slot.
    fn with(self, nibble: u8, slot: &Slot) -> Self {
        let bit = 1 << nibble;
        let (present, leaves) = match slot {
            Slot::Empty => (self.present & !bit, self.leaves & !bit),
            Slot::Leaf(_) => (self.present | bit, self.leaves | bit),
            Slot::Branch(_) => (self.present | bit, self.leaves & !bit),
        };
        if (present, leaves) == (self.present, self.leaves) { self } else { Self::new(present, leaves) }
    }

    /// Where the hash of an inner node with a hash of its own is kept.
    fn node_place(self, node: usize) -> usize {
        members_before(self.inner, node)
    }

    /// Where the hash of a present slot is kept.
    fn slot_place(self, slot: usize) -> usize {
        members_before(self.present, slot).saturating_add(self.inner.count_ones() as usize)
    }

    /// Where the key hash of a leaf is kept; its value hash is next to it.
    fn leaf_place(self, slot: usize) -> usize {
        let before = self.inner.count_ones().saturating_add(self.present.count_ones()) as usize;
        members_before(self.leaves, slot).saturating_mul(2).saturating_add(before)
    }

    /// How many hashes a page of this shape keeps.
    fn hashes(self) -> usize {
        self.leaf_place(SLOTS)
    }
}

impl Page {
    /// The page without keys, which is never stored.
    pub(super) fn blank() -> Self {
        Self { shape: Shape::default(), hashes: Box::default() }
    }

    /// Hash of the subtree below this page; the root, if it is the page at [`PagePath::ROOT`].
    #[must_use]
    pub fn hash(&self) -> NodeHash {
        *self.node_hash(TOP)
    }

    /// Bytes that this page takes in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>().saturating_add(size_of_val(&*self.hashes))
    }

    /// How many of its slots lead on to another page.
    #[must_use]
    pub fn branches(&self) -> u32 {
        (self.shape.present & !self.shape.leaves).count_ones()
    }

    /// The one encoding of this page, at most [`PAGE_BYTES_MAX`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Shape { present, leaves, .. } = self.shape;
        let mut bytes = Vec::with_capacity(encoded_len(present, leaves));
        bytes.extend_from_slice(&present.to_be_bytes());
        bytes.extend_from_slice(&leaves.to_be_bytes());
        for slot in members(present) {
            if has(leaves, slot) {
                let place = self.shape.leaf_place(slot);
                bytes.extend_from_slice(&self.hashes[place]);
                bytes.extend_from_slice(&self.hashes[place.saturating_add(1)]);
            } else {
                bytes.extend_from_slice(&self.hashes[self.shape.slot_place(slot)]);
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
        let mut page = Self::of_shape(Shape::new(present, leaves));
        for slot in members(present) {
            let first = take_hash(&mut rest).ok_or(length)?;
            let content = if has(leaves, slot) {
                let second = take_hash(&mut rest).ok_or(length)?;
                Slot::Leaf(Leaf { key_hash: KeyHash(first), value_hash: ValueHash(second) })
            } else if first == EMPTY_ROOT {
                return Err(EncodingError::EmptySpelledOut);
            } else {
                Slot::Branch(first)
            };
            page.fill(slot, &content);
        }
        page.rehash(ALL_SLOTS);
        Ok(page)
    }

    /// Whether this page may stand at `path`: its leaves lie below their slots, and a lone leaf stands nowhere but at the root.
    #[must_use]
    pub fn belongs_at(&self, path: &PagePath) -> bool {
        let depth = path.nibble_count();
        let leaves_fit = (0_u8..16).all(|nibble| match self.slot(nibble) {
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
        let slot = usize::from(nibble & 0x0f);
        if !has(self.shape.present, slot) {
            Slot::Empty
        } else if has(self.shape.leaves, slot) {
            let place = self.shape.leaf_place(slot);
            let (key_hash, value_hash) = (self.hashes[place], self.hashes[place.saturating_add(1)]);
            Slot::Leaf(Leaf { key_hash: KeyHash(key_hash), value_hash: ValueHash(value_hash) })
        } else {
            Slot::Branch(self.hashes[self.shape.slot_place(slot)])
        }
    }

    /// Replaces a slot; [`Page::rehash`] has to follow with its bit, which is returned.
    pub(super) fn set_slot(&mut self, nibble: u8, slot: Slot) -> u16 {
        let nibble = nibble & 0x0f;
        let shape = self.shape.with(nibble, &slot);
        if shape != self.shape {
            self.reshape(shape);
        }
        self.fill(usize::from(nibble), &slot);
        1 << nibble
    }

    /// Brings the inner hashes above the slots in the set `dirty` up to date.
    pub(super) fn rehash(&mut self, dirty: u16) {
        for node in (TOP..SLOTS).rev() {
            if SLOTS_BELOW[node] & dirty != 0 && has(self.shape.inner, node) {
                let left = node << 1;
                self.hashes[self.shape.node_place(node)] = inner_hash(self.node_hash(left), self.node_hash(left | 1));
            }
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
            siblings.push(*self.node_hash(node ^ 1));
        }
        self.slot(nibble)
    }

    /// What the subtree at inner node `node` is.
    fn below(&self, node: usize) -> Slot {
        if has(self.shape.inner, node) {
            return Slot::Branch(*self.node_hash(node));
        }
        let lone = members(self.shape.present & SLOTS_BELOW[node]).next();
        lone.and_then(|slot| u8::try_from(slot).ok()).map_or(Slot::Empty, |slot| self.slot(slot))
    }

    /// Hash of an inner node or, from 16 on, of a slot.
    fn node_hash(&self, node: usize) -> &NodeHash {
        let below = if node < SLOTS {
            if has(self.shape.inner, node) {
                return &self.hashes[self.shape.node_place(node)];
            }
            SLOTS_BELOW[node]
        } else {
            1 << (node & (SLOTS - 1))
        };
        let lone = members(self.shape.present & below).next();
        lone.map_or(&EMPTY_ROOT, |slot| &self.hashes[self.shape.slot_place(slot)])
    }

    /// A page of this shape whose slots are yet to be filled.
    fn of_shape(shape: Shape) -> Self {
        Self { shape, hashes: vec![EMPTY_ROOT; shape.hashes()].into_boxed_slice() }
    }

    /// Takes another shape, with the hashes that both have.
    fn reshape(&mut self, shape: Shape) {
        let mut page = Self::of_shape(shape);
        for node in members(shape.inner & self.shape.inner) {
            page.hashes[shape.node_place(node)] = self.hashes[self.shape.node_place(node)];
        }
        for slot in members(shape.present & self.shape.present) {
            page.hashes[shape.slot_place(slot)] = self.hashes[self.shape.slot_place(slot)];
        }
        for slot in members(shape.leaves & self.shape.leaves) {
            let (to, from) = (shape.leaf_place(slot), self.shape.leaf_place(slot));
            page.hashes[to] = self.hashes[from];
            page.hashes[to.saturating_add(1)] = self.hashes[from.saturating_add(1)];
        }
        *self = page;
    }

    /// Fills a slot that the shape has.
    fn fill(&mut self, slot: usize, content: &Slot) {
        match content {
            Slot::Empty => {}
            Slot::Leaf(leaf) => {
                let place = self.shape.leaf_place(slot);
                self.hashes[self.shape.slot_place(slot)] = leaf.hash();
                self.hashes[place] = leaf.key_hash.0;
                self.hashes[place.saturating_add(1)] = leaf.value_hash.0;
            }
            Slot::Branch(hash) => self.hashes[self.shape.slot_place(slot)] = *hash,
        }
    }
}

/// Whether a set has a member.
const fn has(set: u16, member: usize) -> bool {
    set >> member & 1 == 1
}

/// The members of a set, in rising order.
fn members(mut set: u16) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let member = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (member < 16).then_some(member as usize)
    })
}

/// How many members of a set are below a number of at most 16.
fn members_before(set: u16, end: usize) -> usize {
    (u32::from(set) & (1_u32 << end).wrapping_sub(1)).count_ones() as usize
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
