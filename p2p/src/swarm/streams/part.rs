//! Streams of services as a part of the swarm: it opens one when asked, and hands over those that peers have opened.
//!
//! Only protocols whose service runs are offered. It must not know frames: a stream leaves here as soon as its protocol is agreed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, Stream, StreamUpgradeError, SubstreamProtocol, THandlerInEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;

use super::super::agree::Agree;
use super::super::paced::Pace;
use super::room::Seat;
use super::{OPENING_MAX, Streams};
use crate::stream_error::StreamError;

/// Openings of one connection: more than an honest peer makes ([`super::room`]).
pub(in crate::swarm) const PACE: Pace = Pace { streams: (20, 80), reports: (100, 200), excess: (1, 200) };
/// Streams of one connection that wait for the swarm to take them.
pub(in crate::swarm) const STREAMS_WAITING_MAX: usize = 16;

/// What a connection answers when a stream was wanted.
type Answer = Result<(Stream, Seat), StreamError>;

/// Who waits for a stream. The seat is taken until the connection has answered, also when nobody waits any more: so there are never more
/// streams on a connection, open or about to be, than seats.
#[derive(Debug)]
pub(in crate::swarm) struct Reply {
    seat: Seat,
    answer: oneshot::Sender<Answer>,
}

impl Reply {
    pub(super) fn new(seat: Seat) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        (Self { seat, answer }, answered)
    }

    /// Whoever waited may have given up.
    pub(super) fn give(self, stream: Result<Stream, StreamError>) {
        let Self { seat, answer } = self;
        let _ = answer.send(stream.map(|stream| (stream, seat)));
    }
}

/// A stream that a peer has opened.
#[derive(Debug)]
pub(in crate::swarm) struct StreamEvent {
    pub(in crate::swarm) peer: PeerId,
    pub(in crate::swarm) connection: ConnectionId,
    pub(in crate::swarm) place: usize,
    pub(in crate::swarm) stream: Stream,
}

/// A stream is wanted.
#[derive(Debug)]
pub(in crate::swarm) struct Wanted {
    place: usize,
    reply: Reply,
}

pub(in crate::swarm) struct Behaviour {
    streams: Arc<Streams>,
    events: VecDeque<ToSwarm<StreamEvent, Wanted>>,
}

impl Behaviour {
    pub(in crate::swarm) const fn new(streams: Arc<Streams>) -> Self {
        Self { streams, events: VecDeque::new() }
    }

    /// Asks a connection for a stream. A connection that ends drops who waits.
    pub(super) fn open(&mut self, peer: PeerId, connection: ConnectionId, place: usize, reply: Reply) {
        self.events.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: Wanted { place, reply },
        });
    }

    fn handler(&self) -> Handler {
        Handler { streams: self.streams.clone(), wanted: VecDeque::new(), opened: VecDeque::new() }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = StreamEvent;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        (place, stream): (usize, Stream),
    ) {
        self.events.push_back(ToSwarm::GenerateEvent(StreamEvent { peer, connection, place, stream }));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<StreamEvent, THandlerInEvent<Self>>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// One connection's part.
pub(in crate::swarm) struct Handler {
    streams: Arc<Streams>,
    wanted: VecDeque<Wanted>,
    opened: VecDeque<(usize, Stream)>,
}

impl Handler {
    fn keep(&mut self, opened: (usize, Stream)) {
        // A peer that opens streams faster than they are taken loses them.
        if self.opened.len() < STREAMS_WAITING_MAX {
            self.opened.push_back(opened);
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Wanted;
    type ToBehaviour = (usize, Stream);
    type InboundProtocol = Agree<usize>;
    type OutboundProtocol = Agree<usize>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Reply;

    fn listen_protocol(&self) -> SubstreamProtocol<Agree<usize>, ()> {
        SubstreamProtocol::new(Agree { protocols: self.streams.offered() }, ())
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Agree<usize>, Reply, (usize, Stream)>> {
        if let Some(opened) = self.opened.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(opened));
        }
        self.wanted.retain(|wanted| !wanted.reply.answer.is_closed());
        let Some(Wanted { place, reply }) = self.wanted.pop_front() else { return Poll::Pending };
        let protocols = self.streams.name(place).map(|name| (place, name)).into_iter().collect();
        let protocol = SubstreamProtocol::new(Agree { protocols }, reply).with_timeout(OPENING_MAX);
        Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
    }

    fn on_behaviour_event(&mut self, wanted: Wanted) {
        self.wanted.push_back(wanted);
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Agree<usize>, Agree<usize>, (), Reply>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                self.keep(protocol);
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (_, stream),
                info: reply,
            }) => reply.give(Ok(stream)),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: reply, error }) => {
                let why = match error {
                    StreamUpgradeError::NegotiationFailed => StreamError::NotSpoken,
                    StreamUpgradeError::Timeout => StreamError::Silent,
                    _ => StreamError::Lost,
                };
                reply.give(Err(why));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::Room;
    use super::*;
    use crate::places::Side;
    use crate::prefix::Prefix;
    use crate::seats::{Guest, Sitter};
    use crate::stream_table::sample::TIDES;
    use types::PeerKey;

    #[test]
    fn who_waits_no_more_for_a_stream_keeps_its_seat_until_the_connection_has_answered() {
        let room = Arc::new(Room::new(TIDES));
        let validator = Sitter { peer: PeerKey([1; 32]), prefix: Prefix::NOWHERE, guest: Guest::Pinned };
        let take = || Seat::take(&room, Side::Ours, validator);
        let (mut asked, waiting): (Vec<_>, Vec<_>) = std::iter::from_fn(take).map(Reply::new).unzip();
        drop(waiting);
        assert!(asked.len() == 3 && take().is_none());
        asked.pop().expect("one").give(Err(StreamError::Silent));
        assert!(take().is_some(), "it was answered");
        asked.clear();
        assert!(take().is_some(), "a connection has ended");
    }
}
