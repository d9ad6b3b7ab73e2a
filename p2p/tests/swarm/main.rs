//! The network between real nodes on loopback: what passes between honest ones, and what hostile ones cannot do.

mod crowds;
mod dead_links;
mod hostile;
mod nodes;
mod restarts;
mod stream_floods;
mod stream_shares;
mod streams;
mod traffic;
mod wishes;
