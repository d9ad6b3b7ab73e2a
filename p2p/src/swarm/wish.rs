//! What the operator wishes, done: bans, persistent and private peers.
//!
//! Somebody who is not wanted goes at once and finds the gate closed. It must not know why somebody is not wanted.

use std::collections::BTreeSet;

use libp2p::Multiaddr;
use types::PeerKey;

use super::address;
use super::config::{NetworkConfig, NetworkError};
use super::event::{NetworkEvent, RefusalReason};
use super::handle::publish_directory;
use super::identity::{id_of, key_of};
use super::links::write;
use super::peers::Peer;
use super::task::Task;
use crate::wishes::Ban;

impl Task {
    /// What is wished at the start.
    pub(super) fn wish(&mut self, config: &NetworkConfig) -> Result<(), NetworkError> {
        self.swarm.behaviour_mut().gate.wish(|wishes| {
            wishes.only_persistent = config.only_persistent;
            // More than there may be were not taken in an earlier run either.
            for ban in &config.bans {
                let _ = wishes.ban(*ban);
            }
        });
        let parsed = config.persistent.iter().map(|text| address::of_peer(text).map(|(address, _)| address));
        let persistent = parsed.collect::<Result<Vec<_>, _>>()?;
        self.prefer(&persistent, config.private.iter().copied().collect());
        Ok(())
    }

    pub(super) fn ban(&mut self, ban: Ban) {
        if !self.swarm.behaviour_mut().gate.wish(|wishes| wishes.ban(ban)) {
            tracing::warn!(?ban, "not banned: there are as many bans as may be");
            return;
        }
        let gate = &self.swarm.behaviour().gate;
        let unwanted = |peer: &Peer| {
            let anywhere = gate.admit(peer.key, None).err();
            anywhere.or_else(|| peer.prefixes().find_map(|at| gate.admit(peer.key, Some(at)).err()))
        };
        let gone: Vec<_> = self.peers.iter().filter_map(|(id, peer)| Some((*id, peer.key, unwanted(peer)?))).collect();
        for (id, peer, unwanted) in gone {
            let why = RefusalReason::Unwanted(unwanted);
            tracing::info!(%peer, %why, "sent away");
            if let Some(connected) = self.peers.get_mut(&id) {
                connected.refused = Some(why.clone());
            }
            // It may have gone by itself.
            let _ = self.swarm.disconnect_peer_id(id);
            self.outward.tell(NetworkEvent::Refused { peer, why });
        }
    }

    pub(super) fn unban(&mut self, ban: Ban) {
        self.swarm.behaviour_mut().gate.wish(|wishes| wishes.unban(&ban));
        if let Ban::Peer(peer) = ban {
            self.standing.pardon(peer);
            self.unblock(peer);
            if let Some(id) = id_of(peer) {
                self.dialler.avoid(id, self.meter.now_ms());
            }
        }
    }

    /// A block has ended.
    pub(super) fn unblock(&mut self, peer: PeerKey) {
        publish_directory(&self.directory, |directory| {
            directory.blocked.remove(&peer);
        });
        if let Some(id) = id_of(peer) {
            self.swarm.behaviour_mut().blocked.unblock_peer(id);
        }
    }

    pub(super) fn disconnect(&mut self, peer: PeerKey) {
        if let Some(id) = id_of(peer) {
            // It may have gone by itself.
            let _ = self.swarm.disconnect_peer_id(id);
        }
    }

    /// Replaces the persistent and the private peers.
    pub(super) fn prefer(&mut self, persistent: &[Multiaddr], private: BTreeSet<PeerKey>) {
        let mut keys = BTreeSet::new();
        for address in persistent {
            address::allow(&mut write(&self.policy), address);
            self.dialler.persistent(address);
            keys.extend(address::split_peer(address).1.and_then(|id| key_of(&id)));
        }
        for id in private.iter().filter_map(|key| id_of(*key)) {
            self.swarm.behaviour_mut().kad.part().remove_peer(&id);
        }
        let no_more = self.swarm.behaviour_mut().gate.wish(|wishes| {
            let before = std::mem::replace(&mut wishes.persistent, keys.clone());
            wishes.private = private;
            before.difference(&keys).copied().collect::<Vec<_>>()
        });
        for id in no_more.into_iter().filter_map(id_of) {
            self.dialler.forget(id);
        }
        let wishes = self.swarm.behaviour().gate.wishes();
        let closed_but_to = wishes.only_persistent.then(|| wishes.persistent.clone());
        publish_directory(&self.directory, |directory| directory.closed_but_to = closed_but_to);
        self.pinned();
        self.expect_pinned();
    }

    /// Whether where a peer is is told to nobody.
    pub(super) fn is_private(&self, peer: PeerKey) -> bool {
        self.swarm.behaviour().gate.wishes().private.contains(&peer)
    }
}
