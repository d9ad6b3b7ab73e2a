//! Replicas in one thread with instant messages, real signatures and disks in memory: the shortest real network.

mod follow;
mod ranges;
mod restart;
mod transfers;
mod world;
