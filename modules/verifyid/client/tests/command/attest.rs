//! `thronos device attest`: shares that a node has collected become a level, and what the chain would refuse is never sent.

use std::sync::{Arc, Mutex};

use pow::{CompactBits, Difficulty, WorkHeader, merkle, sha256d};
use serde_json::{Value, json};
use service::chain::Chain;
use types::{Hash32, List, TimeMs};
use verifyid::{BeaconAnswer, DeviceKey, WorkBinding, WorkClass};

use crate::tryout_node::{Person, TryoutNode};
use crate::{device, key, node_with, sent, with_rig};

/// Four shares of about a thousand hashes each.
const CLASS: WorkClass = WorkClass { class: 1, floor: 10, difficulty: 250, shares: 4, window_ms: 60_000 };
const ATTEST: [&str; 7] = ["device", "attest", "rig", "--class", "1", "--from", "alice"];

fn attesting() -> (TryoutNode, Person) {
    let node = node_with(|numbers| {
        numbers.beacon_interval_ms = 500;
        numbers.work_classes = List::new(vec![CLASS]).expect("one");
    });
    let who = with_rig(&node);
    // A block more, whose beacon is younger than the device.
    who.good(&["device", "offer", "rig", "--to", "bob", "--for", "1h", "--from", "alice", "--no-wait"]);
    who.good(&["device", "withdraw", "rig", "--from", "alice", "--no-wait"]);
    (node, who)
}

fn beacon(node: &TryoutNode) -> BeaconAnswer {
    serde_json::from_value(node.chain().ask("verifyid", "beacon", &[]).expect("there are some")).expect("a beacon")
}

fn binding(node: &TryoutNode, who: &Person) -> WorkBinding {
    let BeaconAnswer { number: beacon, value, .. } = beacon(node);
    WorkBinding { chain_id: node.chain().id(), device: key(who, "rig").device(), class: 1, beacon, value }
}

/// Groups as a node gives them out, in rising order of their hashes.
fn groups(digest: Hash32) -> Vec<Value> {
    let target = Difficulty::from_billionths(250).expect("a difficulty").target();
    let commitment = pow::Commitment {
        chain_id: types::ChainId(Hash32([1; 32])),
        work_height: 5,
        payee: types::Address([2; 20]),
        anchor: Hash32([3; 32]),
    };
    let parts = commitment.coinbase_parts(&[b"VID1".as_slice(), digest.as_bytes()].concat()).expect("a short tag");
    let coinbase = [&parts.coinbase1[..], &[9; 12], &parts.coinbase2[..]].concat();
    let (version, time, bits) = (0x2000_0000, 1_700_000_000, 0x1e10_0000);
    let merkle_root = merkle::fold(sha256d(&coinbase), &[]);
    let mut found: Vec<([u8; 32], u32)> = (0..)
        .filter_map(|nonce| {
            let header = WorkHeader { version, previous: [7; 32], merkle_root, time, bits: CompactBits(bits), nonce };
            let mut number = header.hash();
            let is_good = target.is_met_by(&number);
            number.reverse();
            is_good.then_some((number, nonce))
        })
        .take(4)
        .collect();
    found.sort_unstable();
    let share = |nonce: u32| json!({"extranonce": vec![9_u8; 12], "version": version, "time": time, "nonce": nonce});
    let group = |shares: &[([u8; 32], u32)]| {
        json!({
            "coinbase1": hex::encode(&parts.coinbase1), "coinbase2": hex::encode(&parts.coinbase2), "branch": [],
            "previous": Hash32([7; 32]), "bits": bits, "shares": shares.iter().map(|(_, nonce)| share(*nonce)).collect::<Vec<_>>(),
        })
    };
    found.chunks(2).map(group).collect()
}

fn progress(bound: &WorkBinding, state: &str, groups: Vec<Value>) -> Value {
    json!({
        "device": bound.device.0, "class": bound.class, "beacon": bound.beacon, "binding": bound.digest(), "difficulty": "0.00000025",
        "state": state, "shares": if state == "complete" { 4 } else { 1 }, "shares_needed": 4, "until_ms": 1, "ends_ms": 2,
        "left_ms": 0, "connections": 1, "groups": groups,
    })
}

