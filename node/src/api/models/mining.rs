//! Mining without Stratum.

use serde::{Deserialize, Serialize};
use types::{ChainId, Hash32, Height, TimeMs};
use utoipa::ToSchema;

/// `GET /api/mining/work`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkResponse {
    /// The chain that the coinbase binds.
    #[schema(value_type = String, format = "chain")]
    pub chain_id: ChainId,
    /// The height that the next work gets.
    pub work_height: u64,
    /// The header's version; the bits of BIP 320 may be rolled.
    pub version: u32,
    /// What the header builds on, as it stands in the header.
    #[schema(value_type = String, format = "hash")]
    pub previous: Hash32,
    /// The header's nBits, eight hexadecimal digits.
    pub bits: String,
    /// The greatest number that the hash of a work may be, in hex.
    #[schema(format = "hex")]
    pub target: String,
    /// The same for a share.
    #[schema(format = "hex")]
    pub share_target: String,
    /// The difficulty of a work, as pools count it.
    pub difficulty: String,
    /// The same for a share.
    pub share_difficulty: String,
    /// The header time to begin with, in seconds.
    pub time: u32,
    /// The earliest header time.
    pub time_min: u32,
    /// The latest header time.
    pub time_max: u32,
    /// A work in a block before this time waits for a later one.
    #[schema(value_type = u64)]
    pub work_from: TimeMs,
    /// Proofs of this task count until then, in Unix ms.
    pub expires_ms: u64,
    /// The block that the coinbase binds.
    pub anchor: AnchorResponse,
    /// The coinbase up to the 12 bytes that the miner chooses, in hex.
    #[schema(format = "hex")]
    pub coinbase1: String,
    /// The coinbase after them.
    #[schema(format = "hex")]
    pub coinbase2: String,
}

/// A block that a coinbase binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnchorResponse {
    /// Its number; a proof names it.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Its hash.
    #[schema(value_type = String, format = "hash")]
    pub hash: Hash32,
}

/// `POST /api/mining/submit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The 80 bytes that were hashed, in hex.
    #[schema(format = "hex", min_length = 160, max_length = 160)]
    pub header: String,
    /// The whole coinbase, in hex.
    #[schema(format = "hex", max_length = 512)]
    pub coinbase: String,
    /// From the coinbase to the Merkle root; empty where the coinbase is all.
    #[serde(default)]
    #[schema(value_type = Vec<String>, format = "hash", max_items = 16)]
    pub branch: Vec<Hash32>,
    /// The number of the block that the coinbase binds.
    #[schema(value_type = u64)]
    pub anchor: Height,
}

/// Answer 202 of `POST /api/mining/submit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofAccepted {
    /// The header's hash, as it came out.
    #[schema(value_type = String, format = "hash")]
    pub hash: Hash32,
    /// `work` or `share`.
    pub kind: String,
}
