//! The API does what its description says: schemathesis asks for everything that the description allows, and for much that it does not.
//!
//! The node has blocks, transactions, miners and shares, so that answers have something in them. What cannot be made up from a
//! description alone, such as an address with its checksum, is put into the copy that schemathesis reads.

#![allow(clippy::unwrap_used, reason = "a test's own steps")]

mod peers;
#[path = "../../node/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use languages::Language;
use peers::{WORKER, installed, mine, miner};
use pow::{CompactBits, WorkHeader, sha256d};
use serde_json::{Map, Value, json};
use support::{Running, address, key, start};
use types::Network;

/// How often an operation is asked with values made up at random.
const EXAMPLES: &str = "20";
/// The same in each language but English.
const EXAMPLES_A_LANGUAGE: &str = "5";
/// The paths of features that have texts.
const SPEAKING: &str = "^/api/(v1/verifyid|v1/mining/attestations|verify)";
/// Longest excerpt of what it found.
const EXCERPT_LINES: usize = 60;

// FAULTS RS1, A6
#[test]
fn every_answer_is_as_the_description_says_whatever_is_asked() {
    let Some(program) = installed("schemathesis", "RS1") else { return };
    let settings = [
        ("mining.enabled", "true"),
        ("mining.listen", "127.0.0.1:0"),
        ("verifyid.enabled", "true"),
        ("verifyid.give_tokens", "true"),
        ("verifyid.hmac_devices", "true"),
    ];
    let running = start(&settings);
    mine(running.node.service_addresses("mining")[0], &miner(), 3);
    let finals: Vec<String> = (0..3).map(|nonce| transfer(&running, nonce)).collect();
    let (status, mut description) = running.get("/api/v1/openapi.json");
    assert_eq!(status, 200, "{description}");
    put_samples(&mut description, &Samples::of(&running, finals));
    let file = running.directory.path().join("description.json");
    std::fs::write(&file, description.to_string()).unwrap();

    let found = |arguments: &[&str]| findings(&program, &running, &file, arguments);
    let mut wrong: Vec<String> = found(&["--max-examples", EXAMPLES]).into_iter().collect();
    // What is said depends on the language, and nothing else does.
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        let accepted = format!("accept-language: {}", language.tag());
        let arguments =
            ["--max-examples", EXAMPLES_A_LANGUAGE, "--include-path-regex", SPEAKING, "--header", &accepted];
        wrong.extend(found(&arguments).map(|found| format!("in {}:\n{found}", language.tag())));
    }
    running.node.stop().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What it finds against the description; nothing where every answer is as described.
fn findings(program: &Path, running: &Running, description: &Path, arguments: &[&str]) -> Option<String> {
    let settings = std::fs::canonicalize("peers/schemathesis.toml").unwrap();
    let said = Command::new(program)
        .arg("--config-file")
        .arg(settings)
        .arg("run")
        .args(["--checks", "all", "--url", &running.url("")])
        .args(arguments)
        .arg(description)
        .current_dir(running.directory.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    (!said.status.success()).then(|| format!("{}\n{}", excerpt(&text), String::from_utf8_lossy(&said.stderr)))
}

/// The first findings, or the end where there are none.
fn excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.iter().position(|line| line.contains("= FAILURES =") || line.contains("= ERRORS ="));
    let from = from.unwrap_or_else(|| lines.len().saturating_sub(EXCERPT_LINES));
    let summary = lines.iter().position(|line| line.contains("= SUMMARY =")).unwrap_or(lines.len());
    let first = lines[from..].iter().take(EXCERPT_LINES);
    first.chain(&lines[summary.max(from)..]).copied().collect::<Vec<_>>().join("\n")
}

/// A transfer that is final; gives its id.
fn transfer(running: &Running, nonce: u64) -> String {
    let (status, accepted) = running.submit(&running.transfer(nonce, |_| {}));
    assert_eq!(status, 202, "{accepted}");
    let id = accepted["id"].as_str().unwrap().to_owned();
    running.final_transaction(&id);
    id
}

/// A share for the task that the API gives.
fn share(running: &Running) -> Value {
    let (status, task) = running.get(&format!("/api/v1/mining/work?address={}", miner()));
    assert_eq!(status, 200, "{task}");
    let bytes = |name: &str| hex::decode(task[name].as_str().unwrap()).unwrap();
    let number = |name: &str| u32::try_from(task[name].as_u64().unwrap()).unwrap();
    let coinbase = [bytes("coinbase1"), vec![7; 12], bytes("coinbase2")].concat();
    let bits = CompactBits(u32::from_str_radix(task["bits"].as_str().unwrap(), 16).unwrap());
    let mut header = WorkHeader {
        version: number("version"),
        previous: bytes("previous").try_into().unwrap(),
        merkle_root: sha256d(&coinbase),
        time: number("time"),
        bits,
        nonce: 0,
    };
    let target = bytes("share_target");
    while header.hash().iter().rev().gt(&target) {
        header.nonce += 1;
    }
    let (header, coinbase) = (hex::encode(header.to_bytes()), hex::encode(coinbase));
    json!({ "header": header, "coinbase": coinbase, "branch": [], "anchor": task["anchor"]["height"] })
}

/// What says something on this chain.
struct Samples {
    /// Each has something, or is nobody.
    addresses: Vec<String>,
    /// Final ones, so that nobody waits for them.
    transactions: Vec<String>,
    /// One that is taken, and one that comes too early, as they are handed in.
    requests: Vec<Value>,
    /// What a miner may hand in.
    share: Value,
}

impl Samples {
    fn of(running: &Running, transactions: Vec<String>) -> Self {
        let texts = [1, 2, 5, 9].map(|number| address(&key(number)).to_text(Network::Test));
        let older = address(&key(77)).to_legacy_text();
        let request = |nonce| serde_json::from_str(&running.request(&running.transfer(nonce, |_| {}))).unwrap();
        let requests = [3, 30].map(request).to_vec();
        let addresses = texts.into_iter().chain([older]).collect();
        Self { addresses, transactions, requests, share: share(running) }
    }
}

/// Narrows forms to samples wherever something is asked for, and gives examples of what is handed in.
fn put_samples(description: &mut Value, samples: &Samples) {
    let batch: Vec<Value> = samples.requests.iter().map(|request| request["transaction"].clone()).collect();
    let batch = json!({ "chain_id": samples.requests[0]["chain_id"], "transactions": batch });
    let schemas = &mut description["components"]["schemas"];
    schemas["SubmitRequest"]["examples"] = json!(samples.requests);
    schemas["ProofRequest"]["examples"] = json!([samples.share]);
    schemas["BatchRequest"]["examples"] = json!([batch]);
    each_object(description, &mut |object| {
        match object.get("format").and_then(Value::as_str) {
            Some("address") => object.insert("enum".to_owned(), json!(samples.addresses)),
            Some("device") => object.insert("enum".to_owned(), json!(["ab".repeat(32)])),
            Some("transaction") => object.insert("enum".to_owned(), json!(samples.transactions)),
            _ => None,
        };
        if object.get("name").is_some_and(|name| name == "worker") {
            object["schema"]["examples"] = json!([WORKER]);
        }
    });
}

fn each_object(value: &mut Value, work: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|inner| each_object(inner, work));
            work(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| each_object(inner, work)),
        _ => {}
    }
}
