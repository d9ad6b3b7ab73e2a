//! The Merkle tree against a second definition, and its proofs against forgers.

use crypto::hash::tagged;
use crypto::merkle::{MerkleProof, prove, root, verify};
use crypto::tags::{RECEIPTS_TREE, TRANSACTIONS_TREE, Tag};
use proptest::prelude::*;
use types::{Canonical, Hash32, List};

const TAG: Tag = TRANSACTIONS_TREE;

fn items(count: usize) -> Vec<Hash32> {
    (0..count).map(|place| Hash32(tagged(TAG, &[b"item", &place.to_le_bytes()]))).collect()
}

/// The same tree defined from the top: the left side holds the largest power of two below the number of leaves.
fn top(items: &[Hash32]) -> [u8; 32] {
    match items {
        [] => [0; 32],
        [item] => tagged(TAG, &[&[0], item.as_bytes()]),
        _ => {
            let (left, right) = items.split_at(items.len().next_power_of_two() / 2);
            tagged(TAG, &[&[1], &top(left), &top(right)])
        }
    }
}

fn changed(proof: &MerkleProof, change: impl FnOnce(&mut Vec<Hash32>)) -> MerkleProof {
    let mut siblings = proof.siblings.clone().into_vec();
    change(&mut siblings);
    MerkleProof { siblings: List::new(siblings).expect("short"), ..proof.clone() }
}

#[test]
fn the_root_is_that_of_the_definition_from_the_top() {
    for count in 0..=130_usize {
        let items = items(count);
        let length = u32::try_from(count).expect("small").to_le_bytes();
        assert_eq!(root(TAG, &items).0, tagged(TAG, &[&[2], &length, &top(&items)]), "{count} leaves");
    }
}

// FAULTS E3
#[test]
fn every_leaf_is_proven_and_nothing_else() {
    for count in 0..=34_usize {
        let items = items(count);
        let root = root(TAG, &items);
        assert_eq!(prove(TAG, &items, count), None);
        for index in 0..count {
            let proof = prove(TAG, &items, index).expect("there is such a leaf");
            for (place, item) in items.iter().enumerate() {
                assert_eq!(verify(TAG, &root, item, &proof), place == index, "{place} for {index} of {count}");
                for claimed in 0..2 * u32::try_from(count).expect("small") {
                    let moved = MerkleProof { index: claimed, ..proof.clone() };
                    let holds = usize::try_from(claimed).expect("small") == index && place == index;
                    assert_eq!(verify(TAG, &root, item, &moved), holds, "{place} at {claimed} of {count}");
                }
            }
        }
    }
}

// FAULTS E3
#[test]
fn a_changed_proof_is_refused() {
    for count in 1..=20_usize {
        let items = items(count);
        let root = root(TAG, &items);
        for (index, item) in items.iter().enumerate() {
            let proof = prove(TAG, &items, index).expect("there is such a leaf");
            assert!(verify(TAG, &root, item, &proof));
            for other in (0..40).filter(|other| *other != proof.count) {
                let resized = MerkleProof { count: other, ..proof.clone() };
                assert!(!verify(TAG, &root, item, &resized), "{other} leaves claimed of {count}");
            }
            assert!(!verify(TAG, &root, item, &changed(&proof, |siblings| siblings.push(Hash32::ZERO))));
            assert!(!verify(TAG, &root, item, &changed(&proof, |siblings| siblings.push(*item))));
            for level in 0..proof.siblings.len() {
                assert!(!verify(TAG, &root, item, &changed(&proof, |siblings| siblings[level].0[31] ^= 1)));
                assert!(!verify(TAG, &root, item, &changed(&proof, |siblings| siblings.truncate(level))));
                assert!(!verify(TAG, &root, item, &changed(&proof, |siblings| siblings.insert(level, *item))));
            }
            assert!(!verify(RECEIPTS_TREE, &root, item, &proof), "a tree of other things");
        }
    }
}

