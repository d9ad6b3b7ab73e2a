//! What streams of services share between real nodes: a peer's rate, a connection, seats, turns of looking for peers. Nobody's share is
//! used up by another, and no honest peer is punished because its own is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::crowds::detour;
use crate::hostile::{Manners, attack_by, attack_with};
use crate::nodes::{Node, QUIC, TCP, bytes, in_time, key, pair_with};
use crate::streams::{TIDES, accept, counted, counts, echo, echoes, next, open, pair, pair_of, speaking};
use p2p::{
    Channel, Network, NetworkConfig, NetworkEvent, NetworkStream, Offered, STREAMS_PER_PEER_MAX, StreamError,
    StreamRow, grant,
};

const KIB: usize = 1024;

/// Two strangers, the second of which has dialled the first; both offer the protocol.
async fn strangers(listen: &str, row: StreamRow) -> (Node, Node) {
    let speaks = |seed| NetworkConfig { streams: vec![row], ..speaking(seed, listen) };
    let mut one = Node::start(speaks(1)).await;
    let mut two = Node::start(NetworkConfig { bootstrap: vec![one.address.clone()], ..speaks(2) }).await;
    one.connected(key(2)).await;
    two.connected(key(1)).await;
    for node in [&one, &two] {
        node.network.offer_streams("tides", Offered::Yes);
    }
    (one, two)
}

/// Sends and takes as much as it may.
fn pour_and_drain(stream: NetworkStream) {
    tokio::spawn(async move {
        let pour = async { while stream.send(vec![7; 30 * KIB]).await.is_ok() {} };
        let drain = async { while stream.next().await.is_ok() {} };
        tokio::join!(pour, drain);
    });
}

// FAULTS HB9: the slowest row, and two streams that use up what either end may receive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_used_up_its_rate_opens_streams_and_speaks_first_on_them_and_nobody_is_punished_for_it() {
    let row = StreamRow { frame_bytes_max: 32 * KIB, stream_bytes_max: 256 * KIB, bytes_per_second: 64 << 10, ..TIDES };
    for listen in [QUIC, TCP] {
        let (one, two) = strangers(listen, row).await;
        for (from, to, seed) in [(&two, &one, 1), (&one, &two, 2)] {
            pour_and_drain(open(&from.network, seed).await);
            pour_and_drain(accept(&to.network).await);
        }
        let busy = |counts: p2p::StreamCounts| counts.bytes_in > 64 << 10;
        counted(&one.network, "the rate of one is used up", |counts| busy(counts.clone())).await;
        counted(&two.network, "and that of the other", |counts| busy(counts.clone())).await;
        for number in 0..2_u8 {
            for (from, to, seed) in [(&two, &one, 1), (&one, &two, 2)] {
                // Both ends speak as soon as they have the stream.
                let ours = open(&from.network, seed).await;
                in_time("it is sent", ours.send(vec![number; 100])).await.expect("sent");
                let theirs = accept(&to.network).await;
                in_time("it is sent", theirs.send(vec![number; 200])).await.expect("sent");
                assert_eq!(next(&theirs).await, Ok(vec![number; 100]));
                assert_eq!(next(&ours).await, Ok(vec![number; 200]));
            }
        }
        for node in [&one, &two] {
            assert!(counts(&node.network).broken == 0 && counts(&node.network).refused == 0);
            assert!(node.network.counts().offences.is_empty() && node.network.peers().len() == 1);
        }
    }
}

/// A peer has as many streams of it as of all protocols together.
fn all_of_a_peer(frame_bytes_max: usize) -> StreamRow {
    StreamRow {
        streams_per_peer_max: STREAMS_PER_PEER_MAX,
        streams_max: 4 * STREAMS_PER_PEER_MAX,
        frame_bytes_max,
        stream_bytes_max: 2 * frame_bytes_max,
        ..TIDES
    }
}

/// Opens a stream, also when the other end has not yet seen earlier ones go.
async fn open_anew(network: &Network, to: u8) -> NetworkStream {
    in_time("a stream is opened", async {
        loop {
            match network.open_stream("tides", key(to)).await {
                Err(StreamError::Refused) => tokio::task::yield_now().await,
                opened => break opened.expect("it opens"),
            }
        }
    })
    .await
}

