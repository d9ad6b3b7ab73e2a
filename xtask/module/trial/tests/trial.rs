//! A few seeds of the own scenario, and one of the house's in which notes are left among misfortunes.

use module_name_trial::TRIAL;
use testnet::sim::{Options, run};
use testnet::trial::Trial;

static TRIALS: [Trial; 2] = [tokens_trial::TRIAL, TRIAL];

fn stands(scenario: &str, from: u64, seeds: u64) {
    let options = Options { seeds, from, scenario: Some(scenario.to_owned()), ..Options::default() };
    let report = run(&options, &TRIALS, |_, _| {}).expect("the scenario is in the list");
    assert_eq!(report.failures, [], "{scenario}");
    assert!(report.transactions > 0 && report.views > 10, "{report:?}");
}

#[test]
fn notes_are_left_while_nodes_fall_and_rise() {
    stands("module-name", 1, 3);
}

#[test]
fn notes_are_left_in_a_network_full_of_misfortunes() {
    // A multiple of 3, so that the writer takes part.
    stands("mix", 3, 1);
}
