//! Variable difficulty: which difficulty keeps a machine at ten to twenty shares a minute.
//!
//! It must not know what a share is; it hears when one of a given weight was accepted, and answers with a new
//! difficulty when the old one does not fit. Invariants: integers only; the answer is within the bounds; a share that
//! was refused changes nothing. A machine that tells only shares above a difficulty of its own (many tell none below 1) is found out
//! by what its shares show, and is never asked for lighter ones: they would be credited for less than it did. Because every share is credited at the difficulty of its job, a machine gains nothing
//! by confusing this file, it only sends more bytes.

use std::collections::VecDeque;

use pow::Difficulty;

/// Wanted time between two shares: 15 a minute.
pub const SHARE_INTERVAL_MS: u64 = 4_000;
/// The span after which the rate is judged.
const JUDGED_AFTER_MS: u64 = 120_000;
/// So many shares are enough to judge a rate that is too high.
const JUDGED_AFTER_SHARES: u32 = 30;
/// Without any share, the first judgement comes earlier, because a small machine should be seen soon.
const SILENT_AFTER_MS: u64 = 30_000;
/// Largest step upwards and downwards at once.
const STEP_MAX: u128 = 64;
/// Largest step downwards because of silence.
const SILENT_STEP: u128 = 16;

/// So many of the last shares are looked at for what they show: an hour of them tells of a machine that is asked for 4 % too little.
const SHOWN_MAX: usize = 768;
/// How many of the last shares are looked at together, to find out soon about a machine that is asked for far too little.
const SHOWN_SPANS: [usize; 19] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, SHOWN_MAX];
/// Logarithms are to base 2, in so many parts.
const LOG_ONE: u32 = 256;
const LOG_BITS: u32 = 8;
/// What a logarithm may lack by the way it is rounded.
const LOG_ROUNDING: u32 = 1;
/// By chance, so few shares are so much heavier than they had to be once in 2^32: in a hundred years of a machine.
const SURE_LOG: u32 = 32 * LOG_ONE;
/// What a machine showed is forgotten after so long without a share.
const SHOWN_MS: u64 = 4 * 60 * 60 * 1_000;

/// What the next connection of a machine begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// The difficulty that fits it, whatever the bounds allow; nothing if none was measured or met. What a machine only suggested it
    /// may never meet, and suggests again if it means it.
    pub wanted: Option<Difficulty>,
    /// Below this it tells no share.
    pub shown: Option<Difficulty>,
}

/// What an accepted share had to show, and what it did: logarithms of billionths.
#[derive(Clone, Copy, Debug)]
struct Shown {
    asked_log: u16,
    log: u16,
}

/// The lowest and highest difficulty that may be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Lowest.
    pub min: Difficulty,
    /// Highest; wins over the lowest.
    pub max: Difficulty,
}

impl Bounds {
    /// The difficulty within the bounds that is nearest to `wanted`.
    #[must_use]
    pub fn clamp(&self, wanted: Difficulty) -> Difficulty {
        wanted.max(self.min).min(self.max)
    }
}

/// The difficulty of one connection.
#[derive(Clone, Debug)]
pub struct Vardiff {
    current: Difficulty,
    /// What fits the machine, whatever the bounds allow. Where it is more than they do, the difficulty follows when they widen:
    /// otherwise a machine at the upper bound would hand in shares that the chain no longer counts.
    wanted: Difficulty,
    /// Whether that was measured, and not suggested.
    is_measured: bool,
    /// What fitted it last, or what it met.
    kept: Option<Difficulty>,
    /// What the miner asked never to go below.
    floor: Option<Difficulty>,
    /// Below this the machine tells no share, as its shares show.
    shown: Option<Difficulty>,
    /// The last shares, the newest first.
    last: VecDeque<Shown>,
    last_ms: u64,
    since_ms: u64,
    shares: u32,
    billionths: u128,
    was_judged: bool,
}

impl Vardiff {
    /// Begins at `start`.
    #[must_use]
    pub const fn new(start: Difficulty, now_ms: u64) -> Self {
        Self {
            current: start,
            wanted: start,
            is_measured: false,
            kept: None,
            floor: None,
            shown: None,
            last: VecDeque::new(),
            last_ms: now_ms,
            since_ms: now_ms,
            shares: 0,
            billionths: 0,
            was_judged: false,
        }
    }

