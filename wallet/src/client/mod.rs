//! The way to a node: typed answers over blocking HTTP.
//!
//! It must not believe what a node says, only read it: bodies are bounded, errors are passed on with their code. What follows from
//! an answer is checked in [`crate::chain`].

mod bounded;
pub mod health;
mod http;
pub mod network;
mod place;
pub mod proofs;
mod queries;
mod stream;
pub mod types;
mod unreached;

pub use http::{NodeClient, plain};
pub use stream::{EventStream, StreamEvent};
