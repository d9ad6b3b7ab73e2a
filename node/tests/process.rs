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

fn stop(child: &mut Child) {
    let process = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("our own child");
    assert!(child.wait().expect("our own child").success());
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

// FAULTS HT11
#[test]
fn a_damaged_file_of_the_store_is_told_in_a_sentence_with_what_helps_and_never_by_a_panic() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let root = home.root().to_str().expect("UTF-8");
    // What was written is in the tables after a second start.
    for _ in 0..2 {
        let (mut child, _log) = run(root);
        stop(&mut child);
    }
    let has_data = |name: &str| name.ends_with(".sst") || name.starts_with("MANIFEST") || name == "CURRENT";
    let mut refused = 0;
    for file in files_below(&home.store())
        .into_iter()
        .filter(|file| file.file_name().and_then(|name| name.to_str()).is_some_and(has_data))
    {
        let whole = std::fs::read(&file).expect("it is there");
        let flipped: Vec<u8> = whole.iter().map(|byte| !byte).collect();
        let half = whole[..whole.len() / 2].to_vec();
        for damaged in [flipped, half, Vec::new()] {
            std::fs::write(&file, &damaged).expect("our own");
            for command in ["check", "run"] {
                let answer = output(&[command, "--home", root]);
                let sentence = said(&answer);
                assert!(matches!(answer.status.code(), Some(1 | 70)), "{}: {sentence}", file.display());
                assert!(!sentence.contains("panicked"), "{sentence}");
                assert!(sentence.contains("move `data/store` and `data/log` away"), "{sentence}");
                refused += 1;
            }
        }
        std::fs::write(&file, &whole).expect("our own");
    }
    assert!(refused >= 12, "{refused}");
    let (mut child, _log) = run(root);
    stop(&mut child);
}

fn pipe(path: &std::path::Path) {
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("our own");
}

// FAULTS A7
#[test]
fn a_signal_ends_a_start_that_hangs_at_a_file_and_a_second_one_does_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let root = home.root().to_str().expect("UTF-8");
    let (mut child, _log) = run(root);
    stop(&mut child);
    // The start reads this file, and waits for whoever writes to the pipe in its place.
    let marker = std::fs::read_dir(home.store()).expect("a folder").flatten().map(|entry| entry.path());
    let mut marker = marker.filter(|path| path.is_file());
    let marker = marker.next().expect("the store says what it is");
    let whole = std::fs::read(&marker).expect("it is there");
    std::fs::remove_file(&marker).expect("our own");
    pipe(&marker);
    for is_asked_twice in [false, true] {
        let mut command = thronosd(&["run", "--home", root, "--log-format", "json"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program runs");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        // Opens once the other end is open too; from then on the start hangs.
        let held = std::fs::OpenOptions::new().write(true).open(&marker).expect("our own");
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("our own child");
        let mut line = String::new();
        while !line.contains("stopping as soon as the start allows it") {
            line.clear();
            assert!(log.read_line(&mut line).expect("text") > 0, "it ended without a word");
        }
        let told = Instant::now();
        if is_asked_twice {
            rustix::process::kill_process(process, rustix::process::Signal::INT).expect("our own child");
        }
        let status = child.wait().expect("our own child");
        let took = told.elapsed();
        let mut rest = String::new();
        log.read_to_string(&mut rest).expect("text");
        assert!(status.success() && rest.contains("stopped before the node ran"), "{status}: {rest}");
        assert!(took < Duration::from_secs(if is_asked_twice { 4 } else { 10 }), "{took:?}");
        drop(held);
    }
    std::fs::remove_file(&marker).expect("our own");
    std::fs::write(&marker, whole).expect("our own");
    let (mut child, _log) = run(root);
    stop(&mut child);
}

// FAULTS RF7
#[test]
fn a_pipe_in_the_place_of_a_file_of_mining_keeps_neither_a_start_nor_a_check_waiting() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0")];
    let (home, _) = make_home(directory.path(), &genesis(), &settings);
    let root = home.root().to_str().expect("UTF-8");
    let (mut child, _log) = run(root);
    stop(&mut child);
    for name in ["shares.snapshot", "shares.journal"] {
        let file = home.service_folder("mining").join(name);
        let whole = std::fs::read(&file).expect("it is there");
        std::fs::remove_file(&file).expect("our own");
        pipe(&file);
        for command in ["check", "run"] {
            let answer = output(&[command, "--home", root]);
            let told = String::from_utf8_lossy(&answer.stdout).into_owned() + &said(&answer);
            assert_eq!(answer.status.code(), Some(1), "{command} {name}: {told}");
            assert!(told.contains(name) && told.contains("is a pipe, and a file is needed there"), "{command}: {told}");
        }
        std::fs::remove_file(&file).expect("our own");
        std::fs::write(&file, whole).expect("our own");
    }
    let (mut child, _log) = run(root);
    stop(&mut child);
}

