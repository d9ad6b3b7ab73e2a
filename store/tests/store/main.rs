//! The store against a plain model: blocks, states at every height, proofs, indexes, crashes and wrong directories.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod chain;
mod crash;
mod damage;
mod directory;
mod golden;
mod indexes;
mod states;
