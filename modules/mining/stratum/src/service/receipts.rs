//! The receipts of the newest closed works in a folder: one file per work, named by its height, with the list of them
//! in borsh.
//!
//! A thread of its own writes; whoever asks reads what is written, or what still waits for it. A file is believed only
//! with the root that the book has for its work; another one is set aside. Invariants: no file is seen half-written;
//! the number of files and the bytes of all together are bounded, and the oldest give way.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // This file is the shell's: files are its matter.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use types::{Address, Canonical};

use crate::book::{Closed, ReceiptsRoot};
use crate::limits::{RECEIPTS_BYTES_MAX, RECEIPTS_KEPT_MAX, RECEIPTS_WAITING_MAX};
use crate::receipts::{Receipt, Receipts};

use super::plain;

/// So many damaged files are kept; the last gives way to the next.
const DAMAGED_MAX: u32 = 4;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    works_max: usize,
    bytes_max: u64,
}

/// A folder for receipts alone. Copies are the same folder.
#[derive(Clone, Debug)]
pub struct ReceiptsFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    bounds: Bounds,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes of each written work.
    written: BTreeMap<u64, u64>,
    waiting: BTreeMap<u64, Arc<Receipts>>,
    is_closed: bool,
}

/// Why kept receipts are of no use.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptsError {
    /// They are not those whose root is in the book.
    #[error("the receipts of work {work_height} were damaged; they are kept as {kept}")]
    Damaged {
        /// The closed work.
        work_height: u64,
        /// Where the file is now.
        kept: String,
    },
    /// The disk failed.
    #[error("the receipts of work {work_height} cannot be read: {error}")]
    Disk {
        /// The closed work.
        work_height: u64,
        /// What the system said.
        error: io::Error,
    },
}

impl ReceiptsFolder {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When it cannot be made, or read.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        Self::open_with(folder.into(), Bounds { works_max: RECEIPTS_KEPT_MAX, bytes_max: RECEIPTS_BYTES_MAX })
    }

    fn open_with(folder: PathBuf, bounds: Bounds) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut state = State::default();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if name.ends_with(".new") {
                // A write that did not come to its end.
                fs::remove_file(entry.path())?;
            } else if let Some(work_height) = height_of(name) {
                state.written.insert(work_height, entry.metadata()?.len());
            }
        }
        Ok(Self { inner: Arc::new(Inner { folder, bounds, state: Mutex::new(state), changed: Condvar::new() }) })
    }

    /// The closed works whose receipts are here, the newest first.
    #[must_use]
    pub fn works(&self) -> Vec<u64> {
        let state = self.inner.lock();
        let mut works: Vec<u64> = state.written.keys().chain(state.waiting.keys()).copied().collect();
        works.sort_unstable_by(|one, next| next.cmp(one));
        works.dedup();
        works
    }

    /// Those of them that have a receipt of this address, the newest first; what cannot be read has none. The call blocks.
    #[must_use]
    pub fn works_of(&self, address: &Address) -> Vec<u64> {
        let mut works = self.works();
        works.retain(|work_height| self.inner.has(*work_height, address).unwrap_or(false));
        works
    }

    /// The receipts with this root; nothing if they are not here. The call blocks.
    ///
    /// # Errors
    /// [`ReceiptsError`].
    pub fn read(&self, root: &ReceiptsRoot) -> Result<Option<Arc<Receipts>>, ReceiptsError> {
        let work_height = root.work_height;
        let state = self.inner.lock();
        if let Some(receipts) = state.waiting.get(&work_height).filter(|receipts| receipts.root() == root.root) {
            return Ok(Some(receipts.clone()));
        }
        if !state.written.contains_key(&work_height) {
            return Ok(None);
        }
        drop(state);
        let failed = |error| ReceiptsError::Disk { work_height, error };
        match self.inner.load(work_height) {
            // It gave way to a newer one just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
            Ok(Some(receipts)) if receipts.root() == root.root => Ok(Some(Arc::new(receipts))),
            Ok(_) => {
                let kept = self.inner.set_aside(work_height).map_err(failed)?;
                Err(ReceiptsError::Damaged { work_height, kept })
            }
        }
    }

    /// Has receipts written soon; until then they can be read all the same. Says whether there is room for them.
    pub(super) fn hand(&self, closed: &Closed) -> bool {
        let mut state = self.inner.lock();
        let has_room = state.waiting.len() < RECEIPTS_WAITING_MAX;
        if has_room {
            state.waiting.insert(closed.work_height, closed.receipts.clone());
            self.inner.changed.notify_all();
        }
        has_room
    }

    /// Begins to write what is handed over, on a thread that ends after [`Writer::finish`].
    pub(super) fn start_writing(&self, lost: impl Fn(u64, io::Error) + Send + 'static) -> io::Result<Writer> {
        self.inner.lock().is_closed = false;
        let inner = self.inner.clone();
        let thread = std::thread::Builder::new().name("receipts".to_owned());
        let thread = thread.spawn(move || {
            while let Some((work_height, receipts)) = inner.next() {
                let kept = inner.keep(work_height, &receipts);
                let mut state = inner.lock();
                state.waiting.remove(&work_height);
                drop(state);
                if let Err(error) = kept {
                    lost(work_height, error);
                }
            }
        })?;
        Ok(Writer { inner: self.inner.clone(), thread: Some(thread) })
    }
}

/// The thread that writes.
pub(super) struct Writer {
    inner: Arc<Inner>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// Waits until all is written that was handed over.
    pub(super) fn finish(mut self) {
        self.close();
        if let Some(thread) = self.thread.take() {
            // A panic has been reported.
            let _ = thread.join();
        }
    }

