//! The verb `anchor` as it is typed, on a made-up chain with the real rules: what each command does, and what it is refused for.

#[path = "../../../../../wallet/tests/wallet/chain_maker.rs"]
mod chain_maker;
#[path = "../../../../../wallet/tests/wallet/tryout_node.rs"]
mod tryout_node;

use anchors::{Anchors, AnchorsReject};
use anchors_client::{AnchorsVerbs, put_call};
use serde_json::json;
use tryout::TryoutChain;
use types::{Hash32, Network};
use wallet::cli::family;
use wallet::cli::submit::now;

use crate::tryout_node::{Person, TryoutNode};

fn node() -> TryoutNode {
    let chain = TryoutChain::with(vec![Box::new(Anchors)], |genesis| genesis.time = now());
    TryoutNode::start(chain.expect("defaults are good"))
}

fn person(node: &TryoutNode) -> Person {
    Person::new(node, family::<AnchorsVerbs>("Anchors"), &[("alice", 0)])
}

fn digest_of(text: &str) -> Hash32 {
    Hash32(crypto::hash::sha256(text.as_bytes()))
}

// FAULTS AR8
#[test]
fn a_file_is_anchored_once_shown_since_when_and_compared() {
    let node = node();
    let who = person(&node);
    let (pack, other) = (who.file("pack", "of today"), who.file("other", "of tomorrow"));
    let alice = TryoutChain::user(0);
    let before = node.chain().thr(&alice);
    let done = who.good(&["anchor", "put", "export", "20261130", &pack, "--from", "alice", "--no-wait"]);
    assert_eq!(node.code_of(&done), 0);
    assert!(before.0 - node.chain().thr(&alice).0 >= 10_000, "a record burns its fee");
    let shown = who.good(&["anchor", "show", "alice", "export", "20261130"]);
    assert_eq!((&shown["digest"], &shown["checked"]), (&json!(digest_of("of today")), &json!(true)), "{shown}");
    assert_eq!((&shown["since"]["height"], &shown["account"]), (&json!(1), &json!(alice.to_text(Network::Test))));
    assert!(shown["since"]["time"].is_u64() && shown["time"].as_u64() >= shown["since"]["time"].as_u64(), "{shown}");
    let address = alice.to_text(Network::Test);
    let same = who.good(&["anchor", "verify", &address, "export", "20261130", &pack]);
    assert_eq!((&same["is_same"], &same["since"]), (&json!(true), &shown["since"]), "{same}");
    let told =
        who.said(&["anchor", "verify", "alice", "export", "20261130", "--digest", &digest_of("of today").to_string()]);
    assert!(told.contains("existed before that time") && told.contains("who made it an anchor does not say"), "{told}");
    let error = who.error(&["anchor", "verify", "alice", "export", "20261130", &other]);
    let (own, there) = (digest_of("of tomorrow").to_string(), digest_of("of today").to_string());
    assert_eq!(error.code, "digest_differs");
    assert!(
        error.message.contains(&own) && error.message.contains(&there) && error.message.contains("block 1"),
        "{error:?}"
    );
}

// FAULTS AR8
#[test]
fn what_stands_there_already_is_not_paid_for_twice_and_not_written_over() {
    let node = node();
    let who = person(&node);
    let (pack, other) = (who.file("pack", "of today"), who.file("other", "of tomorrow"));
    let put = |file: &str| ["anchor", "put", "export", "1", file, "--from", "alice", "--no-wait"].map(str::to_owned);
    let typed = put(&pack);
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    assert_eq!(node.code_of(&who.good(&typed)), 0);
    node.asked();
    let again = who.good(&typed);
    assert_eq!((&again["status"], &again["since"]["height"]), (&json!("there_already"), &json!(1)), "{again}");
    let typed = put(&other);
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let error = who.error(&typed);
    assert!(error.code == "anchor_conflict" && error.message.contains("since block 1"), "{error:?}");
    assert!(!node.asked().iter().any(|asked| asked.starts_with("POST")), "nothing was sent");
    // A node that hides what stands there cannot prove it.
    node.bends("/state/", |answer| answer["value_hex"] = json!(null));
    assert_eq!(who.bad(&typed), "wrong_proof");
}

