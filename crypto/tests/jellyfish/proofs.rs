//! Proofs: the true ones verify and are those of the oracle, the forged ones are refused.

use std::collections::BTreeMap;

use crypto::jellyfish::{
    EMPTY_ROOT, KeyHash, Leaf, NodeHash, Proof, ProofError, ValueHash, prove, verify, verify_hashed,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::model::{Batch, Model, Pages, any_batch, any_key, ground_key, neighbour_key, spread_key, tree_of};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn each_key_present_or_absent_has_the_proof_of_the_oracle(
        batches in prop::collection::vec(any_batch(60), 1..6),
        strangers in prop::collection::vec(any_key(), 0..40),
    ) {
        let mut model = Model::new();
        for batch in &batches {
            model.apply(batch);
        }
        for key in batches.iter().flat_map(Batch::keys).chain(&strangers) {
            let proof = prove(&model.pages, model.root, key);
            prop_assert_eq!(&proof, &model.oracle_proof(key));
            let value = model.values.get(key).map(|value| ValueHash::of(value));
            prop_assert_eq!(verify_hashed(&model.root, key, value.as_ref(), &proof), Ok(()));
            let bytes = borsh::to_vec(&proof).unwrap();
            prop_assert_eq!(borsh::from_slice::<Proof>(&bytes).unwrap(), proof);
        }
    }

    // FAULTS E3: whatever is done to a proof, what it then shows is true.
    #[test]
    fn a_mutated_proof_never_shows_what_is_false(
        batch in any_batch(80),
        proven in any_key(),
        claimed in any_key(),
        claimed_value in prop::option::of(prop::collection::vec(any::<u8>(), 0..2)),
        mutations in prop::collection::vec(any_mutation(), 0..4),
    ) {
        let mut model = Model::new();
        model.apply(&batch);
        let mut proof = prove(&model.pages, model.root, &proven);
        for mutation in &mutations {
            mutation.apply(&mut proof, &claimed);
        }
        for (key, value) in [(proven, None), (proven, claimed_value.clone()), (claimed, None), (claimed, claimed_value)] {
            let hash = value.as_deref().map(ValueHash::of);
            let verdict = verify_hashed(&model.root, &key, hash.as_ref(), &proof);
            if verdict.is_ok() {
                prop_assert_eq!(model.values.get(&key), value.as_ref());
            }
        }
    }

    // FAULTS E3: the verifier against one written straight from the definition of the tree.
    #[test]
    fn the_verifier_agrees_with_a_naive_one(
        key in any_key(),
        other in any_key(),
        leaf in 0..3_usize,
        value in any::<[u8; 32]>(),
        siblings in prop::collection::vec(prop_oneof![Just(EMPTY_ROOT), any::<[u8; 32]>()], 0..260),
        asks_for_value in any::<bool>(),
    ) {
        let value = ValueHash(value);
        let leaf = [None, Some(key), Some(other)][leaf].map(|key_hash| Leaf { key_hash, value_hash: value });
        let proof = Proof { leaf, siblings };
        let asked = asks_for_value.then_some(value);
        let root = naive_root(&key, &proof, 0);
        let verdict = verify_hashed(&root, &key, asked.as_ref(), &proof);
        prop_assert_eq!(verdict.is_ok(), naive_shows(&key, asked, &proof));
        prop_assert!(verify_hashed(&[7; 32], &key, asked.as_ref(), &proof).is_err());
    }
}

/// What a forger does to a proof.
#[derive(Clone, Debug)]
enum Mutation {
    Drop(usize),
    Insert(usize, NodeHash),
    Flip(usize, u8),
    Swap(usize, usize),
    Leaf(Option<(bool, Vec<u8>)>),
    ReplaceLowestByLeaf,
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..12_usize;
    prop_oneof![
        at.clone().prop_map(Mutation::Drop),
        (at.clone(), prop_oneof![Just(EMPTY_ROOT), any::<[u8; 32]>()])
            .prop_map(|(at, hash)| Mutation::Insert(at, hash)),
        (at.clone(), any::<u8>()).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at.clone(), at).prop_map(|(left, right)| Mutation::Swap(left, right)),
        prop::option::of((any::<bool>(), prop::collection::vec(any::<u8>(), 0..2))).prop_map(Mutation::Leaf),
        Just(Mutation::ReplaceLowestByLeaf),
    ]
}

impl Mutation {
    fn apply(&self, proof: &mut Proof, claimed: &KeyHash) {
        let count = proof.siblings.len();
        match self {
            Self::Drop(at) if *at < count => drop(proof.siblings.remove(*at)),
            Self::Insert(at, hash) if *at <= count => proof.siblings.insert(*at, *hash),
            Self::Flip(at, bit) if *at < count => proof.siblings[*at][usize::from(bit / 8)] ^= 1 << (bit % 8),
            Self::Swap(left, right) if left.max(right) < &count => proof.siblings.swap(*left, *right),
            Self::Leaf(leaf) => {
                let kept = proof.leaf.map_or(*claimed, |leaf| leaf.key_hash);
                proof.leaf = leaf.as_ref().map(|(keeps_key, value)| Leaf {
                    key_hash: if *keeps_key { kept } else { *claimed },
                    value_hash: ValueHash::of(value),
                });
            }
            Self::ReplaceLowestByLeaf if count > 0 => {
                proof.siblings[0] = proof.leaf.as_ref().map_or(EMPTY_ROOT, Leaf::hash);
            }
            _ => {}
        }
    }
}

