//! The lease: up to which view this validator may ever have signed a vote.
//!
//! It is checked where signatures are made and written before they are, in ranges of [`LEASED_VIEWS`] views, so
//! that it costs one write in a thousand views. It must not know what is in the log. When the log is lost, the
//! lease still says which views are spoken for; when the lease itself is lost, no view is known to be free.
//!
//! It names the key that it is about, and its own place on the disk, because a copy of it, put back later or running
//! elsewhere, knows only what was signed before it was made. Whoever makes a key says so here ([`Lease::begin`]): a key
//! that is new has signed nothing, which nobody can know of a key that comes with no lease. Invariants: the lease on disk is at or above every view that [`Lease::covers`] ever agreed
//! to; neither its end nor a known bound ever goes down; the lease is no part of a backup.

use types::{BlsPublicKey, ChainId, Epoch, Hash32, TimeMs, View};

use crate::disk::{Disk, DiskError, Place};
use crate::error::JournalError;
use crate::log::{LogState, Position};
use crate::sealed::{Format, take, take_u64};

/// Name of the file.
pub const LEASE_FILE: &str = "lease";
/// How many views one write leases.
pub const LEASED_VIEWS: u64 = 1_024;

const FORMAT: Format = Format { magic: *b"THRONLSE", version: 2, payload_bytes: 185 };
/// Stands for the chain in the lease of a key that was never used on any.
const NO_CHAIN: ChainId = ChainId(Hash32::ZERO);
const BOUND_KNOWN: u8 = 0;
const NO_HISTORY: u8 = 1;
const LEASE_LOST: u8 = 2;
const COPIED: u8 = 3;
const TWIN: u8 = 4;

/// Which views are free of votes that the log does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteBound {
    /// Those above this position; view 0 of epoch 0, in which nobody votes, while the log is whole.
    Above(Position),
    /// None is known to be.
    Unknown(Doubt),
}

/// Why no view is known to be free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// There was neither log nor lease: this is a new home, or all that an old one remembered is gone.
    NoHistory,
    /// There was a log without its lease.
    LeaseLost,
    /// The lease was written in another place: the home was copied, cloned or put back.
    Copied,
    /// Somebody else signed with this validator's key, at this place.
    Twin(Position),
}

/// Whose votes a lease is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The chain on which they count.
    pub chain: ChainId,
    /// The key that signs them; none for a node that only follows, which leaves the lease of a validator as it is.
    pub key: Option<BlsPublicKey>,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    key: BlsPublicKey,
    /// The last view that is leased.
    end: Position,
    bound: VoteBound,
    /// When an operator last raised the bound; 0 for never.
    allowed: TimeMs,
}

/// The range of views in which this validator may sign.
#[derive(Debug)]
pub struct Lease<D> {
    disk: D,
    chain: ChainId,
    terms: Terms,
    poison: Option<DiskError>,
}

