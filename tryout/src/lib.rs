//! A made-up chain for the tests of a feature: real modules and real rules, a block whenever the test says so, and no node.
//!
//! [`TryoutChain`] executes blocks by the kernel and checks every invariant after each; it is also the chain that a service is
//! given. [`Running`] gives a service its life, [`get`] asks a route, [`Measured`] reads what is measured, and in a
//! [`MemoryNetwork`] services speak to each other by streams. [`free_port`] finds a port for a program of its own. It must not
//! know a feature, and it opens no socket for longer than a look.
//!
//! What does not hold is a panic with a sentence: only tests depend on this crate.

mod chain;
mod host;
mod ports;
mod streams;

pub use chain::{TryoutChain, USERS};
pub use host::{Measured, Running, answered, get, ground};
pub use ports::{free_port, free_ports};
pub use streams::{MemoryHost, MemoryNetwork};
