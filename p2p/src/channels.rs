//! The one table of channels: what may be said, how large, how often, and how much of it may wait.
//!
//! It must not know what a message means. Everything that carries, limits or names a channel reads it from here.
//!
//! Invariant: names differ, a message of the largest size fits into its buffer, and a buffer is sized in bytes, so
//! that a generous rate never becomes a large buffer.

use types::ModuleId;
use types::limits::{
    BODY_BYTES_MAX, CERTIFICATE_BYTES_MAX, HEADER_BYTES_MAX, PROPOSAL_BYTES_MAX, SYSTEM_CALL_BYTES_MAX,
    TRANSACTION_BYTES_MAX,
};

/// What a message waiting in a buffer is charged beside its bytes, so that a flood of tiny ones is bounded as well.
pub const FRAME_OVERHEAD_BYTES: usize = 256;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A kind of traffic. Its limits stand in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Gossip of transactions to every node.
    Transactions,
    /// Gossip of finality to every node.
    Certificate,
    /// Gossip as the route between validators that cannot reach each other.
    Consensus,
    /// Gossip of one module.
    Module(ModuleId),
    /// Direct stream between validators: votes and certificates.
    Votes,
    /// Direct stream between validators: proposals.
    Proposals,
    /// Direct stream between validators: block bodies.
    Bodies,
    /// Direct stream to validators: batches of transactions.
    TransactionPush,
    /// Requests for certificates, bodies and ranges of blocks, and their answers.
    Sync,
}

/// How a channel travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Published on a topic and forwarded after a verdict.
    Gossip,
    /// A long-lived stream of frames to one peer.
    Direct,
    /// One stream per request and its answer.
    Request,
}

/// Which queue a channel waits in. Classes never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// What agreement waits for.
    Consensus,
    /// What a node that is behind waits for.
    Sync,
    /// Everything that may be late.
    Transactions,
}

/// What a full buffer towards a peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest messages give way: the sender repeats what still matters.
    DropOldest,
    /// The new message is refused and the sender is told.
    Refuse,
}

/// One channel's limits. Rates and buffers are per peer.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which channel; for modules the row holds for every id.
    pub channel: Channel,
    /// The word in topics, protocols, logs and metrics.
    pub name: &'static str,
    /// How it travels.
    pub carrier: Carrier,
    /// Which queue it waits in.
    pub class: Class,
    /// Most bytes of one message (of the request, for requests).
    pub bytes_max: usize,
    /// Most bytes of one answer; 0 where there are none.
    pub answer_bytes_max: usize,
    /// Messages per second that a peer may keep up.
    pub rate_per_second: u32,
    /// Messages that a peer may send at once after a pause.
    pub burst: u32,
    /// Most bytes that may wait, per peer and direction, each message charged [`FRAME_OVERHEAD_BYTES`] more.
    pub buffer_bytes_max: usize,
    /// What happens when the buffer towards a peer is full.
    pub overflow: Overflow,
}

/// The channels that are direct streams, in the order of [`Channel::direct_index`].
pub const DIRECT_CHANNELS: [Channel; 4] =
    [Channel::Votes, Channel::Proposals, Channel::Bodies, Channel::TransactionPush];

const TRANSACTIONS: Row = Row {
    channel: Channel::Transactions,
    name: "transactions",
    carrier: Carrier::Gossip,
    class: Class::Transactions,
    bytes_max: 128 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 2_000,
    burst: 4_000,
    buffer_bytes_max: 4 * MIB,
    overflow: Overflow::Refuse,
};

const CERTIFICATE: Row = Row {
    channel: Channel::Certificate,
    name: "certificate",
    carrier: Carrier::Gossip,
    class: Class::Consensus,
    bytes_max: 2 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 500,
    burst: 1_000,
    buffer_bytes_max: 512 * KIB,
    overflow: Overflow::DropOldest,
};

const CONSENSUS: Row = Row {
    channel: Channel::Consensus,
    name: "consensus",
    carrier: Carrier::Gossip,
    class: Class::Consensus,
    bytes_max: 2 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 5_000,
    burst: 10_000,
    buffer_bytes_max: MIB,
    overflow: Overflow::DropOldest,
};

const MODULE: Row = Row {
    channel: Channel::Module(ModuleId(0)),
    name: "module",
    carrier: Carrier::Gossip,
    class: Class::Transactions,
    bytes_max: 64 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 100,
    burst: 200,
    buffer_bytes_max: MIB,
    overflow: Overflow::Refuse,
};

const VOTES: Row = Row {
    channel: Channel::Votes,
    name: "votes",
    carrier: Carrier::Direct,
    class: Class::Consensus,
    bytes_max: 2 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 5_000,
    burst: 10_000,
    buffer_bytes_max: MIB,
    overflow: Overflow::DropOldest,
};

const PROPOSALS: Row = Row {
    channel: Channel::Proposals,
    name: "proposals",
    carrier: Carrier::Direct,
    class: Class::Consensus,
    bytes_max: 2 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 1_000,
    burst: 2_000,
    buffer_bytes_max: MIB,
    overflow: Overflow::Refuse,
};

const BODIES: Row = Row {
    channel: Channel::Bodies,
    name: "bodies",
    carrier: Carrier::Direct,
    class: Class::Consensus,
    bytes_max: BODY_BYTES_MAX + 4 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 500,
    burst: 1_000,
    buffer_bytes_max: 16 * MIB,
    overflow: Overflow::Refuse,
};

const TRANSACTION_PUSH: Row = Row {
    channel: Channel::TransactionPush,
    name: "transaction-push",
    carrier: Carrier::Direct,
    class: Class::Transactions,
    bytes_max: 256 * KIB,
    answer_bytes_max: 0,
    rate_per_second: 1_000,
    burst: 2_000,
    buffer_bytes_max: 4 * MIB,
    overflow: Overflow::Refuse,
};

