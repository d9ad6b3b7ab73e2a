//! Anchors in simulated networks.
//!
//! | file | tells |
//! |---|---|
//! | `scribes` | who anchors what |
//! | `first` | that what is first stays |
//! | `scenario` | what a network with anchors goes through |

mod first;
mod scenario;
mod scribes;
#[cfg(test)]
mod tests;

use testnet::sim::{InMix, Scenario, Simulated, Troupe};
use types::canary::Canary;

use first::First;
use scribes::Scribes;

/// The trial's name, by which a scenario begins its scribes.
const NAME: &str = "anchors";

/// Anchors in the simulator.
pub(crate) const SIMULATED: Simulated = Simulated {
    troupe,
    in_mix: Some(InMix { every: 7, pace_us: (30_000, 90_000) }),
    scenarios: &[Scenario { name: "anchors", share: 1, behind: None, run: scenario::run }],
    canaries: &[(Canary::AnchorOverwritten, "anchors")],
    ..Simulated::PLAIN
};

fn troupe(seed: u64) -> Troupe {
    Troupe { actor: Some(Box::new(Scribes::new(seed))), checkers: vec![Box::new(First::default())] }
}
