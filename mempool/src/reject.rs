//! Why a transaction does not get into the pool: the sender's matter, said at once, with what would help.

use types::{Amount, Nonce, TimeMs, Weight};

/// Why a transaction was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolReject {
    /// The same transaction is waiting already.
    #[error("this transaction is already waiting for a block")]
    AlreadyKnown,
    /// The account has used this nonce.
    #[error("nonce {nonce} is used already; the account's next nonce is {expected}")]
    NonceTooLow {
        /// The transaction's nonce.
        nonce: Nonce,
        /// The account's.
        expected: Nonce,
    },
    /// Too far ahead.
    #[error("nonce {nonce} is too far ahead: nonce {missing} is missing; send that one first")]
    NonceGap {
        /// The transaction's nonce.
        nonce: Nonce,
        /// The first one that is missing.
        missing: Nonce,
    },
    /// Another transaction with this nonce waits, and it is worth about as much.
    #[error("another transaction with nonce {nonce} is waiting; to replace it, give a tip of at least {tip_min} µTHR")]
    ReplacementUnderpriced {
        /// The nonce of both.
        nonce: Nonce,
        /// The tip that would do at this transaction's weight.
        tip_min: Amount,
    },
    /// No room for something of this worth.
    #[error("this node's pool is full of transactions that pay more; give a higher tip or try again later")]
    PoolFull,
    /// The sender has too many waiting.
    #[error("this account has {count} transactions waiting, which is the most this node keeps; wait for a block")]
    SenderLimit {
        /// How many wait.
        count: usize,
    },
    /// The peer has too much waiting.
    #[error("this peer's transactions fill {bytes} bytes of the pool, which is the most this node keeps for one peer")]
    PeerLimit {
        /// How many bytes wait.
        bytes: usize,
    },
    /// Its fee does not cover the price.
    #[error("the fee is {fee} µTHR at the present price, and the transaction allows at most {fee_max}")]
    FeeMaxTooLow {
        /// What the next block asks.
        fee: Amount,
        /// What the transaction allows.
        fee_max: Amount,
    },
    /// It asks to stay valid for longer than the chain allows.
    #[error(
        "the transaction is valid until {valid_until}, and no block takes one that is valid beyond {latest} (ms) now"
    )]
    ValidTooLong {
        /// The transaction's end.
        valid_until: TimeMs,
        /// The latest end that a block would take now.
        latest: TimeMs,
    },
    /// No block has room for its bytes.
    #[error("the transaction is longer than a whole block of this chain may be")]
    TooLong,
    /// No block has room for its weight.
    #[error("the transaction's weight of {weight} is above what a block of this chain may have")]
    TooHeavy {
        /// The transaction's weight.
        weight: Weight,
    },
    /// Too much waits to be offered to the pool.
    #[error("this node has more transactions to look at than it keeps; try again in a second")]
    Busy,
    /// Block time has passed its end.
    #[error("the transaction was valid until {valid_until} and block time is {now} (ms); sign a new one")]
    Expired {
        /// The transaction's end.
        valid_until: TimeMs,
        /// Block time.
        now: TimeMs,
    },
    /// The payer cannot pay for it and for what it has waiting.
    #[error("the payer can spend {spendable} µTHR, but fees and tips of its waiting transactions take up to {needed}")]
    InsufficientFunds {
        /// Everything of the payer in the pool and this transaction.
        needed: Amount,
        /// What the payer has.
        spendable: Amount,
    },
}

impl PoolReject {
    /// The stable name by which programs tell rejects apart.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AlreadyKnown => "already_known",
            Self::NonceTooLow { .. } => "nonce_too_low",
            Self::NonceGap { .. } => "nonce_gap",
            Self::ReplacementUnderpriced { .. } => "replacement_underpriced",
            Self::PoolFull => "pool_full",
            Self::SenderLimit { .. } => "sender_limit",
            Self::PeerLimit { .. } => "peer_limit",
            Self::FeeMaxTooLow { .. } => "fee_max_too_low",
            Self::ValidTooLong { .. } => "valid_too_long",
            Self::TooLong => "too_long",
            Self::TooHeavy { .. } => "too_heavy",
            Self::Busy => "busy",
            Self::Expired { .. } => "expired",
            Self::InsufficientFunds { .. } => "insufficient_funds",
        }
    }
}
