//! The book of answered challenges: on the disk before anybody is told a verdict, and read again at the start.
//!
//! A record is `version 1 | boot id 16 | (challenge id 16 | slot u64 | origin u8)…`. One task writes: what came while it synced goes down
//! together with the next sync, and no sync begins sooner than [`PAUSE`] after the last one began, as the node's own log is on the same disk. Who comes
//! alone waits for nobody. It must not know verdicts. Invariants: what was told is in the book; the book is
//! never longer than its bound; what another start of the machine wrote is of no use, as its challenges are dead.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog};
use service::{Life, Refusal, ServiceFault};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::examiner::moment::BootId;
use crate::examiner::token::{Origin, part};
use crate::examiner::used::{Slot, UsedId, UsedSet};
use crate::ledger::{Counted, Ledger, NewLeaf};

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "used";
/// Most ids in one record.
const RECORD_IDS_MAX: usize = 1_024;
const HEAD_BYTES: usize = 17;
const ID_BYTES: usize = 25;
/// How much the file takes.
pub(crate) const BOUNDS: LogBounds =
    LogBounds { record_bytes_max: HEAD_BYTES + RECORD_IDS_MAX * ID_BYTES, file_bytes_max: 24 << 20 };
/// It is written anew when it is longer: what must be kept takes 13 MB at most.
const BYTES_MAX: u64 = 16 << 20;
/// Answers that wait to be written down.
const WAITING_MAX: usize = 4_096;
/// Between the beginnings of two syncs.
const PAUSE: Duration = Duration::from_millis(5);
const VERSION: u8 = 1;

/// The answer could not be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotWritten;

/// An id on its way into the book.
pub(crate) struct Entry {
    pub(crate) used: UsedId,
    /// What a batch is to have of it.
    pub(crate) leaf: Option<NewLeaf>,
    /// What it is counted as: given back with an entry that is not written down, whether anybody still waits for it or not.
    pub(crate) counted: Option<Counted>,
    pub(crate) written: oneshot::Sender<Result<(), NotWritten>>,
}

/// The way into the book, and its end.
pub(crate) fn way() -> (mpsc::Sender<Entry>, mpsc::Receiver<Entry>) {
    mpsc::channel(WAITING_MAX)
}

/// Tells each id that is to be kept, for when the book is written anew: half a million are not copied for it.
pub(crate) type Kept = Arc<dyn Fn(&mut dyn FnMut(UsedId)) + Send + Sync>;

/// The book.
pub(crate) struct Book {
    log: Log,
    boot: BootId,
    /// Nothing was read from it: it is new, or somebody emptied it.
    is_blank: bool,
    /// The last write failed: what stands in the file is not known before it is written anew.
    is_failing: bool,
    /// Where verdicts are kept for batches, if they are.
    ledger: Option<Arc<Ledger>>,
}

impl Book {
    /// Reads what was answered since this start of the machine.
    ///
    /// # Errors
    /// `used_log`: it is damaged or cannot be used.
    pub(crate) fn open(folder: &Path, boot: BootId) -> Result<(Self, UsedSet), Refusal> {
        let path = folder.join(FILE);
        let OpenedLog { log, records, torn_bytes, .. } =
            Log::open(&path, BOUNDS, OnDamage::Refuse).map_err(|error| refusal(&error))?;
        if torn_bytes > 0 {
            tracing::warn!(bytes = torn_bytes, "an incomplete last record of answered challenges was cut off");
        }
        let mut used = UsedSet::default();
        for record in &records {
            let (of, ids) = read(record).ok_or_else(|| {
                let what = format!("{} holds a record that this version does not know", path.display());
                Refusal::new("used_log", format!("{what}; start the version that wrote it, or a newer one"))
            })?;
            ids.into_iter().filter(|_| of == boot).for_each(|id| used.restore(id));
        }
        let is_blank = records.is_empty();
        Ok((Self { log, boot, is_blank, is_failing: false, ledger: None }, used))
    }

    /// Whether nothing was read from it. No secret may go on with such a book: one that was begun holds a record at least, so it is new, or
    /// what was answered is lost.
    pub(crate) const fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Writes the first record, of no ids, into a book that is blank: from then on it can be told from one that was emptied.
    ///
    /// # Errors
    /// `used_log`: the disk refuses.
    pub(crate) fn begin(&mut self) -> Result<(), Refusal> {
        if std::mem::take(&mut self.is_blank) {
            self.log.append([to_bytes(self.boot, &[]).as_slice()]).map_err(|error| refusal(&error))?;
        }
        Ok(())
    }

    /// Has verdicts kept for batches too.
    pub(crate) fn with_ledger(self, ledger: Option<Arc<Ledger>>) -> Self {
        Self { ledger, ..self }
    }

    /// Writes ids down, then what batches are to have of them: a stop between leaves a challenge that is used up and of which nobody was told
    /// anything.
    fn write_all(&mut self, ids: &[UsedId], leaves: &[NewLeaf], kept: &Kept) -> Result<(), LogError> {
        self.write(ids, kept)?;
        match &self.ledger {
            Some(ledger) if !leaves.is_empty() => ledger.write(leaves),
            _ => Ok(()),
        }
    }

