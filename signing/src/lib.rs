//! Keys of accounts, the files they lie in, and signed transactions: what the client and the daemon both need, and how both
//! speak of their commands.
//!
//! It must not know a node, a command or what a call says. Secrets never reach an argument list, the environment, a log or `Debug`.

pub mod commands;
mod error;
pub mod keys;
pub mod keystore;
pub mod password;
pub mod transaction;

pub use error::{Error, Result, cause};
pub use keys::{AccountKey, KeyPath, Mnemonic, WordCount};
pub use transaction::{Envelope, sign_transaction};
