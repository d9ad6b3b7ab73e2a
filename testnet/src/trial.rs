//! What a feature hands in to be tried: one [`Trial`], and one line in the list in `testnet/programs`.
//!
//! It must not know a feature. A trial has only what it needs: [`Trial::PLAIN`] has nothing, so a trial is
//! `Trial { name: "tides", simulated: Simulated { actor: Some(actor), ..Simulated::PLAIN }, ..Trial::PLAIN }`.

use types::{Address, Amount, Call};

#[cfg(feature = "network")]
use crate::devnet::Local;
#[cfg(feature = "network")]
use crate::hostile::Attacks;
use crate::sim::Simulated;

/// A feature on trial.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The feature's name, which is that of its folder.
    pub name: &'static str,
    /// How accounts give each other THR. Networks are under load by it, so one trial of the list has it.
    pub transfers: Option<Transfers>,
    /// What it brings to simulated networks.
    pub simulated: Simulated,
    /// What it brings to local networks of real processes.
    #[cfg(feature = "network")]
    pub local: Local,
    /// How strangers attack it.
    #[cfg(feature = "network")]
    pub attacks: Attacks,
}

/// The list.
pub type Trials = &'static [Trial];

/// How accounts give each other THR.
#[derive(Clone, Copy, Debug)]
pub struct Transfers {
    /// The call by which its signer gives an account so many µTHR.
    pub call: fn(Address, Amount) -> Call,
    /// A call with as many bytes as the feature takes.
    pub largest: fn() -> Call,
}

impl Trial {
    /// A trial of nothing.
    pub const PLAIN: Self = Self {
        name: "",
        transfers: None,
        simulated: Simulated::PLAIN,
        #[cfg(feature = "network")]
        local: Local::PLAIN,
        #[cfg(feature = "network")]
        attacks: Attacks::PLAIN,
    };
}

/// How accounts give each other THR: as the first trial says that does.
#[must_use]
pub fn transfers(trials: Trials) -> Option<Transfers> {
    trials.iter().find_map(|trial| trial.transfers)
}

/// A trial by its name.
#[must_use]
pub fn named(trials: Trials, name: &str) -> Option<&'static Trial> {
    trials.iter().find(|trial| trial.name == name)
}
