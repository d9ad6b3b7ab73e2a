//! The share ledger in a folder: `shares.snapshot` and `shares.journal`.
//!
//! A new snapshot is written beside the old one, synced, and renamed over it; only then is the journal emptied. A
//! crash in between leaves entries that the snapshot already has, and they are skipped when it is read. Versions before kept the
//! proofs in a file `proofs`: the first snapshot takes them over. What is damaged gets a second name, and keeps its own until the next
//! snapshot is in its place: a start that fails before that finds all as it was.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // This file is the shell's: files are its matter.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
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
        plain::remove_if_there(&self.folder.join(FORMER_PROOFS))?;
        sync_folder(&self.folder)?;
        self.empty_journal()
    }

    fn set_aside(&mut self) -> io::Result<Vec<String>> {
        let beside = |name: &str, number: u32| self.folder.join(format!("{name}.damaged-{number}"));
        let is_free = |number: &u32| FILES.iter().all(|name| !beside(name, *number).exists());
        // A start that came no further has kept them already.
        let is_kept = |number: &u32| {
            FILES.iter().all(|name| place_of(&self.folder.join(name)) == place_of(&beside(name, *number)))
        };
        let number = (1..=DAMAGED_MAX).find(is_kept).or_else(|| (1..DAMAGED_MAX).find(is_free)).unwrap_or(DAMAGED_MAX);
        let mut kept = Vec::new();
        for name in FILES {
            let (from, to) = (self.folder.join(name), beside(name, number));
            if place_of(&from) != place_of(&to) {
                plain::remove_if_there(&to)?;
                link_if_there(&from, &to)?;
            }
            if to.exists() {
                kept.push(to.display().to_string());
            }
        }
        sync_folder(&self.folder)?;
        Ok(kept)
    }
}

impl FolderShares {
    /// One that has a second name stays under that as it is.
    fn empty_journal(&mut self) -> io::Result<()> {
        if self.journal.metadata()?.nlink() == 1 {
            self.journal.set_len(0)?;
            return self.journal.sync_all();
        }
        let (path, beside) = (self.folder.join("shares.journal"), self.folder.join("shares.journal.new"));
        plain::create(&beside)?.sync_all()?;
        fs::rename(&beside, &path)?;
        sync_folder(&self.folder)?;
        self.journal = plain::open(OpenOptions::new().append(true), &path)?;
        Ok(())
    }
}

/// Which file a name stands for; nothing where there is none.
fn place_of(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

fn link_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HT11
    #[test]
    fn a_damaged_ledger_keeps_its_name_until_a_snapshot_is_in_its_place_and_is_kept_once_however_often_a_start_fails() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let open = || FolderShares::open(folder.path()).expect("a folder");
        open().checkpoint(b"snapshot").expect("a disk");
        open().append(b"damaged").expect("a disk");
        // The disk is full, or the process is killed, after it was kept: the next start finds the same.
        for _ in 0..3 {
            let mut shares = open();
            let stored = shares.load().expect("files");
            assert_eq!((stored.snapshot.as_deref(), &*stored.journal), (Some(&b"snapshot"[..]), &b"damaged"[..]));
            let kept = shares.set_aside().expect("room");
            assert_eq!(kept, FILES.map(|name| at(&format!("{name}.damaged-1")).display().to_string()));
        }
        // Killed between the new snapshot and the new journal.
        fs::write(at("shares.snapshot.new"), b"whole").expect("own folder");
        fs::rename(at("shares.snapshot.new"), at("shares.snapshot")).expect("own folder");
        let mut shares = open();
        shares.set_aside().expect("room");
        shares.checkpoint(b"whole").expect("a disk");
        shares.append(b"more").expect("a disk");
        let stored = open().load().expect("files");
        assert_eq!((stored.snapshot.as_deref(), &*stored.journal), (Some(&b"whole"[..]), &b"more"[..]));
        assert_eq!(fs::read(at("shares.journal.damaged-1")).expect("kept"), b"damaged", "nothing writes into it");
        assert_eq!(fs::read(at("shares.snapshot.damaged-1")).expect("kept"), b"snapshot");
        // A journal with one name is emptied where it stands.
        shares.checkpoint(b"later").expect("a disk");
        shares.append(b"last").expect("a disk");
        assert_eq!(open().load().expect("files").journal, b"last");
        // The last place gives way to the next.
        for _ in 0..6 {
            let mut shares = open();
            shares.set_aside().expect("room");
            shares.checkpoint(b"again").expect("a disk");
        }
        assert!(at("shares.journal.damaged-4").exists() && !at("shares.journal.damaged-5").exists());
    }
}
