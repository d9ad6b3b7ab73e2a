//! Counts of what happened lately, by whom: within spans that begin with the first, bounded in entries.
//!
//! It must not know what is counted. Invariant: there are never more entries than the bound; what finds no room is not counted.

use std::collections::HashMap;
use std::hash::Hash;

/// From one look for entries that are over to the next.
const BETWEEN_SWEEPS_MS: u64 = 1_000;

/// The counts.
#[derive(Debug)]
pub(crate) struct Tally<K> {
    span_ms: u64,
    entries_max: usize,
    counts: HashMap<K, Count>,
    swept_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since_ms: u64,
    count: u32,
}

impl<K: Copy + Eq + Hash> Tally<K> {
    /// Counts within spans of this length.
    pub(crate) fn new(span_ms: u64, entries_max: usize) -> Self {
        Self { span_ms, entries_max, counts: HashMap::new(), swept_ms: 0 }
    }

    /// How many there were in the present span, and how long it still lasts.
    pub(crate) fn lately(&self, key: &K, now_ms: u64) -> (u32, u64) {
        let left_ms = |count: &Count| count.since_ms.saturating_add(self.span_ms).saturating_sub(now_ms);
        let found = self.counts.get(key).map(|count| (count.count, left_ms(count)));
        found.filter(|(_, left_ms)| *left_ms > 0).unwrap_or((0, self.span_ms))
    }

    /// Whether one more of these would be counted.
    pub(crate) fn would_count(&mut self, key: &K, now_ms: u64) -> bool {
        self.counts.contains_key(key) || self.has_room(now_ms)
    }

    /// Counts one more; returns how many there are now in the present span, 0 for what finds no room.
    pub(crate) fn note(&mut self, key: K, now_ms: u64) -> u32 {
        if !self.would_count(&key, now_ms) {
            return 0;
        }
        let span_ms = self.span_ms;
        let count = self.counts.entry(key).or_insert(Count { since_ms: now_ms, count: 0 });
        if now_ms >= count.since_ms.saturating_add(span_ms) {
            *count = Count { since_ms: now_ms, count: 0 };
        }
        count.count = count.count.saturating_add(1);
        count.count
    }

    /// Has the present span begin now, with what was counted in it.
    pub(crate) fn begin_again(&mut self, key: &K, now_ms: u64) {
        if let Some(count) = self.counts.get_mut(key) {
            count.since_ms = now_ms;
        }
    }

    fn has_room(&mut self, now_ms: u64) -> bool {
        if self.counts.len() >= self.entries_max && now_ms >= self.swept_ms.saturating_add(BETWEEN_SWEEPS_MS) {
            self.swept_ms = now_ms;
            let span_ms = self.span_ms;
            self.counts.retain(|_, count| now_ms < count.since_ms.saturating_add(span_ms));
        }
        self.counts.len() < self.entries_max
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_with_the_first_and_what_is_over_counts_no_more() {
        let mut tally = Tally::new(1_000, 10);
        assert_eq!([tally.note(1, 0), tally.note(1, 999), tally.note(2, 999)], [1, 2, 1]);
        assert_eq!(tally.lately(&1, 999), (2, 1));
        assert_eq!(tally.lately(&1, 1_000), (0, 1_000));
        assert_eq!(tally.note(1, 1_000), 1);
        tally.begin_again(&1, 1_500);
        assert_eq!(tally.lately(&1, 2_499), (1, 1));
    }

    // FAULTS VS6
    #[test]
    fn a_full_tally_takes_nobody_new_until_somebody_is_over() {
        let mut tally = Tally::new(10_000, 3);
        for key in 0..1_000 {
            tally.note(key, 5_000 + key);
        }
        assert_eq!((tally.len(), tally.lately(&999, 6_000).0, tally.lately(&2, 6_000).0), (3, 0, 1));
        assert_eq!(tally.note(999, 15_001), 1);
        assert_eq!(tally.len(), 2);
    }
}
