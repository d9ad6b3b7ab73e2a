//! The built command as a miner.

mod command;
#[path = "../../../tests/mine/pool.rs"]
mod pool;
