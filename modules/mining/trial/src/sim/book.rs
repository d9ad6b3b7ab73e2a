//! What the miner of a network has solved, and for whom: written by the miner, read by the checker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use types::{Address, Hash32};

/// Payees by the hashes of their headers.
#[derive(Clone, Default)]
pub(super) struct Book(Arc<Mutex<BTreeMap<Hash32, Address>>>);

impl Book {
    /// A header was solved.
    pub(super) fn solved(&self, header: Hash32, payee: Address) {
        self.entries().insert(header, payee);
    }

    /// For whom a header was solved, if it was.
    pub(super) fn payee(&self, header: &Hash32) -> Option<Address> {
        self.entries().get(header).copied()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Hash32, Address>> {
        self.0.lock().expect("a network is simulated in one thread, which does not panic while it reads or writes here")
    }
}
