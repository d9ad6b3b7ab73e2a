//! What the swarm tells the task that owns it, event by event. Who comes and goes is in `arrivals`.

use libp2p::gossipsub::{Message, MessageId};
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, gossipsub, identify, ping, request_response};
use types::PeerKey;

use super::behaviour::PartsEvent;
use super::counts::Count;
use super::event::{GossipToken, NetworkEvent, Payload, RefusalReason, RequestError, RequestToken, Verdict};
use super::gate::GaveWay;
use super::gossip::unwrap;
use super::handle::publish_directory;
use super::identity::{id_of, key_of};
use super::links::Guest;
use super::paced::Said;
use super::peers::Peer;
use super::requests::{Answer, request_error};
use super::task::Task;
use crate::channels::{Channel, Class};
use crate::fair_queue::Origin;
use crate::prefix::Prefix;
use crate::standing::Severity;

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
                if let Some(id) = self.dialler.failed(connection_id)
                    && let Some(key) = key_of(&id)
                {
                    self.not_met(id, key);
                    // Where others say that it is, it is not.
                    if self.dialler.is_lost(id) {
                        self.look_for(id);
                    }
                }
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
            PartsEvent::Identify(Said::Part(identify::Event::Received { connection_id, peer_id, info })) => {
                self.on_greeting(peer_id, connection_id, &info);
            }
            PartsEvent::Identify(Said::TooOften(id)) => self.on_too_often(id, "too many greetings"),
            PartsEvent::Ping(Said::Part(event)) => self.on_ping(&event),
            PartsEvent::Ping(Said::TooOften(id)) => self.on_too_often(id, "too many pings"),
            PartsEvent::Kad(Said::Part(event)) => self.on_routing(&event),
            PartsEvent::Kad(Said::TooOften(id)) => self.on_too_often(id, "too many questions after peers"),
            PartsEvent::Gate(GaveWay(key)) => self.on_gave_way(key),
            PartsEvent::Gossip(Said::Part(event)) => self.on_gossip(event),
            PartsEvent::Gossip(Said::TooOften(id)) => self.on_too_often(id, "too many streams of gossip"),
            PartsEvent::Requests(event) => self.on_request_event(event),
            PartsEvent::Direct(event) => self.on_stream(event),
            PartsEvent::Streams(Said::Part(event)) => self.on_peer_stream(event),
            PartsEvent::Streams(Said::TooOften(id)) => self.on_too_many_streams(id),
            _ => {}
        }
    }

    /// An honest peer does not do it, so it goes; the connection is being closed already.
    pub(super) fn on_too_often(&mut self, id: PeerId, why: &'static str) {
        if let Some(key) = key_of(&id) {
            self.punish(key, why, &"", Severity::Serious);
        }
    }

    /// A stranger was sent away for others. Nothing is held against it.
    fn on_gave_way(&mut self, key: PeerKey) {
        if let Some(peer) = id_of(key).and_then(|id| self.peers.get_mut(&id)) {
            peer.refused.get_or_insert(RefusalReason::GaveWay);
        }
    }

    fn on_ping(&mut self, event: &ping::Event) {
        self.relieve(self.meter.now_ms());
        match &event.result {
            Ok(time) => {
                if let Some(peer) = self.peers.get_mut(&event.peer) {
                    peer.round_trip_us = u64::try_from(time.as_micros()).ok();
                    let (key, round_trip_us) = (peer.key, peer.round_trip_us);
                    publish_directory(&self.directory, |directory| directory.pinged(key, round_trip_us));
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
            // What waits for a peer that does not read is bounded by a number of messages only: it must not go on.
            gossipsub::Event::SlowPeer { peer_id, .. } => {
                if let Some(key) = self.key_if_heard(&peer_id) {
                    self.punish(key, "does not read gossip", &"", Severity::Slight);
                }
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

    /// A peer that has not been refused. Gossip and requests may come before the greeting: their protocols' names
    /// carry the chain already.
    fn key_if_heard(&self, id: &PeerId) -> Option<PeerKey> {
        self.peers.get(id).filter(|peer| peer.refused.is_none()).map(|peer| peer.key)
    }

    fn on_gossip_message(&mut self, propagation_source: PeerId, message_id: MessageId, message: Message) {
        let from = self.key_if_heard(&propagation_source);
        let (Some(from), Some(channel)) = (from, self.topics.channel(&message.topic)) else {
            self.judge(&message_id, &propagation_source, Verdict::Ignore);
            return;
        };
        let Some(bytes) = unwrap(channel, message.data) else {
            self.judge(&message_id, &propagation_source, Verdict::Reject);
            self.punish(from, "malformed gossip", &channel, Severity::Serious);
            return;
        };
        let permit = match self.meter.take(from, channel) {
            Ok(()) => self.buffers_of(from).try_reserve(channel, bytes.len(), self.links.guest(from)),
            Err(_) => {
                self.punish(from, "gossip too fast", &channel, Severity::Slight);
                None
            }
        };
        let Some(permit) = permit else {
            self.counts.add(Count::GossipDropped);
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
                    let Some(key) = self.key_if_heard(&peer) else { return };
                    let prefix = self.peers.get(&peer).map_or(Prefix::NOWHERE, Peer::prefix);
                    let origin = Origin { peer: key, prefix, pinned: self.links.is_pinned(key) };
                    self.on_request(request, RequestToken { id: request_id, channel, origin });
                }
                request_response::Message::Response { request_id, response } => {
                    let Some((id, peer)) = self.waiting.answered(request_id) else { return };
                    let result = match response {
                        Answer::Bytes(bytes) => {
                            self.swarm.behaviour_mut().gate.useful(peer);
                            Ok(Payload::new(bytes, None))
                        }
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
                self.waiting.done(request_id);
                if let Some(key) = key_of(&peer) {
                    self.on_bad_request(key, &error);
                }
            }
            SyncEvent::ResponseSent { request_id, .. } => self.waiting.done(request_id),
        }
    }

    fn on_bad_request(&mut self, peer: PeerKey, error: &request_response::InboundFailure) {
        if let request_response::InboundFailure::Io(error) = error
            && error.kind() == std::io::ErrorKind::InvalidData
        {
            self.punish(peer, "malformed request", &error, Severity::Serious);
        }
    }

    fn on_request(&mut self, bytes: Vec<u8>, token: RequestToken) {
        let Origin { peer, pinned, .. } = token.origin;
        let guest = if pinned { Guest::Pinned } else { Guest::Stranger };
        let permit = match self.meter.take(peer, Channel::Sync) {
            Ok(()) => self.buffers_of(peer).try_reserve(Channel::Sync, bytes.len(), guest),
            Err(_) => None,
        };
        let has_room = permit.is_some() && self.waiting.admit(token.origin, token.id);
        let (true, Some(permit)) = (has_room, permit) else {
            self.counts.add(Count::RequestsRefused);
            let _ = self.swarm.behaviour_mut().requests.send_response(token.channel, Answer::Busy);
            return;
        };
        let payload = Payload::new(bytes, Some(permit));
        self.outward.deliver(Class::Sync, NetworkEvent::Request { token, peer, payload });
    }
}
