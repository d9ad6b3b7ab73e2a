//! Streams of services between real nodes on loopback: what passes, what waits, and what hostile ends cannot do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::hostile::{Manners, attack, attack_with};
use crate::nodes::{Node, QUIC, TCP, bytes, config, in_time, key, pair_with};
use p2p::{
    Ban, Channel, Network, NetworkConfig, NetworkEvent, NetworkStream, Offered, PrivateAddresses, Row, StreamCounts,
    StreamError, StreamRow, arrived, grant, spawn,
};
use tokio::sync::Notify;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

pub const TIDES: StreamRow = StreamRow {
    name: "tides",
    streams_per_peer_max: 4,
    streams_max: 16,
    frame_bytes_max: MIB,
    stream_bytes_max: 4 * MIB,
    bytes_max: 64 * MIB,
    bytes_per_second: 256 << 20,
};

pub fn speaking(seed: u8, listen: &str) -> NetworkConfig {
    NetworkConfig { streams: vec![TIDES], ..config(seed, listen) }
}

/// Two nodes that have pinned each other; the first one offers the protocol.
pub async fn pair(listen: &str) -> (Node, Node) {
    pair_of(listen, TIDES).await
}

/// The same with this row.
pub async fn pair_of(listen: &str, row: StreamRow) -> (Node, Node) {
    let speaks = |seed| NetworkConfig { streams: vec![row], ..speaking(seed, listen) };
    let (one, two) = pair_with(speaks(1), speaks(2)).await;
    one.network.offer_streams("tides", Offered::Yes);
    (one, two)
}

pub async fn open(network: &Network, to: u8) -> NetworkStream {
    in_time("a stream is opened", network.open_stream("tides", key(to))).await.expect("it opens")
}

pub async fn accept(network: &Network) -> NetworkStream {
    in_time("a stream comes", network.accept_stream("tides")).await.expect("it is accepted")
}

pub async fn next(stream: &NetworkStream) -> Result<Vec<u8>, StreamError> {
    in_time("a frame, or the end", stream.next()).await
}

pub fn counts(network: &Network) -> StreamCounts {
    network.counts().streams.pop().expect("one protocol")
}

/// Waits for what is counted.
pub async fn counted(network: &Network, what: &str, holds: impl Fn(&StreamCounts) -> bool) {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(5));
    in_time(what, async {
        while !holds(&counts(network)) {
            looks.tick().await;
        }
    })
    .await;
}

