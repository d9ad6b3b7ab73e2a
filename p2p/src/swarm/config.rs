//! What the network is told at its start, and why it may refuse.

use tokio::runtime::Handle;
use types::{ChainId, ModuleId, PeerKey};

use super::address;
use super::event::PeerAddresses;
use super::memory::resident_bytes;
use crate::address_policy::PrivateAddresses;
use crate::stream_table::{StreamRow, StreamTableError};
use crate::wishes::Ban;

/// Everything the network is told at its start. [`NetworkConfig::new`] gives the defaults.
#[derive(Clone)]
pub struct NetworkConfig {
    /// Peers that name another chain are refused.
    pub chain_id: ChainId,
    /// The Ed25519 seed of this node's network identity.
    pub secret: [u8; 32],
    /// Multiaddresses to listen on; port 0 lets the system choose.
    pub listen: Vec<String>,
    /// Multiaddresses under which others can reach this node, if they differ from the above.
    pub external: Vec<String>,
    /// Multiaddresses that are dialled for ever, with or without `/p2p/…`.
    pub bootstrap: Vec<String>,
    /// The address book of an earlier run, dialled a few times.
    pub known: Vec<PeerAddresses>,
    /// Multiaddresses with `/p2p/…` of peers that are dialled for ever and always admitted.
    pub persistent: Vec<String>,
    /// Peers whose addresses are told to nobody.
    pub private: Vec<PeerKey>,
    /// Whether nobody but persistent peers is dialled or admitted.
    pub only_persistent: bool,
    /// Whom the operator does not want.
    pub bans: Vec<Ban>,
    /// The validators' keys; [`super::Network::pin`] replaces them.
    pub pinned: Vec<PeerKey>,
    /// Modules whose gossip this node takes part in.
    pub modules: Vec<ModuleId>,
    /// The protocols of services.
    pub streams: Vec<StreamRow>,
    /// Where the streams of services move; the network's own runtime where none is named.
    pub stream_runtime: Option<Handle>,
    /// Whether this is a client, which listens on nothing, takes no part in gossip and answers no questions: it opens streams.
    pub dial_only: bool,
    /// Whether loopback and private addresses may be dialled.
    pub private_addresses: PrivateAddresses,
    /// Most peers beside the pinned ones.
    pub peers_max: u32,
    /// Most peers beside the pinned ones that come from one IPv4 address or IPv6 /64. Of a private one, half of all places.
    pub peers_per_address_max: u32,
    /// No strangers while the process holds more memory than this.
    pub memory_bytes_max: u64,
    /// How much memory the process holds.
    pub resident_bytes: fn() -> u64,
    /// A connection on which nothing was heard for so long is dead. Peers are pinged nine times as often.
    pub silence_ms_max: u64,
    /// How long a punished peer stays blocked.
    pub block_ms: u64,
    /// How long a connection may stay without its peer naming its chain.
    pub greeting_ms_max: u64,
    /// How often gossip mends its mesh.
    pub gossip_heartbeat_ms: u64,
    /// How long a request may take.
    pub request_timeout_ms: u64,
    /// What this node calls itself towards its peers.
    pub agent: String,
}

impl NetworkConfig {
    /// The defaults: QUIC and TCP on port 26700 of every interface.
    #[must_use]
    pub fn new(chain_id: ChainId, secret: [u8; 32]) -> Self {
        Self {
            chain_id,
            secret,
            listen: vec!["/ip4/0.0.0.0/udp/26700/quic-v1".to_owned(), "/ip4/0.0.0.0/tcp/26700".to_owned()],
            external: Vec::new(),
            bootstrap: Vec::new(),
            known: Vec::new(),
            persistent: Vec::new(),
            private: Vec::new(),
            only_persistent: false,
            bans: Vec::new(),
            pinned: Vec::new(),
            modules: Vec::new(),
            streams: Vec::new(),
            stream_runtime: None,
            dial_only: false,
            private_addresses: PrivateAddresses::Refused,
            peers_max: 64,
            peers_per_address_max: 8,
            memory_bytes_max: 4 << 30,
            resident_bytes,
            silence_ms_max: 9_000,
            block_ms: 60_000,
            greeting_ms_max: 10_000,
            gossip_heartbeat_ms: 700,
            request_timeout_ms: 10_000,
            agent: concat!("thronosd/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl NetworkConfig {
    /// The defaults of a client that dials and is not dialled.
    #[must_use]
    pub fn dial_only(chain_id: ChainId, secret: [u8; 32], streams: Vec<StreamRow>) -> Self {
        let agent = concat!("thronos/", env!("CARGO_PKG_VERSION")).to_owned();
        Self { listen: Vec::new(), dial_only: true, streams, agent, ..Self::new(chain_id, secret) }
    }
}

impl NetworkConfig {
    /// Looks at the addresses, as a start does before it listens and dials.
    ///
    /// # Errors
    /// [`NetworkError`] for the first that is of no use.
    pub fn check(&self) -> Result<(), NetworkError> {
        self.listen.iter().try_for_each(|text| address::to_listen(text).map(drop))?;
        self.external.iter().try_for_each(|text| address::to_tell(text).map(drop))?;
        self.bootstrap.iter().try_for_each(|text| address::to_dial(text).map(drop))?;
        self.persistent.iter().try_for_each(|text| address::of_peer(text).map(drop))
    }
}

/// Why the network does not start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Not a multiaddress.
    #[error("`{text}` is not a multiaddress ({reason}); expected something like /ip4/1.2.3.4/udp/26700/quic-v1")]
    Address {
        /// As it was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody can be there, or be reached there.
    #[error("`{text}` cannot be {what}: {reason}; expected something like /ip4/1.2.3.4/udp/26700/quic-v1")]
    Unusable {
        /// As it was written.
        text: String,
        /// What it is for.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Its own address.
    #[error("`{0}` names this node itself")]
    Myself(String),
    /// It connects with its persistent peers alone, and this is none of them.
    #[error("`{0}` is no persistent peer, and this node connects with nobody else")]
    Closed(String),
    /// A persistent peer without its identity.
    #[error("`{0}` does not say who is there: write the peer's identity behind it, /p2p/12D3KooW…")]
    Nobody(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The seed is not one.
    #[error("the network key is not an Ed25519 seed: {0}")]
    Secret(String),
    /// A part of the network refuses its settings.
    #[error("the network cannot be set up: {0}")]
    Setup(String),
    /// What services declare makes no table.
    #[error(transparent)]
    Streams(#[from] StreamTableError),
    /// There is no runtime to run on.
    #[error("the network must be started on a tokio runtime")]
    NoRuntime,
}
