//! Who may be connected: so many strangers in all, so many of one address, and who gives way when all places are taken.
//!
//! Pinned peers are never refused and take nobody's place. Peers that we have dialled have places of their own, because a stranger
//! cannot choose them. Of the others, those that were of use lately and those that have been here longest stay; the rest gives way, of the
//! group with the most of them first. So whoever has many addresses of few providers takes places from himself.
//!
//! It must not know connections' handshakes, clocks or sockets. Time is the caller's monotonic milliseconds.

use std::collections::{BTreeMap, BTreeSet};

use types::PeerKey;

use crate::prefix::{Group, Prefix};

/// How many places there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceLimits {
    /// Strangers in all.
    pub peers_max: usize,
    /// Strangers that came from one prefix. Of a private one, which many machines may share, half of all places; then one of them gives
    /// way to another.
    pub per_prefix_max: usize,
    /// Connections of one peer.
    pub connections_max: usize,
}

impl PlaceLimits {
    /// Places for peers that we have dialled: a quarter, at least one.
    #[must_use]
    pub fn outgoing(&self) -> usize {
        (self.peers_max / 4).max(1)
    }

    /// Places for strangers that came by themselves.
    #[must_use]
    pub fn incoming(&self) -> usize {
        self.peers_max.saturating_sub(self.outgoing()).max(1)
    }

    fn of_prefix(&self, prefix: Prefix) -> usize {
        if prefix.is_private() { self.per_prefix_max.max(self.incoming() / 2).max(1) } else { self.per_prefix_max }
    }
}

/// Why a connection gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// One address has as many as it may.
    #[error("{0} has as many peers here as one address may")]
    Prefix(Prefix),
    /// Nobody would give way for it.
    #[error("all places are taken")]
    Full,
    /// The peer has as many connections as it may.
    #[error("the peer has as many connections as it may")]
    Connections,
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The peer.
    Theirs,
    /// This node.
    Ours,
}

#[derive(Debug)]
struct Held<C> {
    connections: BTreeSet<C>,
    prefix: Prefix,
    side: Side,
    since_ms: u64,
    useful_ms: Option<u64>,
    /// It has been told to go and counts no more.
    is_leaving: bool,
}

/// How the places are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlacesTaken {
    /// By strangers that came by themselves.
    pub incoming: usize,
    /// By peers that we have dialled, beside the pinned ones.
    pub outgoing: usize,
    /// The group with most of the strangers that came by themselves, and how many it has.
    pub dominant: Option<(Group, usize)>,
}

/// All places. `C` names a connection.
#[derive(Debug)]
pub struct Places<C> {
    limits: PlaceLimits,
    pinned: BTreeSet<PeerKey>,
    peers: BTreeMap<PeerKey, Held<C>>,
    owners: BTreeMap<C, PeerKey>,
}

impl<C: Copy + Ord> Places<C> {
    /// Nobody is here yet.
    #[must_use]
    pub const fn new(limits: PlaceLimits) -> Self {
        Self { limits, pinned: BTreeSet::new(), peers: BTreeMap::new(), owners: BTreeMap::new() }
    }

    /// The peers that are never refused, in place of those named before.
    pub fn pin(&mut self, pinned: BTreeSet<PeerKey>) {
        self.pinned = pinned;
    }

    /// Whether a peer is never refused.
    #[must_use]
    pub fn is_pinned(&self, peer: PeerKey) -> bool {
        self.pinned.contains(&peer)
    }