impl<D: Disk> Lease<D> {
    /// Opens the lease, or makes one that leases nothing. `log` says whether there is a log: a lease without its
    /// log bounds the votes from now on, durably. To be called before the log is made; [`crate::recover`] does.
    ///
    /// A file of nothing but zeros is a lost lease: a file system that lost power may leave one.
    ///
    /// # Errors
    /// [`JournalError`] for damage, another chain, a newer format, or a failing disk.
    pub fn open(disk: D, holder: Holder, log: LogState) -> Result<Self, JournalError> {
        let Holder { chain, key } = holder;
        let found = disk.read(LEASE_FILE)?;
        let is_blank = found.as_ref().is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0));
        let doubt = if log == LogState::Absent && found.is_none() { Doubt::NoHistory } else { Doubt::LeaseLost };
        let (terms, is_written) = match found.filter(|_| !is_blank) {
            None => (Terms::unknown(key.unwrap_or(BlsPublicKey::ZERO), doubt), false),
            Some(bytes) => {
                let sealed = decode(chain, &bytes)?;
                let is_home = disk.place(LEASE_FILE)? == Some(sealed.place);
                let terms = match key {
                    None => sealed.terms,
                    Some(key) if key != sealed.terms.key => Terms::unknown(key, Doubt::NoHistory),
                    Some(_) => sealed.terms.found(log, is_home),
                };
                (terms, key.is_none() || (terms == sealed.terms && is_home && !sealed.is_new))
            }
        };
        let mut lease = Self { disk, chain, terms, poison: None };
        if !is_written {
            lease.write(terms)?;
        }
        Ok(lease)
    }

    /// Writes the lease of a key that was made a moment ago, and has signed nothing on any chain.
    ///
    /// # Errors
    /// [`DiskError`] when the disk fails.
    pub fn begin(mut disk: D, key: BlsPublicKey) -> Result<(), DiskError> {
        let terms = Terms { bound: VoteBound::Above(Position::default()), ..Terms::unknown(key, Doubt::NoHistory) };
        disk.replace_with(LEASE_FILE, &mut |place| encode(NO_CHAIN, terms, place))
    }

    /// Whose votes the lease on a disk is about, on whatever chain, if there is one that names a key. Nothing is written.
    ///
    /// # Errors
    /// [`JournalError`] for damage, a newer format, or a failing disk.
    pub fn key_on(disk: &D) -> Result<Option<BlsPublicKey>, JournalError> {
        disk.read(LEASE_FILE)?.map_or(Ok(None), |bytes| Self::key_in(&bytes))
    }

    /// The same of the content of a lease.
    ///
    /// # Errors
    /// [`JournalError`] for damage, or a newer format.
    pub fn key_in(content: &[u8]) -> Result<Option<BlsPublicKey>, JournalError> {
        if content.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sealed = decode(Format::chain_of(content).unwrap_or(NO_CHAIN), content)?;
        Ok(Some(sealed.terms.key).filter(|key| *key != BlsPublicKey::ZERO))
    }

    /// Whether a vote may be signed there: leased, and above what a lost log may have known.
    #[must_use]
    pub fn covers(&self, epoch: Epoch, view: View) -> bool {
        let position = Position { epoch, view };
        let is_free = matches!(self.terms.bound, VoteBound::Above(bound) if position > bound);
        self.poison.is_none() && is_free && position <= self.terms.end
    }

    /// Leases this view and the [`LEASED_VIEWS`] - 1 after it, durably. Does nothing when it is leased already. Whoever
    /// votes in an epoch never votes in an earlier one again.
    ///
    /// # Errors
    /// [`JournalError::Disk`] the first time the disk fails, [`JournalError::Poisoned`] ever after.
    pub fn extend(&mut self, epoch: Epoch, view: View) -> Result<(), JournalError> {
        self.check_poison()?;
        if (Position { epoch, view }) <= self.terms.end {
            return Ok(());
        }
        let end = Position { epoch, view: view.saturating_add(LEASED_VIEWS.saturating_sub(1)) };
        let bound = match (self.terms.bound, epoch.0.checked_sub(1)) {
            (VoteBound::Above(present), Some(before)) => {
                VoteBound::Above(present.max(Position { epoch: Epoch(before), view: View::MAX }))
            }
            (bound, _) => bound,
        };
        self.write(Terms { end, bound, ..self.terms })
    }

    /// Which views are free. Nothing is ever signed elsewhere.
    #[must_use]
    pub const fn votes_only_above(&self) -> VoteBound {
        self.terms.bound
    }

    /// The lowest bound that a word about this lease can give: below it votes may exist, as the lease itself knows.
    #[must_use]
    pub const fn reach(&self) -> Position {
        match self.terms.bound {
            VoteBound::Above(present) => present,
            VoteBound::Unknown(Doubt::Twin(seen)) => seen,
            // Of a copy nobody knows how far its log reached when the lease was written.
            VoteBound::Unknown(Doubt::Copied) => self.terms.end,
            VoteBound::Unknown(_) => Position { epoch: Epoch(0), view: View(0) },
        }
    }

    /// Raises the bound, durably: what peers or an operator know about the votes that this machine forgot. It
    /// turns [`VoteBound::Unknown`] into a known bound and never lowers one.
    ///
    /// # Errors
    /// [`JournalError::Disk`] the first time the disk fails, [`JournalError::Poisoned`] ever after.
    pub fn settle(&mut self, above: Position) -> Result<(), JournalError> {
        self.raise(above, self.terms.allowed).map(|_| ())
    }

    /// In one write, so that a bound that an operator has raised says so, whatever happens to the disk.
    fn raise(&mut self, above: Position, allowed: TimeMs) -> Result<bool, JournalError> {
        self.check_poison()?;
        if matches!(self.terms.bound, VoteBound::Above(present) if above <= present) {
            return Ok(false);
        }
        let above = above.max(self.reach());
        let end = self.terms.end.max(above);
        self.write(Terms { end, bound: VoteBound::Above(above), allowed, ..self.terms })?;
        Ok(true)
    }

    /// The same by the word of an operator, at this time, which is kept. Says whether anything changed.
    ///
    /// # Errors
    /// As [`Lease::settle`].
    pub fn allow(&mut self, above: Position, at: TimeMs) -> Result<bool, JournalError> {
        self.raise(above, at)
    }

    /// Takes back, durably, whatever was known to be free.
    ///
    /// # Errors
    /// As [`Lease::settle`].
    pub fn doubt(&mut self, doubt: Doubt) -> Result<(), JournalError> {
        self.check_poison()?;
        self.write(Terms { bound: VoteBound::Unknown(doubt), ..self.terms })
    }

    /// The last view that is leased.
    #[must_use]
    pub const fn end(&self) -> Position {
        self.terms.end
    }

    /// The key that it is about; none for that of a node that only follows.
    #[must_use]
    pub fn key(&self) -> Option<BlsPublicKey> {
        Some(self.terms.key).filter(|key| *key != BlsPublicKey::ZERO)
    }

    /// When an operator last raised the bound, if one did.
    #[must_use]
    pub fn allowed(&self) -> Option<TimeMs> {
        Some(self.terms.allowed).filter(|at| at.0 > 0)
    }

    fn check_poison(&self) -> Result<(), JournalError> {
        self.poison.clone().map_or(Ok(()), |error| Err(JournalError::Poisoned(error)))
    }

    fn write(&mut self, terms: Terms) -> Result<(), JournalError> {
        let chain = self.chain;
        match self.disk.replace_with(LEASE_FILE, &mut |place| encode(chain, terms, place)) {
            Ok(()) => {
                self.terms = terms;
                Ok(())
            }
            Err(error) => {
                self.poison = Some(error.clone());
                Err(JournalError::Disk(error))
            }
        }
    }
}

