//! The threads that search, and the board on which the job stands.
//!
//! They must not know a pool. A worker takes an extranonce of its own, tries all its versions and nonces, and looks at the
//! board after every step, so that it leaves an old job within milliseconds.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use lanes::sha256d::{Kernel, Scanner};
use pow::Target;

use super::job::{Job, Share};
use super::run::Happening;

/// Most hashes between two looks at the board: about 15 ms with the widest registers, a quarter of a second in plain words.
const STEP_HASHES_MAX: u64 = 1 << 20;
/// Fewest.
const STEP_HASHES_MIN: u64 = 1 << 10;
/// Shares of a step at a pool with an easy target: few, so that they are handed in before the job changes.
const STEP_SHARES: u64 = 8;

#[derive(Default)]
struct Board {
    /// The job and its number on this board.
    job: Mutex<(u64, Option<Arc<Job>>)>,
    changed: Condvar,
    /// The number again, for a look without the lock.
    number: AtomicU64,
    hashes: AtomicU64,
    stopped: AtomicBool,
}

/// Threads at work. Dropping it ends them.
pub struct Workers {
    board: Arc<Board>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts threads, which report shares as [`Happening::Found`] and end when nobody listens any more.
    #[must_use]
    pub fn start(kernel: Kernel, count: usize, found: &SyncSender<Happening>) -> Self {
        let board = Arc::new(Board::default());
        let thread = |_| {
            let (board, found) = (Arc::clone(&board), found.clone());
            std::thread::spawn(move || board.work(kernel, &found))
        };
        let threads = (0..count).map(thread).collect();
        Self { board, threads }
    }

    /// Puts a job on the board, or takes it away.
    pub fn set(&self, job: Option<Arc<Job>>) {
        let mut held = self.board.held();
        *held = (held.0 + 1, job);
        self.board.number.store(held.0, Ordering::Release);
        self.board.changed.notify_all();
    }

    /// Hashes tried since the start.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.board.hashes.load(Ordering::Relaxed)
    }

    /// Tells the threads to end, without waiting.
    pub fn stop(&self) {
        self.board.stopped.store(true, Ordering::Release);
        self.set(None);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Board {
    fn held(&self) -> MutexGuard<'_, (u64, Option<Arc<Job>>)> {
        self.job.lock().expect("no thread panics while it holds the board")
    }

    /// Waits for a job other than number `done`; nothing at the end.
    fn wait(&self, done: u64) -> Option<(u64, Arc<Job>)> {
        let mut held = self.held();
        loop {
            if self.stopped.load(Ordering::Acquire) {
                return None;
            }
            if let (number, Some(job)) = &*held
                && *number != done
            {
                return Some((*number, Arc::clone(job)));
            }
            held = self.changed.wait(held).expect("no thread panics while it holds the board");
        }
    }

    fn is_current(&self, number: u64) -> bool {
        self.number.load(Ordering::Acquire) == number
    }

    fn work(&self, kernel: Kernel, found: &SyncSender<Happening>) {
        let mut done = 0;
        while let Some((number, job)) = self.wait(done) {
            while let Some(extranonce2) = job.take() {
                if self.search(kernel, number, &job, &extranonce2, found).is_none() {
                    break;
                }
            }
            done = number;
        }
    }

    /// Tries all that an extranonce offers; nothing when the job is not the board's any more.
    fn search(
        &self,
        kernel: Kernel,
        number: u64,
        job: &Job,
        extranonce2: &[u8],
        found: &SyncSender<Happening>,
    ) -> Option<()> {
        let header = job.header(extranonce2).to_bytes();
        let target = job.target();
        let easy = u64::try_from(target.expected_hashes()).unwrap_or(u64::MAX).saturating_mul(STEP_SHARES);
        let step_hashes = easy.clamp(STEP_HASHES_MIN, STEP_HASHES_MAX);
        for versions in job.versions() {
            let scanner = Scanner::new(kernel, &header, &versions, &target.to_le_bytes());
            let versions = versions.len() as u64;
            let step = u32::try_from(step_hashes / versions).expect("at most 2^20");
            let mut nonce = 0_u64;
            while nonce <= u64::from(u32::MAX) {
                let first = u32::try_from(nonce).expect("checked by the loop");
                let count = step.min(u32::MAX - first);
                // The last nonce is one step by itself.
                let count = count.max(1);
                for hit in scanner.scan(first, count) {
                    let worth = Target::from_le_bytes(hit.digest).unwrap_or(Target::HARDEST).difficulty();
                    let share = Share {
                        serial: job.serial,
                        job: job.notify.id.clone(),
                        extranonce2: extranonce2.to_vec(),
                        time: job.notify.time,
                        nonce: hit.nonce,
                        version: hit.version,
                        mask: job.mask,
                        difficulty: job.difficulty,
                        worth,
                    };
                    if !self.is_current(number) {
                        return None;
                    }
                    found.send(Happening::Found(share)).ok()?;
                }
                self.hashes.fetch_add(u64::from(count) * versions, Ordering::Relaxed);
                if !self.is_current(number) {
                    return None;
                }
                nonce += u64::from(count);
            }
        }
        Some(())
    }
}