/// A node that takes the device's word, shows one share, and then says this.
fn collects(node: &TryoutNode, who: &Person, then: Value) -> Arc<Mutex<Vec<Value>>> {
    let (bound, public) = (binding(node, who), key(who, "rig"));
    let public = DeviceKey::read(public.algorithm() as u8, &public.key_bytes()).expect("a key");
    let wishes: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&wishes);
    let mut looks = 0;
    node.serves("/mining/attestations", move |path, body| {
        if body.is_null() {
            assert_eq!(path, format!("/mining/attestations/{}", bound.device.0));
            looks += 1;
            return match looks {
                1 => (404, json!({"code": "not_found", "message": "nothing was begun here", "hint": "begin"})),
                2 => (200, progress(&bound, "open", Vec::new())),
                _ => (200, then.clone()),
            };
        }
        assert_eq!((&body["class"], &body["beacon"]), (&json!(1), &json!(bound.beacon)));
        let signature = hex::decode(body["signature"].as_str().expect("a text")).expect("digits");
        let valid_until = TimeMs(body["valid_until"].as_u64().expect("a time"));
        let signature = signature.try_into().expect("64 bytes");
        assert!(public.signed(&bound.statement(valid_until), &signature), "the device asks for itself");
        kept.lock().expect("nobody panicked").push(body.clone());
        (201, progress(&bound, "open", Vec::new()))
    });
    wishes
}

#[test]
fn shares_that_a_node_collected_become_level_two() {
    let (node, who) = attesting();
    let bound = binding(&node, &who);
    let wishes = collects(&node, &who, progress(&bound, "complete", groups(bound.digest())));
    assert_eq!(sent(&node, &who, &ATTEST), 0);
    assert_eq!(device(&node, &who, "rig").level, Some(2));
    assert_eq!(wishes.lock().expect("nobody panicked").len(), 1);
}

#[test]
fn what_was_begun_goes_on_and_what_the_chain_would_refuse_is_not_sent() {
    let (node, who) = attesting();
    node.asked();
    let bound = binding(&node, &who);
    let good = groups(bound.digest());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut answer = progress(&bound, "complete", good.clone());
        change(&mut answer);
        answer
    };
    let lies = [
        with(&|answer| answer["groups"].as_array_mut().expect("a list").reverse()),
        with(&|answer| drop(answer["groups"].as_array_mut().expect("a list").pop())),
        with(&|answer| answer["groups"] = json!(groups(Hash32([5; 32])))),
        with(&|answer| answer["groups"][0]["shares"][0]["nonce"] = json!(1)),
        with(&|answer| answer["binding"] = json!(Hash32([5; 32]))),
        with(&|answer| answer["device"] = json!(Hash32([5; 32]))),
        with(&|answer| answer["beacon"] = json!(bound.beacon + 1)),
    ];
    for lie in lies {
        node.serves("/mining/attestations", {
            let (open, mut looks) = (progress(&bound, "open", Vec::new()), 0);
            move |_, body| {
                assert!(body.is_null(), "nothing is begun anew");
                looks += 1;
                (200, if looks == 1 { open.clone() } else { lie.clone() })
            }
        });
        assert_eq!(who.bad(&ATTEST), "bad_answer");
    }
    assert_eq!(device(&node, &who, "rig").level, Some(1));
    collects(&node, &who, progress(&bound, "lapsed", Vec::new()));
    let lapsed = who.error(&ATTEST);
    assert_eq!((lapsed.own_code(), lapsed.message.as_str()), ("attestation_lapsed", "only 1 of 4 shares came in time"));
    assert!(node.asked().iter().all(|asked| asked != "POST /transactions"), "no fee was paid");
}

#[test]
fn what_cannot_be_attested_is_not_begun() {
    let (node, who) = attesting();
    node.asked();
    let other_class = ["device", "attest", "rig", "--class", "9", "--from", "alice"];
    assert_eq!(who.bad(&other_class), "unknown_class");
    let nowhere = ["device", "attest", "rig", "--class", "1", "--from", "alice", "--offline", "--out", "x"];
    assert_eq!(who.bad(&nowhere), "node_needed");
    who.good(&["device", "new", "sensor"]);
    who.good(&["device", "register", "sensor", "--kind", "parking_sensor", "--from", "alice", "--no-wait"]);
    assert_eq!(who.bad(&["device", "attest", "sensor", "--class", "1", "--from", "alice"]), "wrong_kind");
    who.good(&["device", "new", "next", "--for", "rig"]);
    assert_eq!(who.bad(&["device", "attest", "next", "--class", "1", "--from", "alice"]), "other_key");
    // A node without a port for miners.
    assert!(node.asked().iter().all(|asked| asked != "POST /mining/attestations"));
    let without = who.error(&ATTEST);
    assert!(without.hint.contains("--node URL"), "{without:?}");
}
