//! What a node answers, as JSON: one struct per route of `/api/v1`.
//!
//! Numbers of 64 bits and less are JSON numbers; amounts and prices are strings of an integer in base units; hashes, keys and
//! canonical bytes are lower-case hex; addresses are text (`thr1…`, on test networks `thrt1…`). A field that a node may leave out
//! is an `Option`. Fields that a newer node adds are ignored: the wallet believes only what it checks itself (see `crate::finality`).

use serde::{Deserialize, Serialize};
use types::limits::{DESCENDANTS_MAX, EVENTS_PER_RECEIPT_MAX, SYSTEM_CALLS_PER_BLOCK_MAX, TRANSACTIONS_PER_BLOCK_MAX};
use types::{
    Amount, AssetId, BlsPublicKey, Certificate, ChainId, Epoch, Hash32, Header, Height, ModuleId, Network, Nonce,
    PeerKey, Power, ProtocolVersion, SystemCall, TimeMs, Transaction, ValidatorIndex, View, Weight,
};

use super::bounded::at_most;

/// A block's own receipt, and one per transaction.
const RECEIPTS_MAX: usize = TRANSACTIONS_PER_BLOCK_MAX + 1;

/// Every error of the API: `{code, message, hint}` with a stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// Stable name in snake_case, such as `nonce_gap`.
    pub code: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub hint: String,
}

/// `GET /api/v1/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusResponse {
    /// The chain.
    pub chain_id: ChainId,
    /// The chain's name in its genesis.
    pub chain_name: String,
    /// `main` or `test`: which addresses the chain uses.
    pub network: Network,
    /// Version of the node's software.
    pub node_version: String,
    /// Rules that hold now.
    pub protocol_version: ProtocolVersion,
    /// `validator`, `full` or `read_only`.
    pub role: String,
    /// Newest block that the node has executed and stored.
    pub height: Height,
    /// Newest final block.
    pub final_height: Height,
    /// Newest height whose state root stands in a final header: what `proof` answers for.
    pub certified_height: Height,
    /// Hash of the newest final block.
    pub final_hash: Hash32,
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// Block time of the newest final block.
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
    /// How well it is, if it says so.
    pub health: Option<super::health::HealthStatus>,
}

/// Why a node is, or is not, voting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VotingStatus {
    /// Whether it votes now.
    pub voting: bool,
    /// One sentence that answers "why am I (not) voting".
    pub sentence: String,
    /// Its place in the set, when it is a validator.
    pub index: Option<ValidatorIndex>,
}

/// `GET /api/v1/validators?epoch=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorsResponse {
    /// The epoch that was asked for, or the present one.
    pub epoch: Epoch,
    /// Hash of the set, as headers carry it.
    pub validators_hash: Hash32,
    /// Power of all.
    pub power_total: u64,
    /// The members in order.
    pub validators: Vec<ValidatorResponse>,
}

/// One member of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorResponse {
    /// Its place.
    pub index: ValidatorIndex,
    /// Signs its votes.
    pub key: BlsPublicKey,
    /// Weight of its vote.
    pub power: Power,
    /// Gets its tips and rewards, as text.
    pub account: String,
    /// Its network identity: the raw Ed25519 key.
    pub peer: PeerKey,
    /// Its network identity as libp2p writes it.
    pub peer_id: String,
    /// Finalization certificates with its signature that the chain has counted in this epoch, when the node knows it.
    pub attendance: Option<u64>,
}

/// `GET /api/v1/blocks/{height|hash|latest}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockResponse {
    /// Hash of the header.
    pub hash: Hash32,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// The header.
    pub header: Header,
    /// The header's canonical bytes.
    pub header_hex: String,
    /// Proves that this block is final. Absent at height 0.
    pub certificate: Option<Certificate>,
    /// The certificate's canonical bytes.
    pub certificate_hex: Option<String>,
    /// Headers from the next height up to the one that `certificate` names, as canonical bytes, rising: only when the node has no
    /// certificate of this very block but of a descendant.
    #[serde(default, deserialize_with = "at_most::<_, _, DESCENDANTS_MAX>")]
    pub descendants_hex: Vec<String>,
    /// First part of the body.
    #[serde(deserialize_with = "at_most::<_, _, SYSTEM_CALLS_PER_BLOCK_MAX>")]
    pub system_calls: Vec<SystemCall>,
    /// Second part of the body.
    #[serde(deserialize_with = "at_most::<_, _, TRANSACTIONS_PER_BLOCK_MAX>")]
    pub transactions: Vec<TransactionInBlock>,
    /// The block's own receipt, then one per transaction.
    #[serde(deserialize_with = "at_most::<_, _, RECEIPTS_MAX>")]
    pub receipts: Vec<ReceiptResponse>,
}

