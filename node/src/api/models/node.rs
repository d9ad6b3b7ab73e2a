//! What the node says of itself, its peers and the validators. The wallet's client reads the same fields.

use serde::{Deserialize, Serialize};
use types::{
    BlsPublicKey, ChainId, Epoch, Hash32, Height, Network, PeerKey, Power, ProtocolVersion, TimeMs, ValidatorIndex,
    View,
};
use utoipa::ToSchema;

/// `GET /api/v1/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusResponse {
    /// The chain.
    #[schema(value_type = String, format = "chain")]
    pub chain_id: ChainId,
    /// The chain's name in its genesis.
    pub chain_name: String,
    /// `main` or `test`: which addresses the chain uses.
    #[schema(value_type = String)]
    pub network: Network,
    /// Version of the node's software.
    pub node_version: String,
    /// Rules that hold now.
    #[schema(value_type = u16)]
    pub protocol_version: ProtocolVersion,
    /// Rules that are fixed and have not begun.
    #[serde(default)]
    pub next_version: Option<NextVersion>,
    /// `validator`, `full` or `read_only`.
    pub role: String,
    /// Newest block that the node has executed and stored.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Newest final block.
    #[schema(value_type = u64)]
    pub final_height: Height,
    /// Newest height whose state root stands in a final header: what `proof` answers for.
    #[schema(value_type = u64)]
    pub certified_height: Height,
    /// Hash of the newest final block.
    #[schema(value_type = String, format = "hash")]
    pub final_hash: Hash32,
    /// The epoch.
    #[schema(value_type = u64)]
    pub epoch: Epoch,
    /// The view.
    #[schema(value_type = u64)]
    pub view: View,
    /// Block time of the newest final block.
    #[schema(value_type = u64)]
    pub time: TimeMs,
    /// Present price of one weight, in µTHR with 32 fractional bits, as a decimal string.
    pub price: String,
    /// Whether the node votes, and why.
    pub voting: VotingStatus,
    /// Connected peers.
    pub peers: u32,
    /// The node's own network identity, as libp2p writes it.
    pub peer_id: String,
    /// Transactions waiting in the pool.
    pub mempool_transactions: u32,
    /// Whether blocks behind the tip are being fetched.
    pub syncing: bool,
    /// How well it is.
    pub health: HealthStatus,
}

/// A protocol version that is fixed and has not begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextVersion {
    /// Its number.
    #[schema(value_type = u16)]
    pub version: ProtocolVersion,
    /// The first epoch that it rules.
    #[schema(value_type = u64)]
    pub epoch: Epoch,
    /// SHA-256 of releases that know it, as they were announced with it.
    #[schema(value_type = Vec<String>)]
    pub releases: Vec<Hash32>,
    /// Whether this node's release knows it; one that does not stops before that epoch.
    pub is_known: bool,
}

/// How well a node is: what `/readyz`, `/metrics` and the log say too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthStatus {
    /// Whether it serves the chain's present and, as a validator, votes.
    pub ready: bool,
    /// Everything that is wrong, what weighs most first.
    pub troubles: Vec<TroubleStatus>,
    /// Milliseconds since the newest final block became so here, or since the start.
    pub final_age_ms: u64,
    /// Transactions that a block could include.
    pub executable: u32,
    /// Power of the validators that have answered lately, this node's own included.
    pub power_answering: u64,
    /// Power of all validators.
    pub power_total: u64,
    /// How far this machine's clock is ahead of the validators' median; nothing while that is unknown.
    pub clock_ahead_ms: Option<i64>,
    /// Free on the file system of the data.
    pub disk_free_bytes: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TroubleStatus {
    /// A stable name.
    pub name: String,
    /// What is wrong and, where that is not plain, what to do.
    pub sentence: String,
    /// Whether the node is not ready because of it.
    pub forbids_ready: bool,
}

/// Why a node is, or is not, voting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VotingStatus {
    /// Whether it votes now.
    pub voting: bool,
    /// One sentence that answers "why am I (not) voting".
    pub sentence: String,
    /// Its place in the set, when it is a validator.
    #[schema(value_type = Option<u16>)]
    pub index: Option<ValidatorIndex>,
}

/// `GET /api/v1/validators?epoch=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValidatorsResponse {
    /// The epoch that was asked for, or the present one.
    #[schema(value_type = u64)]
    pub epoch: Epoch,
    /// Hash of the set, as headers carry it.
    #[schema(value_type = String, format = "hash")]
    pub validators_hash: Hash32,
    /// Power of all.
    pub power_total: u64,
    /// The members in order.
    pub validators: Vec<ValidatorResponse>,
}

/// One member of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValidatorResponse {
    /// Its place.
    #[schema(value_type = u16)]
    pub index: ValidatorIndex,
    /// Signs its votes.
    #[schema(value_type = String)]
    pub key: BlsPublicKey,
    /// Weight of its vote.
    #[schema(value_type = u64)]
    pub power: Power,
    /// Gets its tips and rewards, as text.
    pub account: String,
    /// Its network identity: the raw Ed25519 key.
    #[schema(value_type = String)]
    pub peer: PeerKey,
    /// Its network identity as libp2p writes it.
    pub peer_id: String,
    /// Finalization certificates with its signature that the chain has counted in this epoch, when the node knows it.
    pub attendance: Option<u64>,
}

/// `GET /api/v1/mempool`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MempoolResponse {
    /// Transactions that wait.
    pub transactions: u32,
    /// Their bytes.
    pub bytes: u64,
    /// Most transactions that may wait.
    pub transactions_max: u32,
    /// Most bytes that may wait.
    pub bytes_max: u64,
}

/// `GET /api/v1/peers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeersResponse {
    /// The node's own identity.
    pub peer_id: String,
    /// Addresses it listens on.
    pub listen: Vec<String>,
    /// Who is connected.
    pub peers: Vec<PeerResponse>,
}

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerResponse {
    /// Its identity.
    pub peer_id: String,
    /// Where it is connected.
    pub address: String,
    /// Its place in the present set, when it is a validator.
    #[schema(value_type = Option<u16>)]
    pub validator: Option<ValidatorIndex>,
    /// Newest final height it told.
    #[schema(value_type = Option<u64>)]
    pub final_height: Option<Height>,
    /// Whether this node dialled.
    pub outbound: bool,
}

/// `GET /readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadyResponse {
    /// Whether the node can serve and, as a validator, votes.
    pub ready: bool,
    /// One sentence that answers "why am I (not) voting".
    pub sentence: String,
    /// What keeps the node from being ready.
    pub reasons: Vec<String>,
    /// What else is wrong.
    pub warnings: Vec<String>,
}

/// `GET /api/health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthResponse {
    /// `ok`, or `not_ready`: `/readyz` says why.
    pub status: String,
    /// Newest final height.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Which chain.
    #[schema(value_type = String, format = "hash")]
    pub chain_id: ChainId,
}

/// `GET /version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionResponse {
    /// Version of the software.
    pub version: String,
    /// Newest rules of the chain that it knows.
    #[schema(value_type = u16)]
    pub protocol_version: ProtocolVersion,
}
