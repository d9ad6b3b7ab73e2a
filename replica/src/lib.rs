//! One validator as a state machine: events in, effects out.
//!
//! [`Replica::step`] holds all decisions of a node: it drives the consensus engine, judges and makes blocks, moves
//! them from proposed to final, keeps the pool, and catches up. It must not know threads, sockets, files or clocks:
//! the shells `node` (for real) and `testnet` (simulated) perform its effects, and heavy work comes back as events.
//!
//! The way of a block: `propose.rs` makes it or `judge.rs` judges it; `execute.rs` runs it on its parent's state;
//! `finality.rs` moves it to the store; `epoch.rs` turns the page after an epoch's last block. `catch_up.rs` and
//! `fetch.rs` get what was missed. Between nodes a block travels as a sketch (`sketch.rs`). `desk.rs` keeps the law that nothing leaves before what it rests on is synced.
//!
//! Invariants: blocks are finalized in order, each once; nothing is told to a client as final before its body is
//! durable; every map is bounded.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod admission;
mod catch_up;
mod chain;
mod clocks;
mod company;
mod config;
mod desk;
mod drive;
mod effect;
mod epoch;
mod event;
mod execute;
mod fetch;
mod finality;
mod hearsay;
mod hints;
mod job;
mod jobs;
mod judge;
mod kept;
mod known;
mod listen;
mod log;
mod mend;
mod messages;
mod pool;
mod propose;
mod replay;
mod replica;
mod run;
mod scheme;
mod serve;
mod shares;
mod sketch;
mod sources;
mod status;
mod sync;
mod system_calls;
mod trail;
mod trouble;
mod verified;
mod waiting_calls;
pub mod wire;

pub use chain::{Ground, Tip, held_bytes};
pub use clocks::ClockReport;
pub use company::Reach;
pub use config::{Config, Start, UNWRITTEN_BYTES_MAX};
pub use desk::{Desk, DeskError, Opened};
pub use effect::{DecidedBlock, Effect, GossipVerdict, Notice, Offence, Target};
pub use event::{Event, GossipToken, Now, RequestId, RequestToken, SubmissionToken, Via};
pub use job::{
    BodyDraft, Executed, Job, JobAnswer, JobContext, JobId, Path, Piece, Proposing, ReplayError, Replayed, Signer,
};
pub use kept::Kept;
pub use listen::{ListenTerms, OnTwin};
pub use log::LogRecord;
pub use mend::{LostBlock, NotTheBlock};
pub use replica::Replica;
pub use scheme::BlsScheme;
pub use serve::{answer_headers, answer_kept, answer_range};
pub use status::{Status, Voting, sentence_of};
pub use system_calls::CallRefusal;
pub use trouble::Trouble;
pub use verified::Verified;
