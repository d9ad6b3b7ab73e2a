//! Which receipts have to do with which account: since the last save in memory, before that on disk, as runs of
//! places.
//!
//! It must not know what an account did. A run is at most [`RUN_PLACES_MAX`] places of one account in rising order:
//! the first, and then for each further one how far the height goes on and, as a number of its own or from the last
//! one on if the height stays, the receipt. So an account that does much costs a few bytes each time, not a key.
//!
//! Invariant: an account's runs follow each other without overlapping.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use types::{Address, Height};

use crate::keys::AccountPlace;
use crate::varint;

/// Places of the longest run.
const RUN_PLACES_MAX: u32 = 256;
/// What an account takes in memory, besides the bytes of its runs.
const ACCOUNT_BYTES: usize = 160;

/// Places of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: AccountPlace,
    /// The places after the first.
    pub(crate) rest: Vec<u8>,
    last: AccountPlace,
    count: u32,
}

/// Runs that are not on disk.
#[derive(Debug, Default)]
pub(crate) struct History {
    accounts: HashMap<Address, Vec<Run>, RandomState>,
    bytes: usize,
}

impl History {
    /// Adds a place, which is after all others of the account.
    pub(crate) fn add(&mut self, address: Address, place: AccountPlace) {
        let runs = self.accounts.entry(address).or_insert_with(|| {
            self.bytes += ACCOUNT_BYTES;
            Vec::new()
        });
        match runs.last_mut().filter(|run| run.count < RUN_PLACES_MAX) {
            Some(run) => self.bytes += run.add(place),
            None => runs.push(Run { first: place, rest: Vec::new(), last: place, count: 1 }),
        }
    }

    /// The runs of an account, oldest first.
    pub(crate) fn runs(&self, address: &Address) -> &[Run] {
        self.accounts.get(address).map_or(&[], Vec::as_slice)
    }

    /// All accounts with their runs, sorted.
    pub(crate) fn sorted(&self) -> Vec<(&Address, &[Run])> {
        let mut all: Vec<_> = self.accounts.iter().map(|(address, runs)| (address, runs.as_slice())).collect();
        all.sort_unstable_by_key(|(address, _)| *address);
        all
    }

    /// What it takes in memory, roughly.
    pub(crate) const fn memory_bytes(&self) -> usize {
        self.bytes
    }
}

impl Run {
    /// The places; `None` if the bytes are not such a run.
    pub(crate) fn places(first: AccountPlace, mut rest: &[u8]) -> Option<Vec<AccountPlace>> {
        let mut last = first;
        let mut places = vec![first];
        while !rest.is_empty() {
            let blocks = varint::take(&mut rest)?;
            let receipt = u32::try_from(varint::take(&mut rest)?).ok()?;
            last = if blocks == 0 {
                AccountPlace { receipt: last.receipt.checked_add(receipt)?, ..last }
            } else {
                AccountPlace { height: Height(last.height.0.checked_add(blocks)?), receipt }
            };
            places.push(last);
        }
        Some(places)
    }

    /// Adds a place; gives how many bytes it took.
    fn add(&mut self, place: AccountPlace) -> usize {
        let before = self.rest.len();
        let blocks = place.height.0 - self.last.height.0;
        varint::put(&mut self.rest, blocks);
        let receipt = if blocks == 0 { place.receipt - self.last.receipt } else { place.receipt };
        varint::put(&mut self.rest, receipt.into());
        self.last = place;
        self.count += 1;
        self.rest.len() - before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_lead_back_to_their_places_and_stay_short() {
        let place = |number: u32| AccountPlace { height: Height(u64::from(number / 3) * 1_000), receipt: number * 7 };
        let address = Address([1; 20]);
        let mut history = History::default();
        (0..1_000).for_each(|number| history.add(address, place(number)));
        let runs = history.runs(&address);
        assert_eq!(runs.len(), 4);
        assert!(runs.iter().all(|run| run.rest.len() < 5 * RUN_PLACES_MAX as usize));
        let places = runs.iter().flat_map(|run| Run::places(run.first, &run.rest).expect("it was just made"));
        assert!(places.eq((0..1_000).map(place)));
        assert_eq!(history.runs(&Address([2; 20])), []);
    }

    #[test]
    fn bytes_that_are_no_run_are_refused() {
        let first = AccountPlace { height: Height(1), receipt: u32::MAX };
        assert_eq!(Run::places(first, &[0]), None);
        assert_eq!(Run::places(first, &[0, 1]), None);
        assert_eq!(Run::places(first, &[0x80]), None);
        assert_eq!(Run::places(first, &[1, 0]).map(|places| places.len()), Some(2));
    }
}