    /// The difficulty for the next job.
    #[must_use]
    pub const fn current(&self) -> Difficulty {
        self.current
    }

    /// What its next connection begins with.
    #[must_use]
    pub const fn habits(&self) -> Habits {
        Habits { wanted: self.kept, shown: self.shown }
    }

    /// Takes a suggestion, or keeps close to the measured rate if there is one: a miner that was judged cannot talk
    /// its difficulty down to a flood. Says whether the difficulty changed.
    pub fn suggest(&mut self, wanted: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        self.is_measured = false;
        let lowest = if self.was_judged { divided(self.current, 8) } else { Difficulty::MIN };
        self.assign(wanted.max(lowest), bounds, now_ms)
    }

    /// Takes a suggestion and never goes below it again.
    pub fn floor(&mut self, floor: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        self.floor = Some(floor);
        self.is_measured = false;
        self.assign(floor, bounds, now_ms)
    }

    /// Begins where an earlier connection of the same worker was.
    pub fn resume(&mut self, earlier: Habits, bounds: &Bounds, now_ms: u64) -> bool {
        self.shown = earlier.shown;
        self.last_ms = now_ms;
        if earlier.wanted.is_some() {
            (self.was_judged, self.is_measured, self.kept) = (true, true, earlier.wanted);
        }
        self.assign(earlier.wanted.unwrap_or(self.wanted), bounds, now_ms)
    }

    /// Counts an accepted share of a weight, whose hash shows a difficulty. Says whether the difficulty changed.
    pub fn accepted(&mut self, (weight, shown): (Difficulty, Difficulty), bounds: &Bounds, now_ms: u64) -> bool {
        self.shares = self.shares.saturating_add(1);
        self.billionths = self.billionths.saturating_add(weight.billionths());
        self.last_ms = now_ms;
        if !self.is_measured {
            self.kept = Some(weight);
        }
        self.last.truncate(SHOWN_MAX.saturating_sub(1));
        let (asked_log, log) = (logarithm(weight.billionths()), logarithm(shown.billionths()));
        self.last.push_front(Shown { asked_log, log });
        if let Some(shown) = self.tells_none_below().filter(|shown| *shown > self.current) {
            self.shown = Some(shown);
            self.last.clear();
            return self.assign(self.wanted, bounds, now_ms);
        }
        self.shares >= JUDGED_AFTER_SHARES && self.judge(bounds, now_ms)
    }

    /// A difficulty, not far above the one below which the machine tells no share, if that is all but certain. Of shares that had to
    /// show d, one in x shows x·d or more: if some in a row all do, either that is a great chance or the lighter ones are kept back.
    /// Asked for a little more than it tells, a machine is credited rightly; for less, it is not.
    fn tells_none_below(&self) -> Option<Difficulty> {
        let spans = SHOWN_SPANS.iter().take_while(|span| **span <= self.last.len());
        spans.copied().find_map(|span| {
            let least = self.last.iter().take(span).map(|share| share.log).min()?;
            let chance_log = self.last.iter().take(span).fold(0_u32, |sum, share| {
                let asked_log = u32::from(share.asked_log).saturating_add(LOG_ROUNDING);
                sum.saturating_add(u32::from(least).saturating_sub(asked_log))
            });
            if chance_log >= SURE_LOG { lightest_above(least) } else { None }
        })
    }

    /// Looks at the clock. Says whether the difficulty changed.
    pub fn tick(&mut self, bounds: &Bounds, now_ms: u64) -> bool {
        if now_ms.saturating_sub(self.last_ms) >= SHOWN_MS {
            self.shown = None;
        }
        let elapsed_ms = now_ms.saturating_sub(self.since_ms);
        if self.shares == 0 && elapsed_ms >= SILENT_AFTER_MS && !self.was_judged {
            return self.fit(divided(self.current, SILENT_STEP), bounds, now_ms);
        }
        elapsed_ms >= JUDGED_AFTER_MS && self.judge(bounds, now_ms)
    }

    /// Follows bounds that moved. Says whether the difficulty changed.
    pub fn rebound(&mut self, bounds: &Bounds, now_ms: u64) -> bool {
        self.assign(self.wanted, bounds, now_ms)
    }

