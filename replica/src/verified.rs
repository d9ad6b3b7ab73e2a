//! Which exact transactions have had their signatures checked by this node, so that each is checked once.
//!
//! Keyed by `wid`, the hash over the exact bytes: a transaction with the same id and another witness is another
//! entry. Only good verdicts are kept. Bounded: two generations, of which the older is forgotten as a whole.

use std::collections::HashSet;
use std::sync::Mutex;

use execution::TransactionFacts;
use types::Hash32;
use types::canary::{Canary, planted};

/// Wids per generation.
const GENERATION_MAX: usize = 100_000;

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

impl Verified {
    /// Whether the signatures of exactly these bytes were found good.
    pub fn contains(&self, facts: &TransactionFacts) -> bool {
        let key = key(facts);
        let generations = self.lock();
        generations.young.contains(&key) || generations.old.contains(&key)
    }

    /// Remembers a good verdict.
    pub fn insert(&self, facts: &TransactionFacts) {
        let mut generations = self.lock();
        if generations.young.len() >= GENERATION_MAX {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key(facts));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // A panic elsewhere cannot leave the sets half-written: each call writes one entry.
        self.generations.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn key(facts: &TransactionFacts) -> Hash32 {
    if planted(Canary::VerdictCachedById) { facts.id } else { facts.wid }
}
