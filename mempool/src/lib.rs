//! Transactions that wait for a block: queues per sender, order by tip, bounds on everything.
//!
//! It must not know how a transaction is checked: who inserts one vouches for its bytes and signatures. What it has
//! to know of accounts, price and time it asks through the port [`Ledger`]; sources are inputs. Nothing here is
//! part of consensus: two honest pools may differ.
//!
//! Invariants, whatever comes in:
//! - a sender's transactions are offered in the order of their nonces, without gap, from the account's nonce on;
//! - bytes, counts, bytes per peer and transactions per sender stay within [`PoolLimits`];
//! - what the next block could not hold is not taken; what waits and can no longer pay the price stands aside, offered to
//!   nobody and worth less than what can, until the price falls or it has waited too long;
//! - whoever pays can pay for everything it has in the pool, as of the last look at its account;
//! - room is made only by removing what is worth strictly less, and only from the end of a sender's queue.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod admission;
mod aside;
mod bucket_map;
mod candidates;
mod ledger;
mod limits;
mod pool;
mod queue;
mod reject;
mod transaction;

pub use candidates::CandidateLimits;
pub use ledger::Ledger;
pub use limits::{ENTRY_OVERHEAD_BYTES, PoolLimits};
pub use pool::{Inserted, Mempool, MempoolStatus, Removal, Removed, Source};
pub use reject::PoolReject;
pub use transaction::{PoolTransaction, Priority};
