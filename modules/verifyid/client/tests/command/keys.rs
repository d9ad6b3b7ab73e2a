//! `thronos device new` and `register`: keys in files, and devices by the word of their keys.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use types::Network;
use verifyid::{Algorithm, Kind, Status, VerifyIdReject};

use crate::tryout_node::plain;
use crate::{ALICE, BOB, device, done, key, node, person, sent, text_of, with_rig};

// FAULTS VR9
#[test]
fn a_key_is_a_file_for_its_owner_alone_that_nothing_is_written_over() {
    let node = node();
    let who = person(&node, &[]);
    for (name, algorithm) in [("e", "ed25519"), ("s", "secp256k1"), ("p", "p256")] {
        let made = who.good(&["device", "new", name, "--algorithm", algorithm]);
        let file = who.path(&format!("wallet/devices/{name}.json"));
        assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o7777, 0o600);
        let read = key(&who, name);
        assert_eq!((&made["algorithm"], &made["is_first_key"]), (&json!(algorithm), &json!(true)), "{made}");
        assert_eq!(made["test"], read.device().to_text(Network::Test));
        assert_eq!(made["main"], read.device().to_text(Network::Main));
        assert!(made["device"].is_null(), "no chain is known, so both forms are told: {made}");
        let secret = std::fs::read_to_string(&file).expect("own file");
        let secret = secret.split("\"secret\": \"").nth(1).and_then(|rest| rest.get(..64)).expect("it is there");
        assert!(!made.to_string().contains(secret), "the secret is in the file alone");
    }
    let before = key(&who, "e").key_id();
    assert_eq!(who.bad(&["device", "new", "e"]), "name_taken");
    assert_eq!(key(&who, "e").key_id(), before);
    let elsewhere = plain(&who.path("own.json"));
    who.good(&["device", "new", &elsewhere]);
    assert_eq!(who.bad(&["device", "new", &elsewhere]), "name_taken");
    assert!(who.said(&["device", "new", "f"]).contains("(main network)"));
    for (name, code) in [("a b", "bad_name"), ("..", "bad_name"), ("thrdev1x", "bad_name"), ("/nowhere/x", "file")] {
        assert_eq!(who.bad(&["device", "new", name]), code, "{name}");
    }
    assert_eq!(who.bad(&["device", "new", "g", "--algorithm", "rsa"]), "usage");
    assert_eq!(who.bad(&["device", "new", "g", "--for", "nobody"]), "unknown_device_key");
    assert!(node.asked().is_empty(), "no node is asked");
}

// FAULTS VR9
#[test]
fn a_key_file_that_others_may_read_or_that_is_damaged_signs_nothing() {
    let node = node();
    let who = person(&node, &[("alice", ALICE)]);
    who.good(&["device", "new", "rig"]);
    let file = who.path("wallet/devices/rig.json");
    let register = ["device", "register", "rig", "--kind", "asic", "--from", "alice", "--no-wait"];
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("own file");
    assert_eq!(who.bad(&register), "file_readable_by_others");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("own file");
    let text = std::fs::read_to_string(&file).expect("own file");
    std::fs::write(&file, text.replace("ed25519", "p256")).expect("own file");
    assert_eq!(who.bad(&register), "damaged_device_key");
    assert!(node.asked().is_empty(), "no node is asked");
}

#[test]
fn a_device_is_registered_by_the_word_of_its_key_in_every_algorithm() {
    let node = node();
    let who = person(&node, &[("alice", ALICE)]);
    for (name, algorithm) in [("e", Algorithm::Ed25519), ("s", Algorithm::Secp256k1), ("p", Algorithm::P256)] {
        let called = serde_json::to_value(algorithm).expect("a text");
        who.good(&["device", "new", name, "--algorithm", called.as_str().expect("a text")]);
        done(&node, &who, &["device", "register", name, "--kind", "gps_node", "--from", "alice"]);
        let has = device(&node, &who, name);
        assert_eq!((has.algorithm, has.kind, has.level), (algorithm, Kind::GpsNode, Some(1)));
        assert_eq!((has.owner, has.status), (tryout::TryoutChain::user(ALICE), Status::Pending));
    }
    // The free allowance is three.
    who.good(&["device", "new", "fourth"]);
    let code = sent(&node, &who, &["device", "register", "fourth", "--kind", "asic", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::DeviceLimit.code());
}

#[test]
fn what_a_registration_is_refused_for_is_told_before_anything_is_signed() {
    let node = node();
    let who = with_rig(&node);
    who.good(&["device", "new", "next", "--for", "rig"]);
    let register = |arguments: &[&str]| who.bad(&[&["device", "register"], arguments].concat());
    for (arguments, code) in [
        (vec!["rig", "--kind", "asic"], "usage"),
        (vec!["rig", "--kind", "toaster", "--from", "alice"], "usage"),
        (vec!["nobody", "--kind", "asic", "--from", "alice"], "unknown_device_key"),
        (vec!["next", "--kind", "asic", "--from", "alice"], "not_first_key"),
        (vec!["rig", "--kind", "asic", "--from", "carol"], "unknown_name"),
        (vec!["rig", "--kind", "asic", "--from", "alice", "--owner", "nobody"], "bad_address"),
        (vec!["rig", "--kind", "asic", "--from", "alice", "--valid-for", "10"], "bad_span"),
    ] {
        assert_eq!(register(&arguments), code, "{arguments:?}");
    }
    // A dry run is the node's; its reject is told in this wallet's words, with what to do.
    node.dry_runs_say(VerifyIdReject::DeviceExists.code());
    let error = who.error(&["device", "register", "rig", "--kind", "asic", "--from", "alice", "--no-wait"]);
    assert_eq!(error.own_code(), "would_be_rejected");
    assert!(error.message.contains("device_exists") && error.hint.contains("thronos device show"), "{error:?}");
}

#[test]
fn a_device_of_another_owner_waits_until_it_is_accepted() {
    let node = node();
    let who = person(&node, &[("alice", ALICE), ("bob", BOB)]);
    who.good(&["device", "new", "lamp"]);
    let owner = text_of(BOB);
    done(
        &node,
        &who,
        &["device", "register", "lamp", "--kind", "parking_sensor", "--owner", &owner, "--from", "alice"],
    );
    assert_eq!(device(&node, &who, "lamp").level, Some(0));
    let listed = who.good(&["device", "list", "bob"]);
    assert_eq!((&listed["devices"][0]["is_waiting"], &listed["as_the_node_says"]), (&json!(true), &json!(true)));
    let shown = who.good(&["device", "show", "lamp"]);
    assert!(shown["why_not_more"].as_str().expect("a sentence").contains("thronos device accept"), "{shown}");
    let refused = sent(&node, &who, &["device", "accept", "lamp", "--from", "alice"]);
    assert_eq!(refused, VerifyIdReject::NotOwner.code());
    done(&node, &who, &["device", "accept", "lamp", "--from", "bob"]);
    assert_eq!(device(&node, &who, "lamp").level, Some(1));
    let again = sent(&node, &who, &["device", "accept", "lamp", "--from", "bob"]);
    assert_eq!(again, VerifyIdReject::AlreadyAccepted.code());
    assert_eq!(who.bad(&["device", "accept", "nobody", "--from", "bob"]), "unknown_device_key");
}
