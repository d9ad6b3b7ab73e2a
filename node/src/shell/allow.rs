//! An operator's word on what a key may have signed: `thronosd keys allow-votes`.
//!
//! It opens the lease alone, so that it helps where the log is lost or damaged. It must not run beside a node.

use std::time::{SystemTime, UNIX_EPOCH};

use journal::{Holder, Journal, JournalError, Lease, Position, VoteBound};
use types::{BlsPublicKey, TimeMs};

use super::desk::{desk_failed, keep_former_lease};
use super::start_error::StartError;
use crate::disk::FileDisk;
use crate::home::Home;

/// Raises the bound of votes in a home in which no node runs. Gives whether that changed anything, and the bound.
///
/// # Errors
/// [`StartError`] when a node runs there, or the lease cannot be used.
pub fn allow_votes_above(home: &Home, key: BlsPublicKey, position: Position) -> Result<(bool, VoteBound), StartError> {
    let (_, chain) = home.read_genesis()?;
    let _lock = home.lock(chain)?;
    let holder = Holder { chain, key: Some(key) };
    keep_former_lease(home, &holder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = TimeMs(u64::try_from(now).unwrap_or(u64::MAX));
    let changed = || -> Result<_, JournalError> {
        let log = Journal::state(&FileDisk::open(&home.log())?)?;
        let mut lease = Lease::open(FileDisk::open(&home.lease())?, holder, log)?;
        Ok((lease.allow(position, now)?, lease.votes_only_above()))
    };
    changed().map_err(|error| desk_failed(home)(error.into()))
}
