//! Waiting transactions by their short ids, so that a body can be made again of what the pool holds.
//!
//! It must not know blocks. A short id proves nothing: two transactions that share one are both treated as unknown, and
//! a body made of what is found here counts only if it has the root of its header. Every transaction here has had its
//! signatures checked. Bounded: two generations, of which the older is forgotten as a whole; what becomes final leaves
//! at once.

use std::collections::HashMap;
use std::sync::Arc;

use execution::CheckedTransaction;
use types::Hash32;

use crate::wire::ShortId;

/// Transactions per generation; two of them are more than a pool holds.
const GENERATION_MAX: usize = 28_672;

/// Transactions by short id.
#[derive(Debug, Default)]
pub(crate) struct Known {
    young: HashMap<ShortId, Entry>,
    old: HashMap<ShortId, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Nothing when two transactions share the short id.
    transaction: Option<Arc<CheckedTransaction>>,
    /// When it came, monotonic.
    since_ms: u64,
}

impl Known {
    /// Takes a transaction that came now.
    pub(crate) fn insert(&mut self, transaction: Arc<CheckedTransaction>, now_ms: u64) {
        let id = ShortId::of(&transaction.wid);
        if let Some(entry) = self.young.get_mut(&id).or_else(|| self.old.get_mut(&id)) {
            entry.transaction = entry.transaction.take().filter(|there| there.wid == transaction.wid);
            return;
        }
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, Entry { transaction: Some(transaction), since_ms: now_ms });
    }

    /// The only transaction with this short id.
    pub(crate) fn get(&self, id: ShortId) -> Option<&Arc<CheckedTransaction>> {
        self.entry(id)?.transaction.as_ref()
    }

    /// When the transaction with these exact bytes came, if it is here.
    pub(crate) fn since_ms(&self, wid: &Hash32) -> Option<u64> {
        let entry = self.entry(ShortId::of(wid))?;
        entry.transaction.as_ref().filter(|there| there.wid == *wid).map(|_| entry.since_ms)
    }

    /// Forgets a transaction.
    pub(crate) fn forget(&mut self, wid: &Hash32) {
        let id = ShortId::of(wid);
        if self.young.remove(&id).is_none() {
            self.old.remove(&id);
        }
    }

    fn entry(&self, id: ShortId) -> Option<&Entry> {
        self.young.get(&id).or_else(|| self.old.get(&id))
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

    fn numbered(number: u32) -> Arc<CheckedTransaction> {
        let mut wid = [0; 32];
        wid[..4].copy_from_slice(&number.to_le_bytes());
        with_wid(wid)
    }

    #[test]
    fn two_transactions_that_share_a_short_id_are_both_unknown() {
        let mut known = Known::default();
        let [mut one, mut other] = [[7; 32], [7; 32]];
        (one[8], other[8]) = (1, 2);
        known.insert(with_wid(one), 5);
        known.insert(with_wid(one), 6);
        let id = ShortId::of(&Hash32(one));
        assert_eq!(known.get(id).map(|found| found.wid), Some(Hash32(one)), "the same one twice is no clash");
        assert_eq!((known.since_ms(&Hash32(one)), known.since_ms(&Hash32(other))), (Some(5), None));
        known.insert(with_wid(other), 7);
        assert_eq!(known.get(id), None);
        assert_eq!(known.since_ms(&Hash32(one)), None);
        known.insert(with_wid(one), 8);
        assert_eq!(known.get(id), None, "whoever comes back does not win");
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let mut known = Known::default();
        let count = 3 * u32::try_from(GENERATION_MAX).expect("small");
        (0..count).for_each(|number| known.insert(numbered(number), 0));
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION_MAX);
        let finds = |number: u32| known.get(ShortId::of(&numbered(number).wid)).is_some();
        assert!(finds(count - 1) && finds(count - u32::try_from(GENERATION_MAX).expect("small")));
        assert!(!finds(0));
    }

    #[test]
    fn what_is_forgotten_is_gone_from_either_generation() {
        let mut known = Known::default();
        let count = u32::try_from(GENERATION_MAX).expect("small") + 1;
        (0..count).for_each(|number| known.insert(numbered(number), 0));
        for number in [0, count - 1] {
            let wid = numbered(number).wid;
            assert!(known.since_ms(&wid).is_some());
            known.forget(&wid);
            assert_eq!(known.since_ms(&wid), None);
        }
    }
}
