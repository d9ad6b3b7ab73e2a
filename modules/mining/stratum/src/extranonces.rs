//! Who searches where: extranonce1 by counter, and sessions that may be resumed.
//!
//! It must not know connections. Invariants: no two open sessions have the same extranonce1; numbers that an earlier
//! run may have given away are not given again before the counter wraps; a session id cannot be guessed, because it
//! carries a keyed hash of the extranonce1; what is kept for closed sessions is bounded and expires.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crypto::hash::sha256;

use crate::job::{Job, Jobs, Space};
use crate::limits::{EXTRANONCE1_BYTES, RESUMABLE_MAX, RESUME_MS};
use crate::vardiff::Habits;

/// Numbers are reserved in the book in lots of this size.
pub const LOT: u32 = 4_096;
/// The counter has 24 bits; the byte above is the server's instance.
const COUNTER_MASK: u32 = 0x00ff_ffff;
const SESSION_CHARS: usize = 24;

/// The extranonce1 of one session.
pub type Extranonce1 = [u8; EXTRANONCE1_BYTES];

/// The extranonces of a server.
#[derive(Debug)]
pub struct Extranonces {
    instance: u32,
    secret: [u8; 32],
    next: u32,
    reserved_below: u32,
    in_use: BTreeSet<u32>,
    parked: BTreeMap<u32, (u64, Parked)>,
    parked_order: VecDeque<(u64, u32)>,
}

/// What a session finds again when it comes back.
#[derive(Debug)]
pub struct Parked {
    /// How its machine shows shares.
    pub habits: Habits,
    /// Its newest jobs that count.
    pub jobs: Jobs,
    /// The number of its first job.
    pub first_job: Option<u32>,
    /// Where it searched last.
    pub space: Option<Space>,
}

impl Extranonces {
    /// Goes on from what an earlier run reserved. The secret makes session ids unguessable.
    #[must_use]
    pub fn new(instance: u8, secret: [u8; 32], reserved_below: u32) -> Self {
        let start = reserved_below & COUNTER_MASK;
        Self {
            instance: u32::from(instance) << 24,
            secret,
            next: start,
            reserved_below: start,
            in_use: BTreeSet::new(),
            parked: BTreeMap::new(),
            parked_order: VecDeque::new(),
        }
    }

    /// The next free number. The second value is a new bound that must be written down before the number is used.
    pub fn take(&mut self) -> (Extranonce1, Option<u32>) {
        // Far fewer sessions are open or parked than there are numbers, so this ends.
        while self.in_use.contains(&self.next) || self.parked.contains_key(&self.next) {
            self.advance();
        }
        let number = self.next;
        self.in_use.insert(number);
        let reserve = number == self.reserved_below;
        self.advance();
        if reserve {
            self.reserved_below = number.saturating_add(LOT) & COUNTER_MASK;
        }
        (self.bytes(number), reserve.then_some(self.reserved_below))
    }

    /// Takes up a parked session, if its id is right and it has not expired.
    pub fn resume(&mut self, session: &str, now_ms: u64) -> Option<(Extranonce1, Parked)> {
        let digits = session.get(..8)?;
        if session.len() != SESSION_CHARS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let whole = u32::from_str_radix(digits, 16).ok()?;
        let number = whole & COUNTER_MASK;
        let extranonce1 = self.bytes(number);
        if self.session_id(extranonce1) != session {
            return None;
        }
        let (_, parked) = self.parked.remove(&number).filter(|(until_ms, _)| *until_ms > now_ms)?;
        self.in_use.insert(number);
        Some((extranonce1, parked))
    }

    /// Frees the number of a session that closed, and keeps it for its return.
    pub fn park(&mut self, extranonce1: Extranonce1, parked: Parked, now_ms: u64) {
        let number = u32::from_be_bytes(extranonce1) & COUNTER_MASK;
        self.in_use.remove(&number);
        let until_ms = now_ms.saturating_add(RESUME_MS);
        self.parked.insert(number, (until_ms, parked));
        self.parked_order.push_back((until_ms, number));
        while self.parked_order.len() > RESUMABLE_MAX {
            self.forget_oldest();
        }
    }

    /// How many sessions are parked.
    pub fn resumable(&self) -> usize {
        self.parked.len()
    }

