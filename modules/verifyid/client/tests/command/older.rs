//! `thronos device hmac`: a secret is asked for by the word of the key, kept for its owner only, and answers what was asked for and nothing else.

use std::os::unix::fs::PermissionsExt;

use crypto::hash::sha256;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use service::chain::Chain;
use sha2::Sha256;
use types::{Hash32, Network, TimeMs};
use verifyid::{Challenge, DeviceKey, Purpose, tags};
use wallet::cli::submit::now;

use crate::tryout_node::{Person, TryoutNode};
use crate::{key, node, with_rig};

const AUDIENCE: &str = "https://fleet.example";
const SECRET: [u8; 32] = [0x5a; 32];

/// A challenge for the device of a person's key `rig`.
fn challenge(node: &TryoutNode, who: &Person, purpose: Purpose) -> Challenge {
    let id = node.chain().id();
    let audience = match purpose {
        Purpose::Enrol => format!("thr-hmac:{}", &id.0.to_string()[..8]),
        _ => AUDIENCE.to_owned(),
    };
    Challenge {
        chain_id: id,
        id: [1; 16],
        nonce: [2; 32],
        device: key(who, "rig").device(),
        key_id: key(who, "rig").key_id(),
        audience: Hash32(sha256(audience.as_bytes())),
        purpose,
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

fn mac(challenge: &Challenge) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).expect("a key of any length is one");
    mac.update(&challenge.to_bytes(tags::CHALLENGE_MAC));
    hex::encode(mac.finalize().into_bytes())
}

/// From now on the node enrols this device by this key, and judges its answers.
fn serves(node: &TryoutNode, who: &Person, enrolling: Challenge, present: Challenge) {
    let key = key(who, "rig");
    let key = DeviceKey::read(key.algorithm() as u8, &key.key_bytes()).expect("a key");
    let device = present.device.to_text(Network::Test);
    node.serves("/verifyid", move |path, body| match path {
        "/verifyid/challenges" => (201, given(if body["purpose"] == "enrol" { &enrolling } else { &present })),
        "/verifyid/hmac/enrol" => {
            let answer = hex::decode(body["answer"].as_str().expect("a text")).expect("digits");
            let is_right = key.signed(&enrolling.to_bytes(tags::CHALLENGE), &answer.try_into().expect("64 bytes"));
            assert!(is_right && body["challenge"] == "ab".repeat(155));
            (201, json!({"device": device, "serial": 3, "secret": hex::encode(SECRET)}))
        }
        "/verifyid/hmac/answer" if body["mac"] == mac(&present) => (
            200,
            json!({"verified": true, "device": device, "level": 1, "work_class": null, "verified_at": 1_771_111_111_000_u64,
                "challenge_id": "01".repeat(16)}),
        ),
        _ => (403, json!({"code": "enrolment_over", "message": "its key has changed", "hint": "have it enrolled anew"})),
    });
}

#[test]
fn a_secret_is_written_for_its_owner_only_and_answers() {
    let node = node();
    let who = with_rig(&node);
    serves(&node, &who, challenge(&node, &who, Purpose::Enrol), challenge(&node, &who, Purpose::Presence));
    let file = who.path("rig.secret");
    let path = file.display().to_string();
    let told = who.good(&["device", "hmac", "enrol", "rig", "--out", &path]);
    assert_eq!((&told["serial"], &told["file"], told.get("secret")), (&json!(3), &json!(path), None));
    assert_eq!(std::fs::metadata(&file).expect("written").permissions().mode() & 0o7777, 0o600);
    let answered = who.good(&["device", "hmac", "answer", &path, "--audience", AUDIENCE]);
    assert_eq!((&answered["verified"], &answered["level"]), (&json!(true), &json!(1)));
    // Never over a file that is there; and nobody is asked in vain.
    node.asked();
    assert_eq!(who.bad(&["device", "hmac", "enrol", "rig", "--out", &path]), "file");
    assert_eq!(node.asked(), Vec::<String>::new());
    let told = who.good(&["device", "hmac", "enrol", "rig"]);
    assert_eq!(told["secret"], json!(hex::encode(SECRET)));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("own file");
    assert_eq!(who.bad(&["device", "hmac", "answer", &path, "--audience", AUDIENCE]), "file_readable_by_others");
}

