//! The wallet from outside: keys, files, transactions and finality.

mod chain_maker;
mod files;
mod finality;
mod keys;
mod transactions;
