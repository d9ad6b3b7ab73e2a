//! One file per command, or per family of commands on one thing.

pub mod account;
pub mod address;
pub mod asset;
pub mod chain;
pub mod history;
pub mod mine;
pub mod mining;
pub mod multisig;
pub mod receipt;
pub mod send;
pub mod transaction_file;
pub mod wallet;
