//! `thronos mine` as a process beside the nodes: the real program with one thread, that gives way to everything else.
//!
//! It must not speak Stratum; what it knows is what the program tells, one JSON object per line. A miner never outlives what
//! started it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use lanes::sha256d::Kernel;
use serde::Deserialize;
use testnet::devnet::{Failure, Outcome, Programs, launch};

/// What gives way to everything else.
const NICE: &str = "nice";

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speed {
    /// As fast as one core can.
    Full,
    /// A few million hashes a second: what a check needs, and kind to a busy machine.
    Plain,
    /// About three times as many.
    Brisk,
}

impl Speed {
    /// Which loop the program is told to use; none for the best that the processor has.
    fn kernel(self) -> Option<Kernel> {
        let brisk = [Kernel::Avx2, Kernel::ShaExtensions].into_iter().find(|kernel| kernel.is_available());
        match self {
            Self::Full => None,
            Self::Plain => Some(Kernel::Scalar),
            Self::Brisk => Some(brisk.unwrap_or(Kernel::Scalar)),
        }
    }
}

/// Where and for whom to mine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    /// Port of a node on this machine.
    pub(super) port: u16,
    /// Payout address.
    pub(super) address: &'a str,
    /// The worker's name.
    pub(super) worker: &'a str,
    /// How to search.
    pub(super) speed: Speed,
    /// Where what it writes for people goes.
    pub(super) log: &'a Path,
}

/// What a miner has told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    /// Hashes since the start.
    pub(super) hashes: u64,
    /// Of the last seconds.
    pub(super) hashes_per_second: u64,
    /// Shares that the node took.
    pub(super) accepted: u64,
    /// Shares that it refused.
    pub(super) rejected: u64,
    /// How often the connection was lost.
    pub(super) lost: u64,
    /// How often it was let in.
    pub(super) authorized: u64,
    /// Why the newest refused share was refused.
    pub(super) why: String,
}

impl std::fmt::Display for Told {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hashes, hashes_per_second, accepted, .. } = self;
        let accepted = types::counted(*accepted, "share");
        write!(formatter, "has done {hashes} hashes, {hashes_per_second} a second of late; {accepted} accepted")
    }
}

/// What a miner tells, for whoever waits for it.
#[derive(Clone, Debug)]
pub(super) struct Hearsay(Arc<Mutex<Told>>);

impl Hearsay {
    /// So far.
    pub(super) fn read(&self) -> Told {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A line of the program; other fields are not of interest here.
#[derive(Debug, Default, Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    hashes: u64,
    #[serde(default)]
    hashes_per_second: u64,
    #[serde(default)]
    why: String,
}

impl Told {
    fn hear(&mut self, line: Line) {
        match line.event.as_str() {
            "status" => (self.hashes, self.hashes_per_second) = (line.hashes, line.hashes_per_second),
            "end" => self.hashes = line.hashes,
            "accepted" => self.accepted += 1,
            "rejected" => {
                self.rejected += 1;
                self.why = line.why;
            }
            "lost" => self.lost += 1,
            "authorized" => self.authorized += 1,
            _ => {}
        }
    }
}

/// A running miner.
#[derive(Debug)]
pub(super) struct Miner {
    child: Child,
    told: Arc<Mutex<Told>>,
}

impl Miner {
    /// Starts the program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(programs: &Programs, task: Task<'_>) -> Outcome<Self> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(task.log);
        let log = log.map_err(Failure::file("open", task.log))?;
        let mut command = launch::below_this_process(Path::new(NICE))?;
        command.arg("-n").arg("19").arg(&programs.client).arg("mine").arg("--json").arg("--threads").arg("1");
        command.arg("--pool").arg(format!("127.0.0.1:{}", task.port));
        command.arg("--address").arg(task.address).arg("--worker").arg(task.worker);
        if let Some(kernel) = task.speed.kernel() {
            command.arg("--kernel").arg(kernel.name());
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let failed = |error| Failure::new(format!("cannot start the miner: {error}"));
        let mut child = command.spawn().map_err(failed)?;
        let told = Arc::new(Mutex::new(Told::default()));
        if let Some(lines) = child.stdout.take() {
            let told = told.clone();
            // It ends with the program.
            std::thread::spawn(move || {
                for line in BufReader::new(lines).lines().map_while(Result::ok) {
                    if let Ok(line) = serde_json::from_str(&line) {
                        told.lock().unwrap_or_else(PoisonError::into_inner).hear(line);
                    }
                }
            });
        }
        Ok(Self { child, told })
    }

    /// What it has told so far.
    pub(super) fn told(&self) -> Told {
        self.hearsay().read()
    }

    /// The same for whoever goes on listening.
    pub(super) fn hearsay(&self) -> Hearsay {
        Hearsay(Arc::clone(&self.told))
    }

    /// Fails when the program has ended.
    ///
    /// # Errors
    /// How it ended.
    pub(super) fn check_running(&mut self) -> Outcome<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Failure::new(format!("the miner ended ({status})"))),
            Err(error) => Err(Failure::new(format!("cannot ask for the miner: {error}"))),
        }
    }
}

/// A miner has nothing to save.
impl Drop for Miner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_tells_is_counted() {
        let mut told = Told::default();
        for line in [
            r#"{"event":"authorized","time_ms":1}"#,
            r#"{"event":"accepted","worth":"2","difficulty":"1","time_ms":2}"#,
            r#"{"event":"status","hashes":500,"hashes_per_second":50,"best":null,"time_ms":3}"#,
            r#"{"event":"rejected","worth":"2","difficulty":"1","why":"Stale job","time_ms":4}"#,
            r#"{"event":"lost","why":"gone","again_s":1,"time_ms":5}"#,
        ] {
            told.hear(serde_json::from_str(line).expect("a line of the program"));
        }
        assert_eq!((told.authorized, told.accepted, told.rejected, told.lost), (1, 1, 1, 1));
        assert_eq!((told.hashes, told.hashes_per_second, told.why.as_str()), (500, 50, "Stale job"));
        assert_eq!(told.to_string(), "has done 500 hashes, 50 a second of late; 1 share accepted");
    }
}
