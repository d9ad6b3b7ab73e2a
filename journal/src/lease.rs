//! The lease: up to which view this validator may ever have signed a vote.
//!
//! It is checked where signatures are made and written before they are, in ranges of [`LEASED_VIEWS`] views, so
//! that it costs one write in a thousand views. It must not know what is in the log. When the log is lost, the
//! lease still says which views are spoken for; when the lease itself is lost, no view is known to be free.
//!
//! Invariants: the lease on disk is at or above every view that [`Lease::covers`] ever agreed to; neither its end
//! nor its bound ever goes down; the lease is no part of a backup.

use types::{ChainId, Epoch, View};

use crate::disk::{Disk, DiskError};
use crate::error::JournalError;
use crate::log::{LogState, Position};
use crate::sealed::{Format, take, take_u64};

/// Name of the file.
pub const LEASE_FILE: &str = "lease";
/// How many views one write leases.
pub const LEASED_VIEWS: u64 = 1_024;

const FORMAT: Format = Format { magic: *b"THRONLSE", version: 1, payload_bytes: 33 };
const BOUND_KNOWN: u8 = 0;
const BOUND_UNKNOWN: u8 = 1;

/// Which views are free of votes that the log does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteBound {
    /// Those above this position; view 0 of epoch 0, in which nobody votes, while the log is whole.
    Above(Position),
    /// None is known to be: there is a log without its lease, as in a home restored from a backup.
    Unknown,
}

/// The range of views in which this validator may sign.
#[derive(Debug)]
pub struct Lease<D> {
    disk: D,
    chain: ChainId,
    /// The last view that is leased.
    end: Position,
    bound: VoteBound,
    poison: Option<DiskError>,
}

impl<D: Disk> Lease<D> {
    /// Opens the lease, or makes one that leases nothing. `log` says whether there is a log: a lease without its
    /// log bounds the votes from now on, durably. To be called before the log is made; [`crate::recover`] does.
    ///
    /// # Errors
    /// [`JournalError`] for damage, another chain, a newer format, or a failing disk.
    pub fn open(disk: D, chain: ChainId, log: LogState) -> Result<Self, JournalError> {
        let found = disk.read(LEASE_FILE)?;
        let (end, bound) = match (&found, log) {
            (Some(bytes), _) => decode(chain, bytes)?,
            (None, LogState::Absent) => (Position::default(), VoteBound::Above(Position::default())),
            (None, LogState::Present) => (Position::default(), VoteBound::Unknown),
        };
        let mut lease = Self { disk, chain, end, bound, poison: None };
        let is_log_lost = log == LogState::Absent && lease.end > Position::default();
        if is_log_lost && bound != VoteBound::Unknown {
            lease.write(end, VoteBound::Above(end))?;
        } else if found.is_none() {
            lease.write(end, bound)?;
        }
        Ok(lease)
    }

    /// Whether a vote may be signed there: leased, and above what a lost log may have known.
    #[must_use]
    pub fn covers(&self, epoch: Epoch, view: View) -> bool {
        let position = Position { epoch, view };
        let is_free = matches!(self.bound, VoteBound::Above(bound) if position > bound);
        self.poison.is_none() && is_free && position <= self.end
    }

    /// Leases this view and the [`LEASED_VIEWS`] - 1 after it, durably. Does nothing when it is leased already.
    ///
    /// # Errors
    /// [`JournalError::Disk`] the first time the disk fails, [`JournalError::Poisoned`] ever after.
    pub fn extend(&mut self, epoch: Epoch, view: View) -> Result<(), JournalError> {
        if let Some(error) = &self.poison {
            return Err(JournalError::Poisoned(error.clone()));
        }
        if (Position { epoch, view }) <= self.end {
            return Ok(());
        }
        let end = Position { epoch, view: view.saturating_add(LEASED_VIEWS.saturating_sub(1)) };
        self.write(end, self.bound)
    }

    /// Which views are free. Nothing is ever signed elsewhere.
    #[must_use]
    pub const fn votes_only_above(&self) -> VoteBound {
        self.bound
    }

    /// Raises the bound, durably: what peers or an operator know about the votes that this machine forgot. It
    /// turns [`VoteBound::Unknown`] into a known bound and never lowers one.
    ///
    /// # Errors
    /// [`JournalError::Disk`] the first time the disk fails, [`JournalError::Poisoned`] ever after.
    pub fn settle(&mut self, above: Position) -> Result<(), JournalError> {
        if let Some(error) = &self.poison {
            return Err(JournalError::Poisoned(error.clone()));
        }
        match self.bound {
            VoteBound::Above(present) if above <= present => Ok(()),
            _ => self.write(self.end.max(above), VoteBound::Above(above)),
        }
    }

    /// The last view that is leased.
    #[must_use]
    pub const fn end(&self) -> Position {
        self.end
    }

    fn write(&mut self, end: Position, bound: VoteBound) -> Result<(), JournalError> {
        match self.disk.replace(LEASE_FILE, &encode(self.chain, end, bound)) {
            Ok(()) => {
                (self.end, self.bound) = (end, bound);
                Ok(())
            }
            Err(error) => {
                self.poison = Some(error.clone());
                Err(JournalError::Disk(error))
            }
        }
    }
}

fn encode(chain: ChainId, end: Position, bound: VoteBound) -> Vec<u8> {
    let (tag, above) = match bound {
        VoteBound::Above(above) => (BOUND_KNOWN, above),
        VoteBound::Unknown => (BOUND_UNKNOWN, Position::default()),
    };
    let mut payload = vec![tag];
    for position in [end, above] {
        payload.extend_from_slice(&position.epoch.0.to_le_bytes());
        payload.extend_from_slice(&position.view.0.to_le_bytes());
    }
    FORMAT.seal(chain, &payload)
}

fn decode(chain: ChainId, bytes: &[u8]) -> Result<(Position, VoteBound), JournalError> {
    let mut payload = FORMAT.unseal(LEASE_FILE, chain, bytes)?;
    let rest = &mut payload;
    let tag = take(rest);
    match (tag, position(rest), position(rest)) {
        (Some([BOUND_KNOWN]), Some(end), Some(above)) => Ok((end, VoteBound::Above(above))),
        (Some([BOUND_UNKNOWN]), Some(end), Some(_)) => Ok((end, VoteBound::Unknown)),
        _ => {
            let what = "the lease makes no sense";
            Err(JournalError::Damaged { file: LEASE_FILE.to_owned(), offset: 0, what })
        }
    }
}

fn position(rest: &mut &[u8]) -> Option<Position> {
    let (epoch, view) = take_u64(rest).zip(take_u64(rest))?;
    Some(Position { epoch: Epoch(epoch), view: View(view) })
}
