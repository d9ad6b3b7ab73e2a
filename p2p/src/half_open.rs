//! Connections that have come and have not yet shown who they are: they cost little and must not keep anybody out.
//!
//! Nobody is refused for want of a place. When there are too many, the one that has waited longest goes, of the address
//! with the most: whoever is honest is through within a few round trips. Addresses where a pinned peer may come from have places of their
//! own, so that strangers elsewhere do not shorten their time. How fast one address may come is limited, because a
//! handshake costs signatures. It must not know sockets or clocks.

use std::collections::BTreeMap;

use crate::budget::TokenBucket;
use crate::prefix::Prefix;

/// Connections of strangers that may wait, and as many again of addresses of pinned peers.
const WAITING_MAX: usize = 256;
/// Of these, of one prefix. A private prefix may have all of them.
const WAITING_PER_PREFIX_MAX: usize = 16;
/// Connections that one prefix may open in a second, and at once after a pause.
const RATE: (u32, u32) = (10, 40);
/// The same for a private prefix, which many nodes may share.
const PRIVATE_RATE: (u32, u32) = (1_000, 2_000);
/// Prefixes whose rates are kept. With more than that, the rates begin anew.
const RATES_MAX: usize = 4_096;

/// A connection that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Whether an address is one of those where a pinned peer is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// Nothing is known of it.
    Stranger,
    /// A pinned peer was there, or is said to be there by the operator.
    Expected,
}

/// What becomes of a connection that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// It waits; the other one, if there is one, is to be ended.
    Waits(Ticket, Option<Ticket>),
    /// Its address comes too often.
    TooFast,
}

/// All that wait.
#[derive(Debug, Default)]
pub struct HalfOpen {
    next: u64,
    /// Oldest first.
    waiting: BTreeMap<Ticket, (Caller, Prefix)>,
    counts: BTreeMap<(Caller, Prefix), usize>,
    rates: BTreeMap<Prefix, TokenBucket>,
}

impl HalfOpen {
    /// A connection has come.
    pub fn knock(&mut self, prefix: Prefix, caller: Caller, now_ms: u64) -> Knock {
        if !self.is_in_time(prefix, caller, now_ms) {
            return Knock::TooFast;
        }
        let ends = self.who_ends(prefix, caller);
        if let Some(ends) = ends {
            self.left(ends);
        }
        self.next = self.next.wrapping_add(1);
        let ticket = Ticket(self.next);
        self.waiting.insert(ticket, (caller, prefix));
        let count = self.counts.entry((caller, prefix)).or_default();
        *count = count.saturating_add(1);
        Knock::Waits(ticket, ends)
    }

    /// A connection has shown who it is, or has ended.
    pub fn left(&mut self, ticket: Ticket) {
        let Some(owner) = self.waiting.remove(&ticket) else { return };
        if let Some(count) = self.counts.get_mut(&owner) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.counts.remove(&owner);
            }
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn is_in_time(&mut self, prefix: Prefix, caller: Caller, now_ms: u64) -> bool {
        if self.rates.len() >= RATES_MAX && !self.rates.contains_key(&prefix) {
            self.rates.clear();
        }
        let (rate, burst) = match (prefix.is_private(), caller) {
            (false, Caller::Stranger) => RATE,
            _ => PRIVATE_RATE,
        };
        self.rates.entry(prefix).or_insert_with(|| TokenBucket::new(rate, burst, now_ms)).take(now_ms).is_ok()
    }

    fn who_ends(&self, prefix: Prefix, caller: Caller) -> Option<Ticket> {
        let own = (caller, prefix);
        let own_max = if prefix.is_private() { WAITING_MAX } else { WAITING_PER_PREFIX_MAX };
        let of_caller = self.counts.iter().filter(|((of, _), _)| *of == caller);
        let all = of_caller.clone().fold(0_usize, |sum, (_, count)| sum.saturating_add(*count));
        let most = if self.counts.get(&own).copied().unwrap_or_default() >= own_max {
            own
        } else if all >= WAITING_MAX {
            *of_caller.max_by_key(|(_, count)| **count)?.0
        } else {
            return None;
        };
        self.waiting.iter().find(|(_, owner)| **owner == most).map(|(ticket, _)| *ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Prefix {
        Prefix::of(text.parse().expect("an address"))
    }

    fn waits(knock: Knock) -> (Ticket, Option<Ticket>) {
        match knock {
            Knock::Waits(ticket, ends) => (ticket, ends),
            Knock::TooFast => panic!("too fast"),
        }
    }

    // FAULTS HC2
    #[test]
    fn a_crowd_that_never_says_who_it_is_keeps_nobody_out() {
        let mut half_open = HalfOpen::default();
        // Of one address: it ends its own.
        let (honest, _) = waits(half_open.knock(from("9.9.9.9"), Caller::Stranger, 0));
        for number in 0..10_000 {
            if let Knock::Waits(_, Some(ends)) = half_open.knock(from("1.2.3.4"), Caller::Stranger, number * 10) {
                assert_ne!(ends, honest);
            }
        }
        assert_eq!(half_open.len(), 1 + WAITING_PER_PREFIX_MAX);
        // Of many: it ends those of the addresses with the most, and never an expected one.
        let (expected, _) = waits(half_open.knock(from("8.8.8.8"), Caller::Expected, 0));
        for number in 0..200_u64 {
            let ip = format!("3.{number}.1.1");
            for _ in 0..5 {
                let (_, ends) = waits(half_open.knock(from(&ip), Caller::Stranger, 0));
                assert!(ends != Some(expected) && ends != Some(honest));
            }
        }
        assert_eq!(half_open.len(), WAITING_MAX + 1);
        let (newest, ends) = waits(half_open.knock(from("7.7.7.7"), Caller::Stranger, 0));
        assert!(ends.is_some_and(|ends| ends != honest && ends != newest));
    }

    // FAULTS HC2
    #[test]
    fn eighty_silent_connections_of_a_pinned_peers_own_address_do_not_keep_it_out() {
        let mut half_open = HalfOpen::default();
        for address in ["1.2.3.4", "127.0.0.1"] {
            for _ in 0..80 {
                waits(half_open.knock(from(address), Caller::Expected, 0));
            }
            let (ticket, ends) = waits(half_open.knock(from(address), Caller::Expected, 0));
            assert!(ends.is_none_or(|ends| ends < ticket));
        }
    }

    #[test]
    fn one_address_opens_connections_at_a_rate_and_others_are_not_slowed() {
        let mut half_open = HalfOpen::default();
        let mut opened = 0;
        for now_ms in 0..10_000 {
            if let Knock::Waits(ticket, _) = half_open.knock(from("1.2.3.4"), Caller::Stranger, now_ms) {
                half_open.left(ticket);
                opened += 1;
            }
        }
        assert!((100..=140).contains(&opened), "{opened}");
        waits(half_open.knock(from("1.2.3.5"), Caller::Stranger, 10_000));
        // The memory for rates is bounded.
        for number in 0..20_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            half_open.knock(from(&format!("9.{a}.{b}.{c}")), Caller::Stranger, 10_000);
            assert!(half_open.rates.len() <= RATES_MAX && half_open.len() <= WAITING_MAX);
        }
    }
}
