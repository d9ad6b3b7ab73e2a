//! What can be wrong with a store. All of these are faults of this machine or of its set-up, never of a block's
//! sender.

use std::path::{Path, PathBuf};

use types::{ChainId, Hash32, Height};

/// A store that cannot be opened, written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process uses it.
    #[error("`{path}` is in use by another process; stop that one first, or use another home directory")]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// Others may write to it.
    #[error("`{path}` can be written by every user of this machine (mode {mode:o}); run `chmod 700` on it")]
    Permissions {
        /// The store's directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It was made for another chain.
    #[error("`{path}` holds chain {found}, this node runs chain {expected}; use another home directory")]
    OtherChain {
        /// The store's directory.
        path: PathBuf,
        /// The chain in it.
        found: ChainId,
        /// The chain of this node.
        expected: ChainId,
    },
    /// It was written by newer software.
    #[error("`{path}` has store format {found}, this software knows format {known}; use newer software")]
    NewerFormat {
        /// The store's directory.
        path: PathBuf,
        /// The format of the store.
        found: u32,
        /// The one format known here.
        known: u32,
    },
    /// It was written by older software.
    #[error("`{path}` has store format {found}, this software writes format {known}; {REMEDY}")]
    OlderFormat {
        /// The store's directory.
        path: PathBuf,
        /// The format of the store.
        found: u32,
        /// The one format known here.
        known: u32,
    },
    /// A part of it is missing or not what it was.
    #[error("the store is damaged at `{path}`: {what}; {REMEDY}")]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong there.
        what: String,
    },
    /// A block, a body or receipts that were written cannot be read; peers have them.
    #[error("block {height} cannot be read: its row in `{part}` of the store `{path}` is damaged: {what}")]
    Unreadable {
        /// The block's height.
        height: Height,
        /// The family.
        part: &'static str,
        /// The database.
        path: PathBuf,
        /// What RocksDB says, with the file.
        what: String,
    },
    /// The operating system refused.
    #[error("cannot {operation} `{path}`: {message}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        message: String,
    },
    /// RocksDB refused.
    #[error("cannot {operation} the database `{path}`: {message}; {}", remedy_of(.message))]
    Database {
        /// What was tried.
        operation: &'static str,
        /// The folder.
        path: PathBuf,
        /// What RocksDB said.
        message: String,
    },
    /// An earlier write failed; what is on disk is unknown.
    #[error("an earlier write to the store failed ({0}); nothing may be written any more, restart the node")]
    Poisoned(String),
    /// There is no genesis yet.
    #[error("the store has no genesis yet")]
    NotInitialized,
    /// Blocks have to come in order.
    #[error("the block after height {tip} was expected, not height {found}")]
    OutOfOrder {
        /// The newest block in the store.
        tip: Height,
        /// The height that came.
        found: Height,
    },
    /// A block that does not follow from the tip or from itself.
    #[error("block {height} has another {what} than it must have: {found} instead of {expected}")]
    Inconsistent {
        /// The block's height.
        height: Height,
        /// Which hash.
        what: &'static str,
        /// The hash that came.
        found: Hash32,
        /// The hash that was expected.
        expected: Hash32,
    },
    /// The state of that height is not kept.
    #[error("the state after block {height} is not kept; this node has those of blocks {oldest} to {newest}")]
    HeightUnavailable {
        /// The height that was asked for.
        height: Height,
        /// The oldest that is kept.
        oldest: Height,
        /// The newest there is.
        newest: Height,
    },
}

impl StoreError {
    pub(crate) fn io(operation: &'static str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io { operation, path: path.to_owned(), message: error.to_string() }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// How the last words of a node begin that stops for its store.
pub const STOPS: &str = "the node stops, because it cannot read its own state";

/// What helps where a part of the store is lost.
pub const REMEDY: &str = "if the disk is sound, move `data/store` and `data/log` away, keep `data/lease`, and start: it gets the chain from its peers";

/// What helps against what the operating system said. Nothing is lost where a disk is full or a file is another user's.
fn remedy_of(message: &str) -> &'static str {
    let of_the_system = [
        ("No space left", "make room on the disk, and start again; nothing has to be moved or deleted of the node's"),
        (
            "Disk quota exceeded",
            "make room within the quota, and start again; nothing has to be moved or deleted of the node's",
        ),
        ("Permission denied", "look who owns it and its mode, and start again as its owner"),
        ("Read-only file system", "mount it so that it can be written, and start again"),
        (
            "Too many open files",
            "raise the limit of open files (`ulimit -n`, `LimitNOFILE=` of the unit), and start again",
        ),
    ];
    of_the_system.iter().find(|(said, _)| message.contains(said)).map_or(REMEDY, |(_, remedy)| remedy)
}

/// Stops the node: the store gave no answer where the chain needs one.
pub(crate) fn fault(error: &StoreError) -> ! {
    panic!("{STOPS}: {error}; {REMEDY}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_no_reason_to_move_the_store_away() {
        let told = |message: &str| {
            let (operation, path, message) = ("open", PathBuf::from("/home/data/store"), message.to_owned());
            StoreError::Database { operation, path, message }.to_string()
        };
        let full = told("IO error: No space left on device: While open a file for appending: /home/data/store/LOG");
        assert!(full.contains("make room") && !full.contains("away"), "{full}");
        assert!(told("IO error: Permission denied: While open").contains("who owns it"));
        assert!(told("Corruption: bad block").contains("move `data/store` and `data/log` away"));
    }
}
