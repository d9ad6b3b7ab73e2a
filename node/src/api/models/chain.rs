//! What the node says of blocks, transactions and accounts. The wallet's client reads the same fields.

use serde::{Deserialize, Serialize};
use types::{
    Amount, AssetId, Certificate, Epoch, Hash32, Header, Height, ModuleId, Nonce, SystemCall, TimeMs, Transaction,
    ValidatorIndex, View, Weight,
};
use utoipa::ToSchema;

/// `GET /api/v1/blocks/{height|hash|latest}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockResponse {
    /// Hash of the header.
    #[schema(value_type = String, format = "hash")]
    pub hash: Hash32,
    /// Bytes of the body.
    pub body_bytes: u64,
    /// The header.
    #[schema(value_type = Object)]
    pub header: Header,
    /// The header's canonical bytes.
    #[schema(format = "hex")]
    pub header_hex: String,
    /// Proves that this block is final. Absent at height 0, and while headers that lead to it are still being written.
    #[schema(value_type = Option<Object>)]
    pub certificate: Option<Certificate>,
    /// The certificate's canonical bytes.
    #[schema(format = "hex")]
    pub certificate_hex: Option<String>,
    /// Headers from the next height up to the one that `certificate` names, as canonical bytes, rising: only when the node has no
    /// certificate of this very block but of a descendant.
    #[serde(default)]
    pub descendants_hex: Vec<String>,
    /// First part of the body.
    #[schema(value_type = Vec<Object>)]
    pub system_calls: Vec<SystemCall>,
    /// Second part of the body.
    pub transactions: Vec<TransactionInBlock>,
    /// The block's own receipt, then one per transaction.
    pub receipts: Vec<ReceiptResponse>,
}

/// A transaction as a block shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionInBlock {
    /// What is signed.
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
    /// Hash of the exact bytes; what the body root commits to.
    #[schema(value_type = String, format = "hash")]
    pub wid: Hash32,
    /// The sender, as text.
    pub sender: String,
    /// The transaction.
    #[schema(value_type = Object)]
    pub transaction: Transaction,
}

/// The stream's event `final`: a block is final for this node. The event `block` follows when its certificate, which proves it to
/// others, is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FinalBlock {
    /// Its number.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Hash of the header.
    #[schema(value_type = String, format = "hash")]
    pub hash: Hash32,
    /// Its time.
    #[schema(value_type = u64)]
    pub time: TimeMs,
    /// How many transactions it has.
    pub transactions: u32,
}

/// `GET /api/v1/blocks?from=&limit=`: rising, final blocks only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlocksResponse {
    /// The blocks, without what is in them.
    pub blocks: Vec<BlockSummary>,
    /// Ask `from` here for more; absent at the end.
    #[schema(value_type = Option<u64>)]
    pub next: Option<Height>,
}

/// A block in a list and in the stream's event `block`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockSummary {
    /// Its number.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Hash of the header.
    #[schema(value_type = String, format = "hash")]
    pub hash: Hash32,
    /// Block time.
    #[schema(value_type = u64)]
    pub time: TimeMs,
    /// The epoch.
    #[schema(value_type = u64)]
    pub epoch: Epoch,
    /// The view.
    #[schema(value_type = u64)]
    pub view: View,
    /// Who proposed it.
    #[schema(value_type = u16)]
    pub proposer: ValidatorIndex,
    /// How many transactions it has.
    pub transactions: u32,
    /// The header's canonical bytes.
    #[schema(format = "hex")]
    pub header_hex: String,
    /// The certificate's canonical bytes. Absent at height 0, and where the block became final with a later one: then
    /// the whole block has what proves it.
    #[schema(format = "hex")]
    pub certificate_hex: Option<String>,
}

/// A receipt with its code in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptResponse {
    /// The transaction; zero for the block's own receipt.
    #[schema(value_type = String, format = "hash")]
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
    #[schema(value_type = u64)]
    pub weight: Weight,
    /// Fee that was taken, in µTHR, without the tip.
    #[schema(value_type = String, format = "amount")]
    pub fee: Amount,
    /// What happened.
    pub events: Vec<EventResponse>,
}

