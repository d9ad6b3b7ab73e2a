//! AI services and what they attest.

use anchors::{AnchorsCall, AnchorsReject, AttestAi, RegisterService, ServicePayload};
use types::{Amount, Hash32, Secp256k1Signature};

use crate::harness::{
    ALICE, BOB, Chain, POOR, ServiceKey, attest, attest_bytes, attested, payload, register, register_bytes, string,
};

const KEY: ServiceKey = ServiceKey(1);
const OTHER: ServiceKey = ServiceKey(2);
const SCOPE: &str = "ai:attest";

fn registering(register: RegisterService) -> AnchorsCall {
    AnchorsCall::RegisterService(register)
}

fn attesting(attest: AttestAi) -> AnchorsCall {
    AnchorsCall::AttestAi(attest)
}

fn revoking(service: &str) -> AnchorsCall {
    AnchorsCall::RevokeService(string(service))
}

fn started() -> Chain {
    let mut chain = Chain::new();
    let call = register("demo", SCOPE, KEY, chain.seconds());
    chain.done(ALICE, registering(call));
    chain
}

/// The same r with the other s.
fn high_s(signature: Secp256k1Signature) -> Secp256k1Signature {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let order: [u8; 32] = hex::decode(ORDER).expect("digits").try_into().expect("32 bytes");
    let (mut other, mut borrow) = (signature, 0_i16);
    for place in (0..32).rev() {
        let difference = i16::from(order[place]) - i16::from(signature.0[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        other.0[32 + place] = difference.rem_euclid(256) as u8;
    }
    other
}

#[test]
fn a_service_is_registered_by_its_own_key_once() {
    let mut chain = Chain::new();
    let right = register("demo", SCOPE, KEY, chain.seconds());
    let told = chain.done(ALICE, registering(right.clone()));
    let told = &told["service_registered"];
    assert_eq!((&told["service"], &told["scopes"]), (&"demo".into(), &SCOPE.into()));
    assert_eq!(told["account"], types::to_hex(&chain.address(ALICE).0));
    chain.idle(ALICE, registering(right.clone()));
    for other in [
        register("demo", SCOPE, OTHER, chain.seconds()),
        register("demo", "ai:attest ai:train", KEY, chain.seconds()),
        register("demo", SCOPE, KEY, chain.seconds() + 1),
    ] {
        chain.refused(ALICE, registering(other), AnchorsReject::ServiceConflict);
    }
    // The name is the account's: whoever copies the statement has a service of his own.
    chain.done(BOB, registering(right.clone()));
    let found = anchors::service(&chain.view(), &chain.address(ALICE), "demo").expect("it is there");
    assert_eq!((found.key, found.txid, found.revoked), (KEY.public(), right.txid, None));
    // However late, the same again has no effect.
    chain.pass(3_600_000);
    chain.idle(ALICE, registering(right));
}

#[test]
fn a_registration_is_signed_by_the_key_that_it_names() {
    let mut chain = Chain::new();
    let right = register("demo", SCOPE, KEY, chain.seconds());
    let wrong = [
        OTHER.secret().sign(right.txid.as_bytes()),
        KEY.secret().sign(&[0; 32]),
        high_s(right.signature),
        Secp256k1Signature([0; 64]),
        Secp256k1Signature([0xff; 64]),
    ];
    for signature in wrong {
        chain.refused(ALICE, registering(RegisterService { signature, ..right.clone() }), AnchorsReject::BadSignature);
    }
    // A key that is no point.
    let mut no_key = KEY.public();
    no_key.0[0] = 5;
    let bytes = ServicePayload {
        created_at: chain.seconds(),
        key: no_key,
        scopes: SCOPE.to_owned(),
        service: "demo".to_owned(),
    }
    .to_bytes();
    chain.refused(ALICE, registering(register_bytes(bytes, KEY)), AnchorsReject::MalformedField);
    let mismatch = RegisterService { txid: Hash32([1; 32]), ..right.clone() };
    assert_eq!(chain.judged(&registering(mismatch)), Err(AnchorsReject::TxidMismatch.into()));
    chain.done(ALICE, registering(right));
}

#[test]
fn a_payload_is_made_within_ten_minutes_of_its_block() {
    for (offset, is_near) in [(-601, false), (-600, true), (0, true), (600, true), (601, false)] {
        let at = |chain: &Chain| chain.seconds().checked_add_signed(offset).expect("long after 1970");
        let mut chain = Chain::new();
        let call = registering(register("demo", SCOPE, KEY, at(&chain)));
        if !is_near {
            chain.refused(ALICE, call, AnchorsReject::TimeDrift);
            let now = chain.seconds();
            chain.done(ALICE, registering(register("demo", SCOPE, KEY, now)));
        } else {
            chain.done(ALICE, call);
        }
        let call = attesting(attest(chain.address(ALICE), "demo", (at(&chain), 1), KEY));
        if is_near {
            chain.done(ALICE, call);
        } else {
            chain.refused(ALICE, call, AnchorsReject::TimeDrift);
        }
    }
    let mut strict = Chain::with(|numbers| numbers.time_drift_max_ms = 2_000);
    for (offset, is_near) in [(3, false), (2, true)] {
        let call = registering(register("demo", SCOPE, KEY, strict.seconds() + offset));
        assert_eq!(strict.run(ALICE, call).is_ok(), is_near, "{offset}");
    }
}

#[test]
fn an_attestation_is_of_a_service_of_its_sender_and_signed_by_its_key() {
    let mut chain = started();
    let (alice, bob) = (chain.address(ALICE), chain.address(BOB));
    let right = attest(alice, "demo", (chain.seconds(), 1), KEY);
    chain.refused(BOB, attesting(right.clone()), AnchorsReject::NotServiceAccount);
    let of_bob = AttestAi { account: bob, ..right.clone() };
    chain.refused(BOB, attesting(of_bob.clone()), AnchorsReject::UnregisteredService);
    chain.refused(ALICE, attesting(of_bob), AnchorsReject::NotServiceAccount);
    let other = attest(alice, "other", (chain.seconds(), 1), KEY);
    chain.refused(ALICE, attesting(other), AnchorsReject::UnregisteredService);
    let by_other = attest(alice, "demo", (chain.seconds(), 1), OTHER);
    chain.refused(ALICE, attesting(by_other.clone()), AnchorsReject::PubkeyNotAllowlisted);
    for signature in [by_other.signature, high_s(right.signature), Secp256k1Signature([0; 64])] {
        chain.refused(ALICE, attesting(AttestAi { signature, ..right.clone() }), AnchorsReject::BadSignature);
    }
    let mismatch = AttestAi { txid: Hash32([1; 32]), ..right.clone() };
    assert_eq!(chain.judged(&attesting(mismatch)), Err(AnchorsReject::TxidMismatch.into()));
    // The prefix has the service: a payload that is hashed with another's is another txid.
    let bytes = attested("demo", chain.seconds(), 1).to_bytes();
    let prefixed = attest_bytes(alice, "other", bytes, KEY);
    assert_eq!(chain.judged(&attesting(prefixed)), Err(AnchorsReject::TxidMismatch.into()));
    let told = chain.done(ALICE, attesting(right.clone()));
    let told = &told["ai_attested"];
    assert_eq!((&told["account"], &told["service"]), (&types::to_hex(&alice.0).into(), &"demo".into()));
    let found = anchors::attestation(&chain.view(), &alice, "demo", &right.txid).expect("it is there");
    assert_eq!((found.payload.as_bytes(), found.signature), (&right.payload[..], right.signature));
    assert_eq!(anchors::attestation(&chain.view(), &bob, "demo", &right.txid), None);
}

#[test]
fn the_same_txid_again_has_no_effect_however_late() {
    let mut chain = started();
    let right = attesting(attest(chain.address(ALICE), "demo", (chain.seconds(), 1), KEY));
    chain.done(ALICE, right.clone());
    chain.idle(ALICE, right.clone());
    chain.pass(3_600_000);
    chain.idle(ALICE, right.clone());
    chain.done(ALICE, revoking("demo"));
    chain.idle(ALICE, right);
    let late = attest(chain.address(ALICE), "demo", (chain.seconds(), 2), KEY);
    chain.refused(ALICE, attesting(late), AnchorsReject::UnregisteredService);
}

#[test]
fn a_service_without_the_scope_attests_nothing() {
    let mut chain = Chain::new();
    for (service, scopes, may) in [
        ("a", "ai:train", false),
        ("b", "ai:attest2", false),
        ("c", "xai:attest", false),
        ("d", "ai:attest ai:train", true),
        ("e", "ai:a ai:attest", true),
    ] {
        let call = register(service, scopes, KEY, chain.seconds());
        chain.done(ALICE, registering(call));
        let call = attesting(attest(chain.address(ALICE), service, (chain.seconds(), 1), KEY));
        if may {
            chain.done(ALICE, call);
        } else {
            chain.refused(ALICE, call, AnchorsReject::MissingScope);
        }
    }
}

#[test]
fn revoking_is_for_good_and_the_accounts_own() {
    let mut chain = started();
    chain.refused(BOB, revoking("demo"), AnchorsReject::UnregisteredService);
    chain.refused(ALICE, revoking("other"), AnchorsReject::UnregisteredService);
    let before = attest(chain.address(ALICE), "demo", (chain.seconds(), 1), KEY);
    chain.done(ALICE, attesting(before.clone()));
    let time = chain.time();
    let told = chain.done(ALICE, revoking("demo"));
    assert_eq!(told["service_revoked"]["service"], "demo");
    chain.idle(ALICE, revoking("demo"));
    let found = anchors::service(&chain.view(), &chain.address(ALICE), "demo").expect("it stays");
    assert_eq!(found.revoked, Some(time));
    let again = register("demo", SCOPE, KEY, chain.seconds());
    chain.refused(ALICE, registering(again), AnchorsReject::ServiceRevoked);
    // Not even by the statement that registered it first, which anybody can read.
    let first = register("demo", SCOPE, KEY, crate::harness::START.0 / 1_000 + 1);
    assert_eq!(first.txid, found.txid);
    chain.refused(ALICE, registering(first), AnchorsReject::ServiceRevoked);
    assert!(anchors::attestation(&chain.view(), &chain.address(ALICE), "demo", &before.txid).is_some(), "it stays");
    for name in ["", "Demo", "a b"] {
        assert_eq!(chain.judged(&revoking(name)), Err(AnchorsReject::MalformedService.into()));
    }
}

#[test]
fn a_payload_that_is_kept_is_paid_by_the_byte() {
    let mut chain = Chain::with(|numbers| (numbers.record_fee, numbers.payload_byte_fee) = (Amount(500), Amount(7)));
    let right = registering(register("demo", SCOPE, KEY, chain.seconds()));
    let (first, again) = (chain.cost(ALICE, right.clone()), chain.cost(ALICE, right));
    assert_eq!(first - again, 500);
    let call = attest(chain.address(ALICE), "demo", (chain.seconds(), 1), KEY);
    let bytes = call.payload.len() as u128;
    let (first, again) = (chain.cost(ALICE, attesting(call.clone())), chain.cost(ALICE, attesting(call)));
    assert_eq!(first - again, 500 + 7 * bytes);
    let poor = registering(register("demo", SCOPE, KEY, chain.seconds()));
    let mut dear = Chain::new();
    dear.refused(POOR, poor, AnchorsReject::RecordFeeUnpayable);
}

#[test]
fn a_payload_that_is_not_one_is_refused_before_a_block() {
    let chain = Chain::new();
    let alice = chain.address(ALICE);
    let tell = |bytes: &[u8]| {
        let attest = attest_bytes(alice, "demo", bytes.to_vec(), KEY);
        let register = register_bytes(bytes.to_vec(), KEY);
        [chain.judged(&attesting(attest)), chain.judged(&registering(register))]
    };
    let both = |reject: AnchorsReject| [Err(reject.into()), Err(reject.into())];
    let spaced = br#"{"artifact_type": "model","created_at":1,"service":"demo","tx_type":"AI_ATTESTATION"}"#;
    for bytes in [&b""[..], b"{", b"[]", b"null", b"\xff", spaced, &b"{\"a\":".repeat(600)] {
        let expected = if bytes.len() > 2_048 { AnchorsReject::PayloadTooLarge } else { AnchorsReject::NotCanonical };
        assert_eq!(tell(bytes), both(expected));
    }
    assert_eq!(tell(&b"x".repeat(4_096)), both(AnchorsReject::PayloadTooLarge));
    assert_eq!(tell(b"{}"), both(AnchorsReject::MissingFields));
    assert_eq!(tell(br#"{"tx_type":"AI_SOMETHING"}"#), both(AnchorsReject::UnknownTxType));
    let attestation = attested("demo", 1, 1).to_bytes();
    assert_eq!(tell(&attestation)[1], Err(AnchorsReject::UnknownTxType.into()));
    let person =
        br#"{"artifact_type":"model","created_at":1,"email":"a@b","service":"demo","tx_type":"AI_ATTESTATION"}"#;
    assert_eq!(tell(person)[0], Err(AnchorsReject::UnknownField.into()));
    assert_eq!(payload(attestation.clone()).len(), attestation.len());
}

#[test]
fn a_signature_weighs_and_services_are_listed_by_name() {
    let mut chain = started();
    let weight = |call: &AnchorsCall| chain.judged(call).expect("a good call").0;
    let attestation = attest(chain.address(ALICE), "demo", (chain.seconds(), 1), KEY);
    assert_eq!(weight(&attesting(attestation)), 3_000);
    assert_eq!(weight(&registering(register("demo", SCOPE, KEY, 1))), 3_000);
    assert_eq!(weight(&revoking("demo")), 1_000);
    assert_eq!(weight(&AnchorsCall::OpenLog(Hash32([1; 32]))), 1_000);
    let call = register("acme", SCOPE, OTHER, chain.seconds());
    chain.done(ALICE, registering(call));
    let names = |from: &str, limit| {
        let page = anchors::services(&chain.view(), &chain.address(ALICE), from, limit);
        page.into_iter().map(|found| found.service).collect::<Vec<_>>()
    };
    assert_eq!(
        (names("", 9), names("b", 9), names("", 1)),
        (vec!["acme".into(), "demo".into()], vec!["demo".into()], vec!["acme".into()])
    );
    let mut txids = Vec::new();
    for model in 1..=3 {
        let call = attest(chain.address(ALICE), "demo", (chain.seconds(), model), KEY);
        txids.push(call.txid);
        chain.done(ALICE, attesting(call));
    }
    txids.sort();
    let page = |from: &Hash32, limit| {
        let page = anchors::attestations(&chain.view(), &chain.address(ALICE), "demo", (from, limit));
        page.into_iter().map(|found| found.txid).collect::<Vec<_>>()
    };
    assert_eq!(page(&Hash32::default(), 9), txids);
    assert_eq!(page(&txids[1], 9), txids[1..]);
    assert_eq!(page(&txids[0], 1), txids[..1]);
}
