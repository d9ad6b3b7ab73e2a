//! Gossip: topics by channel, message ids by content, verdicts before anything is passed on.
//!
//! Messages that are repeated until they are of no more use carry a counter in front, because equal bytes would be
//! taken for duplicates by those who have seen them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use libp2p::gossipsub::{
    Behaviour, ConfigBuilder, IdentTopic, IdentityTransform, Message, MessageAcceptance, MessageAuthenticity,
    MessageId, PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams, ValidationMode,
    WhitelistSubscriptionFilter,
};
use sha2::{Digest, Sha256};

use super::config::{NetworkConfig, NetworkError};
use super::event::Verdict;
use crate::address_policy::PrivateAddresses;
use crate::chain_tag::ChainTag;
use crate::channels::{Carrier, Channel, Row, TABLE};

pub(super) type Gossip = Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// Bytes of the counter in front of a repeated message.
const COUNTER_BYTES: usize = 8;
/// Messages to one peer that may wait; older ones are dropped after [`FORWARD_MAX`].
pub(super) const QUEUE_LENGTH: usize = 256;
const FORWARD_MAX: Duration = Duration::from_secs(2);
/// Messages in one envelope.
const ENVELOPE_MAX: usize = 256;
/// How long a message is known as seen.
const SEEN: Duration = Duration::from_secs(20);
/// After this an equal message is told again.
pub(super) const AGAIN_MS: u64 = 21_000;
/// What an envelope adds to the largest message.
const RPC_OVERHEAD_BYTES: usize = 4 * 1024;
/// Control messages of one peer and heartbeat.
const CONTROL_MESSAGES_MAX: usize = 512;

/// The topics of a chain, both ways.
#[derive(Debug)]
pub(super) struct Topics {
    by_hash: HashMap<TopicHash, Channel>,
    by_channel: BTreeMap<Channel, IdentTopic>,
    counter: u64,
}

impl Topics {
    pub(super) fn new(tag: &ChainTag, config: &NetworkConfig) -> Self {
        // A client listens on none.
        let rows: &[Row] = if config.dial_only { &[] } else { &TABLE };
        let plain = rows.iter().map(|row| row.channel).filter(|channel| !matches!(channel, Channel::Module(_)));
        let modules = config.modules.iter().map(|id| Channel::Module(*id));
        let gossip = plain.chain(modules).filter(|channel| channel.row().carrier == Carrier::Gossip);
        let by_channel: BTreeMap<_, _> =
            gossip.map(|channel| (channel, IdentTopic::new(tag.protocol(&channel.suffix())))).collect();
        let by_hash = by_channel.iter().map(|(channel, topic)| (topic.hash(), *channel)).collect();
        Self { by_hash, by_channel, counter: 0 }
    }

    pub(super) fn channel(&self, topic: &TopicHash) -> Option<Channel> {
        self.by_hash.get(topic).copied()
    }

    /// The topic and the bytes that go on it.
    pub(super) fn wrap(&mut self, channel: Channel, bytes: &[u8]) -> Option<(TopicHash, Vec<u8>)> {
        let topic = self.by_channel.get(&channel)?.hash();
        if !is_repeated(channel) {
            return Some((topic, bytes.to_vec()));
        }
        self.counter = self.counter.wrapping_add(1);
        let mut wrapped = self.counter.to_le_bytes().to_vec();
        wrapped.extend_from_slice(bytes);
        Some((topic, wrapped))
    }
}

/// What was put on a topic; nothing when it cannot have been put there by an honest node.
pub(super) fn unwrap(channel: Channel, mut data: Vec<u8>) -> Option<Vec<u8>> {
    if is_repeated(channel) {
        data = data.get(COUNTER_BYTES..)?.to_vec();
    }
    (!data.is_empty() && data.len() <= channel.row().bytes_max).then_some(data)
}

const fn is_repeated(channel: Channel) -> bool {
    matches!(channel, Channel::Consensus)
}

pub(super) const fn acceptance(verdict: Verdict) -> MessageAcceptance {
    match verdict {
        Verdict::Accept => MessageAcceptance::Accept,
        Verdict::Reject => MessageAcceptance::Reject,
        Verdict::Ignore => MessageAcceptance::Ignore,
    }
}

/// Equal bytes on one topic are one message, whoever made it.
fn message_id(message: &Message) -> MessageId {
    let mut hasher = Sha256::new();
    hasher.update((message.topic.as_str().len() as u64).to_le_bytes());
    hasher.update(message.topic.as_str().as_bytes());
    hasher.update(&message.data);
    MessageId::new(&hasher.finalize())
}

pub(super) fn behaviour(tag: &ChainTag, topics: &Topics, config: &NetworkConfig) -> Result<Gossip, NetworkError> {
    let setup = |error: &dyn std::fmt::Display| NetworkError::Setup(format!("gossip: {error}"));
    let largest = topics.by_channel.keys().map(|channel| channel.row().bytes_max).max().unwrap_or(0);
    let rpc_bytes_max = largest.saturating_add(RPC_OVERHEAD_BYTES);
    let mut builder = ConfigBuilder::default();
    builder
        .protocol_id_prefix(tag.protocol("gossip"))
        .heartbeat_initial_delay(Duration::from_millis(config.gossip_heartbeat_ms.min(100)))
        .heartbeat_interval(Duration::from_millis(config.gossip_heartbeat_ms))
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(message_id)
        .duplicate_cache_time(SEEN)
        .flood_publish(true)
        .max_transmit_size(rpc_bytes_max)
        .connection_handler_queue_len(QUEUE_LENGTH)
        .publish_queue_duration(FORWARD_MAX)
        .forward_queue_duration(FORWARD_MAX)
        .prune_backoff(Duration::from_secs(10))
        .max_publish_messages(ENVELOPE_MAX)
        .max_control_messages_sent(CONTROL_MESSAGES_MAX);
    for (channel, topic) in &topics.by_channel {
        let length = channel.row().bytes_max.saturating_add(COUNTER_BYTES);
        builder.max_transmit_size_for_topic(length, topic.hash());
    }
    let filter = WhitelistSubscriptionFilter(topics.by_hash.keys().cloned().collect::<HashSet<_>>());
    let built = builder.build().map_err(|error| setup(&error))?;
    let mut gossip = Gossip::new_with_subscription_filter(MessageAuthenticity::Anonymous, built, filter)
        .map_err(|error| setup(&error))?;
    gossip
        .with_peer_score(score(topics, config.private_addresses), PeerScoreThresholds::default())
        .map_err(|error| setup(&error))?;
    for topic in topics.by_channel.values() {
        gossip.subscribe(topic).map_err(|error| setup(&error))?;
    }
    Ok(gossip)
}

/// Scores rest on bad messages and bad manners. How much a peer delivers is no measure here: most topics are quiet.
fn score(topics: &Topics, private: PrivateAddresses) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 0.5,
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_weight: 0.1,
        first_message_deliveries_decay: 0.9,
        first_message_deliveries_cap: 100.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -20.0,
        invalid_message_deliveries_decay: 0.97,
        ..TopicScoreParams::default()
    };
    let many_per_host = private == PrivateAddresses::Allowed;
    PeerScoreParams {
        topics: topics.by_hash.keys().map(|hash| (hash.clone(), topic.clone())).collect(),
        topic_score_cap: 50.0,
        ip_colocation_factor_weight: if many_per_host { 0.0 } else { -5.0 },
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_decay: 0.9,
        retain_score: Duration::from_secs(600),
        ..PeerScoreParams::default()
    }
}
