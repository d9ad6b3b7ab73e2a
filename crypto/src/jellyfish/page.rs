//! A page: four binary levels of the tree, kept together as 16 slots.
//!
//! It must not know where pages are stored nor how an update walks them. Invariants: the hashes of the inner nodes always agree
//! with the slots once [`Page::rehash`] ran, so that changing one slot costs the hashes of four nodes and a proof costs none; the
//! hashes of nodes and of single leaves are not part of the encoding, so a page read back is hashed afresh and a damaged one is
//! found by its parent (a slot with a few keys brings its hash along, and is checked when it is used); in memory a page takes only
//! what its slots need, because pages are most of what a node keeps in memory.

#![allow(
    clippy::indexing_slicing,
    reason = "arrays of 16 indexed by a nibble or a node below 16, and places counted from the sets"
)]

use super::EncodingError;
use super::hash::{EMPTY_ROOT, KeyHash, Leaf, NodeHash, ValueHash, inner_hash, inner_hashes, leaf_hashes};
use super::path::PagePath;
use super::slot::{KEYS_MAX, Keys, Leaves, Slot};

/// Slots of a page.
const SLOTS: usize = 16;
/// The node number of the page's own top; node `n` has the children `2n` and `2n + 1`, and slot `s` is node `16 + s`.
const TOP: usize = 1;
/// A set of slots: all of them.
pub(super) const ALL_SLOTS: u16 = u16::MAX;

const HEAD_BYTES: usize = 8;
const HASH_BYTES: usize = 32;
const LEAF_BYTES: usize = 64;
/// What stands for a slot in the head of the encoding if it leads to another page; else it is the number of its keys.
const BRANCH: u8 = 15;

/// Bytes of the longest encoding of a [`Page`]: 16 slots with as many keys as they hold.
pub const PAGE_BYTES_MAX: usize = HEAD_BYTES + SLOTS * (HASH_BYTES + KEYS_MAX * LEAF_BYTES);

/// The slots below each inner node: 16 for the top, 2 for the lowest.
const SLOTS_BELOW: [u16; SLOTS] = [
    0, 0xffff, 0x00ff, 0xff00, 0x000f, 0x00f0, 0x0f00, 0xf000, 0x0003, 0x000c, 0x0030, 0x00c0, 0x0300, 0x0c00, 0x3000,
    0xc000,
];

/// What kind of slots a page has, and so which nodes have a hash of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    /// The kind of each slot, four bits each from the lowest on: how many keys it holds, or [`BRANCH`].
    kinds: u64,
    /// The slots that are not empty.
    present: u16,
    /// Those of them that lead to another page.
    branches: u16,
    /// The inner nodes, by number, that hold two or more keys; any other hashes like the leaf or the nothing below it.
    inner: u16,
}

/// Four levels of the tree. Its bytes are the kinds of the slots (four bits each, slot 0 the lowest of a big-endian number of 64
/// bits; 0 to 3 for so many keys, 15 for a page), then for each slot in order: the hash of its subtree unless it holds one key
/// only, then the key and value hash of each of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    shape: Shape,
    /// The hashes of the inner nodes of the shape in order of their numbers, then of the present slots, then the key hash and the
    /// value hash of each leaf.
    hashes: Box<[[u8; HASH_BYTES]]>,
}

impl Shape {
    fn new(kinds: u64) -> Self {
        let of_kind = |is: fn(u8) -> bool| {
            (0..SLOTS).filter(|slot| is(kind_in(kinds, *slot))).fold(0_u16, |set, slot| set | 1 << slot)
        };
        let (present, branches) = (of_kind(|kind| kind > 0), of_kind(|kind| kind == BRANCH));
        let many = of_kind(|kind| kind > 1);
        let is_inner = |below: u16| (present & below).count_ones() > 1 || many & below != 0;
        let nodes = (0_u32..).zip(SLOTS_BELOW).filter(|(_, below)| is_inner(*below));
        let inner = nodes.fold(0, |inner, (node, _)| inner | 1 << node);
        Self { kinds, present, branches, inner }
    }

    /// The same with a slot of this kind.
    fn with(self, nibble: u8, kind: u8) -> Self {
        let shift = u32::from(nibble) << 2;
        let kinds = self.kinds & !(0x0f << shift) | u64::from(kind) << shift;
        if kinds == self.kinds { self } else { Self::new(kinds) }
    }

    /// How many keys a slot holds itself, or [`BRANCH`].
    fn kind(self, slot: usize) -> u8 {
        kind_in(self.kinds, slot)
    }

