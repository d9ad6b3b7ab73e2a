//! Headers, bodies and blocks.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::codec::Canonical;
use crate::{
    ByteString, ChainId, Epoch, Hash32, Height, List, ModuleId, ProtocolVersion, TimeMs, Transaction, ValidatorIndex,
    View, limits,
};

/// What is hashed, voted on and kept for ever. `state_root` and `receipts_root` are those **after the parent**. The default, all zero,
/// is no block's: tests fill in what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Header {
    /// The rules that hold for this block.
    pub version: ProtocolVersion,
    /// The chain.
    pub chain_id: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// The view in which the block was first proposed.
    pub view: View,
    /// The block's number.
    pub height: Height,
    /// The parent's hash.
    pub parent: Hash32,
    /// Block time, strictly after the parent's.
    pub time: TimeMs,
    /// Who proposed it first, by its place in the epoch's set.
    pub proposer: ValidatorIndex,
    /// Commits to the system calls and the transactions with their witnesses.
    pub body_root: Hash32,
    /// State after the parent.
    pub state_root: Hash32,
    /// Receipts of the parent.
    pub receipts_root: Hash32,
    /// Fee per weight, in µTHR with 32 fractional bits.
    #[serde(with = "decimal_u128")]
    pub price: u128,
    /// The epoch's validator set.
    pub validators_hash: Hash32,
    /// The next epoch's validator set; present exactly on an epoch's last block.
    pub next_validators_hash: Option<Hash32>,
}

impl Canonical for Header {
    const BYTES_MAX: usize = limits::HEADER_BYTES_MAX;
}

/// An unsigned statement with a proof that one module admits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct SystemCall {
    /// The module.
    pub module: ModuleId,
    /// The module's system call, in its own canonical bytes.
    pub body: ByteString<{ limits::SYSTEM_CALL_BYTES_MAX }>,
}

/// What a block contains: system calls, then transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Body {
    /// First part.
    pub system_calls: List<SystemCall, { limits::SYSTEM_CALLS_PER_BLOCK_MAX }>,
    /// Second part.
    pub transactions: List<Transaction, { limits::TRANSACTIONS_PER_BLOCK_MAX }>,
}

impl Canonical for Body {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX;
}

/// A header with the body it commits to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
}

impl Canonical for Block {
    const BYTES_MAX: usize = limits::BODY_BYTES_MAX + limits::HEADER_BYTES_MAX;
}

/// Numbers above 2^53 are strings in JSON.
mod decimal_u128 {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