/// All files of a home: content, and when it was changed.
fn state_of(
    home: &std::path::Path,
) -> std::collections::BTreeMap<std::path::PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let about = |path: std::path::PathBuf| {
        let changed = std::fs::metadata(&path).and_then(|about| about.modified()).expect("it is there");
        (path.clone(), (std::fs::read(&path).expect("it is there"), changed))
    };
    files_below(home).into_iter().map(about).collect()
}

/// What is told of the lease of a home in which no node has run; in the end neither lease nor key is left.
fn look_at_the_lease(home: &node::home::Home, check: &impl Fn() -> (Option<i32>, String)) {
    // Making a home for a validator writes a lease, so here one was moved away.
    let (code, told) = check();
    assert!(code == Some(1) && told.contains("lease: it is missing; the node will listen"), "{told}");
    home.begin_lease(support::validator_key().public()).expect("our own");
    let (code, told) = check();
    assert!(code == Some(0) && told.contains("no node has run here yet"), "{told}");
    // A lease that was copied is another one, and in doubt.
    let (lease, copy) = (home.lease().join(journal::LEASE_FILE), home.root().join("copy"));
    std::fs::copy(&lease, &copy).and_then(|_| std::fs::rename(&copy, &lease)).expect("our own");
    let (_, told) = check();
    assert!(told.contains("votes       not at once"), "what is in doubt is said: {told}");
    std::fs::remove_dir_all(home.lease()).expect("our own");
    std::fs::remove_file(home.validator_key_file()).expect("our own");
    let (code, told) = check();
    assert!(code == Some(0) && told.contains("no node has run here yet"), "{told}");
}

/// Programs are told the same as people, file by file.
fn look_for_programs(root: &str, told: &str, exit: i32) {
    let answer = output(&["check", "--json", "--home", root]);
    let document: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("one document");
    assert_eq!((answer.status.code(), &document["sound"]), (Some(exit), &(exit == 0).into()), "{document}");
    assert!(document["facts"]["chain"].as_str().is_some_and(|chain| told.contains(chain)), "{document}");
    let findings = document["findings"].as_array().expect("a list");
    let is_said = |finding: &serde_json::Value| {
        ["file", "what"].iter().all(|part| told.contains(finding[part].as_str().expect("a text")))
    };
    assert!(!findings.is_empty() && findings.iter().all(is_said), "{document}");
    assert_eq!(findings.iter().any(|finding| finding["kind"] == "wrong"), exit == 1, "{document}");
}

