//! What the API takes and gives, as JSON: one struct per answer.
//!
//! Numbers of 64 bits and less are JSON numbers; amounts and prices are strings of an integer in base units; hashes, keys and
//! canonical bytes are lower-case hex; addresses are text of the chain's network.

mod chain;
mod evidence;
mod node;
mod submit;

pub use service::http::ErrorResponse;

pub use chain::{
    AccountResponse, AssetResponse, AssetsResponse, BalanceResponse, BlockResponse, BlockSummary, BlocksResponse,
    EventResponse, FinalBlock, HistoryEntry, HistoryResponse, ProofResponse, ReceiptResponse, TransactionInBlock,
    TransactionResponse, TransactionStatus,
};
pub use evidence::{EventEntry, EventsResponse, ReceiptProofResponse};
pub use node::{
    HealthResponse, HealthStatus, MempoolResponse, NextVersion, PeerResponse, PeersResponse, ReadyResponse,
    StatusResponse, TroubleStatus, ValidatorResponse, ValidatorsResponse, VersionResponse, VotingStatus,
};
pub use submit::{
    BatchAnswer, BatchRefusal, BatchRefusals, BatchRequest, BatchResponse, BatchResult, FeeEstimateResponse,
    SimulateResponse, SubmitRequest, SubmitResponse,
};
