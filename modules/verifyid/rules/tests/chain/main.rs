//! The rules on a chain in memory: every block is built, validated and applied, and every invariant checked after it.

mod attest;
mod batches;
mod devices;
mod genesis;
mod harness;
mod model;
mod rotation;
