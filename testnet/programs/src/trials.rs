//! The list of trials, one line each: what simulated and local networks try of each feature.

use testnet::trial::Trial;

/// Every trial.
pub const TRIALS: &[Trial] = &[
    // One on a line.
    tokens_trial::TRIAL,
    mining_trial::TRIAL,
    verifyid_trial::TRIAL,
    anchors_trial::TRIAL,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_trials_have_one_name_and_one_says_how_accounts_give_each_other_thr() {
        let names: BTreeSet<&str> = TRIALS.iter().map(|trial| trial.name).collect();
        assert_eq!(names.len(), TRIALS.len());
        assert_eq!(TRIALS.iter().filter(|trial| trial.transfers.is_some()).count(), 1);
    }

    #[test]
    fn what_a_trial_names_of_the_simulator_is_there() {
        let scenarios: BTreeSet<&str> = testnet::sim::scenario_names(TRIALS).into_iter().collect();
        for simulated in TRIALS.iter().map(|trial| trial.simulated) {
            let behind = simulated.scenarios.iter().filter_map(|scenario| scenario.behind);
            for named in behind.chain(simulated.canaries.iter().map(|(_, scenario)| *scenario)) {
                assert!(scenarios.contains(named), "{named}");
            }
        }
    }
}
