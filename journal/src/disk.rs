//! The port through which the journal reaches a disk: one flat directory of named files.
//!
//! It must not know paths or handles. The shell implements it over a directory, [`crate::MemoryDisk`] in memory.
//!
//! What an implementation promises: after a successful [`Disk::sync`] of a file all bytes appended to it before
//! survive a loss of power; what was appended and not synced may be lost from some byte on, never in the middle.
//! [`Disk::create`], [`Disk::replace`] and [`Disk::remove`] are durable, with their directory entry, when they
//! return. An error is reported once and never hidden by a retry inside the implementation.

/// Which file of which machine something is written in. A copy lies in another place, whoever made it and however alike
/// it is; a file that is only renamed keeps its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The machine, by what stays the same over its restarts.
    pub machine: [u8; 32],
    /// The file, by its number in the file system.
    pub file: u64,
    /// When the file began, in nanoseconds since 1970, since numbers are given again; 0 where no file system says it.
    pub born: u64,
}

/// A directory that belongs to the journal or the lease alone.
pub trait Disk {
    /// The names of the files, in any order. Leftovers of an interrupted [`Disk::replace`] are not listed.
    ///
    /// # Errors
    /// [`DiskError`] when the directory cannot be read.
    fn list(&self) -> Result<Vec<String>, DiskError>;

    /// The whole content of a file, `None` if there is no such file.
    ///
    /// # Errors
    /// [`DiskError`] when the file exists and cannot be read.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DiskError>;

    /// Makes a new file with this content, durably. A crash in between may leave any prefix of it.
    ///
    /// # Errors
    /// [`DiskError`] when the file exists, or cannot be written or synced.
    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Appends to an existing file, not durable before [`Disk::sync`].
    ///
    /// # Errors
    /// [`DiskError`] when there is no such file or it cannot be written; a part may have been appended.
    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes everything appended to the file durable (`fdatasync`).
    ///
    /// # Errors
    /// [`DiskError`] when it failed: which bytes are durable is then unknown for ever.
    fn sync(&mut self, name: &str) -> Result<(), DiskError>;

    /// Puts this content in the place of the file, or makes the file: durably, and wholly or not at all.
    ///
    /// # Errors
    /// [`DiskError`] when it failed; the file then has its old content or the new one.
    fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// As [`Disk::replace`], with a content that may name the place in which it is written. The place is that of the
    /// file as it is open for writing, before it takes the place of the other.
    ///
    /// # Errors
    /// As [`Disk::replace`].
    fn replace_with(&mut self, name: &str, content: &mut dyn FnMut(Place) -> Vec<u8>) -> Result<(), DiskError>;

    /// The place of a file, `None` if there is no such file.
    ///
    /// # Errors
    /// [`DiskError`] when the file exists and cannot be looked at.
    fn place(&self, name: &str) -> Result<Option<Place>, DiskError>;

    /// Removes a file, durably.
    ///
    /// # Errors
    /// [`DiskError`] when there is no such file or it cannot be removed.
    fn remove(&mut self, name: &str) -> Result<(), DiskError>;
}

/// What was asked of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskOperation {
    /// [`Disk::list`]
    List,
    /// [`Disk::read`]
    Read,
    /// [`Disk::create`]
    Create,
    /// [`Disk::append`]
    Append,
    /// [`Disk::sync`]
    Sync,
    /// [`Disk::replace`]
    Replace,
    /// [`Disk::remove`]
    Remove,
}

impl std::fmt::Display for DiskOperation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Create => "create",
            Self::Append => "append to",
            Self::Sync => "sync",
            Self::Replace => "replace",
            Self::Remove => "remove",
        })
    }
}

/// A disk that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {operation} `{file}`: {message}")]
pub struct DiskError {
    /// The file, as a person finds it.
    pub file: String,
    /// What was asked.
    pub operation: DiskOperation,
    /// What the operating system said.
    pub message: String,
}
