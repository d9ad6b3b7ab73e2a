//! What the clocks of the validators show, as seen from this node.
//!
//! A peer that is asked how far it is also says what its wall clock shows; half the time that question and answer took is
//! how wrong that may be. Readings are kept relative to the own monotonic clock, so that a jump of the own wall clock shows
//! at once. It must not know why somebody is asked, and decides nothing: voters judge by their own clock alone.
//!
//! Invariants: a peer has one reading, and speaks with its own power; members with less than a third of the power, whatever
//! they say, move neither the median nor the time that a quorum accepts beyond what honest clocks show
//! ([decision 23](../../docs/decisions/0023-clocks-are-compared-not-corrected.md)).

use std::collections::{BTreeMap, BTreeSet};

use types::{PeerKey, Timing, ValidatorSet};

use crate::event::Now;

/// A reading counts for so long; in it two good clocks part by a few milliseconds.
const FRESH_MS: u64 = 60_000;
/// A better reading of the same clock is kept for so long.
const BETTER_MS: u64 = 20_000;

/// What a peer's clock showed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    /// What it shows when the own monotonic clock shows zero, in Unix milliseconds.
    zero_ms: i64,
    /// How wrong that may be.
    slack_ms: u64,
    /// When the answer came.
    at_ms: u64,
}

impl Reading {
    fn new(asked_ms: u64, now_ms: u64, shown_ms: u64) -> Self {
        let way_ms = now_ms.saturating_sub(asked_ms);
        let middle_ms = asked_ms.saturating_add(way_ms / 2);
        Self {
            zero_ms: signed(shown_ms).saturating_sub(signed(middle_ms)),
            slack_ms: way_ms.div_ceil(2).saturating_add(1),
            at_ms: now_ms,
        }
    }

    /// Whether both can be readings of one clock that did not jump between them.
    const fn agrees_with(&self, other: &Self) -> bool {
        self.zero_ms.abs_diff(other.zero_ms) <= self.slack_ms.saturating_add(other.slack_ms)
    }

    const fn is_younger_than(&self, age_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) < age_ms
    }
}

/// How a validator's clock differs from the own one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    /// How far it is ahead of the own one.
    ahead_ms: i64,
    slack_ms: u64,
    power: u64,
}

/// How the own clock stands to those of the validators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockReport {
    /// How far it is ahead of their median, by power; nothing while less than a quorum is measured.
    pub ahead_ms: Option<i64>,
    /// How wrong that may be.
    pub slack_ms: u64,
    /// The power of those whose clocks are known, the own one included.
    pub power_measured: u64,
    /// The power of those whose clocks differ from the own one by more than the bound.
    pub power_far: u64,
    /// The power of all.
    pub power_total: u64,
    /// The bound: half of what a voter lets a block be ahead.
    pub bound_ms: u64,
    /// Whether a block with the median's time would be refused by the own clock: then the own votes are missing.
    pub refuses: bool,
}

impl ClockReport {
    /// Whether the operator has to set a clock: this one differs from the median by more than the bound, or so many
    /// others differ from it that one of them must be honest.
    #[must_use]
    pub fn is_off(&self) -> bool {
        let is_far = |ahead_ms: i64| ahead_ms.unsigned_abs() > self.bound_ms.saturating_add(self.slack_ms);
        let far = u128::from(self.power_far).saturating_mul(3);
        self.ahead_ms.is_some_and(is_far) || far > u128::from(self.power_total)
    }
}

/// The newest good reading of each peer's clock.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    readings: BTreeMap<PeerKey, Reading>,
}

impl Clocks {
    /// A peer was asked, and says what its clock shows.
    pub(crate) fn read(&mut self, peer: PeerKey, asked_ms: u64, now_ms: u64, shown_ms: u64) {
        let new = Reading::new(asked_ms, now_ms, shown_ms);
        let is_better = |old: &Reading| old.slack_ms <= new.slack_ms && old.is_younger_than(BETTER_MS, now_ms);
        match self.readings.get(&peer) {
            Some(old) if old.agrees_with(&new) && is_better(old) => {}
            _ => drop(self.readings.insert(peer, new)),
        }
    }

    /// Forgets everybody who is not asked any more.
    pub(crate) fn keep_only(&mut self, is_kept: impl Fn(&PeerKey) -> bool) {
        self.readings.retain(|peer, _| is_kept(peer));
    }

    /// The differences of the members whose clocks are known; the own clock differs from itself by nothing.
    fn differences(&self, now: Now, set: &ValidatorSet, own: &PeerKey) -> Vec<Difference> {
        let own_zero_ms = signed(now.unix_ms).saturating_sub(signed(now.monotonic_ms));
        let difference = |peer: &PeerKey| {
            if peer == own {
                return Some((0, 0));
            }
            let reading =
                self.readings.get(peer).filter(|reading| reading.is_younger_than(FRESH_MS, now.monotonic_ms))?;
            Some((reading.zero_ms.saturating_sub(own_zero_ms), reading.slack_ms))
        };
        let known = set.validators().iter().filter_map(|validator| {
            let (ahead_ms, slack_ms) = difference(&validator.peer)?;
            Some(Difference { ahead_ms, slack_ms, power: validator.power.0 })
        });
        known.collect()
    }

