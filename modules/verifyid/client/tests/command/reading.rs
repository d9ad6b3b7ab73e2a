//! `thronos device show`, `list` and `prove`: what is proven is told as proven, and a node that lies is found out.

use serde_json::json;
use types::Network;

use crate::{ALICE, BOB, device, key, node, person, text_of, with_rig};

#[test]
fn a_device_is_shown_as_it_is_proven_with_its_level_and_why_it_is_no_higher() {
    let node = node();
    let who = with_rig(&node);
    let shown = who.good(&["device", "show", "rig"]);
    let has = device(&node, &who, "rig");
    assert_eq!((&shown["level"], &shown["kind"], &shown["checked"]), (&json!(1), &json!("cpu_miner"), &json!(true)));
    assert_eq!(shown["device"], has.device.to_text(Network::Test));
    assert_eq!((&shown["owner"], &shown["rotation"]), (&json!(text_of(ALICE)), &json!(0)));
    assert_eq!((&shown["key_id"], &shown["registered"]), (&json!(has.key_id), &json!(has.registered)));
    assert!(shown["why_not_more"].as_str().expect("a sentence").contains("no rate of hashes"), "{shown}");
    let told = who.said(&["device", "show", shown["device"].as_str().expect("an id")]);
    assert!(told.contains("checked by this wallet") && !told.contains("as the node says"), "{told}");
    for (named, code) in [
        ("nobody", "unknown_device_key"),
        (&*"ab".repeat(32), "unknown_device"),
        (&has.device.to_text(Network::Main), "device_of_other_network"),
        (&format!("{}q", has.device.to_text(Network::Test)), "device_typo"),
    ] {
        assert_eq!(who.bad(&["device", "show", named]), code, "{named}");
    }
}

// FAULTS VR10
#[test]
fn what_a_node_changes_of_a_device_is_found_out() {
    let node = node();
    let who = with_rig(&node);
    for (place, to) in [
        ("/value_hex", json!(null)),
        ("/value_hex", json!("00")),
        ("/key_hex", json!("0004")),
        ("/proof_hex", json!("00")),
        ("/certificate_hex", json!("00")),
    ] {
        node.bends("/state/", move |answer| *answer.pointer_mut(place).expect("it is there") = to.clone());
        for verb in ["show", "prove"] {
            let code = who.bad(&["device", verb, "rig"]);
            assert!(["wrong_proof", "bad_answer", "not_final"].contains(&code.as_str()), "{place}: {code}");
        }
    }
}

#[test]
fn that_a_device_is_there_or_is_not_is_proven_by_its_key() {
    let node = node();
    let who = with_rig(&node);
    let there = who.good(&["device", "prove", "rig"]);
    assert_eq!((&there["is_registered"], &there["checked"]), (&json!(true), &json!(true)), "{there}");
    assert_eq!(there["key_hex"], format!("00{}", key(&who, "rig").device().0));
    assert_eq!((&there["record"]["owner"], there["value_hex"].is_string()), (&json!(text_of(ALICE)), true));
    let none = who.good(&["device", "prove", &"ab".repeat(32)]);
    assert_eq!(
        (&none["is_registered"], &none["value_hex"], &none["checked"]),
        (&json!(false), &json!(null), &json!(true))
    );
    assert!(who.said(&["device", "prove", &"ab".repeat(32)]).contains("no device of this id"));
    assert_eq!(who.bad(&["device", "prove", "nobody"]), "unknown_device_key");
}

#[test]
fn lists_are_the_nodes_word_and_read_strictly() {
    let node = node();
    let who = with_rig(&node);
    let listed = who.good(&["device", "list"]);
    assert_eq!(listed["devices"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&listed["as_the_node_says"], &listed["may_have_more"]), (&json!(true), &json!(false)));
    assert_eq!(who.good(&["device", "list", &text_of(BOB)])["devices"], json!([]));
    let one = who.said(&["device", "list", "alice", "--limit", "1"]);
    assert!(one.contains("--start DEVICE") && one.ends_with("(as the node says)\n"), "{one}");
    let behind = who.good(&["device", "list", "alice", "--start", &"ff".repeat(32)]);
    assert_eq!(behind["devices"], json!([]));
    for arguments in [vec!["--limit", "0"], vec!["--limit", "101"], vec!["--start", "rig"]] {
        assert_eq!(who.bad(&[&["device", "list"], arguments.as_slice()].concat()), "usage", "{arguments:?}");
    }
    assert_eq!(who.bad(&["device", "list", "nobody"]), "bad_address");
    assert_eq!(person(&node, &[]).bad(&["device", "list"]), "no_accounts");
    let (low, high) = ("01".repeat(32), "02".repeat(32));
    for lie in [json!("\u{1b}[2J"), json!([&high, &low]), json!([&low, &low]), json!([7]), json!(vec![low; 101])] {
        let told = lie.clone();
        node.bends("/verifyid/devices", move |answer| *answer = lie.clone());
        assert_eq!(who.bad(&["device", "list", "alice"]), "bad_answer", "{told}");
    }
    node.bends("/verifyid/device?", |answer| answer["owner"] = json!("00".repeat(20)));
    assert_eq!(who.bad(&["device", "list", "alice"]), "bad_answer");
}
