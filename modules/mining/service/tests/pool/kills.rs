//! A pool whose process is killed at any moment while it pays: every payee has what it was owed, once.
//!
//! The pool follows a chain that goes on without it, so that what it sent may be final before it comes back.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use node::home::{Home, write_file};
use node::keys::NetworkKey;
use serde_json::Value;
use signing::keystore::{self, Secret, file::Existing};
use signing::{AccountKey, password::Password};
use tokens::TokensCall;
use types::{Amount, List, Network, THR};

use crate::machine::Machine;
use crate::program::thronosd;
use crate::support::{Running, address, key, make_home, start_in};

/// Who mines.
const PAYEES: [u8; 2] = [11, 12];
/// Who pays.
const PAYER: u8 = 13;
/// For so long there are more rounds.
const TIME: Duration = Duration::from_secs(30);
/// What does not come in this time never comes.
const PATIENCE: Duration = Duration::from_secs(90);

fn text(number: u8) -> String {
    address(&key(number)).to_text(Network::Test)
}

fn free_address() -> SocketAddr {
    SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, tryout::free_port()))
}

/// The chain, in this process.
fn chain(root: &Path, listen: &str) -> Running {
    let genesis = crate::support::genesis();
    let directory = tempfile::tempdir_in(root).expect("a directory");
    let (home, config) = make_home(directory.path(), &genesis, &[("network.listen", listen)]);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let running = Running { node: start_in(home, config), directory, chain: genesis::chain_id(&genesis), agent };
    write_file(&root.join("genesis.json"), genesis::to_json(&genesis, &runtime::registry()).as_bytes())
        .expect("a file");
    let call = TokensCall::transfer(THR, address(&key(PAYER)), Amount(500_000_000)).to_call();
    let calls = List::new(vec![call]).expect("one");
    let (status, accepted) = running.submit(&running.transfer(0, |body| body.calls = calls));
    assert_eq!(status, 202, "{accepted}");
    running.final_transaction(accepted["id"].as_str().expect("an id"));
    running
}

/// The key of the account that pays, and its password.
fn make_key(root: &Path) -> [String; 2] {
    let [key_file, password_file] = ["payouts.json", "password"].map(|name| root.join(name));
    let secret = Secret::Key(AccountKey::from_secret(&[PAYER; 32]).expect("a key"));
    let sealed = keystore::seal(&secret, &Password::new("correct horse").expect("a password")).expect("memory");
    for (file, text) in [(&key_file, sealed.as_str()), (&password_file, "correct horse\n")] {
        keystore::file::write_private(file, text.as_bytes(), Existing::Replace).expect("own file");
    }
    [key_file, password_file].map(|path| path.display().to_string())
}

/// A pool in a process of its own.
struct Pool {
    home: Home,
    port: SocketAddr,
    child: Child,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Pool {
    fn start(root: &Path, bootstrap: &str) -> Self {
        let port = free_address();
        let [key_file, password_file] = make_key(root);
        let (operator, pool_listen) = (text(6), port.to_string());
        let settings = [
            ("network.bootstrap", bootstrap),
            ("mining.enabled", "true"),
            ("mining.listen", "127.0.0.1:0"),
            ("mining.pool_listen", pool_listen.as_str()),
            ("mining.pool_operator", operator.as_str()),
            ("mining.difficulty", "0.000001"),
            ("mining.payout_least", "1"),
            ("accounts.mining", key_file.as_str()),
            ("accounts.mining_password_file", password_file.as_str()),
        ];
        let (home, _) = make_home(&root.join("pool"), &crate::support::genesis(), &settings);
        std::fs::copy(root.join("genesis.json"), home.genesis_file()).expect("the same chain");
        std::fs::remove_file(home.network_key_file()).expect("own file");
        NetworkKey::from_seed([8; 32]).write(&home.network_key_file()).expect("a file");
        let child = Self::run(&home);
        Self { home, port, child }
    }

    fn run(home: &Home) -> Child {
        let log = File::options().create(true).append(true).open(home.root().join("said")).expect("own file");
        let mut command = thronosd();
        command.arg("run").arg("--home").arg(home.root()).env_remove("THRONOS_HOME");
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(log);
        command.spawn().expect("the program runs")
    }

    /// At once, with what was not written yet; what the system holds for the disk stays.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn come_again(&mut self) {
        self.child = Self::run(&self.home);
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = thronosd();
        command.arg("mining").args(arguments).arg("--home").arg(self.home.root()).env_remove("THRONOS_HOME");
        command.output().expect("the program runs")
    }

