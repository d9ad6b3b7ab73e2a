//! The consensus log and the vote lease: what a validator must not forget.
//!
//! A vote leaves only after its record was synced here, so that a node that crashed never says two things about
//! one view. The crate writes through the [`Disk`] port and must not know files, threads or clocks, nor what is
//! inside a record: kinds and bytes belong to the caller.
//!
//! | file | holds |
//! |---|---|
//! | `log-NNNNNNNNNNNNNNNNNNNN` | a segment: header, then checksummed records in the order in which they were appended |
//! | `log-head` | which segments belong to the log, so that a missing one is noticed |
//! | `lease` | up to which view votes may ever have been signed, and in which place this was written |
//!
//! Invariants: only the end of the last segment may be incomplete or zeros, and is cut; any other damage is an error
//! that names the file and the offset. A failed write or sync is never tried again: the journal refuses everything
//! from then on, and the node has to stop. [`recover`] is the one right order to open log and lease in.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod disk;
mod error;
mod head;
mod lease;
mod log;
mod memory;
mod recovery;
mod sealed;
mod segment;
mod untouched;

pub use disk::{Disk, DiskError, DiskOperation, Place};
pub use error::JournalError;
pub use lease::{Doubt, Holder, LEASE_FILE, LEASED_VIEWS, Lease, VoteBound};
pub use log::{Floor, Journal, JournalStatus, LogState, Position, Recovery, SEGMENT_BYTES, TornTail};
pub use memory::MemoryDisk;
pub use recovery::{Recovered, recover};
pub use segment::{FLOOR_KIND, RECORD_BYTES_MAX, Record};
pub use untouched::Untouched;
