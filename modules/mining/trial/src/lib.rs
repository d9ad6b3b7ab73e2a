//! Mining on trial: a miner and thieves in simulated networks, and the proof on a local network that every µTHR is where the rules
//! say.
//!
//! It must not use the chain's own rules to judge the chain: checkers and books reckon from nothing but blocks and the genesis.
//!
//! | folder | tells |
//! |---|---|
//! | `sim` | who mines and who steals in simulated networks, what they go through, and what must hold |
//! | `local` | a miner at a local network, and the proof that it is paid |
//! | `attacks` | what strangers do to the port for miners and to the routes for proofs of work |

#[cfg(feature = "network")]
mod attacks;
#[cfg(feature = "network")]
mod local;
mod sim;

use testnet::trial::Trial;

#[cfg(feature = "network")]
pub use local::miners_port;

/// The trial, for the list.
pub const TRIAL: Trial = Trial {
    name: "mining",
    simulated: sim::SIMULATED,
    #[cfg(feature = "network")]
    local: local::LOCAL,
    #[cfg(feature = "network")]
    attacks: attacks::ATTACKS,
    ..Trial::PLAIN
};