/// The root that the proof implies, from the top down.
fn naive_root(key: &KeyHash, proof: &Proof, level: usize) -> NodeHash {
    if level == proof.siblings.len() {
        return proof.leaf.map_or(EMPTY_ROOT, |leaf| {
            Sha256::digest([b"JMT::LeafNode".as_slice(), &leaf.key_hash.0, &leaf.value_hash.0].concat()).into()
        });
    }
    let below = if level < 256 { naive_root(key, proof, level + 1) } else { [0; 32] };
    let sibling = proof.siblings[proof.siblings.len() - 1 - level];
    let goes_right = level < 256 && key.0[level / 8] >> (7 - level % 8) & 1 == 1;
    let (left, right) = if goes_right { (sibling, below) } else { (below, sibling) };
    Sha256::digest([b"JMT::IntrnalNode".as_slice(), &left, &right].concat()).into()
}

/// Whether the proof, if it leads to the root, shows that `key` holds `value`.
fn naive_shows(key: &KeyHash, value: Option<ValueHash>, proof: &Proof) -> bool {
    let depth = proof.siblings.len();
    let same_place = |leaf: &Leaf| {
        (0..depth).all(|level| (leaf.key_hash.0[level / 8] ^ key.0[level / 8]) >> (7 - level % 8) & 1 == 0)
    };
    let shown = match (value, proof.leaf) {
        (Some(value), Some(leaf)) => leaf == Leaf { key_hash: *key, value_hash: value },
        (Some(_), None) => false,
        (None, Some(leaf)) => leaf.key_hash != *key && depth <= 256 && same_place(&leaf),
        (None, None) => true,
    };
    shown && depth <= 256 && proof.siblings.first() != Some(&EMPTY_ROOT)
}

/// A tree of all kinds of keys, with a key of each kind of proof: present, present and deep, absent by another leaf, absent by an
/// empty place.
fn crowded_tree() -> (NodeHash, Pages, BTreeMap<KeyHash, Vec<u8>>) {
    let mut values: BTreeMap<_, _> = (0..300).map(|index| (spread_key(index), vec![1])).collect();
    values.extend((0..30).map(|index| (ground_key(index, 6), vec![2])));
    values.extend((0..=255).map(|bit| (neighbour_key(bit), vec![3])));
    let (root, pages) = tree_of(&values);
    (root, pages, values)
}

fn samples() -> impl Iterator<Item = KeyHash> {
    let spread = (290..320).map(spread_key);
    spread.chain((28..34).map(|index| ground_key(index, 6))).chain([100, 250].map(neighbour_key))
}

// FAULTS E3
#[test]
fn a_proof_with_any_bit_flipped_is_refused() {
    let (root, pages, values) = crowded_tree();
    for key in samples() {
        let value = values.get(&key).map(|value| ValueHash::of(value));
        let bytes = borsh::to_vec(&prove(&pages, root, &key)).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(proof) = borsh::from_slice::<Proof>(&forged) {
                let verdict = verify_hashed(&root, &key, value.as_ref(), &proof);
                assert!(verdict.is_err(), "bit {bit} of the proof for {key:?}");
            }
        }
    }
}

// FAULTS E3
#[test]
fn a_proof_of_another_depth_is_refused() {
    let (root, pages, values) = crowded_tree();
    for key in samples() {
        let value = values.get(&key).map(|value| ValueHash::of(value));
        let proof = prove(&pages, root, &key);
        assert_eq!(verify_hashed(&root, &key, value.as_ref(), &proof), Ok(()));
        for at in 0..=proof.siblings.len() {
            for extra in [EMPTY_ROOT, [0; 32], root] {
                let mut longer = proof.clone();
                longer.siblings.insert(at, extra);
                assert!(verify_hashed(&root, &key, value.as_ref(), &longer).is_err());
            }
            if at < proof.siblings.len() {
                let mut shorter = proof.clone();
                shorter.siblings.remove(at);
                assert!(verify_hashed(&root, &key, value.as_ref(), &shorter).is_err());
            }
        }
    }
}

