//! Bytes, keys of the state, txids and signatures that were computed elsewhere (Python `hashlib`, `json`, `cryptography`).

use anchors::{
    AgreementVersion, AnchorContract, AnchorHash, AnchorsCall, AnchorsEvent, AnchorsParameters, AnchorsReject,
    AttestAi, AttestationPayload, HashKind, LogCheckpoint, PutDigest, RegisterService, ServicePayload, keys,
};
use crypto::ecdsa_pure::SigningKey;
use crypto::hash::sha256;
use execution::Section;
use types::{Address, ByteString, Canonical, Hash32, Network, Secp256k1Key, Secp256k1Signature};

const ACCOUNT: Address = Address([0x22; 20]);
const KEY: &str = "02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f";
const REGISTERED: &str = r#"{"created_at":1710000000,"pubkey":"02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f","scopes":"ai:attest","service":"demo","tx_type":"AI_SERVICE_REGISTER"}"#;
const REGISTERED_TXID: &str = "400902348aba84f41322eda946b441ec6b000a2b8f8f286122f999f0f9a934b7";
const REGISTERED_SIGNATURE: &str = "a437df46a105f9a768d5b1f1e6fc6f49e54b0c7a22d5e51cb820b2e9f422bfa90811281e71dab3cf660d6298487eae30f98b08629112f19e28202e468a81bc03";
const ATTESTED: &str =
    r#"{"artifact_type":"model","created_at":1710000000,"service":"demo","tx_type":"AI_ATTESTATION"}"#;
const ATTESTED_TXID: &str = "28041e66da010c42d3e0fd0093534d87fe3d4f628c19a21b2cdbd9e25e42f396";
const ATTESTED_SIGNATURE: &str = "edc6b75b49ff96168fe23bd42321a2534bc592a82c2e20d8ea4cd1f58450f1044da7c692e958d74324e17459e7c4cb19eb2957b66c33fe2cec19bb8f1d6eed97";

fn string<const MAX: usize>(text: &str) -> ByteString<MAX> {
    ByteString::new(text.as_bytes().to_vec()).expect("short enough")
}

fn key() -> Secp256k1Key {
    KEY.parse().expect("33 bytes")
}

fn signature(digits: &str) -> Secp256k1Signature {
    digits.parse().expect("64 bytes")
}

fn contract() -> AnchorContract {
    AnchorContract {
        proof_version: 1,
        document_sha256: Hash32([0x31; 32]),
        manifest_sha256: Hash32([0x32; 32]),
        contract_ref_hash: Hash32([0x33; 32]),
        tenant_ref_hash: Hash32([0x34; 32]),
        agreement_version: AgreementVersion([1, 4, 0]),
        signing_method_class: 2,
    }
}

