//! Waiting transactions by their short ids, so that a body can be made again of what the pool holds.
//!
//! It must not know blocks. A short id proves nothing: two transactions that share one are both treated as unknown, and
//! a body made of what is found here counts only if it has the root of its header. Every transaction here has had its
//! signatures checked. Invariant: it holds what the pool holds, and so is bounded in bytes with it: whatever leaves the
//! pool, leaves here.

use std::collections::HashMap;
use std::sync::Arc;

use execution::CheckedTransaction;
use foldhash::fast::RandomState;
use types::Hash32;

use crate::wire::ShortId;

/// Transactions by short id.
#[derive(Debug, Default)]
pub(crate) struct Known {
    entries: HashMap<ShortId, Entry, RandomState>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Nothing when two transactions share the short id.
    transaction: Option<Arc<CheckedTransaction>>,
    /// How many share it.
    count: u32,
    /// When it came, monotonic.
    since_ms: u64,
}

impl Known {
    /// Takes a transaction that the pool took now.
    pub(crate) fn insert(&mut self, transaction: Arc<CheckedTransaction>, now_ms: u64) {
        let id = ShortId::of(&transaction.wid);
        match self.entries.get_mut(&id) {
            Some(entry) => (entry.transaction, entry.count) = (None, entry.count.saturating_add(1)),
            None => {
                self.entries.insert(id, Entry { transaction: Some(transaction), count: 1, since_ms: now_ms });
            }
        }
    }

    /// The only transaction with this short id.
    pub(crate) fn get(&self, id: ShortId) -> Option<&Arc<CheckedTransaction>> {
        self.entries.get(&id)?.transaction.as_ref()
    }

    /// When the transaction with these exact bytes came, if it is here.
    pub(crate) fn since_ms(&self, wid: &Hash32) -> Option<u64> {
        let entry = self.entries.get(&ShortId::of(wid))?;
        entry.transaction.as_ref().filter(|there| there.wid == *wid).map(|_| entry.since_ms)
    }

    /// Forgets a transaction that left the pool.
    pub(crate) fn forget(&mut self, wid: &Hash32) {
        let id = ShortId::of(wid);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.count = entry.count.saturating_sub(1);
        if entry.count == 0 {
            self.entries.remove(&id);
        }
    }

    /// How many short ids are known.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use types::{
        Address, Amount, AuthKind, List, Nonce, TRANSACTION_VERSION, TimeMs, Transaction, TransactionBody, Weight,
        Witness,
    };

    use super::*;

    fn with_wid(wid: [u8; 32]) -> Arc<CheckedTransaction> {
        let body = TransactionBody {
            version: TRANSACTION_VERSION,
            sender: Address([1; 20]),
            auth: AuthKind::Single,
            nonce: Nonce(0),
            valid_until: TimeMs(0),
            fee_max: Amount::ZERO,
            tip: Amount::ZERO,
            payer: None,
            calls: List::default(),
        };
        let transaction = Arc::new(Transaction { body, witness: Witness { auths: List::default() } });
        let (id, wid) = (Hash32([0; 32]), Hash32(wid));
        Arc::new(CheckedTransaction { transaction, id, wid, weight: Weight(1), length: 1 })
    }

    #[test]
    fn two_transactions_that_share_a_short_id_are_both_unknown() {
        let mut known = Known::default();
        let [mut one, mut other] = [[7; 32], [7; 32]];
        (one[8], other[8]) = (1, 2);
        known.insert(with_wid(one), 5);
        let id = ShortId::of(&Hash32(one));
        assert_eq!(known.get(id).map(|found| found.wid), Some(Hash32(one)));
        assert_eq!((known.since_ms(&Hash32(one)), known.since_ms(&Hash32(other))), (Some(5), None));
        known.insert(with_wid(other), 7);
        assert_eq!((known.get(id), known.since_ms(&Hash32(one))), (None, None));
        known.forget(&Hash32(other));
        assert_eq!((known.get(id), known.len()), (None, 1), "who stays is not known to be the right one");
        known.forget(&Hash32(one));
        assert_eq!(known.len(), 0);
        known.insert(with_wid(one), 8);
        assert_eq!(known.since_ms(&Hash32(one)), Some(8));
    }
}
