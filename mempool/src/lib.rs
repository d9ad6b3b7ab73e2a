//! Transactions that wait for a block: queues per sender, order by tip, bounds on everything.
//!
//! It must not know how a transaction is checked: who inserts one vouches for its bytes and signatures. What it has
//! to know of accounts it asks through the port [`Accounts`]; block time and sources are inputs. Nothing here is
//! part of consensus: two honest pools may differ.
//!
//! Invariants, whatever comes in:
//! - a sender's transactions are offered in the order of their nonces, without gap, from the account's nonce on;
//! - bytes, counts, bytes per peer and transactions per sender stay within [`PoolLimits`];
//! - whoever pays can pay for everything it has in the pool, as of the last look at its account;
//! - room is made only by removing what is worth strictly less, and only from the end of a sender's queue.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod accounts;
mod admission;
mod bucket_map;
mod candidates;
mod limits;
mod pool;
mod queue;
mod reject;
mod transaction;

pub use accounts::Accounts;
pub use candidates::CandidateLimits;
pub use limits::{ENTRY_OVERHEAD_BYTES, PoolLimits};
pub use pool::{Inserted, Mempool, MempoolStatus, Removal, Source};
pub use reject::PoolReject;
pub use transaction::{PoolTransaction, Priority};