// FAULTS RT10
#[test]
fn check_changes_no_file_and_names_what_is_torn_missing_or_damaged() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, password) = make_home(directory.path(), &genesis(), &[]);
    support::validator_key().write(&home.validator_key_file(), &Password::new("correct horse")).expect("a file");
    let _ = password;
    let root = home.root().to_str().expect("UTF-8").to_owned();
    let check = || {
        let before = state_of(home.root());
        let answer = output(&["check", "--home", &root]);
        assert!(state_of(home.root()) == before, "a look changes nothing");
        let told = String::from_utf8_lossy(&answer.stdout).into_owned() + &said(&answer);
        (answer.status.code(), told)
    };
    look_at_the_lease(&home, &check);
    let (mut child, _log) = run(&root);
    stop(&mut child);
    let (code, told) = check();
    assert!(code == Some(0) && told.contains("is sound") && told.contains("checksums"), "{told}");
    assert!(told.contains("whether records are missing at its end cannot be told"), "{told}");
    // Store and log are elsewhere, and the rest of the home remembers that a node has run.
    let [store, log] = [home.store(), home.log()].map(|folder| (folder.with_extension("away"), folder));
    [&store, &log].iter().for_each(|(away, folder)| std::fs::rename(folder, away).expect("our own"));
    let (code, told) = check();
    assert!(code == Some(1) && told.contains("store: it is missing") && told.contains("log: it is missing"), "{told}");
    assert!(!told.contains("no node has run") && !told.contains("votes"), "it follows the chain: {told}");
    [&store, &log].iter().for_each(|(away, folder)| std::fs::rename(away, folder).expect("our own"));
    // The newest segment; beside it stands a file that says which there are.
    let is_segment = |file: &std::path::PathBuf| !file.ends_with("log-head");
    let segment = files_below(&home.log()).into_iter().filter(is_segment).max();
    let journal = home.service_folder("mining").join("shares.journal");
    std::fs::create_dir_all(home.service_folder("mining")).expect("our own");
    type Change<'a> = Box<dyn Fn() + 'a>;
    let cut = |file: &std::path::Path, bytes: usize| {
        let whole = std::fs::read(file).expect("it is there");
        std::fs::write(file, &whole[..whole.len() - bytes]).expect("our own");
    };
    let cases: [(&str, i32, Change<'_>); 4] = [
        ("an incomplete end", 0, Box::new(|| segment.iter().for_each(|file| cut(file, 3)))),
        ("shares.journal", 1, Box::new(|| std::fs::write(&journal, [0xa5; 300]).expect("our own"))),
        (
            "shares.snapshot",
            1,
            Box::new(|| std::fs::write(home.service_folder("mining").join("shares.snapshot"), b"x").expect("our own")),
        ),
        ("log: it is missing", 1, Box::new(|| std::fs::remove_dir_all(home.log()).expect("our own"))),
    ];
    for (expected, exit, change) in cases {
        change();
        let (code, told) = check();
        assert!(code == Some(exit) && told.contains(expected), "{expected}: {told}");
        if exit == 1 {
            assert!(told.contains("[home_damaged]"), "{told}");
        }
        look_for_programs(&root, &told, exit);
    }
    // One flipped byte in any table is found, also where no start would read.
    for table in files_below(&home.store()).iter().filter(|file| file.extension().is_some_and(|end| end == "sst")) {
        let whole = std::fs::read(table).expect("it is there");
        let mut flipped = whole.clone();
        flipped[whole.len() / 4] ^= 1;
        std::fs::write(table, &flipped).expect("our own");
        let (code, told) = check();
        assert!(matches!(code, Some(1 | 70)) && !told.contains("is sound"), "{}: {told}", table.display());
        std::fs::write(table, &whole).expect("our own");
    }
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
        (vec!["status", "--home", nowhere], "home_missing"),
        (vec!["config", "print", "--home", nowhere], "home_missing"),
        (vec!["keys", "allow-votes", "--home", root, "--above", "1:1", "--i-have-checked"], "no_validator_key"),
        (vec!["status", "--api", "127.0.0.1:1"], "not_running"),
        (vec!["genesis", "hash", nowhere], "home_io"),
        (vec!["init", "--home", nowhere, "--validator"], "password_missing"),
    ] {
        let answer = output(&arguments);
        let sentence = said(&answer);
        let exit = if code == "usage" { 2 } else { 1 };
        assert_eq!(answer.status.code(), Some(exit), "{arguments:?}: {sentence}");
        assert!(
            sentence.starts_with("thronosd: ") && sentence.trim_end().ends_with(&format!("[{code}]")),
            "{sentence}"
        );
        assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
        assert!(!sentence.contains("os error") && !sentence.contains("Os {"), "{sentence}");
    }
    assert_eq!(output(&["fly"]).status.code(), Some(2));
    assert!(!directory.path().join("nowhere").exists(), "nothing was changed");
}

