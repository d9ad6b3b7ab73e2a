//! Who has a home: one process at a time.
//!
//! It must not know what the process does with it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use types::ChainId;

use super::{Home, HomeError, failed};
use crate::disk::make_directory;

/// Holds a home for this process until it is dropped.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl Home {
    /// Takes the home for this process, and marks its data with the chain, or refuses data of another one.
    ///
    /// # Errors
    /// [`HomeError`] when another process has it or the data belongs to another chain.
    pub fn lock(&self, chain_id: ChainId) -> Result<HomeLock, HomeError> {
        let lock = self.lock_unmarked()?;
        self.mark(chain_id)?;
        Ok(lock)
    }

    /// As [`Self::lock`], and marks nothing: for who makes a home.
    ///
    /// # Errors
    /// [`HomeError`] when another process has it.
    pub fn lock_unmarked(&self) -> Result<HomeLock, HomeError> {
        let data = self.data();
        make_directory(&data).map_err(failed("make", &data))?;
        let path = data.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        self.take(file.map_err(failed("open", &path))?, &path)
    }

    /// As [`Self::lock`], and makes and marks nothing: for who only looks.
    ///
    /// # Errors
    /// [`HomeError`] when another process has it.
    pub fn lock_as_it_is(&self) -> Result<Option<HomeLock>, HomeError> {
        let path = self.data().join("lock");
        match File::open(&path) {
            Ok(file) => self.take(file, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(HomeError::Io { what: "open", path, error }),
        }
    }

    fn take(&self, file: File, path: &Path) -> Result<HomeLock, HomeError> {
        match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(HomeLock { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(HomeError::Locked(self.root().to_owned())),
            Err(error) => Err(HomeError::Io { what: "lock", path: path.to_owned(), error: error.into() }),
        }
    }
}
