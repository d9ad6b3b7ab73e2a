//! What reports tell of this run: rates that only a pool keeps, works that were seen, works that were found here.
//!
//! It must not know how it is told. Invariants: nothing here decides anything, and nothing survives a restart; every
//! list is bounded.

use std::collections::VecDeque;

use pow::{Difficulty, U256};

use crate::book::Share;
use crate::limits::{FOUND_TOLD_MAX, WORKS_MEASURED_MAX};
use crate::rates::{PoolRates, PoolSpeed};
use crate::worker::Worker;

/// A work that was found here, and on which the chain builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundWork {
    /// How many works were accepted before it.
    pub work_height: u64,
    /// Who found it.
    pub worker: Worker,
    /// On which session.
    pub extranonce1: [u8; 4],
}

/// When the search for a work began, and how heavy that work was.
#[derive(Debug)]
struct SeenWork {
    began_ms: u64,
    work_height: u64,
    difficulty: Difficulty,
}

/// The past of this run.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    rates: PoolRates,
    works: VecDeque<SeenWork>,
    /// Works whose hash the chain did not build on yet, the newest first.
    solved: VecDeque<([u8; 32], FoundWork)>,
    /// The newest first.
    found: VecDeque<FoundWork>,
}

impl Chronicle {
    /// A share came into the book.
    pub(super) fn share(&mut self, share: &Share) {
        self.rates.add(share.time_ms, share.billionths);
    }

    /// The search for a work began.
    pub(super) fn work(&mut self, began_ms: u64, work_height: u64, difficulty: Difficulty) {
        self.works.truncate(WORKS_MEASURED_MAX);
        self.works.push_front(SeenWork { began_ms, work_height, difficulty });
    }

    /// A header was found that meets the target of a work.
    pub(super) fn solved(&mut self, hash: [u8; 32], work: FoundWork) {
        self.solved.truncate(FOUND_TOLD_MAX.saturating_sub(1));
        self.solved.push_front((hash, work));
    }

    /// The chain builds on the header with this hash.
    pub(super) fn built_on(&mut self, hash: &[u8; 32]) {
        let Some(place) = self.solved.iter().position(|(solved, _)| solved == hash) else { return };
        let Some((_, work)) = self.solved.remove(place) else { return };
        self.solved.retain(|(_, other)| other.work_height > work.work_height);
        self.found.truncate(FOUND_TOLD_MAX.saturating_sub(1));
        self.found.push_front(work);
    }

    /// The works that were found here, the newest first.
    pub(super) fn found(&self) -> impl Iterator<Item = &FoundWork> {
        self.found.iter()
    }

    /// The rates that only a pool keeps.
    pub(super) fn speed(&self, now_ms: u64) -> PoolSpeed {
        self.rates.read(now_ms)
    }

    /// Hashes per second that all miners of the chain spent on the newest works, as far back as they were seen; nothing
    /// before a work was seen from its beginning to its end.
    pub(super) fn network_rate(&self) -> Option<u128> {
        let pairs = self.works.iter().zip(self.works.iter().skip(1));
        let weight = pairs.fold(U256::from(0_u128), |sum, (newer, older)| {
            let works = newer.work_height.saturating_sub(older.work_height);
            let weight = U256::from(older.difficulty.billionths()).saturating_mul(U256::from(u128::from(works)));
            sum.saturating_add(weight)
        });
        let (newest, oldest) = (self.works.front()?, self.works.back()?);
        let elapsed_ms = newest.began_ms.checked_sub(oldest.began_ms).filter(|elapsed_ms| *elapsed_ms > 0)?;
        // Pool difficulty 1 is 2^48 / 65,535 hashes, and a billion billionths.
        let above = weight.saturating_mul(U256::from((1_u128 << 48).saturating_mul(1_000)));
        let below = U256::from(65_535_000_000_000_u128).saturating_mul(U256::from(u128::from(elapsed_ms)));
        u128::try_from(above.checked_div(below)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_networks_rate_is_the_weight_of_the_works_that_were_seen_by_their_time() {
        let mut chronicle = Chronicle::default();
        assert_eq!(chronicle.network_rate(), None);
        chronicle.work(0, 7, Difficulty::ONE);
        assert_eq!(chronicle.network_rate(), None);
        chronicle.work(10_000, 8, Difficulty::parse("3").expect("a difficulty"));
        assert_eq!(chronicle.network_rate(), Some((1 << 48) / 65_535 / 10));
        // Two works at once, as after a pause.
        chronicle.work(30_000, 10, Difficulty::ONE);
        assert_eq!(chronicle.network_rate(), Some((7 << 48) / 65_535 / 30));
        (0..1_000).for_each(|index| chronicle.work(40_000 + index, 11 + index, Difficulty::MAX));
        assert_eq!(chronicle.works.len(), WORKS_MEASURED_MAX + 1);
        assert!(chronicle.network_rate().is_some());
    }
}
