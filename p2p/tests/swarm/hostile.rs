//! Hostile clients against a real node: it throws them out and goes on.

use std::io;
use std::sync::Arc;

use crate::nodes::{Node, TCP, bytes, config, in_time, key, pair};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Codec, ProtocolSupport};
use libp2p::swarm::{Config, NetworkBehaviour, StreamProtocol, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Transport, identify, noise, ping, tcp, yamux};
use p2p::{ChainTag, Channel, FrameError, NetworkEvent, RefusalReason};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use types::{ChainId, Hash32};

/// Writes bytes as they are, whatever the protocol says, and then waits for the other end to give up.
#[derive(Clone, Default)]
pub struct Raw {
    manners: Manners,
}

impl Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = ();

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
    ) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        stream: &mut T,
    ) -> io::Result<()> {
        stream.read_to_end(&mut Vec::new()).await.map(|_| ())
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        stream: &mut T,
        request: Vec<u8>,
    ) -> io::Result<()> {
        stream.write_all(&request).await?;
        if let Some((signal, more)) = &self.manners.goes_on {
            stream.flush().await?;
            signal.notified().await;
            stream.write_all(more).await?;
        }
        if self.manners.hangs {
            stream.flush().await?;
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        (): (),
    ) -> io::Result<()> {
        Ok(())
    }
}

#[derive(NetworkBehaviour)]
struct Hostile {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    raw: request_response::Behaviour<Raw>,
}

pub fn tag() -> ChainTag {
    ChainTag::new(ChainId(Hash32([7; 32])))
}

/// How an attacker behaves.
#[derive(Clone)]
pub struct Manners {
    /// Streams that it opens.
    pub streams: usize,
    /// How many of them at once: another one when one has ended.
    pub at_once: usize,
    /// It neither reads nor closes.
    pub hangs: bool,
    /// What it writes once it is told to.
    pub goes_on: Option<(Arc<Notify>, Vec<u8>)>,
}

impl Default for Manners {
    fn default() -> Self {
        Self { streams: 1, at_once: usize::MAX, hangs: false, goes_on: None }
    }
}

/// A peer with our greeting that will write `bytes` on a stream of the protocol `name`.
pub async fn attack(victim: &Node, seed: u8, name: &str, bytes: Vec<u8>) {
    attack_with(victim, seed, name, bytes, Manners::default()).await;
}

/// The same in other manners.
pub async fn attack_with(victim: &Node, seed: u8, name: &str, bytes: Vec<u8>, manners: Manners) {
    attack_by(victim.address.parse().expect("an address"), seed, name, bytes, manners).await;
}

