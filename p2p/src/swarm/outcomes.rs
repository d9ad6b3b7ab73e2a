//! What the swarm tells the task that owns it, event by event.

use std::sync::Arc;

use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::{Message, MessageId, TopicHash};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, gossipsub, identify, ping, request_response};
use types::PeerKey;

use super::address::{is_worth_keeping, split_peer};
use super::behaviour::PartsEvent;
use super::direct::{DirectEvent, Opened};
use super::event::{GossipToken, NetworkEvent, Payload, RefusalReason, RequestError, RequestToken, Verdict};
use super::gossip::unwrap;
use super::handle::publish_directory;
use super::identity::{id_of, key_of};
use super::line;
use super::links::{PeerBuffers, read};
use super::peers::{Connection, Peer, admit};
use super::reader::Reader;
use super::requests::{Answer, request_error};
use super::task::Task;
use crate::channels::{Channel, Class, DIRECT_CHANNELS};
use crate::standing::Severity;

/// Addresses of one peer that are kept.
const LISTENED_MAX: usize = 8;
/// Streams of one peer and channel that are read at once: the present one, and earlier ones to their end.
const READERS_MAX: usize = 3;
/// How long opening a stream may take before it is asked for again.
const OPENING_MS_MAX: u64 = 2_000;

type SyncEvent = request_response::Event<Vec<u8>, Answer>;

impl Task {
    pub(super) fn on_swarm_event(&mut self, event: SwarmEvent<PartsEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.on_part(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_connected(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, cause, .. } => {
                let reason = cause.map_or_else(|| "closed".to_owned(), |cause| cause.to_string());
                self.on_closed(peer_id, connection_id, reason);
            }
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id, error } => {
                tracing::debug!(?peer_id, %error, "a dial failed");
                self.dialler.failed(connection_id);
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(%send_back_addr, %error, "an incoming connection failed");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                let text = address.to_string();
                publish_directory(&self.directory, |directory| directory.listening.push(text.clone()));
                self.outward.tell(NetworkEvent::Listening { address: text });
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                let text = address.to_string();
                publish_directory(&self.directory, |directory| directory.listening.retain(|known| *known != text));
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener has a problem"),
            _ => {}
        }
    }

    fn on_part(&mut self, event: PartsEvent) {
        match event {
            PartsEvent::Identify(identify::Event::Received { peer_id, info, .. }) => self.on_greeting(peer_id, info),
            PartsEvent::Ping(event) => self.on_ping(&event),
            PartsEvent::Gossip(event) => self.on_gossip(event),
            PartsEvent::Requests(event) => self.on_request_event(event),
            PartsEvent::Direct(event) => self.on_stream(event),
            _ => {}
        }
    }

    fn on_connected(&mut self, id: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        self.dialler.connected(connection, id);
        let Some(key) = key_of(&id) else {
            // Only Ed25519 identities are compiled in; should another ever come, it has no place here.
            tracing::warn!(%id, why = %RefusalReason::ForeignKey, "refused");
            let _ = self.swarm.disconnect_peer_id(id);
            return;
        };
        let address = split_peer(endpoint.get_remote_address()).0;
        let outbound = endpoint.is_dialer();
        if outbound {
            self.learn(key, id, &address);
        }
        let now_ms = self.meter.now_ms();
        let peer = self.peers.entry(id).or_insert_with(|| Peer::new(key, now_ms));
        peer.connections.push(Connection { id: connection, address, outbound });
        let open: Vec<Channel> = match &peer.admitted {
            Some(_) => DIRECT_CHANNELS.to_vec(),
            None => Vec::new(),
        };
        // The newest connection takes over: an older one may be dead without our knowing.
        for channel in open {
            self.open_stream(key, channel);
        }
        self.show_peers();
    }

