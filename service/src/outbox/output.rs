//! What an outbox says: what is to be done, and how a deed stands.

use types::{Call, Hash32, Nonce};

use super::{DEEDS_MAX, DeedEnd, DeedRecord};

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedOutput {
    /// Write it down and sync it, before anything that follows.
    Keep(DeedRecord),
    /// Sign these calls for this nonce; what cannot be signed now is asked for again.
    Sign {
        /// The deed.
        key: Hash32,
        /// The nonce.
        nonce: Nonce,
        /// What it does.
        calls: Vec<Call>,
    },
    /// Submit it to the pool.
    Submit {
        /// The deed.
        key: Hash32,
        /// Its id.
        id: Hash32,
        /// Its canonical bytes.
        transaction: Vec<u8>,
    },
    /// Ask the chain, in a state no older than the one that was seen, which of these is in a final block.
    Ask {
        /// The deed.
        key: Hash32,
        /// Their nonce.
        nonce: Nonce,
        /// The ids.
        ids: Vec<Hash32>,
    },
    /// The deed has ended.
    Ended {
        /// The deed.
        key: Hash32,
        /// How.
        end: DeedEnd,
    },
    /// The chain has passed this nonce with a transaction of which nothing is known here: another program uses the key, or this log is
    /// an older copy. Nothing leaves any more before [`super::DeedOutbox::pass`].
    Overtaken {
        /// The first such nonce.
        nonce: Nonce,
    },
    /// The deed would have to be signed, and is not before [`super::DeedOutbox::pass`].
    Held {
        /// The deed.
        key: Hash32,
    },
}

/// Why a deed is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Too many are under way.
    #[error("{DEEDS_MAX} transactions of this account wait for a final block: send more when some are in one")]
    Full,
}

/// How a deed stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedState {
    /// No transaction of it has left.
    Planned,
    /// A transaction of it was signed.
    Signed,
    /// The pool has it.
    Pooled,
    /// It has ended.
    Ended(DeedEnd),
}
