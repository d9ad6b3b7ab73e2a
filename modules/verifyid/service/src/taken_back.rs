//! Tokens that their holders took back, kept until they would have ended by themselves.
//!
//! A record is `version 1 | 1 | holder 20 | token's name 16 | second of its end u64`, or `version 1 | 2 | holder 20 | second u64` where all are taken back
//! that the holder was given until then; integers little-endian. It must not know who may take one back. Invariants: what was taken back is on the
//! disk before it is said, also where somebody else's write of the same failed; whoever asks for a token waits for no disk; a record that is not known is
//! a refusal.

use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use service::Refusal;
use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog};
use service::token::{API, Claims, Jti, Revocation, RevocationBounds, Revocations, TwoClocks};
use types::Address;

use crate::examiner::token::part;

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "token.taken_back";
const HEAD_BYTES: usize = 22;
const ONE_BYTES: usize = HEAD_BYTES + 24;
/// How much the file takes.
pub(crate) const BOUNDS: LogBounds = LogBounds { record_bytes_max: ONE_BYTES, file_bytes_max: 16 << 20 };
/// It is written anew when it is longer: what must be kept takes 10.2 MB at most.
const BYTES_MAX: u64 = 12 << 20;
/// Most holders, and most tokens of one: a holder that takes back more has no other left, and takes nobody's room. Each is an account that paid for a
/// device or has a plan.
const LIST: RevocationBounds = RevocationBounds { holders_max: 20_000, tokens_max: 8, life_s_max: API.life_s_max };
const VERSION: u8 = 1;
const ONE: u8 = 1;
const ALL_TO: u8 = 2;

/// Why a token could not be taken back.
#[derive(Debug)]
pub(crate) enum NotTakenBack {
    /// There is no room.
    Full,
    /// It could not be written down.
    NotWritten(LogError),
}

/// The list with its file.
pub(crate) struct TakenBack {
    /// Never held while something is written.
    list: RwLock<Revocations<Address>>,
    file: Mutex<ListFile>,
}

struct ListFile {
    log: Log,
    /// The last write failed: what stands in the file is not known before it is written anew.
    is_failing: bool,
}

impl TakenBack {
    /// Whether there is one in this folder.
    ///
    /// # Errors
    /// `token_log`: the system does not say.
    pub(crate) fn exists(folder: &Path) -> Result<bool, Refusal> {
        let path = folder.join(FILE);
        path.try_exists().map_err(|error| Refusal::new("token_log", format!("{}: {error}", path.display())))
    }

    /// Reads it, or begins one. Nothing is dropped by the wall's clock, which may be wrong at a start.
    ///
    /// # Errors
    /// `token_log`: it is damaged, holds what this version does not know, or cannot be used.
    pub(crate) fn open(folder: &Path, now: TwoClocks) -> Result<Self, Refusal> {
        let path = folder.join(FILE);
        let hint = "move it away: new keys are then made too, so that no token that was taken back is good again";
        let opened = Log::open(&path, BOUNDS, OnDamage::Refuse);
        let OpenedLog { log, records, .. } =
            opened.map_err(|error| Refusal::new("token_log", format!("{error}; {hint}")))?;
        let mut list = Revocations::new(LIST);
        for record in &records {
            let (holder, revocation) = read(record).ok_or_else(|| {
                let what = format!("{} holds a record that this version does not know", path.display());
                Refusal::new("token_log", format!("{what}; start the version that wrote it, or {hint}"))
            })?;
            list.restore(holder, revocation, now.own_ms);
        }
        let file = Mutex::new(ListFile { log, is_failing: false });
        Ok(Self { list: RwLock::new(list), file })
    }

    /// Takes a token of a holder back, durably. It is good for nothing as long as the service runs, whatever the disk says.
    ///
    /// # Errors
    /// [`NotTakenBack`].
    pub(crate) fn add(&self, holder: Address, claims: &Claims, now: TwoClocks) -> Result<(), NotTakenBack> {
        let Claims { jti, issued_s, expires_s, .. } = *claims;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (revocation, records) = {
            let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
            let is_there = list.covers(&holder, &jti, (issued_s, expires_s));
            if is_there && !file.is_failing {
                return Ok(());
            }
            // What is there and perhaps not on the disk is written with all of the list.
            let revocation = if is_there { None } else { Some(list.revoke(holder, jti, (issued_s, expires_s), now)) };
            let is_anew = file.is_failing || file.log.bytes() > BYTES_MAX;
            let records: Option<Vec<_>> = is_anew.then(|| list.all().map(to_bytes).collect());
            (revocation, records)
        };
        let written = match (revocation, records) {
            (Some(None), _) => return Err(NotTakenBack::Full),
            (_, Some(records)) => file.log.rewrite(records.iter().map(Vec::as_slice)),
            (Some(Some(revocation)), None) => file.log.append([to_bytes((holder, revocation)).as_slice()]),
            (None, None) => return Ok(()),
        };
        file.is_failing = written.is_err();
        written.map_err(NotTakenBack::NotWritten)
    }

    /// Whether a token of a holder was taken back.
    pub(crate) fn has(&self, holder: &Address, jti: &Jti, issued_s: u64) -> bool {
        self.list.read().unwrap_or_else(PoisonError::into_inner).has(holder, jti, issued_s)
    }
}

/// Whether these are records of this version.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    records.iter().all(|record| read(record).is_some())
}

fn to_bytes((holder, revocation): (Address, Revocation)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ONE_BYTES);
    bytes.push(VERSION);
    match revocation {
        Revocation::One { jti, expires_s } => {
            bytes.push(ONE);
            bytes.extend(holder.0);
            bytes.extend(jti.0);
            bytes.extend(expires_s.to_le_bytes());
        }
        Revocation::AllTo { issued_s } => {
            bytes.push(ALL_TO);
            bytes.extend(holder.0);
            bytes.extend(issued_s.to_le_bytes());
        }
    }
    bytes
}

fn read(record: &[u8]) -> Option<(Address, Revocation)> {
    let mut rest = record;
    let [version, kind] = *part(&mut rest)?;
    let holder = Address(*part(&mut rest)?);
    let revocation = match kind {
        ONE => Revocation::One { jti: Jti(*part(&mut rest)?), expires_s: u64::from_le_bytes(*part(&mut rest)?) },
        ALL_TO => Revocation::AllTo { issued_s: u64::from_le_bytes(*part(&mut rest)?) },
        _ => return None,
    };
    (version == VERSION && rest.is_empty()).then_some((holder, revocation))
}

#[cfg(test)]
impl TakenBack {
    /// Leaves no room for another record, unless the file is written anew.
    pub(crate) fn fill(&self) {
        let mut file = self.file.lock().expect("nobody panics");
        let record = to_bytes((Address([0; 20]), Revocation::AllTo { issued_s: 0 }));
        while file.log.append(vec![record.as_slice(); 10_000]).is_ok() {}
        while file.log.append([record.as_slice(); 100]).is_ok() {}
        while file.log.append([record.as_slice()]).is_ok() {}
    }

    /// Works while a write takes its time.
    pub(crate) fn while_it_writes<T>(&self, work: impl FnOnce() -> T) -> T {
        let _file = self.file.lock().expect("nobody panics");
        work()
    }
}

#[cfg(test)]
mod tests;
