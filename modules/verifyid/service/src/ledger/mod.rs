//! The ledger of verifications: what was acknowledged, until the chain has it.
//!
//! `batcher` is the pure core, `record` what it writes down, `files` the closed batches, which `index` finds, `tab` what counts beside the chain's
//! figures. Here they meet the disk. It must not know HTTP, nor how a batch is sent. Invariants: what was told is in the ledger before; a
//! record is on the disk before it has an effect; the file is never longer than its bound.

pub(crate) mod batcher;
pub(crate) mod files;
mod index;
pub(crate) mod record;
pub(crate) mod tab;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service::Refusal;
use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog};
use types::{Address, Network};
use verifyid::month_of;

use crate::metrics::Counts;
use batcher::{Batcher, DueBatch, OPEN_MAX, WAITING_MAX};
use files::BatchFiles;
use record::{ACKNOWLEDGED_BYTES, Acknowledged, Attempt, ClosedBatch, LedgerRecord};
use tab::Tab;

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "leaves";
/// Most leaves in one record.
const RECORD_LEAVES_MAX: usize = 1_024;
/// How much the file takes.
pub(crate) const BOUNDS: LogBounds =
    LogBounds { record_bytes_max: 16 + RECORD_LEAVES_MAX * ACKNOWLEDGED_BYTES, file_bytes_max: 48 << 20 };
/// It is written anew when it is longer: what must be kept takes less, as a test counts.
const BYTES_MAX: u64 = 32 << 20;
/// Verdicts on their way into the ledger, beside what is in it.
const ON_THE_WAY_MAX: usize = 8_192;
/// Most verdicts of one customer and open batch that are not good and that anybody may have brought about.
const FAILURES_MAX: usize = 1_024;

/// What the chain would not take is looked at again after this.
const HELD_MS: u64 = 600_000;
/// So many are put off in one look: each is found among all open ones.
const HELD_MAX: usize = 256;

/// Whether the chain would take a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// As far as is known.
    Now,
    /// Not as things stand.
    NotNow,
}

/// A verification on its way into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewLeaf {
    pub(crate) leaf: Acknowledged,
    /// Whether anybody may have asked for it.
    pub(crate) is_anybodys: bool,
}

/// A good verification on its customer's month, which is given back unless it is kept.
#[must_use]
pub(crate) struct Counted {
    /// Where it is given back; nothing once it is kept.
    ledger: Option<Arc<Ledger>>,
    customer: Address,
    month: u32,
}

impl Counted {
    /// One that [`Tab::add_below`] has counted.
    pub(crate) fn new(ledger: Arc<Ledger>, customer: Address, month: u32) -> Self {
        Self { ledger: Some(ledger), customer, month }
    }

    /// It stands in the ledger.
    pub(crate) fn keep(mut self) {
        self.ledger = None;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(ledger) = &self.ledger {
            ledger.tab.take_back(&self.customer, self.month);
        }
    }
}

/// The ledger.
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
    files: BatchFiles,
    tab: Tab,
    verifier: Address,
    open_leaves: AtomicUsize,
    /// Batches can be closed; otherwise nothing more is acknowledged once the room is used up.
    is_full: AtomicBool,
    counts: Counts,
}

struct Inner {
    log: Log,
    batcher: Batcher,
    /// The last write failed: what stands in the file is not known before it is written anew.
    is_failing: bool,
}

