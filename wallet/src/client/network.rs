//! What a node says of its peers and of the transactions that wait.

use serde::{Deserialize, Serialize};
use types::{Height, ValidatorIndex};

/// `GET /api/v1/mempool`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersResponse {
    /// The node's own identity.
    pub peer_id: String,
    /// Addresses it listens on.
    pub listen: Vec<String>,
    /// Who is connected.
    pub peers: Vec<PeerResponse>,
}

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerResponse {
    /// Its identity.
    pub peer_id: String,
    /// Where it is connected.
    pub address: String,
    /// Its place in the present set, when it is a validator.
    pub validator: Option<ValidatorIndex>,
    /// Newest final height it told.
    pub final_height: Option<Height>,
    /// Whether this node dialled.
    pub outbound: bool,
}
