//! What one direction of a line does to datagrams: each takes its time, some are lost, none overtakes another.
//!
//! It must not know sockets or the clock. Invariant: one seed gives one weather.

use std::time::Duration;

use crate::sim::lots::Lots;

/// A loss of all, in the unit of [`Weather::lost_ppm`].
const ALL_PPM: u64 = 1_000_000;

/// How the lines between nodes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// How long a datagram is on its way, in one direction.
    pub delay: Duration,
    /// What may be added to that, drawn anew for each.
    pub jitter: Duration,
    /// Of a million datagrams so many are lost.
    pub lost_ppm: u64,
    /// Decides which, and what each one's jitter is.
    pub seed: u64,
}

impl Weather {
    /// The longest way there is, in one direction.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.delay.saturating_add(self.jitter)
    }

    /// How often something may have to be sent, at most, because a datagram of it is lost.
    #[must_use]
    pub fn tries(&self) -> u32 {
        let twentieths = self.lost_ppm.div_ceil(ALL_PPM / 20);
        u32::try_from(twentieths).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// One direction of a line between two nodes.
#[derive(Debug)]
pub(super) struct Way {
    weather: Weather,
    lots: Lots,
    /// When the newest datagram arrives, since the relay began.
    newest: Duration,
}

impl Way {
    /// The way at this place among all that are in the same weather.
    pub(super) const fn new(weather: Weather, place: u64) -> Self {
        Self { weather, lots: Lots::new(weather.seed.rotate_left(17) ^ place), newest: Duration::ZERO }
    }

    /// When a datagram arrives that sets out now; never, if it is lost. One that has a shorter way than the one before waits
    /// for it, as in the queue of a router.
    pub(super) fn carry(&mut self, now: Duration) -> Option<Duration> {
        let jitter_us = u64::try_from(self.weather.jitter.as_micros()).unwrap_or(u64::MAX);
        let added = Duration::from_micros(self.lots.between(0..=jitter_us));
        if self.lots.below(ALL_PPM) < self.weather.lost_ppm {
            return None;
        }
        self.newest = self.newest.max(now + self.weather.delay + added);
        Some(self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn datagrams_take_their_time_in_order_and_the_same_with_the_same_seed() {
        let weather = Weather { delay: ms(100), jitter: ms(30), ..Weather::default() };
        let arrivals = |seed| {
            let mut way = Way::new(weather, seed);
            (0..1_000).map(|at| way.carry(ms(at)).expect("none is lost")).collect::<Vec<_>>()
        };
        let first = arrivals(1);
        assert!(first.is_sorted());
        assert!(first.iter().zip(0..).all(|(arrives, at)| (ms(at + 100)..=ms(at + 130)).contains(arrives)));
        assert!(first == arrivals(1) && first != arrivals(2));
    }

    #[test]
    fn the_wanted_share_is_lost() {
        let mut way = Way::new(Weather { lost_ppm: 50_000, ..Weather::default() }, 1);
        let lost = (0..100_000).filter(|at| way.carry(ms(*at)).is_none()).count();
        assert!((4_500..5_500).contains(&lost), "{lost}");
        let mut calm = Way::new(Weather::default(), 1);
        assert!((0..100_000).all(|at| calm.carry(ms(at)) == Some(ms(at))));
    }
}