// FAULTS HB9: as many streams both ways as a table may declare, beside requests that wait, and all of them anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_streams_as_there_may_be_both_ways_never_end_the_connection_that_carries_votes() {
    let row = all_of_a_peer(64 * KIB);
    for listen in [TCP, QUIC] {
        let (mut one, mut two) = pair_of(listen, row).await;
        two.network.offer_streams("tides", Offered::Yes);
        for _ in 0..16 {
            one.network.request(key(2), vec![1]).expect("asked");
            two.network.request(key(1), vec![1]).expect("asked");
        }
        for round in 0..2_u8 {
            let open_all = async |from: &Network, to: u8| {
                let mut held = Vec::new();
                for _ in 0..STREAMS_PER_PEER_MAX {
                    held.push(open_anew(from, to).await);
                }
                held
            };
            let accept_all = async |at: &Network| {
                let mut held = Vec::new();
                for _ in 0..STREAMS_PER_PEER_MAX {
                    held.push(accept(at).await);
                }
                held
            };
            let (to_one, to_two, at_one, at_two) = tokio::join!(
                open_all(&two.network, 1),
                open_all(&one.network, 2),
                accept_all(&one.network),
                accept_all(&two.network),
            );
            for stream in to_one.iter().chain(&to_two) {
                stream.send(vec![round; 64 * KIB]).await.expect("sent");
            }
            for stream in at_one.iter().chain(&at_two) {
                assert!(next(stream).await == Ok(vec![round; 64 * KIB]));
            }
            for number in 0..100_u32 {
                two.network.send(key(1), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
                assert_eq!(one.frame().await.2, number.to_le_bytes());
                one.network.send(key(2), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
                assert_eq!(two.frame().await.2, number.to_le_bytes());
            }
            drop((to_one, to_two, at_one, at_two));
            for node in [&one, &two] {
                counted(&node.network, "all have ended", |counts| counts.open == 0).await;
            }
        }
        for node in [&mut one, &mut two] {
            while let Ok(event) = node.inbound.control.try_recv() {
                assert!(!matches!(event, NetworkEvent::Disconnected { .. }), "{event:?}");
            }
        }
    }
}

// FAULTS HB9: identities cost nothing, and addresses little.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_of_many_addresses_leave_the_validators_their_streams() {
    let (one, two) = pair(TCP).await;
    for (number, seed) in (80..88).enumerate() {
        let way = detour(&one, [127, 0, 1, 1 + number as u8]).await;
        let manners = Manners { streams: 10, hangs: true, ..Manners::default() };
        attack_by(way, seed, "tides", grant(1_000).to_vec(), manners).await;
    }
    let share = (TIDES.streams_max - 2 * TIDES.streams_per_peer_max) as u64;
    counted(&one.network, "they have their share", |counts| counts.open == share && counts.refused > 0).await;
    echo(&one.network);
    let mut held = Vec::new();
    for number in 0..TIDES.streams_per_peer_max {
        let stream = open(&two.network, 1).await;
        echoes(&stream, vec![number as u8; 1 << 20]).await;
        held.push(stream);
    }
    assert!(counts(&one.network).open <= share + TIDES.streams_per_peer_max as u64);
}

// FAULTS HB9: what a service gets wrong costs no validator its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_opens_streams_without_end_loses_those_and_keeps_its_connection() {
    let (mut one, two) = pair(TCP).await;
    echo(&one.network);
    one.network.pin([1, 2, 52].map(key).to_vec()).expect("pinned");
    let manners = || Manners { streams: 600, at_once: 8, ..Manners::default() };
    let offences = |network: &Network| network.counts().offences.get("too many streams of services").copied();
    attack_with(&one, 52, "tides", grant(1_000).to_vec(), manners()).await;
    one.connected(key(52)).await;
    in_time("it opens too many", async {
        while offences(&one.network) != Some(1) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // A stranger that does the same goes.
    attack_with(&one, 53, "tides", grant(1_000).to_vec(), manners()).await;
    one.disconnected(key(53)).await;
    // It comes back, and does it again.
    assert!(offences(&one.network) >= Some(2));
    assert!(one.network.is_connected(key(52)) && !one.network.blocked().contains(&key(52)));
    echoes(&open(&two.network, 1).await, vec![7; 1 << 20]).await;
    two.network.send(key(1), Channel::Votes, bytes(b"undisturbed")).expect("sent");
    assert_eq!(one.frame().await.2, b"undisturbed");
}

// FAULTS HB9: as many are absent as may wait; one more is refused, and a validator has a turn of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_keeps_no_validator_waiting_and_too_many_are_refused() {
    let one = Node::start(speaking(1, QUIC)).await;
    let two = Node::start(NetworkConfig { pinned: vec![key(1)], ..speaking(2, QUIC) }).await;
    let nowhere = ["/ip4/127.0.0.1/udp/1/quic-v1".to_owned()];
    let network = &two.network;
    let given_up = AtomicUsize::new(0);
    let absent = futures::future::join_all((100..140).map(|seed| {
        let (nowhere, given_up) = (&nowhere, &given_up);
        async move {
            if network.reach(key(seed), nowhere).await == Err(StreamError::NotMet) {
                given_up.fetch_add(1, Ordering::Relaxed);
            }
        }
    }));
    let addresses = [one.address.clone()];
    let present = async {
        let over = network.reach(key(140), &nowhere).await;
        (over, network.reach(key(1), &addresses).await)
    };
    tokio::select! {
        biased;
        _ = absent => panic!("they are looked for, or wait"),
        (over, met) = in_time("it is met", present) => assert_eq!((over, met), (Err(StreamError::Crowded), Ok(()))),
    }
    assert_eq!(given_up.load(Ordering::Relaxed), 0, "it was met before the first one's time was over");
}