// FAULTS E3: CVE-2012-2459, where an odd node was paired with itself.
#[test]
fn repeating_the_last_leaves_changes_the_root() {
    for count in 1..=17_usize {
        let items = items(count);
        let original = root(TAG, &items);
        for repeated in 1..=count {
            let mut longer = items.clone();
            longer.extend_from_slice(&items[count - repeated..]);
            assert_ne!(root(TAG, &longer), original, "the last {repeated} of {count} repeated");
        }
    }
}

// FAULTS E3: CVE-2017-12842, where an inner node passed for a leaf.
#[test]
fn an_inner_node_is_not_a_leaf() {
    let items = items(4);
    let root_of_four = root(TAG, &items);
    let leaf = |item: &Hash32| tagged(TAG, &[&[0], item.as_bytes()]);
    let node = |left: &[u8], right: &[u8]| Hash32(tagged(TAG, &[&[1], left, right]));
    let left = node(&leaf(&items[0]), &leaf(&items[1]));
    let right = node(&leaf(&items[2]), &leaf(&items[3]));
    for count in 1..=4 {
        for siblings in [vec![], vec![right], vec![right, right]] {
            let proof = MerkleProof { index: 0, count, siblings: List::new(siblings).expect("short") };
            for forged in [left, Hash32(leaf(&items[0])), node(left.as_bytes(), right.as_bytes())] {
                assert!(!verify(TAG, &root_of_four, &forged, &proof));
            }
        }
    }
    assert_ne!(root(TAG, &[left, right]), root_of_four);
}

#[test]
fn the_empty_list_has_a_root_of_its_own_and_no_proofs() {
    let empty = root(TAG, &[]);
    assert_ne!(empty, root(TAG, &[Hash32::ZERO]));
    assert_ne!(empty, root(RECEIPTS_TREE, &[]));
    for count in [0, 1] {
        let proof = MerkleProof { index: 0, count, siblings: List::default() };
        assert!(!verify(TAG, &empty, &Hash32::ZERO, &proof));
    }
}

#[test]
fn a_proof_has_one_encoding_and_at_most_thirty_two_siblings() {
    let longest = MerkleProof { index: 1, count: 2, siblings: List::new(items(32)).expect("32 fit") };
    let bytes = longest.to_canonical();
    assert_eq!(bytes.len(), MerkleProof::BYTES_MAX);
    assert_eq!(MerkleProof::from_canonical(&bytes), Ok(longest));
    assert!(MerkleProof::from_canonical(&[&bytes[..], &[0]].concat()).is_err(), "trailing byte");
    let mut claims_more = bytes[..40].to_vec();
    claims_more[8] = 33;
    assert!(MerkleProof::from_canonical(&claims_more).is_err(), "33 siblings");
    claims_more[8..12].fill(0xff);
    assert!(MerkleProof::from_canonical(&claims_more).is_err(), "4,294,967,295 siblings");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    // FAULTS E3
    #[test]
    fn a_proof_made_up_at_will_is_refused_unless_it_is_the_true_one(
        count in 1..60_usize,
        index in any::<u32>(),
        claimed in any::<u32>(),
        siblings in proptest::collection::vec(any::<[u8; 32]>(), 0..=32),
        near in any::<bool>(),
    ) {
        let items = items(count);
        let root = root(TAG, &items);
        let siblings: Vec<_> = siblings.into_iter().map(Hash32).collect();
        let (index, claimed) = if near { (index % 64, claimed % 64) } else { (index, claimed) };
        let proof = MerkleProof { index, count: claimed, siblings: List::new(siblings).expect("at most 32") };
        for item in &items {
            let honest = usize::try_from(index).ok().and_then(|place| prove(TAG, &items, place));
            let is_true = honest.as_ref() == Some(&proof)
                && usize::try_from(index).ok().and_then(|place| items.get(place)) == Some(item);
            prop_assert_eq!(verify(TAG, &root, item, &proof), is_true);
        }
    }
}
