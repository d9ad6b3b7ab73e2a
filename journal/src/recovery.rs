//! Opening log and lease in the one order in which a crash cannot hide a lost log.
//!
//! The lease is opened first: had the log been made before, a crash between the two would let a later start take
//! the new, empty log for the old one.

use crate::disk::Disk;
use crate::error::JournalError;
use crate::lease::{Holder, Lease};
use crate::log::{Journal, Recovery};
use crate::segment::Record;

/// Log and lease, ready to be used.
#[derive(Debug)]
pub struct Recovered<D> {
    /// The log.
    pub journal: Journal<D>,
    /// The lease; [`Lease::votes_only_above`] says whether the log was lost.
    pub lease: Lease<D>,
    /// The log's records, in the order in which they were appended.
    pub records: Vec<Record>,
    /// What was found and repaired.
    pub recovery: Recovery,
}

/// Opens or makes both; `segment_bytes` as for [`Journal::open`]. The two disks may be the same directory.
///
/// # Errors
/// [`JournalError`] for damage, a missing file, another chain, a newer format, or a failing disk.
pub fn recover<D: Disk>(
    log_disk: D,
    lease_disk: D,
    holder: Holder,
    segment_bytes: u64,
) -> Result<Recovered<D>, JournalError> {
    let lease = Lease::open(lease_disk, holder, Journal::state(&log_disk)?)?;
    let (journal, records, recovery) = Journal::open(log_disk, holder.chain, segment_bytes)?;
    Ok(Recovered { journal, lease, records, recovery })
}