#[test]
fn somebody_who_was_faster_is_told_with_what_to_do() {
    let node = node();
    let who = person(&node);
    node.dry_runs_say(TryoutChain::code(AnchorsReject::AnchorConflict));
    let digest = "ab".repeat(32);
    let error = who.error(&["anchor", "put", "export", "1", "--digest", &digest, "--from", "alice", "--no-wait"]);
    assert!(error.code == "would_be_rejected" && error.hint.contains("thronos anchor show"), "{error:?}");
}

#[test]
fn what_was_never_anchored_is_proven_not_to_be_there() {
    let node = node();
    let who = person(&node);
    let pack = who.file("pack", "of today");
    let error = who.error(&["anchor", "show", "alice", "export", "1"]);
    assert!(error.code == "not_anchored" && error.message.contains("proven"), "{error:?}");
    assert_eq!(who.bad(&["anchor", "verify", "alice", "export", "1", &pack]), "not_anchored");
}

#[test]
fn wrong_input_is_refused_before_a_node_is_asked() {
    let node = node();
    let who = person(&node);
    let pack = who.file("pack", "of today");
    let folder = tryout_node::plain(&who.path("wallet"));
    let (long_namespace, long_key, digest) = ("n".repeat(17), "k".repeat(65), "ab".repeat(32));
    node.asked();
    for (arguments, code) in [
        (vec!["put", "Export", "1", &pack, "--from", "alice"], "malformed_namespace"),
        (vec!["put", &long_namespace, "1", &pack, "--from", "alice"], "malformed_namespace"),
        (vec!["put", "export", "a b", &pack, "--from", "alice"], "malformed_put_key"),
        (vec!["put", "export", &long_key, &pack, "--from", "alice"], "malformed_put_key"),
        (vec!["put", "export", "1", "--from", "alice"], "usage"),
        (vec!["put", "export", "1", &pack, "--digest", &digest, "--from", "alice"], "usage"),
        (vec!["put", "export", "1", "--digest", "ab", "--from", "alice"], "usage"),
        (vec!["put", "export", "1", "/nowhere/pack", "--from", "alice"], "file"),
        (vec!["put", "export", "1", &folder, "--from", "alice"], "file"),
        (vec!["put", "export", "1", &pack, "--from", "nobody"], "unknown_name"),
        (vec!["show", "alice", "EXPORT", "1"], "malformed_namespace"),
        (vec!["show", "nobody", "export", "1"], "bad_address"),
        (vec!["verify", "alice", "export", "", &pack], "malformed_put_key"),
        (vec!["verify", "alice", "export", "1"], "usage"),
        (vec!["verify", "alice", "export", "1", "/nowhere/pack"], "file"),
    ] {
        assert_eq!(who.bad(&[&["anchor"], arguments.as_slice()].concat()), code, "{arguments:?}");
    }
    assert!(node.asked().is_empty());
}

#[test]
fn without_a_node_a_digest_is_signed_into_a_file() {
    let node = node();
    let who = person(&node);
    assert_eq!(who.bad(&["anchor", "show", "alice", "export", "1"]), "not_anchored", "the genesis is known now");
    node.asked();
    let out = tryout_node::plain(&who.path("put.json"));
    let digest = "ab".repeat(32);
    let file = who.good(&[
        "anchor",
        "put",
        "export",
        "1",
        "--digest",
        &digest,
        "--from",
        "alice",
        "--offline",
        "--nonce",
        "0",
        "--fee-max",
        "1",
        "--out",
        &out,
    ]);
    assert!(file["complete"] == true && node.asked().is_empty(), "{file}");
}

#[test]
fn the_call_is_the_rules_own() {
    let node = node();
    let call = put_call("export", "1", Hash32([7; 32])).expect("a good name");
    assert_eq!(node.chain().send(1, call), 0);
    assert_eq!(put_call("export", "é", Hash32([7; 32])).expect_err("no ASCII").code, "malformed_put_key");
}