impl Ledger {
    /// Reads what was acknowledged and is not on the chain.
    ///
    /// # Errors
    /// `leaves_log`: it is damaged, of another account, or cannot be used.
    pub(crate) fn open(
        folder: &Path,
        (verifier, network): (Address, Network),
        counts: Counts,
    ) -> Result<Arc<Self>, Refusal> {
        let path = folder.join(FILE);
        let OpenedLog { mut log, records, torn_bytes, .. } =
            Log::open(&path, BOUNDS, OnDamage::Refuse).map_err(|error| refusal(&error))?;
        if torn_bytes > 0 {
            tracing::warn!(bytes = torn_bytes, "an incomplete last record of acknowledged verifications was cut off");
        }
        let mut batcher = replay(&records).ok_or_else(|| {
            let what = format!("{} holds a record that this version does not know", path.display());
            Refusal::new("leaves_log", format!("{what}; start the version that wrote it, or a newer one"))
        })?;
        match batcher.verifier() {
            Some(of) if of != verifier => {
                return Err(of_another(&path, &of.to_text(network), &verifier.to_text(network)));
            }
            Some(_) => {}
            None => {
                let opened = LedgerRecord::Opened { verifier, next: 0, last: None };
                log.append([opened.to_bytes().as_slice()]).map_err(|error| refusal(&error))?;
                batcher.take(&opened);
            }
        }
        let tab = Tab::default();
        batcher.unsettled().for_each(|one| tab.add(one));
        let ledger = Self {
            files: BatchFiles::new(folder),
            tab,
            verifier,
            open_leaves: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            counts,
            inner: Mutex::new(Inner { log, batcher, is_failing: false }),
        };
        ledger.show(&ledger.inner());
        Ok(Arc::new(ledger))
    }

    /// The account that puts batches on the chain.
    pub(crate) const fn verifier(&self) -> Address {
        self.verifier
    }

    /// What counts beside the chain's figures.
    pub(crate) const fn tab(&self) -> &Tab {
        &self.tab
    }

    /// The files of closed batches.
    pub(crate) const fn files(&self) -> &BatchFiles {
        &self.files
    }

    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether another verdict finds room.
    pub(crate) fn has_room(&self) -> bool {
        self.open_leaves.load(Ordering::Relaxed) < OPEN_MAX.saturating_sub(ON_THE_WAY_MAX)
            && !self.is_full.load(Ordering::Relaxed)
    }

    /// Writes verdicts down and syncs them. They may be told then. Waits for the disk.
    ///
    /// # Errors
    /// [`LogError`]; none of them is in the ledger then, or it is not known and the file is written anew before anything else is.
    pub(crate) fn write(&self, leaves: &[NewLeaf]) -> Result<(), LogError> {
        let mut inner = self.inner();
        let mut failures = std::collections::BTreeMap::new();
        let mut kept = Vec::with_capacity(leaves.len());
        for NewLeaf { leaf, is_anybodys } in leaves {
            let key = (leaf.customer, month_of(leaf.time));
            if *is_anybodys && !leaf.is_ok() {
                // A flood of wrong answers fills no customer's batches.
                let new: &mut usize = failures.entry(key).or_default();
                if inner.batcher.failures(&key.0, key.1).saturating_add(*new) >= FAILURES_MAX {
                    self.counts.leaf_left_out();
                    continue;
                }
                *new = new.saturating_add(1);
            }
            kept.push(*leaf);
        }
        for leaves in kept.chunks(RECORD_LEAVES_MAX) {
            inner.write(&LedgerRecord::Leaves(leaves.to_vec()))?;
        }
        self.counts.leaves(kept.len());
        self.show(&inner);
        Ok(())
    }

    /// Writes a step of a batch down, and has it take effect. Waits for the disk.
    ///
    /// # Errors
    /// [`LogError`]; it has no effect then.
    pub(crate) fn note(&self, record: &LedgerRecord) -> Result<(), LogError> {
        let mut inner = self.inner();
        let settled = inner.write(record)?;
        self.show(&inner);
        drop(inner);
        if let Some(settled) = settled {
            self.tab.settle(settled);
        }
        Ok(())
    }

