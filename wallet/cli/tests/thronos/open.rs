//! A transaction of which nobody knows what became of it is never signed anew, and its bytes are kept.

use std::process::Output;

use serde_json::Value;

use crate::command::Shell;
use crate::command_with_node::{shell_with, to};
use crate::node::{Conduct, TestNode};
use crate::script::Act;

fn send(shell: &Shell, more: &[&str]) -> Output {
    shell.run(&[&["send", "--from", "alice", "--to", &to(), "--amount", "1"], more].concat())
}

fn error(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    serde_json::from_str(errors.lines().last().expect("an error")).expect("JSON")
}

fn kept(shell: &Shell) -> usize {
    std::fs::read_dir(shell.path("wallet/sent")).expect("a folder").count()
}

/// The error of a command that has signed once, and kept what it signed.
fn stopped(shell: &Shell, node: &TestNode, more: &[&str]) -> Value {
    let error = error(&send(shell, more));
    assert_eq!(node.posted().len(), 1, "one transaction is signed: {error}");
    assert_eq!(kept(shell), 1, "{error}");
    error
}

// FAULTS RT11
#[test]
fn a_refusal_after_a_lost_answer_is_no_reason_to_sign_anew_whatever_the_node_knows() {
    for act in [Act::Silent, Act::Busy, Act::KnowsNothing] {
        let (shell, node) = shell_with(Conduct::Honest);
        node.acts("POST /transactions", Act::TakesSilently, false);
        node.acts("GET /transactions/", act, true);
        // Without the dry run, which would meet the act first.
        let error = stopped(&shell, &node, &["--force"]);
        assert_eq!(error["code"], "outcome_unknown", "{act:?}: {error}");
    }
}

// FAULTS RT11
#[test]
fn whoever_hands_a_transaction_on_and_calls_its_nonce_taken_gets_no_second_one() {
    let (shell, node) = shell_with(Conduct::Honest);
    node.acts("POST /transactions", Act::TakesAndRefuses("nonce_used"), true);
    node.acts("GET /transactions/", Act::KnowsNothing, true);
    let error = stopped(&shell, &node, &[]);
    let hint = error["hint"].as_str().expect("a hint");
    assert!(error["code"] == "outcome_unknown" && hint.contains("thronos broadcast"), "{error}");
}

// FAULTS RT11
#[test]
fn the_name_of_a_receipt_is_no_reason_to_sign_anew() {
    let (shell, node) = shell_with(Conduct::MisnamesReceipt);
    error(&send(&shell, &["--force"]));
    assert_eq!(node.posted().len(), 1);
}

/// What this wallet itself says once it has checked a block after the validity of a transaction.
const OWN_SENTENCE: &str =
    "the time of a final block, which this wallet has checked, is past the validity of the transaction";

// FAULTS RE8, RT11, RT12
#[test]
fn no_word_of_a_node_is_told_as_the_wallets_own_and_the_bytes_stay_until_a_proof() {
    for code in ["expired", "already_final", "insufficient_funds", "ok", "x\n"] {
        let (shell, node) = shell_with(Conduct::Honest);
        node.acts("POST /transactions", Act::TakesAndSays(code, OWN_SENTENCE, "then send anew"), false);
        node.acts("GET /transactions/", Act::KnowsNothing, false);
        let error = stopped(&shell, &node, &["--force"]);
        let (message, hint) = (error["message"].as_str().expect("a text"), error["hint"].as_str().expect("a text"));
        assert_eq!(error["code"], "node_refuses", "{error}");
        assert_eq!(error["node_code"], if code == "x\n" { "unreadable" } else { code }, "{error}");
        assert!(message.find("as the node says").expect("a mark") < message.find(OWN_SENTENCE).expect("it"), "{error}");
        assert!(!hint.contains("send anew") && hint.contains("thronos tx"), "{error}");
        // Handed in again, whatever the node answers: it is no first answer any more.
        let file = shell.path(&format!("wallet/sent/{}.json", node.posted()[0]));
        let broadcast = ["broadcast", crate::command::text(&file)];
        for more in [&[][..], &["--no-wait"]] {
            node.acts("POST /transactions", Act::TakesAndSays("insufficient_funds", "too poor", "send it anew"), false);
            node.acts("GET /transactions/", Act::KnowsNothing, false);
            let again = self::error(&shell.run(&[&broadcast[..], more].concat()));
            let hint = again["hint"].as_str().expect("a hint");
            assert!(again["code"] == "outcome_unknown" && again.get("node_code").is_none(), "{again}");
            assert!(hint.contains("do not sign it anew") && !hint.contains("send it anew"), "{again}");
            assert!(file.exists(), "{again}");
        }
        // An honest node proves what became of it.
        let settled = self::error(&shell.run(&broadcast));
        assert!(settled["code"] == "already_final" && kept(&shell) == 0, "{settled}");
    }
}

