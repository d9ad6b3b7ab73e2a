//! The list of measurements, one line each.

mod cadence;
mod catch_up;
mod growth;
mod handing_in;
mod idle;
mod latency;
mod load;
mod micro;
mod miners;
mod mining;
mod start;
mod state;
mod verifyid;

use testnet::devnet::Outcome;

use crate::figures::Findings;
use crate::ground::Ground;

/// One measurement.
#[derive(Clone, Copy)]
pub struct Part {
    /// What is typed.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Measures as often as was asked for.
    pub measure: fn(&Ground<'_>) -> Outcome<Findings>,
}

/// All of them, in the order in which they run: the undemanding ones first, while the machine is cool.
pub const PARTS: &[Part] = &[
    Part { name: "micro", about: "signatures and syncs", measure: micro::measure },
    Part { name: "idle", about: "a network with nothing to do", measure: idle::measure },
    Part { name: "latency", about: "single transfers, until final on all nodes", measure: latency::measure },
    Part { name: "cadence", about: "blocks with the pacing at zero", measure: cadence::measure },
    Part {
        name: "growth",
        about: "networks of more and more validators, simulated and real",
        measure: growth::measure,
    },
    Part { name: "start", about: "from the start of a node to ready, with a long chain", measure: start::measure },
    Part { name: "load", about: "as many transfers as the network takes", measure: load::measure },
    Part { name: "catch_up", about: "a new node and a long chain", measure: catch_up::measure },
    Part { name: "miners", about: "single transfers while machines mine, and under attack", measure: miners::measure },
    Part { name: "mining", about: "proofs judged, hashes searched", measure: mining::measure },
    Part { name: "state", about: "tree and store, as accounts become many", measure: state::measure },
    Part {
        name: "verifyid",
        about: "devices asked and verified beside a validator, and registered as they become many",
        measure: verifyid::measure,
    },
];

/// What may be typed.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
    names.sort_unstable();
    names
}
