//! Planted bugs: the simulator must find each of them, or its silence means nothing (FAULTS 1.2).
//!
//! A bug is planted in the whole process, so they are hunted one after the other, by the scenario that is made for it
//! first and by random mixes after that.

use serde::Serialize;
use types::canary::Canary;

use super::panics;
use super::run::run_one;
use super::scenarios;
use crate::trial::Trials;

/// Seeds of the made-for scenario, and after them of the random mix, in which a bug must show.
const SEEDS_MAX: u64 = 40;

/// What became of a planted bug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Catch {
    /// The bug.
    pub canary: &'static str,
    /// By what it was found, if it was.
    pub found: Option<Trace>,
}

/// How a planted bug was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The scenario.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// The property that it violates.
    pub property: &'static str,
    /// How.
    pub message: String,
    /// All properties that are violated by then: who looks at the chain in another way finds it too, or does not.
    pub properties: Vec<&'static str>,
}

/// Hunts planted bugs, all or the one of this name. Nothing comes back in a build without them.
pub fn hunt(only: Option<&str>, trials: Trials, mut each: impl FnMut(&Catch)) -> Vec<Catch> {
    panics::keep();
    let wanted = |canary: &Canary| only.is_none_or(|name| name == canary.name());
    let mut catches = Vec::new();
    for canary in Canary::ALL.into_iter().filter(wanted) {
        if !planting::plant(Some(canary)) {
            break;
        }
        let catch = Catch { canary: canary.name(), found: track(canary, trials) };
        each(&catch);
        catches.push(catch);
    }
    planting::plant(None);
    catches
}

fn track(canary: Canary, trials: Trials) -> Option<Trace> {
    let all = scenarios::all(trials);
    for name in [made_for(canary, trials), "mix"] {
        let scenario = all.iter().find(|scenario| scenario.name == name)?;
        for seed in 1..=SEEDS_MAX {
            let outcome = run_one(scenario, seed, false, trials);
            let properties = outcome.violations.iter().map(|violation| violation.property).collect();
            if let Some(violation) = outcome.violations.into_iter().next() {
                let (property, message) = (violation.property, violation.message);
                return Some(Trace { scenario: scenario.name, seed, property, message, properties });
            }
        }
    }
    None
}

/// The scenario in which a bug is most likely to show.
fn made_for(canary: Canary, trials: Trials) -> &'static str {
    let of_trials = trials.iter().flat_map(|trial| trial.simulated.canaries);
    if let Some((_, scenario)) = of_trials.into_iter().find(|(shown, _)| *shown == canary) {
        return scenario;
    }
    match canary {
        Canary::VoteBeforeSync | Canary::CertificateNotLogged => "power-cuts",
        Canary::NoNullifyCheck => "split-certificates",
        Canary::QuorumTwoF => "partitions",
        Canary::BitmapLengthUnchecked => "forger",
        Canary::PossessionSkipped => "rogue-key",
        Canary::NonceNotStrict | Canary::VerdictCachedById => "contraband",
        Canary::TornLogIgnored => "damaged-log",
        Canary::SyncErrorRetried => "failing-disk",
        Canary::ReproposalWithoutViewRule => "reproposal",
        Canary::NoBackOffAfterLateNotarization => "delays",
        Canary::IndicesAcrossEpochs => "changing-sets",
        Canary::AcceptBeforePool => "spammers",
        // Shown by trials; without them nothing is made for it.
        Canary::SupplyUnchecked
        | Canary::MerkleRootUnchecked
        | Canary::ProofCountedAgain
        | Canary::BatchCountedAgain
        | Canary::QuotaCountedTwice
        | Canary::OldKeyAfterRotation
        | Canary::LevelAfterRevocation
        | Canary::BeaconOfTheFuture
        | Canary::AttestationOfAnother
        | Canary::AnchorOverwritten => "mix",
    }
}

#[cfg(feature = "canary")]
mod planting {
    use types::canary::Canary;

    /// Plants a bug in this process, or none; says whether this build can.
    pub(super) fn plant(canary: Option<Canary>) -> bool {
        types::canary::plant(canary);
        true
    }
}

#[cfg(not(feature = "canary"))]
mod planting {
    use types::canary::Canary;

    /// This build has no bugs to plant.
    pub(super) const fn plant(_: Option<Canary>) -> bool {
        false
    }
}