    /// Closes the batches that are due, their files first, once `cut` has left out what is better in the next one. One that is due for its age
    /// alone and of which `cut` says that the chain would not take it is looked at again later. Waits for the disk.
    ///
    /// # Errors
    /// [`LogError`]: the rest stays open, and is closed later.
    pub(crate) fn close_due(
        &self,
        now_ms: u64,
        open_ms: u64,
        cut: impl Fn(&mut DueBatch) -> Taken,
    ) -> Result<(), LogError> {
        let mut held = 0_usize;
        loop {
            // Nobody else closes, so its leaves stay the first ones while they are written.
            let due = self.inner().batcher.due(now_ms, open_ms);
            let Some(mut due) = due else { return Ok(()) };
            if cut(&mut due) == Taken::NotNow && due.may_wait() {
                self.inner().batcher.hold(&due, now_ms.saturating_add(HELD_MS));
                held = held.saturating_add(1);
                if held >= HELD_MAX {
                    return Ok(());
                }
                continue;
            }
            let Some(closed) = due.close() else { return Ok(()) };
            self.files.write(&closed, &due.leaves)?;
            self.note(&LedgerRecord::Closed(closed))?;
            let ClosedBatch { number, leaves, ok, .. } = closed;
            tracing::debug!(number, leaves, ok, "a batch of verifications is closed");
        }
    }

    /// Reads the pure core.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Batcher) -> T) -> T {
        question(&self.inner().batcher)
    }

    /// The batch that is on its way.
    pub(crate) fn under_way(&self) -> Option<(ClosedBatch, Attempt)> {
        self.ask(Batcher::under_way)
    }

    /// A batch is not tried again before.
    pub(crate) fn postpone(&self, number: u64, until_ms: u64) {
        self.inner().batcher.postpone(number, until_ms);
    }

    fn show(&self, inner: &Inner) {
        let (open, waiting) = (inner.batcher.open_leaves(), inner.batcher.waiting());
        self.open_leaves.store(open, Ordering::Relaxed);
        self.is_full.store(waiting >= WAITING_MAX && open >= OPEN_MAX / 2, Ordering::Relaxed);
        self.counts.waiting(open, waiting);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, record: &LedgerRecord) -> Result<Option<batcher::Settled>, LogError> {
        if self.is_failing {
            self.rewrite()?;
            self.is_failing = false;
        } else if self.log.bytes() > BYTES_MAX
            && let Err(error) = self.rewrite()
        {
            // One that is too long for more says so itself.
            tracing::warn!(%error, "the ledger of verifications could not be made shorter");
        }
        if !self.batcher.goes_with(record) {
            // A file with it would be refused at the next start.
            tracing::error!(?record, "a step of a batch does not follow on the one before, and is not written down");
            return Ok(None);
        }
        let written = self.log.append([record.to_bytes().as_slice()]);
        self.is_failing = written.is_err();
        written?;
        Ok(self.batcher.take(record))
    }

    fn rewrite(&mut self) -> Result<(), LogError> {
        let records: Vec<_> = self.batcher.records(RECORD_LEAVES_MAX).iter().map(LedgerRecord::to_bytes).collect();
        self.log.rewrite(records.iter().map(Vec::as_slice))
    }
}

/// Whether these are records of this version that go together.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    replay(records).is_some()
}

fn replay(records: &[Vec<u8>]) -> Option<Batcher> {
    let mut batcher = Batcher::default();
    for record in records {
        let record = LedgerRecord::from_bytes(record).filter(|record| batcher.goes_with(record))?;
        batcher.take(&record);
    }
    Some(batcher)
}

fn of_another(path: &Path, of: &str, named: &str) -> Refusal {
    let what = format!("{} is the ledger of the account {of}, and `accounts.verifyid` names {named}", path.display());
    let hint = "name the former key again until its batches are on the chain, or move the file away: what is in it then comes into no batch";
    Refusal::new("leaves_log", format!("{what}; {hint}"))
}

fn refusal(error: &LogError) -> Refusal {
    let hint = match error {
        LogError::Damaged { .. } | LogError::TooLong { .. } => {
            "verifications that were acknowledged may be missing in it: restore it from the disk if you can, or move the file away; what was \
             acknowledged and is not on the chain then comes into no batch"
        }
        _ => "check the disk and who owns the file",
    };
    Refusal::new("leaves_log", format!("{error}; {hint}"))
}

#[cfg(test)]
mod tests;