/// Answers every frame of every stream with itself.
pub fn echo(network: &Network) {
    let network = network.clone();
    tokio::spawn(async move {
        while let Ok(stream) = network.accept_stream("tides").await {
            tokio::spawn(async move {
                while let Ok(frame) = stream.next().await {
                    if stream.send(frame).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
}

pub async fn echoes(stream: &NetworkStream, frame: Vec<u8>) {
    in_time("it is sent", stream.send(frame.clone())).await.expect("it is sent");
    assert!(next(stream).await == Ok(frame));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_pass_both_ways_in_order_over_quic_and_tcp_and_a_close_ends_both_ends() {
    for listen in [QUIC, TCP] {
        let (one, two) = pair(listen).await;
        let ours = open(&two.network, 1).await;
        let theirs = accept(&one.network).await;
        assert_eq!((ours.peer(), theirs.peer()), (key(1), key(2)));
        let sending = async {
            for number in 0..2_000_u32 {
                ours.send(number.to_le_bytes().to_vec()).await.expect("sent");
            }
        };
        let answering = async {
            for number in 0..2_000_u32 {
                assert_eq!(next(&theirs).await, Ok(number.to_le_bytes().to_vec()));
                theirs.send(number.to_be_bytes().to_vec()).await.expect("sent");
            }
        };
        let hearing = async {
            for number in 0..2_000_u32 {
                assert_eq!(next(&ours).await, Ok(number.to_be_bytes().to_vec()));
            }
        };
        tokio::join!(sending, answering, hearing);
        let longest: Vec<u8> = (0..MIB).map(|index| (index % 251) as u8).collect();
        ours.send(longest.clone()).await.expect("sent");
        assert!(next(&theirs).await == Ok(longest));
        assert!(matches!(ours.send(vec![0; MIB + 1]).await, Err(StreamError::Frame(_))));
        // What was sent before a close is heard, and then that it is closed.
        ours.send(b"farewell".to_vec()).await.expect("sent");
        in_time("it closes", ours.close()).await;
        assert_eq!(next(&theirs).await, Ok(b"farewell".to_vec()));
        assert_eq!(next(&theirs).await, Err(StreamError::Closed));
        assert_eq!(theirs.send(vec![1]).await, Err(StreamError::Closed));
        drop((ours, theirs));
        counted(&one.network, "no stream is open", |counts| counts.open == 0 && counts.opened == 1).await;
        assert_eq!(counts(&one.network).bytes_in, (2_000 * 4 + MIB + 8) as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_serve_each_other_at_once() {
    let mut first = Node::start(speaking(1, QUIC)).await;
    let address = first.address.clone();
    let mut others = Vec::new();
    for seed in [2, 3] {
        let config = NetworkConfig { bootstrap: vec![address.clone()], ..speaking(seed, QUIC) };
        let mut other = Node::start(config).await;
        other.connected(key(1)).await;
        first.connected(key(seed)).await;
        others.push(other);
    }
    let networks = [first.network.clone(), others[0].network.clone(), others[1].network.clone()];
    for network in &networks {
        network.offer_streams("tides", Offered::Yes);
        echo(network);
    }
    let third = others[1].address.clone();
    in_time("the third is found", networks[1].reach(key(3), &[third])).await.expect("it is met");
    in_time("and has found who looked for it", networks[2].meet(key(2))).await.expect("it is met");
    let exchange = |from: usize, to: u8| {
        let network = networks[from].clone();
        async move {
            let stream = open(&network, to).await;
            for number in 0..20_u8 {
                echoes(&stream, vec![number; 300 * KIB]).await;
            }
        }
    };
    tokio::join!(exchange(0, 2), exchange(0, 3), exchange(1, 1), exchange(1, 3), exchange(2, 1), exchange(2, 2));
}

// FAULTS HB7: what nobody takes waits within its window, and the rest waits with its sender.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_nobody_takes_hold_no_more_than_their_windows_and_votes_pass_them() {
    for listen in [QUIC, TCP] {
        let (mut one, two) = pair(listen).await;
        let mut held = Vec::new();
        let sent = Arc::new(AtomicUsize::new(0));
        for _ in 0..TIDES.streams_per_peer_max {
            let ours = open(&two.network, 1).await;
            held.push(accept(&one.network).await);
            let sent = sent.clone();
            tokio::spawn(async move {
                for number in 0..100_u8 {
                    if ours.send(vec![number; MIB / 2]).await.is_err() {
                        return;
                    }
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                ours.close().await;
            });
        }
        // Windows begin with room for one longest frame, and grow only for who takes.
        let full = TIDES.streams_per_peer_max * (TIDES.first_bytes() / Row::charge(MIB / 2));
        counted(&one.network, "the windows are full", |counts| counts.bytes_in >= (full * MIB / 2) as u64).await;
        for number in 0..1_000_u32 {
            two.network.send(key(1), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
            assert_eq!(one.frame().await.2, number.to_le_bytes());
        }
        assert_eq!(counts(&one.network).bytes_in, (full * MIB / 2) as u64);
        assert!(sent.load(Ordering::Relaxed) <= full + TIDES.streams_per_peer_max);
        // And all of it comes once it is taken, by wider windows that stay within the stream's bound.
        for stream in held {
            for number in 0..100_u8 {
                assert!(next(&stream).await == Ok(vec![number; MIB / 2]), "{number}");
            }
            assert_eq!(next(&stream).await, Err(StreamError::Closed));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_has_so_many_streams_and_what_is_not_spoken_or_declared_is_said() {
    let (one, two) = pair(QUIC).await;
    let mut held = Vec::new();
    for _ in 0..TIDES.streams_per_peer_max {
        held.push((open(&two.network, 1).await, accept(&one.network).await));
    }
    let opened = |network: Network, name: &'static str, to: u8| async move {
        in_time("an answer", network.open_stream(name, key(to))).await.map(drop)
    };
    assert_eq!(opened(two.network.clone(), "tides", 1).await, Err(StreamError::TooMany));
    assert_eq!(opened(two.network.clone(), "ebb", 1).await, Err(StreamError::NotDeclared));
    assert_eq!(opened(two.network.clone(), "tides", 9).await, Err(StreamError::NotConnected));
    // The second node offers nothing.
    assert_eq!(opened(one.network.clone(), "tides", 2).await, Err(StreamError::NotSpoken));
    drop(held);
    counted(&two.network, "all have ended", |counts| counts.open == 0).await;
    counted(&one.network, "all have ended", |counts| counts.open == 0).await;
    drop(open(&two.network, 1).await);
    one.network.offer_streams("tides", Offered::No);
    counted(&two.network, "all have ended", |counts| counts.open == 0).await;
    assert_eq!(opened(two.network.clone(), "tides", 1).await, Err(StreamError::NotSpoken));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_only_dials_opens_streams_and_takes_no_part_in_anything_else() {
    for listen in [QUIC, TCP] {
        let mut node = Node::start(speaking(1, listen)).await;
        node.network.offer_streams("tides", Offered::Yes);
        echo(&node.network);
        let mut config = NetworkConfig::dial_only(speaking(1, listen).chain_id, [7; 32], vec![TIDES]);
        config.private_addresses = PrivateAddresses::Allowed;
        let (client, _inbound) = spawn(config).expect("it starts");
        client.dial(&node.address).expect("it is dialled");
        in_time("the node is met", client.meet(key(1))).await.expect("it is met");
        node.connected(key(7)).await;
        let stream = open(&client, 1).await;
        for number in 0..10_u8 {
            echoes(&stream, vec![number; MIB]).await;
        }
        assert!(client.listen_addresses().is_empty());
        // It hears and tells no gossip, and answers no questions.
        node.network.request(key(7), vec![1]).expect("asked");
        match node.sync().await {
            NetworkEvent::Response { result, .. } => assert_eq!(result.map(drop), Err(p2p::RequestError::Unsupported)),
            other => panic!("{other:?}"),
        }
        while let Ok(event) = node.inbound.control.try_recv() {
            assert!(!matches!(event, NetworkEvent::Listens { .. }), "{event:?}");
        }
        in_time("the client ends", client.shutdown()).await;
        assert_eq!(next(&stream).await, Err(StreamError::Stopping));
        node.disconnected(key(7)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_banned_loses_its_streams_and_opens_no_more() {
    let (one, mut two) = pair(QUIC).await;
    let ours = open(&two.network, 1).await;
    let theirs = accept(&one.network).await;
    one.network.ban(Ban::Peer(key(2))).expect("banned");
    two.disconnected(key(1)).await;
    assert_eq!(next(&theirs).await, Err(StreamError::Lost));
    assert_eq!(next(&ours).await, Err(StreamError::Lost));
    let again = in_time("an answer", two.network.open_stream("tides", key(1))).await;
    assert_eq!(again.map(drop), Err(StreamError::NotConnected));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_end_streams_are_refused_first_and_closed_then() {
    let (one, two) = pair(QUIC).await;
    let ours = open(&two.network, 1).await;
    let theirs = accept(&one.network).await;
    one.network.refuse_streams();
    assert_eq!(one.network.accept_stream("tides").await.map(drop), Err(StreamError::Stopping));
    assert_eq!(one.network.open_stream("tides", key(2)).await.map(drop), Err(StreamError::Stopping));
    let refused = in_time("an answer", two.network.open_stream("tides", key(1))).await;
    assert_eq!(refused.map(drop), Err(StreamError::NotSpoken));
    theirs.send(b"those that are open go on".to_vec()).await.expect("sent");
    assert!(next(&ours).await.is_ok());
    theirs.send(b"the last word".to_vec()).await.expect("sent");
    in_time("all are closed", one.network.close_streams()).await;
    assert_eq!(next(&ours).await, Ok(b"the last word".to_vec()));
    assert!(next(&ours).await.is_err());
    assert_eq!(next(&theirs).await, Err(StreamError::Stopping));
    assert!(one.network.is_connected(key(2)) && counts(&one.network).open == 0);
}

/// A frame's first bytes.
fn prefix(length: u32) -> [u8; 4] {
    length.to_le_bytes()
}

// FAULTS P1: nothing that a hostile end writes reaches the service, and each such stream ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_breaks_the_rules_of_a_stream_loses_it_and_its_standing_and_disturbs_nobody() {
    let (mut one, two) = pair(TCP).await;
    echo(&one.network);
    let beyond = [&grant(MIB as u32)[..], &prefix(1_000), &[1; 1_000], &prefix(MIB as u32), &[2; 100]].concat();
    let crimes: [&[u8]; 6] = [
        // Too long, empty, and more than was allowed.
        &[&grant(1_000)[..], &prefix(MIB as u32 + 1)].concat(),
        &[&grant(1_000)[..], &prefix(0)].concat(),
        &beyond,
        // A frame before the first word, more room than any stream has, and thanks for what was not sent.
        &[&prefix(4)[..], b"tide"].concat(),
        &[grant(16 << 20), grant(1)].concat(),
        &[grant(1_000), arrived(1)].concat(),
    ];
    for (number, crime) in crimes.iter().enumerate() {
        attack(&one, 40 + number as u8, "tides", crime.to_vec()).await;
        let broken = number as u64 + 1;
        counted(&one.network, "a stream was broken", |counts| counts.broken == broken).await;
    }
    assert_eq!(
        in_time("it is held against them", async {
            loop {
                let offences = one.network.counts().offences.get("bad stream").copied().unwrap_or_default();
                if offences == 6 {
                    break offences;
                }
                tokio::task::yield_now().await;
            }
        })
        .await,
        6
    );
    counted(&one.network, "all have ended", |counts| counts.open == 0).await;
    echoes(&open(&two.network, 1).await, vec![7; MIB]).await;
    two.network.send(key(1), Channel::Votes, bytes(b"undisturbed")).expect("sent");
    assert_eq!(one.frame().await.2, b"undisturbed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_openings_takes_its_own_seats_and_costs_nobody_else() {
    let (mut one, two) = pair(TCP).await;
    echo(&one.network);
    let manners = Manners { streams: 1_000, hangs: true, ..Manners::default() };
    attack_with(&one, 50, "tides", grant(1_000).to_vec(), manners).await;
    counted(&one.network, "it is refused", |counts| counts.refused > 0).await;
    let stream = open(&two.network, 1).await;
    echoes(&stream, vec![7; MIB]).await;
    let of_flood = counts(&one.network).open;
    assert!(of_flood <= 1 + TIDES.streams_per_peer_max as u64, "{of_flood}");
    two.network.send(key(1), Channel::Votes, bytes(b"undisturbed")).expect("sent");
    assert_eq!(one.frame().await.2, b"undisturbed");
    // Who opens and closes without end loses the connection.
    let manners = Manners { streams: 1_000_000, at_once: 16, ..Manners::default() };
    attack_with(&one, 51, "tides", grant(1_000).to_vec(), manners).await;
    one.disconnected(key(51)).await;
    echoes(&stream, vec![8; MIB]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_a_stream_and_says_nothing_or_begins_a_frame_and_goes_no_further_is_dropped() {
    let (one, two) = pair(TCP).await;
    let hangs = Manners { hangs: true, ..Manners::default() };
    attack_with(&one, 60, "tides", Vec::new(), hangs.clone()).await;
    let signal = Arc::new(Notify::new());
    let half = [&prefix(1_000)[..], &[1; 10]].concat();
    let goes_on = Some((signal.clone(), half));
    attack_with(&one, 61, "tides", grant(1_000).to_vec(), Manners { goes_on, ..hangs }).await;
    let begun = accept(&one.network).await;
    assert_eq!(begun.peer(), key(61));
    // Words go before frames, so now it may send.
    begun.send(vec![1; 10]).await.expect("sent");
    counted(&one.network, "it is written", |counts| counts.bytes_out == 10).await;
    signal.notify_one();
    assert_eq!(next(&begun).await, Err(StreamError::Stuck));
    counted(&one.network, "the silent one is refused", |counts| counts.refused == 1 && counts.open == 0).await;
    // Neither was handed to the service as a stream that is whole, and others are served.
    echo(&one.network);
    echoes(&open(&two.network, 1).await, vec![7; MIB]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lets_us_send_and_never_reads_costs_one_frame_and_its_stream() {
    let (mut one, two) = pair(TCP).await;
    let manners = Manners { hangs: true, ..Manners::default() };
    attack_with(&one, 70, "tides", grant(16 << 20).to_vec(), manners).await;
    let deaf = accept(&one.network).await;
    let mut sent = 0;
    let end = loop {
        match in_time("it is sent, or ends", deaf.send(vec![3; MIB])).await {
            Ok(()) => sent += 1,
            Err(end) => break end,
        }
        assert!(sent <= 4, "what it has not got is bounded");
    };
    assert_eq!(end, StreamError::Stuck);
    drop(deaf);
    counted(&one.network, "it has ended", |counts| counts.open == 0).await;
    echo(&one.network);
    echoes(&open(&two.network, 1).await, vec![7; MIB]).await;
    two.network.send(key(1), Channel::Votes, bytes(b"undisturbed")).expect("sent");
    assert_eq!(one.frame().await.2, b"undisturbed");
}