const SYNC: Row = Row {
    channel: Channel::Sync,
    name: "sync",
    carrier: Carrier::Request,
    class: Class::Sync,
    bytes_max: 16 * KIB,
    answer_bytes_max: 8 * MIB,
    rate_per_second: 200,
    burst: 400,
    buffer_bytes_max: 16 * MIB,
    overflow: Overflow::Refuse,
};

/// Every channel there is.
pub const TABLE: [Row; 9] =
    [TRANSACTIONS, CERTIFICATE, CONSENSUS, MODULE, VOTES, PROPOSALS, BODIES, TRANSACTION_PUSH, SYNC];

const _: () = assert!(TRANSACTION_BYTES_MAX < TRANSACTIONS.bytes_max);
const _: () = assert!(SYSTEM_CALL_BYTES_MAX + KIB < MODULE.bytes_max);
const _: () = assert!(CERTIFICATE_BYTES_MAX + HEADER_BYTES_MAX < CERTIFICATE.bytes_max);
const _: () = assert!(PROPOSAL_BYTES_MAX < PROPOSALS.bytes_max && PROPOSAL_BYTES_MAX < CONSENSUS.bytes_max);
const _: () = assert!(BODY_BYTES_MAX < BODIES.bytes_max && BODY_BYTES_MAX < SYNC.answer_bytes_max);

impl Channel {
    /// The channel's limits.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        match self {
            Self::Transactions => &TRANSACTIONS,
            Self::Certificate => &CERTIFICATE,
            Self::Consensus => &CONSENSUS,
            Self::Module(_) => &MODULE,
            Self::Votes => &VOTES,
            Self::Proposals => &PROPOSALS,
            Self::Bodies => &BODIES,
            Self::TransactionPush => &TRANSACTION_PUSH,
            Self::Sync => &SYNC,
        }
    }

    /// The word that tells this channel from every other in topics and protocol names.
    #[must_use]
    pub fn suffix(self) -> String {
        match self {
            Self::Module(id) => format!("{}-{id}", MODULE.name),
            other => other.row().name.to_owned(),
        }
    }

    /// The place in [`DIRECT_CHANNELS`], for a direct channel.
    #[must_use]
    pub const fn direct_index(self) -> Option<usize> {
        match self {
            Self::Votes => Some(0),
            Self::Proposals => Some(1),
            Self::Bodies => Some(2),
            Self::TransactionPush => Some(3),
            _ => None,
        }
    }

    /// Whether only validators are heard on it.
    #[must_use]
    pub const fn is_for_validators(self) -> bool {
        matches!(self, Self::Votes | Self::Proposals | Self::Bodies)
    }
}

impl Row {
    /// What one message of `length` bytes takes of a buffer.
    #[must_use]
    pub const fn charge(length: usize) -> usize {
        length.saturating_add(FRAME_OVERHEAD_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_channel_has_a_name_and_a_row_of_its_own() {
        let names: BTreeSet<_> = TABLE.iter().map(|row| row.channel.suffix()).collect();
        assert_eq!(names.len(), TABLE.len());
        for row in &TABLE {
            assert_eq!(row.channel.row().name, row.name);
            assert!(row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", row.name);
        }
        assert_ne!(Channel::Module(ModuleId(1)).suffix(), Channel::Module(ModuleId(2)).suffix());
    }

    #[test]
    fn direct_channels_know_their_places() {
        for (index, channel) in DIRECT_CHANNELS.into_iter().enumerate() {
            assert_eq!(channel.direct_index(), Some(index));
            assert_eq!(channel.row().carrier, Carrier::Direct);
        }
        let direct = TABLE.iter().filter(|row| row.carrier == Carrier::Direct).count();
        assert_eq!(direct, DIRECT_CHANNELS.len());
    }

    // FAULTS L19: buffers follow from bytes, not from the rate.
    #[test]
    fn a_buffer_holds_the_largest_message_and_stays_small_whatever_the_rate() {
        for row in &TABLE {
            let largest = Row::charge(row.bytes_max.max(row.answer_bytes_max));
            assert!(largest <= row.buffer_bytes_max, "{}", row.name);
            assert!(row.buffer_bytes_max <= 16 * MIB, "{}", row.name);
            assert!(row.rate_per_second > 0 && row.burst >= row.rate_per_second, "{}", row.name);
            assert!(u32::try_from(row.buffer_bytes_max).is_ok(), "{}", row.name);
        }
        let per_peer: usize = TABLE.iter().map(|row| row.buffer_bytes_max).sum();
        assert!(per_peer <= 64 * MIB);
    }

    // FAULTS L15
    #[test]
    fn consensus_sync_and_transactions_are_classes_of_their_own() {
        assert_eq!(Channel::Votes.row().class, Class::Consensus);
        assert_eq!(Channel::Sync.row().class, Class::Sync);
        assert_eq!(Channel::Transactions.row().class, Class::Transactions);
        assert_eq!(Channel::TransactionPush.row().class, Class::Transactions);
    }

    // FAULTS L18: nothing large is flooded, and what agreement waits for goes straight to who votes.
    #[test]
    fn bodies_never_travel_by_gossip() {
        for channel in [Channel::Votes, Channel::Proposals, Channel::Bodies] {
            assert_eq!(channel.row().carrier, Carrier::Direct, "{}", channel.row().name);
        }
        for row in TABLE.iter().filter(|row| row.carrier == Carrier::Gossip) {
            assert!(row.bytes_max <= 128 * KIB, "{}", row.name);
        }
    }
}
