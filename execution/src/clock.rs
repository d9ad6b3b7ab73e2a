//! The bounds that a voter's clock puts on the time of a block when it is first proposed.
//!
//! They are no part of validity: a certified or re-proposed block, a block in replay or in sync is never judged by them.
//! The earliest time that there is after the parent is never too far ahead, or a chain whose clocks were all set back would
//! stand until they have come forward again.

use types::{TimeMs, Timing};

/// How a block's time lies outside what a voter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockBreach {
    /// Too far ahead of the voter's clock.
    #[error("the block's time is {by} ms further ahead of this clock than allowed")]
    Ahead {
        /// Milliseconds beyond the bound.
        by: u64,
    },
    /// Too far behind the voter's clock.
    #[error("the block's time is {by} ms further behind this clock than allowed")]
    Behind {
        /// Milliseconds beyond the bound.
        by: u64,
    },
}

/// Judges the time of a newly proposed block on a parent of that time by a voter's clock.
///
/// # Errors
/// [`ClockBreach`].
pub const fn check_clock(timing: &Timing, block: TimeMs, parent: TimeMs, clock: TimeMs) -> Result<(), ClockBreach> {
    let latest = clock.saturating_add(timing.block_ahead_max_ms);
    let earliest = clock.saturating_sub(timing.block_behind_max_ms);
    if block.0 > latest.0 && block.0 > parent.next().0 {
        return Err(ClockBreach::Ahead { by: block.saturating_sub(latest.0).0 });
    }
    if block.0 < earliest.0 {
        return Err(ClockBreach::Behind { by: earliest.saturating_sub(block.0).0 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_may_be_half_a_second_ahead_and_fifteen_behind() {
        let timing = Timing::default();
        let clock = TimeMs(100_000);
        for (time, verdict) in [
            (100_500, Ok(())),
            (100_501, Err(ClockBreach::Ahead { by: 1 })),
            (85_000, Ok(())),
            (84_999, Err(ClockBreach::Behind { by: 1 })),
        ] {
            assert_eq!(check_clock(&timing, TimeMs(time), TimeMs(80_000), clock), verdict, "{time}");
        }
        assert_eq!(check_clock(&timing, TimeMs(0), TimeMs(0), TimeMs(1)), Ok(()), "no underflow near zero");
    }

    // FAULTS HT12
    #[test]
    fn the_first_moment_after_the_parent_is_never_too_far_ahead_and_the_second_one_is() {
        let (timing, clock, parent) = (Timing::default(), TimeMs(100_000), TimeMs(130_000));
        assert_eq!(check_clock(&timing, TimeMs(130_001), parent, clock), Ok(()));
        assert_eq!(check_clock(&timing, TimeMs(130_002), parent, clock), Err(ClockBreach::Ahead { by: 29_502 }));
        assert_eq!(check_clock(&timing, TimeMs::MAX, TimeMs::MAX, clock), Ok(()), "no overflow at the end of time");
    }
}