// FAULTS RT12
#[test]
fn a_node_that_is_busy_after_it_has_taken_a_transaction_is_asked_again() {
    let (shell, node) = shell_with(Conduct::NoStream);
    node.acts("GET /transactions/", Act::Busy, false);
    node.acts("GET /transactions/", Act::Silent, false);
    node.acts("GET /blocks/1", Act::Busy, false);
    let output = send(&shell, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(kept(&shell), 0);
}

// FAULTS RT12
#[test]
fn the_bytes_are_kept_until_it_is_proven_what_became_of_them() {
    for conduct in [Conduct::NoQuorum, Conduct::OtherBody, Conduct::OtherReceipts] {
        let (shell, node) = shell_with(conduct);
        stopped(&shell, &node, &[]);
    }
    let (shell, node) = shell_with(Conduct::Honest);
    assert!(send(&shell, &["--no-wait"]).status.success());
    assert_eq!(kept(&shell), 1, "that the node has taken it proves nothing");
    let id = node.posted()[0].to_string();
    shell.good(&["tx", &id]);
    assert_eq!(kept(&shell), 0);
}

// FAULTS RT14
#[test]
fn a_kept_transaction_that_the_node_does_not_know_is_shown_with_where_it_lies_and_until_when_it_counts() {
    let (shell, node) = shell_with(Conduct::Honest);
    assert!(send(&shell, &["--no-wait"]).status.success());
    let id = node.posted()[0].to_string();
    node.acts("GET /transactions/", Act::KnowsNothing, true);
    let told = error(&shell.run(&["tx", &id]));
    let hint = told["hint"].as_str().expect("a hint");
    let file = shell.path(&format!("wallet/sent/{id}.json"));
    assert_eq!(told["code"], "unknown_transaction", "{told}");
    assert!(hint.contains(&format!("thronos broadcast {}", file.display())) && hint.contains("until"), "{told}");
    assert!(file.exists(), "nothing is proven");
    // Of one that is not kept nothing is known.
    let told = error(&shell.run(&["tx", &"7".repeat(64)]));
    assert!(!told["hint"].as_str().expect("a hint").contains("broadcast"), "{told}");
}

// FAULTS RT14
#[test]
fn a_kept_transaction_whose_nonce_another_one_took_is_settled_by_the_proof_of_that() {
    let by_tx = |shell: &Shell, id: &str, _: &str| error(&shell.run(&["tx", id]));
    let by_broadcast = |shell: &Shell, _: &str, file: &str| error(&shell.run(&["broadcast", file]));
    for settle in [by_tx as fn(&Shell, &str, &str) -> Value, by_broadcast] {
        let (shell, _node) = shell_with(Conduct::Races);
        // Whoever names a nonce means that one, so nothing is signed in its place.
        assert_eq!(error(&send(&shell, &["--no-wait", "--nonce", "4"]))["code"], "node_refuses");
        let entry = std::fs::read_dir(shell.path("wallet/sent")).expect("a folder").next().expect("it is kept");
        let file = entry.expect("readable").path();
        let id = file.file_stem().and_then(|name| name.to_str()).expect("an id").to_owned();
        let told = settle(&shell, &id, crate::command::text(&file));
        assert!(told["code"] == "superseded" && told["message"].as_str().expect("a text").contains(&id), "{told}");
        // FAULTS RT17: whoever asks again hears the same, which needs the bytes.
        assert_eq!(kept(&shell), 1);
        assert_eq!(by_tx(&shell, &id, ""), told);
        assert_eq!(settle(&shell, &id, crate::command::text(&file)), told);
    }
}

// FAULTS RT14, RT15
#[test]
fn a_refusal_names_the_file_with_the_bytes_and_what_a_read_only_node_advises() {
    for (code, behind, is_typed) in [
        ("insufficient_funds", "", false),
        ("insufficient_funds", "", true),
        ("read_only_replica", " --node URL", false),
        ("read_only_replica", " --node URL", true),
    ] {
        let (shell, node) = shell_with(Conduct::Honest);
        node.acts("POST /transactions", Act::TakesAndSays(code, "not here", "elsewhere"), false);
        node.acts("GET /transactions/", Act::KnowsNothing, false);
        let more = ["--force", "--node", &shell.node];
        let told = stopped(&shell, &node, if is_typed { &more[..] } else { &more[..1] });
        let (hint, id) = (told["hint"].as_str().expect("a hint"), node.posted()[0]);
        let (file, wallet) = (shell.path(&format!("wallet/sent/{id}.json")), shell.path("wallet"));
        let wallet = format!("--wallet-dir {}", wallet.display());
        let typed = if is_typed && behind.is_empty() { format!(" --node {}", shell.node) } else { String::new() };
        let again = format!("`thronos broadcast {}{behind} {wallet}{typed}`", file.display());
        assert!(hint.contains(&again) && !hint.contains("FILE"), "{again}: {told}");
        assert!(hint.contains(&format!("`thronos tx {id} --node URL {wallet}`")), "{told}");
        assert_eq!(hint.contains("this node is read-only"), !behind.is_empty(), "{told}");
    }
}
