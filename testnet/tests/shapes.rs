//! Statistics of mining in the shapes of ckpool and public-pool: programs that read those read ours.

#![allow(clippy::unwrap_used, reason = "a test's own steps")]

mod peers;
#[path = "../../node/tests/support/mod.rs"]
mod support;

use std::process::{Command, Stdio};

use peers::{WORKER, installed, mine, miner};
use support::start;

const PROGRAM: &str = "peers/shapes.py";

// FAULTS RM6
#[test]
fn readers_of_ckpool_and_of_public_pool_read_a_running_node() {
    let Some(python) = installed("python", "RM6") else { return };
    let running = start(&[("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0")]);
    mine(running.node.service_addresses("mining")[0], &miner(), 3);
    let (url, payee) = (running.url(""), miner().to_string());
    let read = |arguments: &[&str]| {
        let output = Command::new(&python).arg(PROGRAM).args(arguments).stdin(Stdio::null()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let (code, said) = read(&["--url", &url, "--address", &payee, "--worker", WORKER]);
    assert_eq!(code, Some(0), "{said}");
    // It reads what it is given: something else is not taken for it.
    let wrong = running.directory.path().join("wrong");
    std::fs::write(&wrong, "{}").unwrap();
    for kind in ["--pool", "--user", "--info", "--public-pool", "--network", "--client"] {
        let (code, said) = read(&[kind, &wrong.display().to_string()]);
        assert_eq!(code, Some(1), "{kind}: {said}");
    }
    running.node.stop().unwrap();
}