// FAULTS RT7
#[test]
fn whatever_a_start_refuses_for_its_settings_alone_a_check_of_them_refuses_with_the_same_sentence() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let root = home.root().to_str().expect("UTF-8");
    let miners = ["mining.enabled=true", "mining.listen=127.0.0.1:0"];
    let pool = ["mining.enabled=true", "mining.listen=127.0.0.1:0", "mining.pool_listen=127.0.0.1:0"];
    let of_main = support::address(&support::key(1)).to_text(types::Network::Main);
    let (of_main, own) = (format!("mining.pool_operator={of_main}"), format!("mining.allow={of_main}"));
    let tls = ["mining.tls_listen=127.0.0.1:0"];
    let with = |first: &[&'static str], more: &[&str]| -> Vec<String> {
        first.iter().chain(more).map(|setting| (*setting).to_owned()).collect()
    };
    for (settings, code) in [
        (with(&[], &["network.listen=/dns4/localhost/tcp/0"]), "network"),
        (with(&[], &["network.listen=/ip4/127.0.0.1/tcp/0/ws"]), "network"),
        (with(&[], &["network.external=/ip4/203.0.113.7/udp/26700"]), "network"),
        (with(&[], &["network.bootstrap=/ip4/1.2.3.4/tcp/26700/ws"]), "network"),
        (with(&[], &["network.bootstrap=/ip4/300.2.3.4/tcp/26700"]), "network"),
        (with(&[], &[&format!("network.persistent=/ip4/1.2.3.4/tcp/0/p2p/{}", support_peer())]), "network"),
        (with(&[], &["network.only_persistent=true"]), "nobody_admitted"),
        (with(&pool, &[]), "mining_settings"),
        (with(&pool, &["mining.pool_operator=nobody"]), "mining_settings"),
        (with(&pool, &[&of_main]), "mining_settings"),
        (with(&miners, &[&own]), "mining_settings"),
        (with(&miners, &tls), "mining_settings"),
        (with(&miners, &[tls[0], "mining.tls_certificate=/nowhere", "mining.tls_key=/nowhere"]), "mining_settings"),
        (with(&miners, &[tls[0], "mining.tls_certificate=/dev/null", "mining.tls_key=/dev/null"]), "mining_settings"),
        (with(&miners, &["mining.tag=\u{e4}"]), "config_value"),
        (with(&[], &["api.listen=127.0.0.1:4711", "metrics.listen=127.0.0.1:4711"]), "same_port"),
        (
            with(&miners, &["api.listen=127.0.0.1:4711", "mining.tls_listen=", "mining.listen=0.0.0.0:4711"]),
            "same_port",
        ),
        (with(&[], &["api.listen=127.0.0.1:4711", "network.listen=/ip4/0.0.0.0/tcp/4711"]), "same_port"),
    ] {
        let flags: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting.as_str()]).collect();
        let [checked, started] = [&["config", "check", "--home", root][..], &["run", "--home", root]]
            .map(|command| output(&[command, &flags].concat()));
        let sentence = said(&checked);
        assert_eq!(checked.status.code(), Some(1), "{settings:?}: {sentence}");
        assert!(sentence.contains(&format!("[{code}]")), "{settings:?}: {sentence}");
        assert!(said(&started).ends_with(&sentence), "{settings:?}: {sentence}{}", said(&started));
    }
    let metrics = format!("metrics.listen={}", node::config::Config::default().metrics.listen);
    for settings in [
        vec!["network.bootstrap=/dns4/seed.example/tcp/26700"],
        vec!["network.listen=/ip4/0.0.0.0/tcp/4711,/ip4/127.0.0.1/tcp/4711"],
        vec!["network.listen=/ip6/::/tcp/4711,/ip4/0.0.0.0/tcp/4711"],
        vec!["network.listen=/ip4/127.0.0.1/tcp/0,/ip4/127.0.0.1/tcp/0", "api.listen=127.0.0.1:0"],
        vec![metrics.as_str(), "api.listen=127.0.0.1:26709"],
    ] {
        let flags: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
        let fine = output(&[&["config", "check", "--home", root][..], &flags].concat());
        assert!(fine.status.success(), "{settings:?}: {}", said(&fine));
    }
}

