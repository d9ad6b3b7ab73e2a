//! What an operator tells a running node: peers over the socket in its home, settings by SIGHUP.

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use node::keys::NetworkKey;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::{genesis, make_home};

/// Nothing on loopback takes so long.
const DEADLINE: Duration = Duration::from_secs(60);

fn thronosd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thronosd"));
    command.args(arguments).env_remove("THRONOS_HOME").stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running node, ended by its drop.
struct Daemon {
    child: Child,
    log: BufReader<ChildStderr>,
    home: String,
}

impl Daemon {
    fn start(home: &Path) -> Self {
        let home = home.to_str().expect("UTF-8").to_owned();
        let mut command = thronosd(&["run", "--home", &home, "--log-format", "json"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let mut daemon = Self { child, log, home };
        daemon.line("\"running\"");
        daemon
    }

    /// The next line of the log that holds these words.
    fn line(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert!(self.log.read_line(&mut line).expect("text") > 0, "it ended before it said {words}");
        }
        line
    }

    fn tell(&self, arguments: &[&str]) -> Output {
        thronosd(&[&["peers"], arguments, &["--home", &self.home]].concat()).output().expect("the program runs")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.tell(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn refused(&self, arguments: &[&str], code: &str) {
        let output = self.tell(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(said(&output).contains(&format!("[{code}]")), "{arguments:?}: {}", said(&output));
    }

    fn list(&self) -> Value {
        serde_json::from_str(&self.done(&["list", "--json"])).expect("JSON")
    }

    /// Waits until so many peers are connected.
    fn has(&self, count: usize) -> Value {
        let begun = Instant::now();
        loop {
            let list = self.list();
            if list["peers"].as_array().expect("a list").len() == count {
                return list;
            }
            assert!(begun.elapsed() < DEADLINE, "{list}");
        }
    }

    /// Waits until the one peer is private, or is not: what was read again reaches the network a moment later.
    fn is_private(&self, private: bool) {
        let begun = Instant::now();
        while self.has(1)["peers"][0]["private"] != private {
            assert!(begun.elapsed() < DEADLINE, "not within the time: private is {private}");
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("our own child");
    }

    fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.child.wait().expect("our own child").success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peer_id(home: &node::home::Home) -> String {
    let key = NetworkKey::read(&home.network_key_file()).expect("a key");
    node::peer_id::text(&key.peer_key().expect("a seed"))
}

/// The homes of a node and of one that joins it, which is no validator.
fn two_homes(root: &Path) -> [node::home::Home; 2] {
    let port = tryout::free_port();
    let listen = format!("/ip4/127.0.0.1/tcp/{port}");
    let genesis = genesis();
    // The key of `make_home` is that of the genesis' validator, which here nobody runs.
    let [one, two] =
        [("one", ("network.listen", &listen)), ("two", ("network.bootstrap", &listen))].map(|(name, (key, value))| {
            let (home, _) = make_home(&root.join(name), &genesis, &[(key, value.as_str())]);
            std::fs::remove_file(home.network_key_file()).expect("a file");
            NetworkKey::generate().expect("entropy").write(&home.network_key_file()).expect("a file");
            home
        });
    [one, two]
}

/// Where the node of a home listens for peers.
fn listen_of(home: &node::home::Home) -> String {
    let written = home.read_config().expect("a file");
    let line = written.lines().find(|line| line.starts_with("listen = [\"/ip4/")).expect("one address");
    line.split('"').nth(1).expect("an address").to_owned()
}

// FAULTS P10: who has taken another network's genesis hears that from his own node, not from others alone.
#[test]
fn a_node_with_the_genesis_of_another_chain_says_that_its_peers_are_of_another_one_and_so_do_they() {
    let directory = tempfile::tempdir().expect("a directory");
    let [one, two] = two_homes(directory.path());
    let mut other = genesis();
    other.name = types::ByteString::new(b"another-chain".to_vec()).expect("short");
    let json = genesis::to_json(&other, &runtime::registry());
    std::fs::write(two.genesis_file(), json).expect("a file");
    let (mut first, mut second) = (Daemon::start(one.root()), Daemon::start(two.root()));
    let line = first.line("\"peer refused\"");
    assert!(line.contains(&peer_id(&two)) && line.contains("wrong genesis.json"), "{line}");
    let line = second.line("\"no_peer\"");
    let own = format!("this node's is another-chain ({})", genesis::chain_id(&other));
    assert!(line.contains("peers of another chain answered") && line.contains(&own), "{line}");
    assert!(line.contains("compare genesis.json") && line.contains("`network.bootstrap`"), "{line}");
    first.stop();
    second.stop();
}

// FAULTS RF6
#[test]
fn the_operator_sends_peers_away_keeps_them_away_and_lets_them_back() {
    // A path that is too long for a socket's address.
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("a-very-long-name-of-a-directory-".repeat(4));
    let [one, two] = two_homes(&root);
    let (mut first, second) = (Daemon::start(one.root()), Daemon::start(two.root()));
    let socket = one.root().join("control.sock");
    let mode = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for the operator only");
    let guest = peer_id(&two);
    let list = first.has(1);
    assert_eq!((&list["peers"][0]["peer_id"], &list["peers"][0]["outbound"]), (&guest.clone().into(), &false.into()));
    assert!(first.done(&["list"]).contains(&guest));

    let told = first.done(&["ban", &guest]);
    assert!(told.contains(&format!("until `thronosd peers unban {guest} --home ")), "{told}");
    let list = first.has(0);
    assert_eq!((&list["bans"][0]["whom"], &list["bans"][0]["until_ms"]), (&guest.clone().into(), &Value::Null));
    // It holds in the next run too, and ends when it is lifted.
    first.stop();
    first = Daemon::start(one.root());
    assert_eq!(first.list()["bans"][0]["whom"], guest);
    first.done(&["unban", &guest]);
    first.has(1);
    // A ban with an end ends by itself, here that of the address.
    assert!(first.done(&["ban", "127.0.0.1", "--for", "5s"]).contains("for 5 s"));
    first.has(0);
    first.line("\"peer disconnected\"");
    first.has(1);
    assert_eq!(first.list()["bans"], Value::Array(Vec::new()));
    // Who is told to go is shown until its farewell is over: the log says when, and then it comes back.
    first.done(&["disconnect", &guest]);
    first.line("\"peer disconnected\"");
    first.has(1);
    let told = first.done(&["disconnect", "127.0.0.1"]);
    assert!(told.contains("1 peer at 127.0.0.1 disconnected"), "{told}");
    first.line("\"peer disconnected\"");
    first.has(1);
    second.stop();
    first.has(0);

    let validator = node::peer_id::text(&genesis().validators.first().expect("one").peer);
    let dead = "/ip4/127.0.0.1/tcp/1";
    for (arguments, code) in [
        (&["ban", validator.as_str()][..], "is_validator"),
        (&["ban", &peer_id(&one)], "own_peer"),
        (&["ban", "example.org"], "bad_peer"),
        (&["unban", &guest], "not_banned"),
        (&["disconnect", &guest], "not_connected"),
        (&["disconnect", "127.0.0.1"], "not_connected"),
        (&["disconnect", "example.org"], "bad_peer"),
        (&["dial", "example.org"], "bad_address"),
        (&["dial", "/unix/tmp"], "bad_address"),
        (&["dial", "/ip4/127.0.0.1/tcp/26700/ws"], "bad_address"),
        (&["dial", "/ip4/0.0.0.0/tcp/26700"], "bad_address"),
        (&["dial", &format!("/ip4/127.0.0.1/tcp/26700/p2p/{}", peer_id(&one))], "own_peer"),
        (&["dial", &listen_of(&one)], "own_peer"),
    ] {
        first.refused(arguments, code);
    }
    first.done(&["ban", "2001:db8::1"]);
    assert!(first.done(&["list"]).contains("banned   2001:db8::/64\n"), "what is banned is shown");
    first.done(&["unban", "2001:db8::9"]);
    assert_eq!(first.tell(&["ban", &guest, "--for", "1w"]).status.code(), Some(2));
    assert!(first.done(&["dial", dead]).contains(dead));
    first.stop();
    assert!(!socket.exists(), "it goes with the node");
    let output = thronosd(&["peers", "list", "--home", one.root().to_str().expect("UTF-8")]).output().expect("it runs");
    assert!(output.status.code() == Some(1) && said(&output).contains("[not_running]"), "{}", said(&output));
}

// FAULTS RF6
#[test]
fn whoever_is_banned_is_not_dialled_and_a_banned_address_may_be_a_validators() {
    let directory = tempfile::tempdir().expect("a directory");
    let [one, two] = two_homes(directory.path());
    let first = Daemon::start(one.root());
    let (guest, dead) = (peer_id(&two), "/ip4/127.0.0.1/tcp/1");
    first.done(&["ban", &guest]);
    first.refused(&["dial", &format!("{dead}/p2p/{guest}")], "banned");
    first.done(&["unban", &guest]);
    first.done(&["ban", "127.0.0.1"]);
    assert!(first.done(&["dial", dead]).contains("127.0.0.1 is banned, so it stays only if"));
    first.stop();
}

// FAULTS RF6
#[test]
fn what_is_no_question_is_refused_and_a_silent_asker_keeps_nobody_waiting_for_long() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    let directory = tempfile::tempdir().expect("a directory");
    let [one, _] = two_homes(directory.path());
    let daemon = Daemon::start(one.root());
    let connect = || UnixStream::connect(one.root().join("control.sock")).expect("it listens");
    let endless = vec![b'x'; 1024 * 1024];
    for wrong in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\n", b"{}\n", b"{\"do\":\"stop\"}\n", b"\xff\xfe\n", &endless] {
        let mut stream = connect();
        // The node may have heard enough before the end.
        let _ = stream.write_all(wrong);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let is_cut = answer.is_empty() && wrong.len() == endless.len();
        assert!(is_cut || answer.contains("bad_question"), "{answer}");
    }
    // Half of a question, and none: whoever says so much waits for itself alone. A question has five seconds.
    let mut silent: Vec<_> = (0..12).map(|_| connect()).collect();
    silent.iter_mut().step_by(2).for_each(|stream| stream.write_all(b"{\"do\":").expect("it listens"));
    for _ in 0..8 {
        // Whoever had to wait for one of them would wait for its five seconds.
        let begun = Instant::now();
        assert_eq!(daemon.list()["peers"], Value::Array(Vec::new()));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    // However many are silent, each has its time and then gives way.
    silent.extend((0..40).map(|_| connect()));
    drop(silent.split_off(20));
    assert_eq!(daemon.list()["peers"], Value::Array(Vec::new()));
    daemon.stop();
}

// FAULTS RF6
#[test]
fn a_ban_that_cannot_be_written_is_answered_with_that_and_holds_until_the_node_stops() {
    let directory = tempfile::tempdir().expect("a directory");
    let [one, _] = two_homes(directory.path());
    let nobody = "[{\"whom\":\"203.0.113.7\",\"until_ms\":null},{\"whom\":\"nobody\",\"until_ms\":null}]";
    std::fs::write(one.bans(), nobody).expect("own home");
    let daemon = Daemon::start(one.root());
    let bans = |daemon: &Daemon| {
        let list = daemon.list();
        let bans = list["bans"].as_array().expect("a list");
        bans.iter().map(|ban| ban["whom"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bans(&daemon), ["203.0.113.7"], "what is whole of a damaged file holds");
    let kept = one.data().join("bans.json.damaged-1");
    assert_eq!(std::fs::read_to_string(&kept).expect("it is kept"), nobody);
    // Where the file is written stands something else.
    let in_the_way = one.data().join("bans.json.new");
    std::fs::create_dir(&in_the_way).expect("own home");
    daemon.refused(&["ban", "203.0.113.8"], "bans_not_written");
    daemon.refused(&["unban", "203.0.113.7"], "bans_not_written");
    assert_eq!(bans(&daemon), ["203.0.113.8"], "it holds for now");
    std::fs::remove_dir(&in_the_way).expect("own home");
    daemon.done(&["ban", "203.0.113.8"]);
    daemon.stop();
    let daemon = Daemon::start(one.root());
    assert_eq!(bans(&daemon), ["203.0.113.8"]);
    daemon.stop();
}

// FAULTS RF7
#[test]
fn a_hangup_reads_the_settings_again_and_names_what_waits_for_the_next_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let [one, two] = two_homes(directory.path());
    let (mut first, second) = (Daemon::start(one.root()), Daemon::start(two.root()));
    first.has(1);
    let before = std::fs::read_to_string(one.config_file()).expect("a file");
    let guest = peer_id(&two);
    let change = |from: &str, to: &str| {
        let text = std::fs::read_to_string(one.config_file()).expect("a file");
        assert!(text.contains(from), "{from}");
        std::fs::write(one.config_file(), text.replacen(from, to, 1)).expect("our own");
    };
    change("private = []", &format!("private = [\"{guest}\"]"));
    change("filter = \"info\"", "filter = \"debug\"");
    first.signal(Signal::HUP);
    assert!(first.line("read again").contains("\"INFO\""));
    first.is_private(true);
    // What is logged has changed with it.
    first.done(&["disconnect", &guest]);
    first.line("\"DEBUG\"");

    change("workers = 2", "workers = 3");
    first.signal(Signal::HUP);
    let line = first.line("next start");
    assert!(line.contains("\"node.workers\"") && line.contains("WARN"), "{line}");
    // It still waits, until it is what runs again.
    first.signal(Signal::HUP);
    assert!(first.line("read again").contains("\"node.workers\""));
    change("workers = 3", "workers = 2");
    first.signal(Signal::HUP);
    let line = first.line("read again");
    assert!(!line.contains("next start") && line.contains("\"INFO\""), "{line}");

    std::fs::write(one.config_file(), "[network]\nlisen = []\n").expect("our own");
    first.signal(Signal::HUP);
    let line = first.line("refused");
    assert!(line.contains("network.listen") && line.contains("ERROR"), "{line}");
    assert_eq!(first.has(1)["peers"][0]["private"], true, "those of before stay");

    // Nobody writes into this pipe: whoever waited for that would never stop.
    std::fs::remove_file(one.config_file()).expect("our own");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
    rustix::fs::mknodat(rustix::fs::CWD, one.config_file(), kind, mode, 0).expect("our own");
    first.signal(Signal::HUP);
    let line = first.line("refused");
    assert!(line.contains("it is a pipe, and a file is needed there") && line.contains("config.toml"), "{line}");
    let output =
        thronosd(&["config", "check", "--home", one.root().to_str().expect("UTF-8")]).output().expect("it runs");
    assert!(said(&output).contains("it is a pipe"), "{}", said(&output));
    std::fs::remove_file(one.config_file()).expect("our own");

    std::fs::write(one.config_file(), before).expect("our own");
    first.signal(Signal::HUP);
    first.line("read again");
    first.is_private(false);
    second.stop();
    first.stop();
}
