//! What is going to happen, ordered by time; ties are broken by lot, so that no order of simultaneous things is
//! special. It must not know what happens.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::lots::Lots;

/// Things to come.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    lots: Lots,
    count: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at_us: u64,
    tie: u64,
    number: u64,
    what: T,
}

impl<T> Entry<T> {
    const fn key(&self) -> (u64, u64, u64) {
        (self.at_us, self.tie, self.number)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> Queue<T> {
    pub(crate) const fn new(lots: Lots) -> Self {
        Self { heap: BinaryHeap::new(), lots, count: 0 }
    }

    pub(crate) fn push(&mut self, at_us: u64, what: T) {
        self.count += 1;
        let entry = Entry { at_us, tie: self.lots.next(), number: self.count, what };
        self.heap.push(Reverse(entry));
    }

    /// When the next thing happens.
    pub(crate) fn next_at_us(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse(entry)| entry.at_us)
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at_us, entry.what))
    }
}