fn support_peer() -> String {
    node::peer_id::text(&genesis().validators.first().expect("one").peer)
}

// FAULTS S10
#[test]
fn nothing_is_made_in_a_home_of_somebody_else() {
    use std::os::unix::fs::{MetadataExt, chown};
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    // Who is not root cannot give a home away; the system's own directory is somebody else's as well.
    let is_root = std::fs::metadata(home.root()).expect("it is there").uid() == 0;
    let theirs = if is_root { home.root().to_owned() } else { std::path::PathBuf::from("/etc") };
    if is_root {
        let parts = [home.root().to_owned(), home.config_file(), home.keys(), home.data()];
        parts.iter().filter(|part| part.exists()).for_each(|part| chown(part, Some(65_534), None).expect("root may"));
    }
    let before = files_below(home.root());
    let answer = output(&["init", "--home", theirs.to_str().expect("UTF-8"), "--api", "127.0.0.1:4711"]);
    assert_eq!(answer.status.code(), Some(1));
    assert!(said(&answer).contains("[home_owner]"), "{}", said(&answer));
    assert_eq!(files_below(home.root()), before);
    if is_root {
        assert_eq!(std::fs::metadata(home.config_file()).expect("it is there").uid(), 65_534);
    }
}

#[test]
fn programs_get_errors_as_documents_and_defaults_need_no_home() {
    let json = |arguments: &[&str]| -> (Option<i32>, serde_json::Value) {
        let answer = output(arguments);
        (answer.status.code(), serde_json::from_slice(&answer.stderr).expect("a document"))
    };
    let (exit, document) = json(&["status", "--api", "127.0.0.1:1", "--json"]);
    assert_eq!((exit, &document["code"]), (Some(1), &serde_json::json!("not_running")));
    let (exit, document) = json(&["keys", "show", "--json", "--nonsense"]);
    assert_eq!((exit, &document["code"]), (Some(2), &serde_json::json!("usage")));
    assert!(document["message"].as_str().is_some_and(|message| message.contains("--nonsense")), "{document}");
    let (exit, document) = json(&["keys", "allow-votes", "--json"]);
    assert!(exit == Some(2) && document["message"].as_str().is_some(), "{document}");
    let defaults =
        thronosd(&["config", "print", "--defaults"]).env("THRONOS_HOME", "/nowhere").output().expect("it runs");
    assert!(defaults.status.success() && String::from_utf8_lossy(&defaults.stdout).contains("[network]"));
}

