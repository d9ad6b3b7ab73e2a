//! The trial on itself: networks in which nothing is planted violate nothing.

use testnet::sim::{Options, run};
use testnet::trial::Trial;

const TRIALS: &[Trial] = &[tokens_trial::TRIAL, crate::TRIAL];

#[test]
fn what_is_first_under_a_name_stays_whatever_is_put_there_later() {
    let options = Options { seeds: 4, from: 1, scenario: Some("anchors".to_owned()), ..Options::default() };
    let report = run(&options, TRIALS, |_, _| {}).expect("the scenario is in the list");
    assert_eq!(report.failures, []);
    assert!(report.transactions > 400 && report.faults.contains_key("crash"), "{report:?}");
}
