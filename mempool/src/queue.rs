//! One sender's waiting transactions in the order of their nonces.
//!
//! It must not know other senders. Invariants: an entry is *executable* when all nonces from the account's to its
//! own are there, and all of those can pay the price and none of them was set aside; its *score* is the lowest priority on the way to it, because nobody earns its tip before all of
//! them are included. So scores never rise along the queue, and a good tip behind a bad one protects nothing.

use std::cmp::Reverse;
use std::sync::Arc;

use types::{Address, Nonce, TimeMs};

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
    /// The transaction's, which takes a division.
    pub(crate) priority: Priority,
    pub(crate) arrival: u64,
    pub(crate) source: Source,
    pub(crate) worth: Worth,
    /// The highest price at which it can pay its fee.
    pub(crate) price_max: u128,
    /// How often a proposer could not use it.
    pub(crate) strikes: u8,
    /// It is not offered until the next final block.
    pub(crate) is_aside: bool,
}

impl Entry {
    pub(crate) fn new(transaction: PoolTransaction, price_max: u128, arrival: u64, source: Source) -> Self {
        let priority = transaction.priority();
        let worth = Worth { is_executable: false, score: priority };
        let transaction = Arc::new(transaction);
        Self { transaction, priority, arrival, source, worth, price_max, strikes: 0, is_aside: false }
    }

    pub(crate) fn nonce(&self) -> Nonce {
        self.transaction.nonce
    }

    pub(crate) fn head_key(&self) -> HeadKey {
        HeadKey { priority: Reverse(self.priority), arrival: self.arrival, sender: self.transaction.sender }
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
    /// In rising order of their nonces, each once. Most senders have one.
    entries: Vec<Entry>,
    /// How many of them are executable.
    executable: usize,
    prices: Prices,
    /// Since when the price stops it, in block time.
    pub(crate) stopped_since: TimeMs,
}

/// The prices at which a queue changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prices {
    /// Above this, something that is executable is so no more.
    pub(crate) ceiling: Option<u128>,
    /// The transaction that stops those behind it, and the highest price at which it goes on.
    pub(crate) stopped: Option<(u128, Nonce)>,
}

impl Queue {
    /// A queue of nothing.
    pub(crate) fn empty(account_nonce: Nonce) -> Self {
        Self { account_nonce, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn get(&self, nonce: Nonce) -> Option<&Entry> {
        self.entries.get(self.place(nonce).ok()?)
    }

    /// The entries from the last to the first.
    pub(crate) fn backwards(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The entries up to this nonce, from the last to the first.
    pub(crate) fn up_to(&self, nonce: Nonce) -> impl Iterator<Item = &Entry> {
        let end = self.entries.partition_point(|entry| entry.nonce() <= nonce);
        self.entries.iter().take(end).rev()
    }

    /// Puts an entry in its place; [`Queue::refresh`] has to follow.
    pub(crate) fn insert(&mut self, entry: Entry) {
        match self.place(entry.nonce()) {
            Ok(place) => {
                if let Some(present) = self.entries.get_mut(place) {
                    *present = entry;
                }
            }
            Err(place) => {
                if self.entries.capacity() == 0 {
                    self.entries.reserve_exact(1);
                }
                self.entries.insert(place, entry);
            }
        }
    }

    /// Takes an entry out; [`Queue::refresh`] has to follow.
    pub(crate) fn remove(&mut self, nonce: Nonce) -> Option<Entry> {
        let place = self.place(nonce).ok()?;
        Some(self.entries.remove(place))
    }

    /// Takes out all entries below a nonce; [`Queue::refresh`] has to follow.
    pub(crate) fn take_below(&mut self, nonce: Nonce) -> Vec<Entry> {
        let end = self.entries.partition_point(|entry| entry.nonce() < nonce);
        self.entries.drain(..end).collect()
    }

    /// The first nonce that is neither used nor waiting.
    pub(crate) fn first_missing(&self) -> Nonce {
        let mut missing = self.account_nonce;
        for nonce in self.entries.iter().map(Entry::nonce).skip_while(|nonce| *nonce < self.account_nonce) {
            if nonce != missing {
                break;
            }
            missing = missing.next();
        }
        missing
    }

    /// What a transaction would be worth in its place, before others are moved.
    pub(crate) fn worth_of(&self, transaction: &PoolTransaction) -> Worth {
        let place = self.entries.partition_point(|entry| entry.nonce() < transaction.nonce);
        let before = place.checked_sub(1).and_then(|before| self.entries.get(before));
        let follows = match before {
            Some(before) => before.worth.is_executable && before.nonce().next() == transaction.nonce,
            None => transaction.nonce == self.account_nonce,
        };
        let priority = transaction.priority();
        let score = before.map_or(priority, |before| before.worth.score.min(priority));
        Worth { is_executable: follows, score }
    }

    pub(crate) fn get_mut(&mut self, nonce: Nonce) -> Option<&mut Entry> {
        let place = self.place(nonce).ok()?;
        self.entries.get_mut(place)
    }

    /// Computes worths anew after the queue, the account or the price changed.
    pub(crate) fn refresh(&mut self, price: u128) {
        let mut expected = Some(self.account_nonce);
        let mut score: Option<Priority> = None;
        self.executable = 0;
        self.prices = Prices::default();
        for entry in &mut self.entries {
            let is_next = expected == Some(entry.nonce()) && !entry.is_aside;
            let is_executable = is_next && entry.price_max >= price;
            if is_executable {
                let ceiling = self.prices.ceiling.map_or(entry.price_max, |ceiling| ceiling.min(entry.price_max));
                self.prices.ceiling = Some(ceiling);
            } else if is_next {
                self.prices.stopped = Some((entry.price_max, entry.nonce()));
            }
            expected = expected.filter(|_| is_executable).and_then(|expected| expected.checked_add(1));
            let lowest = score.map_or(entry.priority, |score| score.min(entry.priority));
            score = Some(lowest);
            entry.worth = Worth { is_executable, score: lowest };
            self.executable = self.executable.saturating_add(usize::from(is_executable));
        }
    }

    pub(crate) fn head(&self) -> Option<&Entry> {
        self.entries.first().filter(|entry| entry.worth.is_executable)
    }

    pub(crate) fn tail(&self) -> Option<&Entry> {
        self.entries.last()
    }

    pub(crate) const fn executable_count(&self) -> usize {
        self.executable
    }

    pub(crate) const fn prices(&self) -> Prices {
        self.prices
    }

    /// The transaction that the price stops, and all behind it.
    pub(crate) fn stopped(&self) -> Option<&Entry> {
        self.get(self.prices.stopped?.1)
    }

    fn place(&self, nonce: Nonce) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&nonce, Entry::nonce)
    }
}
