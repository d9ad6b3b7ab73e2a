//! VerifyID on trial: owners, verifiers and an authority in simulated networks, who call what they may and what they may not, beside a model
//! of plain maps that says what must come of it; and a proof on a local network of real processes.
//!
//! It must not use the chain's own rules to judge the chain: the model reckons from nothing but blocks, and knows of every signature
//! which key made it over which bytes.

mod keys;
#[cfg(feature = "network")]
mod local;
mod sim;

use testnet::trial::Trial;

/// The trial, for the list.
pub const TRIAL: Trial = Trial {
    name: "verifyid",
    simulated: sim::SIMULATED,
    #[cfg(feature = "network")]
    local: local::LOCAL,
    ..Trial::PLAIN
};
