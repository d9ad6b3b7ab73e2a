//! What the wallet believes: nothing without a quorum of the right set over exactly this header.

use types::{
    ByteString, Canonical, Certificate, Epoch, Hash32, Header, Height, SignerBitmap, View, VoteKind, VoteStatement,
};
use wallet::chain::FinalityClaim;
use wallet::{Chain, CheckedHeader, Result};

use crate::chain_maker::{ChainMaker, certify, set_hash, to_set, validators};

fn check(chain: &Chain, header: &Header, descendants: &[Header], certificate: &Certificate) -> Result<CheckedHeader> {
    let descendants: Vec<_> = descendants.iter().map(|header| hex::encode(header.to_canonical())).collect();
    chain.check_final(FinalityClaim {
        header_hex: &hex::encode(header.to_canonical()),
        descendants_hex: &descendants,
        certificate_hex: &hex::encode(certificate.to_canonical()),
    })
}

#[test]
fn a_quorum_of_the_genesis_set_makes_a_header_final() {
    let maker = ChainMaker::new(&[]);
    let header = maker.header(5, Hash32([1; 32]));
    for signers in [vec![0, 1, 2], vec![1, 2, 3], vec![0, 1, 2, 3]] {
        let certificate = maker.certify(ChainMaker::finalize(&header), &signers);
        let checked = check(&maker.chain(), &header, &[], &certificate).expect("a quorum");
        assert_eq!(
            (checked.signers, checked.validators, checked.hash),
            (signers.len(), 4, crypto::ids::header_hash(&header))
        );
    }
}

// FAULTS C10, C18
#[test]
fn whatever_is_not_a_quorum_over_this_header_is_refused() {
    let maker = ChainMaker::new(&[]);
    let header = maker.header(5, Hash32([1; 32]));
    let right = ChainMaker::finalize(&header);
    let all = [0_u16, 1, 2, 3];
    let good = maker.certify(right, &all);
    let bitmap = |bytes: &[u8]| Certificate {
        signers: SignerBitmap::from_bytes(ByteString::new(bytes.to_vec()).expect("short")),
        ..good.clone()
    };
    let table = [
        ("two of four", maker.certify(right, &[0, 1])),
        ("nobody", maker.certify(right, &[])),
        (
            "three claimed, two signed",
            Certificate { signature: maker.certify(right, &[0, 1]).signature, ..maker.certify(right, &[0, 1, 2]) },
        ),
        ("another bitmap", bitmap(&[0b0111])),
        ("a bit beyond the last validator", bitmap(&[0b1_1111])),
        ("a bitmap that is too long", bitmap(&[0b1111, 0])),
        ("an empty bitmap", bitmap(&[])),
        ("a notarization", maker.certify(VoteStatement { kind: VoteKind::Notarize, ..right }, &all)),
        ("another view", maker.certify(VoteStatement { view: View(6), ..right }, &all)),
        ("another epoch", maker.certify(VoteStatement { epoch: Epoch(1), ..right }, &all)),
        ("another block", maker.certify(VoteStatement { block: Hash32([9; 32]), ..right }, &all)),
        ("a parent view", maker.certify(VoteStatement { parent_view: View(1), ..right }, &all)),
        ("the identity as signature", {
            let mut identity = good.clone();
            identity.signature.0 = [0; 48];
            identity.signature.0[0] = 0xc0;
            identity
        }),
        ("other validators", certify(maker.id, &validators(11..15).1, right, &all)),
        ("another chain's votes", certify(types::ChainId(Hash32([3; 32])), &maker.keys, right, &all)),
    ];
    assert!(check(&maker.chain(), &header, &[], &good).is_ok());
    for (what, certificate) in table {
        let error = check(&maker.chain(), &header, &[], &certificate).expect_err(what);
        assert_eq!(error.code, "not_final", "{what}: {error:?}");
    }
}

#[test]
fn a_header_of_another_chain_or_set_is_refused_by_name() {
    let maker = ChainMaker::new(&[]);
    let chain = maker.chain();
    let foreign = Header { chain_id: types::ChainId(Hash32([3; 32])), ..maker.header(5, Hash32([1; 32])) };
    assert_eq!(check(&chain, &foreign, &[], &maker.finality(&foreign)).expect_err("foreign").code, "other_chain");
    let unknown = Header { validators_hash: Hash32([4; 32]), ..maker.header(5, Hash32([1; 32])) };
    assert_eq!(
        check(&chain, &unknown, &[], &maker.finality(&unknown)).expect_err("unknown").code,
        "unknown_validator_set"
    );
}