    /// How many keys the slots below a number of at most 16 hold themselves.
    fn keys_before(self, end: usize) -> usize {
        let slots = members(self.present & !self.branches).take_while(|slot| *slot < end);
        slots.fold(0, |keys, slot| keys.saturating_add(usize::from(self.kind(slot))))
    }

    /// Where the hash of an inner node with a hash of its own is kept.
    fn node_place(self, node: usize) -> usize {
        members_before(self.inner, node)
    }

    /// Where the hash of a present slot is kept.
    fn slot_place(self, slot: usize) -> usize {
        members_before(self.present, slot).saturating_add(self.inner.count_ones() as usize)
    }

    /// Where the key hash of a slot's first leaf is kept; its value hash is next to it, and then come the other leaves.
    fn leaf_place(self, slot: usize) -> usize {
        let before = self.inner.count_ones().saturating_add(self.present.count_ones()) as usize;
        self.keys_before(slot).saturating_mul(2).saturating_add(before)
    }

    /// How many hashes a page of this shape keeps.
    fn hashes(self) -> usize {
        self.leaf_place(SLOTS)
    }

    /// Bytes of the encoding of a page of this shape.
    fn encoded_len(self) -> usize {
        let hashes =
            members(self.present).fold(0, |hashes: usize, slot| hashes.saturating_add(hashes_of(self.kind(slot))));
        hashes.saturating_mul(HASH_BYTES).saturating_add(HEAD_BYTES)
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
        self.shape.branches.count_ones()
    }

