//! A made-up chain for the tests of a feature: real modules and real rules, a block whenever the test says so, and no node.
//!
//! [`TryoutChain`] executes blocks by the kernel and checks every invariant after each; it is also the chain that a service is
//! given. [`Running`] gives a service its life, [`get`] asks a route, [`Measured`] reads what is measured, and in a
//! [`MemoryNetwork`] services speak to each other by streams. It must not know a
//! feature, and it opens no socket.
//!
//! What does not hold is a panic with a sentence: only tests depend on this crate.

mod chain;
mod host;
mod streams;

pub use chain::{TryoutChain, USERS};
pub use host::{Measured, Running, answered, get, ground};
pub use streams::{MemoryHost, MemoryNetwork};
