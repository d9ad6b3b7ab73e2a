//! Networks for testing: the simulator ([`sim`]), and local networks of real processes.
//!
//! It must not know the insides of a node: the simulator performs a replica's effects as the node does, and local networks
//! speak to real daemons over HTTP.

#[cfg(feature = "network")]
pub mod devnet;
#[cfg(feature = "network")]
pub mod hostile;
pub mod sim;
#[cfg(feature = "network")]
pub mod soak;
