//! What a node says of how well it is.

use serde::{Deserialize, Serialize};

/// How well a node is, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthStatus {
    /// Whether it serves the chain's present and, as a validator, votes.
    pub ready: bool,
    /// Everything that is wrong, what weighs most first.
    pub troubles: Vec<TroubleStatus>,
    /// Milliseconds since the newest final block became so there, or since the node's start.
    pub final_age_ms: u64,
}

/// Something that is wrong with a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleStatus {
    /// A stable name.
    pub name: String,
    /// What is wrong.
    pub sentence: String,
    /// Whether the node is not ready because of it.
    pub forbids_ready: bool,
}
