//! Simplex consensus (draft of the front).
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod config;
mod evidence;
mod input;
mod output;
mod record;
mod scheme;
pub mod verify;

pub use config::Config;
pub use evidence::{Evidence, contradicts};
pub use input::{
    BuiltBlock, CertificateRequest, EpochStart, Input, KindSet, PeerToken, Route, Ticket, Verdict, WorkState,
};
pub use output::{Misconduct, Output, Resend};
pub use record::Record;
pub use scheme::{Aggregated, Scheme};