// FAULTS E3
#[test]
fn a_proof_for_one_key_shows_nothing_about_another_and_no_other_value() {
    let (root, pages, values) = crowded_tree();
    let (held, other) = (spread_key(1), spread_key(2));
    let value = ValueHash::of(&values[&held]);
    let proof = prove(&pages, root, &held);
    assert_eq!(verify_hashed(&root, &other, Some(&value), &proof), Err(ProofError::OtherKey));
    assert_eq!(verify_hashed(&root, &held, Some(&ValueHash::of(b"more")), &proof), Err(ProofError::OtherValue));
    assert_eq!(verify_hashed(&root, &held, None, &proof), Err(ProofError::ShowsPresence));
    assert_eq!(verify_hashed(&root, &other, None, &proof), Err(ProofError::NotInTheWay));
    assert_eq!(verify_hashed(&EMPTY_ROOT, &held, Some(&value), &proof), Err(ProofError::OtherRoot));
    let swapped = Proof { leaf: prove(&pages, root, &other).leaf, ..proof.clone() };
    assert_eq!(verify_hashed(&root, &other, Some(&value), &swapped), Err(ProofError::OtherRoot));
    let emptied = Proof { leaf: None, ..proof };
    assert_eq!(verify_hashed(&root, &held, Some(&value), &emptied), Err(ProofError::ShowsAbsence));
    assert_eq!(verify_hashed(&root, &held, None, &emptied), Err(ProofError::OtherRoot));
}

// FAULTS E3: the two halves below an inner node, offered as the key and value hash of a leaf.
#[test]
fn an_inner_node_does_not_pass_for_a_leaf() {
    let (root, pages) = tree_of(&[(KeyHash([0; 32]), vec![1]), (KeyHash([0xff; 32]), vec![2])].into());
    let left = prove(&pages, root, &KeyHash([0; 32])).leaf.unwrap().hash();
    let right = prove(&pages, root, &KeyHash([0xff; 32])).leaf.unwrap().hash();
    let value = ValueHash(right);
    let forged = Proof { leaf: Some(Leaf { key_hash: KeyHash(left), value_hash: value }), siblings: vec![] };
    assert_eq!(verify_hashed(&root, &KeyHash(left), Some(&value), &forged), Err(ProofError::OtherRoot));
    let absence = verify_hashed(&root, &KeyHash([0; 32]), None, &forged);
    assert_eq!(absence, Err(ProofError::OtherRoot));
}

// FAULTS E3: a leaf offered as an inner node, with the value hash as the sibling of the key hash.
#[test]
fn a_leaf_does_not_pass_for_an_inner_node() {
    let key = spread_key(1);
    let (root, _) = tree_of(&[(key, vec![1])].into());
    for end in [None, Some(Leaf { key_hash: key, value_hash: ValueHash::of(&[1]) })] {
        let forged = Proof { leaf: end, siblings: vec![ValueHash::of(&[1]).0] };
        assert!(verify_hashed(&root, &key, None, &forged).is_err());
        assert!(verify_hashed(&root, &key, Some(&ValueHash::of(&[1])), &forged).is_err());
    }
}

// FAULTS E3
#[test]
fn the_empty_tree_shows_absence_and_nothing_else() {
    let nothing = prove(&Pages::new(), EMPTY_ROOT, &spread_key(1));
    assert_eq!(nothing, Proof { leaf: None, siblings: vec![] });
    assert_eq!(verify(&EMPTY_ROOT, b"any", None, &nothing), Ok(()));
    assert_eq!(verify(&EMPTY_ROOT, b"any", Some(b""), &nothing), Err(ProofError::ShowsAbsence));
    let (root, _) = tree_of(&[(spread_key(1), vec![1])].into());
    assert_eq!(verify(&root, b"any", None, &nothing), Err(ProofError::OtherRoot));
    let stretched = Proof { leaf: None, siblings: vec![EMPTY_ROOT; 3] };
    assert_eq!(verify(&EMPTY_ROOT, b"any", None, &stretched), Err(ProofError::TooDeep));
}

// FAULTS E3
#[test]
fn more_siblings_than_bits_are_refused_before_hashing() {
    let proof = Proof { leaf: None, siblings: vec![[1; 32]; 257] };
    assert_eq!(verify(&EMPTY_ROOT, b"any", None, &proof), Err(ProofError::TooManySiblings { siblings: 257 }));
    assert!(borsh::to_vec(&proof).is_err());
}

#[test]
fn a_wallet_checks_a_key_and_a_value_by_their_bytes() {
    let values: BTreeMap<_, _> = [(KeyHash::of(b"key"), b"value".to_vec()), (KeyHash::of(b"empty"), vec![])].into();
    let (root, pages) = tree_of(&values);
    let proof = |key: &[u8]| prove(&pages, root, &KeyHash::of(key));
    assert_eq!(verify(&root, b"key", Some(b"value"), &proof(b"key")), Ok(()));
    assert_eq!(verify(&root, b"empty", Some(b""), &proof(b"empty")), Ok(()));
    assert_eq!(verify(&root, b"empty", None, &proof(b"empty")), Err(ProofError::ShowsPresence));
    assert_eq!(verify(&root, b"nowhere", None, &proof(b"nowhere")), Ok(()));
}