    /// The one encoding of this page, at most [`PAGE_BYTES_MAX`] bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.shape.encoded_len());
        bytes.extend_from_slice(&self.shape.kinds.to_be_bytes());
        let mut leaves = self.shape.leaf_place(0);
        for slot in members(self.shape.present) {
            let kind = self.shape.kind(slot);
            if kind > 1 {
                bytes.extend_from_slice(&self.hashes[self.shape.slot_place(slot)]);
            }
            let end = leaves.saturating_add(hashes_of_keys(kind));
            bytes.extend_from_slice(self.hashes[leaves..end].as_flattened());
            leaves = end;
        }
        bytes
    }

    /// Reads what [`Page::to_bytes`] gave, and hashes it.
    ///
    /// # Errors
    /// Anything but the one encoding of a page with at least one slot.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let Some((kinds, rest)) = bytes.split_first_chunk() else {
            return Err(EncodingError::Length { want: HEAD_BYTES, got: bytes.len() });
        };
        let kinds = u64::from_be_bytes(*kinds);
        if kinds == 0 {
            return Err(EncodingError::EmptyPage);
        }
        let is_known = |kind: &u8| usize::from(*kind) <= KEYS_MAX || *kind == BRANCH;
        if let Some(kind) = (0..SLOTS).map(|slot| kind_in(kinds, slot)).find(|kind| !is_known(kind)) {
            return Err(EncodingError::SlotKind(kind));
        }
        let shape = Shape::new(kinds);
        let want = shape.encoded_len();
        if bytes.len() != want {
            return Err(EncodingError::Length { want, got: bytes.len() });
        }
        let mut page = Self::of_shape(shape);
        page.read(rest.as_chunks().0)?;
        page.rehash(ALL_SLOTS);
        Ok(page)
    }

    /// Whether this page may stand at `path`: its leaves lie below their slots and have the hashes that it names, and it has more
    /// keys than a slot could hold, unless it stands at the root.
    #[must_use]
    pub fn belongs_at(&self, path: &PagePath) -> bool {
        let depth = path.nibble_count();
        let leaves_fit = (0_u8..16).all(|nibble| {
            let slot = self.slot(nibble);
            let fits = |leaf: &Leaf| path.leads_to(&leaf.key_hash) && leaf.key_hash.nibble(depth) == nibble;
            slot.leaves().is_none_or(|leaves| leaves.iter().all(fits))
                && !matches!(slot, Slot::Few(keys) if !keys.check(path.slot_depth()))
        });
        leaves_fit && (*path == PagePath::ROOT || matches!(self.as_slot(), Slot::Branch(_)))
    }

    /// What the page above keeps for this page: one with few keys is no page.
    pub(super) fn as_slot(&self) -> Slot {
        let few = if self.shape.branches == 0 && self.shape.keys_before(SLOTS) <= KEYS_MAX {
            Leaves::collect(self.leaves_at(self.shape.leaf_place(0), self.hashes.len()))
        } else {
            None
        };
        match few {
            None => Slot::Branch(self.hash()),
            Some(leaves) => match leaves.as_slice() {
                [] => Slot::Empty,
                [leaf] => Slot::Leaf(*leaf),
                _ => Slot::Few(Keys::claimed(self.hash(), leaves)),
            },
        }
    }

    /// The hash of the page below a slot, if it leads to one.
    pub(super) fn branch(&self, nibble: u8) -> Option<&NodeHash> {
        let slot = usize::from(nibble & 0x0f);
        has(self.shape.branches, slot).then(|| &self.hashes[self.shape.slot_place(slot)])
    }

    /// Whether a slot holds this.
    pub(super) fn holds(&self, nibble: u8, content: &Slot) -> bool {
        let slot = usize::from(nibble & 0x0f);
        self.shape.kind(slot) == kind_of(content)
            && match content {
                Slot::Empty => true,
                Slot::Leaf(leaf) => {
                    let place = self.shape.leaf_place(slot);
                    self.hashes[place..].starts_with(&[leaf.key_hash.0, leaf.value_hash.0])
                }
                Slot::Few(keys) => self.hashes[self.shape.slot_place(slot)] == *keys.hash(),
                Slot::Branch(hash) => self.hashes[self.shape.slot_place(slot)] == *hash,
            }
    }

    /// What a slot holds.
    pub(super) fn slot(&self, nibble: u8) -> Slot {
        let slot = usize::from(nibble & 0x0f);
        let kind = self.shape.kind(slot);
        match kind {
            0 => Slot::Empty,
            BRANCH => Slot::Branch(self.hashes[self.shape.slot_place(slot)]),
            _ => {
                let first = self.shape.leaf_place(slot);
                let mut leaves = self.leaves_at(first, first.saturating_add(hashes_of_keys(kind)));
                match (kind, leaves.next()) {
                    (1, Some(leaf)) => Slot::Leaf(leaf),
                    (_, first) => {
                        let leaves = Leaves::collect(first.into_iter().chain(leaves));
                        let leaves = leaves.expect("a slot holds no more keys than it can");
                        Slot::Few(Keys::claimed(self.hashes[self.shape.slot_place(slot)], leaves))
                    }
                }
            }
        }
    }

    /// Replaces a slot; [`Page::rehash`] has to follow with its bit, which is returned.
    pub(super) fn set_slot(&mut self, nibble: u8, slot: Slot) -> u16 {
        let nibble = nibble & 0x0f;
        let shape = self.shape.with(nibble, kind_of(&slot));
        if shape != self.shape {
            self.reshape(shape);
        }
        self.fill(usize::from(nibble), &slot);
        1 << nibble
    }

    /// Brings the inner hashes above the slots in the set `dirty` up to date.
    pub(super) fn rehash(&mut self, dirty: u16) {
        let is_due = |shape: Shape, node: usize| SLOTS_BELOW[node] & dirty != 0 && has(shape.inner, node);
        // Two nodes next to each other stand on the same level, so neither waits for the other.
        for right in (TOP + 2..SLOTS).rev().step_by(2) {
            let left = right & !1;
            match (is_due(self.shape, left), is_due(self.shape, right)) {
                (true, true) => {
                    let [left_hash, right_hash] = inner_hashes([self.halves(left), self.halves(right)]);
                    self.hashes[self.shape.node_place(left)] = left_hash;
                    self.hashes[self.shape.node_place(right)] = right_hash;
                }
                (true, false) => self.rehash_node(left),
                (false, true) => self.rehash_node(right),
                (false, false) => {}
            }
        }
        if is_due(self.shape, TOP) {
            self.rehash_node(TOP);
        }
    }

    fn rehash_node(&mut self, node: usize) {
        let (left, right) = self.halves(node);
        self.hashes[self.shape.node_place(node)] = inner_hash(left, right);
    }

    /// The hashes of the two nodes below an inner node.
    fn halves(&self, node: usize) -> (&NodeHash, &NodeHash) {
        let left = node << 1;
        (self.node_hash(left), self.node_hash(left | 1))
    }

    /// Walks from the top towards slot `nibble` until the subtree holds fewer than two keys or the page ends. Appends the hash of
    /// the sibling at each step and returns what stands there.
    pub(super) fn descend(&self, nibble: u8, siblings: &mut Vec<NodeHash>) -> Slot {
        let mut node = TOP;
        for shift in (0..4).rev() {
            if !has(self.shape.inner, node) {
                let lone = members(self.shape.present & SLOTS_BELOW[node]).next();
                return lone.and_then(|slot| u8::try_from(slot).ok()).map_or(Slot::Empty, |slot| self.slot(slot));
            }
            node = node << 1 | usize::from(nibble >> shift & 1);
            siblings.push(*self.node_hash(node ^ 1));
        }
        self.slot(nibble)
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
        for slot in members(shape.present & self.shape.present) {
            let kind = shape.kind(slot);
            if kind == self.shape.kind(slot) {
                let (to, from) = (shape.leaf_place(slot), self.shape.leaf_place(slot));
                let (to_end, from_end) =
                    (to.saturating_add(hashes_of_keys(kind)), from.saturating_add(hashes_of_keys(kind)));
                page.hashes[to..to_end].copy_from_slice(&self.hashes[from..from_end]);
            }
        }
        *self = page;
    }

    /// Fills a slot that the shape has.
    fn fill(&mut self, slot: usize, content: &Slot) {
        let hash = match content {
            Slot::Empty => return,
            Slot::Leaf(leaf) => leaf.hash(),
            Slot::Few(keys) => *keys.hash(),
            Slot::Branch(hash) => *hash,
        };
        self.hashes[self.shape.slot_place(slot)] = hash;
        let mut place = self.shape.leaf_place(slot);
        for leaf in content.leaves().unwrap_or_default() {
            self.hashes[place] = leaf.key_hash.0;
            self.hashes[place.saturating_add(1)] = leaf.value_hash.0;
            place = place.saturating_add(2);
        }
    }

    /// Fills all slots from the rest of an encoding, whose length is right.
    fn read(&mut self, mut rest: &[[u8; HASH_BYTES]]) -> Result<(), EncodingError> {
        let mut place = self.shape.leaf_place(0);
        let mut lone: Option<(usize, Leaf)> = None;
        for slot in members(self.shape.present) {
            let kind = self.shape.kind(slot);
            let (own, tail) = rest.split_at(hashes_of(kind));
            rest = tail;
            let (hash, leaves) = if kind > 1 { own.split_at(1) } else { (&[][..], own) };
            let (keys, _) = leaves.as_chunks::<2>();
            if !keys.is_sorted_by(|[left, _], [right, _]| left < right) {
                return Err(EncodingError::Unordered);
            }
            let end = place.saturating_add(leaves.len());
            self.hashes[place..end].copy_from_slice(leaves);
            place = end;
            match (hash, keys) {
                ([hash], _) if *hash == EMPTY_ROOT => return Err(EncodingError::EmptySpelledOut),
                ([hash], _) => self.hashes[self.shape.slot_place(slot)] = *hash,
                (_, pairs) => {
                    let leaf = pairs.first().map(leaf_of).expect("a slot without a hash of its own has a key");
                    match lone.take() {
                        None => lone = Some((slot, leaf)),
                        Some((before, first)) => {
                            let hashes = leaf_hashes([&first, &leaf]);
                            self.hashes[self.shape.slot_place(before)] = hashes[0];
                            self.hashes[self.shape.slot_place(slot)] = hashes[1];
                        }
                    }
                }
            }
        }
        if let Some((slot, leaf)) = lone {
            self.hashes[self.shape.slot_place(slot)] = leaf.hash();
        }
        Ok(())
    }

    /// The leaves kept from one place to another.
    fn leaves_at(&self, start: usize, end: usize) -> impl Iterator<Item = Leaf> + '_ {
        let (pairs, _) = self.hashes[start..end].as_chunks::<2>();
        pairs
            .iter()
            .map(|[key_hash, value_hash]| Leaf { key_hash: KeyHash(*key_hash), value_hash: ValueHash(*value_hash) })
    }
}

fn leaf_of([key_hash, value_hash]: &[NodeHash; 2]) -> Leaf {
    Leaf { key_hash: KeyHash(*key_hash), value_hash: ValueHash(*value_hash) }
}

/// The kind of a slot in a set of kinds.
const fn kind_in(kinds: u64, slot: usize) -> u8 {
    (kinds >> (slot << 2) & 0x0f) as u8
}

/// What stands for a slot in a shape.
fn kind_of(slot: &Slot) -> u8 {
    slot.leaves().map_or(BRANCH, |leaves| u8::try_from(leaves.len()).expect("a slot holds few keys"))
}

/// Hashes that the leaves of a slot of this kind take.
const fn hashes_of_keys(kind: u8) -> usize {
    if kind == BRANCH { 0 } else { (kind as usize).saturating_mul(2) }
}

/// Hashes that a slot of this kind takes in an encoding.
const fn hashes_of(kind: u8) -> usize {
    let own = if kind > 1 { 1 } else { 0 };
    hashes_of_keys(kind).saturating_add(own)
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
