//! `thronos device offer`, `take` and `withdraw`.

use types::Network;
use verifyid::VerifyIdReject;

use crate::{ALICE, BOB, device, done, key, node, sent, text_of, with_rig};

#[test]
fn a_device_changes_hands_in_two_steps() {
    let node = node();
    let who = with_rig(&node);
    assert_eq!(who.bad(&["device", "take", "rig", "--from", "bob", "--yes"]), "not_offered");
    done(&node, &who, &["device", "offer", "rig", "--to", "bob", "--for", "2h", "--from", "alice"]);
    let offered = device(&node, &who, "rig");
    assert_eq!(offered.offered_to, Some(tryout::TryoutChain::user(BOB)));
    assert_eq!(who.bad(&["device", "take", "rig", "--from", "alice", "--yes"]), "own_device");
    assert_eq!(who.bad(&["device", "offer", "rig", "--to", "alice", "--from", "alice"]), "own_account");
    done(&node, &who, &["device", "take", "rig", "--from", "bob", "--yes"]);
    assert_eq!(device(&node, &who, "rig").owner, tryout::TryoutChain::user(BOB));
}

// FAULTS VR10
#[test]
fn who_takes_a_device_sees_its_key_first_and_gets_no_other_one() {
    let node = node();
    let who = with_rig(&node);
    done(&node, &who, &["device", "offer", "rig", "--to", &text_of(BOB), "--from", "alice"]);
    let id = key(&who, "rig").device().to_text(Network::Test);
    let take = ["device", "take", &id, "--from", "bob"];
    // Without a yes nothing is sent; there is no terminal in a test.
    node.asked();
    assert_eq!(who.bad(&take), "confirmation_needed");
    assert!(!node.asked().iter().any(|asked| asked.starts_with("POST")), "nothing was handed in");
    // A node that shows another rotation is found out by the proof.
    node.bends("/state/", |answer| {
        let hex = answer["value_hex"].as_str().expect("a value").to_owned();
        answer["value_hex"] = hex.replacen("0000", "0001", 1).into();
    });
    assert_eq!(who.bad(&[&take[..], &["--yes"]].concat()), "wrong_proof");
    // One who has seen it elsewhere says which rotation it was.
    node.asked();
    let code = sent(&node, &who, &[&take[..], &["--rotation", "1"]].concat());
    assert_eq!(code, VerifyIdReject::DeviceChanged.code());
    assert!(!node.asked().iter().any(|asked| asked.contains("/state/")), "nobody is asked for it");
    done(&node, &who, &[&take[..], &["--rotation", "0"]].concat());
}

#[test]
fn an_offer_is_withdrawn_by_its_owner_and_lasts_no_longer_than_it_may() {
    let node = node();
    let who = with_rig(&node);
    let offer = |arguments: &[&str]| who.bad(&[&["device", "offer", "rig", "--from", "alice"], arguments].concat());
    assert_eq!(offer(&["--to", "nobody"]), "bad_address");
    assert_eq!(offer(&["--to", "bob", "--for", "8d"]), "until_too_far");
    assert_eq!(offer(&["--to", "bob", "--for", "soon"]), "bad_span");
    assert_eq!(offer(&[]), "usage");
    let code = sent(&node, &who, &["device", "withdraw", "rig", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NoOffer.code());
    done(&node, &who, &["device", "offer", "rig", "--to", "bob", "--for", "7d", "--from", "alice"]);
    done(&node, &who, &["device", "withdraw", "rig", "--from", "alice"]);
    assert_eq!(device(&node, &who, "rig").offered_to, None);
    assert_eq!(device(&node, &who, "rig").owner, tryout::TryoutChain::user(ALICE));
    let code = sent(&node, &who, &["device", "offer", "rig", "--to", "alice", "--from", "bob"]);
    assert_eq!(code, VerifyIdReject::NotOwner.code());
    node.dry_runs_say(VerifyIdReject::NoOffer.code());
    let error = who.error(&["device", "withdraw", "rig", "--from", "alice", "--no-wait"]);
    assert!(error.hint.contains("thronos device offer"), "{error:?}");
}

#[test]
fn without_a_node_a_device_is_taken_by_the_rotation_that_was_seen() {
    let node = node();
    let who = with_rig(&node);
    let out = crate::tryout_node::plain(&who.path("take.json"));
    let id = key(&who, "rig").device().to_text(Network::Test);
    let offline = ["--from", "bob", "--offline", "--nonce", "0", "--fee-max", "1", "--out", &out];
    node.asked();
    assert_eq!(who.bad(&[&["device", "take", &id], &offline[..]].concat()), "offline_needs");
    let file = who.good(&[&["device", "take", &id, "--rotation", "0"], &offline[..]].concat());
    assert!(file["complete"] == true && node.asked().is_empty(), "{file}");
}
