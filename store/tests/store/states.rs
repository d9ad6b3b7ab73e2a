//! States and proofs at the tip and before it, while blocks are committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crypto::jellyfish::{KeyHash, PagePath, PageReader, prove, verify};
use execution::{BlockOutcome, StateView};
use proptest::prelude::*;
use store::{Store, StoreError, StoreView};
use types::{Hash32, Height};

use crate::chain::{Chain, State, key, open};

pub fn assert_state(view: &impl StateView, expected: &State) {
    for number in 0..70 {
        assert_eq!(view.get(&key(number)).map(Vec::from), expected.get(&key(number)).cloned(), "key {number}");
    }
    let all: Vec<_> = expected.clone().into_iter().collect();
    assert_eq!(view.scan(b"", b"", usize::MAX), all);
    let part: Vec<_> = all.iter().filter(|(key, _)| key.starts_with(&[0, 1])).cloned().collect();
    assert_eq!(view.scan(&[0, 1], b"", usize::MAX), part);
    assert_eq!(view.scan(&[0, 1], b"", 3), part[..part.len().min(3)]);
    let from = key(21);
    let later: Vec<_> = part.iter().filter(|(key, _)| *key >= from).take(4).cloned().collect();
    assert_eq!(view.scan(&[0, 1], &from, 4), later);
    assert_eq!(view.scan(&[0, 1], b"", 0), []);
}

pub fn assert_proofs(store: &Store, height: u64, expected: &State) {
    let root = store.state_root(Height(height)).unwrap();
    for number in 0..70 {
        let proven = store.prove(Height(height), &key(number)).unwrap();
        assert_eq!((proven.height, proven.root), (Height(height), root));
        assert_eq!(proven.value.as_ref(), expected.get(&key(number)));
        verify(&root.0, &key(number), proven.value.as_deref(), &proven.proof).unwrap();
    }
}

#[test]
fn every_kept_height_is_read_and_proven_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let store = open(home.path());
    chain.initialize(&store);
    for seed in 0..50 {
        chain.grow_somehow(seed);
        chain.commit_rest(&store);
        let tip = seed + 1;
        let oldest = tip.saturating_sub(16);
        assert_eq!(store.oldest_view(), Height(oldest));
        for height in [oldest, oldest + (tip - oldest) / 2, tip.saturating_sub(1), tip] {
            assert_state(&store.view_at(Height(height)).unwrap(), chain.state(height));
            assert_proofs(&store, height, chain.state(height));
        }
    }
    drop(store);
    let store = open(home.path());
    for height in 34..=50 {
        assert_state(&store.view_at(Height(height)).unwrap(), chain.state(height));
        assert_proofs(&store, height, chain.state(height));
        assert_eq!(
            store.state_root(Height(height)).unwrap(),
            chain.blocks[usize::try_from(height).unwrap()].outcome.state_root
        );
    }
    for height in [33, 51, u64::MAX] {
        let error = store.view_at(Height(height)).unwrap_err();
        let (oldest, newest) = (Height(34), Height(50));
        assert_eq!(error, StoreError::HeightUnavailable { height: Height(height), oldest, newest });
        assert!(store.prove(Height(height), &key(1)).is_err());
    }
}

#[test]
fn a_view_stays_at_its_block_and_keeps_it_alive() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let store = open(home.path());
    chain.initialize(&store);
    let views: Vec<StoreView> = (0..40)
        .map(|seed| {
            let view = store.view().unwrap();
            chain.grow_somehow(seed);
            chain.commit_rest(&store);
            view
        })
        .collect();
    for view in &views {
        let height = view.height().0;
        assert_state(view, chain.state(height));
        let root = chain.blocks[usize::try_from(height).unwrap()].outcome.state_root;
        verify(&root.0, &key(5), view.get(&key(5)).as_deref(), &prove(view, root.0, &KeyHash::of(&key(5)))).unwrap();
    }
    assert_eq!(store.oldest_view(), Height(0), "open views keep their heights");
    drop(views);
    chain.grow_somehow(99);
    chain.commit_rest(&store);
    assert_eq!(store.oldest_view(), Height(41 - 16));
}

// FAULTS I4
#[test]
fn a_reopened_store_has_the_same_tip_root_and_blocks() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let mut tips = Vec::new();
    for seed in 0..5 {
        let store = open(home.path());
        assert_eq!(store.tip(), tips.last().copied());
        chain.initialize(&store);
        chain.grow_somehow(seed);
        chain.commit_rest(&store);
        tips.push(store.tip().unwrap());
    }
    let store = open(home.path());
    assert_eq!(store.tip(), tips.last().copied());
    for block in &chain.blocks {
        let stored = store.block(block.header.height).unwrap().unwrap();
        assert_eq!((stored.hash, &stored.header), (block.hash, &block.header));
        assert_eq!(stored.certificate.is_some(), block.header.height > Height(0));
        assert_eq!(store.body(block.header.height).unwrap().as_ref(), Some(&*block.body));
        assert_eq!(store.receipts(block.header.height).unwrap().as_ref(), Some(&block.outcome.receipts));
        assert_eq!(store.height_of(&block.hash).unwrap(), Some(block.header.height));
    }
    assert_eq!(store.block(Height(6)).unwrap(), None);
    assert_eq!(store.height_of(&Hash32([9; 32])).unwrap(), None);
}

