//! Where peers are: what they say, where they were met, and everything that keeps it.
//!
//! A peer says where it is as often as it likes, so what it says replaces what it said, everywhere, and costs nothing when it is the
//! same. The library keeps a list of its own that only grows; it is cut here.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use libp2p::kad;
use libp2p::{Multiaddr, PeerId};
use types::PeerKey;

use super::address::{is_worth_keeping, split_peer};
use super::counts::Count;
use super::doors::prefix_of;
use super::handle::publish_directory;
use super::identity::id_of;
use super::links::read;
use super::peers::ADDRESSES_MAX;
use super::task::Task;
use crate::book::BookRefusal;
use crate::prefix::Prefix;

/// How many peers this node wants to have dialled itself, beside the pinned ones: they are not chosen by strangers.
const DIALLED_WANTED: usize = 8;
/// How long after one peer was drawn from the book the next is.
const DRAW_MS: u64 = 10_000;
/// How long after a peer was drawn it may be drawn again.
const REST_MS: u64 = 600_000;

impl Task {
    /// A peer says where it is.
    pub(super) fn told(&mut self, id: PeerId, addresses: &[Multiaddr]) {
        let mut told = Vec::new();
        for address in addresses.iter().take(ADDRESSES_MAX.saturating_mul(2)) {
            let (bare, _) = split_peer(address);
            if told.len() < ADDRESSES_MAX && !told.contains(&bare) && is_worth_keeping(&read(&self.policy), &bare) {
                told.push(bare);
            }
        }
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.told != told) else { return };
        let (key, source) = (peer.key, peer.prefix());
        let before = std::mem::replace(&mut peer.told, told.clone());
        let is_private = self.is_private(key);
        let kad = self.swarm.behaviour_mut().kad.part();
        for address in told.iter().filter(|_| !is_private) {
            kad.add_address(&id, address.clone());
        }
        for address in before.iter().filter(|address| !told.contains(address)) {
            kad.remove_address(&id, address);
        }
        let now_ms = self.meter.now_ms();
        let mut noted = Ok(false);
        publish_directory(&self.directory, |directory| {
            noted = directory.known.told(key, &told, source, now_ms);
            directory.known.connected(key, true, now_ms);
        });
        self.noted(key, id, noted);
    }

    /// A dial has reached a peer.
    pub(super) fn met(&mut self, key: PeerKey, id: PeerId, address: &Multiaddr) {
        let Some(at) = prefix_of(address).filter(|_| is_worth_keeping(&read(&self.policy), address)) else { return };
        if !self.is_private(key) {
            self.swarm.behaviour_mut().kad.part().add_address(&id, address.clone());
        }
        let now_ms = self.meter.now_ms();
        let mut noted = Ok(false);
        publish_directory(&self.directory, |directory| noted = directory.known.met(key, address, at, now_ms));
        self.noted(key, id, noted);
    }

    /// Something was to be written into the book.
    fn noted(&mut self, key: PeerKey, id: PeerId, noted: Result<bool, BookRefusal>) {
        match noted {
            Ok(false) | Err(BookRefusal::Empty) => {}
            Ok(true) => {
                let addresses = read(&self.directory).known.addresses(key);
                self.dialler.learn(id, &addresses);
                if self.links.is_pinned(key) || self.swarm.behaviour().gate.wishes().persistent.contains(&key) {
                    self.expect_pinned();
                }
                self.book_changed.send_replace(());
            }
            Err(BookRefusal::Bucket(group)) => {
                self.counts.add(Count::BookFull);
                if let Some(times) = self.reminder.about("book full", self.meter.now_ms()) {
                    tracing::warn!(%group, withheld = times, "peers of one provider want more lines of the address book than they may have");
                }
            }
        }
    }

    pub(super) fn note_connected(&self, key: PeerKey, is_connected: bool) {
        let now_ms = self.meter.now_ms();
        publish_directory(&self.directory, |directory| directory.known.connected(key, is_connected, now_ms));
    }

    /// Where pinned peers may come from: connections from there have places of their own before they have shown whose they are.
    pub(super) fn expect_pinned(&self) {
        let mut expected = BTreeSet::<Prefix>::new();
        for key in &(self.links.pinned().as_ref() | &self.swarm.behaviour().gate.wishes().persistent) {
            let known = read(&self.directory).known.addresses(*key);
            let given = id_of(*key).map(|id| self.dialler.given(id)).unwrap_or_default();
            expected.extend(known.iter().chain(given).filter_map(prefix_of));
        }
        self.doors.expect(expected);
    }

    /// The library has changed what it knows of a peer: no more than a few addresses, the newest.
    pub(super) fn on_routing(&mut self, event: &kad::Event) {
        if let kad::Event::RoutingUpdated { peer, addresses, .. } = event {
            let surplus = addresses.len().saturating_sub(ADDRESSES_MAX);
            for oldest in addresses.iter().take(surplus) {
                self.swarm.behaviour_mut().kad.part().remove_address(peer, oldest);
            }
        }
    }

    /// A dial of ours has failed. While nobody at all is connected it is most likely our own fault.
    pub(super) fn not_met(&mut self, id: PeerId, key: PeerKey) {
        if !self.peers.values().any(|peer| peer.admitted.is_some()) || self.peers.contains_key(&id) {
            return;
        }
        let mut is_forgotten = false;
        publish_directory(&self.directory, |directory| is_forgotten = directory.known.failed(key));
        if is_forgotten {
            self.swarm.behaviour_mut().kad.part().remove_peer(&id);
            self.book_changed.send_replace(());
        }
    }

    /// Asks others where a peer is: whoever is met on the way to its key may be asked, and it itself is met at the end. Where it was is
    /// forgotten first: the search would ask it there before all others, not meet it, and then never go where the others say that it is.
    pub(super) fn look_for(&mut self, id: PeerId) {
        let is_connected = self.peers.contains_key(&id);
        let kad = self.swarm.behaviour_mut().kad.part();
        if !is_connected {
            kad.remove_peer(&id);
        }
        kad.get_closest_peers(id);
    }

    /// When somebody is to be drawn from the book: while too few were dialled, and there are others than those that are connected.
    pub(super) fn draw_at_ms(&self) -> Option<u64> {
        let wanted = DIALLED_WANTED.min(self.swarm.behaviour().gate.limits().outgoing());
        let is_wanted = self.outgoing < wanted && self.peers.len() < read(&self.directory).known.len();
        is_wanted.then(|| self.drawn_ms.saturating_add(DRAW_MS))
    }

    pub(super) fn draw(&mut self, now_ms: u64) {
        if self.draw_at_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.drawn_ms = now_ms;
            self.dial_by_chance();
        }
    }

    /// Has one peer of the book dialled, whichever chance wants; false when there is none.
    pub(super) fn dial_by_chance(&mut self) -> bool {
        let chance = RandomState::new().hash_one(self.drawn_ms);
        let now_ms = self.meter.now_ms();
        let mut drawn = None;
        publish_directory(&self.directory, |directory| drawn = directory.known.draw(chance, now_ms, REST_MS));
        let Some((key, addresses)) = drawn else { return false };
        if let Some(id) = id_of(key) {
            self.dialler.known(id, addresses);
        }
        true
    }
}
