//! A disk that is looked at and never changed: what is written stays in memory.
//!
//! So whatever opens a log or a lease can be asked what it would find and do, and the files are as they were.

use std::collections::BTreeMap;

use crate::disk::{Disk, DiskError, DiskOperation, Place};

/// A disk in front of which all changes stay.
#[derive(Debug)]
pub struct Untouched<D> {
    disk: D,
    /// What was written since; nothing where a file was removed.
    changed: BTreeMap<String, Option<Vec<u8>>>,
}

impl<D: Disk> Untouched<D> {
    /// In front of this disk.
    pub const fn new(disk: D) -> Self {
        Self { disk, changed: BTreeMap::new() }
    }

    fn existing(&self, name: &str, operation: DiskOperation) -> Result<Vec<u8>, DiskError> {
        let missing = || DiskError { file: name.to_owned(), operation, message: "there is no such file".to_owned() };
        self.read(name)?.ok_or_else(missing)
    }
}

impl<D: Disk> Disk for Untouched<D> {
    fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut names = self.disk.list()?;
        names.retain(|name| !self.changed.contains_key(name));
        names.extend(self.changed.iter().filter(|(_, content)| content.is_some()).map(|(name, _)| name.clone()));
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DiskError> {
        self.changed.get(name).map_or_else(|| self.disk.read(name), |content| Ok(content.clone()))
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        if self.read(name)?.is_some() {
            let message = "the file exists".to_owned();
            return Err(DiskError { file: name.to_owned(), operation: DiskOperation::Create, message });
        }
        self.replace(name, bytes)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut content = self.existing(name, DiskOperation::Append)?;
        content.extend_from_slice(bytes);
        self.replace(name, &content)
    }

    fn sync(&mut self, name: &str) -> Result<(), DiskError> {
        self.existing(name, DiskOperation::Sync).map(drop)
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.changed.insert(name.to_owned(), Some(bytes.to_vec()));
        Ok(())
    }

    fn replace_with(&mut self, name: &str, content: &mut dyn FnMut(Place) -> Vec<u8>) -> Result<(), DiskError> {
        let bytes = content(self.disk.place(name)?.unwrap_or_default());
        self.replace(name, &bytes)
    }

    fn place(&self, name: &str) -> Result<Option<Place>, DiskError> {
        self.disk.place(name)
    }

    fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        self.existing(name, DiskOperation::Remove)?;
        self.changed.insert(name.to_owned(), None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryDisk;

    // FAULTS RT10
    #[test]
    fn whatever_is_done_is_seen_and_the_disk_behind_stays_as_it_was() {
        let mut behind = MemoryDisk::new();
        behind.create("a", b"1").expect("it works");
        behind.create("b", b"2").expect("it works");
        let mut disk = Untouched::new(behind.clone());
        disk.append("a", b"0").expect("it is there");
        disk.remove("b").expect("it is there");
        disk.create("c", b"3").expect("it is new");
        assert!(disk.create("a", b"").is_err() && disk.append("b", b"").is_err() && disk.sync("b").is_err());
        assert_eq!(disk.read("a").expect("it works").as_deref(), Some(&b"10"[..]));
        let mut names = disk.list().expect("it works");
        names.sort();
        assert_eq!((names, disk.read("b").expect("it works")), (vec!["a".to_owned(), "c".to_owned()], None));
        let mut names = behind.list().expect("it works");
        names.sort();
        assert_eq!(
            (names, behind.read("a").expect("it works").as_deref()),
            (vec!["a".to_owned(), "b".to_owned()], Some(&b"1"[..]))
        );
    }
}
