//! Determinism: a block does the same wherever and however often it is executed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::jellyfish::PageChanges;
use execution::{BlockOutcome, ChainState, Change, ChangeSet, Layered, MemoryState, StateView};
use proptest::prelude::*;
use types::{Hash32, Height};

use crate::harness::{Chain, ONE, registry};

/// A busy chain: its blocks, and the state before the first of them.
fn blocks(count: u64) -> (MemoryState, Hash32, Vec<execution::Built>, Vec<BlockOutcome>) {
    let mut chain = Chain::new();
    chain.step_ms = 4_000;
    let (first, root) = (chain.state.clone(), chain.root);
    let (mut built, mut outcomes) = (Vec::new(), Vec::new());
    for round in 0..count {
        // Some fail for lack of funds, some touch fresh accounts, some go in circles.
        let transfer =
            |user: usize| chain.transfer(user, round, (user * 3 + 1) % 8, ONE << ((user as u64 * 8 + round) % 44));
        let candidates: Vec<_> = (0..8).map(transfer).collect();
        let block = chain.build(&candidates);
        outcomes.push(chain.apply(&block.header, &block.body));
        built.push(block);
    }
    (first, root, built, outcomes)
}

// FAULTS E2
#[test]
#[allow(clippy::disallowed_methods, reason = "that threads make no difference is what is tested")]
fn a_block_executed_again_on_threads_of_its_own_gives_the_same_bytes() {
    let (state, root, built, outcomes) = blocks(6);
    let replay = |state: &MemoryState| {
        let (mut state, mut root, registry) = (state.clone(), root, registry());
        built
            .iter()
            .map(|block| {
                let outcome = registry.apply(&state, root, &block.header, &block.body).expect("no fault");
                state.apply(&outcome.changes);
                state.apply_pages(&outcome.pages);
                root = outcome.state_root;
                outcome
            })
            .collect::<Vec<_>>()
    };
    let state = &state;
    let all: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| replay(state))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).collect()
    });
    for replayed in all {
        assert_eq!(replayed, outcomes);
    }
}

// FAULTS E2
#[test]
fn a_block_does_the_same_over_saved_state_and_over_layers() {
    let (first, first_root, built, outcomes) = blocks(8);
    let registry = registry();
    let layers: Vec<Arc<BlockOutcome>> = outcomes.iter().cloned().map(Arc::new).collect();
    let (mut saved, mut root) = (first, first_root);
    for done in 0..built.len() {
        // The state after `done` blocks is the saved one; the same state also is the first `done` layers over any earlier one.
        let next = &built[done];
        let flat = registry.apply(&saved, root, &next.header, &next.body).expect("no fault");
        assert_eq!(flat, outcomes[done]);
        let mut base = blocks_base();
        for depth in 0..=done {
            let view = Layered::new(&base, &layers[depth..done]);
            assert_eq!(registry.validate(&view, root, &next.header, &next.body), Ok(()));
            assert_eq!(registry.apply(&view, root, &next.header, &next.body).expect("no fault"), outcomes[done]);
            assert_same_scans(&view, &saved);
            base.apply(&outcomes[depth].changes);
            base.apply_pages(&outcomes[depth].pages);
        }
        assert!(
            flat.changes.iter().all(|(key, change)| change.before == saved.get(key) && change.before != change.after)
        );
        saved.apply(&flat.changes);
        saved.apply_pages(&flat.pages);
        root = flat.state_root;
    }
}

fn blocks_base() -> MemoryState {
    Chain::new().state
}

fn assert_same_scans(layered: &dyn ChainState, flat: &dyn ChainState) {
    for (prefix, from, limit) in [(vec![], vec![], 10_000), (vec![0, 0, 6], vec![], 3), (vec![0, 0], vec![0, 0, 5], 7)]
    {
        let pairs = |view: &dyn ChainState| StateView::scan(&view, &prefix, &from, limit);
        assert_eq!(pairs(layered), pairs(flat));
    }
}

#[test]
fn a_block_executed_on_another_state_is_a_fault_and_not_a_reject() {
    let (_, _, built, _) = blocks(2);
    let chain = Chain::new();
    let wrong = chain.registry.execute(&chain.state, &built[1].header, &built[1].body);
    assert_eq!(wrong, Err(execution::Fault::OtherParent));
}

/// A layer that only writes.
fn layer(writes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Arc<BlockOutcome> {
    let change = |(key, after): (_, Option<Vec<u8>>)| (key, Change { before: None, after: after.map(Into::into) });
    let changes = writes.into_iter().map(change);
    Arc::new(BlockOutcome {
        hash: Hash32::ZERO,
        height: Height::ZERO,
        changes: changes.collect(),
        pages: PageChanges::new(),
        pages_replaced: Vec::new(),
        state_root: Hash32::ZERO,
        receipts: Vec::new(),
        receipts_root: Hash32::ZERO,
        accounts_touched: Vec::new(),
    })
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..3, 0..4)
}

proptest! {
    #[test]
    fn layers_answer_like_the_state_they_add_up_to(
        layers in prop::collection::vec(prop::collection::vec((keys(), prop::option::of(keys())), 0..12), 0..6),
        scans in prop::collection::vec((keys(), keys(), 0_usize..12), 1..12),
    ) {
        let layers: Vec<_> = layers.into_iter().map(layer).collect();
        let mut flat = MemoryState::default();
        let (mut merged, mut before_all) = (ChangeSet::default(), BTreeMap::new());
        for layer in &layers {
            let change = |(key, change): (&[u8], &Change)| {
                (key.to_vec(), Change { before: flat.get(key), after: change.after.clone() })
            };
            let changes: ChangeSet = layer.changes.iter().map(change).collect();
            for (key, change) in changes.iter() {
                before_all.entry(key.to_vec()).or_insert_with(|| change.before.clone());
            }
            flat.apply(&changes);
            merged.merge(changes);
        }
        let mut at_once = MemoryState::default();
        at_once.apply(&merged);
        prop_assert_eq!(&at_once, &flat);
        prop_assert!(merged.iter().all(|(key, change)| before_all[key] == change.before), "the first value before wins");
        let base = MemoryState::default();
        let layered = Layered::new(&base, &layers);
        for (prefix, from, limit) in scans {
            prop_assert_eq!(layered.get(&from), flat.get(&from));
            prop_assert_eq!(layered.scan(&prefix, &from, limit), flat.scan(&prefix, &from, limit));
        }
    }
}
