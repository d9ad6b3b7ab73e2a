//! How much a peer may say: a token bucket per peer and channel.
//!
//! It must not know a clock: the caller says what time it is (monotonic milliseconds; going back counts as standing
//! still). It limits rates only; what waits is bounded in bytes, elsewhere.

use std::collections::BTreeMap;

use types::PeerKey;

use crate::channels::{Channel, Row};

/// Parts of a token, so that slow rates need no fractions: a rate per second is as many parts per millisecond.
const PARTS: u64 = 1_000;

/// A bucket that fills at a rate and holds a burst.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    parts: u64,
    /// What was taken ahead of time: it is paid before the bucket fills.
    owed: u64,
    parts_max: u64,
    parts_per_ms: u64,
    filled_ms: u64,
}

impl TokenBucket {
    /// A full bucket. `rate_per_second` must not be 0 if it is ever to fill again.
    #[must_use]
    pub fn new(rate_per_second: u32, burst: u32, now_ms: u64) -> Self {
        let parts_max = u64::from(burst).saturating_mul(PARTS);
        Self { parts: parts_max, owed: 0, parts_max, parts_per_ms: u64::from(rate_per_second), filled_ms: now_ms }
    }

    /// A full bucket with a channel's limits.
    #[must_use]
    pub fn of_row(row: &Row, now_ms: u64) -> Self {
        Self::new(row.rate_per_second, row.burst, now_ms)
    }

    /// Takes one token.
    ///
    /// # Errors
    /// How many milliseconds to wait until there is one; nothing is taken.
    pub fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        self.fill(now_ms);
        if let Some(left) = self.parts.checked_sub(PARTS) {
            self.parts = left;
            return Ok(());
        }
        let missing = PARTS.saturating_sub(self.parts);
        Err(if self.parts_per_ms == 0 { u64::MAX } else { missing.div_ceil(self.parts_per_ms) })
    }

    /// Takes as many as there are, at most `wanted`, and `least` tokens in any case, ahead of time if there are fewer. Says how many
    /// it took, and how many milliseconds later all that was taken is paid: so whoever asks first is served first.
    pub fn take_ahead(&mut self, wanted: u64, least: u64, now_ms: u64) -> (u64, u64) {
        self.fill(now_ms);
        let taken = (self.parts / PARTS).max(least).min(wanted);
        let parts = taken.saturating_mul(PARTS);
        self.owed = self.owed.saturating_add(parts.saturating_sub(self.parts));
        self.parts = self.parts.saturating_sub(parts);
        let wait_ms = match (self.owed, self.parts_per_ms) {
            (0, _) => 0,
            (_, 0) => u64::MAX,
            (owed, rate) => owed.div_ceil(rate),
        };
        (taken, wait_ms)
    }

    /// Gives back what was taken and is not used.
    pub fn give_back(&mut self, tokens: u64) {
        self.gain(tokens.saturating_mul(PARTS));
    }

    fn fill(&mut self, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.filled_ms);
        self.filled_ms = self.filled_ms.max(now_ms);
        self.gain(passed.saturating_mul(self.parts_per_ms));
    }

    fn gain(&mut self, parts: u64) {
        let left = parts.saturating_sub(self.owed);
        self.owed = self.owed.saturating_sub(parts);
        self.parts = self.parts.saturating_add(left).min(self.parts_max);
    }
}

/// The buckets of all peers. Forget a peer when it is gone: the map holds no more than the peers there are.
#[derive(Debug, Default)]
pub struct Budget {
    buckets: BTreeMap<(PeerKey, Channel), TokenBucket>,
}

impl Budget {
    /// Counts one message of a peer on a channel.
    ///
    /// # Errors
    /// How many milliseconds too early it came.
    pub fn take(&mut self, peer: PeerKey, channel: Channel, now_ms: u64) -> Result<(), u64> {
        let fresh = || TokenBucket::of_row(channel.row(), now_ms);
        self.buckets.entry((peer, channel)).or_insert_with(fresh).take(now_ms)
    }

    /// Drops what is known about a peer.
    pub fn forget(&mut self, peer: PeerKey) {
        self.buckets.retain(|(owner, _), _| *owner != peer);
    }

    /// How many buckets are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether nobody has said anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}
