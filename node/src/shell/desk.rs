//! Log and lease of a home: opened, and told with their paths where they are of no use.
//!
//! It must not know what a record says. Invariant: a home that was a validator's is known as one, whatever of its keys is left.

use std::path::Path;

use journal::{Disk, Holder, Lease, Place};
use replica::{Desk, DeskError, Opened};
use types::BlsPublicKey;

use super::start_error::StartError;
use crate::disk::FileDisk;
use crate::home::Home;

/// Opens log and lease.
pub(super) fn open_desk(home: &Home, holder: Holder) -> Result<Opened<FileDisk>, StartError> {
    let failed = desk_failed(home);
    keep_former_lease(home, &holder)?;
    let open = |folder: &Path| FileDisk::open(folder).map_err(|error| failed(DeskError::Journal(error.into())));
    let opened = Desk::open(open(&home.log())?, open(&home.lease())?, holder).map_err(&failed)?;
    let place = FileDisk::at(&home.lease()).place(journal::LEASE_FILE).ok().flatten();
    if holder.key.is_some() && place.is_some_and(|place| !tells_copies(&place)) {
        tracing::warn!(
            lease = %home.lease().display(),
            "this file system does not tell when a file was made, so a log and a lease that are put back here from a copy may pass for the \
             present ones: never put them back here, or move the home to a file system that tells it, such as ext4, xfs or btrfs"
        );
    }
    Ok(opened)
}

/// Whether a file that is put in the place of another has another place for sure: numbers of files are given again, times of birth are not.
const fn tells_copies(place: &Place) -> bool {
    place.born > 0
}

/// What another key may have signed is not forgotten when somebody puts a key in its place.
pub(super) fn keep_former_lease(home: &Home, holder: &Holder) -> Result<(), StartError> {
    if let Some(key) = holder.key
        && let Some(kept) = home.keep_former_lease(key)?
    {
        tracing::warn!(%key, kept = %kept.display(), "the lease here was of another key than this validator's: it is kept, and this key gets one of its own");
    }
    Ok(())
}

/// What is wrong with log or lease, with the file that it is about.
pub(super) fn desk_failed(home: &Home) -> impl Fn(DeskError) -> StartError {
    let (log, lease) = (home.log(), home.lease());
    move |error| {
        let path = match &error {
            DeskError::Journal(error) => error.file().map(|file| match file {
                journal::LEASE_FILE => lease.join(file),
                _ => log.join(file),
            }),
            DeskError::Record(_) => Some(log.clone()),
        };
        StartError::Desk { path, error }
    }
}

/// What tells that a home without a validator's key had one, if anything does: it must not go on as if it had never been a validator's.
pub(super) fn traces_of_key(home: &Home, lease: Option<BlsPublicKey>) -> Option<String> {
    let entry = Some(home.validator_entry_file()).filter(|entry| entry.exists());
    let traces: Vec<_> =
        lease.map(|_| home.lease()).into_iter().chain(entry).map(|path| path.display().to_string()).collect();
    Some(traces.join(" and ")).filter(|traces| !traces.is_empty())
}

/// That a home has lost the key of its validator, if anything tells so. Nothing is written.
///
/// # Errors
/// [`StartError::Desk`] when the lease cannot be read.
pub(crate) fn lost_key(home: &Home) -> Result<Option<StartError>, StartError> {
    let key = home.validator_key_file();
    if key.exists() {
        return Ok(None);
    }
    let lease = Lease::key_on(&FileDisk::at(&home.lease()));
    let lease = lease.map_err(|error| desk_failed(home)(DeskError::Journal(error)))?;
    Ok(traces_of_key(home, lease).map(|traces| StartError::LostKey { key, traces }))
}