#[test]
fn a_header_is_final_by_the_certificate_of_a_descendant() {
    let maker = ChainMaker::new(&[]);
    let first = maker.header(5, Hash32([1; 32]));
    let second = maker.header(6, crypto::ids::header_hash(&first));
    let third = maker.header(7, crypto::ids::header_hash(&second));
    let certificate = maker.finality(&third);
    let checked = check(&maker.chain(), &first, &[second.clone(), third.clone()], &certificate).expect("a chain");
    assert_eq!(checked.header, first);
    let skipped = Header { height: Height(8), ..third.clone() };
    for (what, descendants, certificate) in [
        ("a gap", vec![third.clone()], certificate.clone()),
        ("none", vec![], certificate),
        ("a skipped height", vec![second.clone(), skipped.clone()], maker.finality(&skipped)),
        ("the wrong order", vec![third.clone(), second.clone()], maker.finality(&second)),
    ] {
        assert_eq!(
            check(&maker.chain(), &first, &descendants, &certificate).expect_err(what).code,
            "not_final",
            "{what}"
        );
    }
}

// FAULTS C19
#[test]
fn an_epochs_last_block_hands_over_to_the_next_set_and_to_no_other() {
    let maker = ChainMaker::new(&[]);
    let (next_members, next_keys) = validators(11..18);
    let last = Header { next_validators_hash: Some(set_hash(&next_members)), ..maker.header(5, Hash32([1; 32])) };
    // The last block may be finalized in a later view than its own.
    let later = VoteStatement { view: View(9), ..ChainMaker::finalize(&last) };
    let earlier = VoteStatement { view: View(4), ..ChainMaker::finalize(&last) };
    let mut chain = maker.chain();
    let all = [0, 1, 2, 3];
    assert_eq!(check(&chain, &last, &[], &maker.certify(earlier, &all)).expect_err("earlier").code, "not_final");
    let checked = check(&chain, &last, &[], &maker.certify(later, &all)).expect("a re-proposed last block");
    assert_eq!(
        chain.follow(&checked, to_set(&maker.genesis.validators)).expect_err("another").code,
        "wrong_validator_set"
    );
    assert_eq!(chain.follow(&checked, to_set(&next_members)), Ok(Epoch(1)));
    let first = Header {
        epoch: Epoch(1),
        view: View(1),
        validators_hash: set_hash(&next_members),
        ..maker.header(6, crypto::ids::header_hash(&last))
    };
    let statement = ChainMaker::finalize(&first);
    let certificate = certify(maker.id, &next_keys, statement, &[0, 1, 2, 3, 4]);
    assert_eq!(check(&chain, &first, &[], &certificate).expect("five of seven").validators, 7);
    assert_eq!(check(&chain, &first, &[], &maker.certify(statement, &all)).expect_err("the old set").code, "not_final");
    // FAULTS RE7: a set signs its own epochs only, whatever a header names.
    let old = Header { validators_hash: set_hash(&maker.genesis.validators), ..first.clone() };
    let by_old = maker.certify(ChainMaker::finalize(&old), &all);
    assert_eq!(check(&chain, &old, &[], &by_old).expect_err("it has gone").code, "unknown_validator_set");
    let early = Header { epoch: Epoch::ZERO, ..first };
    let by_new = certify(maker.id, &next_keys, ChainMaker::finalize(&early), &[0, 1, 2, 3, 4]);
    assert_eq!(check(&chain, &early, &[], &by_new).expect_err("it was not there yet").code, "unknown_validator_set");
    assert!(chain.knows_set(&maker.header(3, Hash32::ZERO)) && !chain.knows_set(&old) && !chain.knows_set(&early));
}

// FAULTS C10
#[test]
fn a_genesis_whose_validators_do_not_prove_possession_is_no_anchor() {
    let maker = ChainMaker::new(&[]);
    let mut genesis = maker.genesis.clone();
    let mut members = genesis.validators.to_vec();
    members[1].possession = members[0].possession;
    genesis.validators = types::List::new(members).expect("four");
    assert_eq!(Chain::new(genesis.clone()).expect_err("stolen").code, "bad_genesis");
    genesis.validators = types::List::default();
    assert_eq!(Chain::new(genesis).expect_err("nobody").code, "bad_genesis");
    assert_eq!(Chain::from_json("{}").expect_err("nothing").code, "bad_genesis");
}

