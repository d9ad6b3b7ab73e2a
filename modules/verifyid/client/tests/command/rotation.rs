//! `thronos device rotate` and `cancel-rotation`.

use service::chain::Chain;
use verifyid::VerifyIdReject;

use crate::{device, done, key, node, node_with, sent, with_rig};

// FAULTS VR11
#[test]
fn a_new_key_that_the_old_one_signs_for_is_in_force_at_once_and_no_file_is_touched() {
    let node = node();
    let who = with_rig(&node);
    who.good(&["device", "new", "rig2", "--for", "rig", "--algorithm", "p256"]);
    let before = std::fs::read(who.path("wallet/devices/rig.json")).expect("it is there");
    done(&node, &who, &["device", "rotate", "rig2", "--old-key", "rig", "--from", "alice"]);
    let has = device(&node, &who, "rig");
    assert_eq!((has.rotation, has.key_id), (1, key(&who, "rig2").key_id()));
    assert_eq!(std::fs::read(who.path("wallet/devices/rig.json")).expect("still there"), before);
    // By the name of the later key the same device is meant.
    assert_eq!(who.good(&["device", "show", "rig2"])["device"], who.good(&["device", "show", "rig"])["device"]);
    assert_eq!(who.bad(&["device", "rotate", "rig2", "--old-key", "rig", "--from", "alice"]), "already_rotated");
    // The next one, whatever the algorithms, and by the path of the old key.
    who.good(&["device", "new", "rig3", "--for", "rig2", "--algorithm", "secp256k1"]);
    let path = crate::tryout_node::plain(&who.path("wallet/devices/rig2.json"));
    done(&node, &who, &["device", "rotate", "rig3", "--old-key", &path, "--from", "alice"]);
    assert_eq!(device(&node, &who, "rig").rotation, 2);
}

#[test]
fn what_a_rotation_is_refused_for_is_told_before_anything_is_signed() {
    let node = node();
    let who = with_rig(&node);
    who.good(&["device", "new", "other"]);
    who.good(&["device", "new", "rig2", "--for", "rig"]);
    let rotate = |arguments: &[&str]| who.bad(&[&["device", "rotate"], arguments, &["--from", "alice"]].concat());
    assert_eq!(rotate(&["rig2"]), "usage", "the old key's file, or the word that it is lost");
    assert_eq!(rotate(&["rig2", "--old-key", "rig", "--announce"]), "usage");
    assert_eq!(rotate(&["other", "--old-key", "rig"]), "not_later_key");
    assert_eq!(rotate(&["rig2", "--old-key", "other"]), "not_present_key");
    assert_eq!(rotate(&["rig2", "--old-key", "nobody"]), "unknown_device_key");
    assert_eq!(rotate(&["rig2", "--announce", "--offline", "--out", "x"]), "offline_needs");
    who.good(&["device", "new", "stray", "--for", &"ab".repeat(32)]);
    let error = who.error(&["device", "rotate", "stray", "--announce", "--from", "alice"]);
    assert!(error.code == "unknown_device" && error.message.contains("proven"), "{error:?}");
    let code = sent(&node, &who, &["device", "rotate", "rig2", "--old-key", "rig", "--from", "bob"]);
    assert_eq!(code, VerifyIdReject::NotOwner.code());
}

// FAULTS VR11
#[test]
fn a_new_key_without_the_old_one_is_announced_and_completed_when_its_time_has_come() {
    // A block takes a second: 100 of them are over soon, and are no more than a node's clock may be ahead.
    let node = node_with(|numbers| (numbers.statement_max_ms, numbers.rotation_delay_ms) = (100_000, 100_000));
    let who = with_rig(&node);
    who.good(&["device", "new", "rig2", "--for", "rig"]);
    who.good(&["device", "new", "rig3", "--for", "rig"]);
    // A slow machine's clock has run ahead of this chain's, and a word holds for little more than that here.
    while node.chain().now_ms() < wallet::cli::submit::now().0 {
        node.chain().pass();
    }
    done(&node, &who, &["device", "rotate", "rig2", "--announce", "--from", "alice"]);
    let has = device(&node, &who, "rig");
    assert_eq!((has.announced_key, has.rotation), (Some(key(&who, "rig2").key_id()), 0));
    let error = who.error(&["device", "rotate", "rig2", "--announce", "--from", "alice"]);
    assert!(error.code == "rotation_early" && error.hint.contains("--old-key"), "{error:?}");
    let error = who.error(&["device", "rotate", "rig3", "--announce", "--from", "alice"]);
    assert!(error.code == "rotation_early" && error.hint.contains("cancel-rotation"), "{error:?}");
    for _ in 0..100 {
        node.chain().pass();
    }
    done(&node, &who, &["device", "rotate", "rig2", "--announce", "--from", "alice"]);
    let has = device(&node, &who, "rig");
    assert_eq!((has.key_id, has.rotation, has.announced_key), (key(&who, "rig2").key_id(), 1, None));
}

#[test]
fn who_finds_the_old_key_need_not_wait_for_what_was_announced() {
    let node = node();
    let who = with_rig(&node);
    who.good(&["device", "new", "rig2", "--for", "rig"]);
    who.good(&["device", "new", "rig3", "--for", "rig"]);
    done(&node, &who, &["device", "rotate", "rig2", "--announce", "--from", "alice"]);
    done(&node, &who, &["device", "rotate", "rig3", "--old-key", "rig", "--from", "alice"]);
    let has = device(&node, &who, "rig");
    assert_eq!((has.key_id, has.announced_key), (key(&who, "rig3").key_id(), None));
}

#[test]
fn an_announced_key_is_dropped_by_the_owner_or_by_the_device_with_anyones_account() {
    let node = node();
    let who = with_rig(&node);
    who.good(&["device", "new", "rig2", "--for", "rig"]);
    let announce = ["device", "rotate", "rig2", "--announce", "--from", "alice"];
    assert_eq!(who.bad(&["device", "cancel-rotation", "rig", "--key", "rig", "--from", "bob"]), "no_rotation");
    let code = sent(&node, &who, &["device", "cancel-rotation", "rig", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NoRotation.code());
    done(&node, &who, &announce);
    let code = sent(&node, &who, &["device", "cancel-rotation", "rig", "--from", "bob"]);
    assert_eq!(code, VerifyIdReject::NotOwner.code());
    assert_eq!(who.bad(&["device", "cancel-rotation", "rig", "--key", "rig2", "--from", "bob"]), "not_present_key");
    done(&node, &who, &["device", "cancel-rotation", "rig", "--key", "rig", "--from", "bob"]);
    assert_eq!(device(&node, &who, "rig").announced_key, None);
    done(&node, &who, &announce);
    done(&node, &who, &["device", "cancel-rotation", "rig", "--from", "alice"]);
    assert_eq!(device(&node, &who, "rig").announced_key, None);
}
