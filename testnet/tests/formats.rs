//! `docs/FORMATS.md` is enough: a program in Python, written from it, signs, hands in, follows and verifies.

#![allow(clippy::unwrap_used, reason = "a test's own steps")]

mod peers;
#[path = "../../node/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use peers::installed;
use serde_json::Value;
use support::{FUNDS, address, key, start};
use types::Network;

const PROGRAM: &str = "peers/formats.py";
const VECTORS: &str = "peers/formats-vectors.json";

/// Exit code, the document, and what was said.
fn run(python: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(python).arg(PROGRAM).args(arguments).arg("--json").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

// FAULTS RT9
#[test]
fn a_program_written_from_the_page_makes_a_transfer_final_and_verifies_it() {
    let Some(python) = installed("python", "RT9") else { return };
    let running = start(&[]);
    let root = running.directory.path();
    let genesis = root.join("home/genesis.json").display().to_string();
    let secret = root.join("key").display().to_string();
    std::fs::write(&secret, hex::encode(key(1).to_bytes())).unwrap();
    let (url, to) = (running.url(""), address(&key(2)).to_text(Network::Test));
    let common = ["--node", &url, "--genesis", &genesis, "--key-file", &secret, "--to", &to];
    let transfer = |more: &[&str]| run(&python, &[&common[..], more].concat());

    let (code, first, said) = transfer(&["--amount", "1234"]);
    assert_eq!(code, Some(0), "{said}{first}");
    let (status, account) = running.get(&format!("/api/v1/accounts/{to}"));
    assert_eq!((status, &account["balances"][0]["amount"]), (200, &"1234".into()), "{first}");
    let (status, found) = running.get(&format!("/api/v1/transactions/{}", first["id"].as_str().unwrap()));
    assert_eq!((status, &found["status"]), (200, &"final".into()), "its id is the chain's");

    // Whatever is changed on the way from the node is noticed.
    let (code, document, said) = transfer(&["--amount", "1", "--memo", "again", "--self-test"]);
    assert_eq!(code, Some(0), "{said}{document}");

    let too_much = FUNDS.0.to_string();
    for wrong in [["--amount", "0"], ["--amount", &too_much], ["--amount", "-1"]] {
        let (code, _, said) = transfer(&wrong);
        assert!(code == Some(1) && said.lines().count() == 1, "{wrong:?}: {code:?} {said}");
    }
    let other = root.join("other.json");
    std::fs::write(&other, std::fs::read_to_string(&genesis).unwrap().replacen("1000000000", "1000000001", 1)).unwrap();
    let other = other.display().to_string();
    let foreign = ["--node", &url, "--genesis", &other, "--key-file", &secret, "--to", &to, "--amount", "1"];
    let (code, _, said) = run(&python, &foreign);
    assert!(code == Some(1) && !said.contains("Traceback"), "another chain's genesis: {said}");
    running.node.stop().unwrap();
}

// FAULTS RT9
#[test]
fn the_vectors_of_the_page_hold_and_every_change_to_them_is_noticed() {
    let Some(python) = installed("python", "RT9") else { return };
    let (code, document, said) = run(&python, &["--vectors", VECTORS]);
    assert_eq!(code, Some(0), "{said}{document}");
    let (code, document, said) = run(&python, &["--self-test", "--vectors", VECTORS]);
    assert_eq!(code, Some(0), "{said}{document}");
}
