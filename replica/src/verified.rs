//! Which exact transactions have had their signatures checked by this node, so that each is checked once.
//!
//! Keyed by `wid`, the hash over the exact bytes: a transaction with the same id and another witness is another
//! entry. Only good verdicts are kept. Bounded: two generations, of which the older is forgotten as a whole.

use std::collections::HashSet;
use std::sync::Mutex;

use execution::{CheckedTransaction, Reject, TransactionFacts};
use types::Hash32;
use types::canary::{Canary, planted};

/// Wids per generation: as many as a pool holds.
const GENERATION_MAX: usize = 57_344;

/// A set of checked transactions that several threads share.
#[derive(Debug, Default)]
pub struct Verified {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Hash32>,
    old: HashSet<Hash32>,
}

impl Generations {
    fn contains(&self, key: &Hash32) -> bool {
        self.young.contains(key) || self.old.contains(key)
    }

    fn insert(&mut self, key: Hash32) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key);
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
        let generations = self.lock();
        let places = all.into_iter().enumerate().filter(|(_, facts)| !generations.contains(&key(facts)));
        places.map(|(place, _)| place).collect()
    }

    /// Remembers good verdicts.
    pub fn insert<'a>(&self, all: impl IntoIterator<Item = &'a TransactionFacts>) {
        let mut generations = self.lock();
        all.into_iter().for_each(|facts| generations.insert(key(facts)));
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // A panic elsewhere cannot leave the sets half-written: each change is one entry.
        self.generations.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn key(facts: &TransactionFacts) -> Hash32 {
    if planted(Canary::VerdictCachedById) { facts.id } else { facts.wid }
}
