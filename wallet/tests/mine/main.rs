//! The miner from outside: its conversation line by line, hostile pools, and whole runs over real sockets.

mod command;
mod hostile;
mod pool;
mod runs;
mod session;
mod space;
