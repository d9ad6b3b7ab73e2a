//! How many faults of which kind were injected: a run in which nothing happened proves nothing.

use std::collections::BTreeMap;

/// Counts by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) counts: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub(crate) fn add(&mut self, kind: &'static str) {
        self.add_many(kind, 1);
    }

    pub(crate) fn add_many(&mut self, kind: &'static str, count: u64) {
        *self.counts.entry(kind).or_default() += count;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (kind, count) in &other.counts {
            self.add_many(kind, *count);
        }
    }
}
