//! Links whose other end is gone without a word: known within the patience, ended, and dialled anew.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "real sockets")]

use std::sync::Arc;

use crate::nodes::{Node, QUIC, TCP, bytes, config, in_time, key};
use p2p::{Channel, NetworkConfig, PrivateAddresses};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A wire between two nodes that can be cut: what is on it stays there, and no end hears of it.
struct Wire {
    port: u16,
    cut: watch::Sender<u32>,
}

impl Wire {
    /// To this port. Connections that come after a cut pass.
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (cut, cuts) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                let cuts = cuts.clone();
                tokio::spawn(pump(near_in, far_out, cuts.clone()));
                tokio::spawn(pump(far_in, near_out, cuts));
            }
        });
        Self { port: own, cut }
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut cuts: watch::Receiver<u32>,
) {
    cuts.borrow_and_update();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            biased;
            _ = cuts.changed() => std::future::pending().await,
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => if to.write_all(&buffer[..count]).await.is_err() { return },
            },
        }
    }
}

fn validator(seed: u8, listen: &str) -> NetworkConfig {
    let mut config = config(seed, listen);
    config.pinned = vec![key(1), key(2)];
    config.silence_ms_max = 1_800;
    config
}

fn port_of(node: &Node) -> u16 {
    node.address.rsplit('/').next().and_then(|port| port.parse().ok()).expect("a port")
}

fn ended(node: &Node) -> u64 {
    let counts = node.network.counts();
    counts.refused.iter().find(|(name, _)| *name == "link_dead").map_or(0, |(_, count)| *count)
}

// FAULTS HT3: a cut, and a second one, with much unread on the wire.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_was_cut_without_a_word_is_ended_at_both_ends_and_dialled_anew_each_time() {
    let mut settings = validator(1, TCP);
    settings.private_addresses = PrivateAddresses::Refused;
    let mut one = Node::start(settings).await;
    let wire = Wire::to(port_of(&one)).await;
    let mut settings = validator(2, TCP);
    // It knows no other way than the wire: what it is told of loopback it does not dial.
    settings.private_addresses = PrivateAddresses::Refused;
    settings.bootstrap = vec![format!("/ip4/127.0.0.1/tcp/{}", wire.port)];
    let mut two = Node::start(settings).await;
    for turn in 0..3_u32 {
        two.connected(key(1)).await;
        // Bodies may come that were on their way, and a machine that stood still has given the link up again: the word is said until it is heard.
        let mut turns = tokio::time::interval(std::time::Duration::from_millis(250));
        in_time("the word of this turn", async {
            loop {
                tokio::select! {
                    _ = turns.tick() => drop(two.network.send(key(1), Channel::Votes, bytes(turn.to_le_bytes()))),
                    frame = one.frame() => if frame.2 == turn.to_le_bytes() { break },
                }
            }
        })
        .await;
        in_time("one knows it too", async {
            while !one.network.is_connected(key(2)) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        wire.cut.send_modify(|cut| *cut += 1);
        // Neither has read the other's; a farewell would wait for that.
        for node in [(&one, key(2)), (&two, key(1))] {
            for _ in 0..3 {
                let body: Arc<[u8]> = bytes(vec![7; 4 << 20]);
                let _ = node.0.network.send(node.1, Channel::Bodies, body);
            }
        }
        two.disconnected(key(1)).await;
        // At the other end the new link may have come before the old one is given up.
        in_time("the dead link is ended", async {
            while ended(&one) <= u64::from(turn) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    two.connected(key(1)).await;
    two.network.send(key(1), Channel::Votes, bytes(b"again")).expect("sent");
    while one.frame().await.2 != b"again" {}
}

// FAULTS HT3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_link_between_living_ends_stays_for_longer_than_the_patience() {
    for listen in [QUIC, TCP] {
        let mut one = validator(1, listen);
        one.silence_ms_max = 2_700;
        let mut one = Node::start(one).await;
        let mut two = validator(2, listen);
        two.silence_ms_max = 2_700;
        two.bootstrap = vec![one.address.clone()];
        let mut two = Node::start(two).await;
        one.connected(key(2)).await;
        two.connected(key(1)).await;
        let quiet = tokio::time::timeout(std::time::Duration::from_millis(6_000), one.disconnected(key(2))).await;
        assert!(quiet.is_err(), "the link was given up");
        in_time("a word", async {
            two.network.send(key(1), Channel::Votes, bytes(b"still here")).expect("sent");
            assert_eq!(one.frame().await.2, b"still here");
        })
        .await;
    }
}
