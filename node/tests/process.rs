//! The program itself: what it prints, how it ends, and with which code.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use node::keys::{NetworkKey, Password};
use support::{genesis, make_home};

fn thronosd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thronosd"));
    command.args(arguments).env_remove("THRONOS_HOME").stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> Output {
    thronosd(arguments).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Starts a node and waits until it says that it runs.
fn run(home: &str) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut command = thronosd(&["run", "--home", home, "--log-format", "json"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("\"running\"") {
        line.clear();
        assert!(log.read_line(&mut line).expect("text") > 0, "it ended early");
    }
    (child, log)
}

// FAULTS A7
#[test]
fn sigterm_ends_the_node_with_code_0_within_ten_seconds() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let (mut child, mut log) = run(home.root().to_str().expect("UTF-8"));
    let started = Instant::now();
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("our own child");
    let status = child.wait().expect("our own child");
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("text");
    assert!(status.success(), "{status}: {rest}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(rest.contains("\"stopped\""), "{rest}");
}

#[test]
fn a_second_node_in_the_same_home_is_refused_with_code_1() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let home = home.root().to_str().expect("UTF-8").to_owned();
    let (mut child, _log) = run(&home);
    let second = output(&["run", "--home", &home]);
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("[home_locked]"), "{}", said(&second));
    child.kill().expect("our own child");
    child.wait().expect("our own child");
}

#[test]
fn refusals_are_one_sentence_with_a_code_and_exit_1_and_misuse_exits_2() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let root = home.root().to_str().expect("UTF-8");
    let nowhere = directory.path().join("nowhere");
    let nowhere = nowhere.to_str().expect("UTF-8");
    for (arguments, code) in [
        (vec!["run", "--home", nowhere], "home_missing"),
        (vec!["check", "--home", nowhere], "home_missing"),
        (vec!["run", "--home", root, "--set", "network.lisen=x"], "config_unknown_key"),
        (vec!["run", "--home", root, "--api", "here"], "config_value"),
        (vec!["config", "check", "--home", root, "--set", "x"], "usage"),
        (vec!["status", "--api", "127.0.0.1:1"], "not_running"),
        (vec!["genesis", "hash", nowhere], "home_io"),
        (vec!["init", "--home", nowhere, "--validator"], "password_missing"),
    ] {
        let answer = output(&arguments);
        let sentence = said(&answer);
        assert_eq!(answer.status.code(), Some(1), "{arguments:?}: {sentence}");
        assert!(
            sentence.starts_with("thronosd: ") && sentence.trim_end().ends_with(&format!("[{code}]")),
            "{sentence}"
        );
        assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
    }
    assert_eq!(output(&["fly"]).status.code(), Some(2));
    assert!(!directory.path().join("nowhere").exists(), "nothing was changed");
}

#[test]
fn a_home_is_made_a_genesis_built_and_the_home_checked_without_a_question() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).to_str().expect("UTF-8").to_owned();
    let (home, password, file) = (path("home"), path("password"), path("genesis.json"));
    node::home::write_file(std::path::Path::new(&password), b"correct horse\n").expect("a file");
    let account = support::address(&support::key(1)).to_text(types::Network::Test);
    let entry = format!("{home}/keys/validator-entry.json");
    for arguments in [
        vec!["init", "--home", &home, "--validator", "--password-file", &password, "--listen", "/ip4/127.0.0.1/tcp/0"],
        vec!["genesis", "new", &file, "--name", "test", "--ecosystem", &account],
        vec!["genesis", "add-validator", &file, "--entry", &entry, "--account", &account],
        vec!["genesis", "add-balance", &file, &account, "12.5"],
        vec!["genesis", "validate", &file],
        vec!["init", "--home", &home, "--genesis", &file],
        vec!["keys", "show", "--home", &home],
        vec!["config", "check", "--home", &home],
        vec!["check", "--home", &home],
        vec!["version"],
    ] {
        let answer = output(&arguments);
        assert!(answer.status.success(), "{arguments:?}: {}", said(&answer));
    }
    let hash = output(&["genesis", "hash", &file]);
    let parsed = genesis::parse(&std::fs::read_to_string(&file).expect("a file")).expect("a genesis");
    assert_eq!(String::from_utf8_lossy(&hash.stdout).trim(), genesis::chain_id(&parsed).to_string());
    let twice = output(&["genesis", "add-validator", &file, "--entry", &entry, "--account", &account]);
    assert!(said(&twice).contains("[genesis_duplicate_validator]"), "{}", said(&twice));
    let again = output(&["init", "--home", &home, "--validator", "--password-file", &password]);
    assert!(said(&again).contains("[key_exists]"), "{}", said(&again));
}

// FAULTS RT5
#[test]
fn what_cannot_be_written_is_an_error_and_a_reader_that_goes_early_is_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let home = home.root().to_str().expect("UTF-8").to_owned();
    for arguments in [vec!["version"], vec!["config", "print", "--home", &home], vec!["check", "--home", &home]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
        let output = thronosd(&arguments).stdout(full).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(said(&output).contains("[output_failed]"), "{arguments:?}: {}", said(&output));
    }
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = thronosd(&["version"]).stdout(writer).status().expect("the program runs");
    assert!(status.success(), "{status}");
}

// FAULTS RT4
#[test]
fn the_status_of_a_home_is_not_that_of_another_node_at_its_address() {
    let running = support::start(&[]);
    let address = running.node.api_address().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[("api.listen", &address)]);
    let root = home.root().to_str().expect("UTF-8");
    assert!(output(&["status", "--home", root]).status.success(), "the same key, so the same node");
    std::fs::remove_file(home.network_key_file()).expect("a file");
    NetworkKey::generate().expect("entropy").write(&home.network_key_file()).expect("a file");
    for more in [&[][..], &["--json"]] {
        let answer = output(&[&["status", "--home", root][..], more].concat());
        assert!(answer.status.code() == Some(1) && said(&answer).contains("[another_node]"), "{}", said(&answer));
        assert!(answer.stdout.is_empty(), "nothing of the other node is told");
    }
    assert!(output(&["status", "--home", root, "--api", &address]).status.success(), "whoever it is");
    running.node.stop().expect("a clean stop");
}

// FAULTS HT11
#[test]
fn an_operators_word_on_votes_is_refused_where_the_chain_cannot_be_yet() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    support::validator_key().write(&home.validator_key_file(), &Password::new("correct horse")).expect("a file");
    let root = home.root().to_str().expect("UTF-8");
    for (above, code) in [
        ("18446744073709551615:18446744073709551615", "implausible_place"),
        ("99999999:0", "implausible_place"),
        ("0:18446744073709551615", "implausible_place"),
        ("0:-1", "usage"),
        ("1", "usage"),
    ] {
        let answer = output(&["keys", "allow-votes", "--above", above, "--i-have-checked", "--home", root]);
        assert!(answer.status.code() == Some(1) && said(&answer).contains(&format!("[{code}]")), "{}", said(&answer));
    }
    let answer = output(&["keys", "allow-votes", "--above", "0:7", "--i-have-checked", "--home", root]);
    assert!(answer.status.success(), "{}", said(&answer));
}
