//! The kernel of the chain, module 0: it decides which block is valid, runs a block over a state, and keeps the ledger.
//!
//! It must not know any module by name, the disk, the network, consensus or a clock. Modules come in through the contract
//! [`Module`] as a [`Registry`]; state comes in through [`StateView`].
//!
//! Invariants:
//! - executing a block is `(state, block) -> (changes, receipts)` and nothing else: no clock, no entropy, no floats, no thread, and
//!   nothing whose order is not that of keys;
//! - a *reject* is the input's mistake and part of the chain, a [`Fault`] is this machine's and stops it; neither becomes the other;
//! - every asset is conserved in every block: what balances and escrow gain is what was minted less what was burned.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod apply;
mod attendance;
mod budget;
mod build;
mod change_set;
mod check;
mod checked;
mod clock;
mod context;
mod elsewhere;
mod epoch;
mod event;
mod execute;
mod fault;
pub mod fee;
mod filling;
mod genesis;
mod invalid;
mod invariant;
mod key_cache;
mod key_index;
pub mod keys;
mod ledger;
mod module;
mod next_block;
mod offer;
mod outcome;
mod overlay;
mod query;
pub mod readable;
mod records;
mod registry;
mod reject;
mod section;
mod seed;
mod short_bytes;
mod signatures;
mod simulate;
mod system;
mod terms;
mod validity;
pub mod values;
mod verifier;
mod versions;
mod view;
mod wake;
mod words;

pub use budget::Budget;
pub use build::{BuildError, BuildRequest, Built, LeftOut};
pub use change_set::{Change, ChangeSet};
pub use checked::{CheckedBody, CheckedTransaction, TransactionFacts};
pub use clock::{ClockBreach, check_clock};
pub use context::{BlockInfo, Context, ModuleView, SCAN_MAX, account_record};
pub use elsewhere::{Elsewhere, Other};
pub use event::KernelEvent;
pub use execute::Execution;
pub use fault::Fault;
pub use genesis::{GenesisBlock, GenesisError, PROTOCOL_VERSION, validator_set};
pub use invalid::InvalidBlock;
pub use module::{Admission, AnyModule, Backed, Judge, Module, QueryArguments, QueryError};
pub use next_block::NextBlock;
pub use outcome::{AccountTouch, BlockOutcome, FinalizedBlock};
pub use query::{Account, AssetBalance, KERNEL_NAME, KERNEL_QUERIES, write_addresses};
pub use records::{
    AccountRecord, AllowanceRecord, Ancestor, AttendedRecord, ChainRecord, EpochRecord, RunningRecord, SeedRecord,
    Supply, Tip, VersionStart,
};
pub use registry::{DescribedReject, Registry};
pub use reject::{KernelReject, Reject, RejectDescription};
pub use section::{
    Breach, NoNumbers, OpenedAsset, Section, SectionError, SectionRules, Sections, edit_section, place, section,
    section_bytes, set_section,
};
pub use short_bytes::ShortBytes;
pub use signatures::{check_many_signatures, check_signatures};
pub use system::{Attendance, KERNEL, KernelSystemCall};
pub use terms::Terms;
pub use verifier::{Blst, ValidatorSignatures};
pub use view::{ChainState, Layered, MemoryState, StateView};
pub use words::{Argument, ArgumentKind, EventKind, ModuleQuery, Words, argument};
