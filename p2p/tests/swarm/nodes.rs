//! Real nodes on loopback for the network's tests. Everything waits for events with a deadline.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use p2p::{Inbound, Network, NetworkConfig, NetworkEvent, PrivateAddresses, peer_key_of_secret, spawn};
use tokio::sync::mpsc;
use types::{ChainId, Hash32, PeerKey};

/// Nothing on loopback takes so long.
const DEADLINE: Duration = Duration::from_secs(60);

pub const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
pub const TCP: &str = "/ip4/127.0.0.1/tcp/0";

/// A place to listen at whose port is below those that the system gives to outgoing connections, so that it stays free while nobody listens.
#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "real sockets, for a moment")]
pub fn kept(listen: &str) -> String {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        let at = ("127.0.0.1", port);
        if std::net::TcpListener::bind(at).is_ok() && std::net::UdpSocket::bind(at).is_ok() {
            return listen.replace("/0", &format!("/{port}"));
        }
    }
}

pub struct Node {
    pub network: Network,
    pub inbound: Inbound,
    pub address: String,
}

pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

pub fn key(seed: u8) -> PeerKey {
    peer_key_of_secret([seed; 32]).expect("a seed")
}

pub fn config(seed: u8, listen: &str) -> NetworkConfig {
    let mut config = NetworkConfig::new(ChainId(Hash32([7; 32])), [seed; 32]);
    config.listen = vec![listen.to_owned()];
    config.private_addresses = PrivateAddresses::Allowed;
    config.gossip_heartbeat_ms = 100;
    config
}

impl Node {
    pub async fn start(config: NetworkConfig) -> Self {
        let (network, inbound) = spawn(config).expect("the network starts");
        let mut node = Self { network, inbound, address: String::new() };
        node.address = node
            .control("listening", |event| match event {
                NetworkEvent::Listening { address } => Some(address),
                _ => None,
            })
            .await;
        node
    }

    /// The first control event that `pick` wants.
    pub async fn control<T>(&mut self, what: &str, pick: impl Fn(NetworkEvent) -> Option<T>) -> T {
        first(what, &mut self.inbound.control, pick).await
    }

    pub async fn connected(&mut self, peer: PeerKey) {
        self.control("connected", |event| match event {
            NetworkEvent::Connected { peer: who, .. } if who == peer => Some(()),
            _ => None,
        })
        .await;
    }

    pub async fn disconnected(&mut self, peer: PeerKey) {
        self.control("disconnected", |event| match event {
            NetworkEvent::Disconnected { peer: who, .. } if who == peer => Some(()),
            _ => None,
        })
        .await;
    }

    /// The next consensus event, which must be a direct frame.
    pub async fn frame(&mut self) -> (PeerKey, p2p::Channel, Vec<u8>) {
        match in_time("a frame", self.inbound.consensus.recv()).await.expect("the network runs") {
            NetworkEvent::Direct { peer, channel, payload } => (peer, channel, payload.into_vec()),
            other => panic!("{other:?}"),
        }
    }

    pub async fn sync(&mut self) -> NetworkEvent {
        in_time("a sync event", self.inbound.sync.recv()).await.expect("the network runs")
    }

    pub async fn transaction(&mut self) -> NetworkEvent {
        in_time("gossip", self.inbound.transactions.recv()).await.expect("the network runs")
    }
}

async fn first<T>(what: &str, queue: &mut mpsc::Receiver<NetworkEvent>, pick: impl Fn(NetworkEvent) -> Option<T>) -> T {
    in_time(what, async {
        loop {
            let event = queue.recv().await.expect("the network runs");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    })
    .await
}

/// Two connected nodes that have pinned each other.
pub async fn pair(listen: &str) -> (Node, Node) {
    pair_with(config(1, listen), config(2, listen)).await
}

/// The same with settings for the seeds 1 and 2.
pub async fn pair_with(mut one: NetworkConfig, mut two: NetworkConfig) -> (Node, Node) {
    one.pinned = vec![key(1), key(2)];
    let mut one = Node::start(one).await;
    two.pinned = vec![key(1), key(2)];
    two.bootstrap = vec![one.address.clone()];
    let mut two = Node::start(two).await;
    one.connected(key(2)).await;
    two.connected(key(1)).await;
    (one, two)
}

pub fn bytes(value: impl AsRef<[u8]>) -> Arc<[u8]> {
    Arc::from(value.as_ref())
}
