//! What waits to be done for peers, so that nobody waits behind a crowd: pinned peers first, then one of each prefix in turn.
//!
//! Bounded in all, per prefix and per peer. It must not know what is done.

use std::collections::{BTreeMap, VecDeque};

use types::PeerKey;

use crate::prefix::Prefix;

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who asks.
    pub peer: PeerKey,
    /// Where it is connected from.
    pub prefix: Prefix,
    /// Whether it is pinned as a validator.
    pub pinned: bool,
}

/// How many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Of strangers in all, and as many of pinned peers.
    pub all_max: usize,
    /// Of strangers of one prefix; of a private one, half of all.
    pub per_prefix_max: usize,
    /// Of one stranger; a pinned peer may have twice as many.
    pub per_peer_max: usize,
}

impl QueueLimits {
    /// How many of a prefix.
    #[must_use]
    pub fn of_prefix(&self, prefix: Prefix) -> usize {
        if prefix.is_private() { self.per_prefix_max.max(self.all_max / 2) } else { self.per_prefix_max }
    }
}

/// Counts what waits, and says whether more may.
#[derive(Debug)]
pub struct FairCount {
    limits: QueueLimits,
    strangers: usize,
    pinned: usize,
    prefixes: BTreeMap<Prefix, usize>,
    peers: BTreeMap<PeerKey, usize>,
}

impl FairCount {
    /// Nothing waits.
    #[must_use]
    pub const fn new(limits: QueueLimits) -> Self {
        Self { limits, strangers: 0, pinned: 0, prefixes: BTreeMap::new(), peers: BTreeMap::new() }
    }

    /// Counts one more, if it may wait.
    pub fn enter(&mut self, origin: Origin) -> bool {
        let of_peer = self.peers.get(&origin.peer).copied().unwrap_or_default();
        let of_prefix = self.prefixes.get(&origin.prefix).copied().unwrap_or_default();
        let has_room = if origin.pinned {
            self.pinned < self.limits.all_max && of_peer < self.limits.per_peer_max.saturating_mul(2)
        } else {
            self.strangers < self.limits.all_max
                && of_prefix < self.limits.of_prefix(origin.prefix)
                && of_peer < self.limits.per_peer_max
        };
        if has_room {
            add(&mut self.peers, origin.peer);
            if origin.pinned {
                self.pinned = self.pinned.saturating_add(1);
            } else {
                self.strangers = self.strangers.saturating_add(1);
                add(&mut self.prefixes, origin.prefix);
            }
        }
        has_room
    }

    /// One is done; the origin is as it was when it entered.
    pub fn leave(&mut self, origin: Origin) {
        subtract(&mut self.peers, origin.peer);
        if origin.pinned {
            self.pinned = self.pinned.saturating_sub(1);
        } else {
            self.strangers = self.strangers.saturating_sub(1);
            subtract(&mut self.prefixes, origin.prefix);
        }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

fn subtract<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

/// Things that wait, in the order in which they are to be done.
#[derive(Debug)]
pub struct FairQueue<T> {
    count: FairCount,
    pinned: VecDeque<(Origin, T)>,
    strangers: BTreeMap<Prefix, VecDeque<(Origin, T)>>,
    /// Prefixes that have something waiting, whose turn is next first.
    turns: VecDeque<Prefix>,
}

impl<T> FairQueue<T> {
    /// An empty queue.
    #[must_use]
    pub const fn new(limits: QueueLimits) -> Self {
        Self {
            count: FairCount::new(limits),
            pinned: VecDeque::new(),
            strangers: BTreeMap::new(),
            turns: VecDeque::new(),
        }
    }

    /// Lets something wait.
    ///
    /// # Errors
    /// The thing itself, when there is no room for it.
    pub fn push(&mut self, origin: Origin, thing: T) -> Result<(), T> {
        if !self.count.enter(origin) {
            return Err(thing);
        }
        if origin.pinned {
            self.pinned.push_back((origin, thing));
            return Ok(());
        }
        let waiting = self.strangers.entry(origin.prefix).or_default();
        if waiting.is_empty() {
            self.turns.push_back(origin.prefix);
        }
        waiting.push_back((origin, thing));
        Ok(())
    }

    /// What is to be done next.
    pub fn pop(&mut self) -> Option<T> {
        let (origin, thing) = match self.pinned.pop_front() {
            Some(first) => first,
            None => {
                let prefix = self.turns.pop_front()?;
                let waiting = self.strangers.get_mut(&prefix)?;
                let first = waiting.pop_front()?;
                if waiting.is_empty() {
                    self.strangers.remove(&prefix);
                } else {
                    self.turns.push_back(prefix);
                }
                first
            }
        };
        self.count.leave(origin);
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: QueueLimits = QueueLimits { all_max: 64, per_prefix_max: 8, per_peer_max: 4 };

    fn origin(peer: u8, address: &str, pinned: bool) -> Origin {
        Origin { peer: PeerKey([peer; 32]), prefix: Prefix::of(address.parse().expect("an address")), pinned }
    }

    // FAULTS HC5
    #[test]
    fn a_crowd_of_one_address_leaves_room_and_is_served_in_turn_with_the_others_and_validators_come_first() {
        let mut queue = FairQueue::new(LIMITS);
        let mut taken = 0;
        for peer in 0..100 {
            for _ in 0..10 {
                taken += usize::from(queue.push(origin(peer, "1.2.3.4", false), "crowd").is_ok());
            }
        }
        assert_eq!(taken, 8);
        queue.push(origin(200, "5.6.7.8", false), "calm").expect("room");
        queue.push(origin(201, "9.9.9.9", true), "validator").expect("room");
        assert_eq!([queue.pop(), queue.pop(), queue.pop()], [Some("validator"), Some("crowd"), Some("calm")]);
        let rest = std::iter::from_fn(|| queue.pop()).count();
        assert_eq!(rest, 7);
        assert!(queue.count.is_empty() && queue.strangers.is_empty() && queue.turns.is_empty());
    }

    // FAULTS HC5
    #[test]
    fn strangers_of_many_addresses_together_leave_the_validators_their_room() {
        let mut queue = FairQueue::new(LIMITS);
        let mut taken = 0;
        for peer in 0..200 {
            taken += usize::from(queue.push(origin(peer, &format!("1.2.3.{peer}"), false), peer).is_ok());
        }
        assert_eq!(taken, 64);
        for peer in 220..228 {
            for _ in 0..8 {
                queue.push(origin(peer, "1.2.3.4", true), 255).expect("room");
            }
        }
        assert!((0..64).all(|_| queue.pop() == Some(255)));
    }
}
