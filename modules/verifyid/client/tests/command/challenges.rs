//! `thronos device challenge` and `answer`: what is signed is what was asked for, whatever the service gives, and nothing else is.

use crypto::hash::sha256;
use serde_json::{Value, json};
use service::chain::Chain;
use types::{ChainId, Hash32, Network, TimeMs};
use verifyid::{Challenge, DeviceKey, Purpose, tags};
use wallet::cli::submit::now;

use crate::tryout_node::{Person, TryoutNode};
use crate::{key, node, with_rig};

const AUDIENCE: &str = "https://fleet.example";

/// The challenge that a service gives out for the device of a person's key.
fn challenge(node: &TryoutNode, who: &Person, name: &str) -> Challenge {
    Challenge {
        chain_id: node.chain().id(),
        id: [1; 16],
        nonce: [2; 32],
        device: key(who, name).device(),
        key_id: key(who, name).key_id(),
        audience: Hash32(sha256(AUDIENCE.as_bytes())),
        purpose: Purpose::Presence,
        issued: now(),
        expires: TimeMs(now().0 + 300_000),
    }
}

fn given(challenge: &Challenge) -> Value {
    json!({
        "challenge": "ab".repeat(155), "nonce": hex::encode(challenge.nonce), "issued_at": challenge.issued.0,
        "expires_at": challenge.expires.0, "preimage": hex::encode(challenge.to_bytes(tags::CHALLENGE)),
    })
}

/// From now on the node gives out this challenge, and judges answers to it by this key.
fn serves(node: &TryoutNode, challenge: Challenge, key: DeviceKey) {
    node.serves("/verifyid/challenges", move |path, body| {
        if path == "/verifyid/challenges" {
            let asked = (body["audience"].as_str(), body["purpose"].as_str());
            assert_eq!(asked, (Some(AUDIENCE), Some("presence")), "{body}");
            return (201, given(&challenge));
        }
        let answer: [u8; 64] =
            hex::decode(body["answer"].as_str().expect("a text")).expect("digits").try_into().expect("64 bytes");
        let is_right = key.signed(&challenge.to_bytes(tags::CHALLENGE), &answer);
        let device = challenge.device.to_text(Network::Test);
        match is_right && body["challenge"] == "ab".repeat(155) {
            true => (
                200,
                json!({"verified": true, "device": device, "level": 1, "work_class": null, "verified_at": 1_771_111_111_000_u64,
                    "challenge_id": "01".repeat(16)}),
            ),
            false => (401, json!({"code": "bad_answer", "message": "the answer does not prove the key", "hint": "ask anew"})),
        }
    });
}

fn public(who: &Person, name: &str) -> DeviceKey {
    let key = key(who, name);
    DeviceKey::read(key.algorithm() as u8, &key.key_bytes()).expect("a key")
}

#[test]
fn a_device_answers_with_every_kind_of_key() {
    let node = node();
    let who = with_rig(&node);
    for algorithm in ["ed25519", "secp256k1", "p256"] {
        who.good(&["device", "new", algorithm, "--algorithm", algorithm]);
        serves(&node, challenge(&node, &who, algorithm), public(&who, algorithm));
        let said = who.good(&["device", "answer", algorithm, "--audience", AUDIENCE]);
        assert_eq!(
            (&said["verified"], &said["level"], &said["as_the_node_says"]),
            (&json!(true), &json!(1), &json!(true))
        );
        assert_eq!((&said["work_class"], &said["audience"]), (&json!(null), &json!(AUDIENCE)));
        assert_eq!(said["challenge_id"], "01".repeat(16), "by it the verification is found later");
    }
    let told = who.said(&["device", "answer", "p256", "--audience", AUDIENCE]);
    assert!(told.contains("verified:") && told.contains("as the node says"), "{told}");
}

