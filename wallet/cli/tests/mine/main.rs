//! The built command as a miner.

mod command;
#[path = "../../../../modules/mining/client/tests/mine/pool.rs"]
mod pool;