impl Terms {
    /// Nothing is known of a key.
    fn unknown(key: BlsPublicKey, doubt: Doubt) -> Self {
        Self { key, end: Position::default(), bound: VoteBound::Unknown(doubt), allowed: TimeMs(0) }
    }

    /// What these terms are worth where they were found.
    fn found(self, log: LogState, is_home: bool) -> Self {
        let bound = match self.bound {
            // What this machine itself signed may be forgotten, too.
            VoteBound::Unknown(Doubt::Twin(seen)) if !is_home || log == LogState::Absent => {
                VoteBound::Unknown(Doubt::Twin(seen.max(self.end)))
            }
            VoteBound::Unknown(Doubt::Twin(_)) => self.bound,
            _ if !is_home => VoteBound::Unknown(Doubt::Copied),
            VoteBound::Above(_) if log == LogState::Absent && self.end > Position::default() => {
                VoteBound::Above(self.end)
            }
            bound => bound,
        };
        Self { bound, ..self }
    }
}

fn encode(chain: ChainId, terms: Terms, place: Place) -> Vec<u8> {
    let (tag, above) = match terms.bound {
        VoteBound::Above(above) => (BOUND_KNOWN, above),
        VoteBound::Unknown(Doubt::NoHistory) => (NO_HISTORY, Position::default()),
        VoteBound::Unknown(Doubt::LeaseLost) => (LEASE_LOST, Position::default()),
        VoteBound::Unknown(Doubt::Copied) => (COPIED, Position::default()),
        VoteBound::Unknown(Doubt::Twin(seen)) => (TWIN, seen),
    };
    let mut payload = vec![tag];
    payload.extend_from_slice(terms.key.as_bytes());
    for position in [terms.end, above] {
        payload.extend_from_slice(&position.epoch.0.to_le_bytes());
        payload.extend_from_slice(&position.view.0.to_le_bytes());
    }
    payload.extend_from_slice(&place.machine);
    for number in [place.file, place.born, terms.allowed.0] {
        payload.extend_from_slice(&number.to_le_bytes());
    }
    FORMAT.seal(chain, &payload)
}

/// A lease as it lies on a disk.
struct Sealed {
    terms: Terms,
    place: Place,
    /// Of a key that was not used yet.
    is_new: bool,
}

fn decode(chain: ChainId, bytes: &[u8]) -> Result<Sealed, JournalError> {
    let (mut payload, is_new) = match FORMAT.unseal(LEASE_FILE, chain, bytes) {
        Err(JournalError::OtherChain { found: NO_CHAIN, .. }) => (FORMAT.unseal(LEASE_FILE, NO_CHAIN, bytes)?, true),
        payload => (payload?, false),
    };
    let damaged = || JournalError::Damaged { file: LEASE_FILE.to_owned(), offset: 0, what: "the lease makes no sense" };
    let (terms, place) = read(&mut payload).ok_or_else(damaged)?;
    Ok(Sealed { terms, place, is_new })
}

fn read(rest: &mut &[u8]) -> Option<(Terms, Place)> {
    let [tag] = take(rest)?;
    let key = BlsPublicKey(take(rest)?);
    let (end, above) = (position(rest)?, position(rest)?);
    let place = Place { machine: take(rest)?, file: take_u64(rest)?, born: take_u64(rest)? };
    let bound = match tag {
        BOUND_KNOWN => VoteBound::Above(above),
        NO_HISTORY => VoteBound::Unknown(Doubt::NoHistory),
        LEASE_LOST => VoteBound::Unknown(Doubt::LeaseLost),
        COPIED => VoteBound::Unknown(Doubt::Copied),
        TWIN => VoteBound::Unknown(Doubt::Twin(above)),
        _ => return None,
    };
    Some((Terms { key, end, bound, allowed: TimeMs(take_u64(rest)?) }, place))
}

fn position(rest: &mut &[u8]) -> Option<Position> {
    let (epoch, view) = take_u64(rest).zip(take_u64(rest))?;
    Some(Position { epoch: Epoch(epoch), view: View(view) })
}
