//! Roots, layout and cost of updates.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::jellyfish::{EMPTY_ROOT, KeyHash, NodeHash, Overlay, Page, PagePath, Plan, ValueHash, prove, update};
use proptest::prelude::*;

use crate::model::{
    Batch, Counting, Model, Pages, any_batch, changes_of, ground_key, neighbour_key, save, spread_key, tree_of,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_history_gives_the_roots_of_the_oracle(batches in prop::collection::vec(any_batch(60), 1..10)) {
        let mut model = Model::new();
        for batch in &batches {
            let before = model.pages.clone();
            let update = model.apply(batch);
            for (path, page) in &update.pages {
                prop_assert!(before.get(path) != page.as_ref(), "{path:?} is named but did not change");
                prop_assert!(page.as_ref().is_none_or(|page| page.belongs_at(path)));
            }
            let (root, pages) = tree_of(&model.values);
            prop_assert_eq!(model.root, root);
            prop_assert_eq!(&model.pages, &pages, "the layout depends on the history");
        }
    }

    #[test]
    fn restoring_the_old_pages_undoes_any_history(batches in prop::collection::vec(any_batch(40), 1..8)) {
        let mut model = Model::new();
        let mut versions = Vec::new();
        for batch in &batches {
            let before = (model.root, model.pages.clone());
            let update = model.apply(batch);
            let undo: Vec<_> = update.pages.keys().map(|path| (*path, before.1.get(path).cloned())).collect();
            prop_assert_eq!(&update.replaced, &undo);
            versions.push((before, undo));
        }
        let mut pages = model.pages;
        for ((root, before), undo) in versions.into_iter().rev() {
            for (path, page) in undo {
                match page {
                    Some(page) => drop(pages.insert(path, page)),
                    None => drop(pages.remove(&path)),
                }
            }
            prop_assert_eq!(&pages, &before);
            prop_assert_eq!(update(&pages, root, &[]).root, root);
        }
    }

    #[test]
    fn unsaved_layers_read_like_a_saved_tree(first in any_batch(60), second in any_batch(60), third in any_batch(60)) {
        let mut model = Model::new();
        let base = { model.apply(&first); model.pages.clone() };
        let two = model.apply(&second);
        let three = model.apply(&third);
        let lower = Overlay { changes: &two.pages, below: &base };
        prop_assert_eq!(&update(&lower, two.root, &changes_of(&third)), &three);
        let upper = Overlay { changes: &three.pages, below: &lower };
        for key in first.keys().chain(third.keys()) {
            prop_assert_eq!(prove(&upper, three.root, key), prove(&model.pages, three.root, key));
        }
    }

    #[test]
    fn each_page_is_read_at_most_once_per_batch(first in any_batch(120), second in any_batch(120)) {
        let mut model = Model::new();
        model.apply(&first);
        let counting = Counting::new(&model.pages);
        let _ = update(&counting, model.root, &changes_of(&second));
        prop_assert!(counting.reads.borrow().values().all(|reads| *reads == 1));
    }
}

/// Thousands of keys in batches that insert, overwrite and delete.
#[test]
fn a_long_history_of_thousands_of_keys_gives_the_roots_of_the_oracle() {
    let mut model = Model::new();
    for round in 0..24_u32 {
        let batch: Batch = (0..600_u32)
            .map(|index| {
                let pick = u32::from_be_bytes(spread_key(round * 600 + index).0[..4].try_into().unwrap());
                let number = pick % 6_000;
                let key = if number % 5 == 0 { ground_key(number, 6) } else { spread_key(number) };
                (key, (pick >> 16 & 3 != 0).then(|| pick.to_be_bytes().to_vec()))
            })
            .collect();
        model.apply(&batch);
    }
    assert!(model.values.len() > 3_000, "only {} keys live", model.values.len());
    let all_gone: Batch = model.values.keys().map(|key| (*key, None)).collect();
    model.apply(&all_gone);
    assert_eq!(model.root, EMPTY_ROOT);
    assert!(model.pages.is_empty());
}

/// The format is frozen: these roots may never change.
#[test]
fn recorded_roots_stay() {
    let mut values = BTreeMap::new();
    let mut roots = vec![hex::encode(tree_of(&values).0)];
    for (key, value) in [("thronos", "tree"), ("", "empty key"), ("empty value", "")] {
        values.insert(KeyHash::of(key.as_bytes()), value.as_bytes().to_vec());
        roots.push(hex::encode(tree_of(&values).0));
    }
    values.extend((0..1_000_u32).map(|index| (spread_key(index), index.to_be_bytes().to_vec())));
    roots.push(hex::encode(tree_of(&values).0));
    assert_eq!(roots, RECORDED_ROOTS);
}

