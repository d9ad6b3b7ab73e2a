//! Why the log or the lease cannot be used. All of these are faults of this machine: the node stops.

use types::{ChainId, Height};

use crate::disk::DiskError;
use crate::lease::LEASE_FILE;

/// A fault of the log or the lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Bytes that were written and synced are not what they were.
    #[error("`{file}` is damaged at byte {offset}: {what}; {remedy}", remedy = remedy(file))]
    Damaged {
        /// The file.
        file: String,
        /// Where the damaged part begins, in bytes.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A file that belongs to the log is not there.
    #[error("`{file}` is missing, but the other files of the log are there; {remedy}", remedy = remedy(file))]
    Missing {
        /// The file.
        file: String,
    },
    /// The file was written for another chain.
    #[error("`{file}` belongs to chain {found}, this node runs chain {expected}; use another home directory")]
    OtherChain {
        /// The file.
        file: String,
        /// The chain in the file.
        found: ChainId,
        /// The chain of this node.
        expected: ChainId,
    },
    /// The file was written by newer software.
    #[error(
        "`{file}` has format version {found}, this software knows versions up to {known}; use newer software, or take it for damaged if none ran here"
    )]
    NewerFormat {
        /// The file.
        file: String,
        /// The version in the file.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A record longer than any value that belongs into the log.
    #[error("a log record of {bytes} bytes, at most {bytes_max} are allowed")]
    RecordTooLong {
        /// Length of the record's bytes.
        bytes: usize,
        /// The most that is allowed.
        bytes_max: usize,
    },
    /// The caller used the kind that belongs to the log itself.
    #[error("record kind 0 belongs to the log itself")]
    ReservedKind,
    /// A floor below the present one.
    #[error("the log's floor cannot go back from height {from} to {to}")]
    FloorMovesBack {
        /// The present floor's height.
        from: Height,
        /// The height that was asked for.
        to: Height,
    },
    /// A write or sync failed before. What is on disk is unknown, so nothing may rest on it.
    #[error("an earlier write failed ({0}); nothing may be written any more, restart the node")]
    Poisoned(DiskError),
}

impl JournalError {
    /// The file whose content is of no use, by its name alone. Errors of the disk name theirs in full.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Damaged { file, .. }
            | Self::Missing { file }
            | Self::OtherChain { file, .. }
            | Self::NewerFormat { file, .. } => Some(file),
            Self::Disk(_)
            | Self::Poisoned(_)
            | Self::RecordTooLong { .. }
            | Self::ReservedKind
            | Self::FloorMovesBack { .. } => None,
        }
    }
}

/// What helps when a file cannot be used. Whatever was lost with it, the other one of log and lease bounds the votes.
fn remedy(file: &str) -> &'static str {
    if file == LEASE_FILE {
        "look after the disk, move this file away and start again: the node then follows the chain, and votes when it \
         has listened for a whole epoch"
    } else {
        "look after the disk, move the folder `data/log` away, keep `data/lease`, and start again: the node then gets \
         its blocks from peers, and votes above what the lease says it may have signed"
    }
}