/// A transaction as a block shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionInBlock {
    /// What is signed.
    pub id: Hash32,
    /// Hash of the exact bytes; what the body root commits to.
    pub wid: Hash32,
    /// The sender, as text.
    pub sender: String,
    /// The transaction.
    pub transaction: Transaction,
}

/// `GET /api/v1/blocks?from=&limit=`: rising, final blocks only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlocksResponse {
    /// The blocks, without what is in them.
    pub blocks: Vec<BlockSummary>,
    /// Ask `from` here for more; absent at the end.
    pub next: Option<Height>,
}

/// The stream's event `final`: a block is final for the node. `block` follows when its certificate is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalBlock {
    /// Its number.
    pub height: Height,
    /// Hash of the header.
    pub hash: Hash32,
    /// Its time.
    pub time: TimeMs,
    /// How many transactions it has.
    pub transactions: u32,
}

/// A block in a list and in the stream's event `block`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockSummary {
    /// Its number.
    pub height: Height,
    /// Hash of the header.
    pub hash: Hash32,
    /// Block time.
    pub time: TimeMs,
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// Who proposed it.
    pub proposer: ValidatorIndex,
    /// How many transactions it has.
    pub transactions: u32,
    /// The header's canonical bytes.
    pub header_hex: String,
    /// The certificate's canonical bytes. Absent at height 0, and where the block became final with a later one: then
    /// the whole block has what proves it.
    pub certificate_hex: Option<String>,
}

/// A receipt with its code in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptResponse {
    /// The transaction; zero for the block's own receipt.
    pub id: Hash32,
    /// 0, or `module << 16 | number`.
    pub code: u32,
    /// `ok`, or the reject's stable name.
    pub name: String,
    /// The reject in a sentence; empty when all went well.
    pub message: String,
    /// The place of the call that was rejected.
    pub call: u8,
    /// Weight that was paid for.
    pub weight: Weight,
    /// Fee that was taken, in µTHR, without the tip.
    pub fee: Amount,
    /// What happened.
    #[serde(deserialize_with = "at_most::<_, _, EVENTS_PER_RECEIPT_MAX>")]
    pub events: Vec<EventResponse>,
}

/// What a module reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResponse {
    /// The module.
    pub module: ModuleId,
    /// What kind of event.
    pub kind: u16,
    /// The event's canonical bytes in hex.
    pub body: String,
}

impl EventResponse {
    /// The event itself; nothing when its bytes are none.
    #[must_use]
    pub fn event(&self) -> Option<types::Event> {
        let body = types::ByteString::new(hex::decode(&self.body).ok()?).ok()?;
        Some(types::Event { module: self.module, kind: self.kind, body })
    }
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// Waiting in this node's pool, or in a block that is not final yet.
    Pending,
    /// In a final block.
    Final,
    /// Not known to this node.
    Unknown,
}

/// `GET /api/v1/transactions/{id}?wait=MS` and the stream's event `transaction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionResponse {
    /// The transaction.
    pub id: Hash32,
    /// Where it stands.
    pub status: TransactionStatus,
    /// Hash of the exact bytes that the node has.
    pub wid: Option<Hash32>,
    /// The block, when final.
    pub height: Option<Height>,
    /// The block's hash, when final.
    pub block: Option<Hash32>,
    /// Its block's time, when final.
    pub time: Option<TimeMs>,
    /// Its place in the block, counted from 0, when final.
    pub index: Option<u32>,
    /// What became of it, when final.
    pub receipt: Option<ReceiptResponse>,
    /// The transaction, when the node has it.
    pub transaction: Option<Transaction>,
    /// Canonical bytes of its block's header, when final.
    pub header_hex: Option<String>,
    /// Canonical bytes of a certificate that proves the block final, when final.
    pub certificate_hex: Option<String>,
    /// Headers from the next height up to the one that the certificate names, as canonical bytes, rising; empty when it names the
    /// block itself.
    #[serde(default, deserialize_with = "at_most::<_, _, DESCENDANTS_MAX>")]
    pub descendants_hex: Vec<String>,
}

/// `GET /api/v1/accounts/{address}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountResponse {
    /// The account, as text.
    pub address: String,
    /// The older form of the same address.
    pub legacy: String,
    /// Nonce of its next transaction by the newest final state.
    pub nonce: Nonce,
    /// Nonce of its next transaction behind those that wait in the pool.
    pub pending_nonce: Nonce,
    /// Assets of which it has some, in order of their numbers.
    pub balances: Vec<BalanceResponse>,
}

/// How much an account has of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceResponse {
    /// The asset.
    pub asset: AssetId,
    /// Its symbol.
    pub symbol: String,
    /// Its digits behind the point.
    pub decimals: u8,
    /// Base units.
    pub amount: Amount,
}

