//! The shell around the replica: threads, sockets, files and clocks.
//!
//! ```text
//! peers  -> bridge (a task per class) -> inbox -> core (the thread that owns the replica) -> desk -> hands -> network, jobs, store
//! clients -> api -> submission, query ----^                                                          |
//!                    notices, snapshot <-------------------------------------------------------------+
//! ```
//! It must not know any rule of consensus or of a module. Invariants: every queue is bounded, by count or by what the replica has
//! asked for; consensus, sync and transactions never wait in one queue; a failure of this machine stops the node and is never
//! tried again.

mod address_book;
mod allow;
mod aside;
mod bridge;
mod clock;
mod condition;
mod core;
mod desk;
mod doors;
mod fair;
mod fault;
mod hands;
mod inbox;
mod jobs;
pub(crate) mod listening;
mod lookout;
mod mend;
mod notices;
mod port;
mod room;
mod serve;
mod settings_check;
mod signer;
mod snapshot;
mod start;
mod start_error;
mod storing;
mod tickets;
mod traffic;
mod verify;

use std::sync::Arc;

use execution::CheckedTransaction;
use mempool::PoolReject;
use replica::CallRefusal;
use types::{Hash32, SystemCall};

pub use allow::{Allowed, allow_votes_above};
pub use clock::Clock;
pub use condition::{Condition, Told, trouble_names};
pub(crate) use desk::lost_key;
pub use fault::Faults;
pub use notices::{Listening, Notices, PoolChange};
pub use port::Port;
pub use room::{Measure, Room, Scarcity, Space, space_of};
pub use settings_check::{check_accounts, check_settings};
pub use snapshot::Snapshot;
pub use start::{Node, NodeOptions, open_store};
pub use start_error::StartError;
pub(crate) use traffic::exposition as traffic;
pub use verify::{Findings, above_words, verify_home};

/// A system call from a service or the API on its way into a block, with the way back.
pub struct CallSubmission {
    /// The call.
    pub call: SystemCall,
    /// Gets whether it waits for a block now.
    pub answer: tokio::sync::oneshot::Sender<Result<(), CallRefusal>>,
}

/// Transactions from the API on their way into the pool, with the way back.
pub struct Submission {
    /// Checked without state, signatures included.
    pub transactions: Vec<Arc<CheckedTransaction>>,
    /// Gets one result per transaction, in order.
    pub answer: tokio::sync::oneshot::Sender<Vec<Result<Hash32, PoolReject>>>,
}
