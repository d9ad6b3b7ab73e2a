//! The state commitment against its oracle, the crate `jmt`: the same roots and proofs for any history of changes; and against
//! forgers, hostile bytes and ground keys.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod encodings;
mod model;
mod proofs;
mod roots;