    /// Drops the parked jobs of works that nobody accepts any more.
    pub fn retain_jobs(&mut self, counts: impl Fn(&Job) -> bool) {
        self.parked.values_mut().for_each(|(_, parked)| parked.jobs.retain(&counts));
    }

    /// Forgets the sessions that did not come back.
    pub fn expire(&mut self, now_ms: u64) {
        while self.parked_order.front().is_some_and(|(until_ms, _)| *until_ms <= now_ms) {
            self.forget_oldest();
        }
    }

    /// The id under which a session may be resumed: the number and a keyed hash of it.
    #[must_use]
    pub fn session_id(&self, extranonce1: Extranonce1) -> String {
        let mut keyed = self.secret.to_vec();
        keyed.extend_from_slice(&extranonce1);
        let digest = hex::encode(sha256(&keyed));
        let proof = digest.get(..SESSION_CHARS.saturating_sub(8)).unwrap_or_default();
        format!("{}{proof}", hex::encode(extranonce1))
    }

    fn forget_oldest(&mut self) {
        let Some((until_ms, number)) = self.parked_order.pop_front() else { return };
        // The session may have come back and been parked anew since.
        if self.parked.get(&number).is_some_and(|(until, _)| *until == until_ms) {
            self.parked.remove(&number);
        }
    }

    fn advance(&mut self) {
        self.next = self.next.wrapping_add(1) & COUNTER_MASK;
    }

    fn bytes(&self, number: u32) -> Extranonce1 {
        (self.instance | number).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use pow::Difficulty;

    use super::*;

    fn parked(number: u64) -> Parked {
        let wanted = Difficulty::from_billionths(number.into()).ok();
        Parked { habits: Habits { wanted, shown: None }, jobs: Jobs::default(), first_job: None, space: None }
    }

    #[test]
    fn numbers_are_unique_also_after_a_restart_and_a_wrap() {
        let mut first = Extranonces::new(7, [1; 32], 0);
        let taken: Vec<_> = (0..5_000).map(|_| first.take()).collect();
        let bounds: Vec<u32> = taken.iter().filter_map(|(_, bound)| *bound).collect();
        assert_eq!(bounds, [4_096, 8_192]);
        assert_eq!(taken.iter().map(|(number, _)| number).collect::<BTreeSet<_>>().len(), 5_000);
        let mut second = Extranonces::new(7, [1; 32], 8_192);
        let (number, bound) = second.take();
        assert!(taken.iter().all(|(earlier, _)| *earlier != number) && bound == Some(12_288));
        let mut late = Extranonces::new(7, [1; 32], COUNTER_MASK);
        assert_eq!(late.take().0, [7, 255, 255, 255]);
        assert_eq!(late.take().0, [7, 0, 0, 0]);
    }

    #[test]
    fn a_session_is_resumed_once_by_its_id_within_ten_minutes() {
        let mut extranonces = Extranonces::new(0, [1; 32], 0);
        let (number, _) = extranonces.take();
        let id = extranonces.session_id(number);
        assert!(extranonces.resume(&id, 0).is_none(), "it is open");
        extranonces.park(number, parked(7), 0);
        for wrong in [
            "",
            "00000000",
            &id.to_uppercase(),
            &format!("{}0", &id[..23]),
            &format!("{id}0"),
            "é23456789012345678901234",
        ] {
            assert!(wrong == id || extranonces.resume(wrong, 1).is_none(), "{wrong}");
        }
        let (again, found) = extranonces.resume(&id, RESUME_MS - 1).expect("in time");
        assert_eq!((again, found.habits), (number, parked(7).habits));
        assert!(extranonces.resume(&id, RESUME_MS - 1).is_none());
        extranonces.park(number, parked(7), 5);
        extranonces.expire(RESUME_MS);
        assert_eq!(extranonces.parked.len(), 1, "parked anew, so it expires later");
        extranonces.expire(RESUME_MS + 5);
        assert!(extranonces.parked.is_empty() && extranonces.resume(&id, 6).is_none());
    }

    #[test]
    fn the_memory_for_closed_sessions_is_bounded() {
        let mut extranonces = Extranonces::new(0, [1; 32], 0);
        for now_ms in 0..RESUMABLE_MAX as u64 + 500 {
            let (number, _) = extranonces.take();
            extranonces.park(number, parked(7), now_ms);
        }
        assert_eq!(extranonces.parked.len(), RESUMABLE_MAX);
        assert!(extranonces.in_use.is_empty());
    }
}
