//! What an outbox hears.

use types::{Hash32, Nonce, TimeMs};

use super::DeedEnd;

/// What an outbox hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedInput {
    /// The state after one final block, and the node's clock.
    Seen {
        /// The account's nonce in it.
        nonce: Nonce,
        /// The block's time.
        time: TimeMs,
        /// The clock.
        now: TimeMs,
    },
    /// A transaction was signed, as [`super::DeedOutput::Sign`] asked.
    Signed {
        /// The deed.
        key: Hash32,
        /// The nonce.
        nonce: Nonce,
        /// Its id.
        id: Hash32,
        /// The last block time at which it may be included.
        valid_until: TimeMs,
        /// Its canonical bytes.
        transaction: Vec<u8>,
    },
    /// What the pool said to [`super::DeedOutput::Submit`].
    Answered {
        /// The deed.
        key: Hash32,
        /// What was submitted.
        id: Hash32,
        /// The answer.
        answer: PoolWord,
    },
    /// What the chain says to [`super::DeedOutput::Ask`].
    Told {
        /// The deed.
        key: Hash32,
        /// The nonce that was asked about.
        nonce: Nonce,
        /// The one of its transactions that is in a final block; nothing if none is.
        end: Option<DeedEnd>,
    },
    /// The caller has written down how a deed ended, and will not ask for it again.
    Forget {
        /// The deed.
        key: Hash32,
    },
}

/// What the pool says of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolWord {
    /// It has it.
    Taken,
    /// It pays less than the price is now.
    TooCheap,
    /// It does not take it now.
    Refused,
}
