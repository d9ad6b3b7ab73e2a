//! Who may have how many streams of a protocol: so many each, so many of one address, so many in all.
//!
//! It must not know streams. Invariant: what one peer has costs nobody else a seat, and one address cannot have them all.

use std::collections::BTreeMap;

use types::PeerKey;

use crate::prefix::Prefix;
use crate::stream_table::StreamRow;

/// The seats of one protocol and one side.
#[derive(Debug)]
pub struct Seats {
    each_max: usize,
    prefix_max: usize,
    max: usize,
    taken: usize,
    peers: BTreeMap<PeerKey, usize>,
    prefixes: BTreeMap<Prefix, usize>,
}

impl Seats {
    /// Seats for streams that peers open.
    #[must_use]
    pub fn of_peers(row: &StreamRow) -> Self {
        let half = row.streams_max.div_ceil(2).max(row.streams_per_peer_max);
        Self::new(row, half)
    }

    /// Seats for streams that this node opens: it chooses to whom.
    #[must_use]
    pub fn of_own(row: &StreamRow) -> Self {
        Self::new(row, row.streams_max)
    }

    const fn new(row: &StreamRow, prefix_max: usize) -> Self {
        Self {
            each_max: row.streams_per_peer_max,
            prefix_max,
            max: row.streams_max,
            taken: 0,
            peers: BTreeMap::new(),
            prefixes: BTreeMap::new(),
        }
    }

    /// Takes a seat, if there is one for this peer at this address.
    pub fn take(&mut self, peer: PeerKey, prefix: Prefix) -> bool {
        let of_peer = self.peers.get(&peer).copied().unwrap_or_default();
        let of_prefix = self.prefixes.get(&prefix).copied().unwrap_or_default();
        if of_peer >= self.each_max || of_prefix >= self.prefix_max || self.taken >= self.max {
            return false;
        }
        self.peers.insert(peer, of_peer.saturating_add(1));
        self.prefixes.insert(prefix, of_prefix.saturating_add(1));
        self.taken = self.taken.saturating_add(1);
        true
    }

    /// Gives one back.
    pub fn leave(&mut self, peer: PeerKey, prefix: Prefix) {
        lower(&mut self.peers, peer);
        lower(&mut self.prefixes, prefix);
        self.taken = self.taken.saturating_sub(1);
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
    use super::*;

    const ROW: StreamRow = StreamRow {
        name: "tides",
        streams_per_peer_max: 3,
        streams_max: 10,
        frame_bytes_max: 1_000,
        stream_bytes_max: 8_000,
        bytes_max: 100_000,
        bytes_per_second: 1 << 20,
    };

    fn peer(number: u8) -> PeerKey {
        PeerKey([number; 32])
    }

    fn from(text: &str) -> Prefix {
        Prefix::of(text.parse().expect("an address"))
    }

    #[test]
    fn one_peer_and_one_address_have_so_many_and_others_still_find_seats() {
        let mut seats = Seats::of_peers(&ROW);
        let (crowd, elsewhere) = (from("1.2.3.4"), from("9.9.9.9"));
        assert_eq!((0..10).filter(|_| seats.take(peer(1), crowd)).count(), 3);
        assert_eq!((2..9).filter(|number| seats.take(peer(*number), crowd)).count(), 2, "half of all");
        assert!(seats.take(peer(20), elsewhere));
        seats.leave(peer(1), crowd);
        assert!(seats.take(peer(21), crowd) && !seats.take(peer(22), crowd));
        for number in 30..34 {
            assert!(seats.take(peer(number), from(&format!("8.8.8.{number}"))));
        }
        assert!(!seats.take(peer(40), from("7.7.7.7")), "all are taken");
        assert_eq!(seats.taken(), 10);
    }

    #[test]
    fn who_has_left_leaves_nothing_behind() {
        let mut seats = Seats::of_own(&ROW);
        for number in 0..200 {
            assert!(seats.take(peer(number), from("1.2.3.4")));
            seats.leave(peer(number), from("1.2.3.4"));
        }
        assert!(seats.taken == 0 && seats.peers.is_empty() && seats.prefixes.is_empty());
    }
}