#[test]
fn blocks_come_in_order_and_fit_together_or_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let store = open(home.path());
    for seed in 0..4 {
        chain.grow_somehow(seed);
    }
    assert_eq!(store.commit(&chain.blocks[1]), Err(StoreError::NotInitialized));
    assert!(matches!(store.view(), Err(StoreError::NotInitialized)));
    chain.initialize(&store);
    chain.initialize(&store);
    store.commit(&chain.blocks[1]).unwrap();
    let tip = store.tip();
    for block in [0, 1, 3] {
        let (tip, found) = (Height(1), Height(u64::try_from(block).unwrap()));
        assert_eq!(store.commit(&chain.blocks[block]), Err(StoreError::OutOfOrder { tip, found }));
    }
    let mut other = Chain::new();
    (77..79).for_each(|seed| drop(other.grow_somehow(seed).clone()));
    let error = store.commit(&other.blocks[2]).unwrap_err();
    assert!(matches!(error, StoreError::Inconsistent { what: "state root of its parent", .. }), "{error}");
    let mut forged = chain.blocks[2].clone();
    forged.header.parent = Hash32([5; 32]);
    assert!(matches!(store.commit(&forged), Err(StoreError::Inconsistent { what: "parent", .. })));
    let mut forged = chain.blocks[2].clone();
    forged.hash = Hash32([5; 32]);
    assert!(matches!(store.commit(&forged), Err(StoreError::Inconsistent { what: "hash", .. })));
    let mut forged = chain.blocks[2].clone();
    Arc::make_mut(&mut forged.outcome).hash = Hash32([5; 32]);
    assert!(matches!(store.commit(&forged), Err(StoreError::Inconsistent { what: "hash in its outcome", .. })));
    let mut forged = chain.blocks[2].clone();
    forged.header.state_root = Hash32([5; 32]);
    forged.hash = crypto::ids::header_hash(&forged.header);
    Arc::make_mut(&mut forged.outcome).hash = forged.hash;
    let error = store.commit(&forged).unwrap_err();
    assert!(matches!(error, StoreError::Inconsistent { what: "state root of its parent", .. }), "{error}");
    let batch = [chain.blocks[2].clone(), chain.blocks[2].clone()];
    assert!(store.commit_many(&batch).is_err());
    assert_eq!(store.tip(), tip);
    assert_state(&store.view().unwrap(), chain.state(1));
    let genesis = &chain.blocks[0];
    let mut header = genesis.header.clone();
    header.time.0 += 1;
    let refused = store.initialize(&header, &genesis.outcome);
    assert!(matches!(refused, Err(StoreError::Inconsistent { what: "hash", .. })));
    let outcome = BlockOutcome { hash: crypto::ids::header_hash(&header), ..(*genesis.outcome).clone() };
    let refused = store.initialize(&header, &outcome);
    assert!(matches!(refused, Err(StoreError::Inconsistent { what: "genesis hash", .. })));
    store.commit_many(&chain.blocks[2..]).unwrap();
    assert_state(&store.view().unwrap(), chain.state(4));
}

#[test]
fn readers_on_other_threads_never_see_half_of_a_block() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    for seed in 0..300 {
        chain.grow_somehow(seed);
    }
    let store = open(home.path());
    chain.initialize(&store);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !is_done.load(Ordering::SeqCst) || count == 0 {
                        let view = store.view().unwrap();
                        let height = view.height().0;
                        assert_state(&view, chain.state(height));
                        let root = chain.blocks[usize::try_from(height).unwrap()].outcome.state_root;
                        assert_eq!(view.page(&PagePath::ROOT).unwrap().hash(), root.0);
                        for number in [1, 22, 43, 64] {
                            let _ = prove(&view, root.0, &KeyHash::of(&key(number)));
                        }
                        count += 1;
                    }
                })
            })
            .collect();
        chain.commit_rest(&store);
        is_done.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_in_one_batch_leave_what_single_ones_leave(seeds in prop::collection::vec(any::<u64>(), 1..40), sizes in prop::collection::vec(1_usize..9, 40)) {
        let home = tempfile::tempdir().unwrap();
        let mut chain = Chain::new();
        for seed in seeds {
            chain.grow_somehow(seed);
        }
        let store = open(home.path());
        chain.initialize(&store);
        let mut rest = &chain.blocks[1..];
        for size in sizes {
            let (now, later) = rest.split_at(size.min(rest.len()));
            store.commit_many(now).unwrap();
            rest = later;
        }
        let tip = store.tip().unwrap().height.0;
        prop_assert_eq!(tip, chain.blocks.len() as u64 - 1);
        for height in store.oldest_view().0..=tip {
            assert_state(&store.view_at(Height(height)).unwrap(), chain.state(height));
            assert_proofs(&store, height, chain.state(height));
        }
    }
}
