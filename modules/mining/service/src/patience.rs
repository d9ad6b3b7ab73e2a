//! Patience with callers who hand in wrong proofs without Stratum, where there is no connection to close.
//!
//! It must not know what is wrong with a proof, nor whom it would pay: anybody may name anybody. Invariant: good proofs never count
//! against a caller, and the table is bounded.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// More wrong proofs than this within [`SPAN_MS`] …
const WRONG_MAX: u32 = 12;
const SPAN_MS: u64 = 60_000;
/// … and none is taken for so long.
const BAN_MS: u64 = 300_000;
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

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
