//! Tokens that their holders took back, kept until they would have ended by themselves.
//!
//! A record is `token's name 16 | second of its end u64`, integers little-endian. It must not know who may take one back. Invariants: what was taken
//! back is on the disk before it is said; bounded in entries and in bytes.

use std::path::Path;

use service::Refusal;
use service::log::{Log, LogBounds, LogError, OnDamage, OpenedLog};
use service::token::{Jti, Revocations};

use crate::examiner::token::part;

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "token.taken_back";
const RECORD_BYTES: usize = 24;
/// How much the file takes.
pub(crate) const BOUNDS: LogBounds = LogBounds { record_bytes_max: RECORD_BYTES, file_bytes_max: 4 << 20 };
/// It is written anew when it is longer: what must be kept takes 720 KB at most.
const BYTES_MAX: u64 = 2 << 20;
/// Most tokens.
const ENTRIES_MAX: usize = 20_000;

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
    list: Revocations,
    log: Log,
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

    /// Reads it, or begins one.
    ///
    /// # Errors
    /// `token_log`: it is damaged or cannot be used.
    pub(crate) fn open(folder: &Path, now_ms: u64) -> Result<Self, Refusal> {
        let opened = Log::open(&folder.join(FILE), BOUNDS, OnDamage::Refuse);
        let OpenedLog { log, records, .. } = opened.map_err(|error| {
            let hint = "move it away: new keys are then made too, so that no token that was taken back is good again";
            Refusal::new("token_log", format!("{error}; {hint}"))
        })?;
        let mut list = Revocations::new(ENTRIES_MAX);
        for (jti, expires_s) in records.iter().filter_map(|record| read(record)) {
            // What finds no room now found some when it was written.
            let _ = list.revoke(jti, expires_s, now_ms);
        }
        Ok(Self { list, log })
    }

    /// Takes a token back that ends in this second, durably.
    ///
    /// # Errors
    /// [`NotTakenBack`].
    pub(crate) fn add(&mut self, jti: Jti, expires_s: u64, now_ms: u64) -> Result<(), NotTakenBack> {
        if self.list.has(&jti) {
            return Ok(());
        }
        if !self.list.revoke(jti, expires_s, now_ms) {
            return Err(NotTakenBack::Full);
        }
        let written = if self.log.bytes() > BYTES_MAX {
            let records: Vec<_> = self.list.all().map(to_bytes).collect();
            self.log.rewrite(records.iter().map(<[u8; RECORD_BYTES]>::as_slice))
        } else {
            self.log.append([to_bytes((jti, expires_s)).as_slice()])
        };
        // It is taken back as long as the service runs, whatever the disk says.
        written.map_err(NotTakenBack::NotWritten)
    }

    /// Whether it was taken back.
    pub(crate) fn has(&self, jti: &Jti) -> bool {
        self.list.has(jti)
    }
}

/// Whether these are records of this version.
pub(crate) fn knows(records: &[Vec<u8>]) -> bool {
    records.iter().all(|record| read(record).is_some())
}

fn to_bytes((jti, expires_s): (Jti, u64)) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    let (name, end) = bytes.split_at_mut(16);
    name.copy_from_slice(&jti.0);
    end.copy_from_slice(&expires_s.to_le_bytes());
    bytes
}

fn read(record: &[u8]) -> Option<(Jti, u64)> {
    let mut rest = record;
    let (jti, expires_s) = (Jti(*part(&mut rest)?), u64::from_le_bytes(*part(&mut rest)?));
    rest.is_empty().then_some((jti, expires_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_is_known_after_a_restart_until_it_would_have_ended() {
        let folder = tempfile::tempdir().expect("a directory");
        let folder = folder.path();
        let jti = |number: u32| {
            let mut name = [0; 16];
            name[..4].copy_from_slice(&number.to_le_bytes());
            Jti(name)
        };
        assert!(!TakenBack::exists(folder).expect("the system says so"));
        let mut list = TakenBack::open(folder, 0).expect("none");
        for _ in 0..3 {
            list.add(jti(1), 100, 0).expect("room");
        }
        list.add(jti(2), 200, 0).expect("room");
        assert_eq!(list.log.bytes(), 2 * 36, "the same again is written once");
        let list = TakenBack::open(folder, 0).expect("whole");
        assert!(TakenBack::exists(folder).expect("the system says so"));
        assert!(list.has(&jti(1)) && list.has(&jti(2)) && !list.has(&jti(3)));
        std::fs::write(folder.join(FILE), [1; 100]).expect("our own");
        let refusal = TakenBack::open(folder, 0).map(drop).expect_err("it is damaged");
        assert!(refusal.code == "token_log" && refusal.message.contains("move it away"), "{refusal}");
    }

    #[test]
    fn a_list_that_is_full_says_so_and_has_room_when_some_are_over() {
        let folder = tempfile::tempdir().expect("a directory");
        let mut list = TakenBack::open(folder.path(), 0).expect("none");
        for number in 0..ENTRIES_MAX {
            assert!(list.list.revoke(Jti(u128::try_from(number).expect("small").to_le_bytes()), 100, 0));
        }
        assert!(matches!(list.add(Jti([0xff; 16]), 200, 129_999), Err(NotTakenBack::Full)));
        list.add(Jti([0xff; 16]), 200, 130_000).expect("room came back");
    }
}
