//! Digests, hashes and contracts.

use anchors::{
    AgreementVersion, AnchorContract, AnchorHash, AnchorsCall, AnchorsParameters, AnchorsReject, HashKind, PutDigest,
};
use execution::QueryError;
use types::{Address, Amount, Hash32, to_hex};

use crate::harness::{ALICE, BOB, Chain, POOR, genesis, registry, string};

/// Changes the numbers of a genesis.
type Change = fn(&mut AnchorsParameters);

fn put(namespace: &str, key: &str, digest: u8) -> AnchorsCall {
    AnchorsCall::Put(PutDigest { namespace: string(namespace), key: string(key), digest: Hash32([digest; 32]) })
}

fn anchor(kind: u8, hash: u8) -> AnchorsCall {
    AnchorsCall::Anchor(AnchorHash { kind, hash: Hash32([hash; 32]) })
}

fn contract(manifest: u8) -> AnchorContract {
    AnchorContract {
        proof_version: 1,
        document_sha256: Hash32([1; 32]),
        manifest_sha256: Hash32([manifest; 32]),
        contract_ref_hash: Hash32([3; 32]),
        tenant_ref_hash: Hash32([4; 32]),
        agreement_version: AgreementVersion([2, 0, 1]),
        signing_method_class: 1,
    }
}

fn account(chain: &Chain, user: usize) -> (&'static str, String) {
    ("account", to_hex(&chain.address(user).0))
}

fn digits(byte: u8) -> String {
    Hash32([byte; 32]).to_string()
}

#[test]
fn the_first_digest_under_a_name_stays_and_the_name_is_the_senders() {
    let mut chain = Chain::new();
    let (time, told) = (chain.time(), chain.done(ALICE, put("export", "pack-1", 1)));
    assert_eq!(told["put"]["account"], to_hex(&chain.address(ALICE).0));
    assert_eq!((&told["put"]["namespace"], &told["put"]["key"]), (&"export".into(), &"pack-1".into()));
    chain.idle(ALICE, put("export", "pack-1", 1));
    chain.refused(ALICE, put("export", "pack-1", 2), AnchorsReject::AnchorConflict);
    // Somebody else has names of his own, and so has another namespace.
    chain.done(BOB, put("export", "pack-1", 2));
    chain.done(ALICE, put("expor", "tpack-1", 3));
    chain.done(ALICE, put("export", "pack-0", 4));
    let found = anchors::put(&chain.view(), &chain.address(ALICE), "export", "pack-1").expect("it is there");
    assert_eq!((found.digest, found.height.0, found.time), (Hash32([1; 32]), 1, time));
    let keys = |from: &str, limit| {
        let page = anchors::puts(&chain.view(), &chain.address(ALICE), "export", (from, limit));
        page.into_iter().map(|put| put.key).collect::<Vec<_>>()
    };
    assert_eq!(keys("", 9), ["pack-0", "pack-1"]);
    assert_eq!((keys("pack-1", 9), keys("", 1)), (vec!["pack-1".to_owned()], vec!["pack-0".to_owned()]));
    assert_eq!(keys("pack-2", 9), Vec::<String>::new());
}

#[test]
fn a_name_of_another_form_is_refused_before_a_block() {
    let chain = Chain::new();
    for namespace in ["", "Export", "a b", "é"] {
        assert_eq!(chain.judged(&put(namespace, "key", 1)), Err(AnchorsReject::MalformedNamespace.into()));
    }
    for key in ["", "a b", "a\n", "é"] {
        assert_eq!(chain.judged(&put("export", key, 1)), Err(AnchorsReject::MalformedPutKey.into()), "{key}");
    }
    assert!(chain.judged(&put(&"a".repeat(16), &"!".repeat(64), 1)).is_ok());
}

#[test]
fn a_hash_is_anchored_once_per_account_and_kind() {
    let mut chain = Chain::new();
    let time = chain.time();
    let told = chain.done(ALICE, anchor(5, 9));
    assert_eq!((&told["anchored"]["kind"], &told["anchored"]["hash"]), (&5.into(), &digits(9).into()));
    chain.idle(ALICE, anchor(5, 9));
    chain.done(ALICE, anchor(1, 9));
    chain.done(BOB, anchor(5, 9));
    for kind in [0, 8, 255] {
        assert_eq!(chain.judged(&anchor(kind, 9)), Err(AnchorsReject::UnknownKind.into()));
    }
    for kind in 1..=7 {
        assert!(chain.judged(&anchor(kind, 9)).is_ok());
    }
    let hash = Hash32([9; 32]);
    let found = anchors::hash(&chain.view(), &chain.address(ALICE), HashKind::Model, &hash).expect("it is there");
    assert_eq!((found.height.0, found.time), (1, time), "the first one counts");
    assert_eq!(anchors::hash(&chain.view(), &chain.address(BOB), HashKind::Document, &hash), None);
    chain.done(ALICE, anchor(5, 8));
    let of = |from: u8, limit| {
        let page = anchors::hashes(&chain.view(), &chain.address(ALICE), HashKind::Model, (&Hash32([from; 32]), limit));
        page.into_iter().map(|found| found.hash.0[0]).collect::<Vec<_>>()
    };
    assert_eq!((of(0, 9), of(9, 9), of(0, 1), of(10, 9)), (vec![8, 9], vec![9], vec![8], vec![]));
}

