//! One validator's home, copied while its network runs, and started beside the original. FAULTS HA3, C20, S9.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use genesis::{GenesisBuilder, LocalNetwork};
use node::home::{Home, write_file};
use node::keys::{NetworkKey, Password, ValidatorKey};
use types::{Genesis, GenesisValidator, Power, TimeMs};

const PASSWORD: &str = "correct horse";
const VALIDATORS: u8 = 4;
/// What a node says that has heard its own key.
const TWIN: &str = "not voting: another machine votes with this key";
/// Two epochs and more, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running daemon and the lines of its log.
struct Daemon {
    child: Child,
    log: Receiver<String>,
    heard: Vec<String>,
}

impl Daemon {
    fn start(home: &Path, password: &Path, settings: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thronosd"));
        command.args(["run", "--log-format", "json", "--home"]).arg(home).arg("--password-file").arg(password);
        command.args(settings.iter().flat_map(|setting| ["--set", setting]));
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, log) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, log, heard: Vec::new() }
    }

    /// Waits until the log says something like this.
    fn until_it_says(&mut self, what: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.heard.push(line.clone());
            if line.contains(what) {
                return line;
            }
        }
        panic!("it never says \"{what}\": {:#?}", self.heard);
    }

    /// Everything that it said up to now.
    fn said(&mut self) -> &[String] {
        self.heard.extend(self.log.try_iter());
        &self.heard
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn key_of(place: u8) -> (ValidatorKey, NetworkKey) {
    let seed = [place + 20; 32];
    (ValidatorKey::from_secret(crypto::bls::SecretKey::from_ikm(&seed)), NetworkKey::from_seed(seed))
}

/// Four validators, epochs of a few seconds.
fn short_epochs() -> Genesis {
    let validators = (0..VALIDATORS).map(|place| {
        let (validator, network) = key_of(place);
        let entry = validator.entry(network.peer_key().expect("a seed"));
        let account = support::address(&support::key(100 + place));
        GenesisValidator { key: entry.key, possession: entry.possession, power: Power(1), account, peer: entry.peer }
    });
    let network = LocalNetwork {
        name: "homes".to_owned(),
        time: TimeMs(support::now_ms() - 1_000),
        ecosystem: support::address(&support::key(8)),
        validators: validators.collect(),
        accounts: Vec::new(),
    };
    let genesis = genesis::local_network(&runtime::registry(), network).expect("a sound genesis");
    let short = GenesisBuilder::from_genesis(&runtime::registry(), &genesis).parameters(|parameters| {
        parameters.timing.epoch_length_ms = 4_000;
        parameters.timing.block_interval_empty_ms = 500;
    });
    short.build().expect("a sound genesis")
}

struct Network {
    directory: tempfile::TempDir,
    password: PathBuf,
    ports: Vec<u16>,
    daemons: Vec<Daemon>,
}

impl Network {
    /// Starts four validators and waits until each votes.
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let password = directory.path().join("password");
        write_file(&password, PASSWORD.as_bytes()).expect("a file");
        let ports = tryout::free_ports::<{ VALIDATORS as usize + 1 }>().to_vec();
        let mut network = Self { directory, password, ports, daemons: Vec::new() };
        let genesis = genesis::to_json(&short_epochs(), &runtime::registry());
        for place in 0..VALIDATORS {
            let home = network.home(place);
            let (validator, key) = key_of(place);
            home.create().expect("a directory");
            write_file(&home.config_file(), b"# Nothing but defaults.\n").expect("a file");
            write_file(&home.genesis_file(), genesis.as_bytes()).expect("a file");
            key.write(&home.network_key_file()).expect("a file");
            validator.write_new(&home.validator_key_file(), &Password::new(PASSWORD)).expect("a file");
            home.begin_lease(validator.public()).expect("a file");
            network.run(home.root(), place);
        }
        network.daemons.iter_mut().for_each(|daemon| drop(daemon.until_it_says("voting as validator")));
        network
    }

    fn home(&self, place: u8) -> Home {
        Home::new(self.directory.path().join(format!("node-{place}")))
    }

    /// Runs a daemon in a home, on the ports of a place.
    fn run(&mut self, home: &Path, place: u8) {
        let address = |of: u8| format!("/ip4/127.0.0.1/tcp/{}", self.ports[usize::from(of)]);
        let known = (0..VALIDATORS).filter(|other| *other != place && self.home(*other).root() != home).map(|other| {
            let peer = node::peer_id::text(&key_of(other).1.peer_key().expect("a seed"));
            format!("{}/p2p/{peer}", address(other))
        });
        let settings = [
            format!("network.listen={}", address(place)),
            format!("network.bootstrap={}", known.collect::<Vec<_>>().join(",")),
            "network.private_addresses=true".to_owned(),
            "api.listen=127.0.0.1:0".to_owned(),
            "metrics.listen=127.0.0.1:0".to_owned(),
        ];
        let daemon = Daemon::start(home, &self.password, &settings);
        self.daemons.push(daemon);
    }

    /// Copies the last validator's home as it is now, and gives the copy.
    fn copy_home(&self) -> PathBuf {
        let copy = self.directory.path().join("copy");
        copy_folder(self.home(VALIDATORS - 1).root(), &copy);
        copy
    }

    /// The original goes on voting, and nobody has proof of a contradiction.
    fn assert_unharmed(&mut self) {
        let (mut others, original) = (self.daemons.drain(..).collect::<Vec<_>>(), usize::from(VALIDATORS) - 1);
        for daemon in &mut others[..usize::from(VALIDATORS)] {
            let said = daemon.said();
            assert!(!said.iter().any(|line| line.contains("contradicts itself")), "{said:#?}");
        }
        let said = others[original].said();
        assert!(!said.iter().any(|line| line.contains(TWIN)), "{said:#?}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    fs::set_permissions(to, fs::metadata(from).expect("it is there").permissions()).expect("our own");
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("a directory");
        let to = to.join(entry.file_name());
        let kind = entry.file_type().expect("a directory");
        if kind.is_dir() {
            copy_folder(&entry.path(), &to);
        } else if kind.is_socket() {
            // What a running node listens on is no part of a copy.
        } else if let Err(error) = fs::copy(entry.path(), &to) {
            // The database removes files while it runs.
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", entry.path().display());
        }
    }
}

/// Gives a copied home a network key of its own, as whoever copies only the validator's key does.
fn renew_network_key(home: &Path) {
    let file = Home::new(home).network_key_file();
    fs::remove_file(&file).expect("it is there");
    NetworkKey::from_seed([99; 32]).write(&file).expect("a file");
}

#[test]
fn a_home_put_back_beside_its_network_follows_and_never_votes() {
    let mut network = Network::start();
    let copy = network.copy_home();
    renew_network_key(&copy);
    network.run(&copy, VALIDATORS);
    let daemon = network.daemons.last_mut().expect("just started");
    daemon.until_it_says("this home was copied, cloned or put back");
    daemon.until_it_says(TWIN);
    let said = daemon.said();
    assert!(!said.iter().any(|line| line.contains("voting as validator")), "{said:#?}");
    network.assert_unharmed();
}

// FAULTS HC8
#[test]
fn of_two_machines_with_one_home_the_first_goes_on_and_the_other_says_why_it_waits() {
    let mut network = Network::start();
    let copy = network.copy_home();
    network.run(&copy, VALIDATORS);
    let daemon = network.daemons.last_mut().expect("just started");
    daemon.until_it_says("another machine runs with this node's network key, say validators with");
    let said = daemon.said();
    assert!(!said.iter().any(|line| line.contains("voting as validator")), "{said:#?}");
    let original = &mut network.daemons[usize::from(VALIDATORS) - 1];
    let lost = original.said().iter().filter(|line| line.contains("peer disconnected")).count();
    assert!(lost < usize::from(VALIDATORS), "each peer lets the original go at most once: {lost}");
    network.assert_unharmed();
}

#[test]
fn a_clone_that_an_operator_took_for_the_only_one_hears_the_original_and_stops_for_good() {
    let mut network = Network::start();
    let copy = network.directory.path().join("copy");
    let allow = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thronosd"));
        command.args(["keys", "allow-votes", "--above", "0:0", "--i-have-checked", "--home"]).arg(&copy);
        command.output().expect("the program runs")
    };
    let said = |answer: &Output| String::from_utf8_lossy(&answer.stderr).into_owned();
    // The lease that is copied along reaches further as soon as the original has voted, so that word does not count.
    let begun = Instant::now();
    let refused = loop {
        network.copy_home();
        renew_network_key(&copy);
        let answer = allow();
        if !answer.status.success() {
            break said(&answer);
        }
        assert!(begun.elapsed() < PATIENCE, "{answer:?}");
        fs::remove_dir_all(&copy).expect("our own");
    };
    assert!(refused.contains("[bound_below_lease]"), "{refused}");
    for folder in ["log", "lease"] {
        let folder = copy.join("data").join(folder);
        assert!(refused.contains(&folder.display().to_string()), "{refused}");
        fs::rename(&folder, folder.with_extension("kept")).expect("our own");
    }
    let answer = allow();
    assert!(answer.status.success(), "{}", said(&answer));
    for _ in 0..2 {
        network.run(&copy, VALIDATORS);
        let mut daemon = network.daemons.pop().expect("just started");
        daemon.until_it_says(TWIN);
        let said = daemon.said();
        assert!(!said.iter().any(|line| line.contains("voting as validator")), "also after a restart: {said:#?}");
    }
    network.assert_unharmed();
}
