//! SHA-256d proof of work as values: digests, targets, difficulties, headers, coinbases, Merkle branches and ASERT.
//!
//! Everything has the bytes and the rules of Bitcoin, so that machines made for Bitcoin can work for this chain. This crate must
//! not know what a work is worth, which one is the last, who asks for it, or a clock: those are the module `mining` and the node.
//!
//! Invariants: integers only, so that every machine answers the same; a target of zero cannot exist; whatever is parsed is
//! bounded, and written again gives the same bytes; a coinbase binds chain, work height, payee and a recent block, so that a
//! solved header is worth nothing to anybody else, elsewhere or later.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

pub mod asert;
mod bytes;
pub mod coinbase;
mod compact;
mod difficulty;
mod hash;
mod header;
pub mod merkle;
pub mod tags;
mod target;

pub use coinbase::{Coinbase, CoinbaseError, Commitment, SearchSpace};
pub use compact::{CompactBits, CompactError};
pub use difficulty::{Difficulty, DifficultyError};
pub use hash::sha256d;
pub use header::WorkHeader;
pub use target::Target;

/// Unsigned integers of 256 bits.
pub type U256 = ruint::aliases::U256;
