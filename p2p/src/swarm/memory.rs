//! How much memory this process holds, looked at seldom enough to cost nothing.

use std::time::Duration;

use tokio::time::Instant;

/// How long a look is good for.
const FRESH: Duration = Duration::from_millis(200);
const PAGE_BYTES: u64 = 4_096;

/// Resident memory of this process; 0 where the system does not tell.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the kernel's word on this process, where no file of the house lies")]
pub fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default().saturating_mul(PAGE_BYTES)
}

/// How memory stands to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressure {
    /// There is room.
    Low,
    /// More than seven eighths of the bound are taken.
    Near,
    /// There is no room for strangers.
    Over,
}

/// The bound, and the last look.
pub(super) struct Memory {
    bytes_max: u64,
    look: fn() -> u64,
    seen: Option<(Instant, u64)>,
}

impl Memory {
    pub(super) const fn new(bytes_max: u64, look: fn() -> u64) -> Self {
        Self { bytes_max, look, seen: None }
    }

    /// Bytes that are held, and the bound.
    pub(super) fn held(&mut self) -> (u64, u64) {
        let fresh = self.seen.filter(|(at, _)| at.elapsed() < FRESH).map(|(_, bytes)| bytes);
        let bytes = fresh.unwrap_or_else(|| {
            let bytes = (self.look)();
            self.seen = Some((Instant::now(), bytes));
            bytes
        });
        (bytes, self.bytes_max)
    }

    pub(super) fn pressure(&mut self) -> Pressure {
        let (bytes, bytes_max) = self.held();
        if bytes > bytes_max {
            Pressure::Over
        } else if bytes > bytes_max.saturating_sub(bytes_max / 8) {
            Pressure::Near
        } else {
            Pressure::Low
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_some_memory_and_the_bound_is_told_from_afar() {
        assert!(resident_bytes() > 100_000);
        let pressure = |bytes_max| Memory::new(bytes_max, || 1_000).pressure();
        assert_eq!(
            [999, 1_000, 1_141, 1_200].map(pressure),
            [Pressure::Over, Pressure::Near, Pressure::Near, Pressure::Low]
        );
    }
}
