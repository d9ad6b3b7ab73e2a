//! Gossip as the daemon's network does it: whoever publishes sends to all, every copy of one publication is one message,
//! and whoever accepts it passes it on to those who have not had it.
//!
//! A refusal is held against the peer that passed the message on, so an honest node must never pass on what another
//! honest node refuses: `checks::innocence` is told of every refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use replica::wire::Message;
use replica::{GossipToken, GossipVerdict};
use types::Canonical;

use super::checks::Sighting;
use super::world::World;

/// Publications that a node remembers: more than are ever under way.
const SEEN_MAX: usize = 4_096;

/// The way by which a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Over the sender's stream.
    Stream,
    /// As a copy of this publication.
    Gossip(u64),
}

/// A message that waits for its verdict.
pub(crate) struct Pending {
    from: usize,
    publication: u64,
    bytes: Arc<[u8]>,
}

/// What one node knows of gossip.
#[derive(Default)]
pub(crate) struct Ear {
    seen: BTreeSet<u64>,
    pending: BTreeMap<GossipToken, Pending>,
}

impl Ear {
    /// Whether a publication is new here; from now on it is not.
    fn is_new(&mut self, publication: u64) -> bool {
        if self.seen.len() >= SEEN_MAX {
            self.seen.pop_first();
        }
        self.seen.insert(publication)
    }
}

impl World {
    /// A publication of its own for every time that something is said.
    pub(crate) const fn publication(&mut self) -> Way {
        self.publications += 1;
        Way::Gossip(self.publications)
    }

    /// Says something to everybody.
    pub(crate) fn publish(&mut self, place: usize, message: &Message) {
        let Way::Gossip(publication) = self.publication() else { return };
        self.nodes[place].ear.is_new(publication);
        let own = self.nodes[place].peer;
        let bytes: Arc<[u8]> = message.to_canonical().into();
        for to in 0..self.nodes.len() {
            if self.nodes[to].peer != own && !self.links.filtered(to, message) {
                self.carry(place, to, Way::Gossip(publication), &bytes);
            }
        }
    }

    /// A copy of a publication has come: its token, if it is the first.
    pub(crate) fn overhear(
        &mut self,
        from: usize,
        to: usize,
        publication: u64,
        bytes: &Arc<[u8]>,
    ) -> Option<GossipToken> {
        if !self.nodes[to].ear.is_new(publication) {
            return None;
        }
        self.gossip_tokens += 1;
        let token = GossipToken(self.gossip_tokens);
        self.nodes[to].ear.pending.insert(token, Pending { from, publication, bytes: bytes.clone() });
        Some(token)
    }

    /// Lets the checkers see which transactions of others an honest node passes on.
    fn watch_passed_on(&mut self, place: usize, bytes: &[u8]) {
        if let Ok(Message::Transactions(transactions)) = Message::from_canonical(bytes)
            && !self.nodes[place].is_faulty
        {
            self.auditor.see(&Sighting::PassedOn { node: place, transactions: &transactions });
        }
    }

    /// A node says what becomes of a message.
    pub(crate) fn verdict(&mut self, place: usize, token: GossipToken, verdict: GossipVerdict) {
        let Some(Pending { from, publication, bytes }) = self.nodes[place].ear.pending.remove(&token) else { return };
        match verdict {
            GossipVerdict::Ignore => {}
            GossipVerdict::Accept => {
                self.watch_passed_on(place, &bytes);
                for to in (0..self.nodes.len()).filter(|to| *to != place && *to != from) {
                    if !self.nodes[to].ear.seen.contains(&publication) {
                        self.carry(place, to, Way::Gossip(publication), &bytes);
                    }
                }
            }
            GossipVerdict::Reject if self.nodes[place].is_faulty => {}
            GossipVerdict::Reject => {
                let peer = self.nodes[from].peer;
                self.tell(|| format!("node {place} refuses gossip of node {from}"));
                self.auditor.see(&Sighting::Rejected { node: place, peer });
            }
        }
    }
}