// The others wait for their turn, which is short, and the dials to nobody leave room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_leaves_room_for_who_is() {
    let one = Node::start(speaking(1, QUIC)).await;
    let two = Node::start(speaking(2, QUIC)).await;
    let nowhere = ["/ip4/127.0.0.1/udp/1/quic-v1".to_owned()];
    let (given_up, network) = (AtomicUsize::new(0), &two.network);
    let absent = (100..116).map(|seed| {
        let (nowhere, given_up) = (&nowhere, &given_up);
        async move {
            assert_eq!(network.reach(key(seed), nowhere).await, Err(StreamError::NotMet));
            given_up.fetch_add(1, Ordering::Relaxed);
        }
    });
    let absent = futures::future::join_all(absent);
    let addresses = [one.address.clone()];
    let present = async {
        network.reach(key(1), &addresses).await.expect("it is there");
        given_up.load(Ordering::Relaxed)
    };
    // It comes last.
    let (_, before) = in_time("all are looked for", async { tokio::join!(absent, present) }).await;
    assert!(before < 16, "it is met while others are still looked for: {before}");
}

// FAULTS HB9: Yamux counts a stream until its handle is dropped, which here nobody does: it is the seats of the other end that bound them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_to_a_peer_whose_services_stand_still_never_end_the_connection_that_carries_votes() {
    const STREAMS_OF_A_CONNECTION: u64 = 192;
    let row = all_of_a_peer(32 * KIB);
    // Nobody runs what is spawned on it.
    let still = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let speaks = |seed| NetworkConfig { streams: vec![row], ..speaking(seed, TCP) };
    let stands = NetworkConfig { stream_runtime: Some(still.handle().clone()), ..speaks(1) };
    let (mut one, two) = pair_with(stands, speaks(2)).await;
    one.network.offer_streams("tides", Offered::Yes);
    let network = &two.network;
    let open_and_give_up = (0..8).map(|_| async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while counts(network).opened <= STREAMS_OF_A_CONNECTION {
            let opening = tokio::time::timeout(Duration::from_secs(1), network.open_stream("tides", key(1))).await;
            assert!(!matches!(opening, Ok(Ok(_) | Err(StreamError::NotConnected))), "{opening:?}");
            looks.tick().await;
        }
    });
    in_time("all are opened", futures::future::join_all(open_and_give_up)).await;
    assert!(counts(&one.network).refused + STREAMS_PER_PEER_MAX as u64 >= STREAMS_OF_A_CONNECTION);
    for number in 0..100_u32 {
        two.network.send(key(1), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
        assert_eq!(one.frame().await.2, number.to_le_bytes());
    }
    while let Ok(event) = one.inbound.control.try_recv() {
        assert!(!matches!(event, NetworkEvent::Disconnected { .. }), "{event:?}");
    }
    still.shutdown_background();
}

// FAULTS HC1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_said_to_be_where_nobody_is_is_looked_for_and_met() {
    let mut hub = Node::start(speaking(1, TCP)).await;
    // Nobody can find it, so it has to find the other one itself.
    let client =
        NetworkConfig { listen: Vec::new(), dial_only: true, bootstrap: vec![hub.address.clone()], ..speaking(2, TCP) };
    let (client, _inbound) = p2p::spawn(client).expect("the network starts");
    hub.connected(key(2)).await;
    in_time("it meets the hub", client.meet(key(1))).await.expect("met");
    let lies: Vec<_> = (1..=8).map(|port| format!("/ip4/127.0.0.1/tcp/{port}")).collect();
    // When this is over, it has asked the hub for all that the hub knows.
    assert_eq!(client.reach(key(9), &lies).await, Err(StreamError::NotMet));
    let _late = Node::start(NetworkConfig { bootstrap: vec![hub.address.clone()], ..speaking(3, TCP) }).await;
    hub.connected(key(3)).await;
    client.reach(key(3), &lies).await.expect("others know where it is");
}
