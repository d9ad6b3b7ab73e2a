//! The desk between a decision and the world: nothing that rests on a record leaves before the record is synced.
//!
//! Every shell, real or simulated, passes the effects of its replica through [`Desk::settle`]. It holds the
//! consensus log and the lease; it must not know what a vote means. One call costs at most one sync of the log,
//! however many steps' effects it is given, and none if all that it logs is certificates: nothing rests on those but
//! later votes, whose sync takes them along.

use journal::{Disk, Floor, Holder, Journal, JournalError, Lease, Position, VoteBound};
use types::canary::{Canary, planted};
use types::{BlsPublicKey, DecodeError, Height, TimeMs};

use crate::effect::Effect;
use crate::log::LogRecord;

/// Records that may wait for a vote to take them to the disk: who never votes writes certificates all the same.
const WAITING_MAX: usize = 64;

/// The consensus log and the lease of one validator.
#[derive(Debug)]
pub struct Desk<D> {
    journal: Journal<D>,
    lease: Lease<D>,
}

/// What was found on the desk.
#[derive(Debug)]
pub struct Opened<D> {
    /// The desk.
    pub desk: Desk<D>,
    /// The log, oldest record first.
    pub log: Vec<LogRecord>,
    /// Which views are free of votes that the log does not know.
    pub votes_above: VoteBound,
    /// Where the log was last cut, if it ever was.
    pub floor: Option<Floor>,
    /// What was cut off the log's end as torn, for the operator.
    pub torn: Option<journal::TornTail>,
    /// When an operator last said above which view this node may vote.
    pub allowed: Option<TimeMs>,
}

/// Why the desk cannot be used; the node has to stop.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The log or the lease is damaged, or the disk failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record that this version cannot read.
    #[error("{0}: the log was written by another version of this software")]
    Record(#[from] DecodeError),
}

impl<D: Disk> Desk<D> {
    /// Opens log and lease.
    ///
    /// # Errors
    /// [`DeskError`] for damage, another chain, another version, or a failing disk.
    pub fn open(log_disk: D, lease_disk: D, holder: Holder) -> Result<Opened<D>, DeskError> {
        Self::open_in_segments(log_disk, lease_disk, holder, journal::SEGMENT_BYTES)
    }

    /// Opens log and lease; the log begins a new segment at this length. Short segments are for simulations.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub fn open_in_segments(
        log_disk: D,
        lease_disk: D,
        holder: Holder,
        segment_bytes: u64,
    ) -> Result<Opened<D>, DeskError> {
        let recovered = journal::recover(log_disk, lease_disk, holder, segment_bytes)?;
        let log = recovered
            .records
            .iter()
            .filter(|record| record.kind != journal::FLOOR_KIND)
            .map(LogRecord::from_record)
            .collect::<Result<Vec<_>, _>>()?;
        let votes_above = recovered.lease.votes_only_above();
        let allowed = recovered.lease.allowed();
        let (floor, torn) = (recovered.recovery.floor, recovered.recovery.torn);
        let desk = Self { journal: recovered.journal, lease: recovered.lease };
        Ok(Opened { desk, log, votes_above, floor, torn, allowed })
    }

    /// Performs effects in order, with one sync between what comes before the first record that binds and what comes
    /// after it.
    ///
    /// A vote that the lease does not cover and may not be made to is left out: this machine may have signed there
    /// before it lost its log.
    ///
    /// # Errors
    /// [`DeskError`] when the disk fails: nothing after the first record that binds was performed, and nothing may be
    /// any more.
    pub fn settle(&mut self, effects: Vec<Effect>, mut perform: impl FnMut(Effect)) -> Result<(), DeskError> {
        let mut later = Vec::new();
        let mut bound = false;
        for effect in effects {
            match effect {
                Effect::Persist(record) => {
                    bound |= record.binds();
                    self.journal.append(record.to_record())?;
                }
                effect @ (Effect::Floor { .. } | Effect::Bound(_)) => later.push(effect),
                effect if bound || matches!(effect, Effect::Sign { .. }) => later.push(effect),
                effect => perform(effect),
            }
        }
        bound |= self.journal.status().waiting >= WAITING_MAX;
        if bound && !planted(Canary::VoteBeforeSync) {
            self.journal.sync()?;
        }
        for effect in later {
            match effect {
                Effect::Floor { height, epoch, view } => self.journal.floor(Floor { height, epoch, view })?,
                Effect::Bound(VoteBound::Above(above)) => self.vote_only_above(above)?,
                Effect::Bound(VoteBound::Unknown(doubt)) => self.lease.doubt(doubt)?,
                Effect::Sign { statement, .. } => {
                    self.lease.extend(statement.epoch, statement.view)?;
                    if self.lease.covers(statement.epoch, statement.view) {
                        perform(effect);
                    }
                }
                effect => perform(effect),
            }
        }
        Ok(())
    }

    /// Raises the place below which this node does not vote: what is known of votes that may have been forgotten.
    ///
    /// # Errors
    /// [`DeskError`] when the disk fails.
    pub fn vote_only_above(&mut self, position: Position) -> Result<(), DeskError> {
        Ok(self.lease.settle(position)?)
    }

    /// The key that the lease is about; none for a node that only follows.
    #[must_use]
    pub fn lease_key(&self) -> Option<BlsPublicKey> {
        self.lease.key()
    }

    /// The newest height that the log knows to be on the store's disk.
    #[must_use]
    pub fn floor_height(&self) -> Height {
        self.journal.current_floor().map(|floor| floor.height).unwrap_or_default()
    }
}
