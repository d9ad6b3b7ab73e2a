//! The simulator finds each bug that is planted in these rules; otherwise its silence would mean nothing.

use testnet::sim::hunt;
use testnet::trial::Trial;

const TRIALS: &[Trial] = &[tokens_trial::TRIAL, verifyid_trial::TRIAL];

/// So many seeds of the scenario that is made for it must be enough.
const SEEDS_MAX: u64 = 10;

// One after the other: a bug is planted in the whole process.
#[test]
fn every_bug_that_is_planted_in_the_rules_is_found_within_a_few_seeds() {
    for (canary, scenario) in verifyid_trial::TRIAL.simulated.canaries {
        let catches = hunt(Some(canary.name()), TRIALS, |_| {});
        let found = catches.first().and_then(|catch| catch.found.as_ref()).expect("it is found");
        println!("{:<26} by \"{}\" under seed {}: {:.120}", canary.name(), found.property, found.seed, found.message);
        assert!(found.scenario == *scenario && found.seed <= SEEDS_MAX, "{found:?}");
        // The rules may notice it themselves; that must not be all.
        assert!(found.properties.contains(&"devices"), "{found:?}");
    }
}
