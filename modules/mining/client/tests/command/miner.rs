//! The built command: events for programs, exit codes, and an end by signal.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use types::{Address, Network};

use crate::pool::{PAYEE, TestPool};

fn thronos(arguments: &[&str]) -> Command {
    // The program is built with all tests, and lies where they do or one folder above.
    let own = std::env::current_exe().expect("a running program has a file");
    let program = own.ancestors().skip(1).take(2).map(|folder| folder.join("thronos")).find(|file| file.is_file());
    let mut command = Command::new(program.expect("`cargo build --release --workspace` makes thronos"));
    command.args(["--wallet-dir", "/nowhere"]).args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> Output {
    thronos(arguments).output().expect("the command starts")
}

#[test]
fn programs_are_told_every_event_and_the_end() {
    let pool = TestPool::start(|talk| talk.serve(usize::MAX));
    let address = Address([7; 20]).to_text(Network::Test);
    let host = format!("stratum+tcp://127.0.0.1:{}", pool.port);
    let done = output(&[
        "mine",
        "--json",
        "--pool",
        &host,
        "--address",
        &address,
        "--worker",
        "desk-1",
        "--threads",
        "1",
        "--shares",
        "3",
    ]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).expect("JSON");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((count("connecting"), count("authorized"), count("end")), (1, 1, 1));
    assert_eq!(events.last().map(|event| event["accepted"].as_u64()), Some(Some(count("accepted") as u64)));
    assert!(count("accepted") >= 3 && count("job") >= 1);
    assert_eq!(pool.seen.lock().expect("whole").users, [format!("{address}.desk-1")]);
}

#[test]
fn a_signal_ends_a_run_as_if_it_were_over() {
    let pool = TestPool::start(|talk| talk.serve(usize::MAX));
    let address = Address([7; 20]).to_legacy_text();
    let host = format!("127.0.0.1:{}", pool.port);
    let mut child = thronos(&["mine", "--json", "--pool", &host, "--address", &address, "--threads", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("\"accepted\"") && line.contains("worth")), "it mines");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it lives");
    let last = lines.last().expect("an end");
    assert!(last.contains("\"event\":\"end\""), "{last}");
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(done.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no checksum"), "an older address comes with a warning");
}

#[test]
fn a_person_is_told_in_lines_and_gets_a_summary() {
    let pool = TestPool::start(|talk| talk.serve(usize::MAX));
    let address = Address([7; 20]).to_text(Network::Main);
    let host = format!("127.0.0.1:{}", pool.port);
    let done = output(&[
        "mine",
        "--pool",
        &host,
        "--address",
        &address,
        "--threads",
        "1",
        "--kernel",
        "scalar",
        "--shares",
        "2",
    ]);
    let (answer, told) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(answer.contains("shares:") && answer.contains("accepted") && answer.contains("rate:"), "{answer}");
    assert!(told.contains("with 1 thread, kernel scalar") && told.contains("accepted: a share of"), "{told}");
    assert!(!told.contains('\u{1b}'), "no terminal, no escape sequences");
}

#[test]
fn w9_a_pool_that_pays_somebody_else_ends_the_command_unless_it_may() {
    let pool = TestPool::start(|talk| talk.serve(usize::MAX));
    let (paid, own) = (PAYEE.to_text(Network::Test), Address([8; 20]).to_text(Network::Test));
    let host = format!("127.0.0.1:{}", pool.port);
    let mine = ["mine", "--json", "--pool", &host, "--address", &own, "--threads", "1", "--shares", "1"];
    let done = output(&mine);
    let error: Value = serde_json::from_slice(&done.stderr).expect("one JSON document");
    assert_eq!((done.status.code(), error["code"].as_str()), (Some(1), Some("wrong_payee")));
    let (message, hint) = (error["message"].as_str().expect("a text"), error["hint"].as_str().expect("a text"));
    assert_eq!(message, format!("the pool's job pays {paid}, and should pay {own}; it was not begun"));
    assert!(hint.contains(&format!("`--pays {paid}`")) && hint.contains("`--tls`"), "{hint}");
    let events = String::from_utf8(done.stdout).expect("JSON");
    assert!(events.lines().last().is_some_and(|last| last.contains("\"event\":\"end\"")), "{events}");
    assert!(!events.contains("\"event\":\"job\"") && pool.seen.lock().expect("whole").shares == 0, "{events}");
    for pays in [&paid, "any"] {
        let done = output(&[&mine[..], &["--pays", pays]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert!(pool.seen.lock().expect("whole").shares >= 2);
}

#[test]
fn wrong_input_is_refused_before_anybody_is_called() {
    let address = Address([7; 20]).to_text(Network::Main);
    let long = "w".repeat(33);
    for (arguments, code) in [
        (vec!["--pool", "nowhere", "--address", &address], "bad_pool"),
        (vec!["--pool", "a:1", "--address", "bob"], "bad_address"),
        (vec!["--pool", "a:1", "--address", &address[..address.len() - 1]], "address_typo"),
        (vec!["--pool", "a:1", "--address", &address, "--pays", "anybody"], "bad_address"),
        (vec!["--pool", "a:1", "--address", &address, "--worker", "a.b"], "bad_worker"),
        (vec!["--pool", "a:1", "--address", &address, "--worker", "\n"], "bad_worker"),
        (vec!["--pool", "a:1", "--address", &address, "--worker", &long], "bad_worker"),
        (vec!["--pool", "a:1", "--address", &address, "--password", "a\u{7}"], "bad_password"),
        (vec!["--pool", "a:1", "--address", &address, "--for", "10"], "bad_span"),
        (vec!["--pool", "a:1", "--address", &address, "--tls-roots", "/nowhere/x"], "file"),
    ] {
        let done = output(&[&["mine", "--json"][..], &arguments].concat());
        let error: Value = serde_json::from_slice(&done.stderr).expect("one JSON document");
        assert_eq!((done.status.code(), error["code"].as_str()), (Some(1), Some(code)), "{arguments:?}");
    }
    for arguments in [
        vec![],
        vec!["--pool", "a:1"],
        vec!["--pool", "a:1", "--address", "x", "--threads", "0"],
        vec!["--pool", "a:1", "--address", "x", "--kernel", "gpu"],
        vec!["--benchmark", "--pool", "a:1"],
    ] {
        assert_eq!(output(&[&["mine"][..], &arguments].concat()).status.code(), Some(2), "{arguments:?}");
    }
}

// FAULTS RT17: the hint said that the file was no text.
#[test]
fn a_key_in_the_place_of_a_certificate_is_called_what_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let address = Address([7; 20]).to_text(Network::Main);
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";
    for (content, words) in
        [(key, "it holds a private key and no certificate"), ("nothing", "no certificate in PEM form")]
    {
        let path = directory.path().join("mining.pem");
        std::fs::write(&path, content).expect("own directory");
        let path = path.to_str().expect("UTF-8");
        let done = output(&["mine", "--json", "--pool", "a:1", "--address", &address, "--tls-roots", path]);
        let error: Value = serde_json::from_slice(&done.stderr).expect("one JSON document");
        assert_eq!(error["code"].as_str(), Some("no_certificate"), "{error}");
        let (message, hint) = (error["message"].as_str().expect("a text"), error["hint"].as_str().expect("a text"));
        assert!(message.contains(words) && message.contains(path), "{message}");
        assert!(hint.contains("the pool's certificate"), "{hint}");
    }
}

#[test]
fn the_benchmark_has_a_figure_for_every_kernel_that_runs_here() {
    let done = output(&["mine", "--benchmark", "--json"]);
    assert_eq!(done.status.code(), Some(0));
    let answer: Value = serde_json::from_slice(&done.stdout).expect("one JSON document");
    for figure in answer["kernels"].as_array().expect("a list") {
        let kernel = lanes::sha256d::Kernel::from_name(figure["kernel"].as_str().expect("a name")).expect("known");
        let rate = figure["hashes_per_second"].as_u64();
        assert_eq!(rate.is_some_and(|rate| rate > 0), kernel.is_available(), "{figure}");
    }
}
