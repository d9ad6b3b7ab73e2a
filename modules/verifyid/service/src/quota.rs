//! On whose plan a verification counts, and whether there is room for it.
//!
//! It must not know the chain nor HTTP: what is used is told to it.

use types::{Address, TimeMs};
use verifyid::{month_of, next_month};

use crate::ledger::tab::{Tab, TabPoint};

/// A customer's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanStanding {
    /// It has none, only what is free.
    Free,
    /// It is over.
    Over,
    /// It runs.
    Runs,
}

/// What the chain says of the customer of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Billed {
    pub(crate) customer: Address,
    pub(crate) plan: PlanStanding,
    /// The newest block's time.
    pub(crate) time: TimeMs,
    /// The calendar month of it.
    pub(crate) month: u32,
    /// What the chain counts in it.
    pub(crate) used: u64,
    /// A point of the tab before that was read.
    pub(crate) since: TabPoint,
    pub(crate) limit: u64,
    /// When the next month begins.
    pub(crate) resets_at: TimeMs,
}

/// A quota that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaUsed {
    pub(crate) plan: PlanStanding,
    pub(crate) limit: u64,
    pub(crate) used: u64,
    pub(crate) resets_at: TimeMs,
}

/// How far this machine's clock may be behind the newest block's time: a batch has the times of this clock, and the chain takes none that is late.
const CLOCK_BEHIND_MAX_MS: u64 = 600_000;

impl Billed {
    /// Whether this machine's clock is so far behind the chain's that what is acknowledged by it might never come to the chain, or would count on a
    /// month that is over there.
    pub(crate) fn is_clock_behind(&self, now: TimeMs) -> bool {
        now.saturating_add(CLOCK_BEHIND_MAX_MS) < self.time || month_of(now) < self.month
    }

    /// Whether there is room for another good verification in a month; nothing is counted.
    ///
    /// # Errors
    /// The quota that is used up.
    pub(crate) fn has_room(&self, tab: &Tab, month: u32) -> Result<(), QuotaUsed> {
        let used = self.used_in(month).saturating_add(tab.beside(&self.customer, month, self.since));
        if used < self.limit { Ok(()) } else { Err(self.used_up(month, used)) }
    }

    /// What the chain counts in a month: nothing in one that no block has reached.
    const fn used_in(&self, month: u32) -> u64 {
        if month == self.month { self.used } else { 0 }
    }

    /// Counts one.
    ///
    /// # Errors
    /// The quota that is used up; nothing is counted then.
    pub(crate) fn count(&self, tab: &Tab, month: u32) -> Result<(), QuotaUsed> {
        let used = (self.used_in(month), self.since);
        tab.add_below(&self.customer, month, used, self.limit).map_err(|used| self.used_up(month, used))
    }

    fn used_up(&self, month: u32, used: u64) -> QuotaUsed {
        let resets_at = if month == self.month { self.resets_at } else { next_month(self.resets_at) };
        QuotaUsed { plan: self.plan, limit: self.limit, used, resets_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: Address = Address([1; 20]);

    fn billed(tab: &Tab, time: TimeMs) -> Billed {
        let (month, resets_at) = (month_of(time), next_month(time));
        let since = tab.point();
        Billed { customer: CUSTOMER, plan: PlanStanding::Runs, time, month, used: 3, since, limit: 3, resets_at }
    }

    // FAULTS VS11
    #[test]
    fn both_the_challenge_and_the_answer_count_on_the_month_of_the_answer() {
        let tab = Tab::default();
        let end = next_month(TimeMs(1_771_111_111_000));
        let billed = billed(&tab, TimeMs(end.0 - 1_000));
        let (over, next) = (month_of(TimeMs(end.0 - 1)), month_of(end));
        let refused = billed.has_room(&tab, over).expect_err("it is used up");
        assert_eq!((refused.used, refused.resets_at), (3, end));
        assert_eq!(billed.count(&tab, over), Err(refused));
        // The chain stands still over the turn: the new month has room, and ends with its own end.
        billed.has_room(&tab, next).expect("nothing is used in it");
        for _ in 0..3 {
            billed.count(&tab, next).expect("there is room");
        }
        let refused = billed.count(&tab, next).expect_err("it is used up");
        assert_eq!((refused.used, refused.resets_at, billed.has_room(&tab, next)), (3, next_month(end), Err(refused)));
    }

    // FAULTS VS11
    #[test]
    fn a_clock_that_is_in_a_month_which_is_over_for_the_chain_counts_nothing() {
        let end = next_month(TimeMs(1_771_111_111_000));
        let billed = billed(&Tab::default(), TimeMs(end.0 + 5_000));
        assert!(billed.is_clock_behind(TimeMs(end.0 - 1)));
        assert!(!billed.is_clock_behind(end));
        let later = Billed { time: TimeMs(end.0 + 2_000_000), ..billed };
        assert!(later.is_clock_behind(TimeMs(end.0 + 2_000_000 - CLOCK_BEHIND_MAX_MS - 1)));
        assert!(!later.is_clock_behind(TimeMs(end.0 + 2_000_000 - CLOCK_BEHIND_MAX_MS)));
    }
}
