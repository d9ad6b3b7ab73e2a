//! Replicas in one thread with instant messages, real signatures and disks in memory: the shortest real network.

mod calls;
mod follow;
mod miner;
mod misled;
mod ranges;
mod restart;
mod sketches;
mod transfers;
mod world;
