//! The writes of a block as a value: it can be merged, compared, stored and hashed into the tree.
//!
//! It must not know what a key means. Invariants: keys stand in rising order, each once; what a block leaves as it was is not part
//! of its change set, so two with the same effect on the same state are equal. Each change has the value before it as well, so that
//! whoever stores a block has what it overwrites without reading.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crypto::jellyfish::{Change as TreeChange, KeyHash as TreeKey, ValueHash};

use crate::key_index::{KeyHash, KeyIndex};
use crate::short_bytes::ShortBytes;

/// What happened to the value under a key; `None` is no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Before the block.
    pub before: Option<ShortBytes>,
    /// After it.
    pub after: Option<ShortBytes>,
}

/// Changes of values by state key.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// In rising order of the keys.
    changes: Vec<(ShortBytes, Change)>,
    index: KeyIndex,
}

impl ChangeSet {
    /// Takes changes of different keys in any order.
    pub(crate) fn new(mut changes: Vec<(ShortBytes, Change)>) -> Self {
        changes.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let mut set = Self { changes, index: KeyIndex::default() };
        set.index_anew();
        set
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many keys change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// What happened under a key, if anything did.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Change> {
        self.get_hashed(KeyHash::of(key), key)
    }

    /// As [`ChangeSet::get`], where the key's hash is at hand.
    pub(crate) fn get_hashed(&self, hash: KeyHash, key: &[u8]) -> Option<&Change> {
        self.changes.get(self.find(hash, key)?).map(|(_, change)| change)
    }

    /// The changes in rising order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &Change)> + ExactSizeIterator {
        self.changes.iter().map(|(key, change)| (key.as_slice(), change))
    }

    /// The keys in rising order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.changes.iter().map(|(key, _)| key.as_slice())
    }

    /// The changes of all keys that are not below `from`, in rising order.
    pub fn iter_from<'s>(&'s self, from: &[u8]) -> impl Iterator<Item = (&'s [u8], &'s Change)> + use<'s> {
        let start = self.changes.partition_point(|(key, _)| key.as_slice() < from);
        self.changes.iter().skip(start).map(|(key, change)| (key.as_slice(), change))
    }

    /// Adds the changes of a later block: what was there before is what the first of both found.
    pub fn merge(&mut self, later: Self) {
        let mut fresh = Vec::new();
        for (key, change) in later.changes {
            match self.find(KeyHash::of(&key), &key).and_then(|place| self.changes.get_mut(place)) {
                Some((_, first)) => first.after = change.after,
                None => fresh.push((key, change)),
            }
        }
        if !fresh.is_empty() {
            self.changes.append(&mut fresh);
            // Two sorted runs: this sort only merges them.
            self.changes.sort_by(|(left, _), (right, _)| left.cmp(right));
            self.index_anew();
        }
    }

    /// The same changes as the tree wants them: hashed and sorted.
    #[must_use]
    pub fn tree_changes(&self) -> Vec<TreeChange> {
        let hashed =
            |(key, change): &(ShortBytes, Change)| (TreeKey::of(key), change.after.as_deref().map(ValueHash::of));
        let mut changes: Vec<TreeChange> = self.changes.iter().map(hashed).collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes
    }

    fn find(&self, hash: KeyHash, key: &[u8]) -> Option<usize> {
        let is_key = |place: usize| self.changes.get(place).is_some_and(|(found, _)| found.as_slice() == key);
        self.index.find(hash, key, is_key)
    }

    fn index_anew(&mut self) {
        self.index = KeyIndex::with_capacity(self.changes.len());
        for (place, (key, _)) in self.changes.iter().enumerate() {
            self.index.insert(KeyHash::of(key), key, place);
        }
    }
}

/// Where a key comes twice, the later change goes over the earlier one, as in [`ChangeSet::merge`].
impl<K: Into<ShortBytes>> FromIterator<(K, Change)> for ChangeSet {
    fn from_iter<I: IntoIterator<Item = (K, Change)>>(changes: I) -> Self {
        let mut by_key: BTreeMap<ShortBytes, Change> = BTreeMap::new();
        for (key, change) in changes {
            match by_key.entry(key.into()) {
                Entry::Occupied(mut first) => first.get_mut().after = change.after,
                Entry::Vacant(place) => {
                    place.insert(change);
                }
            }
        }
        Self::new(by_key.into_iter().collect())
    }
}

impl PartialEq for ChangeSet {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes
    }
}

impl Eq for ChangeSet {}
