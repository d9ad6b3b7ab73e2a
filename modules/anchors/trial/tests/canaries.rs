//! The simulator finds the bug that is planted in these rules; otherwise its silence would mean nothing.

use testnet::sim::hunt;
use testnet::trial::Trial;

const TRIALS: &[Trial] = &[tokens_trial::TRIAL, anchors_trial::TRIAL];

#[test]
fn a_digest_that_is_written_over_is_found() {
    let catches = hunt(Some("anchor-overwritten"), TRIALS, |_| {});
    let found = catches.first().and_then(|catch| catch.found.as_ref()).expect("one bug, and it is found");
    let is_by_the_trial = found.properties.contains(&"anchors");
    assert!(found.scenario == "anchors" && found.seed <= 10 && is_by_the_trial, "{found:?}");
}
