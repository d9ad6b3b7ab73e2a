//! Keys, signing and the `thronos` command line.
//!
//! It speaks HTTP to a node and must not know the node's insides. Secrets never reach an argument list, the environment, a log or
//! `Debug`; what a node says about finality and state is checked here against the genesis before it is shown as checked.

pub mod client;
