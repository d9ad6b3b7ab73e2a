//! The files of closed batches, one each, in a folder for each day: for whoever asks for a proof later.
//!
//! A file is a log: the batch, its leaves, and behind them where the chain has it. It must not know which batches wait. Invariants: a batch's
//! file is whole before its record is in the ledger; what is read here changes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use borsh::{BorshDeserialize, BorshSerialize};
use crypto::merkle::{MerkleProof, MerkleTree};
use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog, look_at};
use types::{Address, Height};
use verifyid::tags;

use super::batcher::digests;
use super::index::{Place, PlaceIndex};
use super::record::{ACKNOWLEDGED_BYTES, Acknowledged, ClosedBatch};

/// The folder's name in the service's.
pub(crate) const FOLDER: &str = "batches";
/// How many days proofs are served.
pub(crate) const DAYS_KEPT: u32 = 400;
/// Leaves in one record.
const RECORD_LEAVES_MAX: usize = 1_024;
const BOUNDS: LogBounds =
    LogBounds { record_bytes_max: 256 + RECORD_LEAVES_MAX * ACKNOWLEDGED_BYTES, file_bytes_max: 16 << 20 };
const DAY_MS: u64 = 86_400_000;

/// Where the chain has a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct AnchoredAt {
    /// The account that put it there: a service may be given another.
    pub(crate) verifier: Address,
    pub(crate) sequence: u64,
    pub(crate) height: Height,
}

/// A record of a batch's file.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum FileRecord {
    Batch(ClosedBatch),
    Leaves(Vec<Acknowledged>),
    Anchored(AnchoredAt),
}

/// A batch as its file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredBatch {
    pub(crate) closed: ClosedBatch,
    pub(crate) leaves: Vec<Acknowledged>,
    /// Nothing before the chain has it.
    pub(crate) anchored: Option<AnchoredAt>,
}

/// A batch with its tree.
#[derive(Debug)]
pub(crate) struct ProvableBatch {
    pub(crate) batch: StoredBatch,
    tree: MerkleTree,
}

impl ProvableBatch {
    fn new(batch: StoredBatch) -> Self {
        let tree = MerkleTree::new(tags::TREE, &digests(&batch.leaves));
        Self { batch, tree }
    }

    /// The path of the leaf at a place.
    pub(crate) fn prove(&self, place: usize) -> Option<MerkleProof> {
        self.tree.prove(place)
    }
}

/// The large batch that was read last, while somebody goes on asking for its proofs: reading and hashing a full one takes a core for 70 ms.
#[derive(Debug)]
struct Recent {
    place: Place,
    provable: Arc<ProvableBatch>,
    used: Instant,
}

/// It is let go after so long without a question: a full one takes 14 MB.
const RECENT_KEPT: Duration = Duration::from_secs(60);

/// All of them.
#[derive(Debug)]
pub(crate) struct BatchFiles {
    folder: PathBuf,
    index: PlaceIndex,
    recent: Mutex<Option<Recent>>,
    /// How often a file was added to: what was read before is not kept.
    marks: AtomicU64,
}

