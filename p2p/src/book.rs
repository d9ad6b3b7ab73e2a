//! Where peers have been: what a node begins with after a restart, and whom it may dial to know more than those who came to it.
//!
//! A line stands in the bucket of the group that told of it until we have met the peer ourselves, then in that of the group where
//! we met it. A bucket holds few lines, and the fullest gives way first, so that whoever has many identities at few providers fills
//! only a corner. Lines that fail are forgotten; pinned and connected peers stay. It must not know how an address is written (`A`),
//! clocks or chance.

use std::collections::{BTreeMap, BTreeSet};

use types::PeerKey;

use crate::prefix::{Group, Prefix};

/// Lines in all.
const LINES_MAX: usize = 1_024;
/// Lines of one group that told of them, or where they were met.
const BUCKET_MAX: usize = 32;
/// The same of a private group: a network of one house or one machine.
const PRIVATE_BUCKET_MAX: usize = 512;
/// Addresses of one peer.
const ADDRESSES_MAX: usize = 8;
/// Failed dials in a row after which a line is forgotten, of a peer that was never met and of one that was.
const FAILURES_MAX: (u32, u32) = (3, 10);
/// A line of which nothing was heard for so long gives way to a new one.
const STALE_MS: u64 = 3_600_000;

/// Why a line is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookRefusal {
    /// The group has as many lines as it may.
    #[error("the address book holds as many peers of {0} as it may")]
    Bucket(Group),
    /// There is no address in it.
    #[error("no address")]
    Empty,
}

/// A line as it is kept from run to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookLine<A> {
    /// Who.
    pub peer: PeerKey,
    /// Where, best first.
    pub addresses: Vec<A>,
    /// Whether it was met there.
    pub met: bool,
    /// Where it was met, or who told of it.
    pub source: Prefix,
}

#[derive(Debug)]
struct Line<A> {
    /// Where we have met it.
    met: Option<A>,
    /// Where it says that it is.
    told: Vec<A>,
    source: Prefix,
    failures: u32,
    seen_ms: u64,
    /// When it was dialled at random last.
    dialled_ms: Option<u64>,
    is_connected: bool,
}

/// All lines.
#[derive(Debug)]
pub struct Book<A> {
    pinned: BTreeSet<PeerKey>,
    lines: BTreeMap<PeerKey, Line<A>>,
}

impl<A> Default for Book<A> {
    fn default() -> Self {
        Self { pinned: BTreeSet::new(), lines: BTreeMap::new() }
    }
}

impl<A: Clone + Eq> Book<A> {
    /// The peers whose lines always stay, in place of those named before.
    pub fn pin(&mut self, pinned: BTreeSet<PeerKey>) {
        self.pinned = pinned;
    }

    /// A peer tells where it is; `source` is where it is connected from. What it told before is replaced. True when this is new.
    ///
    /// # Errors
    /// [`BookRefusal`].
    pub fn told(&mut self, peer: PeerKey, addresses: &[A], source: Prefix, now_ms: u64) -> Result<bool, BookRefusal> {
        let told: Vec<A> = distinct(addresses);
        if let Some(line) = self.lines.get_mut(&peer) {
            line.seen_ms = now_ms;
            let is_new = line.told != told;
            line.told = told;
            return Ok(is_new);
        }
        if told.is_empty() {
            return Err(BookRefusal::Empty);
        }
        self.make_room(peer, source, now_ms)?;
        self.lines.insert(peer, Line::new(told, None, source, now_ms));
        Ok(true)
    }

    /// A dial has reached a peer at an address. True when this is new.
    ///
    /// # Errors
    /// [`BookRefusal`].
    pub fn met(&mut self, peer: PeerKey, address: &A, at: Prefix, now_ms: u64) -> Result<bool, BookRefusal> {
        match self.lines.get_mut(&peer) {
            Some(line) if line.met.is_some() || line.source.group() == at.group() => {
                let is_new = line.met.as_ref() != Some(address);
                line.met = Some(address.clone());
                (line.source, line.failures, line.seen_ms) = (at, 0, now_ms);
                Ok(is_new)
            }
            // It moves to the bucket where it was met.
            _ => {
                let told = self.lines.remove(&peer);
                if let Err(refusal) = self.make_room(peer, at, now_ms) {
                    self.lines.extend(told.map(|line| (peer, line)));
                    return Err(refusal);
                }
                let is_connected = told.as_ref().is_some_and(|line| line.is_connected);
                let told = told.map(|line| line.told).unwrap_or_default();
                let line = Line::new(told, Some(address.clone()), at, now_ms);
                self.lines.insert(peer, Line { is_connected, ..line });
                Ok(true)
            }
        }
    }

    /// A line of an earlier run.
    pub fn restore(&mut self, line: BookLine<A>, now_ms: u64) {
        let BookLine { peer, addresses, met, source } = line;
        let addresses: Vec<A> = distinct(&addresses);
        let met = if met { addresses.first().cloned() } else { None };
        if !addresses.is_empty() && !self.lines.contains_key(&peer) && self.make_room(peer, source, now_ms).is_ok() {
            self.lines.insert(peer, Line::new(addresses, met, source, now_ms));
        }
    }

    /// A peer is connected, or is not any more. Lines of connected peers stay.
    pub fn connected(&mut self, peer: PeerKey, is_connected: bool, now_ms: u64) {
        if let Some(line) = self.lines.get_mut(&peer) {
            (line.is_connected, line.seen_ms) = (is_connected, now_ms);
        }
    }