// FAULTS RE9
#[test]
fn the_wallet_reads_a_genesis_by_the_rules_of_the_node() {
    let maker = ChainMaker::new(&[(types::Address([9; 20]), types::Amount(5))]);
    let sound: serde_json::Value = serde_json::from_str(&maker.genesis_json()).expect("JSON");
    assert_eq!(Chain::from_json(&sound.to_string()).expect("sound").id(), maker.id);
    let of_main = types::Address([9; 20]).to_text(types::Network::Main);
    let registry = runtime::registry();
    for (place, value, told) in [
        ("/balances/0/address", serde_json::json!(of_main), "balances[0].address"),
        ("/validators/0/account", serde_json::json!(of_main), "validators[0].account"),
        ("/parameters/fees/ecosystem", serde_json::json!(of_main), "parameters.fees.ecosystem"),
        ("/balances/0/amount", serde_json::json!("0"), "the amount is zero"),
        ("/balances/0/asset", serde_json::json!(1_000), "there is no such asset"),
        ("/parameters/timing/validity_max_ms", serde_json::json!(u64::MAX), "validity_max_ms"),
        ("/modules/mining/spacing_ms", serde_json::json!(0), "spacing_ms"),
        ("/version", serde_json::json!(2), "version"),
        ("/name", serde_json::json!("Wallet Test"), "name"),
    ] {
        let mut wrong = sound.clone();
        *wrong.pointer_mut(place).expect("it is there") = value;
        let error = Chain::from_json(&wrong.to_string()).expect_err(place);
        assert!(error.code == "bad_genesis" && error.message.contains(told), "{place}: {error:?}");
        let read = genesis::parse(&wrong.to_string(), &registry);
        let of_node = read.and_then(|genesis| genesis::check(&genesis, &registry)).expect_err(place);
        assert!(error.message.contains(&of_node.to_string()), "{place}: {error:?} and {of_node}");
    }
}

// FAULTS P1
#[test]
fn malformed_answers_of_a_node_are_refused() {
    let maker = ChainMaker::new(&[]);
    let header = maker.header(5, Hash32([1; 32]));
    let header_hex = hex::encode(header.to_canonical());
    let certificate_hex = hex::encode(maker.finality(&header).to_canonical());
    let long = "00".repeat(1 << 20);
    for (header_hex, certificate_hex) in [
        ("", certificate_hex.as_str()),
        ("zz", &certificate_hex),
        (&header_hex[2..], &certificate_hex),
        (&format!("{header_hex}00"), &certificate_hex),
        (&long, &certificate_hex),
        (&header_hex, ""),
        (&header_hex, &format!("{certificate_hex}00")),
        (&header_hex, &long),
    ] {
        let claim = FinalityClaim { header_hex, descendants_hex: &[], certificate_hex };
        assert_eq!(maker.chain().check_final(claim).expect_err("malformed").code, "bad_answer");
    }
}

// FAULTS E3
#[test]
fn a_state_proof_shows_one_value_under_one_root() {
    use crypto::jellyfish::{KeyHash, Leaf, Proof, ValueHash};
    let maker = ChainMaker::new(&[]);
    // A tree of one leaf: its root is the leaf's hash and the proof has no siblings.
    let leaf = Leaf { key_hash: KeyHash::of(b"key"), value_hash: ValueHash::of(b"value") };
    let header = Header { state_root: Hash32(leaf.hash()), ..maker.header(5, Hash32([1; 32])) };
    let checked = check(&maker.chain(), &header, &[], &maker.finality(&header)).expect("final");
    let proof = hex::encode(borsh::to_vec(&Proof { leaf: Some(leaf), siblings: vec![] }).expect("memory"));
    assert_eq!(checked.check_state(b"key", Some(b"value"), &proof), Ok(Height(4)));
    assert_eq!(
        checked.check_state(b"other", None, &proof),
        Ok(Height(4)),
        "the tree's only leaf stands where it would be"
    );
    for (key, value, proof) in [
        (b"key".as_slice(), Some(b"valuf".as_slice()), proof.as_str()),
        (b"kez", Some(b"value"), &proof),
        (b"key", None, &proof),
        (b"key", Some(b"value"), ""),
        (b"key", Some(b"value"), "zz"),
        (b"key", Some(b"value"), &format!("{proof}00")),
    ] {
        assert_eq!(checked.check_state(key, value, proof).expect_err("forged").code, "wrong_proof");
    }
}

#[test]
fn a_transaction_is_in_a_block_only_if_the_body_root_says_so() {
    let maker = ChainMaker::new(&[]);
    let wids = [Hash32([1; 32]), Hash32([2; 32])];
    let header = Header { body_root: crypto::ids::body_root(&[], &wids), ..maker.header(5, Hash32([1; 32])) };
    let checked = check(&maker.chain(), &header, &[], &maker.finality(&header)).expect("final");
    assert_eq!(checked.check_contains(&[], &wids, &wids[1]), Ok(()));
    for (list, wid) in
        [(&wids[..1], wids[0]), (&wids[..], Hash32([3; 32])), (&[wids[1], wids[0]], wids[0]), (&[], wids[0])]
    {
        assert_eq!(checked.check_contains(&[], list, &wid).expect_err("not so").code, "not_in_block");
    }
}
