//! The miner from outside: its conversation line by line, hostile pools, whole runs over real sockets, and somebody in between.

mod hostile;
mod middle;
mod payee;
mod pool;
mod port;
mod runs;
mod session;
mod slips;
mod space;