    /// Gives a connection a place, and names who gives way for it.
    ///
    /// # Errors
    /// [`NoPlace`]; nothing has changed then.
    pub fn enter(
        &mut self,
        peer: PeerKey,
        connection: C,
        side: Side,
        prefix: Prefix,
        now_ms: u64,
    ) -> Result<Option<PeerKey>, NoPlace> {
        if let Some(held) = self.peers.get_mut(&peer) {
            if held.is_leaving {
                return Err(NoPlace::Full);
            }
            if held.connections.len() >= self.limits.connections_max {
                return Err(NoPlace::Connections);
            }
            held.connections.insert(connection);
            self.owners.insert(connection, peer);
            return Ok(None);
        }
        let leaves = if self.pinned.contains(&peer) { None } else { self.make_room(side, prefix)? };
        if leaves.is_some() && self.leaving() >= self.limits.peers_max {
            return Err(NoPlace::Full);
        }
        if let Some(held) = leaves.and_then(|leaves| self.peers.get_mut(&leaves)) {
            held.is_leaving = true;
        }
        let connections = BTreeSet::from([connection]);
        let held = Held { connections, prefix, side, since_ms: now_ms, useful_ms: None, is_leaving: false };
        self.peers.insert(peer, held);
        self.owners.insert(connection, peer);
        Ok(leaves)
    }

    /// A connection has ended, or did not come to anything.
    pub fn left(&mut self, connection: C) {
        let Some(peer) = self.owners.remove(&connection) else { return };
        let Some(held) = self.peers.get_mut(&peer) else { return };
        held.connections.remove(&connection);
        if held.connections.is_empty() {
            self.peers.remove(&peer);
        }
    }

    /// A peer has said something that was new and good, or has answered.
    pub fn useful(&mut self, peer: PeerKey, now_ms: u64) {
        if let Some(held) = self.peers.get_mut(&peer) {
            held.useful_ms = Some(now_ms);
        }
    }

    /// Tells one stranger that came by itself to go, because something else than places is short.
    pub fn shed(&mut self) -> Option<PeerKey> {
        let leaves = self.who_gives_way(None, None)?;
        if let Some(held) = self.peers.get_mut(&leaves) {
            held.is_leaving = true;
        }
        Some(leaves)
    }

    /// How the places are taken.
    #[must_use]
    pub fn taken(&self) -> PlacesTaken {
        let groups = self.groups(None);
        let dominant = groups.into_iter().max_by_key(|(_, count)| *count);
        let count = |side| self.strangers(side).count();
        PlacesTaken { incoming: count(Side::Theirs), outgoing: count(Side::Ours), dominant }
    }

    fn strangers(&self, side: Side) -> impl Iterator<Item = (&PeerKey, &Held<C>)> {
        self.peers
            .iter()
            .filter(move |(peer, held)| held.side == side && !held.is_leaving && !self.pinned.contains(peer))
    }

    fn make_room(&self, side: Side, prefix: Prefix) -> Result<Option<PeerKey>, NoPlace> {
        match side {
            Side::Ours if self.strangers(side).count() < self.limits.outgoing() => Ok(None),
            // Whoever we have known longest stays; the others come and go as peers are looked for.
            Side::Ours => {
                let mut by_age: Vec<_> = self.strangers(side).map(|(peer, held)| (held.since_ms, *peer)).collect();
                by_age.sort_unstable();
                let place = by_age.len() / 2;
                by_age.get(place).map(|(_, peer)| Some(*peer)).ok_or(NoPlace::Full)
            }
            Side::Theirs => {
                let same = self.strangers(side).filter(|(_, held)| held.prefix == prefix).count();
                if same >= self.limits.of_prefix(prefix) {
                    // Behind a private address are many, so one of them gives way to another.
                    let leaves = if prefix.is_private() { self.who_gives_way(None, Some(prefix)) } else { None };
                    return leaves.map(Some).ok_or(NoPlace::Prefix(prefix));
                }
                if self.strangers(side).count() < self.limits.incoming() {
                    return Ok(None);
                }
                self.who_gives_way(Some(prefix.group()), None).map(Some).ok_or(NoPlace::Full)
            }
        }
    }

    /// Who has been told to go holds a connection until its farewell is over.
    fn leaving(&self) -> usize {
        self.peers.values().filter(|held| held.is_leaving).count()
    }

    /// How many strangers each group has here, with one that would come.
    fn groups(&self, comes: Option<Group>) -> BTreeMap<Group, usize> {
        let mut groups = BTreeMap::<Group, usize>::new();
        let here = self.strangers(Side::Theirs).map(|(_, held)| held.prefix.group());
        for group in here.chain(comes) {
            let count = groups.entry(group).or_default();
            *count = count.saturating_add(1);
        }
        groups
    }

