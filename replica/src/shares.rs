//! How much of the checking of transactions each peer may have under way.
//!
//! It must not know what is checked. A transaction counts from its arrival until the pool has decided on it. Invariants: nobody has
//! more than a quarter; those who are not validators have three quarters together, so that for validators there is always room.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::{PeerKey, Transaction};

/// Some transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

/// All that may be under way at once, beyond which what peers push is dropped.
const ALL_MAX: Load = Load { count: 16_384, bytes: 32 * 1024 * 1024 };
/// The part of one peer.
const PEER_MAX: Load = ALL_MAX.part(1);
/// The part of all who are not validators.
const STRANGERS_MAX: Load = ALL_MAX.part(3);

impl Load {
    pub(crate) fn of(transactions: &[Arc<Transaction>]) -> Self {
        let bytes = transactions.iter().map(|transaction| transaction.encoded_length());
        Self { count: transactions.len(), bytes: bytes.fold(0, usize::saturating_add) }
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { count: self.count.saturating_add(other.count), bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(crate) const fn minus(self, other: Self) -> Self {
        Self { count: self.count.saturating_sub(other.count), bytes: self.bytes.saturating_sub(other.bytes) }
    }

    pub(crate) const fn fits(self, most: Self) -> bool {
        self.count <= most.count && self.bytes <= most.bytes
    }

    /// So many quarters of it.
    const fn part(self, quarters: usize) -> Self {
        Self { count: (self.count / 4).saturating_mul(quarters), bytes: (self.bytes / 4).saturating_mul(quarters) }
    }
}

/// What is under way.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    all: Load,
    strangers: Load,
    peers: BTreeMap<PeerKey, Load>,
}

impl Shares {
    /// Charges transactions of a peer, if there is room; says whether there was.
    pub(crate) fn take(&mut self, peer: PeerKey, is_validator: bool, load: Load) -> bool {
        let own = self.peers.get(&peer).copied().unwrap_or_default().plus(load);
        let (all, strangers) = (self.all.plus(load), self.strangers.plus(load));
        let fits = all.fits(ALL_MAX) && own.fits(PEER_MAX) && (is_validator || strangers.fits(STRANGERS_MAX));
        if fits {
            self.all = all;
            self.peers.insert(peer, own);
            if !is_validator {
                self.strangers = strangers;
            }
        }
        fits
    }

    /// Those of a peer are done, which was charged as what it was then.
    pub(crate) fn give_back(&mut self, peer: &PeerKey, is_validator: bool, load: Load) {
        self.all = self.all.minus(load);
        if !is_validator {
            self.strangers = self.strangers.minus(load);
        }
        let Some(own) = self.peers.get_mut(peer) else { return };
        *own = own.minus(load);
        if own.count == 0 {
            self.peers.remove(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> PeerKey {
        PeerKey([number; 32])
    }

    /// A message as long as one may be.
    const MESSAGE: Load = Load { count: 1_000, bytes: 192 * 1024 };

    // FAULTS HB2, HB7
    #[test]
    fn one_peer_fills_a_quarter_and_strangers_leave_a_quarter_to_validators() {
        let mut shares = Shares::default();
        for number in 0..10 {
            let taken = (0..100).filter(|_| shares.take(peer(number), false, MESSAGE)).count();
            assert_eq!(taken, if number < 3 { 4 } else { 0 }, "peer {number}");
        }
        assert_eq!((0..100).filter(|_| shares.take(peer(10), true, MESSAGE)).count(), 4);
        shares.give_back(&peer(1), false, MESSAGE);
        assert!(shares.take(peer(9), false, MESSAGE) && !shares.take(peer(9), false, MESSAGE));
    }

    // FAULTS HB2, HB7
    #[test]
    fn long_transactions_are_bounded_by_their_bytes() {
        let long = Load { count: 1, bytes: 64 * 1024 };
        let mut shares = Shares::default();
        for number in 0..200 {
            while shares.take(peer(number), number % 2 == 0, long) {}
        }
        assert_eq!(shares.all, Load { count: 512, bytes: ALL_MAX.bytes });
        assert!(shares.peers.values().all(|own| own.bytes <= PEER_MAX.bytes));
    }

    #[test]
    fn what_is_done_leaves_nothing_behind() {
        let mut shares = Shares::default();
        for number in 0..4 {
            assert!(shares.take(peer(number), number == 0, MESSAGE));
        }
        (0..4).for_each(|number| shares.give_back(&peer(number), number == 0, MESSAGE));
        assert_eq!((shares.all, shares.strangers, shares.peers.len()), (Load::default(), Load::default(), 0));
    }
}
