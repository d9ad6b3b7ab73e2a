//! Who comes and goes: connections, greetings, admission, and the direct streams that belong to them.
//!
//! A peer is heard on a connection once it has named its chain there, and is spoken to on the newest such connection.
//! A peer that was started anew ends what was left of its earlier life; one that says nothing loses the connection and
//! nothing else, because it may have been killed between two packets.

use std::sync::Arc;

use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::TopicHash;
use libp2p::swarm::{ConnectionId, Stream};
use libp2p::{PeerId, identify};
use types::PeerKey;

use super::address::split_peer;
use super::behaviour::CONNECTIONS_PER_PEER_MAX;
use super::counts::Count;
use super::direct::{DirectEvent, Opened, Purpose};
use super::event::{NetworkEvent, RefusalReason};
use super::identity::{id_of, key_of};
use super::life::Life;
use super::line;
use super::links::{Guest, PeerBuffers};
use super::peers::{Connection, Greeting, Peer, admit};
use super::reader::Reader;
use super::silence::is_silence;
use super::task::Task;
use super::twins::Claim;
use crate::channels::{Channel, DIRECT_CHANNELS};
use crate::prefix::Prefix;
use crate::standing::Severity;

/// Streams of one connection and channel that are read at once: the present one, and earlier ones to their end.
const READERS_MAX: usize = 3;

/// Who says that our place is taken is not dialled for so long.
const TWIN_REST_MS: u64 = 20_000;

impl Task {
    pub(super) fn on_connected(&mut self, id: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        self.dialler.connected(connection, id);
        let Some(key) = key_of(&id) else {
            // Only Ed25519 identities are compiled in; should another ever come, it has no place here.
            tracing::warn!(%id, why = %RefusalReason::ForeignKey, "refused");
            let _ = self.swarm.disconnect_peer_id(id);
            return;
        };
        let at = self.swarm.behaviour().gate.at(connection);
        let address = split_peer(at.unwrap_or_else(|| endpoint.get_remote_address())).0;
        let outbound = endpoint.is_dialer();
        if outbound {
            self.met(key, id, &address);
        }
        let now_ms = self.meter.now_ms();
        let peer = self.peers.entry(id).or_insert_with(|| Peer::new(key));
        peer.connections.push(Connection::new(connection, address, outbound, now_ms));
        // The oldest make room: most likely they are dead.
        let surplus = peer.connections.len().saturating_sub(CONNECTIONS_PER_PEER_MAX);
        for oldest in peer.connections.iter().take(surplus) {
            self.swarm.close_connection(oldest.id);
        }
        self.show_peers();
        self.show_places();
    }

    pub(super) fn on_closed(&mut self, id: PeerId, connection: ConnectionId, reason: String) {
        if is_silence(&reason) {
            self.counts.add(Count::LinkDead);
        }
        let now_ms = self.meter.now_ms();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let since_ms = peer.connections.iter().find(|known| known.id == connection).map(|known| known.since_ms);
        peer.connections.retain(|known| known.id != connection);
        if peer.connections.is_empty() {
            let Some(peer) = self.peers.remove(&id) else { return };
            if peer.refused.is_none() {
                self.dialler.lost(id, now_ms, now_ms.saturating_sub(since_ms.unwrap_or_default()));
            }
            if peer.admitted.is_some() {
                self.links.close(peer.key);
                self.note_connected(peer.key, false);
                let reason = peer.refused.as_ref().map_or(reason, ToString::to_string);
                // Whoever hears of it sees it.
                self.show_peers();
                self.outward.tell(NetworkEvent::Disconnected { peer: peer.key, reason });
            }
        }
        self.show_peers();
        self.show_places();
    }

