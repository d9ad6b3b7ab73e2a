//! What a page keeps for one of its slots: nothing, up to [`KEYS_MAX`] keys, or the hash of a page of their own.
//!
//! It must not know pages. Invariants: keys stand in rising order, each once; [`Keys::hash`] is the hash of their subtree at the
//! depth where the slot stands. Where keys come from a store their hash is only claimed: [`Keys::check`] has to be asked before
//! they are used, for then a damaged page stops the machine instead of giving a wrong root.

use super::hash::{EMPTY_ROOT, KeyHash, Leaf, NodeHash, inner_hash, leaf_hashes};
use super::update::Change;

/// Keys that a slot holds itself; a subtree with more stands on a page of its own. One read then finds most keys, and the row
/// that is written for each of them stays short.
pub(super) const KEYS_MAX: usize = 3;

/// What a subtree is, seen from the page above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// No key.
    Empty,
    /// One key.
    Leaf(Leaf),
    /// Two keys, or a few more.
    Few(Keys),
    /// More keys, on a page of their own with this hash.
    Branch(NodeHash),
}

/// Two to [`KEYS_MAX`] leaves with the hash of their subtree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    hash: NodeHash,
    leaves: Leaves,
}

/// Up to [`KEYS_MAX`] leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaves {
    count: usize,
    places: [Leaf; KEYS_MAX],
}

/// A leaf's place, and its hash.
type Hashed = (KeyHash, NodeHash);

impl Slot {
    /// The slot that holds these leaves, at `depth` binary levels below the root.
    pub(super) fn of(leaves: Leaves, depth: usize) -> Self {
        match leaves.as_slice() {
            [] => Self::Empty,
            [leaf] => Self::Leaf(*leaf),
            more => Self::Few(Keys { hash: subtree_hash(hashed(more).as_slice(), depth), leaves }),
        }
    }

    /// The keys that stand here and not on a page of their own; `None` if they do.
    pub(super) fn leaves(&self) -> Option<&[Leaf]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Leaf(leaf) => Some(core::slice::from_ref(leaf)),
            Self::Few(keys) => Some(keys.leaves.as_slice()),
            Self::Branch(_) => None,
        }
    }
}

impl Keys {
    /// Takes a hash as it was stored.
    pub(super) const fn claimed(hash: NodeHash, leaves: Leaves) -> Self {
        Self { hash, leaves }
    }

    /// Hash of the subtree.
    pub(super) const fn hash(&self) -> &NodeHash {
        &self.hash
    }

    /// The leaves in rising order of their keys.
    pub(super) fn leaves(&self) -> &[Leaf] {
        self.leaves.as_slice()
    }

    /// Whether the hash is that of the leaves, at `depth` binary levels below the root.
    pub(super) fn check(&self, depth: usize) -> bool {
        subtree_hash(hashed(self.leaves()).as_slice(), depth) == self.hash
    }

    /// Walks from `depth` binary levels below the root towards `key_hash` until fewer than two keys are left. Appends the hash of
    /// the sibling at each step and returns the key that is left.
    pub(super) fn descend(&self, key_hash: &KeyHash, depth: usize, siblings: &mut Vec<NodeHash>) -> Option<Leaf> {
        let leaves = hashed(self.leaves());
        let mut rest = leaves.as_slice();
        for depth in depth.. {
            if rest.len() < 2 {
                break;
            }
            let (left, right) = split(rest, depth);
            let (towards, away) = if key_hash.bit(depth) { (right, left) } else { (left, right) };
            siblings.push(subtree_hash(away, depth.saturating_add(1)));
            rest = towards;
        }
        let left = rest.first().map(|(key, _)| *key)?;
        self.leaves().iter().find(|leaf| leaf.key_hash == left).copied()
    }
}

/// Leaves decide; the hash follows from them and their place.
impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.leaves == other.leaves
    }
}

impl Eq for Keys {}

impl Leaves {
    const NONE: Leaf = Leaf { key_hash: KeyHash([0; 32]), value_hash: super::hash::ValueHash([0; 32]) };

    /// No leaves.
    pub(super) const fn new() -> Self {
        Self { count: 0, places: [Self::NONE; KEYS_MAX] }
    }

    /// Those that are given, in rising order of their keys; `None` if they are too many.
    pub(super) fn collect(leaves: impl IntoIterator<Item = Leaf>) -> Option<Self> {
        let mut all = Self::new();
        leaves.into_iter().all(|leaf| all.push(leaf)).then_some(all)
    }

    /// These leaves after `changes`, which are sorted by key; `None` if there are too many then.
    pub(super) fn after(old: &[Leaf], changes: &[Change]) -> Option<Self> {
        let mut old = old.iter().peekable();
        let mut all = Self::new();
        for (key_hash, value) in changes {
            while let Some(leaf) = old.next_if(|leaf| leaf.key_hash < *key_hash) {
                all.push(*leaf).then_some(())?;
            }
            old.next_if(|leaf| leaf.key_hash == *key_hash);
            if let Some(value_hash) = *value {
                all.push(Leaf { key_hash: *key_hash, value_hash }).then_some(())?;
            }
        }
        old.all(|leaf| all.push(*leaf)).then_some(all)
    }

    /// The leaves in order.
    pub(super) fn as_slice(&self) -> &[Leaf] {
        self.places.get(..self.count).expect("the count is of places that are there")
    }

    /// Appends a leaf, if there is room.
    fn push(&mut self, leaf: Leaf) -> bool {
        let Some(place) = self.places.get_mut(self.count) else {
            return false;
        };
        *place = leaf;
        self.count = self.count.saturating_add(1);
        true
    }
}

impl PartialEq for Leaves {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Leaves {}

/// The hashes of up to [`KEYS_MAX`] leaves.
struct HashedLeaves {
    count: usize,
    places: [Hashed; KEYS_MAX],
}

impl HashedLeaves {
    fn as_slice(&self) -> &[Hashed] {
        self.places.get(..self.count).expect("the count is of places that are there")
    }
}

fn hashed(leaves: &[Leaf]) -> HashedLeaves {
    let count = leaves.len().min(KEYS_MAX);
    let mut all = HashedLeaves { count, places: [(KeyHash([0; 32]), EMPTY_ROOT); KEYS_MAX] };
    for (places, leaves) in all.places.chunks_mut(2).zip(leaves.chunks(2)) {
        match (places, leaves) {
            ([first, second], [one, two]) => {
                let [hash_one, hash_two] = leaf_hashes([one, two]);
                (*first, *second) = ((one.key_hash, hash_one), (two.key_hash, hash_two));
            }
            (places, leaves) => {
                for (place, leaf) in places.iter_mut().zip(leaves) {
                    *place = (leaf.key_hash, leaf.hash());
                }
            }
        }
    }
    all
}

/// Hash of the subtree with these leaves, at `depth` binary levels below the root.
fn subtree_hash(leaves: &[Hashed], depth: usize) -> NodeHash {
    match leaves {
        [] => EMPTY_ROOT,
        [(_, hash)] => *hash,
        more => {
            let (left, right) = split(more, depth);
            let below = depth.saturating_add(1);
            inner_hash(&subtree_hash(left, below), &subtree_hash(right, below))
        }
    }
}

/// The leaves to the left and to the right of the binary level `depth`.
fn split(leaves: &[Hashed], depth: usize) -> (&[Hashed], &[Hashed]) {
    leaves.split_at(leaves.partition_point(|(key, _)| !key.bit(depth)))
}
