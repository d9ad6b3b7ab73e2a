//! Patience with callers who hand in wrong proofs without Stratum, where there is no connection to close.
//!
//! It must not know whom a proof would pay: anybody may name anybody. Invariants: good proofs never count against a caller, nor do those
//! that came late, early, twice, or when the chain had no room, which happens to everybody; the table is bounded.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use execution::Reject;
use mining::MiningReject;

/// More wrong proofs than this within [`SPAN_MS`] …
const WRONG_MAX: u32 = 12;
const SPAN_MS: u64 = 60_000;
/// … and none is taken for so long.
const BAN_MS: u64 = 300_000;
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

/// What is good at another time, or was: for a work or a block that the chain has left or not reached, counted before, or one too many.
const OF_THE_MOMENT: [MiningReject; 9] = [
    MiningReject::UnknownPrevious,
    MiningReject::UnknownAnchor,
    MiningReject::AnchorTooOld,
    MiningReject::TimeTooEarly,
    MiningReject::TimeTooLate,
    MiningReject::SharesFull,
    MiningReject::TooSoon,
    MiningReject::Duplicate,
    MiningReject::AnotherWork,
];

/// Whether a proof that is refused for this is wrong whenever it comes: without work, not of the form, or for another target.
pub(crate) fn is_wrong_in_itself(reject: Reject) -> bool {
    OF_THE_MOMENT.iter().all(|of_the_moment| Reject::from(*of_the_moment) != reject)
}

/// What callers did lately.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    lately: Mutex<BTreeMap<IpAddr, Lately>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lately {
    since_ms: u64,
    wrong: u32,
    banned_until_ms: u64,
}

impl Lately {
    const fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.since_ms.saturating_add(SPAN_MS) && now_ms >= self.banned_until_ms
    }
}

impl Patience {
    /// Until when nothing is taken from an address, if it is banned.
    pub(crate) fn banned_until(&self, address: &IpAddr, now_ms: u64) -> Option<u64> {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        lately.get(address).map(|lately| lately.banned_until_ms).filter(|until_ms| *until_ms > now_ms)
    }

    /// Notes a wrong proof.
    pub(crate) fn wrong(&self, address: IpAddr, now_ms: u64) {
        let mut all = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES_MAX && !all.contains_key(&address) {
            all.retain(|_, lately| !lately.is_over(now_ms));
            if all.len() >= ADDRESSES_MAX {
                return;
            }
        }
        let lately = all.entry(address).or_default();
        if now_ms >= lately.since_ms.saturating_add(SPAN_MS) {
            (lately.since_ms, lately.wrong) = (now_ms, 0);
        }
        lately.wrong = lately.wrong.saturating_add(1);
        if lately.wrong > WRONG_MAX {
            lately.banned_until_ms = now_ms.saturating_add(BAN_MS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn thirteen_wrong_proofs_within_a_minute_ban_an_address_for_five_minutes_and_no_other() {
        let (patience, one, other) = (Patience::default(), caller(1), caller(2));
        for second in 0..12 {
            patience.wrong(one, second * 1_000);
        }
        assert_eq!(patience.banned_until(&one, 12_000), None);
        patience.wrong(one, 59_999);
        assert_eq!(patience.banned_until(&one, 60_000), Some(359_999));
        assert_eq!(patience.banned_until(&one, 359_999), None);
        assert_eq!(patience.banned_until(&other, 60_000), None);
    }

    // FAULTS RD4
    #[test]
    fn what_comes_late_early_twice_or_when_there_is_no_room_is_no_offence_and_everything_else_is() {
        for number in 1..=30 {
            let late_or_full = [2, 4, 5, 6, 7, 8, 10, 11, 30].contains(&number);
            let reject = Reject::new(types::ModuleId(3), number);
            assert_eq!(is_wrong_in_itself(reject), !late_or_full, "{number}");
            assert!(is_wrong_in_itself(Reject::new(types::ModuleId(0), number)), "the kernel's {number}");
        }
    }

    #[test]
    fn wrong_proofs_far_apart_ban_nobody_and_the_table_is_bounded() {
        let (patience, one) = (Patience::default(), caller(1));
        for minute in 0..100 {
            patience.wrong(one, minute * 60_000);
            assert_eq!(patience.banned_until(&one, minute * 60_000), None);
        }
        for number in 0..20_000_u32 {
            patience.wrong(caller(number), 10_000_000);
        }
        assert!(patience.lately.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
