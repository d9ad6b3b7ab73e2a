//! Who may have how many streams of a protocol: so many each; strangers so many of one address, and so many together; so many in all.
//!
//! It must not know streams. Invariants: all strangers together leave the pinned peers a quarter, and at least what two peers may have, so that
//! one of them cannot keep the others out; no stranger has more than half of what strangers may have, nor has one address.

use std::collections::BTreeMap;

use types::PeerKey;

use crate::prefix::Prefix;
use crate::stream_table::StreamRow;

/// Whether a peer has a part of what strangers share, or is a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guest {
    /// It has none: it is a validator.
    Pinned,
    /// It has.
    Stranger,
}

/// Who sits there, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sitter {
    /// Its key.
    pub peer: PeerKey,
    /// Its address.
    pub prefix: Prefix,
    /// What it is to this node.
    pub guest: Guest,
}

/// The seats of one protocol and one side.
#[derive(Debug)]
pub struct Seats {
    each_max: usize,
    prefix_max: usize,
    strangers_max: usize,
    max: usize,
    taken: usize,
    /// Of these, by strangers.
    strangers: usize,
    peers: BTreeMap<PeerKey, usize>,
    /// Those of strangers.
    prefixes: BTreeMap<Prefix, usize>,
}

impl Seats {
    /// Seats for streams that peers open.
    #[must_use]
    pub fn of_peers(row: &StreamRow) -> Self {
        let kept = (row.streams_max / 4).max(row.streams_per_peer_max.saturating_mul(2));
        let strangers_max = row.streams_max.saturating_sub(kept);
        // It is at least what one peer may have: that is at most a quarter of all (`StreamRow`).
        Self::new(row, strangers_max / 2, strangers_max)
    }

    /// Seats for streams that this node opens: it chooses to whom.
    #[must_use]
    pub fn of_own(row: &StreamRow) -> Self {
        Self::new(row, row.streams_max, row.streams_max)
    }

    const fn new(row: &StreamRow, prefix_max: usize, strangers_max: usize) -> Self {
        Self {
            each_max: row.streams_per_peer_max,
            prefix_max,
            strangers_max,
            max: row.streams_max,
            taken: 0,
            strangers: 0,
            peers: BTreeMap::new(),
            prefixes: BTreeMap::new(),
        }
    }

    /// Takes a seat, if there is one.
    pub fn take(&mut self, sitter: Sitter) -> bool {
        let Sitter { peer, prefix, guest } = sitter;
        let of_peer = self.peers.get(&peer).copied().unwrap_or_default();
        let of_prefix = self.prefixes.get(&prefix).copied().unwrap_or_default();
        let is_share_full = of_prefix >= self.prefix_max || self.strangers >= self.strangers_max;
        if of_peer >= self.each_max || self.taken >= self.max || (guest == Guest::Stranger && is_share_full) {
            return false;
        }
        self.peers.insert(peer, of_peer.saturating_add(1));
        self.taken = self.taken.saturating_add(1);
        if guest == Guest::Stranger {
            self.prefixes.insert(prefix, of_prefix.saturating_add(1));
            self.strangers = self.strangers.saturating_add(1);
        }
        true
    }

    /// Gives one back, that was taken with the same.
    pub fn leave(&mut self, sitter: Sitter) {
        let Sitter { peer, prefix, guest } = sitter;
        lower(&mut self.peers, peer);
        self.taken = self.taken.saturating_sub(1);
        if guest == Guest::Stranger {
            lower(&mut self.prefixes, prefix);
            self.strangers = self.strangers.saturating_sub(1);
        }
    }

    /// How many are taken.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }
}

fn lower<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Guest::{Pinned, Stranger};
    use super::*;
    use crate::stream_table::sample::TIDES;

    fn from(text: &str) -> Prefix {
        Prefix::of(text.parse().expect("an address"))
    }

    fn sitter(number: u8, prefix: Prefix, guest: Guest) -> Sitter {
        Sitter { peer: PeerKey([number; 32]), prefix, guest }
    }

    /// How many seats this peer takes until it gets no more.
    fn fill(seats: &mut Seats, number: u8, prefix: Prefix, guest: Guest) -> usize {
        std::iter::from_fn(|| seats.take(sitter(number, prefix, guest)).then_some(())).count()
    }

    // FAULTS HB9: an address has half of what strangers have, not of all.
    #[test]
    fn one_peer_and_one_address_have_so_many_and_others_still_find_seats() {
        let mut seats = Seats::of_peers(&StreamRow { streams_max: 20, ..TIDES });
        let (crowd, elsewhere) = (from("1.2.3.4"), from("9.9.9.9"));
        assert_eq!(fill(&mut seats, 1, crowd, Stranger), 3);
        assert_eq!((2..9).map(|number| fill(&mut seats, number, crowd, Stranger)).sum::<usize>(), 4, "half of 14");
        assert!(seats.take(sitter(20, elsewhere, Stranger)));
        seats.leave(sitter(1, crowd, Stranger));
        assert!(seats.take(sitter(21, crowd, Stranger)) && !seats.take(sitter(22, crowd, Stranger)));
        assert_eq!(seats.taken(), 8);
    }

    // FAULTS HB9: identities and addresses cost little, so it is all strangers together that leave something.
    #[test]
    fn strangers_of_however_many_addresses_leave_seats_for_the_validators() {
        let rows = [TIDES, StreamRow { streams_per_peer_max: 1, ..TIDES }, StreamRow { streams_max: 40, ..TIDES }];
        for (row, most) in rows.into_iter().zip([6, 9, 30]) {
            let mut seats = Seats::of_peers(&row);
            let crowd = |number: u8| from(&format!("8.8.{number}.8"));
            let of_one = fill(&mut seats, 1, crowd(1), Stranger);
            assert!(of_one == row.streams_per_peer_max && of_one <= most / 2, "others find seats");
            let strangers: usize = (2..100).map(|number| fill(&mut seats, number, crowd(number), Stranger)).sum();
            assert_eq!(of_one + strangers, most);
            // A validator at the crowd's address too, and another one when the first has taken all it may.
            for number in [200, 201] {
                assert_eq!(fill(&mut seats, number, crowd(1), Pinned), row.streams_per_peer_max);
            }
            // And what strangers have left is for validators as well, up to all.
            let more: usize = (202..220).map(|number| fill(&mut seats, number, crowd(1), Pinned)).sum();
            assert_eq!(most + 2 * row.streams_per_peer_max + more, row.streams_max);
            seats.leave(sitter(200, crowd(1), Pinned));
            assert!(!seats.take(sitter(120, crowd(120), Stranger)), "what a validator gives back is no stranger's");
            seats.leave(sitter(1, crowd(1), Stranger));
            assert!(seats.take(sitter(120, crowd(120), Stranger)));
        }
    }

    #[test]
    fn who_has_left_leaves_nothing_behind() {
        for guest in [Pinned, Stranger] {
            let mut seats = Seats::of_own(&TIDES);
            for number in 0..200 {
                assert!(seats.take(sitter(number, from("1.2.3.4"), guest)));
                seats.leave(sitter(number, from("1.2.3.4"), guest));
            }
            assert!(seats.taken == 0 && seats.strangers == 0 && seats.peers.is_empty() && seats.prefixes.is_empty());
        }
    }
}
