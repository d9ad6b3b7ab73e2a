//! Which exact transactions have had their signatures checked by this node, so that each is checked once.
//!
//! Keyed by `wid`, the hash over the exact bytes: a transaction with the same id and another witness is another
//! entry. Only good verdicts are kept. Bounded: two generations, of which the older is forgotten as a whole. What the pool
//! refused is kept in fewer places of its own, so that signing what cannot be paid crowds out nothing that waits.

use std::collections::HashSet;
use std::sync::Mutex;

use execution::{CheckedTransaction, Reject, TransactionFacts};
use foldhash::fast::RandomState;
use types::Hash32;
use types::canary::{Canary, planted};

/// Wids per generation: as many as a pool holds. So many that were found good last are surely remembered.
pub(crate) const GENERATION_MAX: usize = 57_344;

/// Wids per generation of what the pool refused.
const REFUSED_MAX: usize = 7_168;

/// A set of checked transactions that several threads share.
#[derive(Debug, Default)]
pub struct Verified {
    sets: Mutex<Sets>,
}

#[derive(Debug, Default)]
struct Sets {
    good: Generations,
    refused: Generations,
}

impl Sets {
    fn contains(&self, key: &Hash32) -> bool {
        self.good.contains(key) || self.refused.contains(key)
    }
}

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Hash32, RandomState>,
    old: HashSet<Hash32, RandomState>,
}

impl Generations {
    fn contains(&self, key: &Hash32) -> bool {
        self.young.contains(key) || self.old.contains(key)
    }

    fn insert(&mut self, key: Hash32, count_max: usize) {
        if self.young.len() >= count_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key);
    }

    fn remove(&mut self, key: &Hash32) -> bool {
        self.young.remove(key) || self.old.remove(key)
    }
}

impl Verified {
    /// Whether the signatures of exactly these bytes were found good.
    #[must_use]
    pub fn contains(&self, facts: &TransactionFacts) -> bool {
        self.lock().contains(&key(facts))
    }

    /// The places of those whose signatures have yet to be checked, in order.
    #[must_use]
    pub fn unknown<'a>(&self, all: impl IntoIterator<Item = &'a TransactionFacts>) -> Vec<usize> {
        let sets = self.lock();
        let places = all.into_iter().enumerate().filter(|(_, facts)| !sets.contains(&key(facts)));
        places.map(|(place, _)| place).collect()
    }

    /// Remembers good verdicts.
    pub fn insert<'a>(&self, all: impl IntoIterator<Item = &'a TransactionFacts>) {
        let mut sets = self.lock();
        all.into_iter().for_each(|facts| sets.good.insert(key(facts), GENERATION_MAX));
    }

    /// The pool refused a transaction: its verdict is kept apart.
    pub(crate) fn demote(&self, facts: &TransactionFacts) {
        let (mut sets, key) = (self.lock(), key(facts));
        if sets.good.remove(&key) {
            sets.refused.insert(key, REFUSED_MAX);
        }
    }

    /// Checks the signatures of transactions whose form is right, but for those that were checked before; a bad one turns into
    /// what is wrong with it.
    #[must_use]
    pub fn check_signatures(
        &self,
        mut all: Vec<Result<CheckedTransaction, Reject>>,
    ) -> Vec<Result<CheckedTransaction, Reject>> {
        let facts: Vec<TransactionFacts> = all.iter().flatten().map(CheckedTransaction::facts).collect();
        let mut unknown = self.unknown(&facts).into_iter().peekable();
        let mut asked: Vec<&mut Result<CheckedTransaction, Reject>> = all
            .iter_mut()
            .filter(|result| result.is_ok())
            .enumerate()
            .filter_map(|(place, result)| unknown.next_if_eq(&place).map(|_| result))
            .collect();
        let transactions: Vec<_> =
            asked.iter().filter_map(|result| result.as_ref().ok()).map(|one| (&one.id, &*one.transaction)).collect();
        let verdicts = execution::check_many_signatures(&transactions);
        let mut good = Vec::with_capacity(asked.len());
        for (result, verdict) in asked.iter_mut().zip(verdicts) {
            match verdict {
                Ok(()) => good.extend(result.as_ref().map(CheckedTransaction::facts)),
                Err(reject) => **result = Err(reject),
            }
        }
        self.insert(&good);
        all
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sets> {
        // A panic elsewhere cannot leave the sets half-written: each change is one entry.
        self.sets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn key(facts: &TransactionFacts) -> Hash32 {
    if planted(Canary::VerdictCachedById) { facts.id } else { facts.wid }
}

#[cfg(test)]
mod tests {
    use types::Weight;

    use super::*;

    fn facts(number: usize) -> TransactionFacts {
        let hash = Hash32(crypto::hash::sha256(&number.to_be_bytes()));
        TransactionFacts { id: hash, wid: hash, weight: Weight(1), length: 1 }
    }

    fn count(generations: &Generations) -> usize {
        generations.young.len().saturating_add(generations.old.len())
    }

    // FAULTS HB6, HB7
    #[test]
    fn verdicts_on_what_the_pool_refused_crowd_out_none_on_what_it_took() {
        let verified = Verified::default();
        let pooled: Vec<_> = (0..1_000).map(facts).collect();
        verified.insert(&pooled);
        for number in 1_000..4 * GENERATION_MAX {
            let refused = facts(number);
            verified.insert(&[refused]);
            verified.demote(&refused);
        }
        assert_eq!(verified.unknown(&pooled), Vec::<usize>::new());
        assert!(count(&verified.lock().refused) <= 2 * REFUSED_MAX);
        assert!(verified.contains(&facts(4 * GENERATION_MAX - 1)), "what is sent again is not checked again");
    }

    // FAULTS HB7
    #[test]
    fn verdicts_are_bounded_and_the_newest_stay() {
        let verified = Verified::default();
        let all: Vec<_> = (0..3 * GENERATION_MAX).map(facts).collect();
        verified.insert(&all);
        assert_eq!(count(&verified.lock().good), 2 * GENERATION_MAX);
        assert_eq!(verified.unknown(&all[2 * GENERATION_MAX..]), Vec::<usize>::new());
    }
}