#[test]
fn a_challenge_is_carried_to_an_older_device_in_a_file_and_nothing_else_is_answered() {
    let node = node();
    let who = with_rig(&node);
    let (enrolling, present) = (challenge(&node, &who, Purpose::Enrol), challenge(&node, &who, Purpose::Presence));
    serves(&node, &who, enrolling, present);
    let secret = who.path("rig.secret").display().to_string();
    who.good(&["device", "hmac", "enrol", "rig", "--out", &secret]);
    let file = who.path("asked.json");
    let path = file.display().to_string();
    let typed = ["device", "hmac", "answer", &secret, "--audience", AUDIENCE, "--challenge", &path];
    std::fs::write(&file, given(&present).to_string()).expect("own directory");
    node.asked();
    let answered = who.good(&typed);
    assert_eq!(answered, json!({"challenge": "ab".repeat(155), "mac": mac(&present)}));
    assert_eq!(node.asked(), Vec::<String>::new(), "no node is asked");
    for other in [
        enrolling,
        Challenge { purpose: Purpose::Login, ..present },
        Challenge { audience: Hash32([1; 32]), ..present },
        Challenge { chain_id: types::ChainId(Hash32([1; 32])), ..present },
        Challenge { device: verifyid::DeviceId(Hash32([1; 32])), ..present },
        Challenge { expires: TimeMs(u64::MAX), ..present },
        Challenge { issued: TimeMs(1), expires: TimeMs(2), ..present },
    ] {
        std::fs::write(&file, given(&other).to_string()).expect("own directory");
        assert_eq!(who.bad(&typed), "challenge_refused", "{other:?}");
    }
    std::fs::write(&file, "{}").expect("own directory");
    assert_eq!(who.bad(&typed), "no_challenge");
}

#[test]
fn a_service_that_gives_something_else_is_believed_nothing() {
    let node = node();
    let who = with_rig(&node);
    let (enrolling, present) = (challenge(&node, &who, Purpose::Enrol), challenge(&node, &who, Purpose::Presence));
    let id = present.device.to_text(Network::Test);
    // It asks for the key's word for something else than a secret.
    for other in [
        present,
        Challenge { audience: present.audience, ..enrolling },
        Challenge { device: verifyid::DeviceId(Hash32([1; 32])), ..enrolling },
    ] {
        node.serves("/verifyid", move |path, _| {
            assert_eq!(path, "/verifyid/challenges", "nothing is handed in");
            (201, given(&other))
        });
        assert_eq!(who.bad(&["device", "hmac", "enrol", "rig"]), "bad_answer");
    }
    for secret in [
        json!({"device": "thrtdev1", "serial": 0, "secret": hex::encode(SECRET)}),
        json!({"device": id, "serial": 0, "secret": "00"}),
        json!({"device": id, "serial": 0, "secret": "zz".repeat(32)}),
        json!({"device": id, "secret": hex::encode(SECRET)}),
    ] {
        node.serves("/verifyid", move |path, _| match path {
            "/verifyid/challenges" => (201, given(&enrolling)),
            _ => (201, secret.clone()),
        });
        assert_eq!(who.bad(&["device", "hmac", "enrol", "rig"]), "bad_answer");
    }
    serves(&node, &who, enrolling, present);
    let secret = who.path("rig.secret").display().to_string();
    who.good(&["device", "hmac", "enrol", "rig", "--out", &secret]);
    node.serves("/verifyid", move |path, _| match path {
        "/verifyid/challenges" => (201, given(&present)),
        _ => (403, json!({"code": "enrolment_over", "message": "its key has changed", "hint": "look"})),
    });
    let error = who.error(&["device", "hmac", "answer", &secret, "--audience", AUDIENCE]);
    assert_eq!(error.code, "enrolment_over");
    // A secret that was replaced, or mistyped, is nothing that a key could put right.
    node.serves("/verifyid", move |path, _| match path {
        "/verifyid/challenges" => (201, given(&present)),
        _ => (401, json!({"code": "bad_answer", "message": "the device's key", "hint": "sign with the present key"})),
    });
    let error = who.error(&["device", "hmac", "answer", &secret, "--audience", AUDIENCE]);
    assert_eq!(error.code, "bad_answer");
    assert!(error.hint.contains("`thronos device hmac enrol") && !error.hint.contains("present key"), "{}", error.hint);
    std::fs::write(who.path("rig.secret"), "{}").expect("own directory");
    assert_eq!(who.bad(&["device", "hmac", "answer", &secret, "--audience", AUDIENCE]), "damaged_device_secret");
}
