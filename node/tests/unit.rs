//! The unit for systemd, as far as it can be tried without a system that systemd has started: that systemd understands it, that it
//! leaves little to abuse, that its filter permits what the daemon calls, and that a credential as systemd puts it down unlocks
//! a validator.

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use node::home::Home;
use node::keys::Password;
use rustix::process::{Pid, Signal, kill_process};
use support::{genesis, make_home};

const UNIT: &str = include_str!("../thronosd.service");
const THRONOSD: &str = env!("CARGO_BIN_EXE_thronosd");
/// A user that no system has, for a service of its own.
const SERVICE: u32 = 54_321;
/// Tenths of systemd's measure of what a service could abuse, from 0 to 100.
const EXPOSURE_MAX: u32 = 20;

/// What a program says, if it is installed.
fn answer(program: &str, arguments: &[&str]) -> Option<Output> {
    let answer = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    if answer.is_err() {
        eprintln!("{program} is not installed: not tried");
    }
    answer.ok()
}

/// systemd-analyze of a version that judges a file, or nothing.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let version = answer("systemd-analyze", &["--version"])?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let number = version.split_whitespace().nth(1).and_then(|number| number.parse::<u32>().ok());
    if number < Some(250) {
        eprintln!("systemd before 250 judges no files: not tried");
        return None;
    }
    answer("systemd-analyze", arguments)
}

// FAULTS RF3
#[test]
fn systemd_understands_the_unit_and_finds_little_that_it_could_abuse() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("thronosd.service");
    fs::write(&file, UNIT.replace("/usr/local/bin/thronosd", THRONOSD)).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    for arguments in [vec!["verify", file], vec!["security", "--offline=true", &threshold, file]] {
        let Some(answer) = analyze(&arguments) else { return };
        let said = [answer.stdout, answer.stderr].concat();
        assert!(answer.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
    }
}

/// The system calls of a set, and of the sets in it.
fn calls_of(set: &str) -> BTreeSet<String> {
    let Some(answer) = analyze(&["syscall-filter", set]) else { return BTreeSet::new() };
    let text = String::from_utf8(answer.stdout).expect("names");
    let names = text.lines().map(str::trim).skip(1).filter(|line| !line.is_empty() && !line.starts_with('#'));
    names
        .flat_map(|name| if name.starts_with('@') { calls_of(name) } else { BTreeSet::from([name.to_owned()]) })
        .collect()
}

/// What the unit permits.
fn permitted() -> BTreeSet<String> {
    let mut permitted = BTreeSet::new();
    for line in UNIT.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (sets, denies) = line.strip_prefix('~').map_or((line, false), |sets| (sets, true));
        for call in sets.split_whitespace().flat_map(calls_of) {
            if denies {
                permitted.remove(&call)
            } else {
                permitted.insert(call)
            };
        }
    }
    permitted
}

/// The names of the calls in strace's record, and the process that it began with.
fn called(record: &str) -> (BTreeSet<String>, Option<i32>) {
    let parts = || record.lines().filter_map(|line| line.split_once(' '));
    let name = |(_, call): (&str, &str)| call.trim_start().split_once('(').map(|(name, _)| name.to_owned());
    let is_name = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let first = parts().next().and_then(|(process, _)| process.parse().ok());
    (parts().filter_map(name).filter(is_name).collect(), first)
}

/// Starts the program and waits until its log says this; gives that line too.
fn start(command: &mut Command, what: &str) -> (Child, BufReader<ChildStderr>, String) {
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    let (mut said, mut line) = (String::new(), String::new());
    while !line.contains(what) {
        said.push_str(&line);
        line.clear();
        assert!(log.read_line(&mut line).expect("text") > 0, "it ended early: {said}");
    }
    (child, log, line)
}

fn end(process: Option<i32>, mut child: Child) {
    let process = process.and_then(Pid::from_raw).unwrap_or_else(|| Pid::from_child(&child));
    kill_process(process, Signal::TERM).expect("our own child");
    assert!(child.wait().expect("our own child").success());
}

fn validators_home(directory: &Path, settings: &[(&str, &str)]) -> Home {
    let (home, _) = make_home(directory, &genesis(), settings);
    support::validator_key().write(&home.validator_key_file(), &Password::new("correct horse")).expect("a file");
    home
}

