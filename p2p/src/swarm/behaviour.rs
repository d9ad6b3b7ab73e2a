//! The parts of the swarm, put together.

use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::kad::store::{MemoryStore, MemoryStoreConfig};
use libp2p::swarm::{NetworkBehaviour, StreamProtocol};
use libp2p::{PeerId, identify, kad, memory_connection_limits, ping, request_response};
use libp2p_allow_block_list as block_list;
use libp2p_connection_limits as connection_limits;

use super::config::{NetworkConfig, NetworkError};
use super::direct;
use super::gossip::{self, Gossip, Topics};
use super::life::Life;
use super::requests::{BoundedCodec, REQUESTS_WAITING_MAX};
use crate::address_policy::PrivateAddresses;
use crate::chain_tag::ChainTag;
use crate::channels::Channel;

/// Together, how long a connection over TCP may be dead before it is known; QUIC knows by itself.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
const PENDING_MAX: u32 = 64;
/// Two nodes may dial each other at once, and a peer may come back before its old connection is known to be dead.
/// With more than so many, the oldest go.
pub(super) const CONNECTIONS_PER_PEER_MAX: usize = 4;
/// What a peer is refused beyond: more than the above, so that new ones can follow old ones that are being closed.
const ESTABLISHED_PER_PEER_MAX: u32 = 8;
const KAD_PACKET_BYTES_MAX: usize = 16 * 1024;
const KAD_QUERY_TIMEOUT: Duration = Duration::from_secs(20);

/// Everything the swarm does on a connection. The limits come first: what they deny, nothing else sees.
#[derive(NetworkBehaviour)]
pub(super) struct Parts {
    pub(super) limits: connection_limits::Behaviour,
    pub(super) memory: memory_connection_limits::Behaviour,
    pub(super) blocked: block_list::Behaviour<block_list::BlockedPeers>,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) kad: kad::Behaviour<MemoryStore>,
    pub(super) gossip: Gossip,
    pub(super) requests: request_response::Behaviour<BoundedCodec>,
    pub(super) direct: direct::Behaviour,
}

pub(super) fn build(
    keypair: &Keypair,
    tag: &ChainTag,
    topics: &Topics,
    config: &NetworkConfig,
) -> Result<Parts, NetworkError> {
    let me = keypair.public().to_peer_id();
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_MAX))
        .with_max_pending_outgoing(Some(PENDING_MAX))
        .with_max_established_per_peer(Some(ESTABLISHED_PER_PEER_MAX))
        .with_max_established(Some(config.peers_max.saturating_mul(2)));
    Ok(Parts {
        limits: connection_limits::Behaviour::new(limits),
        memory: memory_connection_limits::Behaviour::with_max_bytes(config.memory_bytes_max),
        blocked: block_list::Behaviour::default(),
        identify: identify(keypair, tag, config),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT)),
        kad: kademlia(me, tag)?,
        gossip: gossip::behaviour(tag, topics, config)?,
        requests: requests(tag, config)?,
        direct: direct::Behaviour::new(tag).map_err(NetworkError::Setup)?,
    })
}

fn protocol(tag: &ChainTag, name: &str) -> Result<StreamProtocol, NetworkError> {
    StreamProtocol::try_from_owned(tag.protocol(name)).map_err(|error| NetworkError::Setup(error.to_string()))
}

fn identify(keypair: &Keypair, tag: &ChainTag, config: &NetworkConfig) -> identify::Behaviour {
    // A public node that knows its public addresses does not tell the world about its house.
    let hides = config.private_addresses == PrivateAddresses::Refused && !config.external.is_empty();
    identify::Behaviour::new(
        identify::Config::new(tag.greeting(), keypair.public())
            .with_agent_version(Life::begin().behind(&config.agent))
            .with_push_listen_addr_updates(true)
            .with_hide_listen_addrs(hides),
    )
}

/// Kademlia finds peers; it stores nothing for anybody.
fn kademlia(me: PeerId, tag: &ChainTag) -> Result<kad::Behaviour<MemoryStore>, NetworkError> {
    let mut config = kad::Config::new(protocol(tag, "kad")?);
    config
        .set_query_timeout(KAD_QUERY_TIMEOUT)
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_record_ttl(None)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .disjoint_query_paths(true)
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_max_packet_size(KAD_PACKET_BYTES_MAX)
        .set_periodic_bootstrap_interval(Some(Duration::from_secs(60)));
    let nothing =
        MemoryStoreConfig { max_records: 0, max_value_bytes: 0, max_providers_per_key: 0, max_provided_keys: 0 };
    let mut kad = kad::Behaviour::with_config(me, MemoryStore::with_config(me, nothing), config);
    kad.set_mode(Some(kad::Mode::Server));
    Ok(kad)
}

fn requests(tag: &ChainTag, config: &NetworkConfig) -> Result<request_response::Behaviour<BoundedCodec>, NetworkError> {
    let name = protocol(tag, Channel::Sync.row().name)?;

    let settings = request_response::Config::default()
        .with_request_timeout(Duration::from_millis(config.request_timeout_ms))
        .with_max_concurrent_streams(REQUESTS_WAITING_MAX.saturating_mul(2));
    Ok(request_response::Behaviour::with_codec(
        BoundedCodec,
        [(name, request_response::ProtocolSupport::Full)],
        settings,
    ))
}