#[test]
fn a_contract_is_its_manifests_and_another_payload_is_a_conflict() {
    let mut chain = Chain::new();
    let right = contract(2);
    let told = chain.done(ALICE, AnchorsCall::Contract(right));
    assert_eq!(told["contract_anchored"]["manifest_sha256"], digits(2));
    chain.idle(ALICE, AnchorsCall::Contract(right));
    let others = [
        AnchorContract { document_sha256: Hash32([9; 32]), ..right },
        AnchorContract { contract_ref_hash: Hash32([9; 32]), ..right },
        AnchorContract { tenant_ref_hash: Hash32([9; 32]), ..right },
        AnchorContract { agreement_version: AgreementVersion([2, 0, 2]), ..right },
        AnchorContract { signing_method_class: 3, ..right },
    ];
    for other in others {
        chain.refused(ALICE, AnchorsCall::Contract(other), AnchorsReject::IdempotencyConflict);
    }
    // Another account's anchor of the same manifest is another one.
    chain.done(BOB, AnchorsCall::Contract(others[0]));
    chain.done(ALICE, AnchorsCall::Contract(contract(1)));
    let page = |from: u8, limit| {
        let page = anchors::contracts(&chain.view(), &chain.address(ALICE), &Hash32([from; 32]), limit);
        page.into_iter().map(|found| found.manifest_sha256.0[0]).collect::<Vec<_>>()
    };
    assert_eq!((page(0, 9), page(2, 9), page(0, 1)), (vec![1, 2], vec![2], vec![1]));
    let wrong = AnchorContract { proof_version: 2, ..right };
    assert_eq!(chain.judged(&AnchorsCall::Contract(wrong)), Err(AnchorsReject::UnknownProofVersion.into()));
    for signing_method_class in [0, 4, 255] {
        let wrong = AnchorContract { signing_method_class, ..right };
        assert_eq!(chain.judged(&AnchorsCall::Contract(wrong)), Err(AnchorsReject::UnknownSigningMethod.into()));
    }
    let asked = [account(&chain, ALICE), ("manifest", digits(2))];
    let answer = chain.ask("contract", &asked).expect("it is there");
    let fields: Vec<&String> = answer.as_object().expect("an object").keys().collect();
    let expected = [
        "account",
        "agreement_version",
        "contract_ref_hash",
        "document_sha256",
        "height",
        "idempotency_key",
        "manifest_sha256",
        "proof_version",
        "signing_method_class",
        "tenant_ref_hash",
        "time",
    ];
    assert_eq!(fields.len(), expected.len());
    assert!(fields.iter().all(|name| expected.contains(&name.as_str())), "{fields:?}");
    assert_eq!((&answer["agreement_version"], &answer["signing_method_class"]), (&"2.0.1".into(), &"QES".into()));
    assert_eq!(answer["idempotency_key"], answer["manifest_sha256"]);
}

#[test]
fn a_new_record_burns_its_fee_and_the_same_again_does_not() {
    let mut chain = Chain::with(|numbers| numbers.record_fee = Amount(77_000));
    let calls =
        [put("n", "k", 1), anchor(1, 1), AnchorsCall::Contract(contract(1)), AnchorsCall::OpenLog(Hash32([1; 32]))];
    for call in calls {
        let (first, again) = (chain.cost(ALICE, call.clone()), chain.cost(ALICE, call.clone()));
        assert_eq!(first - again, 77_000, "{call:?}");
        assert!(again > 0, "the transaction's own fee is paid either way");
    }
}

#[test]
fn who_cannot_pay_for_a_record_writes_none() {
    let mut chain = Chain::new();
    chain.refused(POOR, put("n", "k", 1), AnchorsReject::RecordFeeUnpayable);
    let mut free = Chain::with(|numbers| numbers.record_fee = Amount::ZERO);
    free.done(POOR, put("n", "k", 1));
}