// FAULTS RF3
#[test]
fn the_units_filter_permits_every_system_call_of_a_validator_from_its_start_to_its_end() {
    let permitted = permitted();
    let traces = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if permitted.is_empty() || !traces.is_ok_and(|status| status.success()) {
        eprintln!("strace, or systemd-analyze, does not work here: not tried");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let ports = [
        ("mining.enabled", "true"),
        ("mining.listen", "127.0.0.1:0"),
        ("network.listen", "/ip4/0.0.0.0/udp/0/quic-v1,/ip4/0.0.0.0/tcp/0"),
    ];
    let home = validators_home(directory.path(), &ports);
    let (record, password) = (directory.path().join("record"), directory.path().join("password"));
    node::home::write_file(&password, b"correct horse\n").expect("a file");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "0", "-o"]).arg(&record).args([THRONOSD, "run", "--log-format", "json"]);
    command.arg("--home").arg(home.root()).arg("--password-file").arg(&password);
    let (child, log, running) = start(&mut command, "\"running\"");
    let drain = std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(drop));
    let running: serde_json::Value = serde_json::from_str(&running).expect("JSON");
    let url = |path: &str| format!("http://{}{path}", running["api"].as_str().expect("an address"));
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    support::until(&agent, &url("/api/v1/status"), |_, status| status["final_height"].as_u64() > Some(2));
    assert_eq!(support::get(&agent, &url("/metrics")).0, 200);
    let (_, process) = called(&fs::read_to_string(&record).expect("a record"));
    end(process, child);
    drain.join().expect("it only reads");
    let (called, _) = called(&fs::read_to_string(&record).expect("a record"));
    let refused: Vec<_> = called.difference(&permitted).collect();
    assert!(called.len() > 30 && called.contains("fdatasync"), "{called:?}");
    assert!(refused.is_empty(), "the unit refuses {refused:?}");
}

/// An access list that gives this right to its owner and to one user, as systemd writes it: `getfacl` shows it.
fn access_list(user: u32, right: u16) -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let (owner, named, group, mask, others) = (0x01, 0x02, 0x04, 0x10, 0x20);
    let entries =
        [(owner, right, NOBODY), (named, right, user), (group, 0, NOBODY), (mask, right, NOBODY), (others, 0, NOBODY)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, right, id) in entries {
        let tag: u16 = tag;
        bytes.extend([tag.to_le_bytes(), right.to_le_bytes()].concat());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn give_to(path: &Path, user: u32, right: u16) -> rustix::io::Result<()> {
    let list = access_list(user, right);
    rustix::fs::setxattr(path, "system.posix_acl_access", &list, rustix::fs::XattrFlags::empty())
}

fn all_below(path: &Path) -> Vec<std::path::PathBuf> {
    let below = fs::read_dir(path).into_iter().flatten().flatten().flat_map(|entry| all_below(&entry.path()));
    below.chain([path.to_owned()]).collect()
}

// FAULTS RF2
#[test]
fn a_credential_that_is_the_systems_and_gives_the_service_a_right_to_read_unlocks_the_validator() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = validators_home(directory.path(), &[]);
    let credentials = directory.path().join("credentials");
    fs::create_dir(&credentials).expect("a directory");
    let file = credentials.join("thronos-password");
    fs::write(&file, "correct horse\n").expect("a file");
    let is_root = rustix::process::geteuid().is_root();
    let user = if is_root { SERVICE } else { rustix::process::geteuid().as_raw() };
    if give_to(&file, user, 0o4).and_then(|()| give_to(&credentials, user, 0o5)).is_err() {
        eprintln!("this file system keeps no access lists: not tried");
        return;
    }
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o7777, 0o440, "as systemd has it");
    // The program may lie where another user cannot go: it is opened before.
    let program = File::open(THRONOSD).expect("it is built");
    let mut command = Command::new(THRONOSD);
    if is_root {
        rustix::io::fcntl_setfd(&program, rustix::io::FdFlags::empty()).expect("our own");
        command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command.uid(SERVICE).gid(SERVICE);
        fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).expect("our own");
        all_below(home.root()).iter().for_each(|path| chown(path, Some(SERVICE), Some(SERVICE)).expect("our own"));
    } else {
        eprintln!("not as root: the credential is this user's own");
    }
    command.args(["run", "--log-format", "json", "--home"]).arg(home.root()).current_dir("/");
    let (child, _log, _) = start(command.env("CREDENTIALS_DIRECTORY", &credentials), "voting as validator");
    end(None, child);
}
