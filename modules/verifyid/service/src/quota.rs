//! On whose plan a verification counts, and whether there is room for it.
//!
//! It must not know the chain nor HTTP: what is used is told to it.

use types::{Address, TimeMs};

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
    /// Whether this machine's clock is so far behind the chain's that what is acknowledged by it might never come to the chain.
    pub(crate) fn is_clock_behind(&self, now: TimeMs) -> bool {
        now.saturating_add(CLOCK_BEHIND_MAX_MS) < self.time
    }

    /// Whether there is room for another good verification; nothing is counted.
    ///
    /// # Errors
    /// The quota that is used up.
    pub(crate) fn has_room(&self, tab: &Tab) -> Result<(), QuotaUsed> {
        let used = self.used.saturating_add(tab.beside(&self.customer, self.month, self.since));
        if used < self.limit { Ok(()) } else { Err(self.used_up(used)) }
    }

    /// Counts one.
    ///
    /// # Errors
    /// The quota that is used up; nothing is counted then.
    pub(crate) fn count(&self, tab: &Tab, month: u32) -> Result<(), QuotaUsed> {
        // In a month that no block has reached nothing is used yet.
        let used = if month == self.month { self.used } else { 0 };
        tab.add_below(&self.customer, month, (used, self.since), self.limit).map_err(|used| self.used_up(used))
    }

    const fn used_up(&self, used: u64) -> QuotaUsed {
        QuotaUsed { plan: self.plan, limit: self.limit, used, resets_at: self.resets_at }
    }
}
