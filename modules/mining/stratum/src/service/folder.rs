//! The share ledger in a folder: `shares.snapshot` and `shares.journal`.
//!
//! A new snapshot is written beside the old one, synced, and renamed over it; only then is the journal emptied. A
//! crash in between leaves entries that the snapshot already has, and they are skipped when it is read. Versions before kept the
//! proofs in a file `proofs`: the first snapshot takes them over.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // This file is the shell's: files are its matter.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::ledger::Stored;

use super::plain;
use super::ports::Shares;

const FILES: [&str; 2] = ["shares.snapshot", "shares.journal"];
const FORMER_PROOFS: &str = "proofs";
/// So many damaged ledgers are kept; the last gives way to the next.
const DAMAGED_MAX: u32 = 4;

/// A folder that belongs to the share ledger alone.
pub struct FolderShares {
    folder: PathBuf,
    journal: File,
}

impl FolderShares {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        let journal = plain::open(OpenOptions::new().create(true).append(true), &folder.join("shares.journal"))?;
        sync_folder(&folder)?;
        Ok(Self { folder, journal })
    }
}

impl Shares for FolderShares {
    fn load(&mut self) -> io::Result<Stored> {
        let read = |name: &str| match plain::read(&self.folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let former_proofs = read(FORMER_PROOFS)?.unwrap_or_default();
        Ok(Stored {
            snapshot: read("shares.snapshot")?,
            journal: plain::read(&self.folder.join("shares.journal"))?,
            former_proofs,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.journal.write_all(bytes)?;
        self.journal.sync_data()
    }

    fn checkpoint(&mut self, snapshot: &[u8]) -> io::Result<()> {
        let beside = self.folder.join("shares.snapshot.new");
        let mut file = plain::create(&beside)?;
        file.write_all(snapshot)?;
        file.sync_all()?;
        fs::rename(&beside, self.folder.join("shares.snapshot"))?;
        match fs::remove_file(self.folder.join(FORMER_PROOFS)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        sync_folder(&self.folder)?;
        self.journal.set_len(0)?;
        self.journal.sync_all()
    }

    fn set_aside(&mut self) -> io::Result<Vec<String>> {
        let beside = |name: &str, number: u32| self.folder.join(format!("{name}.damaged-{number}"));
        let is_free = |number: &u32| FILES.iter().all(|name| !beside(name, *number).exists());
        let number = (1..DAMAGED_MAX).find(is_free).unwrap_or(DAMAGED_MAX);
        let mut kept = Vec::new();
        for name in FILES {
            let (from, to) = (self.folder.join(name), beside(name, number));
            match fs::rename(&from, &to) {
                Ok(()) => kept.push(to.display().to_string()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        *self = Self::open(&self.folder)?;
        Ok(kept)
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