/// `GET /api/v1/accounts/{address}/transactions?cursor=&limit=`: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryResponse {
    /// What the account has to do with.
    pub transactions: Vec<HistoryEntry>,
    /// Give this back for more; absent at the end.
    pub cursor: Option<String>,
}

/// A final transaction in an account's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The transaction; zero when the block itself moved something (its own receipt).
    pub id: Hash32,
    /// The block.
    pub height: Height,
    /// Its place in the block; absent for the block's own receipt.
    pub index: Option<u32>,
    /// Block time.
    pub time: TimeMs,
    /// The sender, as text; absent for the block's own receipt.
    pub sender: Option<String>,
    /// What became of it.
    pub receipt: ReceiptResponse,
    /// The transaction; absent for the block's own receipt.
    pub transaction: Option<Transaction>,
}

/// `GET /api/v1/accounts/{address}/proof?asset=`: what the account's state is after block `height`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofResponse {
    /// The state after this block.
    pub height: Height,
    /// The state key: module id (u16, big-endian) and the module's key.
    pub key_hex: String,
    /// The value under the key; absent when there is none.
    pub value_hex: Option<String>,
    /// `crypto::jellyfish::Proof` in borsh.
    pub proof_hex: String,
    /// Header of `height + 1`, whose `state_root` the proof leads to.
    pub header_hex: String,
    /// Headers from `height + 2` up to the one that the certificate names, rising; empty when it names `height + 1` itself.
    #[serde(default, deserialize_with = "at_most::<_, _, DESCENDANTS_MAX>")]
    pub descendants_hex: Vec<String>,
    /// Finalization of that header.
    pub certificate_hex: String,
}

/// `POST /api/v1/transactions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitRequest {
    /// The chain the transaction was signed for.
    pub chain_id: ChainId,
    /// The transaction's canonical bytes in hex.
    pub transaction: String,
}

/// Answer 202 of `POST /api/v1/transactions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitResponse {
    /// The transaction.
    pub id: Hash32,
}

/// `POST /api/v1/transactions/batch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// The chain the transactions were signed for.
    pub chain_id: ChainId,
    /// Canonical bytes in hex, at most 1,000.
    pub transactions: Vec<String>,
}

/// Answer 200 of `POST /api/v1/transactions/batch`: one result per item, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchResponse {
    /// How many were accepted.
    pub accepted: u32,
    /// The results.
    pub results: Vec<BatchResult>,
}

/// Answer 200 of `POST /api/v1/transactions/batch` to canonical bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRefusals {
    /// How many were accepted.
    pub accepted: u32,
    /// The others, in rising order of their places.
    pub refused: Vec<BatchRefusal>,
}

/// An item of a batch that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRefusal {
    /// Its place in the batch, counted from 0.
    pub place: u32,
    /// Why.
    pub error: ErrorResponse,
}

/// What became of one item of a batch: an id, or an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchResult {
    /// The transaction, when its bytes could be read.
    pub id: Option<Hash32>,
    /// Why it was refused; absent when it was accepted.
    pub error: Option<ErrorResponse>,
}

/// Answer 200 of `POST /api/v1/transactions/simulate` (the request is a [`SubmitRequest`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulateResponse {
    /// The transaction.
    pub id: Hash32,
    /// The state after this block was used.
    pub height: Height,
    /// What would become of it.
    pub receipt: ReceiptResponse,
}

/// `GET /api/v1/fees/estimate?weight=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeEstimateResponse {
    /// Price of one weight in the next block, in µTHR with 32 fractional bits, as a decimal string.
    pub price: String,
    /// Lowest price that the chain allows, in the same unit.
    pub price_floor: String,
    /// The weight that was asked for.
    pub weight: Weight,
    /// `price · weight`, rounded up, in µTHR.
    pub fee: Amount,
    /// A `fee_max` that also covers a minute of full blocks, in µTHR.
    pub fee_max: Amount,
    /// A tip that went in lately, in µTHR per transaction; 0 when blocks have room.
    pub tip: Amount,
}

/// `GET /api/v1/assets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetsResponse {
    /// All assets in order of their numbers.
    pub assets: Vec<AssetResponse>,
}

/// `GET /api/v1/assets/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetResponse {
    /// Its number.
    pub id: AssetId,
    /// Its symbol.
    pub symbol: String,
    /// Digits behind the point.
    pub decimals: u8,
    /// Who may mint, as text.
    pub minter: Option<String>,
    /// Most base units that may ever be issued.
    pub cap: Amount,
    /// Base units issued so far, burned or not.
    pub issued: Amount,
    /// Base units burned so far.
    pub burned: Amount,
}
