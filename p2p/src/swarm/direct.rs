//! Direct streams as a part of the swarm: it opens one when asked, and hands over those that the peer has opened.
//!
//! Who is no validator is offered no channel for validators. It must not know frames: a stream leaves here as soon as its
//! channel is agreed. One stream carries nothing: that it is opened says to the peer that its place is taken (`twins`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, Stream, StreamProtocol, SubstreamProtocol, THandlerInEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use types::PeerKey;

use super::agree::Agree;
use super::identity::key_of;
use super::links::{Guest, Links};
use crate::chain_tag::ChainTag;
use crate::channels::Channel;

/// Streams of one connection that wait for the swarm to take them.
const STREAMS_WAITING_MAX: usize = 16;

/// Its word in protocol names.
const TWIN: &str = "twin";

type Protocols = Arc<[(Purpose, StreamProtocol)]>;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It carries a channel's frames.
    Carries(Channel),
    /// It says that another machine with the peer's network key keeps the place.
    SaysTwin,
}

/// A stream and what it is for.
#[derive(Debug)]
pub(super) enum Opened {
    /// Asked for by us: to write to.
    Ours(Purpose, Stream),
    /// Asked for by the peer: to read from.
    Theirs(Purpose, Stream),
}

/// What the behaviour tells: a stream of a connection to a peer.
#[derive(Debug)]
pub(super) struct DirectEvent {
    pub(super) peer: PeerId,
    pub(super) connection: ConnectionId,
    pub(super) opened: Opened,
}

pub(super) struct Behaviour {
    protocols: Protocols,
    links: Arc<Links>,
    events: VecDeque<ToSwarm<DirectEvent, Purpose>>,
}

impl Behaviour {
    /// The part for these channels.
    pub(super) fn new(tag: &ChainTag, links: Arc<Links>, channels: &[Channel]) -> Result<Self, String> {
        let mut protocols = Vec::new();
        let channels = channels.iter().map(|channel| (Purpose::Carries(*channel), channel.row().name));
        for (purpose, word) in channels.chain([(Purpose::SaysTwin, TWIN)]) {
            let name = StreamProtocol::try_from_owned(tag.protocol(word)).map_err(|error| error.to_string())?;
            protocols.push((purpose, name));
        }
        Ok(Self { protocols: protocols.into(), links, events: VecDeque::new() })
    }

    /// Asks a connection for a stream. If it fails, whoever waits for it asks again.
    pub(super) fn open(&mut self, peer: PeerId, connection: ConnectionId, purpose: Purpose) {
        self.events.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: purpose,
        });
    }

    fn handler(&self, peer: &PeerId) -> Handler {
        Handler {
            protocols: Arc::clone(&self.protocols),
            links: Arc::clone(&self.links),
            peer: key_of(peer),
            wanted: VecDeque::new(),
            opened: VecDeque::new(),
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = DirectEvent;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler(&peer))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler(&peer))
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, opened: Opened) {
        self.events.push_back(ToSwarm::GenerateEvent(DirectEvent { peer, connection, opened }));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<DirectEvent, THandlerInEvent<Self>>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// One connection's part.
pub(super) struct Handler {
    protocols: Protocols,
    links: Arc<Links>,
    peer: Option<PeerKey>,
    wanted: VecDeque<Purpose>,
    opened: VecDeque<Opened>,
}

impl Handler {
    fn keep(&mut self, opened: Opened) {
        // A peer that opens streams faster than they are taken loses them; an honest one asks again.
        if self.opened.len() < STREAMS_WAITING_MAX {
            self.opened.push_back(opened);
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Purpose;
    type ToBehaviour = Opened;
    type InboundProtocol = Agree<Purpose>;
    type OutboundProtocol = Agree<Purpose>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Agree<Purpose>, ()> {
        let guest = self.peer.map_or(Guest::Stranger, |peer| self.links.guest(peer));
        let is_open = |(purpose, _): &&(Purpose, _)| match purpose {
            Purpose::Carries(channel) => guest == Guest::Pinned || !channel.is_for_validators(),
            Purpose::SaysTwin => true,
        };
        SubstreamProtocol::new(Agree { protocols: self.protocols.iter().filter(is_open).cloned().collect() }, ())
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Agree<Purpose>, (), Opened>> {
        if let Some(opened) = self.opened.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(opened));
        }
        let Some(purpose) = self.wanted.pop_front() else { return Poll::Pending };
        let protocols = self.protocols.iter().filter(|(known, _)| *known == purpose).cloned().collect();
        Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
            protocol: SubstreamProtocol::new(Agree { protocols }, ()),
        })
    }

    fn on_behaviour_event(&mut self, purpose: Purpose) {
        if !self.wanted.contains(&purpose) {
            self.wanted.push_back(purpose);
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Agree<Purpose>, Agree<Purpose>, (), ()>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: (purpose, stream), .. }) => {
                self.keep(Opened::Theirs(purpose, stream));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: (purpose, stream), ..
            }) => {
                self.keep(Opened::Ours(purpose, stream));
            }
            _ => {}
        }
    }
}
