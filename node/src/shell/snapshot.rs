//! What the rest of the node may see of the replica without asking it: a value, replaced after every round.

use std::sync::Arc;

use mempool::MempoolStatus;
use replica::Status;
use types::ValidatorSet;

/// How the replica is doing.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The replica's own word.
    pub status: Status,
    /// What waits for a block.
    pub pool: MempoolStatus,
    /// The validators of the present epoch.
    pub set: Arc<ValidatorSet>,
}