    fn close(&self) {
        self.inner.lock().is_closed = true;
        self.inner.changed.notify_all();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the tables half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, work_height: u64) -> PathBuf {
        self.folder.join(work_height.to_string())
    }

    /// The oldest that waits; nothing once there is no more and will be none.
    fn next(&self) -> Option<(u64, Arc<Receipts>)> {
        let mut state = self.lock();
        loop {
            if let Some((work_height, receipts)) = state.waiting.first_key_value() {
                return Some((*work_height, receipts.clone()));
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes receipts, and lets the oldest give way.
    fn keep(&self, work_height: u64, receipts: &Receipts) -> io::Result<()> {
        let bytes = borsh::to_vec(receipts.list())?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > self.bounds.bytes_max {
            let message = format!("they take {length} bytes, more than {} in all", self.bounds.bytes_max);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        self.make_room(work_height, length)?;
        let beside = self.folder.join(format!("{work_height}.new"));
        let mut file = plain::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, self.path(work_height))?;
        sync_folder(&self.folder)?;
        self.lock().written.insert(work_height, length);
        Ok(())
    }

    /// Removes the oldest until another one fits. Those of a later work are of an earlier ledger, and go before.
    fn make_room(&self, work_height: u64, length: u64) -> io::Result<()> {
        loop {
            let mut state = self.lock();
            let others = || state.written.iter().filter(|(height, _)| **height != work_height);
            let bytes = others().fold(length, |sum, (_, bytes)| sum.saturating_add(*bytes));
            if others().count() < self.bounds.works_max && bytes <= self.bounds.bytes_max {
                return Ok(());
            }
            let first = others().map(|(height, _)| *height).min_by_key(|height| (*height < work_height, *height));
            let Some(first) = first else { return Ok(()) };
            state.written.remove(&first);
            drop(state);
            match fs::remove_file(self.path(first)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }

    /// What a file holds; nothing if that is no list of receipts.
    fn load(&self, work_height: u64) -> io::Result<Option<Receipts>> {
        let mut bytes = Vec::new();
        let bound = self.bounds.bytes_max.saturating_add(1);
        plain::open(fs::OpenOptions::new().read(true), &self.path(work_height))?.take(bound).read_to_end(&mut bytes)?;
        let list: Option<Vec<Receipt>> = borsh::from_slice(&bytes).ok();
        Ok(list.and_then(Receipts::from_list))
    }

    /// Whether an address has a receipt of a work.
    fn has(&self, work_height: u64, address: &Address) -> io::Result<bool> {
        let waiting = self.lock().waiting.get(&work_height).cloned();
        if let Some(receipts) = waiting {
            return Ok(receipts.list().binary_search_by_key(address, |receipt| receipt.address).is_ok());
        }
        // In the file they stand in order, each as long as the other: a few of them tell.
        let file = plain::open(fs::OpenOptions::new().read(true), &self.path(work_height))?;
        let mut count = [0; 4];
        file.read_exact_at(&mut count, 0)?;
        let (mut low, mut high) = (0, u64::from(u32::from_le_bytes(count)));
        while low < high {
            let middle = low.midpoint(high);
            let mut bytes = [0; Receipt::BYTES_MAX];
            let begin = middle.saturating_mul(bytes.len() as u64).saturating_add(count.len() as u64);
            file.read_exact_at(&mut bytes, begin)?;
            let found: Receipt = borsh::from_slice(&bytes)?;
            match found.address.cmp(address) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Greater => high = middle,
            }
        }
        Ok(false)
    }

    fn set_aside(&self, work_height: u64) -> io::Result<String> {
        let beside = |number: u32| self.folder.join(format!("damaged-{number}"));
        let number = (1..DAMAGED_MAX).find(|number| !beside(*number).exists()).unwrap_or(DAMAGED_MAX);
        self.lock().written.remove(&work_height);
        fs::rename(self.path(work_height), beside(number))?;
        Ok(beside(number).display().to_string())
    }
}

/// Looks at what is kept in a folder, given the roots of the book, and names the files that are of no use. It changes nothing.
///
/// # Errors
/// When the folder cannot be read.
pub fn look_at_receipts(
    folder: &Path,
    root_of: impl Fn(u64) -> Option<ReceiptsRoot>,
) -> io::Result<Vec<(PathBuf, String)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let bounds = Bounds { works_max: RECEIPTS_KEPT_MAX, bytes_max: RECEIPTS_BYTES_MAX };
    let (folder, state, changed) = (folder.to_owned(), Mutex::default(), Condvar::new());
    let inner = Inner { folder, bounds, state, changed };
    let mut damaged = Vec::new();
    for entry in entries {
        // Those of works that the book does not know are of an earlier one, and give way by themselves.
        let root = height_of(entry?.file_name().to_str().unwrap_or_default()).and_then(&root_of);
        let Some(ReceiptsRoot { work_height, root }) = root else { continue };
        let what = match inner.load(work_height) {
            Ok(Some(receipts)) if receipts.root() == root => continue,
            Ok(_) => {
                "it does not hold the receipts whose root is in the book, so none of them can be proven".to_owned()
            }
            Err(error) => error.to_string(),
        };
        damaged.push((inner.path(work_height), what));
    }
    damaged.sort_unstable();
    Ok(damaged)
}

/// The work of a file; nothing for other files.
fn height_of(name: &str) -> Option<u64> {
    name.parse().ok().filter(|height: &u64| height.to_string() == name)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[path = "receipts_tests.rs"]
mod tests;