impl BatchFiles {
    /// Those below a service's folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.join(FOLDER);
        Self { index: PlaceIndex::new(&folder), folder, recent: Mutex::new(None), marks: AtomicU64::new(0) }
    }

    /// Writes a batch's file and finds its challenges a place in the index. Written again it is the same.
    ///
    /// # Errors
    /// [`LogError`]; whatever is there is no batch's before the ledger says so.
    pub(crate) fn write(&self, closed: &ClosedBatch, leaves: &[Acknowledged]) -> Result<(), LogError> {
        let (place, path) = (Place::of(closed), self.path(&Place::of(closed)));
        let failed = |path: &Path, error| LogError::Disk { path: path.display().to_string(), error };
        let day = self.day_folder(place.day);
        // The folder's own entry has to last as long as what is in it.
        fs::create_dir_all(&day).map_err(|error| failed(&day, error))?;
        for parent in [Some(self.folder.as_path()), self.folder.parent()].into_iter().flatten() {
            fs::File::open(parent).and_then(|folder| folder.sync_all()).map_err(|error| failed(parent, error))?;
        }
        let mut records = vec![to_bytes(&FileRecord::Batch(*closed))];
        records.extend(leaves.chunks(RECORD_LEAVES_MAX).map(|leaves| to_bytes(&FileRecord::Leaves(leaves.to_vec()))));
        // What a stop has left of it is no batch's.
        let OpenedLog { mut log, .. } = Log::open(&path, BOUNDS, OnDamage::SetAside)?;
        log.rewrite(records.iter().map(Vec::as_slice))?;
        let challenges = leaves.iter().map(|leaf| leaf.challenge);
        self.index.add(challenges, &place).map_err(|error| failed(&self.folder, error))
    }

    /// Writes down where the chain has it; again changes nothing for who reads it.
    ///
    /// # Errors
    /// [`LogError`].
    pub(crate) fn mark(&self, closed: &ClosedBatch, anchored: AnchoredAt) -> Result<(), LogError> {
        let path = self.path(&Place::of(closed));
        // Somebody has removed it, and its proofs with it.
        if !path.exists() {
            return Ok(());
        }
        let OpenedLog { mut log, .. } = Log::open(&path, BOUNDS, OnDamage::Refuse)?;
        let written = log.append([to_bytes(&FileRecord::Anchored(anchored)).as_slice()]);
        // Who began to read before that may have read the file without it.
        let mut recent = self.recent();
        self.marks.fetch_add(1, Ordering::Relaxed);
        *recent = None;
        written
    }

    /// Reads a batch; nothing where there is no file, or none that is whole up to its leaves.
    pub(crate) fn read(&self, closed: &ClosedBatch) -> Option<StoredBatch> {
        self.read_at(&Place::of(closed))
    }

    /// The batch that has a challenge, which of its leaves it is, and that leaf.
    ///
    /// # Errors
    /// The index cannot be read.
    pub(crate) fn find(&self, challenge: &[u8; 16]) -> io::Result<Option<(Arc<ProvableBatch>, usize, Acknowledged)>> {
        let found = |provable: Arc<ProvableBatch>| {
            let mut leaves = provable.batch.leaves.iter().enumerate();
            let (place, leaf) =
                leaves.find(|(_, leaf)| leaf.challenge == *challenge).map(|(place, leaf)| (place, *leaf))?;
            Some((provable, place, leaf))
        };
        // The newest first: most are asked for soon, and a batch that was written again stands there twice.
        for period in self.index.periods()?.into_iter().rev() {
            let places = self.index.places(period, challenge)?.into_iter().rev();
            let found = places.filter_map(|place| self.provable(place).and_then(found)).next();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn provable(&self, place: Place) -> Option<Arc<ProvableBatch>> {
        if let Some(recent) = self.recent().as_mut().filter(|recent| recent.place == place) {
            recent.used = Instant::now();
            return Some(recent.provable.clone());
        }
        let marks = self.marks.load(Ordering::Relaxed);
        let provable = Arc::new(ProvableBatch::new(self.read_at(&place)?));
        self.keep(place, &provable, marks);
        Some(provable)
    }

    /// Keeps a large batch that was read when so many files had been added to, if none was meanwhile.
    fn keep(&self, place: Place, provable: &Arc<ProvableBatch>, marks: u64) {
        if provable.batch.leaves.len() <= RECORD_LEAVES_MAX {
            return;
        }
        let mut recent = self.recent();
        if self.marks.load(Ordering::Relaxed) == marks {
            *recent = Some(Recent { place, provable: provable.clone(), used: Instant::now() });
        }
    }

    /// Lets the batch go that nobody asked for lately.
    pub(crate) fn forget_unused(&self) {
        self.recent().take_if(|recent| recent.used.elapsed() >= RECENT_KEPT);
    }

    fn recent(&self) -> MutexGuard<'_, Option<Recent>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what is older than proofs are served.
    ///
    /// # Errors
    /// The system refused.
    pub(crate) fn remove_old(&self, now_ms: u64) -> io::Result<()> {
        let Some(first) = day_of(now_ms).checked_sub(DAYS_KEPT) else { return Ok(()) };
        self.recent().take_if(|recent| recent.place.day < first);
        if !self.folder.try_exists()? {
            return Ok(());
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let day = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            if day.is_some_and(|day| day < first) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        self.index.remove_before(first)
    }

    fn read_at(&self, place: &Place) -> Option<StoredBatch> {
        let path = self.path(place);
        if !path.try_exists().unwrap_or(false) {
            return None;
        }
        let mut read = None;
        let findings = look_at(&path, BOUNDS, |records| {
            read = stored(records);
            read.is_some()
        });
        for wrong in &findings.wrong {
            tracing::warn!(%wrong, "a file of a batch cannot be read: its proofs are not served");
        }
        read.filter(|batch| findings.wrong.is_empty() && Place::of(&batch.closed) == *place)
    }

    fn day_folder(&self, day: u32) -> PathBuf {
        self.folder.join(day.to_string())
    }

    fn path(&self, place: &Place) -> PathBuf {
        let root = u32::from_be_bytes(place.root);
        self.day_folder(place.day).join(format!("{:016x}-{root:08x}", place.number))
    }
}

/// The day of a time, counted from 1970.
pub(super) fn day_of(time_ms: u64) -> u32 {
    u32::try_from(time_ms / DAY_MS).unwrap_or(u32::MAX)
}

/// Whether these are the records of a batch, whole up to its leaves.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    stored(records).is_some()
}

fn stored(records: &[Vec<u8>]) -> Option<StoredBatch> {
    let mut records = records.iter().map(|bytes| borsh::from_slice::<FileRecord>(bytes).ok());
    let FileRecord::Batch(closed) = records.next()?? else { return None };
    let mut batch = StoredBatch { closed, leaves: Vec::new(), anchored: None };
    for record in records {
        match record? {
            FileRecord::Leaves(leaves) => batch.leaves.extend(leaves),
            FileRecord::Anchored(anchored) => batch.anchored = Some(anchored),
            FileRecord::Batch(_) => return None,
        }
    }
    (usize::try_from(closed.leaves) == Ok(batch.leaves.len())).then_some(batch)
}

fn to_bytes(record: &FileRecord) -> Vec<u8> {
    borsh::to_vec(record).expect("writing to memory cannot fail")
}

#[cfg(test)]
mod tests;
