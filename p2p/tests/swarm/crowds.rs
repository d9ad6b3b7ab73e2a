//! Crowds of strangers against a real node: they take what is theirs to take, and nobody else's.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "real sockets")]

use std::net::SocketAddr;
use std::time::Duration;

use crate::hostile::tag;
use crate::nodes::{Node, TCP, bytes, config, in_time, key, pair};
use futures::StreamExt;
use libp2p::identity::Keypair;
use libp2p::swarm::{Config, NetworkBehaviour, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Transport, identify, kad, noise, ping, request_response, tcp, yamux};
use p2p::{Channel, NetworkEvent, RefusalReason};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::hostile::Raw;

/// A stranger with our greeting, written on the library alone.
#[derive(NetworkBehaviour)]
struct Stranger {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    kad: kad::Behaviour<kad::store::MemoryStore>,
    raw: request_response::Behaviour<Raw>,
}

fn stranger(number: u16, protocol: &str) -> Swarm<Stranger> {
    let mut seed = [0xee; 32];
    seed[..2].copy_from_slice(&number.to_be_bytes());
    let keypair = Keypair::ed25519_from_bytes(seed).expect("a seed");
    let me = keypair.public().to_peer_id();
    let transport = tcp::tokio::Transport::new(tcp::Config::new())
        .upgrade(libp2p::core::upgrade::Version::V1)
        .authenticate(noise::Config::new(&keypair).expect("noise"))
        .multiplex(yamux::Config::default())
        .boxed();
    let name = |name: &str| StreamProtocol::try_from_owned(tag().protocol(name)).expect("a name");
    let raw = [(name(protocol), request_response::ProtocolSupport::Full)];
    let store = kad::store::MemoryStore::new(me);
    let behaviour = Stranger {
        identify: identify::Behaviour::new(identify::Config::new(tag().greeting(), keypair.public())),
        ping: ping::Behaviour::default(),
        kad: kad::Behaviour::with_config(me, store, kad::Config::new(name("kad"))),
        raw: request_response::Behaviour::with_codec(Raw::default(), raw, Default::default()),
    };
    let settings = Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(3_600));
    Swarm::new(transport, behaviour, me, settings)
}

fn id_of(node: &Node) -> PeerId {
    let public = libp2p::identity::ed25519::PublicKey::try_from_bytes(&node.network.key().0).expect("a key");
    libp2p::identity::PublicKey::from(public).to_peer_id()
}

fn refused(node: &Node, name: &str) -> u64 {
    let counts = node.network.counts();
    counts.refused.iter().find(|(of, _)| *of == name).map_or(0, |(_, count)| *count)
}

// FAULTS HC1: one stranger says again and again that it is elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_that_greets_without_end_is_cut_off_and_leaves_no_list_behind() {
    let (mut one, mut two) = pair(TCP).await;
    let victim = id_of(&one);
    let mut attacker = stranger(1, "sync");
    attacker.dial(one.address.parse::<Multiaddr>().expect("an address")).expect("dialled");
    let mut pushes = 0_u32;
    in_time("the attacker loses its connection", async {
        loop {
            let at_once = match attacker.select_next_some().await {
                SwarmEvent::ConnectionClosed { .. } => break,
                SwarmEvent::ConnectionEstablished { .. } => 8,
                // One more for each that has come to an end.
                SwarmEvent::Behaviour(StrangerEvent::Identify(
                    identify::Event::Pushed { .. } | identify::Event::Error { .. },
                )) => 1,
                _ => 0,
            };
            for _ in 0..at_once {
                pushes += 1;
                // Eight other addresses each time.
                let old: Vec<Multiaddr> = attacker.external_addresses().cloned().collect();
                old.iter().for_each(|address| attacker.remove_external_address(address));
                for part in 0..8_u32 {
                    let [_, a, b, c] = (pushes * 8 + part).to_be_bytes();
                    attacker.add_external_address(format!("/ip4/10.{a}.{b}.{c}/tcp/1").parse().expect("an address"));
                }
                attacker.behaviour_mut().identify.push([victim]);
            }
        }
    })
    .await;
    assert!(refused(&one, "streams_dropped") > 0);
    assert!(one.network.addresses().iter().all(|line| line.addresses.len() <= 8));
    for number in 0..100_u32 {
        two.network.send(key(1), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
        assert_eq!(one.frame().await.2, number.to_le_bytes());
        one.network.send(key(2), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
        assert_eq!(two.frame().await.2, number.to_le_bytes());
    }
}

fn port_of(node: &Node) -> u16 {
    node.address.rsplit('/').next().and_then(|port| port.parse().ok()).expect("a TCP port")
}

/// A way to a node on which everybody seems to come from another address of this machine.
pub async fn detour(victim: &Node, source: [u8; 4]) -> Multiaddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = port_of(victim);
    let own = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let socket = TcpSocket::new_v4().expect("a socket");
                socket.bind(SocketAddr::from((source, 0))).expect("an address of this machine");
                if let Ok(mut far) = socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    format!("/ip4/127.0.0.1/tcp/{own}").parse().expect("an address")
}

/// Strangers that come from one address and stay as long as they are let.
async fn crowd(victim: &Node, numbers: std::ops::Range<u16>, source: [u8; 4]) {
    let way = detour(victim, source).await;
    for number in numbers {
        let mut swarm = stranger(number, "sync");
        swarm.dial(way.clone()).expect("dialled");
        tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
    }
}

