//! What a person reads before signing.

use anchors::{AgreementVersion, AnchorContract, AnchorHash, Anchors, AnchorsCall, LogCheckpoint, PutDigest};
use execution::{Module, Words};
use types::{Address, Amount, AssetId, Hash32, TimeMs};

use crate::harness::{ServiceKey, attest, register, string};

struct Plain;

impl Words for Plain {
    fn address(&self, address: Address) -> String {
        format!("account {}", address.0[0])
    }

    fn amount(&self, _: AssetId, amount: Amount) -> String {
        amount.to_string()
    }

    fn time(&self, time: TimeMs) -> String {
        time.to_string()
    }
}

fn said(call: &AnchorsCall) -> String {
    Anchors.say(call, &Plain)
}

#[test]
fn every_call_is_said_with_all_that_it_holds() {
    let hash = |byte| Hash32([byte; 32]);
    let put = PutDigest { namespace: string("export"), key: string("pack-1"), digest: hash(0x11) };
    let contract = AnchorContract {
        proof_version: 1,
        document_sha256: hash(0x31),
        manifest_sha256: hash(0x32),
        contract_ref_hash: hash(0x33),
        tenant_ref_hash: hash(0x34),
        agreement_version: AgreementVersion([1, 4, 0]),
        signing_method_class: 2,
    };
    let key = ServiceKey(1);
    let registration = register("demo", "ai:attest", key, 1_710_000_000);
    let attestation = attest(Address([7; 20]), "demo", (1_710_000_000, 0x51), key);
    let checkpoint = LogCheckpoint { log: hash(0x41), sequence: 9, head: hash(0x42) };
    let (of, txid) = (|byte| hash(byte).to_string(), |txid: Hash32| txid.to_string());
    let calls: [(AnchorsCall, &str, Vec<String>); 8] = [
        (AnchorsCall::Put(put), "put the digest ", vec![of(0x11), "\"pack-1\" in \"export\"".into()]),
        (
            AnchorsCall::Anchor(AnchorHash { kind: 4, hash: hash(0x12) }),
            "anchor the hash ",
            vec![of(0x12), "a commitment to a check of a customer".into()],
        ),
        (
            AnchorsCall::Contract(contract),
            "anchor version 1.4.0 of the contract ",
            vec![of(0x31), of(0x32), of(0x33), of(0x34), "VERIFIED_ESIGN".into(), "form 1".into()],
        ),
        (
            AnchorsCall::RegisterService(registration.clone()),
            "register the AI service ",
            vec!["demo".into(), "ai:attest".into(), key.public().to_string(), txid(registration.txid)],
        ),
        (AnchorsCall::RevokeService(string("demo")), "revoke ", vec!["\"demo\" for good".into()]),
        (
            AnchorsCall::AttestAi(attestation.clone()),
            "put on the chain what an AI service of account 7 attests",
            vec!["demo".into(), "1710000000".into(), of(0x51), txid(attestation.txid)],
        ),
        (AnchorsCall::OpenLog(hash(0x41)), "open the log ", vec![of(0x41)]),
        (AnchorsCall::Checkpoint(checkpoint), "put the head ", vec![of(0x41), of(0x42), "record 9".into()]),
    ];
    for (call, begins, holds) in calls {
        let sentence = said(&call);
        assert!(sentence.starts_with(begins) && !sentence.ends_with('.'), "{sentence}");
        assert!(holds.iter().all(|part| sentence.contains(part.as_str())), "{sentence}: {holds:?}");
    }
}

#[test]
fn what_cannot_succeed_is_said_without_tricks_too() {
    let put = PutDigest { namespace: string("a\" b\n"), key: string("k\u{202e}\t"), digest: Hash32::default() };
    let sentence = said(&AnchorsCall::Put(put));
    assert!(sentence.chars().all(|letter| letter.is_ascii_graphic() || letter == ' '), "{sentence}");
    assert!(sentence.contains(r#"a\" b\n"#), "{sentence}");
    let anchor = AnchorsCall::Anchor(AnchorHash { kind: 9, hash: Hash32::default() });
    assert!(said(&anchor).contains("the unknown kind 9"));
    let contract = AnchorContract {
        proof_version: 2,
        document_sha256: Hash32::default(),
        manifest_sha256: Hash32::default(),
        contract_ref_hash: Hash32::default(),
        tenant_ref_hash: Hash32::default(),
        agreement_version: AgreementVersion([0; 3]),
        signing_method_class: 77,
    };
    let sentence = said(&AnchorsCall::Contract(contract));
    assert!(sentence.contains("the unknown method 77") && sentence.contains("form 2"), "{sentence}");
}
