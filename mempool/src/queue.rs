//! One sender's waiting transactions in the order of their nonces.
//!
//! It must not know other senders. Invariants: an entry is *executable* when all nonces from the account's to its
//! own are there; its *score* is the lowest priority on the way to it, because nobody earns its tip before all of
//! them are included. So scores never rise along the queue, and a good tip behind a bad one protects nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use types::{Address, Nonce};

use crate::pool::Source;
use crate::transaction::{PoolTransaction, Priority};

/// Best first: priority, then arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HeadKey {
    pub(crate) priority: Reverse<Priority>,
    pub(crate) arrival: u64,
    pub(crate) sender: Address,
}

/// What an entry is worth to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Worth {
    pub(crate) is_executable: bool,
    pub(crate) score: Priority,
}

/// Worst first: worth, then the newest arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TailKey {
    pub(crate) worth: Worth,
    pub(crate) arrival: Reverse<u64>,
    pub(crate) sender: Address,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) transaction: Arc<PoolTransaction>,
    pub(crate) arrival: u64,
    pub(crate) source: Source,
    pub(crate) worth: Worth,
}

impl Entry {
    pub(crate) fn head_key(&self) -> HeadKey {
        let priority = Reverse(self.transaction.priority());
        HeadKey { priority, arrival: self.arrival, sender: self.transaction.sender }
    }

    pub(crate) fn tail_key(&self) -> TailKey {
        TailKey { worth: self.worth, arrival: Reverse(self.arrival), sender: self.transaction.sender }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// The account's nonce when it was last asked for.
    pub(crate) account_nonce: Nonce,
    pub(crate) entries: BTreeMap<Nonce, Entry>,
}

impl Queue {
    /// The first nonce that is neither used nor waiting.
    pub(crate) fn first_missing(&self) -> Nonce {
        let mut missing = self.account_nonce;
        for nonce in self.entries.range(missing..).map(|(nonce, _)| *nonce) {
            if nonce != missing {
                break;
            }
            missing = missing.next();
        }
        missing
    }

    /// What a transaction would be worth in its place, before others are moved.
    pub(crate) fn worth_of(&self, transaction: &PoolTransaction) -> Worth {
        let before = self.entries.range(..transaction.nonce).next_back().map(|(_, entry)| entry);
        let follows = match before {
            Some(before) => before.worth.is_executable && before.transaction.nonce.next() == transaction.nonce,
            None => transaction.nonce == self.account_nonce,
        };
        let priority = transaction.priority();
        let score = before.map_or(priority, |before| before.worth.score.min(priority));
        Worth { is_executable: follows, score }
    }

    /// Computes worths anew after the queue or the account changed.
    pub(crate) fn refresh(&mut self) {
        let mut expected = Some(self.account_nonce);
        let mut score: Option<Priority> = None;
        for (nonce, entry) in &mut self.entries {
            let is_executable = expected == Some(*nonce);
            expected = expected.filter(|_| is_executable).and_then(|expected| expected.checked_add(1));
            let priority = entry.transaction.priority();
            let lowest = score.map_or(priority, |score| score.min(priority));
            score = Some(lowest);
            entry.worth = Worth { is_executable, score: lowest };
        }
    }

    pub(crate) fn head(&self) -> Option<&Entry> {
        self.entries.first_key_value().map(|(_, entry)| entry).filter(|entry| entry.worth.is_executable)
    }

    pub(crate) fn tail(&self) -> Option<&Entry> {
        self.entries.last_key_value().map(|(_, entry)| entry)
    }

    pub(crate) fn executable_count(&self) -> usize {
        self.entries.values().take_while(|entry| entry.worth.is_executable).count()
    }
}
