//! How often something happened lately, and who has to stay away for it.
//!
//! It must not know what is counted. Invariants: both hold a bounded number of times; an idle connection holds none;
//! time is what the caller says, in milliseconds, and never goes back.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::limits::{BAN_MS, BANS_MAX, COUNTING_SPAN_MS};
use crate::worker::Worker;

/// Counts within the last [`COUNTING_SPAN_MS`], exactly, up to a limit.
#[derive(Debug, Default)]
pub struct Recent {
    times_ms: VecDeque<u64>,
}

impl Recent {
    /// Counts one more at `now_ms`, and says whether there are more than `limit` within the span.
    pub fn exceeds(&mut self, now_ms: u64, limit: usize) -> bool {
        let begin_ms = now_ms.saturating_sub(COUNTING_SPAN_MS);
        while self.times_ms.front().is_some_and(|time_ms| *time_ms < begin_ms || self.times_ms.len() > limit) {
            self.times_ms.pop_front();
        }
        self.times_ms.push_back(now_ms);
        self.times_ms.len() > limit
    }
}

/// Counts within spans of [`COUNTING_SPAN_MS`] that begin with what is counted: for limits so high that all times would be a lot to
/// keep.
#[derive(Debug, Default)]
pub struct Spans {
    begin_ms: u64,
    count: usize,
}

impl Spans {
    /// Counts one more at `now_ms`, and says whether there are more than `limit` in this span.
    pub const fn exceeds(&mut self, now_ms: u64, limit: usize) -> bool {
        if now_ms.saturating_sub(self.begin_ms) >= COUNTING_SPAN_MS {
            (self.begin_ms, self.count) = (now_ms, 0);
        }
        self.count = self.count.saturating_add(1);
        self.count > limit
    }
}

/// Workers that are kept away for a while. A ban holds for a worker as seen from one IP address, so that nobody can
/// shut out another's machine by misbehaving in its name.
#[derive(Debug, Default)]
pub struct Bans {
    until_ms: BTreeMap<(IpAddr, Worker), u64>,
    order: VecDeque<(IpAddr, Worker)>,
}

impl Bans {
    /// Keeps `worker` at `ip` away for [`BAN_MS`].
    pub fn ban(&mut self, ip: IpAddr, worker: Worker, now_ms: u64) {
        let key = (ip, worker);
        if self.until_ms.insert(key.clone(), now_ms.saturating_add(BAN_MS)).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > BANS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.until_ms.remove(&oldest);
            }
        }
    }

    /// Whether `worker` at `ip` has to stay away.
    #[must_use]
    pub fn holds(&self, ip: IpAddr, worker: &Worker, now_ms: u64) -> bool {
        self.until_ms.get(&(ip, worker.clone())).is_some_and(|until_ms| *until_ms > now_ms)
    }

    /// Forgets what is over.
    pub fn expire(&mut self, now_ms: u64) {
        self.until_ms.retain(|_, until_ms| *until_ms > now_ms);
        self.order.retain(|key| self.until_ms.contains_key(key));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use types::Address;

    use super::*;
    use crate::worker::WorkerName;

    #[test]
    fn only_the_last_minute_counts() {
        let mut recent = Recent::default();
        assert!((0..12).all(|index| !recent.exceeds(index * 1_000, 12)));
        assert!(recent.exceeds(12_000, 12));
        assert!(!recent.exceeds(72_001 + 60_000, 12), "all earlier ones are a minute old");
        let mut flood = Recent::default();
        assert_eq!((0..100_000).filter(|index| flood.exceeds(index / 1_000, 12)).count(), 99_988);
        assert!(flood.times_ms.len() <= 13);
    }

    #[test]
    fn a_span_begins_with_what_is_counted_and_holds_two_numbers() {
        let mut spans = Spans::default();
        assert!((0..3_000).all(|index| !spans.exceeds(5_000_000 + index, 3_000)));
        assert!(spans.exceeds(5_000_000 + COUNTING_SPAN_MS - 1, 3_000));
        assert!(!spans.exceeds(5_000_000 + COUNTING_SPAN_MS, 3_000));
        assert!(size_of::<Spans>() <= 16, "for each of thousands of connections");
    }

    #[test]
    fn a_ban_holds_for_five_minutes_for_one_worker_at_one_address() {
        let worker = |name: &str| Worker { address: Address([1; 20]), name: WorkerName::from_untrusted(name) };
        let (here, there) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
        let mut bans = Bans::default();
        bans.ban(here, worker("a"), 1_000);
        assert!(bans.holds(here, &worker("a"), 300_999));
        assert!(!bans.holds(here, &worker("a"), 301_000));
        assert!(!bans.holds(here, &worker("b"), 2_000) && !bans.holds(there, &worker("a"), 2_000));
        bans.expire(301_000);
        assert!(bans.until_ms.is_empty() && bans.order.is_empty());
        (0..BANS_MAX + 10).for_each(|index| bans.ban(here, worker(&index.to_string()), 0));
        assert_eq!((bans.until_ms.len(), bans.order.len()), (BANS_MAX, BANS_MAX));
    }
}
