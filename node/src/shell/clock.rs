//! The two clocks of the node, read once per step.
//!
//! Timers live by the monotonic one, so that a wrong or jumping wall clock cannot stop or hurry consensus; block times are made of
//! and compared with the other.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use replica::Now;

/// Reads both clocks; the monotonic one counts from when this was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Both clocks, in milliseconds. A wall clock before 1970 reads as 1970.
    #[must_use]
    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { monotonic_ms: milliseconds(self.start.elapsed()), unix_ms: milliseconds(unix) }
    }

    /// The instant of a monotonic time.
    #[must_use]
    pub fn instant(&self, monotonic_ms: u64) -> Option<Instant> {
        self.start.checked_add(Duration::from_millis(monotonic_ms))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
