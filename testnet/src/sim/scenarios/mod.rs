//! What networks go through, one story per file.
//!
//! A scenario builds one network or several from its seed, lets things happen to them, mends everything that can be
//! mended, and expects progress. What is expected beside that the checkers know.

mod behind;
mod changing_sets;
mod clocks;
mod criminals;
mod damaged_log;
mod delays;
mod echoes;
mod epoch_cut;
mod failing_disk;
mod far_behind;
mod kill_points;
mod liars;
mod mix;
mod old_homes;
mod partitions;
mod power_cuts;
mod reproposal;
mod rogue_key;
mod spammers;
mod split_certificates;
mod twins;
mod version_start;

use super::ground::Outline;
use super::keys::SignatureKind;
use super::lots::Lots;
use super::outcome::Outcome;
use super::simulated::{self, Scenario};
use crate::trial::Trials;

/// What a scenario is given.
#[derive(Clone, Copy, Debug)]
pub struct Casting {
    /// From which everything follows.
    pub seed: u64,
    pub(crate) signatures: SignatureKind,
    pub(crate) trials: Trials,
}

impl Casting {
    /// Lots for what the scenario itself decides.
    #[must_use]
    pub const fn lots(&self) -> Lots {
        Lots::new(self.seed ^ 0x5eed_5eed_5eed_5eed)
    }

    /// So many validators of equal power.
    #[must_use]
    pub fn equals(&self, members: usize) -> Outline {
        self.outline(vec![1; members])
    }

    /// Six members, of whom in turn the last, the first and the third are not in the set: it changes at every epoch's end.
    pub(crate) fn turning(&self) -> Outline {
        let mut outline = self.outline(vec![1, 1, 1, 1, 1, 0]);
        outline.later = vec![vec![0, 1, 1, 1, 1, 1], vec![1, 1, 0, 1, 1, 1]];
        outline
    }

    pub(crate) fn outline(&self, powers: Vec<u64>) -> Outline {
        let mut outline = Outline::of(powers, self.trials);
        outline.signatures = self.signatures;
        outline
    }

    /// A number of validators; few where signatures are slow.
    pub fn members(&self, lots: &mut Lots) -> usize {
        match self.signatures {
            SignatureKind::KeyedHash => lots.pick(&[4, 4, 5, 7, 10]),
            SignatureKind::Bls => lots.pick(&[4, 4, 5]),
        }
    }
}

const fn scenario(name: &'static str, share: u64, run: fn(&Casting) -> Outcome) -> Scenario {
    Scenario { name, share, behind: None, run }
}

/// Those of the house. One without a share falls to no seed and has to be named.
const ALL: &[Scenario] = &[
    scenario("mix", 10, mix::run),
    scenario("power-cuts", 2, power_cuts::run),
    scenario("kill-points", 1, kill_points::run),
    scenario("partitions", 2, partitions::run),
    scenario("epoch-cut", 1, epoch_cut::run),
    scenario("split-certificates", 1, split_certificates::run),
    scenario("twins", 2, twins::run),
    scenario("equivocator", 1, criminals::equivocator),
    scenario("withholder", 1, criminals::withholder),
    scenario("forger", 1, criminals::forger),
    scenario("nuller", 1, criminals::nuller),
    scenario("framer", 1, criminals::framer),
    scenario("replayer", 1, criminals::replayer),
    scenario("changing-sets", 1, changing_sets::run),
    scenario("contraband", 1, criminals::contraband),
    scenario("flood", 1, criminals::flood),
    scenario("liars", 1, liars::run),
    scenario("reproposal", 1, reproposal::run),
    scenario("far-behind", 1, far_behind::run),
    scenario("clocks", 1, clocks::run),
    scenario("clocks-half-ahead", 1, clocks::half_ahead),
    scenario("clocks-all-back", 1, clocks::all_back),
    scenario("failing-disk", 1, failing_disk::run),
    scenario("damaged-log", 1, damaged_log::run),
    scenario("rogue-key", 1, rogue_key::run),
    scenario("delays", 2, delays::run),
    scenario("delay-traps", 0, delays::traps),
    scenario("spammers", 1, spammers::spammers),
    scenario("hoarders", 1, spammers::hoarders),
    scenario("boasters", 1, behind::boasters),
    scenario("long-runs", 1, behind::long_runs),
    scenario("lost-bodies", 1, behind::lost_bodies),
    scenario("stalled-store", 1, behind::stalled_store),
    scenario("damaged-blocks", 1, behind::damaged_blocks),
    scenario("old-homes", 2, old_homes::run),
    scenario("echoes", 1, echoes::run),
    scenario("version-start", 1, version_start::run),
];

/// All of them.
pub(crate) fn all(trials: Trials) -> Vec<Scenario> {
    simulated::scenarios(ALL, trials)
}

/// The scenario of a seed.
pub(crate) fn of_seed(all: &[Scenario], seed: u64) -> Scenario {
    let shares: u64 = all.iter().map(|scenario| scenario.share).sum();
    let mut place = seed % shares;
    for scenario in all {
        if place < scenario.share {
            return *scenario;
        }
        place -= scenario.share;
    }
    unreachable!("a place below the sum of all shares falls to one of them")
}

/// Members who together have less than a third of the power, drawn by lot.
#[must_use]
pub fn tolerated(powers: &[u64], lots: &mut Lots) -> Vec<usize> {
    let total: u64 = powers.iter().sum();
    let mut left: Vec<usize> = (0..powers.len()).collect();
    let (mut members, mut power) = (Vec::new(), 0);
    while !left.is_empty() {
        let member = left.remove(lots.place(left.len()));
        if (power + powers[member]) * 3 < total {
            power += powers[member];
            members.push(member);
        }
    }
    members
}
