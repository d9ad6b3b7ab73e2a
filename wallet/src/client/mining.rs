//! What a node answers about mining, under `/api/v1/mining`: the work chain, an account's earnings, tasks without Stratum.
//!
//! It must not know how a work is found. Fields that a newer node adds are ignored, as everywhere in the client.

use pow::{CompactBits, Difficulty};
use serde::{Deserialize, Serialize};
use types::{Amount, Hash32, Height, TimeMs};

use super::http::{NodeClient, plain};
use crate::Result;

/// `GET /api/v1/mining/info`: the work chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiningInfo {
    /// How many works there are.
    pub works: u64,
    /// Hash of the newest; the chain id before the first.
    pub last_hash: Hash32,
    /// Time of the block that accepted it.
    pub last_time: TimeMs,
    /// nBits of the next.
    pub bits: CompactBits,
    /// Its difficulty, as pools count it.
    pub difficulty: Option<Difficulty>,
    /// How many hashes it takes on average, in decimal.
    pub hashes_expected: Option<String>,
    /// What it pays, in µTHR.
    pub reward: Amount,
    /// What all works were paid, in µTHR.
    pub issued: Amount,
    /// Shares counted since the newest work.
    pub shares: u64,
    /// Shares that stand in blocks, of all times, works among them.
    pub shares_total: u64,
    /// Shares in the window.
    pub window_shares: u64,
    /// What the window holds for those who have not claimed, in µTHR.
    pub unclaimed: Amount,
    /// Wanted time between works, in milliseconds.
    pub spacing_ms: u64,
}

/// `GET /api/v1/mining/accounts/{address}`: what an account has earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiningAccount {
    /// What a claim would move, in µTHR.
    pub claimable: Amount,
    /// The weight of its shares in the window, in hashes, in decimal.
    pub weight: String,
    /// The weight of all shares there.
    pub window_weight: String,
}

/// `GET /api/v1/mining/work?address=`: what to mine. The coinbase is `coinbase1`, 12 bytes of the miner's choice, `coinbase2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiningTask {
    /// The height that the next work gets.
    pub work_height: u64,
    /// The header's version.
    pub version: u32,
    /// What the header builds on, as it stands in the header.
    pub previous: Hash32,
    /// The header's nBits.
    pub bits: CompactBits,
    /// The greatest number that the hash of a share may be, 64 hexadecimal digits.
    pub share_target: String,
    /// The header time to begin with, in seconds.
    pub time: u32,
    /// The block that the coinbase binds.
    pub anchor: MiningAnchor,
    /// The coinbase before the 12 bytes, in hex.
    pub coinbase1: String,
    /// The coinbase behind them.
    pub coinbase2: String,
}

/// A block that a coinbase binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiningAnchor {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
}

/// `POST /api/v1/mining/submit`: a proof where the coinbase is the only leaf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The 80 bytes that were hashed, in hex.
    pub header: String,
    /// The whole coinbase, in hex.
    pub coinbase: String,
    /// The number of the block that the coinbase binds.
    pub anchor: Height,
}

/// Its answer 202: the proof waits for a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofAccepted {
    /// The header's hash, as it came out of the hash.
    pub hash: Hash32,
    /// `work` or `share`.
    pub kind: String,
}

/// `GET /api/v1/mining/receipts`: the roots of a pool's receipts, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptsRoots {
    /// One per closed work.
    pub roots: Vec<ReceiptsRoot>,
}

/// The root of the receipts of one closed work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptsRoot {
    /// The work.
    pub work: u64,
    /// The root.
    pub root: Hash32,
    /// Whether one of the receipts can be asked for.
    pub is_kept: bool,
}

/// `GET /api/v1/mining/receipts/{work}/{address}`: the parts of it that can be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareReceipt {
    /// The root that the receipt is under.
    pub root: Hash32,
    /// The receipt's canonical bytes, in hex.
    pub receipt_hex: String,
    /// Those of the path to the root.
    pub proof_hex: String,
}

impl NodeClient {
    /// The work chain.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mining_info(&self) -> Result<MiningInfo> {
        self.get_at("/api/v1/mining/info")
    }

    /// What an account has earned by mining and not claimed; any text form of its address.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mining_account(&self, address: &str) -> Result<MiningAccount> {
        self.get_at(&format!("/api/v1/mining/accounts/{}", plain(address)?))
    }

    /// What to mine for an address.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mining_task(&self, address: &str) -> Result<MiningTask> {
        self.get_at(&format!("/api/v1/mining/work?address={}", plain(address)?))
    }

    /// Hands in a proof of work.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn submit_proof(&self, proof: &ProofRequest) -> Result<ProofAccepted> {
        self.post_at("/api/v1/mining/submit", proof)
    }

    /// The roots of the receipts of the node's port for miners: the newest hundred.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mining_receipts(&self) -> Result<ReceiptsRoots> {
        self.get_at("/api/v1/mining/receipts?limit=100")
    }

    /// The receipt of an address for a closed work.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mining_receipt(&self, work: u64, address: &str) -> Result<ShareReceipt> {
        self.get_at(&format!("/api/v1/mining/receipts/{work}/{}", plain(address)?))
    }

    /// The statistics of the node's port for miners, as ckpool writes them for an address.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn mining_user(&self, address: &str) -> Result<serde_json::Value> {
        self.get_at(&format!("/api/v1/mining/users/{}", plain(address)?))
    }
}