#[test]
fn numbers_of_the_genesis_have_bounds_and_places() {
    let registry = registry();
    let told = |change: Change| {
        let genesis = genesis(&registry, change);
        registry.genesis(&genesis, crypto::ids::chain_id(&genesis)).err().map(|error| error.to_string())
    };
    assert_eq!(told(|_| {}), None);
    assert_eq!(told(|numbers| numbers.record_fee = anchors::FEE_MAX), None);
    assert_eq!(told(|numbers| numbers.time_drift_max_ms = anchors::DRIFT_MS_MAX), None);
    let wrong: [(&str, Change); 4] = [
        ("modules.anchors.record_fee", |numbers| numbers.record_fee = Amount(anchors::FEE_MAX.0 + 1)),
        ("modules.anchors.payload_byte_fee", |numbers| numbers.payload_byte_fee = Amount(anchors::FEE_MAX.0 + 1)),
        ("modules.anchors.time_drift_max_ms", |numbers| numbers.time_drift_max_ms = 0),
        ("modules.anchors.time_drift_max_ms", |numbers| numbers.time_drift_max_ms = anchors::DRIFT_MS_MAX + 1),
    ];
    for (place, change) in wrong {
        let said = told(change).expect(place);
        assert!(said.contains(place), "{said}");
    }
}

#[test]
fn records_that_cost_nothing_are_warned_of() {
    let registry = registry();
    let warnings = |fee| {
        let numbers = AnchorsParameters { record_fee: Amount(fee), payload_byte_fee: Amount(0), time_drift_max_ms: 1 };
        execution::Section::warnings(&numbers, &genesis(&registry, |_| {})).len()
    };
    assert_eq!((warnings(0), warnings(1)), (1, 0));
}

#[test]
fn what_is_not_there_is_said_to_be_not_there_and_lists_are_bounded() {
    let mut chain = Chain::new();
    let of = account(&chain, ALICE);
    let hash = |name: &'static str| (name, digits(1));
    let text = |name: &'static str, text: &str| (name, text.to_owned());
    let asked: [(&str, Vec<(&str, String)>); 6] = [
        ("put", vec![of.clone(), text("namespace", "n"), text("key", "k")]),
        ("hash", vec![of.clone(), text("kind", "1"), hash("hash")]),
        ("contract", vec![of.clone(), hash("manifest")]),
        ("service", vec![of.clone(), text("service", "demo")]),
        ("attestation", vec![of.clone(), text("service", "demo"), hash("txid")]),
        ("log", vec![of.clone(), hash("log")]),
    ];
    for (name, arguments) in &asked {
        let answer = chain.ask(name, arguments);
        assert!(matches!(answer, Err(QueryError::NotFound(_))), "{name}: {answer:?}");
        for place in 0..arguments.len() {
            let mut fewer = arguments.clone();
            let (missing, _) = fewer.remove(place);
            let told = chain.ask(name, &fewer).expect_err("something is missing").to_string();
            assert!(told.contains(missing), "{name} without {missing}: {told}");
        }
    }
    for kind in ["0", "8", "256", "257"] {
        let wrong = vec![of.clone(), text("kind", kind), hash("hash")];
        assert!(matches!(chain.ask("hash", &wrong), Err(QueryError::NotFound(_))), "{kind}");
    }
    let lists: [(&str, Vec<(&str, String)>); 6] = [
        ("puts", vec![of.clone(), text("namespace", "n")]),
        ("hashes", vec![of.clone(), text("kind", "1")]),
        ("contracts", vec![of.clone()]),
        ("services", vec![of.clone()]),
        ("attestations", vec![of.clone(), text("service", "demo")]),
        ("logs", vec![of.clone()]),
    ];
    for (name, arguments) in &lists {
        assert_eq!(chain.ask(name, arguments), Ok(serde_json::json!([])), "{name}");
    }
    // A long list is cut, and its rest follows by `from`.
    let calls: Vec<_> = (0..260).map(|number: u16| (ALICE, put("n", &format!("{number:03}"), 1))).collect();
    for some in calls.chunks(65) {
        assert!(chain.block(some).iter().all(|code| *code == 0));
    }
    let count = |more: &[(&str, String)]| {
        let arguments = [&lists[0].1[..], more].concat();
        chain.ask("puts", &arguments).expect("a list").as_array().expect("a list").len()
    };
    assert_eq!(count(&[]), 100);
    assert_eq!(count(&[text("limit", "1000000")]), anchors::PAGE_MAX);
    assert_eq!(count(&[text("from", "256"), text("limit", "256")]), 4);
    assert_eq!(chain.ask("rules", &[]).expect("numbers")["record_fee"], "10000");
    assert_eq!(anchors::puts(&chain.view(), &Address([7; 20]), "n", ("", 9)), [], "another account has none");
}
