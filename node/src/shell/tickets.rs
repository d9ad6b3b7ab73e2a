//! Names for what waits for the replica's word: the replica knows numbers, the network its own handles.
//!
//! Bounded: when too many wait, the oldest are given up, which the network takes as no answer.

use std::collections::BTreeMap;

/// Most that may wait.
const WAITING_MAX: usize = 8_192;

/// Handles by number.
#[derive(Debug)]
pub(crate) struct Tickets<T> {
    next: u64,
    waiting: BTreeMap<u64, T>,
}

impl<T> Default for Tickets<T> {
    fn default() -> Self {
        Self { next: 0, waiting: BTreeMap::new() }
    }
}

impl<T> Tickets<T> {
    /// Keeps a handle under a new number.
    pub(crate) fn keep(&mut self, handle: T) -> u64 {
        self.next = self.next.wrapping_add(1);
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_first();
        }
        self.waiting.insert(self.next, handle);
        self.next
    }

    /// Gives a handle back, once.
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        self.waiting.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HB7
    #[test]
    fn when_too_many_wait_the_oldest_are_given_up_and_each_is_given_back_once() {
        let mut tickets = Tickets::default();
        let numbers: Vec<u64> = (0..WAITING_MAX + 10).map(|handle| tickets.keep(handle)).collect();
        assert_eq!(tickets.waiting.len(), WAITING_MAX);
        let kept: Vec<bool> = numbers.iter().map(|number| tickets.take(*number).is_some()).collect();
        assert!(kept.iter().take(10).all(|is| !is) && kept.iter().skip(10).all(|is| *is));
        assert!(numbers.iter().all(|number| tickets.take(*number).is_none()));
    }
}
