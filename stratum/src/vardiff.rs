//! Variable difficulty: which difficulty keeps a machine at ten to twenty shares a minute.
//!
//! It must not know what a share is; it hears when one of a given weight was accepted, and answers with a new
//! difficulty when the old one does not fit. Invariants: integers only; the answer is within the bounds; a share that
//! was refused changes nothing. Because every share is credited at the difficulty of its job, a machine gains nothing
//! by confusing this file, it only sends more bytes.

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
    /// What the miner asked never to go below.
    floor: Option<Difficulty>,
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
            floor: None,
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

    /// What fits the machine, whatever the bounds allow: what its next connection begins with.
    #[must_use]
    pub const fn wanted(&self) -> Difficulty {
        self.wanted
    }

    /// Takes a suggestion, or keeps close to the measured rate if there is one: a miner that was judged cannot talk
    /// its difficulty down to a flood. Says whether the difficulty changed.
    pub fn suggest(&mut self, wanted: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        let lowest = if self.was_judged { divided(self.current, 8) } else { Difficulty::MIN };
        self.assign(wanted.max(lowest), bounds, now_ms)
    }

    /// Takes a suggestion and never goes below it again.
    pub fn floor(&mut self, floor: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        self.floor = Some(floor);
        self.assign(floor, bounds, now_ms)
    }

    /// Begins where an earlier connection of the same worker was.
    pub fn resume(&mut self, earlier: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        self.was_judged = true;
        self.assign(earlier, bounds, now_ms)
    }

    /// Counts an accepted share of `weight`. Says whether the difficulty changed.
    pub fn accepted(&mut self, weight: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        self.shares = self.shares.saturating_add(1);
        self.billionths = self.billionths.saturating_add(weight.billionths());
        self.shares >= JUDGED_AFTER_SHARES && self.judge(bounds, now_ms)
    }

    /// Looks at the clock. Says whether the difficulty changed.
    pub fn tick(&mut self, bounds: &Bounds, now_ms: u64) -> bool {
        let elapsed_ms = now_ms.saturating_sub(self.since_ms);
        if self.shares == 0 && elapsed_ms >= SILENT_AFTER_MS && !self.was_judged {
            return self.assign(divided(self.current, SILENT_STEP), bounds, now_ms);
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
            self.restart(now_ms);
            return false;
        }
        let lowest = now.checked_div(STEP_MAX).unwrap_or(0).max(1);
        let next = fit.clamp(lowest, now.saturating_mul(STEP_MAX).max(lowest));
        self.assign(Difficulty::from_billionths(next).unwrap_or(Difficulty::MAX), bounds, now_ms)
    }

    fn assign(&mut self, wanted: Difficulty, bounds: &Bounds, now_ms: u64) -> bool {
        let wanted = self.floor.map_or(wanted, |floor| wanted.max(floor));
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

fn divided(difficulty: Difficulty, by: u128) -> Difficulty {
    let billionths = difficulty.billionths().checked_div(by).unwrap_or(0).max(1);
    Difficulty::from_billionths(billionths).unwrap_or(Difficulty::MIN)
}
