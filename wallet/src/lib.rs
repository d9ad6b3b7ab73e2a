//! Keys, signing, finality, the way to a node, and what every command of `thronos` may use.
//!
//! It speaks HTTP to a node and must not know the node's insides, nor any feature by name. Secrets never reach an argument list,
//! the environment, a log or `Debug`; what a node says about finality and state is checked here against the genesis before it is
//! shown as checked.
//!
//! The way of a call: a feature makes it and [`calls`] checks it, [`transaction`] makes the body and the signature, [`client`] hands
//! it to a node, [`delivery`] waits, [`finality`] asks for the proof, and [`chain`] checks the certificate.
//! [`proof`] checks what needs no asking.

pub mod assets;
pub mod calls;
pub mod chain;
pub mod checkpoint;
pub mod cli;
pub mod client;
pub mod delivery;
pub mod finality;
pub mod home;
pub mod patience;
pub mod proof;
pub mod transaction_file;
mod visible;

pub use chain::{Chain, CheckedHeader};
pub use client::NodeClient;
pub use signing::{AccountKey, Envelope, Error, KeyPath, Mnemonic, Result, WordCount, cause, sign_transaction};
pub use signing::{keys, keystore, password, transaction};
pub use transaction_file::TransactionFile;
