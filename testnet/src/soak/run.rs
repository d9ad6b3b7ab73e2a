//! `cargo x soak` from its first line to its last.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;
use types::Amount;

use super::Options;
use super::client::Sender;
use super::faults::{Chance, Fault};
use super::oracle::{Line, Oracle};
use super::verdict::{Reader, Scope, check_acknowledged, last_look};
use crate::devnet::{Failure, Layout, LocalNetwork, Outcome, Plan, Ports, Programs, Stop};
use crate::spoken::{heard, speak};
use crate::trial::Trials;

/// A node that was killed must be ready again within this.
const READY_PATIENCE: Duration = Duration::from_secs(60);
/// One µTHR is enough to be seen.
const AMOUNT: Amount = Amount(1);

/// How often what was done.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
struct Tally {
    kills: u32,
    kills_in_recovery: u32,
    holds: u32,
    kills_of_all: u32,
    checks: u32,
}

/// One run.
struct Soak {
    network: LocalNetwork,
    oracle: Arc<Mutex<Oracle>>,
    readers: Vec<Reader>,
    tally: Tally,
}

/// Does what was typed; prints what was broken.
#[must_use]
pub fn run(options: &Options, trials: Trials) -> ExitCode {
    let seed = options.seed.unwrap_or_else(fresh_seed);
    let say = |text: &str| eprintln!("{text}");
    say(&format!(
        "seed {seed}: repeat with `cargo x soak --minutes {} --validators {} --seed {seed}`",
        options.minutes, options.validators
    ));
    let (ok, document) = match perform(options, trials, seed, &say) {
        Ok(document) => (document["ok"] == true, document),
        Err(failure) => {
            let logs: Vec<String> = failure.logs().iter().map(|log| log.display().to_string()).collect();
            (
                false,
                json!({ "ok": false, "seed": seed, "error": failure.to_string(), "home": options.home, "logs": logs }),
            )
        }
    };
    speak(&document.to_string());
    heard(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn fresh_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Chance::new(since.as_secs() ^ u64::from(since.subsec_nanos()).rotate_left(32)).next() % 1_000_000
}

fn perform(options: &Options, trials: Trials, seed: u64, say: &dyn Fn(&str)) -> Outcome<serde_json::Value> {
    let validators = usize::from(options.validators);
    let layout = Layout::new(&options.home)?;
    let ports = Ports::new(options.base_port, validators)?;
    let programs = Programs::find()?;
    let stop = Stop::on_signals()?;
    for index in 0..validators {
        ports.check_free(index)?;
    }
    layout.claim()?;
    layout.wipe()?;
    let plan = Plan::new(layout, ports, validators, trials);
    let mut network = LocalNetwork::create(plan, programs, stop, |_| {})?;
    network.start(|ready, count| say(&format!("{ready} of {count} nodes are ready")))?;
    let oracle = Oracle::begin(&network.plan.layout.root().join("oracle.jsonl"), seed)?;
    let mut soak = Soak {
        readers: vec![Reader::default(); validators],
        oracle: Arc::new(Mutex::new(oracle)),
        tally: Tally::default(),
        network,
    };
    let outcome = soak.whole(options, seed, say);
    let stopped = soak.network.stop_all();
    let transfers = outcome?;
    stopped?;
    soak.document(seed, transfers)
}

impl Soak {
    fn whole(&mut self, options: &Options, seed: u64, say: &dyn Fn(&str)) -> Outcome<u64> {
        let rest = Stop::default();
        let senders = self.senders(&rest)?;
        let end = Instant::now() + Duration::from_secs_f64(options.minutes * 60.0);
        let mut chance = Chance::new(seed);
        let mut outcome = Ok(());
        while Instant::now() < end && outcome.is_ok() {
            outcome = self.one_fault(&mut chance, say);
        }
        rest.wish();
        let mut transfers = 0;
        for sender in senders {
            let count = sender.join().map_err(|_| Failure::new("a sender panicked"))?;
            transfers += count?;
        }
        outcome?;
        say(&format!("{transfers} transfers were acknowledged; the last look at all nodes"));
        last_look(&mut self.network, &mut self.readers, &self.oracle)?;
        Ok(transfers)
    }

    fn senders(&self, rest: &Stop) -> Outcome<Vec<std::thread::JoinHandle<Outcome<u64>>>> {
        let (alice, bob) = (&self.network.wallets.alice, &self.network.wallets.bob);
        let pairs = [(alice, bob), (bob, alice)];
        let transfers = self.network.plan.transfers()?;
        let nodes: Vec<_> = self.network.nodes.iter().map(|node| node.client().clone()).collect();
        let start = |(from, to): (&crate::devnet::Person, &crate::devnet::Person)| {
            let sender = Sender {
                from: from.key.clone(),
                call: (transfers.call)(to.address(), AMOUNT),
                chain: self.network.chain.clone(),
                nodes: nodes.clone(),
                oracle: Arc::clone(&self.oracle),
                stop: rest.clone(),
            };
            sender.start()
        };
        pairs.into_iter().map(start).collect()
    }

    /// A pause, a fault, the return of whoever was hit, and a look at what it remembers.
    fn one_fault(&mut self, chance: &mut Chance, say: &dyn Fn(&str)) -> Outcome<()> {
        let (pause, fault) = chance.fault(self.network.nodes.len());
        self.network.stop.pause(pause)?;
        say(&format!("{fault:?}"));
        let hit = self.inflict(fault)?;
        for node in hit {
            self.welcome(node)?;
        }
        Ok(())
    }

    fn inflict(&mut self, fault: Fault) -> Outcome<Vec<usize>> {
        match fault {
            Fault::Kill { node, away } => {
                self.kill(node, "killed")?;
                self.network.stop.pause(away)?;
                self.network.node(node)?.start()?;
                Ok(vec![node])
            }
            Fault::KillTwice { node, recovering } => {
                self.kill(node, "killed")?;
                self.network.node(node)?.start()?;
                self.network.stop.pause(recovering)?;
                self.tally.kills_in_recovery += u32::from(self.network.node(node)?.ask_ready()?.is_err());
                self.kill(node, "killed_again")?;
                self.network.node(node)?.start()?;
                Ok(vec![node])
            }
            Fault::Hold { node, held } => {
                self.note(node, "held")?;
                self.tally.holds += 1;
                self.network.node(node)?.pause()?;
                let paused = self.network.stop.pause(held);
                self.network.node(node)?.resume()?;
                paused.map(|()| vec![node])
            }
            Fault::KillPair { nodes: (one, other), away } => {
                self.kill(one, "killed")?;
                self.kill(other, "killed")?;
                self.network.stop.pause(away)?;
                self.network.node(one)?.start()?;
                self.network.node(other)?.start()?;
                Ok(vec![one, other])
            }
            Fault::KillAll => {
                self.tally.kills_of_all += 1;
                let all: Vec<usize> = (0..self.network.nodes.len()).collect();
                for node in &all {
                    self.kill(*node, "killed")?;
                }
                for node in &all {
                    self.network.node(*node)?.start()?;
                }
                Ok(all)
            }
        }
    }

    fn kill(&mut self, node: usize, what: &'static str) -> Outcome<()> {
        self.note(node, what)?;
        self.tally.kills += 1;
        self.network.node(node)?.kill()
    }

    fn note(&self, node: usize, what: &'static str) -> Outcome<()> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner).write(&Line::Fault { node, what })
    }

    /// Waits until a node is ready again, then holds it against what was written down.
    fn welcome(&mut self, node: usize) -> Outcome<()> {
        let stop = self.network.stop.clone();
        self.network.node(node)?.wait_ready(READY_PATIENCE, &stop)?;
        self.network.wait_voting(node, READY_PATIENCE)?;
        check_acknowledged(&mut self.network, node, &self.oracle, Scope::Newest)?;
        let client = self.network.node(node)?.client().clone();
        if let Some(reader) = self.readers.get_mut(node) {
            reader.read(node, &client, &self.network.chain, &self.oracle)?;
        }
        self.tally.checks += 1;
        Ok(())
    }

    fn document(&self, seed: u64, transfers: u64) -> Outcome<serde_json::Value> {
        let oracle = self.oracle.lock().unwrap_or_else(PoisonError::into_inner);
        let logs: Vec<_> = self.network.nodes.iter().map(|node| node.log().display().to_string()).collect();
        Ok(json!({
            "ok": oracle.violations().is_empty(),
            "seed": seed,
            "violations": oracle.violations(),
            "transfers": transfers,
            "height": oracle.newest(),
            "faults": self.tally,
            "oracle": oracle.path(),
            "logs": if oracle.violations().is_empty() { Vec::new() } else { logs },
        }))
    }
}
