//! The writes of a block as a value: it can be merged, compared, stored and hashed into the tree.
//!
//! It must not know what a key means. Invariant: a write that leaves a key as it was is not part of it, so two change sets with
//! the same effect on the same state are equal.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::jellyfish::{Change, KeyHash, ValueHash};

/// New values under state keys; `None` deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ChangeSet {
    /// The writes, by state key.
    pub writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl ChangeSet {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Adds the writes of a later block.
    pub fn merge(&mut self, later: Self) {
        self.writes.extend(later.writes);
    }

    /// The same changes as the tree wants them: hashed and sorted.
    #[must_use]
    pub fn tree_changes(&self) -> Vec<Change> {
        let hashed =
            |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| (KeyHash::of(key), value.as_deref().map(ValueHash::of));
        let mut changes: Vec<Change> = self.writes.iter().map(hashed).collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes
    }
}
