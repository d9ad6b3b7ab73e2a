//! What streams of one protocol share, and what one peer's streams share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

use super::super::links::lock;
use crate::budget::TokenBucket;
use crate::places::Side;
use crate::seats::{Seats, Sitter};
use crate::stream_table::StreamRow;
use crate::stream_window::Growth;

/// Bytes of frames that were written to one peer and of which it has not said that they have come: a part of what a connection has room
/// for, so that channels find theirs.
pub(super) const TRANSIT_BYTES_MAX: usize = 4 << 20;
/// Streams that this node opens to one peer in a second, and at once after a pause: less than [`super::part::PACE`] lets in.
const OPENINGS: (u32, u32) = (10, 40);

const _: () = assert!(crate::stream_table::STREAM_FRAME_BYTES_MAX <= TRANSIT_BYTES_MAX);

/// What was counted of one protocol since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamCounts {
    /// The protocol.
    pub protocol: &'static str,
    /// Streams that are open.
    pub open: u64,
    /// Streams that were opened, by either end.
    pub opened: u64,
    /// Streams of peers that found no seat, or were not opened in time.
    pub refused: u64,
    /// Streams whose peers broke the rules.
    pub broken: u64,
    /// Bytes of frames that have come.
    pub bytes_in: u64,
    /// Bytes of frames that were written.
    pub bytes_out: u64,
}

#[derive(Debug, Default)]
struct Sums {
    open: AtomicU64,
    opened: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// What streams of one protocol share.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) row: StreamRow,
    theirs: Mutex<Seats>,
    ours: Mutex<Seats>,
    pub(super) growth: Mutex<Growth>,
    sums: Sums,
}

impl Room {
    pub(super) fn new(row: StreamRow) -> Self {
        Self {
            row,
            theirs: Mutex::new(Seats::of_peers(&row)),
            ours: Mutex::new(Seats::of_own(&row)),
            growth: Mutex::new(Growth::new(&row)),
            sums: Sums::default(),
        }
    }

    const fn seats(&self, side: Side) -> &Mutex<Seats> {
        match side {
            Side::Theirs => &self.theirs,
            Side::Ours => &self.ours,
        }
    }

    pub(super) fn refuse(&self) {
        self.sums.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn broke(&self) {
        self.sums.broken.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn opened(&self) {
        self.sums.open.fetch_add(1, Ordering::Relaxed);
        self.sums.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self) {
        self.sums.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn came(&self, bytes: usize) {
        self.sums.bytes_in.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn left(&self, bytes: usize) {
        self.sums.bytes_out.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> StreamCounts {
        let read = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        StreamCounts {
            protocol: self.row.name,
            open: read(&self.sums.open),
            opened: read(&self.sums.opened),
            refused: read(&self.sums.refused),
            broken: read(&self.sums.broken),
            bytes_in: read(&self.sums.bytes_in),
            bytes_out: read(&self.sums.bytes_out),
        }
    }
}

/// A seat, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) room: Arc<Room>,
    side: Side,
    pub(super) sitter: Sitter,
}

impl Seat {
    pub(super) fn take(room: &Arc<Room>, side: Side, sitter: Sitter) -> Option<Self> {
        let is_taken = lock(room.seats(side)).take(sitter);
        is_taken.then(|| Self { room: room.clone(), side, sitter })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(self.room.seats(self.side)).leave(self.sitter);
    }
}

/// What one peer's streams share. It outlives them for a while, so that coming back does not renew it.
#[derive(Debug)]
pub(super) struct PeerShare {
    pub(super) transit: Arc<Semaphore>,
    openings: Mutex<TokenBucket>,
    /// Bytes that may come, by protocol.
    rates: Vec<Mutex<TokenBucket>>,
}

impl PeerShare {
    pub(super) fn new(rows: &[StreamRow], now_ms: u64) -> Self {
        let rate = |row: &StreamRow| Mutex::new(TokenBucket::new(row.bytes_per_second, row.bytes_per_second, now_ms));
        Self {
            transit: Arc::new(Semaphore::new(TRANSIT_BYTES_MAX)),
            openings: Mutex::new(TokenBucket::new(OPENINGS.0, OPENINGS.1, now_ms)),
            rates: rows.iter().map(rate).collect(),
        }
    }

    /// Whether one more stream may be opened to the peer now, or how many milliseconds later.
    pub(super) fn may_open(&self, now_ms: u64) -> Result<(), u64> {
        lock(&self.openings).take(now_ms)
    }

    /// Takes of what the peer may send: as much of `wanted` bytes as its rate allows now, and `least` in any case. Says how much, and how
    /// many milliseconds later its rate allows that. Streams that ask in turn are served in turn.
    pub(super) fn take(&self, place: usize, wanted: u64, least: u64, now_ms: u64) -> (u64, u64) {
        self.rates.get(place).map_or((wanted, 0), |rate| lock(rate).take_ahead(wanted, least, now_ms))
    }

    /// Gives back what the peer was not allowed to send after all.
    pub(super) fn give_back(&self, place: usize, bytes: u64) {
        if let Some(rate) = self.rates.get(place) {
            lock(rate).give_back(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use types::PeerKey;

    use super::*;
    use crate::prefix::Prefix;
    use crate::seats::Guest;
    use crate::stream_table::sample::TIDES;

    #[test]
    fn what_one_peer_may_open_and_send_is_paced() {
        let share = PeerShare::new(&[TIDES], 0);
        assert_eq!((0..100).filter(|_| share.may_open(0).is_ok()).count(), 40);
        assert_eq!((share.may_open(0), share.may_open(100)), (Err(100), Ok(())));
        let least = 64 << 10;
        assert_eq!(share.take(0, 1 << 20, least, 0), (1 << 20, 0));
        assert_eq!(share.take(0, 1 << 20, least, 0), (least, 63), "a sixteenth of a second");
        assert_eq!(share.take(0, 1 << 20, least, 0), (least, 125), "who asks later waits longer");
        assert_eq!(share.take(0, 1 << 20, 1, 0), (1, 126), "and little comes soon");
        share.give_back(0, 1);
        assert_eq!(share.take(0, 1 << 20, least, 625), (1 << 19, 0), "what was taken ahead is paid first");
        share.give_back(0, 1 << 30);
        assert_eq!(share.take(0, 1 << 30, least, 625), (1 << 20, 0), "and no more than a second's is ever there");
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_dropped() {
        let room = Arc::new(Room::new(TIDES));
        let stranger = Sitter { peer: PeerKey([1; 32]), prefix: Prefix::NOWHERE, guest: Guest::Stranger };
        let take = |side| Seat::take(&room, side, stranger);
        let held: Vec<Seat> = std::iter::from_fn(|| take(Side::Theirs)).collect();
        assert_eq!(held.len(), 3);
        assert!(take(Side::Ours).is_some(), "what peers open costs no stream of this node's");
        drop(held);
        assert!(take(Side::Theirs).is_some());
    }
}
