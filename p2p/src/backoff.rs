//! When to try again: doubling waits up to a cap, for ever, without chance.
//!
//! It must not know a clock nor what is tried.

/// The waits of one thing that is tried until it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first_ms: u64,
    cap_ms: u64,
    next_ms: u64,
}

impl Backoff {
    /// Waits `first_ms`, then twice as long each time, never longer than `cap_ms`.
    #[must_use]
    pub const fn new(first_ms: u64, cap_ms: u64) -> Self {
        Self { first_ms, cap_ms, next_ms: first_ms }
    }

    /// How long to wait after one more failure.
    pub fn failed(&mut self) -> u64 {
        let wait_ms = self.next_ms.min(self.cap_ms);
        self.next_ms = wait_ms.saturating_mul(2).min(self.cap_ms);
        wait_ms
    }

    /// Begins anew.
    pub const fn succeeded(&mut self) {
        self.next_ms = self.first_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_begin_anew_after_success() {
        let mut backoff = Backoff::new(250, 8_000);
        let waits: Vec<_> = (0..8).map(|_| backoff.failed()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        backoff.succeeded();
        assert_eq!(backoff.failed(), 250);
    }
}
