//! The parts of the swarm, put together.

use std::sync::Arc;
use std::time::Duration;

use libp2p::gossipsub::TopicHash;
use libp2p::identity::Keypair;
use libp2p::kad::store::{MemoryStore, MemoryStoreConfig};
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::swarm::{NetworkBehaviour, StreamProtocol};
use libp2p::{PeerId, identify, kad, ping, request_response};
use libp2p_allow_block_list as block_list;

use super::config::{NetworkConfig, NetworkError};
use super::counts::Counts;
use super::direct;
use super::gate::Gate;
use super::gossip::{self, Gossip, Topics};
use super::life::Life;
use super::links::Links;
use super::memory::Memory;
use super::paced::{Pace, Paced};
use super::reached::Arrived;
use super::requests::{BoundedCodec, REQUESTS_WAITING_MAX};
use super::silence::KEEP_ALIVES;
use super::streams::{self, Streams};
use crate::address_policy::PrivateAddresses;
use crate::chain_tag::ChainTag;
use crate::channels::{Channel, DIRECT_CHANNELS};
use crate::places::PlaceLimits;

/// A peer that is heard but has not read our ping for so long reads nothing. That a peer is gone is known sooner, by its silence:
/// a ping may wait behind much else on a slow line.
const PING_TIMEOUT: Duration = Duration::from_secs(30);
/// Two nodes may dial each other at once, and a peer may come back before its old connection is known to be dead.
/// With more than so many, the oldest go.
pub(super) const CONNECTIONS_PER_PEER_MAX: usize = 4;
/// What a peer is refused beyond: more than the above, so that new ones can follow old ones that are being closed.
const ESTABLISHED_PER_PEER_MAX: usize = 8;
/// Greetings. An honest node sends one per connection, and another whenever one of its own addresses changes.
const IDENTIFY_PACE: Pace = Pace { streams: (1, 16), reports: (1, 16), excess: (1, 200) };
/// Questions after peers.
const KAD_PACE: Pace = Pace { streams: (10, 50), reports: (20, 100), excess: (10, 400) };
/// Gossip: one stream per connection serves for all, and each envelope holds several messages.
const GOSSIP_PACE: Pace = Pace { streams: (1, 8), reports: (2_000, 4_000), excess: (1, 200) };
/// Pings: one stream per connection serves for all.
const PING_PACE: Pace = Pace { streams: (1, 8), reports: (100, 100), excess: (1, 200) };
const KAD_PACKET_BYTES_MAX: usize = 16 * 1024;
const KAD_QUERY_TIMEOUT: Duration = Duration::from_secs(20);

/// What parts of the swarm share with the task that owns it.
pub(super) struct Shared {
    pub(super) links: Arc<Links>,
    pub(super) counts: Arc<Counts>,
    pub(super) arrived: Arc<Arrived>,
    pub(super) streams: Arc<Streams>,
}

/// Everything the swarm does on a connection. Blocks and places come first: what they deny, nothing else sees.
#[derive(NetworkBehaviour)]
pub(super) struct Parts {
    pub(super) blocked: block_list::Behaviour<block_list::BlockedPeers>,
    pub(super) gate: Gate,
    pub(super) identify: Paced<identify::Behaviour>,
    pub(super) ping: Paced<ping::Behaviour>,
    pub(super) kad: Paced<kad::Behaviour<MemoryStore>>,
    pub(super) gossip: Toggle<Paced<Gossip>>,
    pub(super) requests: request_response::Behaviour<BoundedCodec>,
    pub(super) direct: direct::Behaviour,
    pub(super) streams: Paced<streams::Behaviour>,
}

impl Parts {
    /// Gossip, where this is no client.
    pub(super) fn gossip(&mut self) -> Option<&mut Gossip> {
        self.gossip.as_mut().map(Paced::part)
    }

    /// The topics that a peer listens on.
    pub(super) fn topics_of(&self, id: &PeerId) -> Vec<TopicHash> {
        let all = self.gossip.as_ref().into_iter().flat_map(|gossip| gossip.seen().all_peers());
        all.filter(|(peer, _)| *peer == id).flat_map(|(_, topics)| topics).cloned().collect()
    }
}

pub(super) fn build(
    keypair: &Keypair,
    tag: &ChainTag,
    topics: &Topics,
    config: &NetworkConfig,
    shared: &Shared,
) -> Result<Parts, NetworkError> {
    let Shared { links, counts, arrived, streams } = shared;
    let me = keypair.public().to_peer_id();
    let limits = PlaceLimits {
        peers_max: usize::try_from(config.peers_max).unwrap_or(usize::MAX),
        per_prefix_max: usize::try_from(config.peers_per_address_max).unwrap_or(usize::MAX),
        connections_max: ESTABLISHED_PER_PEER_MAX,
    };
    let memory = Memory::new(config.memory_bytes_max, config.resident_bytes);
    let silence = Duration::from_millis(config.silence_ms_max);
    let pings = silence.checked_div(KEEP_ALIVES).unwrap_or(silence);
    let ping = ping::Behaviour::new(ping::Config::new().with_interval(pings).with_timeout(PING_TIMEOUT));
    // A client speaks of nothing but services.
    let gossip = if config.dial_only { None } else { Some(gossip::behaviour(tag, topics, config)?) };
    let gossip = gossip.map(|gossip| Paced::new(gossip, GOSSIP_PACE, Arc::clone(counts)));
    let channels: &[Channel] = if config.dial_only { &[] } else { &DIRECT_CHANNELS };
    Ok(Parts {
        blocked: block_list::Behaviour::default(),
        gate: Gate::new(limits, memory, Arc::clone(counts), Arc::clone(arrived)),
        identify: Paced::new(identify(keypair, tag, config), IDENTIFY_PACE, Arc::clone(counts)),
        ping: Paced::new(ping, PING_PACE, Arc::clone(counts)),
        kad: Paced::new(kademlia(me, tag, config)?, KAD_PACE, Arc::clone(counts)),
        gossip: gossip.into(),
        requests: requests(tag, config)?,
        direct: direct::Behaviour::new(tag, Arc::clone(links), channels).map_err(NetworkError::Setup)?,
        streams: Paced::new(streams::Behaviour::new(Arc::clone(streams)), streams::PACE, Arc::clone(counts))
            .sparing(Arc::clone(links)),
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
            // Its own list of addresses tells every part of each new one; the dialler and the address book suffice.
            .with_cache_size(0)
            .with_hide_listen_addrs(hides),
    )
}

/// Kademlia finds peers; it stores nothing for anybody.
fn kademlia(me: PeerId, tag: &ChainTag, settings: &NetworkConfig) -> Result<kad::Behaviour<MemoryStore>, NetworkError> {
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
    kad.set_mode(Some(if settings.dial_only { kad::Mode::Client } else { kad::Mode::Server }));
    Ok(kad)
}

fn requests(tag: &ChainTag, config: &NetworkConfig) -> Result<request_response::Behaviour<BoundedCodec>, NetworkError> {
    let name = protocol(tag, Channel::Sync.row().name)?;
    let support = match config.dial_only {
        true => request_response::ProtocolSupport::Outbound,
        false => request_response::ProtocolSupport::Full,
    };
    let settings = request_response::Config::default()
        .with_request_timeout(Duration::from_millis(config.request_timeout_ms))
        .with_max_concurrent_streams(REQUESTS_WAITING_MAX.saturating_mul(2));
    Ok(request_response::Behaviour::with_codec(BoundedCodec, [(name, support)], settings))
}
