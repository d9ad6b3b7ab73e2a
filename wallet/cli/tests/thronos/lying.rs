//! A node that lies in one place of one answer, in every place of every answer in turn: nothing false is ever printed as checked.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::Value;

use crate::command::{Shell, text};
use crate::command_with_node::{shell_with, to};
use crate::node::{Conduct, TestNode};

/// What is as the node says, and says so.
const MARKS: [&str; 2] = ["as the node says", "in the node's words"];

/// All places of a document at which something stands.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all);
            }
        }
        Value::Array(list) => {
            all.push(at.to_owned());
            list.iter().enumerate().for_each(|(index, value)| places(value, &format!("{at}/{index}"), all));
        }
        _ => all.push(at.to_owned()),
    }
}

/// Every question that a command asks, with every place of its answer.
fn lies(node: &TestNode) -> BTreeSet<(String, String)> {
    let mut lies = BTreeSet::new();
    for (about, answer) in node.given() {
        let mut all = Vec::new();
        places(&answer, "", &mut all);
        lies.extend(all.into_iter().map(|place| (about.clone(), place)));
    }
    lies
}

fn people(shell: &Shell, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_thronos"))
        .args(["--node", &shell.node, "--password-file", text(&shell.path("password"))])
        .args(["--wallet-dir", text(&shell.path("wallet"))])
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the command starts")
}

/// The lines that are told as facts. Latency is this machine's.
fn facts(output: &Output) -> BTreeSet<String> {
    let answer = String::from_utf8(output.stdout.clone()).expect("text");
    if answer.trim_end().ends_with("(as the node says)") {
        return BTreeSet::new();
    }
    let is_fact = |line: &&str| !line.starts_with("latency:") && !MARKS.iter().any(|mark| line.contains(mark));
    answer.lines().filter(is_fact).map(str::to_owned).collect()
}

/// What programs are told as facts.
fn documented(output: &Output) -> Value {
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    if answer.get("as_the_node_says") == Some(&Value::Bool(true)) || answer.is_array() {
        return Value::Null;
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("as_the_node_says");
    }
    answer
}

/// Whether all facts of one document stand in the other. What is not proven may be missing.
fn is_part(told: &Value, honest: &Value) -> bool {
    match (told, honest) {
        (Value::Object(told), Value::Object(honest)) => told.iter().all(|(name, value)| {
            // Whether something was checked may only turn false.
            let is_less = name.ends_with("_checked") && *value == Value::Bool(false);
            is_less || honest.get(name).is_some_and(|honest| is_part(value, honest))
        }),
        (Value::Null, _) => true,
        (told, honest) => told == honest,
    }
}

// FAULTS RE1, RE8
#[test]
fn of_a_block_a_transaction_and_a_proof_only_what_was_checked_is_told_as_a_fact() {
    let (shell, node) = shell_with(Conduct::Honest);
    let done = shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]);
    let id = done["id"].as_str().expect("an id").to_owned();
    let key = format!("06{}", "07".repeat(20));
    let commands: [&[&str]; 11] = [
        &["block", "1"],
        &["tx", &id],
        &["proof", "alice"],
        &["prove", "tx", &id],
        &["prove", "state", "kernel", &key],
        &["ask", "kernel", "supply", "asset=0"],
        &["mining", "receipt", "alice"],
        &["balance", "alice"],
        &["status"],
        &["asset", "show"],
        &["history", "alice"],
    ];
    let mut lied = 0;
    for command in commands {
        node.given();
        let json = [command, &["--json"]].concat();
        let honest = (people(&shell, command), people(&shell, &json));
        assert!(honest.0.status.success(), "{command:?}: {}", String::from_utf8_lossy(&honest.0.stderr));
        let (facts_known, document_known) = (facts(&honest.0), documented(&honest.1));
        if facts_known.is_empty() {
            // All of it is as the node says, whatever that is.
            assert!(document_known.is_null(), "{command:?}: {document_known}");
            node.given();
            continue;
        }
        for (about, place) in lies(&node) {
            node.lie(&about, &place);
            lied += 1;
            // Each lie is told to people or to a program, by turns.
            if lied % 2 == 0 {
                let told = people(&shell, command);
                let facts = if told.status.success() { facts(&told) } else { BTreeSet::new() };
                let false_ones: Vec<_> = facts.difference(&facts_known).collect();
                assert!(false_ones.is_empty(), "{command:?} on a lie about {about}{place}: {false_ones:?}");
                continue;
            }
            let told = people(&shell, &json);
            if told.status.success() {
                let document = documented(&told);
                assert!(
                    is_part(&document, &document_known),
                    "{command:?} on a lie about {about}{place}:\n{document}\n{document_known}"
                );
            }
        }
        node.lie("", "");
    }
    assert!(lied > 200, "{lied}");
}

