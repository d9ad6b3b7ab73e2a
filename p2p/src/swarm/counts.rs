//! What the network has refused, dropped and put up with, counted; and how much of everything is taken.
//!
//! It must not know what follows from it: an operator's board does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::streams::StreamCounts;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// A stranger found all places taken.
    PlacesFull,
    /// A stranger's address had as many places as it may.
    AddressFull,
    /// A stranger gave way.
    GaveWay,
    /// A connection was ended before it had shown who it is, for others.
    HalfOpenEnded,
    /// A connection was refused because its address came too often.
    TooFast,
    /// A stranger was refused, or told to go, for want of memory.
    Memory,
    /// A connection made a part of the network work too often, and streams of it were dropped.
    StreamsDropped,
    /// A stream for validators of somebody who is none was refused.
    NotForStrangers,
    /// A request found no room.
    RequestsRefused,
    /// Gossip found no room, or came too fast.
    GossipDropped,
    /// A line found no room in the address book.
    BookFull,
    /// Something of a kind that this version does not know.
    UnknownKind,
    /// A link on which nothing was heard any more.
    LinkDead,
    /// Two machines with one network key.
    Twin,
}

const NAMES: [(Count, &str); 14] = [
    (Count::PlacesFull, "places_full"),
    (Count::AddressFull, "address_full"),
    (Count::GaveWay, "gave_way"),
    (Count::HalfOpenEnded, "half_open_ended"),
    (Count::TooFast, "too_fast"),
    (Count::Memory, "memory"),
    (Count::StreamsDropped, "streams_dropped"),
    (Count::NotForStrangers, "not_for_strangers"),
    (Count::RequestsRefused, "requests_refused"),
    (Count::GossipDropped, "gossip_dropped"),
    (Count::BookFull, "book_full"),
    (Count::UnknownKind, "unknown_kind"),
    (Count::LinkDead, "link_dead"),
    (Count::Twin, "twin"),
];

/// Kinds of offences that are told apart.
const OFFENCES_MAX: usize = 64;

/// The sums since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    sums: [AtomicU64; NAMES.len()],
    offences: Mutex<BTreeMap<&'static str, u64>>,
    taken: Mutex<Taken>,
}

/// How much of what is bounded is taken, as it was lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Strangers that came by themselves, and places for them.
    pub incoming: (u64, u64),
    /// Strangers that were dialled, and places for them.
    pub outgoing: (u64, u64),
    /// Strangers of the group with most of them.
    pub dominant: u64,
    /// Lines of the address book.
    pub book: u64,
    /// Resident memory, and how much of it ends the hospitality.
    pub memory_bytes: (u64, u64),
}

/// Everything that is counted, at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkCounts {
    /// What was refused, dropped or put up with, by name.
    pub refused: Vec<(&'static str, u64)>,
    /// Offences by kind.
    pub offences: BTreeMap<&'static str, u64>,
    /// What is taken.
    pub taken: Taken,
    /// Streams of services, by protocol.
    pub streams: Vec<StreamCounts>,
}

impl Counts {
    pub(super) fn add(&self, count: Count) {
        if let Some(sum) = self.sums.get(count as usize) {
            sum.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn offence(&self, kind: &'static str) {
        let mut offences = self.offences.lock().unwrap_or_else(PoisonError::into_inner);
        if offences.len() < OFFENCES_MAX || offences.contains_key(kind) {
            let count = offences.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
    }

    pub(super) fn taken(&self, change: impl FnOnce(&mut Taken)) {
        change(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn read(&self) -> NetworkCounts {
        let sums = NAMES.iter().zip(&self.sums);
        NetworkCounts {
            refused: sums.map(|((_, name), sum)| (*name, sum.load(Ordering::Relaxed))).collect(),
            offences: self.offences.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            taken: self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            streams: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_stands_under_its_own_name() {
        for (place, (count, name)) in NAMES.iter().enumerate() {
            assert_eq!(*count as usize, place);
            let counts = Counts::default();
            counts.add(*count);
            let read = counts.read();
            assert!(read.refused.iter().all(|(of, sum)| *sum == u64::from(of == name)));
        }
        let counts = Counts::default();
        counts.offence("bad frame");
        counts.offence("bad frame");
        assert_eq!(counts.read().offences, BTreeMap::from([("bad frame", 2)]));
    }
}
