//! Everybody who is connected to the API, so that somebody can be shown out when a newcomer finds no room.
//!
//! Of the address with most connections the one goes that has waited longest for a request, or else for an answer: so a
//! crowd that says nothing stands in its own way only. It must not know sockets.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures::task::AtomicWaker;
use tokio::time::Instant;

/// A connection as others see it.
#[derive(Debug)]
pub(super) struct Guest {
    /// The address, of IPv6 its /64: whoever has one has all of that.
    from: IpAddr,
    /// When it came or was last answered, in milliseconds of the house.
    served_ms: AtomicU64,
    /// Whether it has said something that is not answered.
    asks: AtomicBool,
    /// Whether it must go.
    is_shown_out: AtomicBool,
    waker: AtomicWaker,
}

impl Guest {
    /// It has said something.
    pub(super) fn asks(&self) {
        self.asks.store(true, Ordering::Relaxed);
    }

    /// Whether it must go; if not, the task is woken when it must.
    pub(super) fn must_go(&self, context: &Context<'_>) -> bool {
        self.waker.register(context.waker());
        self.is_shown_out.load(Ordering::Acquire)
    }
}

/// All guests.
#[derive(Debug)]
pub(super) struct Guests {
    opened: Instant,
    all: Mutex<BTreeMap<u64, Arc<Guest>>>,
    next: AtomicU64,
}

impl Guests {
    pub(super) fn new() -> Self {
        Self { opened: Instant::now(), all: Mutex::new(BTreeMap::new()), next: AtomicU64::new(0) }
    }

    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Guest>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody comes.
    pub(super) fn enter(&self, address: IpAddr) -> (u64, Arc<Guest>) {
        let guest = Guest {
            from: prefix(address),
            served_ms: AtomicU64::new(self.now_ms()),
            asks: AtomicBool::new(false),
            is_shown_out: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        };
        let (number, guest) = (self.next.fetch_add(1, Ordering::Relaxed), Arc::new(guest));
        self.all().insert(number, guest.clone());
        (number, guest)
    }

    /// Somebody has been answered.
    pub(super) fn answered(&self, guest: &Guest) {
        guest.served_ms.store(self.now_ms(), Ordering::Relaxed);
        guest.asks.store(false, Ordering::Relaxed);
    }

    /// Somebody has gone.
    pub(super) fn leave(&self, number: u64) {
        self.all().remove(&number);
    }

    /// Shows one out.
    pub(super) fn make_room(&self) {
        let all = self.all();
        let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
        for guest in all.values() {
            let count = counts.entry(guest.from).or_default();
            *count = count.saturating_add(1);
        }
        let staying = all.values().filter(|guest| !guest.is_shown_out.load(Ordering::Relaxed));
        let crowd = |guest: &Guest| counts.get(&guest.from).copied().unwrap_or_default();
        let rank = |guest: &&Arc<Guest>| {
            let (asks, served_ms) = (guest.asks.load(Ordering::Relaxed), guest.served_ms.load(Ordering::Relaxed));
            (std::cmp::Reverse(crowd(guest)), asks, served_ms)
        };
        if let Some(guest) = staying.min_by_key(rank) {
            guest.is_shown_out.store(true, Ordering::Release);
            guest.waker.wake();
        }
    }
}

pub(super) fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_out(guests: &Guests) -> Vec<u64> {
        let all = guests.all();
        all.iter().filter(|(_, guest)| guest.is_shown_out.load(Ordering::Acquire)).map(|(number, _)| *number).collect()
    }

    // FAULTS RD2
    #[test]
    fn of_the_largest_crowd_the_one_goes_that_has_been_silent_for_longest_and_then_who_waits_for_an_answer() {
        let guests = Guests::new();
        // The first is alone at its address, the next three share one, and the last two a /64.
        let addresses = ["192.0.2.9", "192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2"];
        let entered: Vec<Arc<Guest>> = addresses
            .iter()
            .zip(0..)
            .map(|(text, served_ms)| {
                let (_, guest) = guests.enter(text.parse().expect("an address"));
                guest.served_ms.store(served_ms, Ordering::Relaxed);
                guest
            })
            .collect();
        entered[1].asks();
        for expected in [vec![2], vec![2, 3], vec![1, 2, 3]] {
            guests.make_room();
            assert_eq!(shown_out(&guests), expected);
        }
        (1..=3).for_each(|number| guests.leave(number));
        // Who was answered meanwhile is not the one that has waited longest.
        entered[4].served_ms.store(9, Ordering::Relaxed);
        guests.make_room();
        assert_eq!(shown_out(&guests), [5]);
        guests.leave(5);
        for expected in [vec![0], vec![0, 4], vec![0, 4]] {
            guests.make_room();
            assert_eq!(shown_out(&guests), expected, "everybody is alone now, and in the end nobody is left");
        }
    }
}
