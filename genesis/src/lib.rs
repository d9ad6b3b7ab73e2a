//! The genesis file: build, check, hash.
//!
//! `genesis.json` is the readable form of [`types::Genesis`]: addresses as text of the file's network, amounts as strings of base
//! units, keys in hex, an unknown key is an error. The chain id is the hash of the canonical bytes, not of the file, so spaces and
//! the spelling of an address change nothing. This crate must not know files, clocks, entropy, the node or any module: keys and times come
//! in, and so do the modules, as a [`Registry`], which reads, writes and checks each module's section.
//!
//! [`Registry`]: execution::Registry
//!
//! Invariant: a genesis that [`check`] accepts can start a chain, and every number in it is within what the rules can carry.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod builder;
mod error;
mod file;
mod rules;
mod sections;

pub use builder::{GenesisBuilder, LocalNetwork, empty, local_network};
pub use error::GenesisError;
pub use file::{JSON_BYTES_MAX, parse, to_json};
pub use rules::{PROTOCOL_VERSION, check, check_balances, check_identity, faults_tolerated, validator_set, warnings};

use types::{ChainId, Genesis};

/// The identity of the chain that begins with this genesis.
#[must_use]
pub fn chain_id(genesis: &Genesis) -> ChainId {
    crypto::ids::chain_id(genesis)
}