/// The same by this way.
pub async fn attack_by(way: Multiaddr, seed: u8, name: &str, bytes: Vec<u8>, manners: Manners) {
    let keypair = Keypair::ed25519_from_bytes([seed; 32]).expect("a seed");
    let me = keypair.public().to_peer_id();
    let transport = tcp::tokio::Transport::new(tcp::Config::new())
        .upgrade(libp2p::core::upgrade::Version::V1)
        .authenticate(noise::Config::new(&keypair).expect("noise"))
        .multiplex(yamux::Config::default())
        .boxed();
    let protocol = StreamProtocol::try_from_owned(tag().protocol(name)).expect("a name");
    let behaviour = Hostile {
        identify: identify::Behaviour::new(identify::Config::new(tag().greeting(), keypair.public())),
        ping: ping::Behaviour::default(),
        raw: request_response::Behaviour::with_codec(
            Raw { manners: manners.clone() },
            [(protocol, ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(std::time::Duration::from_secs(60))
                .with_max_concurrent_streams(manners.streams.max(100)),
        ),
    };
    let mut swarm = Swarm::new(transport, behaviour, me, Config::with_tokio_executor());
    swarm.dial(way).expect("dialled");
    let mut left = manners.streams;
    tokio::spawn(async move {
        loop {
            let (victim, more): (PeerId, usize) = match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => (peer_id, manners.at_once),
                SwarmEvent::Behaviour(HostileEvent::Raw(
                    request_response::Event::Message {
                        peer, message: request_response::Message::Response { .. }, ..
                    }
                    | request_response::Event::OutboundFailure { peer, .. },
                )) => (peer, 1),
                _ => continue,
            };
            for _ in 0..more.min(left) {
                left -= 1;
                swarm.behaviour_mut().raw.send_request(&victim, bytes.clone());
            }
        }
    });
}

/// A peer that connects and says nothing, as if it had been killed at that moment; it ends when it is hung up on.
pub fn silent(victim: &Node, seed: u8) -> tokio::task::JoinHandle<()> {
    let keypair = Keypair::ed25519_from_bytes([seed; 32]).expect("a seed");
    let me = keypair.public().to_peer_id();
    let transport = tcp::tokio::Transport::new(tcp::Config::new())
        .upgrade(libp2p::core::upgrade::Version::V1)
        .authenticate(noise::Config::new(&keypair).expect("noise"))
        .multiplex(yamux::Config::default())
        .boxed();
    let settings = Config::with_tokio_executor().with_idle_connection_timeout(std::time::Duration::from_secs(3_600));
    let mut swarm = Swarm::new(transport, libp2p::swarm::dummy::Behaviour, me, settings);
    swarm.dial(victim.address.parse::<Multiaddr>().expect("an address")).expect("dialled");
    tokio::spawn(async move { while !matches!(swarm.select_next_some().await, SwarmEvent::ConnectionClosed { .. }) {} })
}

async fn refusal(victim: &mut Node, seed: u8) -> RefusalReason {
    victim
        .control("refused", |event| match event {
            NetworkEvent::Refused { peer, why } if peer == key(seed) => Some(why),
            _ => None,
        })
        .await
}

// FAULTS P1: length prefix 2^32 - 1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_giant_prefix_on_any_direct_stream_gets_its_sender_thrown_out() {
    let (mut one, mut two) = pair(TCP).await;
    // Only validators are heard on their channels at all.
    one.network.pin([1, 2, 11, 12, 14].map(key).to_vec()).expect("pinned");
    for (seed, channel) in [(11, Channel::Votes), (12, Channel::Bodies), (13, Channel::TransactionPush)] {
        attack(&one, seed, channel.row().name, u32::MAX.to_le_bytes().to_vec()).await;
        let why = refusal(&mut one, seed).await;
        let error = FrameError::TooLong { length: u32::MAX as usize, max: channel.row().bytes_max };
        assert_eq!(why, RefusalReason::BadFrame { channel, error });
    }
    attack(&one, 14, "proposals", vec![0; 4]).await;
    assert_eq!(
        refusal(&mut one, 14).await,
        RefusalReason::BadFrame { channel: Channel::Proposals, error: FrameError::Empty },
    );
    two.network.send(key(1), Channel::Votes, bytes(b"undisturbed")).expect("sent");
    assert_eq!(one.frame().await, (key(2), Channel::Votes, b"undisturbed".to_vec()));
    one.network.send(key(2), Channel::Votes, bytes(b"both ways")).expect("sent");
    assert_eq!(two.frame().await.2, b"both ways");
}

// FAULTS P1: a request that claims too much, or says more than one thing, is never heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_never_reach_the_user_and_cost_the_senders_standing() {
    let mut victim = Node::start(config(1, TCP)).await;
    let giant = u32::MAX.to_le_bytes().to_vec();
    let trailing = [&2_u32.to_le_bytes()[..], b"abc"].concat();
    for (seed, bytes) in [(21, giant), (22, trailing)] {
        attack(&victim, seed, "sync", bytes).await;
        victim.connected(key(seed)).await;
    }
    // A good request of a third peer is the first that is heard.
    attack(&victim, 23, "sync", [&2_u32.to_le_bytes()[..], b"ok"].concat()).await;
    match victim.sync().await {
        NetworkEvent::Request { peer, payload, .. } => assert_eq!((peer, &payload[..]), (key(23), &b"ok"[..])),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_garbage_on_the_port_disturbs_nobody() {
    let (one, mut two) = pair(TCP).await;
    let parsed: Multiaddr = one.address.parse().expect("an address");
    let port = parsed.iter().find_map(|part| match part {
        libp2p::multiaddr::Protocol::Tcp(port) => Some(port),
        _ => None,
    });
    let port = port.expect("a TCP port");
    let multistream = b"\x13/multistream/1.0.0\n".to_vec();
    let attacks = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 100_000],
        [multistream.clone(), vec![0xff; 10_000]].concat(),
        [multistream, b"\x07/noise\n".to_vec(), vec![0xff, 0xff], vec![1; 70_000]].concat(),
    ];
    for attack in attacks {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connected");
        // The node may hang up in the middle.
        let _ = stream.write_all(&attack).await;
        let mut left = Vec::new();
        let _ =
            in_time("the node hangs up", async { tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut left).await })
                .await;
    }
    one.network.send(key(2), Channel::Votes, bytes(b"undisturbed")).expect("sent");
    assert_eq!(two.frame().await.2, b"undisturbed");
    assert_eq!(one.network.peers().len(), 1);
}
