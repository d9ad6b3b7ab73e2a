//! Watches the memory of processes while something goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;

use crate::devnet::{Failure, Outcome, Stop};

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(200);
const KIB: u64 = 1024;

/// Resident memory of one node, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Memory {
    pub(super) node: usize,
    pub(super) before: u64,
    pub(super) peak: u64,
    pub(super) after: u64,
}

impl Memory {
    /// How far it has grown at its peak.
    pub(super) const fn grown(&self) -> u64 {
        self.peak.saturating_sub(self.before)
    }
}

/// A thread that looks again and again.
#[derive(Debug)]
pub(super) struct Witness {
    stop: Stop,
    seen: Arc<Mutex<Vec<(u32, Memory)>>>,
    thread: JoinHandle<()>,
}

impl Witness {
    /// Begins to watch these nodes' processes.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn begin(processes: impl Iterator<Item = (usize, u32)>) -> Outcome<Self> {
        let first = |(node, pid)| {
            let now = resident(pid).unwrap_or_default();
            (pid, Memory { node, before: now, peak: now, after: now })
        };
        let seen = Arc::new(Mutex::new(processes.map(first).collect::<Vec<_>>()));
        let (stop, shared) = (Stop::default(), Arc::clone(&seen));
        let told = stop.clone();
        let look = move || {
            while told.pause(INTERVAL).is_ok() {
                for (pid, memory) in shared.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
                    // A process that is gone keeps what was seen last.
                    if let Some(now) = resident(*pid) {
                        (memory.peak, memory.after) = (memory.peak.max(now), now);
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("witness".to_owned()).spawn(look);
        let thread = thread.map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
        Ok(Self { stop, seen, thread })
    }

    /// Ends; what was seen.
    pub(super) fn end(self) -> Vec<Memory> {
        self.stop.wish();
        let _ = self.thread.join();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, memory)| *memory).collect()
    }
}

fn resident(pid: u32) -> Option<u64> {
    in_status(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn in_status(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(KIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_systems_words() {
        assert_eq!(in_status("Name:\tx\nVmRSS:\t   2048 kB\nThreads:\t1\n"), Some(2_097_152));
        assert_eq!(in_status("Name:\tzombie\n"), None);
        assert!(resident(std::process::id()).is_some_and(|bytes| bytes > KIB));
    }
}