    /// Writes ids down and syncs them.
    fn write(&mut self, ids: &[UsedId], kept: &Kept) -> Result<(), LogError> {
        if self.is_failing {
            self.rewrite(kept)?;
            self.is_failing = false;
        } else if self.log.bytes() > BYTES_MAX
            && let Err(error) = self.rewrite(kept)
        {
            // One that is too long for more says so itself.
            tracing::warn!(%error, "the book of answered challenges could not be made shorter");
        }
        let record = to_bytes(self.boot, ids);
        let written = self.log.append([record.as_slice()]);
        self.is_failing = written.is_err();
        written
    }

    fn rewrite(&mut self, kept: &Kept) -> Result<(), LogError> {
        let (mut records, mut ids) = (Vec::new(), Vec::with_capacity(RECORD_IDS_MAX));
        kept(&mut |id| {
            ids.push(id);
            if ids.len() == RECORD_IDS_MAX {
                records.push(to_bytes(self.boot, &ids));
                ids.clear();
            }
        });
        if !ids.is_empty() || records.is_empty() {
            records.push(to_bytes(self.boot, &ids));
        }
        self.log.rewrite(records.iter().map(Vec::as_slice))
    }

    /// Writes down whatever comes, until the service is to end and nothing waits any more.
    ///
    /// # Errors
    /// Writing panicked.
    pub(crate) async fn keep(
        mut self,
        mut entries: mpsc::Receiver<Entry>,
        kept: Kept,
        mut life: Life,
    ) -> Result<(), ServiceFault> {
        let mut may_begin = Instant::now();
        loop {
            let mut batch = Vec::new();
            let count = tokio::select! {
                count = entries.recv_many(&mut batch, RECORD_IDS_MAX) => count,
                () = life.draining(), if !entries.is_closed() => {
                    entries.close();
                    continue;
                }
            };
            if count == 0 {
                return Ok(());
            }
            // Whoever else comes before the disk's turn; nobody any more where the way is closed.
            while let left @ 1.. = RECORD_IDS_MAX - batch.len()
                && timeout_at(may_begin, entries.recv_many(&mut batch, left)).await.is_ok_and(|more| more > 0)
            {
            }
            may_begin = Instant::now() + PAUSE;
            let (ids, kept): (Vec<UsedId>, Kept) = (batch.iter().map(|entry| entry.used).collect(), kept.clone());
            let leaves: Vec<NewLeaf> = batch.iter().filter_map(|entry| entry.leaf).collect();
            let writing = tokio::task::spawn_blocking(move || {
                let written = self.write_all(&ids, &leaves, &kept);
                (self, written)
            });
            let (book, written) =
                writing.await.map_err(|error| ServiceFault(format!("writing answered challenges down: {error}")))?;
            self = book;
            match &written {
                Ok(()) => life.ready(),
                Err(error) => {
                    tracing::error!(%error, "answered challenges cannot be written down, so no answer is judged");
                    life.waiting(format!("answered challenges cannot be written down: {error}"));
                }
            }
            let told = written.map_err(|_| NotWritten);
            // Whoever has gone is told nothing.
            for entry in batch {
                if let (Ok(()), Some(counted)) = (told, entry.counted) {
                    counted.keep();
                }
                let _ = entry.written.send(told);
            }
        }
    }
}

/// Whether these are records of this version.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    records.iter().all(|record| read(record).is_some())
}

fn to_bytes(boot: BootId, ids: &[UsedId]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + ids.len() * ID_BYTES);
    bytes.push(VERSION);
    bytes.extend(boot.0);
    for UsedId { id, slot, origin } in ids {
        bytes.extend(id);
        bytes.extend(slot.0.to_le_bytes());
        bytes.push(*origin as u8);
    }
    bytes
}

fn read(record: &[u8]) -> Option<(BootId, Vec<UsedId>)> {
    let mut rest = record;
    let [version] = *part(&mut rest)?;
    let boot = BootId(*part(&mut rest)?);
    let mut ids = Vec::new();
    while !rest.is_empty() {
        let id = *part(&mut rest)?;
        let slot = Slot(u64::from_le_bytes(*part(&mut rest)?));
        let [origin] = *part(&mut rest)?;
        ids.push(UsedId { id, slot, origin: Origin::of(origin)? });
    }
    (version == VERSION).then_some((boot, ids))
}

fn refusal(error: &LogError) -> Refusal {
    let hint = match error {
        LogError::Damaged { .. } | LogError::TooLong { .. } => {
            "an answer that was taken may be missing in it: move the file away; the service then makes a new secret too, so that \
             challenges that are out are refused, and devices ask anew"
        }
        _ => "check the disk and who owns the file",
    };
    Refusal::new("used_log", format!("{error}; {hint}"))
}

#[cfg(test)]
impl Book {
    /// Leaves no room for another record, unless the file is written anew.
    pub(crate) fn fill(&mut self) {
        let record = to_bytes(self.boot, &[UsedId { id: [0; 16], slot: Slot(0), origin: Origin::Anybody }; 100]);
        while self.log.append([record.as_slice(); 100]).is_ok() {}
        while self.log.append([record.as_slice()]).is_ok() {}
        while self.log.append([to_bytes(self.boot, &[]).as_slice()]).is_ok() {}
    }
}

#[cfg(test)]
mod tests;