    /// What a command says, as soon as the node answers.
    fn told(&self, arguments: &[&str]) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let output = self.command(&[arguments, &["--json"]].concat());
            if output.status.success() {
                return serde_json::from_slice(&output.stdout).expect("JSON");
            }
            let said = std::fs::read_to_string(self.home.root().join("said")).unwrap_or_default();
            let refused = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(Instant::now() < end, "{arguments:?}: {refused}\n{said}");
            pause(20);
        }
    }

    fn owed(&self) -> Vec<(String, u128)> {
        let list = self.told(&["owed"]);
        let line = |line: &Value| (line["address"].as_str().expect("a text").to_owned(), units(&line["owed"]));
        list["payouts"].as_array().expect("a list").iter().map(line).collect()
    }

    /// Pays until nothing is owed and nothing is under way.
    fn until_paid(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let list = self.told(&["pay"]);
            assert_eq!(list["hold_lifted"], false, "a kill holds no payouts: {list}");
            if list["under_way"].is_null() && self.owed().is_empty() {
                return;
            }
            assert!(Instant::now() < end, "{list}");
            pause(20);
        }
    }
}

fn units(text: &Value) -> u128 {
    text.as_str().and_then(|text| text.parse().ok()).expect("an amount")
}

fn pause(ms: u64) {
    std::thread::park_timeout(Duration::from_millis(ms));
}

// FAULTS HV2
#[test]
fn each_payout_is_made_once_whenever_the_process_that_pays_is_killed() {
    let root = tempfile::tempdir().expect("a directory");
    let listen = format!("/ip4/127.0.0.1/tcp/{}", free_address().port());
    let running = chain(root.path(), &listen);
    let mut pool = Pool::start(root.path(), &listen);
    pool.told(&["owed"]);
    for (number, payee) in (1..).zip(PAYEES) {
        let socket = TcpStream::connect(pool.port).expect("the pool's port");
        let mut machine = Machine::log_in(Box::new(socket), &text(payee));
        assert_eq!(machine.mine(number).0["result"], true);
    }
    // Any sequence will do; a failure names it.
    let seed = crate::support::now_ms();
    let mut state = seed;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut paid: Vec<(String, u128)> = PAYEES.map(|payee| (text(payee), 0)).to_vec();
    let end = Instant::now() + TIME;
    let mut round: u8 = 0;
    while round < 4 || (round < 200 && Instant::now() < end) {
        round += 1;
        let (reference, amount) = (hex::encode([round; 32]), (1_000_000 + u128::from(round)).to_string());
        pool.told(&["income", "--reference", &reference, "--amount", &amount]);
        let owed = pool.owed();
        assert_eq!(owed.len(), PAYEES.len(), "{owed:?}");
        for (name, owed) in owed {
            paid.iter_mut().find(|(known, _)| *known == name).expect("the same payees").1 += owed;
        }
        pool.told(&["pay"]);
        if round == 1 {
            // An account that was never looked at is new to a pool that owes something, and waits for the operator.
            pool.until_paid();
            continue;
        }
        // While it is written down, signed, submitted, awaited or marked; and again while the next start looks at what was left.
        pause(below(400));
        for _ in 0..=below(2) {
            pool.kill();
            pause(below(200));
            pool.come_again();
            pause(below(1_500));
        }
        pool.until_paid();
    }
    for (name, paid) in &paid {
        let account = running.until(&format!("/api/v1/accounts/{name}"), |status, _| status == 200);
        let has = account["balances"].as_array().and_then(|all| all.first()).map_or(0, |first| units(&first["amount"]));
        assert_eq!(has, *paid, "{name} after {round} rounds of the sequence {seed}");
    }
    drop(pool);
    running.node.stop().expect("a clean stop");
}
