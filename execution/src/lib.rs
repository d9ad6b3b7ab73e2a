//! The kernel of the chain, module 0: it decides which block is valid, runs a block over a state, and keeps the ledger.
//!
//! It must not know any module by name, the disk, the network, consensus or a clock. Modules come in through the contract in
//! `module` as a registry; state comes in through [`StateView`].
//!
//! Invariants:
//! - executing a block is `(state, block) -> (changes, receipts)` and nothing else: no clock, no entropy, no floats, no thread, and
//!   nothing whose order is not that of keys;
//! - a *reject* is the input's mistake and part of the chain, a *fault* is this machine's and stops it; neither becomes the other;
//! - every asset is conserved in every block: what balances and escrow gain is what was minted less what was burned.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod change_set;
mod checked;
mod outcome;
mod reject;
mod view;

pub use change_set::ChangeSet;
pub use checked::{CheckedBody, CheckedTransaction, TransactionFacts};
pub use outcome::{AccountTouch, BlockOutcome, FinalizedBlock};
pub use reject::{KernelReject, Reject, RejectDescription};
pub use view::{ChainState, Layered, StateView};
