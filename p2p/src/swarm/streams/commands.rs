//! What the task that owns the swarm does for streams: it asks connections for them, and takes in those of admitted peers.

use libp2p::swarm::{ConnectionId, Stream};
use libp2p::{Multiaddr, PeerId};
use types::PeerKey;

use super::super::identity::{id_of, key_of};
use super::super::task::Task;
use super::part::{Reply, StreamEvent};
use crate::seats::Sitter;
use crate::standing::Severity;
use crate::stream_error::StreamError;

impl Task {
    /// A service wants a stream, on the newest connection.
    pub(in crate::swarm) fn on_open_stream(&mut self, key: PeerKey, place: usize, reply: Reply) {
        let connected = id_of(key).and_then(|id| Some((id, self.peers.get(&id)?)));
        let newest = connected
            .filter(|(_, peer)| peer.admitted.is_some() && peer.refused.is_none())
            .and_then(|(id, peer)| Some((id, peer.newest()?.id)));
        match newest {
            Some((id, connection)) => self.swarm.behaviour_mut().streams.part().open(id, connection, place, reply),
            None => reply.give(Err(StreamError::NotConnected)),
        }
    }

    /// A peer has opened a stream.
    pub(in crate::swarm) fn on_peer_stream(&mut self, event: StreamEvent) {
        let StreamEvent { peer: id, connection, place, stream } = event;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        match peer.connections.iter_mut().find(|known| known.id == connection) {
            Some(known) if known.greeted => self.take_in(id, place, stream),
            Some(known) => {
                let is_kept = known.keep_early(place, stream);
                if !is_kept {
                    self.streams.refuse_one(place);
                }
            }
            None => {}
        }
    }

    /// Takes in what came on a connection before its greeting.
    pub(in crate::swarm) fn take_in_early(&mut self, id: PeerId, connection: ConnectionId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let known = peer.connections.iter_mut().find(|known| known.id == connection);
        for (place, stream) in known.map(|known| std::mem::take(&mut known.early_streams)).into_iter().flatten() {
            self.take_in(id, place, stream);
        }
    }

    fn take_in(&mut self, id: PeerId, place: usize, stream: Stream) {
        let Some(peer) = self.peers.get(&id) else { return };
        if peer.admitted.is_some() && peer.refused.is_none() {
            let sitter = Sitter { peer: peer.key, prefix: peer.prefix(), guest: self.links.guest(peer.key) };
            self.streams.take_in(sitter, place, stream);
        }
    }

    /// A peer has broken the rules of a stream. What a service gets wrong never costs a validator its place.
    pub(in crate::swarm) fn on_bad_stream(&mut self, peer: PeerKey, why: &str) {
        if self.links.is_pinned(peer) {
            self.counts.offence("bad stream");
            tracing::debug!(%peer, why, "a validator breaks the rules of a stream");
        } else {
            self.punish(peer, "bad stream", &why, Severity::Serious);
        }
    }

    /// A peer opens streams faster than they are taken, and they are dropped. A stranger's connection is being closed already.
    pub(in crate::swarm) fn on_too_many_streams(&mut self, id: PeerId) {
        let why = "too many streams of services";
        match key_of(&id) {
            Some(key) if self.links.is_pinned(key) => {
                self.counts.offence(why);
                tracing::debug!(peer = %key, why, "a validator opens streams too fast");
            }
            _ => self.on_too_often(id, why),
        }
    }

    /// Looks for a peer that a service needs, a few times.
    pub(in crate::swarm) fn on_reach(&mut self, key: PeerKey, addresses: &[Multiaddr]) {
        if let Some(id) = id_of(key).filter(|id| key_of(id) == Some(key)) {
            self.dialler.hinted(id, addresses);
        }
    }
}
