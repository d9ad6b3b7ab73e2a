//! A job as workers search it: headers of what a pool handed out, one extranonce at a time.
//!
//! It must not know sockets or threads. Invariant: [`Job::take`] gives every extranonce once, whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pow::{CompactBits, Difficulty, Target, WorkHeader, merkle, sha256d};

use super::message::{Extranonce, Notify};

/// Versions that are searched together; more are hardly faster.
pub const VERSIONS_AT_ONCE: usize = 16;
/// Most bits of a version that are rolled: as many as BIP 320 gives to miners.
const ROLLED_BITS_MAX: u32 = 16;

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Rises with every job of a session.
    pub serial: u64,
    /// What the pool said.
    pub notify: Notify,
    /// What it had said of extranonces.
    pub extranonce: Extranonce,
    /// What it had said of the difficulty.
    pub difficulty: Difficulty,
    /// Bits of the version that may be rolled.
    pub mask: u32,
    /// The second extranonce that was not yet taken: of the session, so that jobs that are alike do not repeat one another.
    next: Arc<AtomicU64>,
    /// Where it stood when the job came.
    first: u64,
}

/// What a worker found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The job's serial.
    pub serial: u64,
    /// The pool's name for the job.
    pub job: String,
    /// The second extranonce.
    pub extranonce2: Vec<u8>,
    /// The header's time.
    pub time: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The header's version, and the bits of it that were rolled.
    pub version: u32,
    /// Bits that may be rolled; 0 when the pool does not let them be.
    pub mask: u32,
    /// What the pool asked for.
    pub difficulty: Difficulty,
    /// What the digest is worth.
    pub worth: Difficulty,
}

impl Job {
    /// A job; extranonces are taken from `next`.
    #[must_use]
    pub fn new(
        serial: u64,
        notify: Notify,
        extranonce: Extranonce,
        difficulty: Difficulty,
        mask: u32,
        next: Arc<AtomicU64>,
    ) -> Self {
        let first = next.load(Ordering::Relaxed);
        Self { serial, notify, extranonce, difficulty, mask, next, first }
    }

    /// The same job under another mask. Extranonces go on, so nothing is repeated.
    #[must_use]
    pub fn with_mask(&self, serial: u64, mask: u32) -> Self {
        Self { serial, mask, ..self.clone() }
    }

    /// The largest digest that is a share.
    #[must_use]
    pub fn target(&self) -> Target {
        self.difficulty.target()
    }

    /// A second extranonce that nobody else has; nothing when all are taken, until the next job.
    #[must_use]
    pub fn take(&self) -> Option<Vec<u8>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let bytes = self.extranonce.second_bytes;
        let counted = bytes.min(8);
        let all = u32::try_from(counted * 8).ok().and_then(|bits| 1_u64.checked_shl(bits));
        if all.is_some_and(|all| number.wrapping_sub(self.first) >= all) {
            return None;
        }
        let mut second = vec![0; bytes];
        second[bytes - counted..].copy_from_slice(&number.to_be_bytes()[8 - counted..]);
        Some(second)
    }

    /// The coinbase with an extranonce.
    #[must_use]
    pub fn coinbase(&self, extranonce2: &[u8]) -> Vec<u8> {
        [&self.notify.coinbase1, &self.extranonce.first, extranonce2, &self.notify.coinbase2].concat()
    }

    /// The header with an extranonce; the nonce is 0.
    #[must_use]
    pub fn header(&self, extranonce2: &[u8]) -> WorkHeader {
        let Notify { branch, version, previous, bits, time, .. } = &self.notify;
        let merkle_root = merkle::fold(sha256d(&self.coinbase(extranonce2)), branch);
        let (version, previous, bits, time) = (*version, *previous, CompactBits(bits.0), *time);
        WorkHeader { version, previous, merkle_root, time, bits, nonce: 0 }
    }

    /// The versions to try, each once, in groups that are searched together; the job's own alone when none may be rolled.
    pub fn versions(&self) -> impl Iterator<Item = Vec<u32>> {
        let bits: Vec<u32> =
            (0..u32::BITS).filter(|bit| self.mask >> bit & 1 == 1).take(ROLLED_BITS_MAX as usize).collect();
        let all = 1_u32 << bits.len();
        let own = self.notify.version & !bits.iter().fold(0, |mask, bit| mask | 1 << bit);
        let spread = move |number: u32| {
            let set = bits.iter().enumerate().filter(|(place, _)| number >> place & 1 == 1);
            set.fold(own, |version, (_, bit)| version | 1 << bit)
        };
        let starts = (0..all).step_by(VERSIONS_AT_ONCE);
        starts.map(move |start| (start..all).take(VERSIONS_AT_ONCE).map(&spread).collect())
    }
}
