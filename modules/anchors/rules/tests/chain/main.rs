//! The rules on a chain in memory: every block is built, validated and applied, and every invariant checked after it.

mod digests;
mod harness;
mod hostile;
mod logs;
mod model;
mod said;
mod services;
