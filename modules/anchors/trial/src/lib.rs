//! Anchors on trial: accounts put digests, hashes, contracts and heads of logs on the chain in simulated networks, again and again under few
//! names, beside a model of plain maps in which what is first stays.
//!
//! It must not use the chain's own rules to judge the chain: the model reckons from nothing but blocks.

mod sim;

use testnet::trial::Trial;

/// The trial, for the list.
pub const TRIAL: Trial = Trial { name: "anchors", simulated: sim::SIMULATED, ..Trial::PLAIN };
