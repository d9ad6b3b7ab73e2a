//! What streams of one protocol share, and what one peer's streams share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;
use types::PeerKey;

use super::super::links::lock;
use crate::budget::TokenBucket;
use crate::places::Side;
use crate::prefix::Prefix;
use crate::seats::Seats;
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
    peer: PeerKey,
    prefix: Prefix,
}

impl Seat {
    pub(super) fn take(room: &Arc<Room>, side: Side, peer: PeerKey, prefix: Prefix) -> Option<Self> {
        let is_taken = lock(room.seats(side)).take(peer, prefix);
        is_taken.then(|| Self { room: room.clone(), side, peer, prefix })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(self.room.seats(self.side)).leave(self.peer, self.prefix);
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

    /// How much of `wanted` bytes the peer may be allowed to send now, or how many milliseconds later.
    pub(super) fn may_come(&self, place: usize, wanted: u64, least: u64, now_ms: u64) -> Result<u64, u64> {
        self.rates.get(place).map_or(Ok(wanted), |rate| lock(rate).take_some(wanted, least, now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIDES: StreamRow = StreamRow {
        name: "tides",
        streams_per_peer_max: 3,
        streams_max: 10,
        frame_bytes_max: 1_000,
        stream_bytes_max: 8_000,
        bytes_max: 100_000,
        bytes_per_second: 1 << 20,
    };

    #[test]
    fn what_one_peer_may_open_and_send_is_paced() {
        let share = PeerShare::new(&[TIDES], 0);
        assert_eq!((0..100).filter(|_| share.may_open(0).is_ok()).count(), 40);
        assert_eq!((share.may_open(0), share.may_open(100)), (Err(100), Ok(())));
        assert_eq!(share.may_come(0, 1 << 20, 64 << 10, 0), Ok(1 << 20));
        assert_eq!(share.may_come(0, 1 << 20, 64 << 10, 0), Err(63), "a sixteenth of a second");
        assert_eq!(share.may_come(0, 1 << 20, 64 << 10, 500), Ok(1 << 19));
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_dropped() {
        let room = Arc::new(Room::new(TIDES));
        let take = |side| Seat::take(&room, side, PeerKey([1; 32]), Prefix::NOWHERE);
        let held: Vec<Seat> = std::iter::from_fn(|| take(Side::Theirs)).collect();
        assert_eq!(held.len(), 3);
        assert!(take(Side::Ours).is_some(), "what peers open costs no stream of this node's");
        drop(held);
        assert!(take(Side::Theirs).is_some());
    }
}