const RECORDED_ROOTS: [&str; 5] = [
    "5350415253455f4d45524b4c455f504c414345484f4c4445525f484153485f5f",
    "08b9f099e3a0522ce97a84e1335f8362e765175a622a9a5397ff23115090df4a",
    "365320883d9830bd16d7d3116476ca093c3613e7e912cc0ceda248c7bc6d8259",
    "185003e3abac40565bbbf5fa28c18afb43b61886c1377421f439f42161b0cf81",
    "80f2bcf67f793edaa76aead9dbf981034a7ea43b0f60388d7ad57130978c193e",
];

#[test]
fn deleting_an_absent_key_names_no_page() {
    let mut model = Model::new();
    model.apply(&(0..100).map(|index| (spread_key(index), Some(vec![1]))).collect());
    let absent: Batch = (1_000..1_200).map(|index| (spread_key(index), None)).collect();
    let update = model.apply(&absent);
    assert!(update.pages.is_empty());
    assert!(Model::new().apply(&absent).pages.is_empty());
}

#[test]
fn writing_the_value_that_is_there_names_no_page() {
    let mut model = Model::new();
    let batch: Batch = (0..100).map(|index| (ground_key(index, 6), Some(vec![1]))).collect();
    assert!(!model.apply(&batch).pages.is_empty());
    assert!(model.apply(&batch).pages.is_empty());
}

