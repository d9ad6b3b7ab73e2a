//! Keys, signing and the `thronos` command line.
//!
//! It speaks HTTP to a node and must not know the node's insides. Secrets never reach an argument list, the environment, a log or
//! `Debug`; what a node says about finality and state is checked here against the genesis before it is shown as checked.
//!
//! [`mine`] is the odd one out: it speaks Stratum to a pool, and needs neither key nor node.
//!
//! The way of a transfer: [`calls`] makes the call, [`transaction`] the body and the signature, [`client`] hands it to a node,
//! [`delivery`] waits, [`finality`] asks for the proof, and [`chain`] checks the certificate.

pub mod assets;
pub mod calls;
pub mod chain;
pub mod checkpoint;
pub mod cli;
pub mod client;
pub mod delivery;
pub mod finality;
pub mod home;
pub mod mine;
pub mod patience;
pub mod transaction_file;

pub use calls::{TransferRequest, build_transfer};
pub use chain::{Chain, CheckedHeader};
pub use client::NodeClient;
pub use signing::{AccountKey, Envelope, Error, KeyPath, Mnemonic, Result, WordCount, sign_transaction};
pub use signing::{keys, keystore, password, transaction};
pub use transaction_file::TransactionFile;
