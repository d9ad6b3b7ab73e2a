//! How much this replica keeps on behalf of others: for metrics, and for whoever checks that it is bounded.

use crate::hints::HINT_BYTES_MAX;
use crate::replica::Replica;

/// What is kept, now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Transactions in the pool.
    pub transactions: usize,
    /// Their bytes, as the pool counts them.
    pub transaction_bytes: usize,
    /// Short ids of transactions: never more than transactions.
    pub short_ids: usize,
    /// Bytes of the bodies that sketches stand for.
    pub hint_bytes: usize,
    /// Bytes of the bodies of blocks that are not final, whoever speaks for them.
    pub body_bytes: usize,
    /// System calls that wait.
    pub calls: usize,
}

impl Kept {
    /// Most bytes of bodies that sketches stand for.
    pub const HINT_BYTES_MAX: usize = HINT_BYTES_MAX;
}

impl Replica {
    /// How much is kept on behalf of others.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let pool = self.pool.status();
        Kept {
            transactions: pool.transactions,
            transaction_bytes: pool.bytes,
            short_ids: self.known.len(),
            hint_bytes: self.hints.bytes(),
            body_bytes: self.chain.body_bytes(),
            calls: self.calls_waiting(),
        }
    }
}
