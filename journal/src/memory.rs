//! A disk in memory that forgets, tears and fails as real ones do, on demand.
//!
//! The simulator and the tests use it. It draws no lots itself: which bytes survive a crash and which operation
//! fails is said by the caller, so one seed gives one run. Handles to one disk are clones of each other; the disk
//! outlives the process that crashed.
//!
//! Model: an appended byte is durable after a sync of its file. After a *failed* sync the unsynced bytes stay
//! readable but never become durable, whatever a later sync says, because that is what kernels do; only
//! [`Disk::replace`] makes them durable. A failed append leaves half of its bytes, a failed create an empty file,
//! a failed replace or remove nothing changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskError, DiskOperation, Place};

/// A directory in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<String, File>,
    /// Which disk this is, and how many files it has had.
    machine: u8,
    numbers: u64,
    /// Operations that change something, so far.
    operations: u64,
    failing_operation: Option<u64>,
    failing_kind: Option<DiskOperation>,
}

#[derive(Debug, Default)]
struct File {
    /// Its number on this disk.
    number: u64,
    bytes: Vec<u8>,
    /// How many of them are durable.
    synced: usize,
    /// From where on a failed sync has lost bytes for ever.
    lost_from: Option<usize>,
}

impl Inner {
    fn insert(&mut self, name: &str, bytes: &[u8]) {
        self.numbers = self.numbers.saturating_add(1);
        let file = File { number: self.numbers, bytes: bytes.to_vec(), synced: bytes.len(), lost_from: None };
        self.files.insert(name.to_owned(), file);
    }
}

impl MemoryDisk {
    /// An empty disk that works.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses power. For each file with unsynced bytes the caller says how many of them survive; what a failed
    /// sync has lost does not. Failures that were asked for and have not happened are forgotten.
    pub fn crash(&self, mut keep_unsynced: impl FnMut(&str, usize) -> usize) {
        let mut inner = self.lock();
        inner.failing_operation = None;
        inner.failing_kind = None;
        for (name, file) in &mut inner.files {
            let unsynced = file.bytes.len().saturating_sub(file.synced);
            if unsynced > 0 {
                let kept = keep_unsynced(name, unsynced).min(unsynced);
                let end = file.synced.saturating_add(kept).min(file.lost_from.unwrap_or(usize::MAX));
                file.bytes.truncate(end);
            }
            file.synced = file.bytes.len();
            file.lost_from = None;
        }
    }

    /// Makes the n-th changing operation from now fail, once; 1 is the next.
    pub fn fail_operation(&self, n: u64) {
        let mut inner = self.lock();
        inner.failing_operation = Some(inner.operations.saturating_add(n));
    }

    /// Makes the next operation of this kind fail, once.
    pub fn fail_next(&self, operation: DiskOperation) {
        self.lock().failing_kind = Some(operation);
    }

    /// How many operations that change something were asked for so far: create, append, sync, replace, remove.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// How many bytes of a file would survive a crash at the least.
    #[must_use]
    pub fn synced_length(&self, name: &str) -> Option<usize> {
        self.lock().files.get(name).map(|file| file.synced)
    }

    /// Flips bits of one byte, as bad hardware does. Does nothing where there is no such byte.
    pub fn flip(&self, name: &str, offset: usize, bits: u8) {
        if let Some(byte) = self.lock().files.get_mut(name).and_then(|file| file.bytes.get_mut(offset)) {
            *byte ^= bits;
        }
    }

