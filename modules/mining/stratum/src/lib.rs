//! Stratum V1: what a miner may say and how much of it.
//!
//! The crate is a server as a state machine: [`Server::step`] takes what happened (bytes of a connection, a new
//! template, a verdict, the time) and answers with what to do (bytes to send, a share to write down, a proof to hand
//! to the chain). It must not know sockets, files, clocks or the rules by which the chain accepts a proof.
//!
//! Invariants: every input is bounded before it is parsed, and every table has a largest size ([`limits`]); a share is
//! parsed into numbers of fixed length before anything compares it; it is credited at the difficulty that its job had
//! when it was issued, once, and written to the ledger before its sender hears of it; integers only; the same inputs
//! give the same outputs.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::panic,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod answer;
mod attest;
mod book;
mod call;
mod config;
mod counters;
mod extranonces;
mod job;
mod kept;
pub mod ledger;
pub mod limits;
mod line;
mod metrics;
mod owed;
mod rates;
mod receipts;
mod refusal;
mod remembered;
pub mod report;
mod request;
mod server;
#[cfg(feature = "service")]
pub mod service;
mod source;
mod template;
mod vardiff;
mod window;
mod worker;

pub use attest::{AttestProgress, AttestState, AttestTerms, AttestedGroup, AttestedShare, MiningDevice, NotBegun};
pub use book::{Book, BookError, Closed, Entry, ReceiptsRoot, Settlement, Share, Tally, lowest_first};
pub use call::{Call, Extension, Submit};
pub use config::{Config, ConfigError, Payment, Port};
pub use job::{Body, Job, Solved};
pub use kept::{KeptProof, KeptProofs};
pub use line::{Flow, LineDecoder, LineError};
pub use metrics::Metrics;
pub use rates::{HashRates, Rates};
pub use receipts::{Receipt, Receipts};
pub use refusal::Refusal;
pub use request::{Id, Request};
pub use server::{Client, CloseReason, ConnectionId, Event, FoundWork, Input, Output, Proof, ProofId, Server, Verdict};
pub use template::Template;
pub use vardiff::{Bounds, Habits, SHARE_INTERVAL_MS, Vardiff};
pub use window::{Credit, Payouts, Round, Window};
pub use worker::{Agent, Login, Worker, WorkerName};
