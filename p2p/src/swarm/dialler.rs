//! Whom to dial and when: pinned validators and bootstrap addresses for ever, peers of the address book a few times.
//!
//! It must not dial itself: it says what is due and is told what came of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};

use super::address::split_peer;
use crate::backoff::Backoff;

const FIRST_MS: u64 = 250;
const CAP_MS: u64 = 8_000;
/// How often a peer of the address book is tried.
const KNOWN_TRIES_MAX: u32 = 3;
/// How often a peer is dialled where others say that it is.
const HINT_TRIES_MAX: u32 = 4;
/// Who was not met for so many dials where it is said to be may have moved.
const LOST_TRIES: u32 = 4;
/// Addresses kept per target, of those that the peer says and of those that others say, beside those that the operator gave.
const ADDRESSES_MAX: usize = 8;

/// A connection that lived for so long was a success.
const STEADY_MS: u64 = 5_000;

/// What is dialled: a peer wherever it is, or whoever answers at an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    Peer(PeerId),
    Address(Multiaddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Known,
    Bootstrap,
    Persistent,
    Pinned,
}

#[derive(Debug)]
struct Target {
    reasons: BTreeSet<Reason>,
    /// What the operator gave; nothing that a peer says displaces it.
    given: Vec<Multiaddr>,
    /// What the peer says, replaced whenever it says something else.
    learnt: Vec<Multiaddr>,
    /// What others say, replaced by whoever says something next, and dropped after a few dials: it may be a lie.
    hinted: Vec<Multiaddr>,
    /// How often it was dialled there.
    hint_tries: u32,
    backoff: Backoff,
    due_ms: u64,
    tries: u32,
    /// Who was met there.
    peer: Option<PeerId>,
}

/// One dial that is due.
pub(super) struct Due {
    pub(super) options: DialOpts,
    /// Whom to look for when there is no address.
    pub(super) peer: Option<PeerId>,
    goal: Goal,
}

/// All targets.
#[derive(Debug)]
pub(super) struct Dialler {
    me: PeerId,
    targets: BTreeMap<Goal, Target>,
    under_way: HashMap<ConnectionId, Goal>,
}

impl Dialler {
    pub(super) fn new(me: PeerId) -> Self {
        Self { me, targets: BTreeMap::new(), under_way: HashMap::new() }
    }

    /// An address that is dialled until whoever answers there is connected, and again when it is lost.
    pub(super) fn bootstrap(&mut self, address: &Multiaddr) {
        self.give(address, Reason::Bootstrap);
    }

    /// The same for a peer that the operator wants to keep.
    pub(super) fn persistent(&mut self, address: &Multiaddr) {
        self.give(address, Reason::Persistent);
    }

    fn give(&mut self, address: &Multiaddr, reason: Reason) {
        let (bare, peer) = split_peer(address);
        let goal = peer.map_or_else(|| Goal::Address(bare.clone()), Goal::Peer);
        if let Some(target) = self.add(goal, reason)
            && !target.given.contains(&bare)
        {
            target.given.push(bare);
        }
    }

    /// A peer of the address book, to be tried a few times.
    pub(super) fn known(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if self.add(Goal::Peer(peer), Reason::Known).is_some() {
            self.learn(peer, &addresses);
        }
    }

    /// A peer that others say is at these addresses. They stand behind what the operator gave and what the peer says.
    pub(super) fn hinted(&mut self, peer: PeerId, addresses: &[Multiaddr]) {
        // Who knows nothing of it takes nothing from who does.
        if let Some(target) = self.add(Goal::Peer(peer), Reason::Known)
            && !addresses.is_empty()
        {
            target.hinted = addresses.iter().take(ADDRESSES_MAX).cloned().collect();
            target.hint_tries = 0;
        }
    }

