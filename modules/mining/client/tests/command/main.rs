//! The command `thronos mine` as it is built.

mod miner;
#[path = "../mine/pool.rs"]
mod pool;