// FAULTS HC2: identities cost nothing, so one address gets a share, and others find their places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identities_of_one_address_leave_places_for_strangers_elsewhere_for_validators_and_for_dials() {
    let mut settings = config(1, TCP);
    settings.peers_max = 16;
    settings.pinned = vec![key(1), key(2)];
    let mut victim = Node::start(settings).await;
    crowd(&victim, 100..150, [127, 0, 0, 2]).await;
    in_time("one of the crowd gives way to another", async {
        // As many as may be on their way out at once; nobody of the crowd comes a second time.
        while refused(&victim, "gave_way") < 16 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Who was told to go is shown until its farewell is over.
    assert!(victim.network.counts().taken.incoming.0 <= 8);
    assert!(victim.network.peers().len() <= 8 + 16);
    for (seed, pinned) in [(2, true), (3, false), (4, false)] {
        let mut settings = config(seed, TCP);
        settings.bootstrap = vec![victim.address.clone()];
        let mut node = Node::start(settings).await;
        node.connected(key(1)).await;
        victim.connected(key(seed)).await;
        let seen = in_time("it is shown", async {
            loop {
                if let Some(seen) = victim.network.peers().into_iter().find(|peer| peer.peer == key(seed)) {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(seen.await.pinned, pinned);
        // It stays until the end.
        std::mem::forget(node);
    }
    let other = Node::start(config(5, TCP)).await;
    victim.network.dial(&other.address).expect("dialled");
    victim.connected(key(5)).await;
    let taken = victim.network.counts().taken;
    assert_eq!((taken.incoming.1, taken.outgoing.1), (12, 4));
    assert!((1..=4).contains(&taken.outgoing.0) && taken.incoming.0 <= 12, "{taken:?}");
}

// FAULTS HC2: connections that never say who they are, as many as the sender likes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_do_not_keep_a_validator_of_the_same_address_out() {
    let mut settings = config(1, TCP);
    settings.pinned = vec![key(1), key(2)];
    let mut victim = Node::start(settings).await;
    let port = port_of(&victim);
    // Whenever one is hung up on, another comes.
    for _ in 0..300 {
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(200));
            loop {
                pace.tick().await;
                if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
                    let mut left = Vec::new();
                    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut left).await;
                }
            }
        });
    }
    in_time("they are too many", async {
        while refused(&victim, "half_open_ended") < 100 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut settings = config(2, TCP);
    settings.pinned = vec![key(1), key(2)];
    settings.bootstrap = vec![victim.address.clone()];
    let mut two = Node::start(settings).await;
    two.connected(key(1)).await;
    victim.connected(key(2)).await;
    two.network.send(key(1), Channel::Votes, bytes(b"here")).expect("sent");
    assert_eq!(victim.frame().await.2, b"here");
}

// FAULTS HC4: above the bound strangers are refused, validators never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_memory_admits_its_validators_and_sends_strangers_away() {
    let mut settings = config(1, TCP);
    settings.pinned = vec![key(1), key(2)];
    settings.memory_bytes_max = 1 << 20;
    let mut victim = Node::start(settings).await;
    crowd(&victim, 200..203, [127, 0, 0, 2]).await;
    in_time("strangers are refused", async {
        while refused(&victim, "memory") == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(victim.network.peers().is_empty());
    let mut settings = config(2, TCP);
    settings.pinned = vec![key(1), key(2)];
    settings.bootstrap = vec![victim.address.clone()];
    let mut two = Node::start(settings).await;
    two.connected(key(1)).await;
    victim.connected(key(2)).await;
    let (held, most) = in_time("memory is looked at", async {
        loop {
            let seen = victim.network.counts().taken.memory_bytes;
            if seen.0 > 0 {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(held > most);
}

// FAULTS HC5: a channel for validators is refused before anything that is said on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_offered_no_channel_of_the_validators_and_nothing_is_held_against_it() {
    let mut victim = Node::start(config(1, TCP)).await;
    let id = id_of(&victim);
    for (number, channel) in [(1, Channel::Votes), (2, Channel::Proposals), (3, Channel::Bodies)] {
        let mut stranger = stranger(number, channel.row().name);
        stranger.dial(victim.address.parse::<Multiaddr>().expect("an address")).expect("dialled");
        let mut giant = u32::MAX.to_le_bytes().to_vec();
        giant.resize(4 << 20, 0);
        let failure = in_time("an answer", async {
            loop {
                match stranger.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { .. } => {
                        stranger.behaviour_mut().raw.send_request(&id, std::mem::take(&mut giant));
                    }
                    SwarmEvent::Behaviour(StrangerEvent::Raw(request_response::Event::OutboundFailure {
                        error,
                        ..
                    })) => break error,
                    _ => {}
                }
            }
        })
        .await;
        assert!(matches!(failure, request_response::OutboundFailure::UnsupportedProtocols), "{failure}");
        drop(stranger);
        let mut blocked = false;
        while let Ok(event) = victim.inbound.control.try_recv() {
            blocked |= matches!(event, NetworkEvent::Refused { why: RefusalReason::BadFrame { .. }, .. });
        }
        assert!(!blocked);
    }
}