// FAULTS RT7
#[test]
fn settings_that_are_given_to_init_again_are_written_unless_a_person_has_edited_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = directory.path().join("home").to_str().expect("UTF-8").to_owned();
    let init = |more: &[&str]| output(&[&["init", "--home", home.as_str()][..], more].concat());
    let printed = || String::from_utf8_lossy(&output(&["config", "print", "--home", &home]).stdout).into_owned();
    assert!(init(&[]).status.success());
    let answer = init(&["--api", "127.0.0.1:4711", "--set", "mining.enabled=true"]);
    assert!(answer.status.success(), "{}", said(&answer));
    assert!(printed().contains("listen = \"127.0.0.1:4711\"") && printed().contains("enabled = true"), "{}", printed());
    assert!(init(&["--api", "127.0.0.1:4711"]).status.success(), "that is so already");
    let file = std::path::Path::new(&home).join("config.toml");
    assert!(init(&["--set", "mining.idle_s=700"]).status.success(), "nobody has edited it");
    assert!(printed().contains("idle_s = 700") && printed().contains("enabled = true"), "{}", printed());
    let edited = std::fs::read_to_string(&file).expect("it is there") + "# my own words\n";
    node::home::write_file(&file, edited.as_bytes()).expect("a file");
    let answer = init(&["--api", "127.0.0.1:4712"]);
    assert!(answer.status.code() == Some(1) && said(&answer).contains("[config_exists]"), "{}", said(&answer));
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), edited, "nothing was changed");
    assert!(init(&["--api", "127.0.0.1:4711"]).status.success(), "nothing would change");
    // The chain is told each time, once there is one.
    assert!(String::from_utf8_lossy(&init(&[]).stdout).contains("chain            none yet"));
    let genesis = genesis();
    let path = directory.path().join("genesis.json");
    std::fs::write(&path, genesis::to_json(&genesis, &runtime::registry())).expect("our own");
    let chain = format!("chain            {}\n", genesis::chain_id(&genesis));
    let taken = init(&["--genesis", path.to_str().expect("UTF-8")]);
    assert!(String::from_utf8_lossy(&taken.stdout).contains(&chain), "{}", said(&taken));
    assert!(String::from_utf8_lossy(&init(&[]).stdout).contains(&chain));
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
    let parsed =
        genesis::parse(&std::fs::read_to_string(&file).expect("a file"), &runtime::registry()).expect("a genesis");
    assert_eq!(String::from_utf8_lossy(&hash.stdout).trim(), genesis::chain_id(&parsed).to_string());
    let twice = output(&["genesis", "add-validator", &file, "--entry", &entry, "--account", &account]);
    assert!(said(&twice).contains("[genesis_duplicate_validator]"), "{}", said(&twice));
    let again = output(&["init", "--home", &home, "--validator", "--password-file", &password]);
    assert!(said(&again).contains("[key_exists]"), "{}", said(&again));
    // A node that has no such key says so, before a password is asked for.
    let full = path("full");
    assert!(output(&["init", "--home", &full, "--listen", "/ip4/127.0.0.1/tcp/0"]).status.success());
    for arguments in [["keys", "show", "--json", "--home", &full].as_slice(), &["keys", "password", "--home", &full]] {
        let answer = said(&output(arguments));
        assert!(
            answer.contains("no_validator_key") && answer.contains("name a validator's home"),
            "{arguments:?}: {answer}"
        );
    }
}

// FAULTS RT5
#[test]
fn what_cannot_be_written_is_an_error_and_a_reader_that_goes_early_is_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let home = home.root().to_str().expect("UTF-8").to_owned();
    for arguments in [
        vec!["version"],
        vec!["--help"],
        vec!["--version"],
        vec!["config", "print", "--home", &home],
        vec!["check", "--home", &home],
    ] {
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
        assert!(answer.status.code() == Some(1) && said(&answer).contains("another_node"), "{}", said(&answer));
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
        let exit = if code == "usage" { 2 } else { 1 };
        assert!(
            answer.status.code() == Some(exit) && said(&answer).contains(&format!("[{code}]")),
            "{}",
            said(&answer)
        );
    }
    let answer = output(&["keys", "allow-votes", "--above", "0:7", "--i-have-checked", "--home", root]);
    assert!(answer.status.success(), "{}", said(&answer));
}
