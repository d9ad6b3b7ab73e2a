//! Transactions before the rules of the chain.

use std::sync::Arc;

use types::{Canonical, ChainId, Transaction};

/// Every check that needs no state: an answer, never a panic, and a weight that counts at least the bytes.
pub fn transaction_check(data: &[u8]) {
    let Ok(transaction) = Transaction::from_canonical(data) else { return };
    if let Ok(checked) = runtime::registry().check(ChainId::default(), Arc::new(transaction)) {
        assert!(checked.weight.0 >= data.len() as u64, "bytes are part of the weight");
        // Random bytes are no signature; that there is an answer is what counts.
        let _ = execution::check_signatures(&checked.id, &checked.transaction);
    }
}
