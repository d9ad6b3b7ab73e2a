//! Why a block is invalid. An invalid block is never executed; a voter answers it with nullify.
//!
//! Invariant: every reason follows from the block and the state after its parent, so all honest nodes find it.

use types::{Height, ModuleId, TimeMs};

use crate::reject::Reject;

/// The breach that makes a block invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBlock {
    /// The body is not the one that the header commits to. This says nothing about the block, only about who sent the body.
    #[error("the body is not the one the header commits to")]
    OtherBody,
    /// The header's version is not the one in force.
    #[error("the header has another protocol version than the state")]
    Version,
    /// The chain's rules are newer than this program.
    #[error("the chain goes on by rules that this program does not know: install a newer release")]
    UnknownRules,
    /// The block is of another chain.
    #[error("the header is of another chain")]
    Chain,
    /// The number is not the parent's plus one.
    #[error("the header has height {found}, its parent leads to {expected}")]
    Height {
        /// In the header.
        found: Height,
        /// By the state.
        expected: Height,
    },
    /// The parent is another block.
    #[error("the header names another parent")]
    Parent,
    /// Time does not go on.
    #[error("the header's time {found} is not after its parent's {parent}")]
    Time {
        /// In the header.
        found: TimeMs,
        /// The parent's.
        parent: TimeMs,
    },
    /// The epoch is another one.
    #[error("the header names another epoch than its ancestors lead to")]
    Epoch,
    /// The set has no such place.
    #[error("the header names a proposer that the validator set does not have")]
    Proposer,
    /// The price is not the kernel's.
    #[error("the header has another price than the state leads to")]
    Price,
    /// The parent's state is another one.
    #[error("the header has another state root than its parent's state")]
    StateRoot,
    /// The parent's receipts are others.
    #[error("the header has another receipts root than its parent's receipts")]
    ReceiptsRoot,
    /// The validator set is another one.
    #[error("the header has another validator set than the state")]
    Validators,
    /// The next set's hash is wrong, missing on a last block, or present elsewhere.
    #[error("the header's next validator set is not the one that belongs there")]
    NextValidators,
    /// The body is longer than the chain allows.
    #[error("the body is longer than a block's body may be")]
    BodyTooLong,
    /// The transactions weigh more than the chain allows.
    #[error("the transactions weigh more than a block's may")]
    TooHeavy,
    /// A system call is not admitted.
    #[error("system call {index} is not admitted: {reject}")]
    SystemCall {
        /// Its place.
        index: u32,
        /// Why.
        reject: Reject,
    },
    /// Two system calls with one deduplication key.
    #[error("system call {index} stands in the block twice")]
    SystemCallRepeated {
        /// The place of the second.
        index: u32,
    },
    /// A module's system calls exceed their limits.
    #[error("the system calls of module {module} are more or longer than a block's may be")]
    SystemCallsTooMany {
        /// The module.
        module: ModuleId,
    },
    /// The proposer's part of the seed is due and missing.
    #[error("the seed is due and missing")]
    SeedMissing,
    /// A transaction may not stand where it stands.
    #[error("transaction {index} is invalid here: {reject}")]
    Transaction {
        /// Its place.
        index: u32,
        /// Why.
        reject: Reject,
    },
}