/// What a module reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventResponse {
    /// The module.
    #[schema(value_type = u16)]
    pub module: ModuleId,
    /// What kind of event.
    pub kind: u16,
    /// The event's canonical bytes in hex.
    #[schema(format = "hex")]
    pub body: String,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionResponse {
    /// The transaction.
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
    /// Where it stands.
    pub status: TransactionStatus,
    /// Hash of the exact bytes that the node has.
    #[schema(value_type = Option<String>, format = "hash")]
    pub wid: Option<Hash32>,
    /// The block, when final.
    #[schema(value_type = Option<u64>)]
    pub height: Option<Height>,
    /// The block's hash, when final.
    #[schema(value_type = Option<String>, format = "hash")]
    pub block: Option<Hash32>,
    /// Its block's time, when final.
    #[schema(value_type = Option<u64>)]
    pub time: Option<TimeMs>,
    /// Its place in the block, counted from 0, when final.
    pub index: Option<u32>,
    /// What became of it, when final.
    pub receipt: Option<ReceiptResponse>,
    /// The transaction, when the node has it.
    #[schema(value_type = Option<Object>)]
    pub transaction: Option<Transaction>,
    /// Canonical bytes of its block's header, when final.
    #[schema(format = "hex")]
    pub header_hex: Option<String>,
    /// Canonical bytes of a certificate that proves the block final, when final; absent while it is still being checked.
    #[schema(format = "hex")]
    pub certificate_hex: Option<String>,
    /// Headers from the next height up to the one that the certificate names, as canonical bytes, rising; empty when it names the
    /// block itself.
    #[serde(default)]
    pub descendants_hex: Vec<String>,
}

/// `GET /api/v1/accounts/{address}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountResponse {
    /// The account, as text.
    pub address: String,
    /// The older form of the same address.
    pub legacy: String,
    /// Nonce of its next transaction by the newest final state.
    #[schema(value_type = u64)]
    pub nonce: Nonce,
    /// Nonce of its next transaction behind those that wait in the pool.
    #[schema(value_type = u64)]
    pub pending_nonce: Nonce,
    /// Assets of which it has some, in order of their numbers.
    pub balances: Vec<BalanceResponse>,
}

/// How much an account has of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceResponse {
    /// The asset.
    #[schema(value_type = u64)]
    pub asset: AssetId,
    /// Its symbol.
    pub symbol: String,
    /// Its digits behind the point.
    pub decimals: u8,
    /// Base units.
    #[schema(value_type = String, format = "amount")]
    pub amount: Amount,
}

/// `GET /api/v1/accounts/{address}/transactions?cursor=&limit=`: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryResponse {
    /// What the account has to do with.
    pub transactions: Vec<HistoryEntry>,
    /// Give this back for more; absent at the end.
    pub cursor: Option<String>,
}

/// A final transaction in an account's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// The transaction; zero when the block itself moved something (its own receipt).
    #[schema(value_type = String, format = "hash")]
    pub id: Hash32,
    /// The block.
    #[schema(value_type = u64)]
    pub height: Height,
    /// Its place in the block; absent for the block's own receipt.
    pub index: Option<u32>,
    /// Block time.
    #[schema(value_type = u64)]
    pub time: TimeMs,
    /// The sender, as text; absent for the block's own receipt.
    pub sender: Option<String>,
    /// What became of it.
    pub receipt: ReceiptResponse,
    /// The transaction; absent for the block's own receipt.
    #[schema(value_type = Option<Object>)]
    pub transaction: Option<Transaction>,
}

/// `GET /api/v1/accounts/{address}/proof?asset=`: what the account's state is after block `height`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProofResponse {
    /// The state after this block.
    #[schema(value_type = u64)]
    pub height: Height,
    /// The state key: module id (u16, big-endian) and the module's key.
    #[schema(format = "hex")]
    pub key_hex: String,
    /// The value under the key; absent when there is none.
    #[schema(format = "hex")]
    pub value_hex: Option<String>,
    /// `crypto::jellyfish::Proof` in borsh.
    #[schema(format = "hex")]
    pub proof_hex: String,
    /// Header of `height + 1`, whose `state_root` the proof leads to.
    #[schema(format = "hex")]
    pub header_hex: String,
    /// Headers from `height + 2` up to the one that the certificate names, rising; empty when it names `height + 1` itself.
    #[serde(default)]
    pub descendants_hex: Vec<String>,
    /// Finalization of that header.
    #[schema(format = "hex")]
    pub certificate_hex: String,
}

/// `GET /api/v1/assets`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetsResponse {
    /// All assets in order of their numbers.
    pub assets: Vec<AssetResponse>,
}

/// `GET /api/v1/assets/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetResponse {
    /// Its number.
    #[schema(value_type = u64)]
    pub id: AssetId,
    /// Its symbol.
    pub symbol: String,
    /// Digits behind the point.
    pub decimals: u8,
    /// Who may mint, as text.
    pub minter: Option<String>,
    /// Most base units that may ever be issued.
    #[schema(value_type = String, format = "amount")]
    pub cap: Amount,
    /// Base units issued so far, burned or not.
    #[schema(value_type = String, format = "amount")]
    pub issued: Amount,
    /// Base units burned so far.
    #[schema(value_type = String, format = "amount")]
    pub burned: Amount,
}
