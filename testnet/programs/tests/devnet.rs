//! What `devnet --json` prints: one document on standard output, and everything else on standard error.

use std::process::{Command, Stdio};

use node::home::Home;
use programs::trials::TRIALS;

use testnet::devnet::{Layout, Options, Ports};
use testnet::trial::Trial;
use types::ChainId;

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

/// The sentence with which the command fails. It finds programs, and starts none of them.
fn refused(layout: &Layout, base: u16, more: &[&str]) -> String {
    let own = env!("CARGO_BIN_EXE_devnet");
    let mut devnet = Command::new(own);
    devnet.arg("--home").arg(layout.root()).arg("--base-port").arg(base.to_string()).args(more).stdin(Stdio::null());
    let output = devnet.env("THRONOSD", own).env("THRONOS", own).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

// FAULTS RT15
#[test]
fn a_network_that_runs_is_not_deleted_whatever_ports_are_typed_and_one_without_its_genesis_says_how_to_go_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let layout = Layout::new(&directory.path().join("network")).expect("a path");
    layout.create().expect("it is made");
    layout.mark(ChainId::default(), 4).expect("it is marked");
    let base = Ports::free_from(28_700, 5).expect("free ports").peers(0);
    let home = Home::new(layout.node(2));
    home.create().expect("a home");
    let lock = home.lock(ChainId::default()).expect("nobody has it");
    for more in [&["--wipe"][..], &["--check"], &[]] {
        let said = refused(&layout, base, more);
        assert!(said.contains("is running") && said.contains("Stop it first"), "{more:?}: {said}");
        assert!(home.data().join("lock").exists() && layout.password().exists(), "{more:?}");
    }
    drop(lock);
    let said = refused(&layout, base, &[]);
    assert!(said.contains("genesis.json is missing") && said.contains("--wipe"), "{said}");
}

#[test]
fn a_directory_in_which_another_program_begins_is_left_to_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let layout = Layout::new(&directory.path().join("network")).expect("a path");
    let base = Ports::free_from(28_800, 5).expect("free ports").peers(0);
    layout.claim().expect("nobody has it");
    layout.claim().expect("it is this program's");
    for more in [&["--wipe"][..], &["--check"], &[]] {
        let said = refused(&layout, base, more);
        assert!(said.contains("another program makes or runs a local network in"), "{more:?}: {said}");
    }
    assert!(!layout.root().exists(), "nothing was made");
}

/// What is made of a command line, or the sentence that refuses it.
fn parsed(typed: &[&str]) -> Result<Options, String> {
    let words = ["devnet"].iter().chain(typed).map(Into::into);
    Options::parse_with(TRIALS, words).map_err(|error| error.to_string())
}

#[test]
fn a_name_that_is_in_no_list_of_trials_is_refused_with_the_nearest_and_with_all() {
    for typed in [&["--with", "minig"][..], &["--check", "--trial", "minig"]] {
        let said = parsed(typed).expect_err("there is no such trial");
        assert!(said.contains("a similar value exists: 'mining'"), "{said}");
        // What is tried in simulated networks alone proves nothing on a local one.
        let may_be_named = |trial: &&Trial| typed.contains(&"--with") || trial.local.proof.is_some();
        assert!(TRIALS.iter().filter(|trial| may_be_named(trial)).all(|trial| said.contains(trial.name)), "{said}");
    }
    let help = parsed(&["--help"]).expect_err("help is no network");
    assert!(TRIALS.iter().all(|trial| help.contains(trial.name)), "{help}");
}

#[test]
fn a_trials_own_option_means_with_and_with_check_means_its_proof() {
    let options = parsed(&["--mine", "--with", "mining", "--with", "tokens"]).expect("it may be typed");
    assert_eq!((options.with.as_slice(), options.trial), (&["mining".to_owned(), "tokens".to_owned()][..], None));
    for typed in [&["--mine", "--check"][..], &["--check", "--trial", "mining"], &["--check", "--with", "mining"]] {
        let options = parsed(typed).expect("it may be typed");
        assert_eq!((options.with.len(), options.trial.as_deref()), (0, Some("mining")), "{typed:?}");
        assert!(options.directory().ends_with("devnet-mining-check"), "{typed:?}");
    }
    let said = parsed(&["--check", "--mine", "--trial", "tokens"]).expect_err("they are two");
    assert!(said.contains("one network proves one thing"), "{said}");
    assert!(parsed(&["--mine", "--delay", "5"]).is_err() && parsed(&["--trial", "mining"]).is_err());
}

// FAULTS RT5
#[test]
fn what_a_program_says_into_a_full_disk_is_told_as_an_error_and_without_a_panic() {
    for (program, arguments) in
        [(env!("CARGO_BIN_EXE_sim"), &["--scenario", "list"][..]), (env!("CARGO_BIN_EXE_hostile"), &["--list"])]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
        let mut command = Command::new(program);
        let output = command.args(arguments).stdin(Stdio::null()).stdout(full).output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot be written") && !said.contains("panicked"), "{said}");
    }
}
