//! The way to a peer: QUIC, or TCP with Noise and Yamux, both beneath names and the address policy.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, OrTransport, Transport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, dns, noise, quic, tcp, yamux};

use super::config::NetworkError;
use super::guard::Guard;
use crate::address_policy::AddressPolicy;

/// A peer that has said nothing for so long is gone.
const SILENCE_MS_MAX: u32 = 10_000;
const KEEP_ALIVE: Duration = Duration::from_secs(3);
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Streams that one peer may have open at once.
const STREAMS_MAX: u32 = 128;

pub(super) fn build(
    keypair: &Keypair,
    policy: Arc<RwLock<AddressPolicy>>,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetworkError> {
    let setup = |error: &dyn std::fmt::Display| NetworkError::Setup(error.to_string());
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(STREAMS_MAX as usize);
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keypair).map_err(|error| setup(&error))?)
        .multiplex(muxer)
        .timeout(HANDSHAKE_MAX)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let mut config = quic::Config::new(keypair);
    config.max_idle_timeout = SILENCE_MS_MAX;
    config.keep_alive_interval = KEEP_ALIVE;
    config.max_concurrent_stream_limit = STREAMS_MAX;
    let quic = quic::tokio::Transport::new(config).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let both = OrTransport::new(quic, tcp).map(|either, _| either.into_inner()).boxed();
    let guarded = Guard::new(both, policy);
    let named = dns::tokio::Transport::system(guarded).map_err(|error| setup(&error))?;
    Ok(named.boxed())
}
