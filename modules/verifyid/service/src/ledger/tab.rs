//! Good verifications that are acknowledged and not yet on the chain, by customer and month: with the chain's own figure, what is used of a quota.
//!
//! It must not know the chain: whoever asks has read its figure, and says since when. Invariant: nothing is missing from the sum, however
//! the reading of the chain and the anchoring of a batch overlap.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::Address;

use super::batcher::Settled;

/// Batches of one customer and month that are remembered after the chain has them: more than can come while one answer is judged.
const RECENT_MAX: usize = 16;
/// Months that are kept beside the newest.
const MONTHS_BEFORE: u32 = 2;

/// A point between two changes of the chain's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TabPoint(u64);

/// The tab of all customers.
#[derive(Debug, Default)]
pub(crate) struct Tab(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    point: u64,
    by_month: BTreeMap<(u32, Address), Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    waiting: u64,
    /// What has left `waiting`, and when.
    recent: VecDeque<(TabPoint, u64)>,
}

impl Tab {
    /// Now, to be asked for before the chain's figure is read.
    pub(crate) fn point(&self) -> TabPoint {
        TabPoint(self.entries().point)
    }

    /// What has to be added to a figure of the chain that was read after this point.
    pub(crate) fn beside(&self, customer: &Address, month: u32, since: TabPoint) -> u64 {
        self.entries().by_month.get(&(month, *customer)).map_or(0, |entry| entry.beside(since))
    }

    /// Adds one, if with those beside the chain's figure there is room for it.
    ///
    /// # Errors
    /// How many are used.
    pub(crate) fn add_below(
        &self,
        customer: &Address,
        month: u32,
        (used, since): (u64, TabPoint),
        limit: u64,
    ) -> Result<(), u64> {
        let mut entries = self.entries();
        let entry = entries.by_month.entry((month, *customer)).or_default();
        let used = used.saturating_add(entry.beside(since));
        if used >= limit {
            return Err(used);
        }
        entry.waiting = entry.waiting.saturating_add(1);
        Ok(())
    }

    /// Adds what a ledger begins with.
    pub(crate) fn add(&self, Settled { customer, month, ok }: Settled) {
        let mut entries = self.entries();
        let entry = entries.by_month.entry((month, customer)).or_default();
        entry.waiting = entry.waiting.saturating_add(ok.into());
    }

    /// One that was added is not acknowledged after all.
    pub(crate) fn take_back(&self, customer: &Address, month: u32) {
        if let Some(entry) = self.entries().by_month.get_mut(&(month, *customer)) {
            entry.waiting = entry.waiting.saturating_sub(1);
        }
    }

    /// The chain has these now, or never will.
    pub(crate) fn settle(&self, Settled { customer, month, ok }: Settled) {
        let mut entries = self.entries();
        entries.point = entries.point.saturating_add(1);
        let point = TabPoint(entries.point);
        if let Some(entry) = entries.by_month.get_mut(&(month, customer)) {
            entry.waiting = entry.waiting.saturating_sub(ok.into());
            entry.recent.push_back((point, ok.into()));
            if entry.recent.len() > RECENT_MAX {
                entry.recent.pop_front();
            }
        }
        let newest = entries.by_month.last_key_value().map_or(0, |((month, _), _)| *month);
        entries.by_month.retain(|(month, _), entry| entry.waiting > 0 || month.saturating_add(MONTHS_BEFORE) >= newest);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn beside(&self, since: TabPoint) -> u64 {
        let later = self.recent.iter().filter(|(point, _)| *point > since).map(|(_, ok)| *ok);
        later.fold(self.waiting, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: Address = Address([1; 20]);

    #[test]
    fn a_batch_that_comes_to_the_chain_between_two_readings_is_counted_by_one_of_them() {
        let tab = Tab::default();
        let before = tab.point();
        for _ in 0..5 {
            assert_eq!(tab.add_below(&CUSTOMER, 7, (3, before), 8), Ok(()));
        }
        assert_eq!(tab.add_below(&CUSTOMER, 7, (3, before), 8), Err(8));
        tab.settle(Settled { customer: CUSTOMER, month: 7, ok: 4 });
        // Who has read the chain's 3 before knows nothing of the 4 in it; who reads 7 afterwards counts them once.
        assert_eq!(tab.add_below(&CUSTOMER, 7, (3, before), 8), Err(8));
        assert_eq!(tab.beside(&CUSTOMER, 7, tab.point()), 1);
        assert_eq!(tab.add_below(&CUSTOMER, 7, (7, tab.point()), 8), Err(8));
        tab.take_back(&CUSTOMER, 7);
        assert_eq!(tab.add_below(&CUSTOMER, 7, (7, tab.point()), 8), Ok(()));
        assert_eq!(tab.beside(&CUSTOMER, 8, tab.point()), 0, "another month is another quota");
    }

    #[test]
    fn months_that_are_over_are_forgotten_once_nothing_of_them_waits() {
        let tab = Tab::default();
        for month in 0..100 {
            tab.add(Settled { customer: CUSTOMER, month, ok: 2 });
            tab.settle(Settled { customer: CUSTOMER, month, ok: if month == 3 { 1 } else { 2 } });
        }
        assert_eq!(tab.entries().by_month.len(), 4, "the newest three, and the one of which something waits");
    }
}