#[test]
fn a_deletion_collapses_the_deepest_tree_to_one_page() {
    let mut model = Model::new();
    let last_bits = |bit: u8| (neighbour_key(bit), Some(vec![bit]));
    let few: Batch = [(KeyHash([0x3c; 32]), Some(vec![1])), last_bits(255), last_bits(254)].into();
    assert_eq!(
        model.apply(&few).pages.len(),
        1,
        "three keys stand in a slot of the root page, however much they share"
    );
    assert_eq!(model.apply(&[last_bits(253)].into()).pages.len(), 64);
    let update = model.apply(&[(neighbour_key(255), None)].into());
    assert_eq!(update.pages.values().filter(|page| page.is_some()).count(), 1);
    assert_eq!(model.pages.len(), 1);
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test plays the shell, which owns the threads")]
fn parts_run_on_threads_and_joined_backwards_give_the_same_update() {
    let (root, pages) = tree_of(&(0..2_000).map(|index| (spread_key(index), vec![1])).collect());
    let batch: Batch = (1_500..2_500).map(|index| (spread_key(index), (index % 3 != 0).then(|| vec![2]))).collect();
    let changes = changes_of(&batch);
    let plan = Plan::new(&pages, root, &changes);
    let subtrees: Vec<_> = plan.subtrees().collect();
    assert_eq!(subtrees.len(), 16);
    let mut parts: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = subtrees.iter().map(|subtree| scope.spawn(|| subtree.update(&pages))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    parts.reverse();
    assert_eq!(plan.finish(parts), update(&pages, root, &changes));
}

/// Reads of one update and of one proof, at most and in sum, over a sample of the keys.
fn reads(pages: &Pages, root: NodeHash, sample: &[KeyHash]) -> (usize, usize) {
    let batch: Batch = sample.iter().map(|key| (*key, Some(vec![9]))).collect();
    let counting = Counting::new(pages);
    let _ = update(&counting, root, &changes_of(&batch));
    let longest_proof = sample.iter().map(|key| {
        let counting = Counting::new(pages);
        let _ = prove(&counting, root, key);
        counting.total()
    });
    (counting.total(), longest_proof.max().unwrap())
}

// FAULTS E4
#[test]
fn a_hundred_thousand_keys_ground_to_share_six_bytes_cost_twelve_more_pages_and_no_factor() {
    const KEYS: u32 = 100_000;
    let tree = |key: fn(u32) -> KeyHash| tree_of(&(0..KEYS).map(|index| (key(index), vec![1])).collect());
    let ground: fn(u32) -> KeyHash = |index| ground_key(index, 6);
    let (spread_root, spread_pages) = tree(spread_key);
    let (ground_root, ground_pages) = tree(ground);
    let sample = |key: fn(u32) -> KeyHash| (0..1_000).map(|index| key(index * 100)).collect::<Vec<_>>();
    let (spread_update, spread_proof) = reads(&spread_pages, spread_root, &sample(spread_key));
    let (ground_update, ground_proof) = reads(&ground_pages, ground_root, &sample(ground));
    // The twelve pages of the shared prefix are shared by the whole batch.
    assert!(ground_update <= spread_update + spread_update / 10 + 12, "{ground_update} against {spread_update} reads");
    assert!(ground_proof <= spread_proof + 14, "{ground_proof} against {spread_proof} reads");
}

// FAULTS E4
#[test]
fn the_worst_keys_cost_sixty_four_pages() {
    let mut values: BTreeMap<_, _> = (0..=255).map(|bit| (neighbour_key(bit), vec![bit])).collect();
    values.insert(KeyHash([0x3c; 32]), vec![]);
    let (root, pages) = tree_of(&values);
    let (update_reads, proof_reads) = reads(&pages, root, &[KeyHash([0x3c; 32])]);
    assert_eq!((update_reads, proof_reads), (64, 64));
    assert_eq!(prove(&pages, root, &KeyHash([0x3c; 32])).siblings.len(), 256);
}

#[test]
#[should_panic(expected = "each key once")]
fn a_key_that_comes_twice_stops_the_machine() {
    let change = (spread_key(1), Some(ValueHash([1; 32])));
    let _ = update(&Pages::new(), EMPTY_ROOT, &[change, change]);
}

#[test]
#[should_panic(expected = "not of root")]
fn pages_of_another_root_stop_the_machine() {
    let (_, pages) = tree_of(&[(spread_key(1), vec![1])].into());
    let _ = update(&pages, EMPTY_ROOT, &[]);
}

#[test]
#[should_panic(expected = "not the one its parent names")]
fn a_page_of_another_version_stops_the_machine() {
    let values: BTreeMap<_, _> = (0..100).map(|index| (spread_key(index), vec![1])).collect();
    let (root, mut pages) = tree_of(&values);
    let later = update(&pages, root, &[(spread_key(0), Some(ValueHash([2; 32])))]);
    let torn = later.pages.iter().find(|(path, _)| path.nibble_count() == 1).unwrap();
    pages.insert(*torn.0, Arc::clone(torn.1.as_ref().unwrap()));
    let _ = prove(&pages, root, &spread_key(0));
}

/// A tree of one page, whose slot with three keys has been damaged behind its hash.
fn tree_with_damaged_keys() -> (NodeHash, Pages) {
    let (root, mut pages) = tree_of(&(0..3).map(|index| (ground_key(index, 1), vec![1])).collect());
    let mut bytes = pages[&PagePath::ROOT].to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged = Page::from_bytes(&bytes).unwrap();
    assert_eq!(damaged.hash(), root);
    assert!(!damaged.belongs_at(&PagePath::ROOT) && pages[&PagePath::ROOT].belongs_at(&PagePath::ROOT));
    pages.insert(PagePath::ROOT, Arc::new(damaged));
    (root, pages)
}

#[test]
#[should_panic(expected = "are not those that it names")]
fn damaged_keys_stop_the_machine_before_a_neighbour_changes() {
    let (root, pages) = tree_with_damaged_keys();
    let _ = update(&pages, root, &[(ground_key(9, 1), Some(ValueHash([2; 32])))]);
}

#[test]
#[should_panic(expected = "are not those that it names")]
fn damaged_keys_stop_the_machine_before_they_are_proven() {
    let (root, pages) = tree_with_damaged_keys();
    let _ = prove(&pages, root, &ground_key(0, 1));
}

#[test]
#[should_panic(expected = "as long as its parent names it")]
fn a_missing_page_stops_the_machine() {
    let (root, mut pages) = tree_of(&(0..100).map(|index| (spread_key(index), vec![1])).collect());
    pages.retain(|path, _| path.nibble_count() == 0);
    let _ = prove(&pages, root, &spread_key(0));
}

#[test]
fn saving_an_update_twice_changes_nothing() {
    let (root, mut pages) = tree_of(&(0..50).map(|index| (spread_key(index), vec![1])).collect());
    let update = update(&pages, root, &[(spread_key(7), None)]);
    save(&mut pages, &update);
    let once = pages.clone();
    save(&mut pages, &update);
    assert_eq!(pages, once);
}