    /// The members whose clocks differ from the own one by more than the bound, as far as they are known.
    pub(crate) fn far(&self, now: Now, set: &ValidatorSet, own: &PeerKey, timing: &Timing) -> BTreeSet<PeerKey> {
        let own_zero_ms = signed(now.unix_ms).saturating_sub(signed(now.monotonic_ms));
        let bound_ms = timing.block_ahead_max_ms / 2;
        let is_far = |peer: &&PeerKey| {
            let reading =
                self.readings.get(*peer).filter(|reading| reading.is_younger_than(FRESH_MS, now.monotonic_ms));
            reading.is_some_and(|reading| {
                reading.zero_ms.abs_diff(own_zero_ms) > bound_ms.saturating_add(reading.slack_ms)
            })
        };
        let members = set.validators().iter().map(|validator| &validator.peer);
        members.filter(|peer| *peer != own).filter(is_far).copied().collect()
    }

    /// How the own clock stands to those of the members.
    pub(crate) fn report(&self, now: Now, set: &ValidatorSet, own: &PeerKey, timing: &Timing) -> ClockReport {
        let mut differences = self.differences(now, set, own);
        let bound_ms = timing.block_ahead_max_ms / 2;
        let is_far = |one: &&Difference| one.ahead_ms.unsigned_abs() > bound_ms.saturating_add(one.slack_ms);
        let power_measured = power_of(&differences);
        let power_far = differences.iter().filter(is_far).fold(0, |sum: u64, one| sum.saturating_add(one.power));
        let median = set.is_quorum(power_measured).then(|| median(&mut differences)).flatten();
        // Towards the median: a small error must not say that votes are missing which are not.
        let refuses = median.is_some_and(|median| {
            let limit_ms = if median.ahead_ms > 0 { timing.block_ahead_max_ms } else { timing.block_behind_max_ms };
            median.ahead_ms.unsigned_abs() > limit_ms.saturating_add(median.slack_ms)
        });
        ClockReport {
            refuses,
            ahead_ms: median.map(|median| median.ahead_ms.saturating_neg()),
            slack_ms: median.map(|median| median.slack_ms).unwrap_or_default(),
            power_measured,
            power_far,
            power_total: set.power_total(),
            bound_ms,
        }
    }

    /// The time nearest to the own clock at which a quorum would take a block, as far as their clocks are known; who was
    /// not measured is taken to have the own time.
    pub(crate) fn accepted_ms(&self, now: Now, set: &ValidatorSet, own: &PeerKey, timing: &Timing) -> u64 {
        let mut differences = self.differences(now, set, own);
        let unknown = set.power_total().saturating_sub(power_of(&differences));
        differences.push(Difference { ahead_ms: 0, slack_ms: 0, power: unknown });
        differences.sort_unstable();
        let reaches = |sum: &mut u64, one: &Difference| {
            *sum = sum.saturating_add(one.power);
            Some(set.is_quorum(*sum).then_some(one.ahead_ms))
        };
        let lowest = differences.iter().scan(0, reaches).flatten().next().unwrap_or_default();
        let highest = differences.iter().rev().scan(0, reaches).flatten().next().unwrap_or_default();
        let at = |difference_ms: i64| now.unix_ms.saturating_add_signed(difference_ms);
        let latest_ms = at(highest).saturating_add(timing.block_ahead_max_ms / 2);
        let earliest_ms = at(lowest).saturating_sub(timing.block_behind_max_ms / 2);
        now.unix_ms.min(latest_ms).max(earliest_ms)
    }
}

fn power_of(differences: &[Difference]) -> u64 {
    differences.iter().fold(0, |sum, one| sum.saturating_add(one.power))
}

/// The weighted median. Where two would do, or anything between them, the one nearest to zero: it accuses nobody.
fn median(differences: &mut [Difference]) -> Option<Difference> {
    differences.sort_unstable();
    let twice = |power: u64| u128::from(power).saturating_mul(2);
    let all = u128::from(power_of(differences));
    let first = |is_reached: &dyn Fn(u128) -> bool| {
        let mut sum: u64 = 0;
        differences.iter().copied().find(|one| {
            sum = sum.saturating_add(one.power);
            is_reached(twice(sum))
        })
    };
    let (lower, upper) = (first(&|sum| sum >= all)?, first(&|sum| sum > all)?);
    if lower.ahead_ms <= 0 && upper.ahead_ms >= 0 {
        let slack_ms = lower.slack_ms.min(upper.slack_ms);
        return Some(Difference { ahead_ms: 0, slack_ms, power: lower.power });
    }
    Some(if lower.ahead_ms > 0 { lower } else { upper })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
