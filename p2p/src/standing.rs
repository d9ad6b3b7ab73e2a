//! A peer's standing: points for misbehaviour that fade with time, and a block when there are too many.
//!
//! It must not know what the misbehaviour was. Time is the caller's monotonic milliseconds.

use std::collections::BTreeMap;

use types::PeerKey;

/// How bad it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// An honest peer may do it sometimes.
    Slight,
    /// An honest peer does not do it, but a broken link or an old version may explain it.
    Serious,
    /// Only intent explains it.
    Fatal,
}

impl Severity {
    const fn points(self) -> u64 {
        match self {
            Self::Slight => 5,
            Self::Serious => 25,
            Self::Fatal => POINTS_MAX,
        }
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The peer may stay.
    Stays,
    /// The peer is blocked until this time.
    BlockedUntil(u64),
}

const POINTS_MAX: u64 = 100;
/// One point fades in this time.
const FADE_MS: u64 = 2_000;

#[derive(Clone, Copy, Debug)]
struct Record {
    points: u64,
    since_ms: u64,
    blocked_until_ms: u64,
}

/// Who has done how much. Bounded: peers without points or block are forgotten.
#[derive(Debug)]
pub struct Standing {
    block_ms: u64,
    records: BTreeMap<PeerKey, Record>,
}

impl Standing {
    /// Blocks last `block_ms`.
    #[must_use]
    pub const fn new(block_ms: u64) -> Self {
        Self { block_ms, records: BTreeMap::new() }
    }

    /// Counts one misbehaviour.
    pub fn punish(&mut self, peer: PeerKey, severity: Severity, now_ms: u64) -> Judgement {
        let record = self.records.entry(peer).or_insert(Record { points: 0, since_ms: now_ms, blocked_until_ms: 0 });
        let faded = now_ms.saturating_sub(record.since_ms) / FADE_MS;
        record.points = record.points.saturating_sub(faded).saturating_add(severity.points());
        record.since_ms = now_ms;
        if record.points < POINTS_MAX {
            return Judgement::Stays;
        }
        record.points = 0;
        record.blocked_until_ms = now_ms.saturating_add(self.block_ms);
        Judgement::BlockedUntil(record.blocked_until_ms)
    }

    /// Whether the peer is blocked now.
    #[must_use]
    pub fn is_blocked(&self, peer: PeerKey, now_ms: u64) -> bool {
        self.records.get(&peer).is_some_and(|record| record.blocked_until_ms > now_ms)
    }

    /// Holds nothing against a peer any more.
    pub fn pardon(&mut self, peer: PeerKey) {
        self.records.remove(&peer);
    }

    /// Whether nothing is held against anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Forgets what has faded, and names the peers whose block has ended.
    pub fn forgive(&mut self, now_ms: u64) -> Vec<PeerKey> {
        let mut released = Vec::new();
        self.records.retain(|peer, record| {
            let was_blocked = record.blocked_until_ms > 0;
            if was_blocked && record.blocked_until_ms <= now_ms {
                released.push(*peer);
                record.blocked_until_ms = 0;
            }
            let faded = now_ms.saturating_sub(record.since_ms) / FADE_MS;
            record.blocked_until_ms > now_ms || record.points > faded
        });
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerKey = PeerKey([1; 32]);

    #[test]
    fn slight_faults_fade_and_fatal_ones_block_at_once() {
        let mut standing = Standing::new(60_000);
        for turn in 0..200 {
            assert_eq!(standing.punish(PEER, Severity::Slight, turn * 10_000), Judgement::Stays);
        }
        let now = 200 * 10_000;
        assert_eq!(standing.punish(PEER, Severity::Fatal, now), Judgement::BlockedUntil(now + 60_000));
        assert!(standing.is_blocked(PEER, now + 59_999));
        assert!(!standing.is_blocked(PEER, now + 60_000));
    }

    #[test]
    fn serious_faults_in_a_row_block_and_the_block_ends() {
        let mut standing = Standing::new(1_000);
        let judgements: Vec<_> = (0..4).map(|_| standing.punish(PEER, Severity::Serious, 5)).collect();
        assert_eq!(judgements.last(), Some(&Judgement::BlockedUntil(1_005)));
        assert!(standing.forgive(1_004).is_empty());
        assert_eq!(standing.forgive(1_005), [PEER]);
        assert!(standing.forgive(1_005).is_empty());
        assert!(standing.is_empty());
    }
}
