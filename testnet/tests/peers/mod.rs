//! What tests with programs in Python share: the programs, and a miner that gives them something to read.

#![allow(dead_code, reason = "each test uses a part")]

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use lanes::sha256d::Kernel;
use mining_client::mine::run::{HAPPENINGS_MAX, run};
use mining_client::mine::show::{Show, Told};
use mining_client::mine::{Login, Options, Payee, Pays, Pool};
use types::Network;

use super::support::{address, key};

/// The miner's name.
pub const WORKER: &str = "desk";

/// A program that `./setup --peers` installs; where it is missing, what is not run is said past the test harness.
pub fn installed(program: &str, row: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    let found = Path::new(&home).join(".cache/thronos/peers/python/bin").join(program);
    if !found.is_file() {
        let sentence = format!("{row} is not run: {program} is not installed (./setup --peers does it)\n");
        std::io::stderr().write_all(sentence.as_bytes()).unwrap();
        return None;
    }
    Some(found)
}

pub fn miner() -> Payee {
    Payee { address: address(&key(5)), network: Some(Network::Test) }
}

struct Quiet;

impl Show for Quiet {
    fn tell(&mut self, _told: &Told<'_>) {}
}

/// Hands in so many shares as a machine does.
pub fn mine(port: SocketAddr, payee: &Payee, shares: u64) {
    let options = Options {
        pool: Pool { host: port.ip().to_string(), port: port.port(), trust: None },
        login: Login { user: format!("{payee}.{WORKER}"), password: "x".to_owned(), pays: Pays::Only(*payee) },
        kernel: Kernel::best(),
        threads: 1,
        time_max: Some(Duration::from_secs(60)),
        shares_max: Some(shares),
    };
    let summary = run(options, sync_channel(HAPPENINGS_MAX), &mut Quiet).unwrap();
    assert!(summary.accepted >= shares, "{summary:?}");
}