    /// Puts a durable file there, whatever was there before.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        self.lock().insert(name, bytes);
    }

    /// Takes a file away, as a careless person does.
    pub fn lose(&self, name: &str) {
        self.lock().files.remove(name);
    }

    /// A disk of its own with what is readable here now, as a clone of the whole machine has it: nothing tells the two
    /// apart.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        {
            let (inner, mut other) = (self.lock(), copy.lock());
            (other.machine, other.numbers) = (inner.machine, inner.numbers);
            for (name, file) in &inner.files {
                let File { number, bytes, .. } = file;
                let file = File { number: *number, bytes: bytes.clone(), synced: bytes.len(), lost_from: None };
                other.files.insert(name.clone(), file);
            }
        }
        copy
    }

    /// The same on another machine, as who copies files has it.
    #[must_use]
    pub fn copy_elsewhere(&self) -> Self {
        let copy = self.copy();
        {
            let mut inner = copy.lock();
            inner.machine = inner.machine.wrapping_add(1);
        }
        copy
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Counts a changing operation; says whether it is to fail.
    fn change(&mut self, operation: DiskOperation) -> bool {
        self.operations = self.operations.saturating_add(1);
        let by_number = self.failing_operation.take_if(|n| *n == self.operations).is_some();
        self.is_failing(operation) || by_number
    }

    fn is_failing(&mut self, operation: DiskOperation) -> bool {
        self.failing_kind.take_if(|kind| *kind == operation).is_some()
    }

    fn file(&mut self, name: &str, operation: DiskOperation) -> Result<&mut File, DiskError> {
        self.files.get_mut(name).ok_or_else(|| error(name, operation, "No such file or directory (os error 2)"))
    }
}

fn error(name: &str, operation: DiskOperation, message: &str) -> DiskError {
    DiskError { file: name.to_owned(), operation, message: message.to_owned() }
}

fn failed(name: &str, operation: DiskOperation) -> DiskError {
    error(name, operation, "Input/output error (os error 5)")
}

impl Disk for MemoryDisk {
    fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut inner = self.lock();
        if inner.is_failing(DiskOperation::List) {
            return Err(failed(".", DiskOperation::List));
        }
        Ok(inner.files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DiskError> {
        let mut inner = self.lock();
        if inner.is_failing(DiskOperation::Read) {
            return Err(failed(name, DiskOperation::Read));
        }
        Ok(inner.files.get(name).map(|file| file.bytes.clone()))
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.lock();
        let is_failing = inner.change(DiskOperation::Create);
        if inner.files.contains_key(name) {
            return Err(error(name, DiskOperation::Create, "File exists (os error 17)"));
        }
        let content = if is_failing { &[] } else { bytes };
        inner.insert(name, content);
        if is_failing { Err(failed(name, DiskOperation::Create)) } else { Ok(()) }
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.lock();
        let is_failing = inner.change(DiskOperation::Append);
        let file = inner.file(name, DiskOperation::Append)?;
        if is_failing {
            let half = bytes.get(..bytes.len() >> 1).unwrap_or_default();
            file.bytes.extend_from_slice(half);
            return Err(failed(name, DiskOperation::Append));
        }
        file.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, name: &str) -> Result<(), DiskError> {
        let mut inner = self.lock();
        let is_failing = inner.change(DiskOperation::Sync);
        let file = inner.file(name, DiskOperation::Sync)?;
        if is_failing {
            file.lost_from = Some(file.lost_from.unwrap_or(file.synced));
            return Err(failed(name, DiskOperation::Sync));
        }
        file.synced = file.bytes.len().min(file.lost_from.unwrap_or(usize::MAX));
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.lock();
        if inner.change(DiskOperation::Replace) {
            return Err(failed(name, DiskOperation::Replace));
        }
        inner.insert(name, bytes);
        Ok(())
    }

    fn replace_with(&mut self, name: &str, content: &mut dyn FnMut(Place) -> Vec<u8>) -> Result<(), DiskError> {
        let (machine, file) = {
            let inner = self.lock();
            ([inner.machine; 32], inner.numbers.saturating_add(1))
        };
        self.replace(name, &content(Place { machine, file, born: 0 }))
    }

    fn place(&self, name: &str) -> Result<Option<Place>, DiskError> {
        let inner = self.lock();
        let place = |file: &File| Place { machine: [inner.machine; 32], file: file.number, born: 0 };
        Ok(inner.files.get(name).map(place))
    }

    fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        let mut inner = self.lock();
        let is_failing = inner.change(DiskOperation::Remove);
        inner.file(name, DiskOperation::Remove)?;
        if is_failing {
            return Err(failed(name, DiskOperation::Remove));
        }
        inner.files.remove(name);
        Ok(())
    }
}
