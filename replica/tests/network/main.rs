//! Replicas in one thread with instant messages, real signatures and disks in memory: the shortest real network.

mod behind;
mod calls;
mod clocks;
mod follow;
mod grounds;
mod hearsay;
mod listen;
mod miner;
mod misled;
mod ranges;
mod restart;
mod shelf;
mod sketches;
mod spam;
mod standing;
mod transfers;
mod versions;
mod world;
