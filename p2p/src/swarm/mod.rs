//! The network itself: the only place of the house that names libp2p.
//!
//! One task owns the swarm (`task`, with `arrivals`, `alarm`, `peers`, `dialler`, `gossip` and `requests`); direct streams have a task per
//! peer and channel (`line` to write, `reader` to read), so that a vote never waits for the swarm. What services say to each other goes
//! beside all that (`streams`). The user holds a [`Network`] to speak and an [`Inbound`] to hear. It must not know what a message means.
//!
//! Invariants: what is waiting to be heard holds a permit of its peer's buffer until the user drops it; a peer is
//! heard only after it has named our chain; every dial passes the address policy after names are resolved.

mod address;
mod agree;
mod alarm;
mod arrivals;
mod behaviour;
mod bounded;
mod conduct;
mod config;
mod counts;
mod dialler;
mod direct;
mod doors;
mod event;
mod gate;
mod gossip;
mod guard;
mod handle;
mod identity;
mod life;
mod line;
mod links;
mod memory;
mod outcomes;
mod paced;
mod peers;
mod queues;
mod reached;
mod reader;
mod requests;
mod silence;
mod streams;
mod task;
mod transport;
mod twins;
mod unheard;
mod whereabouts;
mod wish;

pub use config::{NetworkConfig, NetworkError};
pub use counts::{NetworkCounts, Taken};
pub use event::{
    GossipToken, Inbound, NetworkEvent, Payload, PeerAddresses, PeerInfo, RefusalReason, RequestError, RequestId,
    RequestToken, Verdict,
};
pub use handle::{BroadcastReport, Network, SendError};
pub use identity::peer_key_of_secret;
pub use memory::resident_bytes;
pub use streams::{NetworkStream, Offered, StreamCounts};
pub use task::spawn;
