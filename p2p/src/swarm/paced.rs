//! A part of the swarm at a pace: how often one connection may make it work.
//!
//! The parts that come with the library answer whatever they are asked, as often as they are asked. This puts a bucket before one of them:
//! streams beyond it are dropped as soon as their protocol is known, before anything of them is read, and when it goes on the
//! connection is closed, unless the part is none that may cost a validator its place. What a connection reports is slowed to the same pace and not lost. Nor may a part offer more than a
//! few addresses of one peer to dial. It must not know what the part does.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::handler::ConnectionEvent;
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
    NetworkBehaviour, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::{Instant, Sleep};

use super::counts::{Count, Counts};
use super::identity::key_of;
use super::links::Links;
use crate::budget::TokenBucket;

/// Addresses of one peer that a part may offer.
const ADDRESSES_MAX: usize = 8;

/// How often, per connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Streams that the peer may open in a second, and at once after a pause.
    pub(super) streams: (u32, u32),
    /// Reports that the connection may make in a second, and at once after a pause.
    pub(super) reports: (u32, u32),
    /// A connection on which more streams than these are dropped, in a second and at once, is closed.
    pub(super) excess: (u32, u32),
}

/// What the part says, or that a connection was too fast for it: it was closed, if its peer is not spared.
#[derive(Debug)]
pub(super) enum Said<T> {
    Part(T),
    TooOften(PeerId),
}

/// The part.
pub(super) struct Paced<B: NetworkBehaviour> {
    inner: B,
    pace: Pace,
    counts: Arc<Counts>,
    /// Says whose connections are not closed for this part.
    spared: Option<Arc<Links>>,
    events: VecDeque<ToSwarm<Said<B::ToSwarm>, THandlerInEvent<B>>>,
}

impl<B: NetworkBehaviour> Paced<B> {
    pub(super) const fn new(inner: B, pace: Pace, counts: Arc<Counts>) -> Self {
        Self { inner, pace, counts, spared: None, events: VecDeque::new() }
    }

    /// The same, which drops what is too much of a validator's and closes no connection of it.
    pub(super) fn sparing(self, links: Arc<Links>) -> Self {
        Self { spared: Some(links), ..self }
    }

    fn is_spared(&self, peer: &PeerId) -> bool {
        let links = self.spared.as_ref();
        links.is_some_and(|links| key_of(peer).is_some_and(|key| links.is_pinned(key)))
    }

    pub(super) const fn part(&mut self) -> &mut B {
        &mut self.inner
    }

    pub(super) const fn seen(&self) -> &B {
        &self.inner
    }

    fn handler(&self, inner: THandler<B>) -> PacedHandler<THandler<B>> {
        let bucket = |(rate, burst)| TokenBucket::new(rate, burst, 0);
        PacedHandler {
            inner,
            begun: Instant::now(),
            streams: bucket(self.pace.streams),
            reports: bucket(self.pace.reports),
            excess: bucket(self.pace.excess),
            held: None,
            is_told: false,
            tells: false,
            counts: Arc::clone(&self.counts),
        }
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Paced<B> {
    type ConnectionHandler = PacedHandler<THandler<B>>;
    type ToSwarm = Said<B::ToSwarm>;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<Self::ConnectionHandler, ConnectionDenied> {
        let inner = self.inner.handle_established_inbound_connection(connection, peer, local, remote)?;
        Ok(self.handler(inner))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let mut offered = self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)?;
        offered.truncate(ADDRESSES_MAX);
        Ok(offered)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<Self::ConnectionHandler, ConnectionDenied> {
        let inner = self.inner.handle_established_outbound_connection(connection, peer, address, role, port)?;
        Ok(self.handler(inner))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Heard::Part(event) => self.inner.on_connection_handler_event(peer, connection, event),
            Heard::TooOften => {
                self.events.push_back(ToSwarm::GenerateEvent(Said::TooOften(peer)));
                if !self.is_spared(&peer) {
                    let connection = CloseConnection::One(connection);
                    self.events.push_back(ToSwarm::CloseConnection { peer_id: peer, connection });
                }
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Said<B::ToSwarm>, THandlerInEvent<Self>>> {
        match self.events.pop_front() {
            Some(event) => Poll::Ready(event),
            None => self.inner.poll(context).map(|event| event.map_out(Said::Part)),
        }
    }
}

/// What a connection reports.
#[derive(Debug)]
pub(super) enum Heard<T> {
    Part(T),
    TooOften,
}

/// One connection's part.
pub(super) struct PacedHandler<H: ConnectionHandler> {
    inner: H,
    begun: Instant,
    streams: TokenBucket,
    reports: TokenBucket,
    /// Until when nothing is reported.
    held: Option<Pin<Box<Sleep>>>,
    /// Streams that may be dropped.
    excess: TokenBucket,
    /// Whether the behaviour is to be told that it goes on too long, and whether it was.
    tells: bool,
    is_told: bool,
    counts: Arc<Counts>,
}

impl<H: ConnectionHandler> PacedHandler<H> {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether a stream that was opened is to be looked at.
    fn admit(&mut self) -> bool {
        let now_ms = self.now_ms();
        if self.streams.take(now_ms).is_ok() {
            return true;
        }
        self.counts.add(Count::StreamsDropped);
        self.tells |= self.excess.take(now_ms).is_err();
        false
    }
}

impl<H: ConnectionHandler> ConnectionHandler for PacedHandler<H> {
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = Heard<H::ToBehaviour>;
    type InboundProtocol = H::InboundProtocol;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<H::InboundProtocol, H::InboundOpenInfo> {
        self.inner.listen_protocol()
    }

    fn connection_keep_alive(&self) -> bool {
        self.inner.connection_keep_alive()
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<H::OutboundProtocol, H::OutboundOpenInfo, Heard<H::ToBehaviour>>> {
        if self.tells && !std::mem::replace(&mut self.is_told, true) {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Heard::TooOften));
        }
        if let Some(held) = &mut self.held {
            if held.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.held = None;
        }
        let Poll::Ready(event) = self.inner.poll(context) else { return Poll::Pending };
        if matches!(event, ConnectionHandlerEvent::NotifyBehaviour(_))
            && let Err(wait_ms) = self.reports.take(self.now_ms())
        {
            self.held = Some(Box::pin(tokio::time::sleep(Duration::from_millis(wait_ms))));
        }
        Poll::Ready(event.map_custom(Heard::Part))
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard<H::ToBehaviour>>> {
        self.inner.poll_close(context).map(|event| event.map(Heard::Part))
    }

    fn on_behaviour_event(&mut self, event: H::FromBehaviour) {
        self.inner.on_behaviour_event(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, H::InboundProtocol, H::OutboundProtocol, H::InboundOpenInfo, H::OutboundOpenInfo>,
    ) {
        // Dropping the event drops the stream: it is reset.
        if !matches!(event, ConnectionEvent::FullyNegotiatedInbound(_)) || self.admit() {
            self.inner.on_connection_event(event);
        }
    }
}
