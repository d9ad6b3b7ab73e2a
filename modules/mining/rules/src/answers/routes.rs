//! What the routes of the service take and give, as JSON.
//!
//! They must not know how the service comes to its answers. Whoever reads one from a node ignores fields that it does not know, and
//! believes none.

use pow::CompactBits;
use serde::{Deserialize, Serialize};
use types::{Amount, ChainId, Hash32, Height, TimeMs};

/// `GET /api/v1/mining/work`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorkResponse {
    /// The chain that the coinbase binds.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "chain"))]
    pub chain_id: ChainId,
    /// The height that the next work gets.
    pub work_height: u64,
    /// The header's version; the bits of BIP 320 may be rolled.
    pub version: u32,
    /// What the header builds on, as it stands in the header.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "hash"))]
    pub previous: Hash32,
    /// The header's nBits, eight hexadecimal digits.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub bits: CompactBits,
    /// The greatest number that the hash of a work may be, in hex.
    #[cfg_attr(feature = "schema", schema(format = "hex"))]
    pub target: String,
    /// The same for a share.
    #[cfg_attr(feature = "schema", schema(format = "hex"))]
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
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub work_from: TimeMs,
    /// Proofs of this task count until then, in Unix ms.
    pub expires_ms: u64,
    /// The block that the coinbase binds.
    pub anchor: AnchorResponse,
    /// The coinbase up to the 12 bytes that the miner chooses, in hex.
    #[cfg_attr(feature = "schema", schema(format = "hex"))]
    pub coinbase1: String,
    /// The coinbase after them.
    #[cfg_attr(feature = "schema", schema(format = "hex"))]
    pub coinbase2: String,
}

/// A block that a coinbase binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AnchorResponse {
    /// Its number; a proof names it.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub height: Height,
    /// Its hash.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "hash"))]
    pub hash: Hash32,
}

/// `POST /api/v1/mining/submit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The 80 bytes that were hashed, in hex.
    #[cfg_attr(feature = "schema", schema(format = "hex", min_length = 160, max_length = 160))]
    pub header: String,
    /// The whole coinbase, in hex.
    #[cfg_attr(feature = "schema", schema(format = "hex", max_length = 512))]
    pub coinbase: String,
    /// From the coinbase to the Merkle root; empty where the coinbase is all.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>, format = "hash", max_items = 16))]
    pub branch: Vec<Hash32>,
    /// The number of the block that the coinbase binds.
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub anchor: Height,
}

/// Answer 202 of `POST /api/v1/mining/submit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProofAccepted {
    /// The header's hash, as it came out.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "hash"))]
    pub hash: Hash32,
    /// `work` or `share`.
    pub kind: String,
}

/// `GET /api/v1/mining/payouts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PayoutsResponse {
    /// What the operator keeps: fees, and what divisions left over, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub kept: Amount,
    /// What is owed to all addresses together, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub owed: Amount,
    /// How many addresses something is owed to.
    pub addresses: u64,
    /// How many incomes were shared out; beyond 65,536 the oldest are not counted any more.
    pub incomes: u64,
    /// A page of them, by rising address.
    pub payouts: Vec<OwedResponse>,
    /// Give this back for more; absent at the end.
    pub cursor: Option<String>,
}

/// What one address is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwedResponse {
    /// To whom.
    pub address: String,
    /// In µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub owed: Amount,
}

/// `GET /api/v1/mining/payouts/{address}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PayoutResponse {
    /// Whose.
    pub address: String,
    /// What is owed, in µTHR.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub owed: Amount,
    /// Its weight in the present window, in billionths of difficulty 1: by this the next income is shared out.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub weight: Amount,
    /// The weight of the whole window.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub weight_total: Amount,
    /// Its part of the window in millionths, rounded down.
    pub share_ppm: u32,
    /// Its shares in the rounds of the window.
    pub shares: u64,
    /// Closed works of which the address has a receipt that is kept here, the newest first: each can be asked for.
    pub works: Vec<u64>,
}