    /// Of the group with the most, who was of use least recently, then who came first of those that are not kept.
    fn who_gives_way(&self, comes: Option<Group>, only: Option<Prefix>) -> Option<PeerKey> {
        let groups = self.groups(comes);
        let size = |held: &Held<C>| groups.get(&held.prefix.group()).copied().unwrap_or_default();
        let is_meant = |held: &Held<C>| only.is_none_or(|only| held.prefix == only);
        let mut rest: Vec<_> = self.strangers(Side::Theirs).filter(|(_, held)| is_meant(held)).collect();
        let all = rest.len();
        // A quarter stays for its use, half of the others for its age.
        rest.sort_by_key(|(_, held)| std::cmp::Reverse(held.useful_ms));
        let useful = rest.iter().take(all / 4).take_while(|(_, held)| held.useful_ms.is_some()).count();
        rest.drain(..useful);
        rest.sort_by_key(|(peer, held)| (held.since_ms, **peer));
        rest.drain(..rest.len() / 2);
        let (peer, held) = rest
            .into_iter()
            .min_by_key(|(peer, held)| (std::cmp::Reverse(size(held)), held.useful_ms, held.since_ms, **peer))?;
        // Nobody takes a place from a group that has fewer.
        let newcomers = comes.and_then(|group| groups.get(&group)).copied().unwrap_or_default();
        (size(held) >= newcomers).then_some(*peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PlaceLimits = PlaceLimits { peers_max: 64, per_prefix_max: 8, connections_max: 4 };

    fn key(number: u16) -> PeerKey {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        PeerKey(bytes)
    }

    fn from(text: &str) -> Prefix {
        Prefix::of(text.parse().expect("an address"))
    }

    /// Enters peers with connections of the same numbers; tells how many were let in.
    fn crowd(places: &mut Places<u16>, numbers: std::ops::Range<u16>, address: impl Fn(u16) -> String) -> usize {
        numbers
            .filter(|number| {
                let prefix = from(&address(*number));
                match places.enter(key(*number), *number, Side::Theirs, prefix, u64::from(*number)) {
                    Ok(leaves) => {
                        if let Some(leaves) = leaves {
                            let number = u16::from_be_bytes([leaves.0[0], leaves.0[1]]);
                            places.left(number);
                        }
                        true
                    }
                    Err(_) => false,
                }
            })
            .count()
    }

    // FAULTS HC2
    #[test]
    fn identities_of_one_address_or_one_slash_64_take_a_few_places_whatever_their_number() {
        let mut places = Places::new(LIMITS);
        assert_eq!(crowd(&mut places, 0..128, |_| "1.2.3.4".to_owned()), 8);
        assert_eq!(crowd(&mut places, 200..328, |number| format!("2606:4700:1:1::{number:x}")), 8);
        assert_eq!(places.taken().incoming, 16);
        // One machine or one house may hold many nodes, but not all places; of them one gives way to another.
        assert_eq!(crowd(&mut places, 400..528, |_| "127.0.0.1".to_owned()), 128);
        assert_eq!(places.taken().incoming, 40);
    }

    // FAULTS HC2
    #[test]
    fn pinned_peers_always_enter_and_take_nobodys_place() {
        let mut places = Places::new(LIMITS);
        crowd(&mut places, 0..1_000, |number| format!("{}.{}.1.1", 1 + number / 200, number % 200));
        assert_eq!(places.taken().incoming, LIMITS.incoming());
        places.pin((2_000..2_100).map(key).collect());
        for number in 2_000..2_100 {
            assert_eq!(places.enter(key(number), number, Side::Theirs, from("1.2.3.4"), 0), Ok(None));
        }
        assert_eq!(places.taken().incoming, LIMITS.incoming());
    }

    // FAULTS HC2
    #[test]
    fn who_came_first_and_who_was_of_use_stay_however_many_follow() {
        let mut places = Places::new(LIMITS);
        // Two dozen honest peers, each of a provider of its own; the last eight are young but useful.
        assert_eq!(crowd(&mut places, 0..24, |number| format!("{}.9.1.1", 20 + number)), 24);
        (16..24).for_each(|number| places.useful(key(number), 50));
        // An attacker with a thousand addresses of two providers.
        crowd(&mut places, 100..1_100, |number| format!("1.{}.{}.1", 2 + number % 2, number / 8));
        assert_eq!(places.taken().incoming, LIMITS.incoming());
        for number in 0..24 {
            assert!(places.peers.contains_key(&key(number)), "{number}");
        }
        // A newcomer of another provider finds a place, and the attacker loses one.
        let leaves = places.enter(key(2_000), 2_000, Side::Theirs, from("77.1.2.3"), 5_000);
        assert!(matches!(leaves, Ok(Some(_))), "{leaves:?}");
        let dominant = places.taken().dominant.map(|(group, _)| group.to_string());
        assert!(dominant.is_some_and(|group| group.starts_with("1.")));
    }

    // FAULTS HC2
    #[test]
    fn peers_that_were_dialled_have_places_that_no_stranger_can_take() {
        let mut places = Places::new(LIMITS);
        crowd(&mut places, 0..1_000, |number| format!("{}.{}.1.1", 1 + number / 200, number % 200));
        for number in 3_000..3_016 {
            assert_eq!(places.enter(key(number), number, Side::Ours, from("1.2.3.4"), u64::from(number)), Ok(None));
        }
        assert_eq!(places.taken().outgoing, 16);
        // One more comes at the cost of one that was met lately, never of the eight known longest.
        let leaves = places.enter(key(3_016), 3_016, Side::Ours, from("1.2.3.4"), 4_000).expect("a place");
        assert_eq!(leaves, Some(key(3_008)));
    }

    #[test]
    fn a_peer_has_so_many_connections_and_leaves_with_its_last() {
        let mut places = Places::new(LIMITS);
        for connection in 0..4 {
            assert_eq!(places.enter(key(1), connection, Side::Theirs, from("1.2.3.4"), 0), Ok(None));
        }
        assert_eq!(places.enter(key(1), 4, Side::Theirs, from("1.2.3.4"), 0), Err(NoPlace::Connections));
        (0..3).for_each(|connection| places.left(connection));
        assert_eq!(places.taken().incoming, 1);
        places.left(3);
        assert_eq!(places.taken().incoming, 0);
        assert!(places.owners.is_empty() && places.peers.is_empty());
    }

    #[test]
    fn no_more_are_on_their_way_out_than_there_are_places() {
        let mut places = Places::new(LIMITS);
        let enter = |places: &mut Places<u16>, number: u16| {
            let prefix = from(&format!("{}.{}.1.1", 11 + number / 200, number % 200));
            places.enter(key(number), number, Side::Theirs, prefix, u64::from(number))
        };
        // Nobody's farewell ends.
        let gone: Vec<_> = (0..1_000).filter_map(|number| enter(&mut places, number).ok().flatten()).collect();
        assert_eq!((gone.len(), places.taken().incoming), (LIMITS.peers_max, LIMITS.incoming()));
        assert_eq!(enter(&mut places, 1_000), Err(NoPlace::Full));
        let number = u16::from_be_bytes([gone[0].0[0], gone[0].0[1]]);
        places.left(number);
        assert!(matches!(enter(&mut places, 1_000), Ok(Some(_))));
    }

    #[test]
    fn strangers_are_shed_one_by_one_and_who_is_leaving_does_not_slip_in_again() {
        let mut places = Places::new(LIMITS);
        assert_eq!(places.shed(), None);
        crowd(&mut places, 0..20, |number| format!("{}.9.1.1", 20 + number));
        let shed = std::iter::from_fn(|| places.shed()).take(100).count();
        assert_eq!((shed, places.taken().incoming), (20, 0));
        assert_eq!(places.enter(key(3), 99, Side::Theirs, from("23.9.1.1"), 0), Err(NoPlace::Full));
        places.left(3);
        assert_eq!(places.enter(key(3), 99, Side::Theirs, from("23.9.1.1"), 0), Ok(None));
    }
}
