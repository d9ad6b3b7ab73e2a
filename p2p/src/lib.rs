//! What a peer may say and how much of it: channels, frames, budgets, buffers, addresses and standing.
//!
//! This crate must not know what a message means: it carries bytes, bounds them, and leaves the verdict to its user.
//! Without features it is pure (no clock, no sockets, no entropy). With the feature `swarm` it also holds the
//! network itself, in the only folder of the house that names libp2p.
//!
//! Invariants: every length is checked before memory is reserved for it; every buffer is bounded in bytes and per
//! peer, never by a message rate; consensus, sync and transactions never wait in one queue.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod address_policy;
mod backoff;
mod book;
mod budget;
mod chain_tag;
mod channels;
mod fair_queue;
mod frame;
mod half_open;
mod outbox;
mod places;
mod prefix;
mod reminder;
mod seats;
mod standing;
mod stream_error;
mod stream_table;
mod stream_window;
mod stream_words;
#[cfg(feature = "swarm")]
mod swarm;
mod wishes;

pub use address_policy::{AddressPolicy, AddressRefusal, PrivateAddresses};
pub use backoff::Backoff;
pub use book::{Book, BookLine, BookRefusal};
pub use budget::{Budget, TokenBucket};
pub use chain_tag::ChainTag;
pub use channels::{Carrier, Channel, Class, DIRECT_CHANNELS, FRAME_OVERHEAD_BYTES, Overflow, Row, TABLE};
pub use fair_queue::{FairCount, FairQueue, Origin, QueueLimits};
pub use frame::{FrameDecoder, FrameError, PREFIX_BYTES, frame_length, frame_prefix};
pub use half_open::{Caller, HalfOpen, Knock, Ticket};
pub use outbox::{Outbox, OutboxError};
pub use places::{NoPlace, PlaceLimits, Places, PlacesTaken, Side};
pub use prefix::{Group, Prefix};
pub use reminder::Reminder;
pub use seats::{Guest, Seats, Sitter};
pub use standing::{Judgement, Severity, Standing};
pub use stream_error::StreamError;
pub use stream_table::{
    STREAM_BYTES_MAX, STREAM_FRAME_BYTES_MAX, STREAMS_BYTES_MAX, STREAMS_PER_PEER_MAX, StreamRow, StreamTable,
    StreamTableError,
};
pub use stream_window::{Growth, StreamWindow};
pub use stream_words::{WORD_MAX, Word, WordDecoder, WordError, arrived, grant};
#[cfg(feature = "swarm")]
pub use swarm::{
    BroadcastReport, GossipToken, Inbound, Network, NetworkConfig, NetworkCounts, NetworkError, NetworkEvent,
    NetworkStream, Offered, Payload, PeerAddresses, PeerInfo, RefusalReason, RequestError, RequestId, RequestToken,
    SendError, StreamCounts, Taken, Verdict, peer_key_of_secret, resident_bytes, spawn,
};
pub use wishes::{BANS_MAX, Ban, Unwanted, Wishes};
