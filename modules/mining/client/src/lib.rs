//! Mining, for people: the verbs `mine`, `mining` and `claim`, what a node answers about mining, and the built-in miner.
//!
//! [`mine`] speaks Stratum to a pool and needs neither key nor node; `node.rs` asks a node over HTTP, `verbs/` makes commands of both.
//! It must not know how a claim is signed or handed in, which is the wallet's, nor what a proof is worth, which is the rules'.

pub mod mine;
mod node;
mod verbs;

pub use node::{account, info, receipt, receipts, submit, task, user};
/// What a pool counted, and its proofs.
pub use stratum::{Receipts, Window};
pub use verbs::MiningVerbs;