    /// The peers to be found and kept, in place of those named before.
    pub(super) fn pin(&mut self, peers: &BTreeSet<PeerId>) {
        for target in self.targets.values_mut() {
            target.reasons.remove(&Reason::Pinned);
        }
        for peer in peers {
            self.add(Goal::Peer(*peer), Reason::Pinned);
        }
        self.targets.retain(|_, target| !target.reasons.is_empty());
    }

    fn add(&mut self, goal: Goal, reason: Reason) -> Option<&mut Target> {
        if goal == Goal::Peer(self.me) {
            return None;
        }
        let target = self.targets.entry(goal).or_insert_with(|| Target {
            reasons: BTreeSet::new(),
            given: Vec::new(),
            learnt: Vec::new(),
            hinted: Vec::new(),
            hint_tries: 0,
            backoff: Backoff::new(FIRST_MS, CAP_MS),
            due_ms: 0,
            tries: 0,
            peer: None,
        });
        target.reasons.insert(reason);
        Some(target)
    }

    /// Where a peer can be reached, in place of what was learnt before, if it is one of those that are dialled.
    pub(super) fn learn(&mut self, peer: PeerId, addresses: &[Multiaddr]) {
        if let Some(target) = self.targets.get_mut(&Goal::Peer(peer)) {
            target.learnt = addresses.iter().take(ADDRESSES_MAX).cloned().collect();
        }
    }

    /// What the operator gave as a peer's addresses.
    pub(super) fn given(&self, peer: PeerId) -> &[Multiaddr] {
        self.targets.get(&Goal::Peer(peer)).map_or(&[], |target| &target.given)
    }

    /// Whether nobody who is to be believed has said where a peer is that is dialled, or it was not met there time and again: then it is
    /// to be looked for.
    pub(super) fn is_lost(&self, peer: PeerId) -> bool {
        let target = self.targets.get(&Goal::Peer(peer));
        target.is_some_and(|target| {
            let is_unknown = target.given.is_empty() && target.learnt.is_empty();
            // Whoever is down is not looked for with every dial: after 4, and from then on each 8. Whoever looks may be told wrong once, by
            // a stranger who is quicker; it then looks again within minutes.
            match target.tries {
                tries if tries < LOST_TRIES => is_unknown,
                tries => tries == LOST_TRIES || tries.is_multiple_of(8),
            }
        })
    }

    /// A dial that was due was not begun, because another one to the same peer is under way: it is no try.
    pub(super) fn spared(&mut self, due: &Due) {
        if let Some(target) = self.targets.get_mut(&due.goal) {
            target.tries = target.tries.saturating_sub(1);
            target.hint_tries = target.hint_tries.saturating_sub(1);
        }
    }

    /// The dials whose time has come.
    pub(super) fn due(&mut self, now_ms: u64, is_connected: impl Fn(&PeerId) -> bool) -> Vec<Due> {
        let mut due = Vec::new();
        for (goal, target) in &mut self.targets {
            let peer = match goal {
                Goal::Peer(peer) => Some(*peer),
                Goal::Address(_) => target.peer,
            };
            let is_under_way = self.under_way.values().any(|dialled| dialled == goal);
            if is_under_way || target.due_ms > now_ms || peer.as_ref().is_some_and(&is_connected) {
                continue;
            }
            target.due_ms = now_ms.saturating_add(target.backoff.failed());
            target.tries = target.tries.saturating_add(1);
            due.push(Due { options: options(goal, &target.addresses()), peer, goal: goal.clone() });
            target.hint_tries = target.hint_tries.saturating_add(1);
            if target.hint_tries >= HINT_TRIES_MAX {
                target.hinted.clear();
            }
        }
        self.targets.retain(|_, target| {
            target.tries <= KNOWN_TRIES_MAX || target.reasons.iter().any(|reason| *reason != Reason::Known)
        });
        due
    }