    fn on_closed(&mut self, id: PeerId, connection: ConnectionId, reason: String) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.connections.retain(|known| known.id != connection);
        if peer.connections.is_empty() {
            let Some(peer) = self.peers.remove(&id) else { return };
            if peer.refused.is_none() {
                self.dialler.lost(id, self.meter.now_ms());
            }
            if peer.admitted.is_some() {
                self.links.close(peer.key);
                let reason = peer.refused.as_ref().map_or(reason, ToString::to_string);
                self.outward.tell(NetworkEvent::Disconnected { peer: peer.key, reason });
            }
        }
        self.show_peers();
    }

    /// A peer names its chain: from here on it is heard, or it goes.
    fn on_greeting(&mut self, id: PeerId, info: identify::Info) {
        let Some(peer) = self.peers.get(&id) else { return };
        let key = peer.key;
        if info.protocol_version != self.tag.greeting() {
            self.expel(key, RefusalReason::OtherChain);
            return;
        }
        for address in info.listen_addrs.iter().take(LISTENED_MAX) {
            self.learn(key, id, &split_peer(address).0);
        }
        if peer_is_new(self.peers.get(&id)) {
            self.admit(id, key, info.agent_version);
        }
        self.show_peers();
    }

    fn admit(&mut self, id: PeerId, key: PeerKey, agent: String) {
        let buffers = self.buffers_of(key);
        let (admitted, links, receivers) = admit(agent, buffers);
        let Some(peer) = self.peers.get_mut(&id) else { return };
        for (streams, line) in receivers.into_iter().zip(&links.lines) {
            tokio::spawn(line::run(key, Arc::clone(line), streams, self.commands.clone()));
        }
        peer.admitted = Some(admitted);
        let early = std::mem::take(&mut peer.early);
        let newest = peer.connections.last().map(|newest| (newest.outbound, newest.address.to_string()));
        self.links.open(key, links);
        let (outbound, address) = newest.unwrap_or_default();
        self.outward.tell(NetworkEvent::Connected { peer: key, outbound, address });
        let gossip = &self.swarm.behaviour().gossip;
        let topics: Vec<TopicHash> =
            gossip.all_peers().filter(|(peer, _)| **peer == id).flat_map(|(_, topics)| topics).cloned().collect();
        self.tell_topics(id, &topics);
        for (channel, (connection, stream)) in early {
            let opened = Opened::Theirs(channel, stream);
            self.on_stream(DirectEvent { peer: id, connection, opened });
        }
        // Streams to validators stand ready before there is anything to say.
        if self.links.is_pinned(key) {
            for channel in DIRECT_CHANNELS {
                self.open_stream(key, channel);
            }
        }
    }

    fn buffers_of(&mut self, key: PeerKey) -> Arc<PeerBuffers> {
        Arc::clone(self.buffers.entry(key).or_insert_with(|| Arc::new(PeerBuffers::new())))
    }

    /// A peer that has not been refused. Gossip and requests may come before the greeting: their protocols' names
    /// carry the chain already.
    fn key_if_heard(&self, id: &PeerId) -> Option<PeerKey> {
        self.peers.get(id).filter(|peer| peer.refused.is_none()).map(|peer| peer.key)
    }

    fn tell_topics(&self, id: PeerId, topics: &[TopicHash]) {
        let Some(peer) = key_of(&id) else { return };
        for channel in topics.iter().filter_map(|topic| self.topics.channel(topic)) {
            self.outward.tell(NetworkEvent::Listens { peer, channel });
        }
    }

    /// Notes where a peer can be reached.
    fn learn(&mut self, key: PeerKey, id: PeerId, address: &Multiaddr) {
        if !is_worth_keeping(&read(&self.policy), address) {
            return;
        }
        self.book.note(key, address);
        self.dialler.learn(id, address);
        self.swarm.behaviour_mut().kad.add_address(&id, address.clone());
        self.known_changed = true;
    }

    pub(super) fn open_stream(&mut self, key: PeerKey, channel: Channel) {
        let now_ms = self.meter.now_ms();
        let (Some(id), Some(place)) = (id_of(key), channel.direct_index()) else { return };
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let (Some(newest), Some(admitted)) = (peer.connections.last(), peer.admitted.as_mut()) else { return };
        let Some(asked) = admitted.asked.get_mut(place) else { return };
        // One stream at a time: a second one would make the first look outdated.
        if asked.is_some_and(|(on, at_ms)| on == newest.id && now_ms < at_ms.saturating_add(OPENING_MS_MAX)) {
            return;
        }
        *asked = Some((newest.id, now_ms));
        self.swarm.behaviour_mut().direct.open(id, newest.id, channel);
    }

    fn on_stream(&mut self, event: DirectEvent) {
        let Some(peer) = self.peers.get_mut(&event.peer) else { return };
        let key = peer.key;
        let Some(admitted) = peer.admitted.as_mut() else {
            if let Opened::Theirs(channel, stream) = event.opened {
                peer.early.insert(channel, (event.connection, stream));
            }
            return;
        };
        match event.opened {
            Opened::Ours(channel, stream) => {
                let index = channel.direct_index();
                if let Some(asked) = index.and_then(|index| admitted.asked.get_mut(index)) {
                    *asked = None;
                }
                let place = index.and_then(|index| admitted.streams.get(index));
                // A writer that has not yet taken the last two has no need of a third.
                if let Some(writer) = place {
                    let _ = writer.try_send(stream);
                }
            }
            Opened::Theirs(channel, stream) => {
                let reader = Reader {
                    peer: key,
                    channel,
                    links: Arc::clone(&self.links),
                    buffers: Arc::clone(&admitted.buffers),
                    meter: Arc::clone(&self.meter),
                    outward: self.outward.clone(),
                    commands: self.commands.clone(),
                };
                let task = tokio::spawn(reader.run(stream)).abort_handle();
                let readers = admitted.readers.entry(channel).or_default();
                readers.retain(|reader| !reader.is_finished());
                readers.push(task);
                if readers.len() > READERS_MAX {
                    readers.remove(0).abort();
                    self.punish(key, format!("too many streams for {channel:?}"), Severity::Slight);
                }
            }
        }
    }

    fn on_ping(&mut self, event: &ping::Event) {
        match &event.result {
            Ok(time) => {
                if let Some(peer) = self.peers.get_mut(&event.peer) {
                    peer.round_trip_us = u64::try_from(time.as_micros()).ok();
                    self.show_peers();
                }
            }
            Err(ping::Failure::Unsupported) => {}
            Err(failure) => {
                tracing::debug!(peer = %event.peer, %failure, "a connection does not answer");
                self.swarm.close_connection(event.connection);
            }
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                self.on_gossip_message(propagation_source, message_id, message);
            }
            // Before it is admitted a peer is not spoken of; `admit` makes up for it.
            gossipsub::Event::Subscribed { peer_id, topic }
                if self.peers.get(&peer_id).is_some_and(|peer| peer.admitted.is_some()) =>
            {
                self.tell_topics(peer_id, &[topic]);
            }
            _ => {}
        }
    }

    fn on_gossip_message(&mut self, propagation_source: PeerId, message_id: MessageId, message: Message) {
        let from = self.key_if_heard(&propagation_source);
        let (Some(from), Some(channel)) = (from, self.topics.channel(&message.topic)) else {
            self.judge(&message_id, &propagation_source, Verdict::Ignore);
            return;
        };
        let Some(bytes) = unwrap(channel, message.data) else {
            self.judge(&message_id, &propagation_source, Verdict::Reject);
            self.punish(from, format!("a malformed message on {channel:?}"), Severity::Serious);
            return;
        };
        let permit = match self.meter.take(from, channel) {
            Ok(()) => self.buffers_of(from).try_reserve(channel, bytes.len()),
            Err(_) => None,
        };
        let Some(permit) = permit else {
            tracing::debug!(%from, ?channel, "too much or too fast: a message is dropped");
            self.judge(&message_id, &propagation_source, Verdict::Ignore);
            return;
        };
        let token = GossipToken { id: message_id, source: propagation_source, from, channel };
        let payload = Payload::new(bytes, Some(permit));
        self.outward.deliver(channel.row().class, NetworkEvent::Gossip { token, from, channel, payload });
    }

    fn on_request_event(&mut self, event: SyncEvent) {
        match event {
            SyncEvent::Message { peer, message, .. } => match message {
                request_response::Message::Request { request_id, request, channel } => {
                    self.on_request(request, RequestToken { peer, id: request_id, channel });
                }
                request_response::Message::Response { request_id, response } => {
                    let Some((id, peer)) = self.waiting.answered(request_id) else { return };
                    let result = match response {
                        Answer::Bytes(bytes) => Ok(Payload::new(bytes, None)),
                        Answer::Busy => Err(RequestError::Busy),
                    };
                    self.outward.deliver(Class::Sync, NetworkEvent::Response { id, peer, result });
                }
            },
            SyncEvent::OutboundFailure { request_id, error, .. } => {
                let Some((id, peer)) = self.waiting.answered(request_id) else { return };
                let result = Err(request_error(&error));
                self.outward.deliver(Class::Sync, NetworkEvent::Response { id, peer, result });
            }
            SyncEvent::InboundFailure { peer, request_id, error, .. } => {
                if let Some(key) = key_of(&peer) {
                    self.waiting.done(key, request_id);
                    self.on_bad_request(key, &error);
                }
            }
            SyncEvent::ResponseSent { peer, request_id, .. } => {
                if let Some(key) = key_of(&peer) {
                    self.waiting.done(key, request_id);
                }
            }
        }
    }

    fn on_bad_request(&mut self, peer: PeerKey, error: &request_response::InboundFailure) {
        if let request_response::InboundFailure::Io(error) = error
            && error.kind() == std::io::ErrorKind::InvalidData
        {
            self.punish(peer, format!("a malformed request: {error}"), Severity::Serious);
        }
    }

    fn on_request(&mut self, bytes: Vec<u8>, token: RequestToken) {
        let Some(peer) = self.key_if_heard(&token.peer) else { return };
        let permit = match self.meter.take(peer, Channel::Sync) {
            Ok(()) => self.buffers_of(peer).try_reserve(Channel::Sync, bytes.len()),
            Err(_) => None,
        };
        let has_room = self.waiting.admit(peer, token.id);
        let (true, Some(permit)) = (has_room, permit) else {
            let _ = self.swarm.behaviour_mut().requests.send_response(token.channel, Answer::Busy);
            return;
        };
        let payload = Payload::new(bytes, Some(permit));
        self.outward.deliver(Class::Sync, NetworkEvent::Request { token, peer, payload });
    }
}

fn peer_is_new(peer: Option<&Peer>) -> bool {
    peer.is_some_and(|peer| peer.admitted.is_none() && peer.refused.is_none())
}