    /// A peer names its chain on a connection: from here on it is heard, or it goes.
    pub(super) fn on_greeting(&mut self, id: PeerId, connection: ConnectionId, info: &identify::Info) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let key = peer.key;
        if info.protocol_version != self.tag.greeting() {
            self.turn_away(key);
            return;
        }
        if peer.refused.is_some() {
            return;
        }
        let (agent, life) = Life::split(&info.agent_version);
        let rival = peer.rival(connection, life);
        let claim = rival.map_or(Claim::Begins, |present| self.twins.claim(key, present, life));
        if claim == Claim::Yields {
            return self.tell_twin(id, &[connection]);
        }
        match peer.greet(connection, life) {
            Greeting::Outdated => {
                self.swarm.close_connection(connection);
                return;
            }
            // It says again what it has said, or where else it is.
            Greeting::Again => return self.told(id, &info.listen_addrs),
            Greeting::Joins => {
                self.hear_early(id, connection);
                self.take_in_early(id, connection);
                self.move_streams(id, connection);
            }
            Greeting::Begins(earlier) => {
                if claim == Claim::Returns {
                    self.tell_twin(id, &earlier);
                    self.end_life(id, &[]);
                } else {
                    self.end_life(id, &earlier);
                }
                self.admit(id, key, agent.to_owned());
                self.hear_early(id, connection);
                self.take_in_early(id, connection);
                // Streams to validators stand ready before there is anything to say.
                if self.links.is_pinned(key) {
                    self.move_streams(id, connection);
                }
            }
        }
        self.told(id, &info.listen_addrs);
        self.show_peers();
    }

    /// Two machines have one network key: the one at the other end of these connections hears that its place is taken. Then
    /// they end, or as silent ones if it does not take that in.
    fn tell_twin(&mut self, id: PeerId, connections: &[ConnectionId]) {
        self.counts.add(Count::Twin);
        let now_ms = self.meter.now_ms();
        if let Some(times) = self.reminder.about("twin", now_ms) {
            let what = "two machines have this network key, and the first one keeps its place: stop the other one, or give it a \
                        home of its own with `thronosd init --home DIRECTORY`";
            tracing::warn!(peer = %id, withheld = times, "{what}");
        }
        let Some(peer) = self.peers.get_mut(&id) else { return };
        for connection in peer.connections.iter_mut().filter(|known| connections.contains(&known.id)) {
            connection.since_ms = now_ms;
            self.swarm.behaviour_mut().direct.open(id, connection.id, Purpose::SaysTwin);
        }
    }

    /// A peer says that another machine has our network key, and keeps our place there.
    fn on_twin(&mut self, id: PeerId) {
        let now_ms = self.meter.now_ms();
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| peer.refused.is_none()) else { return };
        peer.refused = Some(RefusalReason::KeyInUse);
        self.outward.tell(NetworkEvent::KeyInUse { peer: peer.key });
        for connection in &peer.connections {
            self.swarm.close_connection(connection.id);
        }
        self.dialler.avoid(id, now_ms.saturating_add(TWIN_REST_MS));
        if let Some(times) = self.reminder.about("own twin", now_ms) {
            let what = "another machine runs with this node's network key, says a peer: stop one of them, or give this one a home \
                        of its own with `thronosd init --home DIRECTORY`";
            tracing::warn!(peer = %id, withheld = times, "{what}");
        }
    }

    /// A peer was started anew: nothing of what was under way with it before will ever come to an end.
    fn end_life(&mut self, id: PeerId, earlier: &[ConnectionId]) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if peer.admitted.take().is_some() {
            self.links.close(peer.key);
            let reason = "it was started anew".to_owned();
            self.outward.tell(NetworkEvent::Disconnected { peer: peer.key, reason });
        }
        for connection in earlier {
            self.swarm.close_connection(*connection);
        }
    }

    fn admit(&mut self, id: PeerId, key: PeerKey, agent: String) {
        let buffers = self.buffers_of(key);
        let (admitted, links, receivers) = admit(agent, buffers);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        for (streams, line) in receivers.into_iter().zip(&links.lines) {
            tokio::spawn(line::run(key, Arc::clone(line), streams, self.commands.clone()));
        }
        peer.admitted = Some(admitted);
        let newest = peer.newest().map(|newest| (newest.outbound, newest.address.to_string()));
        self.links.open(key, links);
        self.note_connected(key, true);
        let (outbound, address) = newest.unwrap_or_default();
        self.outward.tell(NetworkEvent::Connected { peer: key, outbound, address });
        let topics = self.swarm.behaviour().topics_of(&id);
        self.tell_topics(id, &topics);
    }

    /// Hears what came on a connection before its greeting.
    fn hear_early(&mut self, id: PeerId, connection: ConnectionId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let known = peer.connections.iter_mut().find(|known| known.id == connection);
        for (channel, stream) in known.map(|known| std::mem::take(&mut known.early)).into_iter().flatten() {
            self.hear(id, connection, channel, stream);
        }
    }

    /// Opens our streams on a connection, if it is the newest: an older one may be dead without our knowing.
    fn move_streams(&mut self, id: PeerId, connection: ConnectionId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let key = peer.key;
        if peer.newest().is_some_and(|newest| newest.id == connection) {
            for channel in DIRECT_CHANNELS {
                self.open_stream(key, channel);
            }
        }
    }

    pub(super) fn buffers_of(&mut self, key: PeerKey) -> Arc<PeerBuffers> {
        let rooms = &mut self.rooms;
        let peer = id_of(key).and_then(|id| self.peers.get(&id));
        let prefix = || peer.map_or(Prefix::NOWHERE, Peer::prefix);
        Arc::clone(self.buffers.entry(key).or_insert_with(|| Arc::new(PeerBuffers::new(rooms, prefix()))))
    }

    pub(super) fn tell_topics(&mut self, id: PeerId, topics: &[TopicHash]) {
        let Some(peer) = key_of(&id) else { return };
        for channel in topics.iter().filter_map(|topic| self.topics.channel(topic)) {
            self.outward.tell(NetworkEvent::Listens { peer, channel });
            self.unheard.listens(channel);
        }
        self.publish_unheard(self.meter.now_ms());
    }

    /// A writer that has taken so many streams asks for one.
    pub(super) fn on_stream_wanted(&mut self, key: PeerKey, channel: Channel, taken: u64) {
        let peer = id_of(key).and_then(|id| self.peers.get(&id));
        let writers = peer.and_then(|peer| peer.admitted.as_ref()).map(|admitted| &admitted.writers);
        let writer = writers.zip(channel.direct_index()).and_then(|(writers, place)| writers.get(place));
        if writer.is_some_and(|writer| !writer.has_waiting(taken)) {
            self.open_stream(key, channel);
        }
    }

    /// Asks for a stream of ours on the newest connection.
    fn open_stream(&mut self, key: PeerKey, channel: Channel) {
        let now_ms = self.meter.now_ms();
        let (Some(id), Some(place)) = (id_of(key), channel.direct_index()) else { return };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(newest) = peer.newest().map(|newest| newest.id) else { return };
        let writer = peer.admitted.as_mut().and_then(|admitted| admitted.writers.get_mut(place));
        if writer.is_some_and(|writer| writer.ask(newest, now_ms)) {
            self.swarm.behaviour_mut().direct.open(id, newest, Purpose::Carries(channel));
        }
    }

    pub(super) fn on_stream(&mut self, event: DirectEvent) {
        let DirectEvent { peer: id, connection, opened } = event;
        let Some(peer) = self.peers.get_mut(&id) else { return };
        match opened {
            Opened::Theirs(Purpose::SaysTwin, _) => self.on_twin(id),
            Opened::Ours(Purpose::SaysTwin, _) => drop(self.swarm.close_connection(connection)),
            Opened::Theirs(Purpose::Carries(channel), stream) => {
                match peer.connections.iter_mut().find(|known| known.id == connection) {
                    None => {}
                    Some(known) if !known.greeted => drop(known.early.insert(channel, stream)),
                    Some(_) => self.hear(id, connection, channel, stream),
                }
            }
            Opened::Ours(Purpose::Carries(channel), stream) => {
                let is_newest = peer.newest().is_some_and(|newest| newest.id == connection);
                let (Some(admitted), Some(place)) = (peer.admitted.as_mut(), channel.direct_index()) else { return };
                // A stream that took so long that a newer connection has come would lead the writer back.
                if !is_newest {
                    return;
                }
                if let Some(writer) = admitted.writers.get_mut(place) {
                    writer.give(stream);
                }
            }
        }
    }

    /// Reads a stream that the peer has opened.
    fn hear(&mut self, id: PeerId, connection: ConnectionId, channel: Channel, stream: Stream) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let key = peer.key;
        let Some(admitted) = peer.admitted.as_mut() else { return };
        if channel.is_for_validators() && self.links.guest(key) == Guest::Stranger {
            // Nothing of it is read. An honest peer may be an epoch behind.
            self.counts.add(Count::NotForStrangers);
            return;
        }
        let reader = Reader {
            peer: key,
            channel,
            links: Arc::clone(&self.links),
            buffers: Arc::clone(&admitted.buffers),
            meter: Arc::clone(&self.meter),
            outward: self.outward.clone(),
            commands: self.commands.clone(),
        };
        let reader = tokio::spawn(reader.run(stream)).abort_handle();
        if let Some(oldest) = admitted.keep_reader(channel, connection, reader, READERS_MAX) {
            oldest.abort();
            self.punish(key, "too many streams", &channel, Severity::Slight);
        }
    }

    /// Closes connections on which nobody has named a chain in time.
    pub(super) fn close_silent(&mut self, now_ms: u64) {
        let Some(since_ms) = now_ms.checked_sub(self.greeting_ms_max) else { return };
        for peer in self.peers.values_mut().filter(|peer| peer.refused.is_none()) {
            for connection in peer.silent(since_ms, now_ms) {
                self.swarm.close_connection(connection);
                if peer.admitted.is_none() {
                    self.outward.tell(NetworkEvent::Refused { peer: peer.key, why: RefusalReason::Silent });
                }
            }
        }
    }

    /// When the next connection without a greeting has been silent for too long.
    pub(super) fn silent_at_ms(&self) -> Option<u64> {
        let heard = self.peers.values().filter(|peer| peer.refused.is_none());
        let waiting = heard.flat_map(|peer| &peer.connections).filter(|known| !known.greeted);
        waiting.map(|known| known.since_ms.saturating_add(self.greeting_ms_max)).min()
    }
}
