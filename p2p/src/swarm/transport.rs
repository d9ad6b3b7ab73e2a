//! The way to a peer: QUIC, or TCP with Noise and Yamux, both beneath names and the address policy.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use libp2p::core::ConnectedPoint;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, OrTransport, Transport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, dns, noise, quic, tcp, yamux};

use super::bounded::Bounded;
use super::config::NetworkError;
use super::doors::Doors;
use super::guard::Guard;
use super::peers::EARLY_MAX;
use super::reached::Arrived;
use super::requests::REQUESTS_WAITING_MAX;
use super::silence::{KEEP_ALIVES, Watched};
use super::streams::STREAMS_WAITING_MAX;
use super::task::{EVENTS_WAITING_MAX, NEGOTIATING_STREAMS_MAX};
use crate::address_policy::AddressPolicy;
use crate::channels::DIRECT_CHANNELS;
use crate::stream_table::STREAMS_PER_PEER_MAX;

/// A handshake that takes longer is given up: a few round trips, and the machine may be busy.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// Streams of one connection. Yamux counts those of both ends together, and ends a connection on which there is one more; QUIC counts
/// those of the peer, and lets it wait.
const STREAMS_MAX: u32 = 192;
/// What the house itself has of them at most: of both ends the channels, the requests that wait, and two dozen of gossip, pings, greetings and
/// questions after peers.
const HOUSE_MAX: usize =
    DIRECT_CHANNELS.len().saturating_add(REQUESTS_WAITING_MAX).saturating_mul(2).saturating_add(24);

/// Streams that a peer has opened and that have no seat yet: on their way to the task, which drops them if there is none. One event waits
/// in the connection beside those in its queue.
const UNSEATED_MAX: usize = NEGOTIATING_STREAMS_MAX
    .saturating_add(STREAMS_WAITING_MAX)
    .saturating_add(EVENTS_WAITING_MAX.saturating_add(1))
    .saturating_add(EARLY_MAX);

// Services can never end a connection that carries votes. Yamux counts a stream until its handle is dropped, and the handles of services are
// dropped by their own runtime, which may stand still: so a handle that has come to a service keeps its seat at this end until it is
// dropped, whatever the other end has opened and given up since. Without a seat it is the swarm that drops it.
const _: () = {
    let of_services = STREAMS_PER_PEER_MAX.saturating_mul(2).saturating_add(UNSEATED_MAX);
    assert!(of_services.saturating_add(HOUSE_MAX) <= STREAMS_MAX as usize);
};

pub(super) fn build(
    keypair: &Keypair,
    policy: Arc<RwLock<AddressPolicy>>,
    doors: Arc<Doors>,
    arrived: Arc<Arrived>,
    silence: Duration,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetworkError> {
    let setup = |error: &dyn std::fmt::Display| NetworkError::Setup(error.to_string());
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(STREAMS_MAX as usize);
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
        .map(move |stream, _| Watched::new(stream, silence))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keypair).map_err(|error| setup(&error))?)
        .multiplex(muxer)
        .timeout(HANDSHAKE_MAX)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Bounded::new(muxer))));
    let mut config = quic::Config::new(keypair);
    config.handshake_timeout = HANDSHAKE_MAX;
    config.max_idle_timeout = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
    config.keep_alive_interval = silence.checked_div(KEEP_ALIVES).unwrap_or(silence);
    config.max_concurrent_stream_limit = STREAMS_MAX;
    let quic =
        quic::tokio::Transport::new(config).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Bounded::new(muxer))));
    let both = OrTransport::new(quic, tcp).map(|either, _| either.into_inner()).boxed();
    let guarded = Guard::new(both, policy, doors);
    let named = dns::tokio::Transport::system(guarded).map_err(|error| setup(&error))?;
    let told = named.map(move |(at, (peer, muxer)), point| {
        if let ConnectedPoint::Dialer { address, .. } = point {
            arrived.note(peer, &address, at);
        }
        (peer, muxer)
    });
    Ok(told.boxed())
}