    /// When the next dial is due, as things stand.
    pub(super) fn next_ms(&self, is_connected: impl Fn(&PeerId) -> bool) -> Option<u64> {
        let waiting = self.targets.iter().filter(|(goal, target)| {
            let peer = match goal {
                Goal::Peer(peer) => Some(peer),
                Goal::Address(_) => target.peer.as_ref(),
            };
            !peer.is_some_and(&is_connected) && !self.under_way.values().any(|dialled| dialled == *goal)
        });
        waiting.map(|(_, target)| target.due_ms).min()
    }

    /// A dial has begun.
    pub(super) fn begun(&mut self, connection: ConnectionId, due: &Due) {
        self.under_way.insert(connection, due.goal.clone());
    }

    /// A dial has succeeded, or a peer has come by itself.
    pub(super) fn connected(&mut self, connection: ConnectionId, peer: PeerId) {
        let met = self.under_way.remove(&connection);
        for goal in met.into_iter().chain([Goal::Peer(peer)]) {
            if let Some(target) = self.targets.get_mut(&goal) {
                target.peer = Some(peer);
                target.tries = 0;
                target.hinted.clear();
            }
        }
    }

    /// A dial has failed: its target keeps the time that was set when it began. Names the peer, if it was one of ours.
    pub(super) fn failed(&mut self, connection: ConnectionId) -> Option<PeerId> {
        match self.under_way.remove(&connection)? {
            Goal::Peer(peer) => Some(peer),
            Goal::Address(_) => None,
        }
    }

    /// A peer is gone, whose last connection lived for so long: whoever wants it dials again at once, and after a while if it goes
    /// as soon as it has come.
    pub(super) fn lost(&mut self, peer: PeerId, now_ms: u64, lived_ms: u64) {
        for (goal, target) in &mut self.targets {
            if *goal == Goal::Peer(peer) || target.peer == Some(peer) {
                // Otherwise it keeps the time that was set when the dial began, as one that failed.
                if lived_ms >= STEADY_MS {
                    target.backoff.succeeded();
                    target.due_ms = now_ms;
                }
            }
        }
    }

    /// The operator does not name a peer as persistent any more.
    pub(super) fn forget(&mut self, peer: PeerId) {
        if let Some(target) = self.targets.get_mut(&Goal::Peer(peer)) {
            target.reasons.remove(&Reason::Persistent);
        }
        self.targets.retain(|_, target| !target.reasons.is_empty());
    }

    /// A peer is not wanted: nobody dials it before this time.
    pub(super) fn avoid(&mut self, peer: PeerId, until_ms: u64) {
        for (goal, target) in &mut self.targets {
            if *goal == Goal::Peer(peer) || target.peer == Some(peer) {
                target.due_ms = until_ms;
            }
        }
    }
}

