//! What `devnet --json` prints: one document on standard output, and everything else on standard error.

use std::process::{Command, Stdio};

// FAULTS RT15
#[test]
fn with_json_standard_output_is_one_document_also_when_the_network_cannot_be_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let in_the_way = directory.path().join("file");
    std::fs::write(&in_the_way, "no directory").expect("our own");
    for more in [&["--check", "--validators", "3"][..], &["--check"], &[]] {
        let mut devnet = Command::new(env!("CARGO_BIN_EXE_devnet"));
        devnet.arg("--json").args(more).arg("--home").arg(&in_the_way).stdin(Stdio::null());
        // Where there is no daemon nothing is started.
        let output = devnet.env("THRONOSD", "/nowhere/thronosd").output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
        assert_eq!((output.status.code(), &document["ok"]), (Some(1), &false.into()), "{more:?}: {said}");
        let error = document["error"].as_str().expect("a sentence");
        assert!(said.contains(&format!("devnet: {error}")), "{more:?}: {said}");
    }
}