// FAULTS RE2
#[test]
fn the_decimals_of_an_asset_are_proven_pinned_and_never_the_nodes_word() {
    let (shell, node) = shell_with(Conduct::Honest);
    let to = to();
    let send = |shell: &Shell, asset: &str| {
        people(shell, &["send", "--from", "alice", "--to", &to, "--amount", "1", "--asset", asset, "--dry-run"])
    };
    // The account has no GOLD, which is said in GOLD: a hundredth is the least there is.
    for asset in ["gold", "1000"] {
        let told = String::from_utf8(send(&shell, asset).stderr).expect("text");
        assert!(told.contains("insufficient_balance") && told.contains("1 GOLD"), "{told}");
    }
    let pins = shell.path("wallet/assets");
    let pinned = std::fs::read_dir(&pins).expect("a folder").flatten().next().expect("one chain");
    assert!(std::fs::read_to_string(pinned.path()).expect("a file").contains("\"decimals\": 2"));
    // Whatever the node says now, or proves falsely to a wallet that knows nothing yet.
    node.given();
    let mut lied = 0;
    send(&shell, "gold");
    let honest = lies(&node);
    for (about, place) in honest.into_iter().filter(|(about, _)| about.starts_with("/assets")) {
        node.lie(&about, &place);
        let told = String::from_utf8(send(&shell, "gold").stderr).expect("text");
        assert!(told.contains("1 GOLD"), "a lie about {about}{place}: {told}");
    }
    let (shell, node) = shell_with(Conduct::Honest);
    send(&shell, "gold");
    for (about, place) in lies(&node).into_iter().filter(|(about, _)| about.starts_with("/assets")) {
        let (fresh, node) = shell_with(Conduct::Honest);
        node.lie(&about, &place);
        lied += 1;
        let told = String::from_utf8(send(&fresh, "gold").stderr).expect("text");
        let is_refused = ["wrong_proof", "bad_answer", "unknown_asset", "not_final", "not_found"]
            .iter()
            .any(|code| told.contains(code));
        assert!(is_refused || told.contains("1 GOLD"), "a lie about {about}{place}: {told}");
    }
    assert!(lied >= 10, "{lied}");
}

// FAULTS RE5, RE8
#[test]
fn no_text_of_a_node_begins_a_line_of_what_is_told() {
    let (send, unknown) = (["send", "--from", "alice", "--to", &to(), "--amount", "1.5"], "ab".repeat(32));
    let mut reached = 0;
    for conduct in [Conduct::Honest, Conduct::Rejects] {
        let (shell, node) = shell_with(conduct);
        people(&shell, &[&send[..], &["--force"]].concat());
        let id = node.posted()[0].to_string();
        node.forges_lines();
        let [forced, dry] = ["--force", "--dry-run"].map(|more| [&send[..], &[more]].concat());
        let commands: [&[&str]; 17] = [
            &send,
            &forced,
            &dry,
            &["tx", &id],
            &["tx", &unknown],
            &["block", "1"],
            &["block", "77"],
            &["proof", "alice"],
            &["balance", "alice"],
            &["balance", &to()],
            &["status"],
            &["history", "alice"],
            &["asset", "show"],
            &["validators", "--epoch", "1"],
            &["mining", "alice"],
            &["mining", "receipt", "alice"],
            &["mining", "receipt", &to()],
        ];
        for command in commands {
            let output = people(&shell, command);
            let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
            for line in told.iter().flat_map(|told| told.split('\n')) {
                assert!(!line.trim_start().starts_with("forged:"), "{command:?}: {told:?}");
                let acts = |character: char| character.is_control() || "\u{2028}\u{202e}".contains(character);
                assert!(!line.contains(acts), "{command:?}: {line:?}");
                reached += usize::from(line.contains("\\u000aforged:"));
            }
        }
    }
    assert!(reached > 10, "{reached}");
}