/// One call of each kind with the SHA-256 of its bytes.
fn calls() -> [(AnchorsCall, &'static str); 8] {
    let put = PutDigest { namespace: string("export"), key: string("pack-1"), digest: Hash32([0x11; 32]) };
    let register = RegisterService {
        payload: string(REGISTERED),
        txid: REGISTERED_TXID.parse().expect("a hash"),
        signature: signature(REGISTERED_SIGNATURE),
    };
    let attest = AttestAi {
        account: ACCOUNT,
        payload: string(ATTESTED),
        txid: ATTESTED_TXID.parse().expect("a hash"),
        public_key: key(),
        signature: signature(ATTESTED_SIGNATURE),
    };
    let checkpoint = LogCheckpoint { log: Hash32([0x41; 32]), sequence: 9, head: Hash32([0x42; 32]) };
    [
        (AnchorsCall::Put(put), "a1623c0b96cb2c24f8b24cc7b5c412a9cbf335273ad4d26c1ba48cddc9931201"),
        (
            AnchorsCall::Anchor(AnchorHash { kind: 5, hash: Hash32([0x12; 32]) }),
            "8cdfdfd088423155b3ca902f2de7cd2a141b4e807051f02e0b1a6a1065c2e5d4",
        ),
        (AnchorsCall::Contract(contract()), "7934e8dbd751ce74b9dc540bcea2dba655834012af6cfa0a5f8c067f63558299"),
        (AnchorsCall::RegisterService(register), "c504f6d93bdf92758a0421a8f341d0bb073348db7e9446cf318d60bcdb43d5fb"),
        (
            AnchorsCall::RevokeService(string("demo")),
            "64cbbf7adb100878c83da2b6db6de69e103e16ab82b896b574db92f45057e376",
        ),
        (AnchorsCall::AttestAi(attest), "4ed8a7a0c59662f4fa24a831b45a448a46dc163ff1dd57af9155ebe978534bef"),
        (AnchorsCall::OpenLog(Hash32([0x41; 32])), "88131a2bee9622ea12feb05bca7ec2497030e25e07153cd312bf34c1a1695123"),
        (AnchorsCall::Checkpoint(checkpoint), "8a05bdd0fca300c1088f39e7d496b5c8f745f18debe7cc09e80d9eaec5069d2f"),
    ]
}

#[test]
fn calls_have_the_bytes_that_they_had() {
    for (number, (call, digest)) in calls().into_iter().enumerate() {
        let bytes = call.to_canonical();
        assert_eq!(usize::from(bytes[0]), number);
        assert_eq!(hex::encode(sha256(&bytes)), digest, "{call:?}: {}", hex::encode(&bytes));
        assert_eq!(AnchorsCall::from_canonical(&bytes).as_ref(), Ok(&call));
        assert_eq!((call.to_call().module.0, &call.to_call().body[..]), (8, &bytes[..]));
        let json = serde_json::to_value(&call).expect("a call can be shown");
        assert_eq!(serde_json::from_value::<AnchorsCall>(json).expect("and read again"), call);
    }
    assert!(AnchorsCall::from_canonical(&[8]).is_err(), "there is no ninth call");
}

#[test]
fn the_longest_call_fits_and_one_byte_more_does_not() {
    let call = |length| {
        AnchorsCall::AttestAi(AttestAi {
            account: ACCOUNT,
            payload: ByteString::new(vec![b'x'; length]).expect("short enough"),
            txid: Hash32::default(),
            public_key: key(),
            signature: signature(ATTESTED_SIGNATURE),
        })
    };
    let longest = call(4_096).to_canonical();
    assert_eq!(longest.len(), AnchorsCall::BYTES_MAX);
    assert!(AnchorsCall::from_canonical(&longest).is_ok());
    assert!(AnchorsCall::from_canonical(&[longest, vec![0]].concat()).is_err());
}

#[test]
fn what_services_sign_is_what_was_signed_elsewhere() {
    let secret = SigningKey::from_bytes(&[7; 32]).expect("a scalar");
    assert_eq!(secret.public_key(), key());
    let registered = ServicePayload {
        created_at: 1_710_000_000,
        key: key(),
        scopes: "ai:attest".to_owned(),
        service: "demo".to_owned(),
    };
    assert_eq!(String::from_utf8(registered.to_bytes()).expect("ASCII"), REGISTERED);
    assert_eq!(ServicePayload::read(REGISTERED.as_bytes()), Ok(registered));
    assert_eq!(ServicePayload::txid(REGISTERED.as_bytes()).to_string(), REGISTERED_TXID);
    let mut attested = AttestationPayload {
        artifact_type: "model".to_owned(),
        created_at: 1_710_000_000,
        service: "demo".to_owned(),
        hashes: [].into(),
    };
    assert_eq!(String::from_utf8(attested.to_bytes()).expect("ASCII"), ATTESTED);
    assert_eq!(AttestationPayload::read(ATTESTED.as_bytes()), Ok(attested.clone()));
    assert_eq!(AttestationPayload::txid("demo", ATTESTED.as_bytes()).to_string(), ATTESTED_TXID);
    attested.hashes = [("model_sha256", Hash32([0x5a; 32])), ("output_sha256", Hash32([0xa5; 32]))].into();
    let txid = AttestationPayload::txid("demo", &attested.to_bytes());
    assert_eq!(txid.to_string(), "4307c2e4ac71fcd4c83785f75d4a87d8cbf34952bde9941008159e68293fe0be");
    let both = [(REGISTERED_TXID, REGISTERED_SIGNATURE), (ATTESTED_TXID, ATTESTED_SIGNATURE)];
    for (txid, digits) in both {
        let digest: Hash32 = txid.parse().expect("a hash");
        assert_eq!(secret.sign(digest.as_bytes()), signature(digits));
        assert_eq!(crypto::ecdsa::verify(digest.as_bytes(), &key(), &signature(digits)), Ok(()));
    }
}

#[test]
fn keys_of_the_state_are_those_that_they_were() {
    let txid = ATTESTED_TXID.parse().expect("a hash");
    let known = [
        (keys::put(&ACCOUNT, b"export", b"pack-1"), "ccd215dc9ecfec88fb06b87c152fbb62cb90c4b84e0e331ed8498b2ca3fbbe4e"),
        (
            keys::hash(&ACCOUNT, HashKind::Model, &Hash32([0x12; 32])),
            "d66f769770770ea01a4e28f92ff32149c4f9b9c0a67110100f95279ab49bf0df",
        ),
        (
            keys::contract(&ACCOUNT, &Hash32([0x32; 32])),
            "38bc50b963196f5ed752f70e80cb156c1fe189ea01ace674395d41c07ad338c6",
        ),
        (keys::service(&ACCOUNT, b"demo"), "aecdd7573f10b46654455fdfac52d900cb9968da3effc4890c36102ffffd8669"),
        (
            keys::attestation(&ACCOUNT, b"demo", &txid),
            "b4348fb9ab3b4799c3954bfd19a2378741309a0f74257b63b7528c36e8fc7b37",
        ),
        (keys::log(&ACCOUNT, &Hash32([0x41; 32])), "0a85d21550ffcadca43979af1c6069cc1b1ca60361c5d8f4057ca935f68ef70e"),
        (keys::rules().to_vec(), "67586e98fad27da0b9968bc039a1ef34c939b9b8e523a8bef89d478608c5ecf6"),
    ];
    for (key, digest) in known {
        assert_eq!(hex::encode(sha256(&key)), digest, "{}", hex::encode(&key));
    }
    // Where one name ends and the next begins is part of the key.
    assert_ne!(keys::put(&ACCOUNT, b"ab", b"c"), keys::put(&ACCOUNT, b"a", b"bc"));
    assert_ne!(keys::attestations_of(&ACCOUNT, b"ab"), keys::attestations_of(&ACCOUNT, b"a"));
    assert!(!keys::puts_of(&ACCOUNT, b"ab").starts_with(&keys::puts_of(&ACCOUNT, b"a")));
}

#[test]
fn the_section_has_the_bytes_that_it_had_and_refuses_what_breaks_its_rules() {
    let defaults = AnchorsParameters::new(Network::Main, ACCOUNT);
    let bytes = "102700000000000000000000000000000a000000000000000000000000000000c027090000000000";
    assert_eq!(hex::encode(defaults.to_canonical()), bytes);
    assert_eq!(defaults.to_canonical().len(), AnchorsParameters::BYTES_MAX);
    let json = serde_json::json!({"record_fee": "10000", "payload_byte_fee": "10", "time_drift_max_ms": 600_000});
    assert_eq!(serde_json::to_value(defaults).expect("JSON"), json);
}

#[test]
fn events_have_the_bytes_and_numbers_that_they_had() {
    let (account, log) = (ACCOUNT, Hash32([0x41; 32]));
    let (service, txid) = ("demo".to_owned(), ATTESTED_TXID.parse().expect("a hash"));
    let events = [
        AnchorsEvent::Put {
            account,
            namespace: "export".to_owned(),
            key: "pack-1".to_owned(),
            digest: Hash32([0x11; 32]),
        },
        AnchorsEvent::Anchored { account, kind: 5, hash: Hash32([0x12; 32]) },
        AnchorsEvent::ContractAnchored {
            account,
            manifest_sha256: contract().manifest_sha256,
            document_sha256: contract().document_sha256,
            agreement_version: contract().agreement_version,
        },
        AnchorsEvent::ServiceRegistered {
            account,
            service: service.clone(),
            key: key(),
            scopes: "ai:attest".to_owned(),
            txid: REGISTERED_TXID.parse().expect("a hash"),
        },
        AnchorsEvent::ServiceRevoked { account, service: service.clone() },
        AnchorsEvent::AiAttested { account, service, txid, payload: string(ATTESTED) },
        AnchorsEvent::LogOpened { account, log },
        AnchorsEvent::Checkpointed { account, log, sequence: 9, head: Hash32([0x42; 32]) },
    ];
    let digests = [
        "7e1df7fead3dc06f6e0d16feb6990a2aabaea333ef6a6abdc8a9a39dfe5e551a",
        "d66f769770770ea01a4e28f92ff32149c4f9b9c0a67110100f95279ab49bf0df",
        "a3eabff464aae1121f867739497ef11a1f77a71a821028f78d43bd89709d00a7",
        "bae6fe752e14536fb0452ad6c171f5be6c1f4ba9b29d02701ad46542ed10a9ba",
        "018607c761c45b06b892a324f9f5fc392b91f15e7cfbd3b06019bba13976a38a",
        "3db33c9a79e970ee9557c2a8ca870c87549a0cb6ae9a5465c7cbe1ef8f1ad16d",
        "b80808a862340acc3c5999b0894a333319d5ad5a6fdb5b2448b41e3900cc0ae4",
        "ae40977d1e9bb7d14395fa3edd3809ab76f5ddd49840ec874f644dc75afcdce7",
    ];
    for (number, (event, digest)) in events.iter().zip(digests).enumerate() {
        assert_eq!(usize::from(event.kind()), number + 1);
        assert_eq!(hex::encode(sha256(&borsh::to_vec(event).expect("memory"))), digest, "{event:?}");
    }
}

#[test]
fn rejects_have_the_numbers_and_names_that_they_had() {
    let names = [
        "missing_fields",
        "txid_mismatch",
        "pubkey_not_allowlisted",
        "bad_signature",
        "unregistered_service",
        "missing_scope",
        "payload_too_large",
        "time_drift",
        "unknown_tx_type",
        "not_canonical",
        "unknown_field",
        "malformed_field",
        "anchor_conflict",
        "idempotency_conflict",
        "service_conflict",
        "service_revoked",
        "not_service_account",
        "unknown_log",
        "checkpoint_order",
        "checkpoint_conflict",
        "malformed_namespace",
        "malformed_put_key",
        "malformed_service",
        "unknown_kind",
        "unknown_proof_version",
        "unknown_signing_method",
        "record_fee_unpayable",
    ];
    let found: Vec<_> = AnchorsReject::ALL.iter().map(|reject| (reject.number, reject.name)).collect();
    let expected: Vec<_> = (1_u16..).zip(names).collect();
    assert_eq!(found, expected);
    assert_eq!(AnchorsReject::RecordFeeUnpayable.code(), (8 << 16) | 27);
}