    /// A dial of ours has not reached a peer. True when it is forgotten.
    pub fn failed(&mut self, peer: PeerKey) -> bool {
        let is_pinned = self.pinned.contains(&peer);
        let Some(line) = self.lines.get_mut(&peer) else { return false };
        line.failures = line.failures.saturating_add(1);
        let (never_met, met) = FAILURES_MAX;
        let failures_max = if line.met.is_some() { met } else { never_met };
        let is_forgotten = line.failures >= failures_max && !is_pinned && !line.is_connected;
        if is_forgotten {
            self.lines.remove(&peer);
        }
        is_forgotten
    }

    /// One peer to dial, by chance: each bucket is as likely as any other, so that many lines of one give no advantage. Peers that are
    /// connected, or were drawn less than `pause_ms` ago, are left out.
    pub fn draw(&mut self, chance: u64, now_ms: u64, pause_ms: u64) -> Option<(PeerKey, Vec<A>)> {
        let mut buckets = BTreeMap::<Group, Vec<PeerKey>>::new();
        for (peer, line) in &self.lines {
            if !line.is_connected && line.dialled_ms.is_none_or(|at_ms| at_ms.saturating_add(pause_ms) <= now_ms) {
                buckets.entry(line.source.group()).or_default().push(*peer);
            }
        }
        let bucket = buckets.values().nth(nth(chance, buckets.len())?)?;
        let peer = *bucket.get(nth(chance.rotate_left(32), bucket.len())?)?;
        let line = self.lines.get_mut(&peer)?;
        line.dialled_ms = Some(now_ms);
        Some((peer, line.addresses()))
    }

    /// Where a peer is, best first.
    #[must_use]
    pub fn addresses(&self, peer: PeerKey) -> Vec<A> {
        self.lines.get(&peer).map(Line::addresses).unwrap_or_default()
    }

    /// All lines, those worth most first.
    #[must_use]
    pub fn list(&self) -> Vec<BookLine<A>> {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|(peer, line)| {
            let is_better = [self.pinned.contains(peer), line.is_connected, line.met.is_some()].map(|is| !is);
            (is_better, line.failures)
        });
        let line = |(peer, line): (&PeerKey, &Line<A>)| BookLine {
            peer: *peer,
            addresses: line.addresses(),
            met: line.met.is_some(),
            source: line.source,
        };
        lines.into_iter().map(line).collect()
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Makes room for a peer that has no line.
    fn make_room(&mut self, peer: PeerKey, source: Prefix, now_ms: u64) -> Result<(), BookRefusal> {
        if self.pinned.contains(&peer) {
            return Ok(());
        }
        let group = source.group();
        let mut buckets = BTreeMap::<Group, usize>::new();
        for line in self.lines.values() {
            let count = buckets.entry(line.source.group()).or_default();
            *count = count.saturating_add(1);
        }
        let own = buckets.get(&group).copied().unwrap_or_default();
        let own_max = if source.is_private() { PRIVATE_BUCKET_MAX } else { BUCKET_MAX };
        let fullest =
            buckets.iter().max_by_key(|(_, count)| **count).map_or((group, 0), |(group, count)| (*group, *count));
        let is_full = self.lines.len() >= LINES_MAX;
        if own >= own_max || (is_full && own >= fullest.1) {
            // Within a bucket who came first stays, unless it is of no use.
            let worst = self.worst(group).filter(|worst| self.is_useless(worst, now_ms));
            let worst = worst.ok_or(BookRefusal::Bucket(group))?;
            self.lines.remove(&worst);
        } else if is_full {
            let worst = self.worst(fullest.0).ok_or(BookRefusal::Bucket(fullest.0))?;
            self.lines.remove(&worst);
        }
        Ok(())
    }

    /// The line of a bucket that is worth least; never one of a pinned or connected peer.
    fn worst(&self, group: Group) -> Option<PeerKey> {
        let mine = self
            .lines
            .iter()
            .filter(|(peer, line)| line.source.group() == group && !line.is_connected && !self.pinned.contains(peer));
        let worst = mine.max_by_key(|(_, line)| (line.met.is_none(), line.failures, std::cmp::Reverse(line.seen_ms)));
        worst.map(|(peer, _)| *peer)
    }

    fn is_useless(&self, peer: &PeerKey, now_ms: u64) -> bool {
        self.lines.get(peer).is_some_and(|line| line.failures > 0 || line.seen_ms.saturating_add(STALE_MS) <= now_ms)
    }
}

impl<A: Clone + Eq> Line<A> {
    fn new(told: Vec<A>, met: Option<A>, source: Prefix, now_ms: u64) -> Self {
        Self { met, told, source, failures: 0, seen_ms: now_ms, dialled_ms: None, is_connected: false }
    }

    fn addresses(&self) -> Vec<A> {
        let all: Vec<A> = self.met.iter().chain(&self.told).cloned().collect();
        distinct(&all)
    }
}

fn distinct<A: Clone + Eq>(addresses: &[A]) -> Vec<A> {
    let mut kept = Vec::new();
    for address in addresses {
        if kept.len() < ADDRESSES_MAX && !kept.contains(address) {
            kept.push(address.clone());
        }
    }
    kept
}

fn nth(chance: u64, count: usize) -> Option<usize> {
    let place = chance.checked_rem(u64::try_from(count).ok()?)?;
    usize::try_from(place).ok()
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
