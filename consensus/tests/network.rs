//! Whole networks of engines, seed after seed. What is checked throughout stands in `harness/network.rs`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::network::{Crime, Network};

fn run_seeds(crime: Crime, seeds: std::ops::Range<u64>) -> usize {
    let mut evidence = 0;
    for seed in seeds {
        println!("seed {seed}");
        let mut network = Network::new(seed, crime);
        network.run();
        evidence += network.evidence;
    }
    evidence
}

// FAULTS C3, C8, C14, C16, C19
#[test]
fn honest_networks_agree_and_go_on_after_loss_partitions_and_crashes() {
    assert_eq!(run_seeds(Crime::None, 0..150), 0);
}

// FAULTS C1, C2
#[test]
fn a_validator_that_runs_twice_breaks_nothing_and_is_caught() {
    assert!(run_seeds(Crime::Twins, 1_000..1_100) > 0);
}

// FAULTS C1, C13
#[test]
fn a_validator_that_signs_everything_breaks_nothing_and_is_caught() {
    assert!(run_seeds(Crime::Liar, 2_000..2_100) > 0);
}

#[test]
fn one_seed_gives_one_history() {
    let history = || {
        let mut network = Network::new(42, Crime::Liar);
        (network.run(), network.chain, network.next)
    };
    assert_eq!(history(), history());
}
