//! What the swarm tells the task that owns it, event by event. Who comes and goes is in `arrivals`.

use libp2p::PeerId;
use libp2p::gossipsub::{Message, MessageId};
use libp2p::swarm::SwarmEvent;
use libp2p::{gossipsub, identify, ping, request_response};
use types::PeerKey;

use super::behaviour::PartsEvent;
use super::event::{GossipToken, NetworkEvent, Payload, RequestError, RequestToken, Verdict};
use super::gossip::unwrap;
use super::handle::publish_directory;
use super::identity::key_of;
use super::requests::{Answer, request_error};
use super::task::Task;
use crate::channels::{Channel, Class};
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
            PartsEvent::Identify(identify::Event::Received { connection_id, peer_id, info }) => {
                self.on_greeting(peer_id, connection_id, &info);
            }
            PartsEvent::Ping(event) => self.on_ping(&event),
            PartsEvent::Gossip(event) => self.on_gossip(event),
            PartsEvent::Requests(event) => self.on_request_event(event),
            PartsEvent::Direct(event) => self.on_stream(event),
            _ => {}
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
