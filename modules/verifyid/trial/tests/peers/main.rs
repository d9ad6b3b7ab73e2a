//! VerifyID seen by programs of other languages, at a real node: a fleet in Python that was written from the feature's page, PyJWT, and
//! JavaScript's jose.

#![allow(clippy::unwrap_used, reason = "a test's own steps")]

#[path = "../../../../../node/tests/support/mod.rs"]
mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use support::{Running, address, key, now_ms, sign, start, transfer};
use types::{ByteString, List, Network, TimeMs};
use verifyid::{Algorithm, DeviceId, Kind, Register, Registration, VerifyIdCall, key_id};

/// What `./setup --peers` installs; where it is missing, what is not run is said past the test harness.
fn installed(program: &str, rows: &str) -> Option<PathBuf> {
    let found = Path::new(&std::env::var_os("HOME")?).join(".cache/thronos/peers").join(program);
    if found.is_file() {
        return Some(found);
    }
    let sentence = format!("{rows} are not run: {program} is not installed (./setup --peers does it)\n");
    std::io::stderr().write_all(sentence.as_bytes()).unwrap();
    None
}

/// Registers a device of account 1, which owns it.
fn register(running: &Running, device: &SigningKey) -> DeviceId {
    let id = DeviceId(key_id(Algorithm::Ed25519 as u8, device.verifying_key().as_bytes()));
    let (owner, valid_until) = (address(&key(1)), TimeMs(now_ms() + 60_000));
    let kind = Kind::CpuMiner as u8;
    let statement = Registration { chain_id: running.chain, device: id, owner, sender: owner, kind, valid_until };
    let call = VerifyIdCall::Register(Register {
        owner,
        kind,
        algorithm: Algorithm::Ed25519 as u8,
        key: ByteString::new(device.verifying_key().as_bytes().to_vec()).unwrap(),
        valid_until,
        possession: ByteString::new(device.sign(&statement.to_bytes()).to_bytes().to_vec()).unwrap(),
    });
    let mut body = transfer(running.chain, 0, |_| {}).body;
    body.calls = List::new(vec![call.to_call().unwrap()]).unwrap();
    body.fee_max = types::Amount(10_000_000);
    let (status, accepted) = running.submit(&sign(&key(1), running.chain, body));
    assert_eq!(status, 202, "{accepted}");
    running.final_transaction(accepted["id"].as_str().unwrap());
    id
}

/// Runs a program to its end; gives the document that it prints.
fn run(command: &mut Command, input: &Value) -> Value {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

// FAULTS VS2, VS3, VS8
#[test]
fn programs_written_from_the_page_ask_answer_and_check_tokens() {
    let Some(python) = installed("python/bin/python", "VS2, VS3 and VS8") else { return };
    let running = start(&[("verifyid.enabled", "true"), ("verifyid.give_tokens", "true")]);
    let device = SigningKey::from_bytes(&[0x5d; 32]);
    let id = register(&running, &device);
    let (account, chain) = (address(&key(1)), running.chain.to_string());
    let mut fleet = Command::new(python);
    fleet.arg("tests/peers/fleet.py");
    fleet.args(["--node", &running.url(""), "--chain-id", &chain]);
    fleet.args(["--device", &id.to_text(Network::Test), "--device-key", &hex::encode(device.to_bytes())]);
    fleet.args(["--account", &account.to_text(Network::Test), "--account-bytes", &hex::encode(account.0)]);
    fleet.args(["--account-key", &hex::encode(key(1).to_bytes())]);
    let done = run(&mut fleet, &Value::Null);
    assert_eq!(done["refused"].as_object().unwrap().len(), 10, "{done}");

    let Some(node) = installed("node_modules/.bin/node", "VS8") else { return };
    let modules = node.ancestors().nth(2).unwrap().to_owned();
    let mut checker = Command::new(node);
    checker.arg("tests/peers/tokens.mjs").arg(modules);
    let question = json!({ "token": done["token"], "keys": done["keys"], "chain": &chain[..8] });
    let checked = run(&mut checker, &question);
    assert_eq!(checked["dev"], id.to_text(Network::Test), "{checked}");
    assert_eq!(checked["refused"].as_object().unwrap().len(), 6, "{checked}");
    running.node.stop().unwrap();
}
