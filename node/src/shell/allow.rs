//! An operator's word on what a key may have signed: `thronosd keys allow-votes`.
//!
//! It opens the lease alone, so that it helps where the log is lost or damaged. It must not run beside a node.

use std::time::{SystemTime, UNIX_EPOCH};

use journal::{Doubt, Holder, Journal, JournalError, Lease, Position, VoteBound};
use types::{BlsPublicKey, TimeMs};

use super::desk::{desk_failed, keep_former_lease};
use super::start_error::StartError;
use crate::disk::FileDisk;
use crate::home::Home;

/// What became of an operator's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Votes count only above this now.
    Raised(Position),
    /// They did already.
    Already(Position),
    /// Nothing has changed: this home itself knows of votes, or of a lease for them, up to here.
    Below(Position, Doubt),
}

/// Raises the bound of votes in a home in which no node runs.
///
/// # Errors
/// [`StartError`] when a node runs there, or the lease cannot be used.
pub fn allow_votes_above(home: &Home, key: BlsPublicKey, position: Position) -> Result<Allowed, StartError> {
    let (_, chain) = home.read_genesis()?;
    let _lock = home.lock(chain)?;
    let holder = Holder { chain, key: Some(key) };
    keep_former_lease(home, &holder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = TimeMs(u64::try_from(now).unwrap_or(u64::MAX));
    let changed = || -> Result<_, JournalError> {
        let log = Journal::state(&FileDisk::open(&home.log())?)?;
        let mut lease = Lease::open(FileDisk::open(&home.lease())?, holder, log)?;
        match lease.votes_only_above() {
            VoteBound::Unknown(doubt) if position < lease.reach() => Ok(Allowed::Below(lease.reach(), doubt)),
            _ if lease.allow(position, now)? => Ok(Allowed::Raised(lease.reach())),
            _ => Ok(Allowed::Already(lease.reach())),
        }
    };
    changed().map_err(|error| desk_failed(home)(error.into()))
}