/// `GET /api/v1/mining/receipts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReceiptsResponse {
    /// Roots of closed works, the newest first.
    pub roots: Vec<ReceiptsRootResponse>,
    /// Give this back for more; absent at the end.
    pub cursor: Option<u64>,
}

/// The root of the receipts of one closed work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReceiptsRootResponse {
    /// The work for which the window was closed.
    pub work: u64,
    /// The root of the Merkle tree of its receipts.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub root: Hash32,
    /// Whether the receipts are kept here, so that one of them can be proven.
    pub is_kept: bool,
}

/// `GET /api/v1/mining/receipts/{work}/{address}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShareReceiptResponse {
    /// The closed work.
    pub work: u64,
    /// Whose receipt.
    pub address: String,
    /// The weight that was counted for it, in billionths of difficulty 1.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub weight: Amount,
    /// The weight of the whole window.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub weight_total: Amount,
    /// The number of its latest entry in the book of shares.
    pub sequence: u64,
    /// The root that the receipt is under.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub root: Hash32,
    /// The receipt's place among all of the work, from 0.
    pub index: u32,
    /// How many receipts the work has.
    pub count: u32,
    /// The hashes beside the path from the receipt to the root.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub siblings: Vec<Hash32>,
    /// The receipt in canonical bytes, in hex: work, address, weight, weight of the window, sequence.
    pub receipt_hex: String,
    /// Index, count and siblings in canonical bytes, in hex.
    pub proof_hex: String,
}

/// `POST /api/v1/mining/attestations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkAttestationRequest {
    /// The device's id: its text, or 64 hexadecimal digits.
    pub device: String,
    /// The class of rates.
    pub class: u8,
    /// The number of the beacon that the shares are to bind, which must be young.
    pub beacon: u64,
    /// Until when the device's word holds, in Unix ms.
    pub valid_until: u64,
    /// The device's signature over what it signs for an attestation with this beacon: 128 hexadecimal digits.
    pub signature: String,
}

/// `GET /api/v1/mining/attestations/{device}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorkAttestationResponse {
    /// The device's id.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "hash"))]
    pub device: Hash32,
    /// The class of rates.
    pub class: u8,
    /// The number of the beacon that the shares bind.
    pub beacon: u64,
    /// What stands in their coinbases, behind the height and four letters.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "hash"))]
    pub binding: Hash32,
    /// The difficulty of each share.
    pub difficulty: String,
    /// How far it is: `open`, `complete`, or `lapsed` when shares were missing at the end.
    pub state: String,
    /// How many shares are there.
    pub shares: u16,
    /// How many it takes.
    pub shares_needed: u16,
    /// Shares count until before then, in Unix ms.
    pub until_ms: u64,
    /// Until when a block can take it, in Unix ms of its time.
    pub ends_ms: u64,
    /// Milliseconds from now to `until_ms`.
    pub left_ms: u64,
    /// How many connections of this node's port mine as the device. Without one nothing comes.
    pub connections: u32,
    /// The shares, their hashes rising over all groups; empty before the attestation is complete.
    pub groups: Vec<AttestedGroupResponse>,
}

/// Shares of one job, in the fields in which the chain takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AttestedGroupResponse {
    /// The coinbase before the extranonces, in hex.
    #[cfg_attr(feature = "schema", schema(format = "hex"))]
    pub coinbase1: String,
    /// The coinbase behind them.
    #[cfg_attr(feature = "schema", schema(format = "hex"))]
    pub coinbase2: String,
    /// From the coinbase to the header's Merkle root.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>))]
    pub branch: Vec<Hash32>,
    /// The hash of the work before, as it stands in the header.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = "hash"))]
    pub previous: Hash32,
    /// The header's nBits, as a number.
    pub bits: u32,
    /// The shares.
    pub shares: Vec<AttestedShareResponse>,
}

/// A share, in the fields in which the chain takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AttestedShareResponse {
    /// What stands between the two parts of the coinbase: 12 bytes.
    pub extranonce: [u8; 12],
    /// The header's version.
    pub version: u32,
    /// The header's time.
    pub time: u32,
    /// The header's nonce.
    pub nonce: u32,
}