#[test]
fn a_challenge_is_carried_to_the_device_in_a_file_and_its_answer_back() {
    let node = node();
    let who = with_rig(&node);
    let asked = challenge(&node, &who, "rig");
    serves(&node, asked, public(&who, "rig"));
    let id = asked.device.to_text(Network::Test);
    let shown = who.good(&["device", "challenge", &id, "--audience", AUDIENCE]);
    assert_eq!((&shown["device"], &shown["expires_at"]), (&json!(id), &json!(asked.expires.0)));
    let file = who.path("asked.json");
    std::fs::write(&file, shown.to_string()).expect("own directory");
    node.asked();
    let answered =
        who.good(&["device", "answer", "rig", "--audience", AUDIENCE, "--challenge", &file.display().to_string()]);
    assert_eq!(node.asked(), Vec::<String>::new(), "no node is asked");
    assert_eq!(answered["challenge"], shown["challenge"]);
    let answer: [u8; 64] =
        hex::decode(answered["answer"].as_str().expect("a text")).expect("digits").try_into().expect("64 bytes");
    assert!(public(&who, "rig").signed(&asked.to_bytes(tags::CHALLENGE), &answer));
    for (text, code) in [
        ("", "no_challenge"),
        ("{}", "no_challenge"),
        (r#"{"challenge": "00", "preimage": "00"}"#, "no_challenge"),
        (r#"{"challenge": "00", "preimage": "zz"}"#, "no_challenge"),
        (&" ".repeat(20_000), "file"),
    ] {
        std::fs::write(&file, text).expect("own directory");
        let path = file.display().to_string();
        assert_eq!(
            who.bad(&["device", "answer", "rig", "--audience", AUDIENCE, "--challenge", &path]),
            code,
            "{text:.40}"
        );
    }
}

#[test]
fn what_was_not_asked_for_is_not_signed() {
    let node = node();
    let who = with_rig(&node);
    who.good(&["device", "new", "other"]);
    let asked = challenge(&node, &who, "rig");
    let file = who.path("asked.json");
    let path = file.display().to_string();
    let typed = ["device", "answer", "rig", "--audience", AUDIENCE];
    let later = TimeMs(asked.issued.0 - 1);
    for (other, when_asked, from_file) in [
        (Challenge { chain_id: ChainId(Hash32([1; 32])), ..asked }, "bad_answer", "challenge_refused"),
        (Challenge { device: key(&who, "other").device(), ..asked }, "bad_answer", "challenge_refused"),
        (Challenge { audience: Hash32([1; 32]), ..asked }, "bad_answer", "challenge_refused"),
        (Challenge { purpose: Purpose::Login, ..asked }, "bad_answer", "challenge_refused"),
        (Challenge { expires: TimeMs(u64::MAX), ..asked }, "bad_answer", "challenge_refused"),
        (Challenge { expires: asked.issued, ..asked }, "bad_answer", "challenge_refused"),
        // The service knows another key of the device, or its clock is another.
        (Challenge { key_id: Hash32([1; 32]), ..asked }, "challenge_refused", "challenge_refused"),
        (Challenge { issued: TimeMs(1), expires: TimeMs(2), ..asked }, "challenge_refused", "challenge_refused"),
        (Challenge { issued: later, expires: later, ..asked }, "bad_answer", "challenge_refused"),
    ] {
        node.serves("/verifyid/challenges", move |path, _| {
            assert_eq!(path, "/verifyid/challenges", "nothing is handed in");
            (201, given(&other))
        });
        assert_eq!(who.bad(&typed), when_asked, "{other:?}");
        std::fs::write(&file, given(&other).to_string()).expect("own directory");
        assert_eq!(who.bad(&[&typed[..], &["--challenge", &path]].concat()), from_file, "{other:?}");
    }
    for nonsense in
        [json!({}), json!([]), json!({"challenge": "00", "preimage": "00"}), json!({"challenge": 1, "preimage": 2})]
    {
        node.serves("/verifyid/challenges", move |_, _| (201, nonsense.clone()));
        assert_eq!(who.bad(&typed), "bad_answer");
    }
}

#[test]
fn what_the_service_refuses_is_told_with_the_command_that_tells_more() {
    let node = node();
    let who = with_rig(&node);
    let asked = challenge(&node, &who, "rig");
    let id = asked.device.to_text(Network::Test);
    for (status, code, says) in [
        (429, "locked", "--token-file FILE".to_owned()),
        (401, "bad_answer", "`thronos device show rig` tells the id".to_owned()),
        (403, "held", "`thronos device show rig` tells how".to_owned()),
        (410, "expired", "look".to_owned()),
    ] {
        node.serves("/verifyid/challenges", move |path, _| match path {
            "/verifyid/challenges" if code != "locked" => (201, given(&asked)),
            _ => (status, json!({"code": code, "message": "no", "hint": "look"})),
        });
        let error = who.error(&["device", "answer", "rig", "--audience", AUDIENCE]);
        assert_eq!(error.code, code);
        assert!(error.hint.contains(&says), "{}", error.hint);
    }
    // It gives a challenge of another device than the one that was asked for.
    assert_eq!(who.bad(&["device", "challenge", &"ab".repeat(32), "--audience", AUDIENCE]), "bad_answer");
    // A verdict about something else is none.
    for verdict in [
        json!({"verified": false, "device": id, "level": 1, "work_class": null, "verified_at": 1, "challenge_id": "01".repeat(16)}),
        json!({"verified": true, "device": "thrtdev1", "level": 1, "work_class": null, "verified_at": 1, "challenge_id": "01".repeat(16)}),
        json!({"verified": true, "device": id, "level": 1, "work_class": null, "verified_at": 1, "challenge_id": "02".repeat(16)}),
        json!({"verified": true}),
    ] {
        node.serves("/verifyid/challenges", move |path, _| match path {
            "/verifyid/challenges" => (201, given(&asked)),
            _ => (200, verdict.clone()),
        });
        assert_eq!(who.bad(&["device", "answer", "rig", "--audience", AUDIENCE]), "bad_answer");
    }
}
