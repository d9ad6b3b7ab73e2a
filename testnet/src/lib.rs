//! Networks for testing: the simulator ([`sim`]), and local networks of real processes. What of a feature is tried there is handed
//! in ([`trial`]).
//!
//! It must not know a feature, nor the insides of a node: the simulator performs a replica's effects as the node does, and local networks
//! speak to real daemons over HTTP.

#[cfg(feature = "network")]
pub mod devnet;
#[cfg(feature = "network")]
pub mod hostile;
pub mod sim;
#[cfg(feature = "network")]
pub mod soak;
pub mod spoken;
pub mod trial;