    /// Follows bounds that moved, and keeps measuring if they leave the difficulty alone. Says whether it changed.
    pub fn rebound_if_outside(&mut self, bounds: &Bounds, now_ms: u64) -> bool {
        bounds.clamp(self.wanted) != self.current && self.rebound(bounds, now_ms)
    }

    fn judge(&mut self, bounds: &Bounds, now_ms: u64) -> bool {
        self.was_judged |= self.shares > 0;
        let elapsed_ms = u128::from(now_ms.saturating_sub(self.since_ms).max(1));
        let measured = self.billionths.saturating_mul(u128::from(SHARE_INTERVAL_MS)).checked_div(elapsed_ms);
        let (now, fit) = (self.current.billionths(), measured.unwrap_or(0));
        // Between ten and twenty shares a minute nothing is changed.
        let is_close = fit.saturating_mul(3) >= now.saturating_mul(2) && fit.saturating_mul(3) <= now.saturating_mul(4);
        if is_close {
            (self.is_measured, self.kept) = (true, Some(self.current));
            self.restart(now_ms);
            return false;
        }
        let lowest = now.checked_div(STEP_MAX).unwrap_or(0).max(1);
        let next = fit.clamp(lowest, now.saturating_mul(STEP_MAX).max(lowest));
        self.fit(Difficulty::from_billionths(next).unwrap_or(Difficulty::MAX), bounds, now_ms)
    }

    /// Assigns what was measured.
    fn fit(&mut self, fit: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        let has_changed = self.assign(fit, bounds, now_ms);
        (self.is_measured, self.kept) = (true, Some(self.wanted));
        has_changed
    }

    fn assign(&mut self, wanted: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        let wanted = [self.floor, self.shown].into_iter().flatten().fold(wanted, Difficulty::max);
        self.wanted = wanted;
        let next = bounds.clamp(wanted);
        let has_changed = next != self.current;
        self.current = next;
        self.restart(now_ms);
        has_changed
    }

    fn restart(&mut self, now_ms: u64) {
        self.since_ms = now_ms;
        self.shares = 0;
        self.billionths = 0;
    }
}

/// The logarithm of a number above zero, rounded down.
fn logarithm(number: u128) -> u16 {
    let whole = number.checked_ilog2().unwrap_or(0);
    // The number between 1 and 2, with 63 fractional bits; each squaring tells one more bit of its logarithm.
    let scaled = number.checked_shl(127_u32.saturating_sub(whole)).unwrap_or(0) >> 64;
    let (mut rest, mut log) = (scaled, whole);
    for _ in 0..LOG_BITS {
        rest = rest.saturating_mul(rest) >> 63;
        let is_two = rest >> 64;
        rest >>= u32::from(is_two > 0);
        log = (log << 1) | u32::from(is_two > 0);
    }
    u16::try_from(log).unwrap_or(u16::MAX)
}

/// The lightest difficulty whose logarithm is above `log`.
fn lightest_above(log: u16) -> Option<Difficulty> {
    let (mut below, mut above) = (0_u128, Difficulty::MAX.billionths());
    while above.saturating_sub(below) > 1 {
        let middle = below.midpoint(above);
        if logarithm(middle) > log {
            above = middle;
        } else {
            below = middle;
        }
    }
    Difficulty::from_billionths(above).ok()
}

fn divided(difficulty: Difficulty, by: u128) -> Difficulty {
    let billionths = difficulty.billionths().checked_div(by).unwrap_or(0).max(1);
    Difficulty::from_billionths(billionths).unwrap_or(Difficulty::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_rounded_down_and_found_again() {
        for number in (0..89).flat_map(|bit| [1_u128 << bit, (1_u128 << bit) + 1, (1_u128 << bit) * 7 / 4 + 1]) {
            let exact = (number as f64).log2() * f64::from(LOG_ONE);
            let lacks = exact - f64::from(logarithm(number));
            assert!((-1e-6..=1.000_001).contains(&lacks), "{number}: {lacks}");
            let above = lightest_above(logarithm(number)).map_or(0, Difficulty::billionths);
            assert!(above > number && above <= number + number / 300 + 1, "{above} above {number}");
        }
        assert_eq!(lightest_above(logarithm(Difficulty::MAX.billionths())), Some(Difficulty::MAX));
        assert!(logarithm(u128::MAX) < 128 * 256);
    }
}
