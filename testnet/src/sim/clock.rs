//! A node's two clocks, which may be wrong: the wall clock by an offset, both by their speed (FAULTS C17).

use replica::Now;

/// Where simulated time begins on a right wall clock, in Unix milliseconds: four seconds before the end of January 2027, so that whatever goes by
/// calendar months crosses one.
pub(crate) const UNIX_MS_AT_START: u64 = 1_801_440_000_000 - 4_000;

/// What a node takes for the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// How far the wall clock is ahead.
    pub(crate) ahead_ms: i64,
    /// Its speed in thousandths.
    pub(crate) speed: u64,
    /// When the node last started; the monotonic clock counts from there.
    pub(crate) started_us: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ahead_ms: 0, speed: 1_000, started_us: 0 }
    }
}

impl Clock {
    pub(crate) fn now(&self, at_us: u64) -> Now {
        let elapsed = |since: u64| (at_us - since) * self.speed / 1_000_000;
        let unix_ms = (UNIX_MS_AT_START + elapsed(0)).saturating_add_signed(self.ahead_ms);
        Now { monotonic_ms: elapsed(self.started_us), unix_ms }
    }

    /// The first moment at which the monotonic clock shows this.
    pub(crate) fn at_us(&self, monotonic_ms: u64) -> u64 {
        let us = u128::from(monotonic_ms) * 1_000_000;
        let us = us.div_ceil(u128::from(self.speed));
        self.started_us.saturating_add(u64::try_from(us).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_rings_at_the_first_moment_the_clock_shows_its_time() {
        for speed in [1_000, 2_000, 997, 500] {
            let clock = Clock { ahead_ms: -5, speed, started_us: 12_345 };
            for monotonic_ms in [0, 1, 7, 100, 12_345] {
                let at_us = clock.at_us(monotonic_ms);
                assert_eq!(clock.now(at_us).monotonic_ms, monotonic_ms, "speed {speed}");
                assert!(at_us == 12_345 || clock.now(at_us - 1).monotonic_ms < monotonic_ms);
            }
        }
    }
}