impl Target {
    fn addresses(&self) -> Vec<Multiaddr> {
        let mut addresses = self.given.clone();
        for address in self.learnt.iter().chain(&self.hinted) {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        addresses
    }
}

/// New ports, because a port that also listens cannot dial one address twice at a time.
fn options(goal: &Goal, addresses: &[Multiaddr]) -> DialOpts {
    match goal {
        Goal::Address(address) => DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build(),
        Goal::Peer(peer) => {
            let options = DialOpts::peer_id(*peer).condition(PeerCondition::DisconnectedAndNotDialing);
            if addresses.is_empty() {
                return options.allocate_new_port().build();
            }
            options.addresses(addresses.to_vec()).extend_addresses_through_behaviour().allocate_new_port().build()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().expect("an address")
    }

    fn at(port: u16) -> Multiaddr {
        address(&format!("/ip4/9.9.9.9/tcp/{port}"))
    }

    fn known(dialler: &Dialler, peer: PeerId) -> Vec<Multiaddr> {
        dialler.targets.get(&Goal::Peer(peer)).map(Target::addresses).expect("it is dialled")
    }

    #[test]
    fn a_bootstrap_address_is_dialled_for_ever_with_growing_waits() {
        let mut dialler = Dialler::new(PeerId::random());
        dialler.bootstrap(&address("/ip4/1.2.3.4/tcp/1"));
        let mut times = Vec::new();
        for now in 0..60_000 {
            if !dialler.due(now, |_| false).is_empty() {
                times.push(now);
            }
        }
        assert_eq!(times.get(..6), Some(&[0, 250, 750, 1_750, 3_750, 7_750][..]));
        assert_eq!(times.last(), Some(&55_750));
    }

    #[test]
    fn a_peer_that_is_connected_is_left_alone_and_dialled_at_once_when_lost() {
        let peer = PeerId::random();
        let mut dialler = Dialler::new(PeerId::random());
        dialler.pin(&BTreeSet::from([peer]));
        assert_eq!(dialler.due(0, |_| false).len(), 1);
        dialler.connected(ConnectionId::new_unchecked(1), peer);
        assert!(dialler.due(100_000, |_| true).is_empty());
        dialler.lost(peer, 100_001, STEADY_MS);
        assert_eq!(dialler.next_ms(|_| true), None);
        assert_eq!(dialler.next_ms(|_| false), Some(100_001));
        assert_eq!(dialler.due(100_001, |_| false).len(), 1);
        assert_eq!(dialler.next_ms(|_| false), Some(100_251));
        assert!(dialler.due(100_250, |_| false).is_empty());
        dialler.pin(&BTreeSet::new());
        assert!(dialler.due(1_000_000, |_| false).is_empty());
    }

    // FAULTS HC8
    #[test]
    fn who_goes_as_soon_as_it_has_come_is_dialled_less_and_less() {
        let peer = PeerId::random();
        let mut dialler = Dialler::new(PeerId::random());
        dialler.pin(&BTreeSet::from([peer]));
        let mut times = Vec::new();
        for now in 0..60_000 {
            if !dialler.due(now, |_| false).is_empty() {
                times.push(now);
                dialler.connected(ConnectionId::new_unchecked(times.len()), peer);
                dialler.lost(peer, now + 10, 10);
            }
        }
        assert_eq!(times.get(..6), Some(&[0, 250, 750, 1_750, 3_750, 7_750][..]));
        dialler.connected(ConnectionId::new_unchecked(99), peer);
        dialler.lost(peer, 70_000, STEADY_MS);
        assert_eq!(dialler.next_ms(|_| false), Some(70_000), "what lived is dialled at once, and the waits begin anew");
    }

    #[test]
    fn an_address_of_an_earlier_run_is_given_up_after_a_few_tries_and_we_never_dial_ourselves() {
        let me = PeerId::random();
        let mut dialler = Dialler::new(me);
        dialler.known(PeerId::random(), vec![address("/ip4/1.2.3.4/tcp/1")]);
        dialler.known(me, vec![address("/ip4/1.2.3.4/tcp/2")]);
        let dials: usize = (0..100).map(|turn| dialler.due(turn * 10_000, |_| false).len()).sum();
        assert_eq!(dials, 4);
    }

    // FAULTS HC1
    #[test]
    fn what_a_peer_says_is_replaced_and_never_displaces_what_the_operator_gave() {
        let peer = PeerId::random();
        let mut dialler = Dialler::new(PeerId::random());
        let given = address(&format!("/ip4/1.2.3.4/tcp/1/p2p/{peer}"));
        dialler.bootstrap(&given);
        for turn in 0..1_000 {
            let said: Vec<_> = (1..500).map(|port| address(&format!("/ip4/9.9.9.{}/tcp/{port}", turn % 250))).collect();
            dialler.learn(peer, &said);
        }
        let known = dialler.targets.values().next().map(Target::addresses).expect("a target");
        assert_eq!(known.len(), 1 + ADDRESSES_MAX);
        assert_eq!(known.first(), Some(&address("/ip4/1.2.3.4/tcp/1")));
    }

    // FAULTS HC1
    #[test]
    fn what_others_say_of_a_peer_displaces_nothing_that_a_validator_has_said_and_is_bounded() {
        let (validator, other) = (PeerId::random(), PeerId::random());
        let mut dialler = Dialler::new(PeerId::random());
        dialler.pin(&BTreeSet::from([validator]));
        let own = [address("/ip4/1.2.3.4/tcp/1"), address("/ip4/1.2.3.4/tcp/2")];
        dialler.learn(validator, &own);
        for port in 1..100 {
            let many: Vec<_> = (0..20).map(|more| at(port + more)).collect();
            dialler.hinted(validator, &[&own[..1], &many].concat());
            dialler.hinted(other, &[at(port)]);
        }
        let seven: Vec<_> = (99..106).map(at).collect();
        assert_eq!(known(&dialler, validator), [&own[..], &seven].concat());
        assert_eq!(known(&dialler, other), [at(99)], "the newest counts");
        dialler.connected(ConnectionId::new_unchecked(1), validator);
        assert_eq!(known(&dialler, validator), own, "who was met says itself where it is");
    }

    // FAULTS HC1
    #[test]
    fn a_lie_about_a_validator_that_has_said_nothing_gives_way_to_the_truth_is_forgotten_and_does_not_end_the_search() {
        let validator = PeerId::random();
        let mut dialler = Dialler::new(PeerId::random());
        dialler.pin(&BTreeSet::from([validator]));
        let lies: Vec<_> = (1..=8).map(at).collect();
        dialler.hinted(validator, &lies);
        assert_eq!(known(&dialler, validator), lies);
        dialler.hinted(validator, &[at(99)]);
        assert_eq!(known(&dialler, validator), [at(99)]);
        dialler.hinted(validator, &lies);
        let (mut dials, mut looked) = (Vec::new(), 0);
        for now in (0..200_000).step_by(10_000) {
            let there = known(&dialler, validator).len();
            assert_eq!(dialler.due(now, |_| false).len(), 1, "a validator is dialled for ever");
            looked += usize::from(dialler.is_lost(validator));
            dials.push(there);
        }
        assert_eq!(dials.iter().filter(|there| **there == 8).count(), 4);
        assert_eq!((dials.last(), looked), (Some(&0), 6), "of twenty dials, after the first four, and after 8 and 16");
        dialler.connected(ConnectionId::new_unchecked(1), validator);
        dialler.learn(validator, &[at(7)]);
        assert!(!dialler.is_lost(validator) && !dialler.is_lost(PeerId::random()));
    }

    #[test]
    fn who_is_not_met_where_it_was_is_looked_for_until_it_is_met() {
        let (stays, moves) = (PeerId::random(), PeerId::random());
        let mut dialler = Dialler::new(PeerId::random());
        dialler.pin(&BTreeSet::from([stays, moves]));
        dialler.learn(moves, &[at(7)]);
        dialler.persistent(&at(8).with_p2p(stays).expect("no other peer is named"));
        for tries in 0..4 {
            assert!(!dialler.is_lost(moves) && !dialler.is_lost(stays), "{tries}");
            let due = dialler.due(tries * 10_000, |_| false);
            assert_eq!(due.len(), 2);
            // One was connected by the other end's dial meanwhile, and that of ours was not begun.
            let spared = due.iter().find(|due| due.peer == Some(stays)).expect("it is due");
            dialler.spared(spared);
        }
        assert!(dialler.is_lost(moves) && !dialler.is_lost(stays));
        assert!(known(&dialler, moves).contains(&at(7)), "and dialled where it was all the same");
        let looked = (4..260).filter(|tries| {
            dialler.due(tries * 10_000, |_| false);
            dialler.is_lost(moves)
        });
        assert_eq!(looked.count(), 32, "after each eight");
        dialler.connected(ConnectionId::new_unchecked(1), moves);
        assert!(!dialler.is_lost(moves));
    }
}
