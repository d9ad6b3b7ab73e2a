//! Epochs, ancestors, and what the state remembers of both.

use crypto::ids::validator_set_hash;
use types::{ByteString, Canonical, Epoch, Height, TimeMs, ValidatorSet};

use crate::harness::{Chain, START, genesis};
use crate::probe::ProbeCall;

#[test]
fn a_block_is_last_at_the_epochs_length_and_its_child_begins_the_next_one() {
    let mut genesis = genesis();
    genesis.parameters.timing.epoch_length_ms = 3_000;
    let mut chain = Chain::of(genesis);
    let mut seen = Vec::new();
    for _ in 0..9 {
        chain.block(&[]);
        seen.push((chain.header.epoch.0, chain.next().tip.is_last));
    }
    let expected =
        [(0, false), (0, false), (0, true), (1, false), (1, false), (1, true), (2, false), (2, false), (2, true)];
    assert_eq!(seen, expected);
    assert_eq!(chain.next().epoch.start, TimeMs(START.0 + 9_000));
    assert_eq!(chain.next().epoch.number, Epoch(3));
}

#[test]
fn the_child_of_a_last_block_is_not_last_however_late_it_comes() {
    let mut genesis = genesis();
    genesis.parameters.timing.epoch_length_ms = 1_000;
    let mut chain = Chain::of(genesis);
    chain.step_ms = 5_000;
    let mut last = Vec::new();
    for _ in 0..5 {
        chain.block(&[]);
        last.push((chain.header.epoch.0, chain.next().tip.is_last, chain.header.next_validators_hash.is_some()));
    }
    let expected = [(0, true, true), (1, false, false), (1, true, true), (2, false, false), (2, true, true)];
    assert_eq!(last, expected);
}

#[test]
fn the_sets_of_the_previous_present_and_next_epoch_are_known_and_no_others() {
    let mut genesis = genesis();
    genesis.parameters.timing.epoch_length_ms = 1_000;
    let mut chain = Chain::of(genesis);
    for _ in 0..8 {
        chain.block(&[]);
        let epoch = chain.next().epoch.number.0;
        for number in 0..12 {
            let known = execution::StateView::get(&chain.state, &execution::keys::validators(Epoch(number))).is_some();
            assert_eq!(known, number + 1 >= epoch && number <= epoch + 1, "set {number} in epoch {epoch}");
        }
    }
}

// FAULTS HA2
#[test]
fn a_set_that_a_module_chooses_votes_in_the_epoch_after_the_next() {
    let mut genesis = genesis();
    genesis.parameters.timing.epoch_length_ms = 2_000;
    let mut chain = Chain::of(genesis);
    let first = chain.next().validators.validators()[0].clone();
    let chosen = ValidatorSet::new(vec![first]).expect("one of four");
    let set = ByteString::new(chosen.to_canonical()).expect("short");
    assert_eq!(chain.run(0, vec![ProbeCall::Choose { set }.to_call()]), 0);
    let mut seen = Vec::new();
    for _ in 0..7 {
        let (next, header) = (chain.next(), chain.header.clone());
        assert_eq!(next.epoch.validators_hash, validator_set_hash(&next.validators));
        let named = header.next_validators_hash == Some(validator_set_hash(&chosen));
        seen.push((next.epoch.number.0, next.validators.len(), named));
        chain.validators.truncate(next.validators.len());
        chain.block(&[]);
    }
    // The choice falls with the last block of epoch 0; that of epoch 1 names it, as what its children are voted by.
    let expected =
        [(0, 4, false), (1, 4, false), (1, 4, false), (2, 1, true), (2, 1, false), (3, 1, true), (3, 1, false)];
    assert_eq!(seen, expected);
}

#[test]
fn a_set_goes_on_where_the_module_that_chooses_has_no_answer_or_fails() {
    let mut genesis = genesis();
    genesis.parameters.timing.epoch_length_ms = 2_000;
    let mut chain = Chain::of(genesis);
    let set = ByteString::new(vec![9; 9]).expect("short");
    assert_eq!(chain.run(0, vec![ProbeCall::Choose { set }.to_call()]), 0);
    for _ in 0..9 {
        chain.block(&[]);
        assert_eq!(chain.next().validators.len(), 4);
    }
    assert!(chain.next().epoch.number >= Epoch(4));
}

#[test]
fn a_module_sees_the_last_4096_blocks_and_nothing_older_or_newer() {
    let mut chain = Chain::new();
    chain.step_ms = 1;
    for _ in 0..4_100 {
        // Invariants of every block would take minutes here; the roots are checked as always.
        let built = chain.build(&[]);
        let outcome = chain.registry.apply(&chain.state, chain.root, &built.header, &built.body).expect("no fault");
        chain.state.apply(&outcome.changes);
        chain.state.apply_pages(&outcome.pages);
        chain.root = outcome.state_root;
        chain.view = chain.view.next();
    }
    assert_eq!(chain.next().tip.height, Height(4_100));
    let mut known = |height| chain.run(0, vec![ProbeCall::Ancestor { height: Height(height) }.to_call()]) == 0;
    // Asked in blocks 4,101 to 4,105.
    assert_eq!([known(4_100), known(4_102), known(4_103), known(7), known(9)], [true, false, false, false, true]);
}
