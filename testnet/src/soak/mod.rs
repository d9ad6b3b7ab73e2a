//! A kill loop over a local network of real processes.
//!
//! Nodes are killed at random moments, also while they recover, and held for a while; a client sends transfers all the time. What
//! the network has said is written down outside of it, in an append-only file, and held against it after every restart.
//! It must not look into any node's files, and believes only what it has written down itself.
//!
//! Promises that are tried (FAULTS C15, C16, S1, I1, I4, I6): no acknowledged transfer is ever lost or moves to another block; no two
//! hashes are final at one height; supply is conserved; the network goes on when enough nodes are there.

mod client;
mod faults;
mod options;
mod oracle;
mod run;
mod verdict;

pub(crate) use faults::Chance;
pub use options::Options;
pub use run::run;
