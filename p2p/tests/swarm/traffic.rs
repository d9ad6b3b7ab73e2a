//! Real networks on loopback: what is sent arrives, what is refused does not, and what is lost comes back.

use crate::nodes::{Node, QUIC, TCP, bytes, config, in_time, kept, key, pair, pair_with};
use p2p::{Channel, NetworkEvent, OutboxError, RefusalReason, RequestError, Row, SendError, Severity, Verdict};
use types::{ChainId, Hash32};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_frames_arrive_in_order_both_ways_over_quic_and_tcp() {
    for listen in [QUIC, TCP] {
        let (mut one, mut two) = pair(listen).await;
        for number in 0..1_000_u32 {
            one.network.send(key(2), Channel::Votes, bytes(number.to_le_bytes())).expect("sent");
            two.network.send(key(1), Channel::Votes, bytes(number.to_be_bytes())).expect("sent");
        }
        for number in 0..1_000_u32 {
            assert_eq!(two.frame().await, (key(1), Channel::Votes, number.to_le_bytes().to_vec()));
            assert_eq!(one.frame().await, (key(2), Channel::Votes, number.to_be_bytes().to_vec()));
        }
        let seen = one.network.peers();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].pinned && seen[0].peer == key(2) && !seen[0].outbound);
        in_time("shutdown", one.network.shutdown()).await;
        two.disconnected(key(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_body_arrives_and_a_larger_one_is_refused() {
    for listen in [QUIC, TCP] {
        let (one, mut two) = pair(listen).await;
        let largest = Channel::Bodies.row().bytes_max;
        let body: Vec<u8> = (0..largest).map(|index| (index % 251) as u8).collect();
        one.network.send(key(2), Channel::Bodies, bytes(&body)).expect("sent");
        let (from, channel, received) = two.frame().await;
        assert_eq!((from, channel), (key(1), Channel::Bodies));
        assert!(received == body);
        let error = one.network.send(key(2), Channel::Bodies, bytes(vec![0; largest + 1]));
        assert!(matches!(error, Err(SendError::Outbox(OutboxError::Frame(_)))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broadcast_names_the_validators_it_did_not_reach() {
    let (one, mut two) = pair(QUIC).await;
    one.network.pin(vec![key(1), key(2), key(9)]).expect("pinned");
    let report = one.network.broadcast_direct(Channel::Votes, &bytes(b"vote")).expect("a direct channel");
    assert_eq!((report.reached, report.unreached), (1, vec![key(9)]));
    assert_eq!(two.frame().await.2, b"vote");
    assert_eq!(one.network.send(key(9), Channel::Votes, bytes(b"vote")), Err(SendError::NotConnected));
    let wrong = one.network.broadcast_direct(Channel::Transactions, &bytes(b"vote"));
    assert_eq!(wrong, Err(SendError::WrongCarrier(Channel::Transactions)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_no_validator_may_push_transactions_and_ask() {
    let (one, mut two) = pair(QUIC).await;
    two.network.pin(Vec::new()).expect("pinned");
    one.network.send(key(2), Channel::TransactionPush, bytes(b"push")).expect("sent");
    match two.transaction().await {
        NetworkEvent::Direct { channel: Channel::TransactionPush, payload, .. } => assert_eq!(&payload[..], b"push"),
        other => panic!("{other:?}"),
    }
    one.network.request(key(2), vec![1]).expect("asked");
    assert!(matches!(two.sync().await, NetworkEvent::Request { .. }));
}

async fn listens(node: &mut Node, peer: types::PeerKey, wanted: Channel) {
    node.control("listens", |event| match event {
        NetworkEvent::Listens { peer: who, channel } if who == peer && channel == wanted => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gossip_reaches_a_third_node_when_accepted_and_never_when_rejected_or_ignored() {
    let mut middle = Node::start(config(2, QUIC)).await;
    let mut ends = Vec::new();
    for (seed, other) in [(1, 3), (3, 1)] {
        let mut config = config(seed, QUIC);
        config.bootstrap = vec![middle.address.clone()];
        let end = Node::start(config).await;
        // The ends must not meet: everything between them passes the middle.
        end.network.punish(key(other), "kept apart for the test", Severity::Fatal).expect("punished");
        ends.push(end);
    }
    let (mut right, mut left) = (ends.pop().expect("two"), ends.pop().expect("two"));
    listens(&mut left, key(2), Channel::Transactions).await;
    listens(&mut right, key(2), Channel::Transactions).await;
    listens(&mut middle, key(3), Channel::Transactions).await;
    for (message, verdict) in [("bad", Verdict::Reject), ("dull", Verdict::Ignore), ("good", Verdict::Accept)] {
        left.network.publish(Channel::Transactions, bytes(message)).expect("published");
        match middle.transaction().await {
            NetworkEvent::Gossip { token, from, channel, payload } => {
                assert_eq!((from, channel, &payload[..]), (key(1), Channel::Transactions, message.as_bytes()));
                middle.network.verdict(token, verdict).expect("judged");
            }
            other => panic!("{other:?}"),
        }
    }
    match right.transaction().await {
        NetworkEvent::Gossip { from, payload, .. } => assert_eq!((from, &payload[..]), (key(2), &b"good"[..])),
        other => panic!("{other:?}"),
    }
    assert!(!left.network.is_connected(key(3)) && !right.network.is_connected(key(1)));
}

// FAULTS HB8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_published_while_nobody_listened_is_heard_by_whoever_comes() {
    let one = Node::start(config(1, QUIC)).await;
    one.network.publish(Channel::Transactions, bytes(b"early")).expect("it is taken");
    let mut second = config(2, QUIC);
    second.bootstrap = vec![one.address.clone()];
    let mut two = Node::start(second).await;
    match two.transaction().await {
        NetworkEvent::Gossip { from, payload, .. } => assert_eq!((from, &payload[..]), (key(1), &b"early"[..])),
        other => panic!("{other:?}"),
    }
}

// FAULTS HB8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_transactions_that_were_published_while_nobody_listened_are_all_heard_by_a_single_peer() {
    const COUNT: u32 = 900;
    let one = Node::start(config(1, QUIC)).await;
    for number in 0..COUNT {
        let message = [&number.to_le_bytes()[..], &[7; 250]].concat();
        while one.network.publish(Channel::Transactions, message.clone().into()) == Err(SendError::Busy) {
            tokio::task::yield_now().await;
        }
    }
    let mut second = config(2, QUIC);
    second.bootstrap = vec![one.address.clone()];
    let mut two = Node::start(second).await;
    let mut heard = std::collections::BTreeSet::new();
    while heard.len() < COUNT as usize {
        let NetworkEvent::Gossip { token, payload, .. } = two.transaction().await else { panic!("no gossip") };
        heard.insert(payload[..4].to_vec());
        two.network.verdict(token, Verdict::Accept).expect("judged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consensus_message_may_be_published_again_and_arrives_again() {
    let (mut one, mut two) = pair(QUIC).await;
    listens(&mut one, key(2), Channel::Consensus).await;
    for _ in 0..3 {
        one.network.publish(Channel::Consensus, bytes(b"the same vote")).expect("published");
        match in_time("gossip", two.inbound.consensus.recv()).await.expect("the network runs") {
            NetworkEvent::Gossip { channel: Channel::Consensus, payload, .. } => {
                assert_eq!(&payload[..], b"the same vote");
            }
            other => panic!("{other:?}"),
        }
    }
}

// FAULTS P10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_another_chain_is_refused_by_both_even_with_the_same_protocol_names() {
    let mut digest = [7; 32];
    digest[31] = 8;
    for other_chain in [ChainId(Hash32([8; 32])), ChainId(Hash32(digest))] {
        for listen in [QUIC, TCP] {
            let mut one = Node::start(config(1, listen)).await;
            let mut two = config(2, listen);
            two.chain_id = other_chain;
            two.bootstrap = vec![one.address.clone()];
            let mut two = Node::start(two).await;
            let refused = |event| match event {
                NetworkEvent::Refused { peer, why } => Some((peer, why)),
                NetworkEvent::Connected { .. } => panic!("admitted"),
                _ => None,
            };
            // Whoever reads first leaves the other the time to read, too.
            for (node, other) in [(&mut one, key(2)), (&mut two, key(1))] {
                let told = in_time("a refusal", node.control("refused", refused)).await;
                assert_eq!(told, (other, RefusalReason::OtherChain));
                assert_eq!(node.network.counts().offences.get("other chain"), Some(&1));
            }
            assert!(one.network.peers().is_empty() && two.network.peers().is_empty());
            assert_eq!(one.network.send(key(2), Channel::Votes, bytes(b"x")), Err(SendError::NotConnected));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_answered_and_what_is_too_large_is_not_sent() {
    for listen in [QUIC, TCP] {
        let (mut one, mut two) = pair(listen).await;
        let row = Channel::Sync.row();
        let too_large = one.network.request(key(2), vec![0; row.bytes_max + 1]);
        assert!(matches!(too_large, Err(SendError::Outbox(OutboxError::Frame(_)))));

        let id = one.network.request(key(2), vec![1; row.bytes_max]).expect("asked");
        let NetworkEvent::Request { token, peer, payload } = two.sync().await else { panic!("not a request") };
        assert_eq!((peer, payload.len()), (key(1), row.bytes_max));
        let large = vec![9; row.answer_bytes_max];
        two.network.respond(token, large.clone()).expect("answered");
        let NetworkEvent::Response { id: answered, peer, result } = one.sync().await else { panic!("no response") };
        assert_eq!((answered, peer), (id, key(2)));
        assert!(result.expect("an answer").into_vec() == large);

        one.network.request(key(2), vec![2]).expect("asked");
        let NetworkEvent::Request { token, .. } = two.sync().await else { panic!("not a request") };
        let too_large = two.network.respond(token, vec![0; row.answer_bytes_max + 1]);
        assert!(matches!(too_large, Err(SendError::Outbox(OutboxError::Frame(_)))));
        // The token is gone, so the one who asked is told at once.
        let NetworkEvent::Response { result, .. } = one.sync().await else { panic!("no response") };
        assert_eq!(result.expect_err("nothing was sent"), RequestError::Busy);
    }
}

// FAULTS P10: 1,000 parallel requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_at_once_are_capped_and_all_are_accounted_for() {
    let patient = |seed| p2p::NetworkConfig { request_timeout_ms: 60_000, ..config(seed, QUIC) };
    let (mut one, mut two) = pair_with(patient(1), patient(2)).await;
    for number in 0..1_000_u32 {
        one.network.request(key(2), number.to_le_bytes().to_vec()).expect("asked");
    }
    let (mut tokens, mut refused) = (Vec::new(), 0);
    while tokens.len() + refused < 1_000 {
        tokio::select! {
            event = one.sync() => match event {
                NetworkEvent::Response { result: Err(RequestError::Busy), .. } => refused += 1,
                other => panic!("{other:?}"),
            },
            event = two.sync() => match event {
                NetworkEvent::Request { token, .. } => tokens.push(token),
                other => panic!("{other:?}"),
            },
        }
    }
    assert_eq!((tokens.len(), refused), (16, 984));
    for token in tokens {
        two.network.respond(token, vec![1]).expect("answered");
    }
    for _ in 0..16 {
        assert!(matches!(one.sync().await, NetworkEvent::Response { result: Ok(_), .. }));
    }
    let nobody = one.network.request(key(9), vec![1]).expect("asked");
    match one.sync().await {
        NetworkEvent::Response { id, result, .. } => {
            assert_eq!((id, result.expect_err("nobody")), (nobody, RequestError::NotConnected));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_restarts_with_its_key_is_found_again_and_spoken_to() {
    let (mut one, two) = pair_with(config(1, TCP), config(2, &kept(TCP))).await;
    let address = two.address.clone();
    in_time("shutdown", two.network.shutdown()).await;
    one.disconnected(key(2)).await;
    assert_eq!(one.network.send(key(2), Channel::Votes, bytes(b"lost")), Err(SendError::NotConnected));
    // The second life knows nobody: it is the first node that dials it again, at the address it was known by.
    let mut again = config(2, &address);
    again.pinned = vec![key(1)];
    let mut again = Node::start(again).await;
    again.connected(key(1)).await;
    one.connected(key(2)).await;
    one.network.send(key(2), Channel::Votes, bytes(b"welcome back")).expect("sent");
    assert_eq!(again.frame().await.2, b"welcome back");
    let book = one.network.addresses();
    assert!(book.iter().any(|line| line.peer == key(2) && line.addresses.contains(&address)), "{book:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_find_each_other_through_a_common_peer() {
    let hub = Node::start(config(5, QUIC)).await;
    let mut nodes = Vec::new();
    for seed in [1, 2] {
        let mut config = config(seed, QUIC);
        config.bootstrap = vec![hub.address.clone()];
        config.pinned = vec![key(1), key(2)];
        nodes.push(Node::start(config).await);
    }
    nodes[0].connected(key(2)).await;
    nodes[1].connected(key(1)).await;
}

// FAULTS L19: what waits is bounded in bytes at both ends, and nothing of it is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_never_reads_costs_a_buffer_and_not_more() {
    const BODY: usize = 1 << 20;
    let fit = Channel::Bodies.row().buffer_bytes_max / Row::charge(BODY);
    for listen in [QUIC, TCP] {
        let (one, mut two) = pair(listen).await;
        let body = |number: u32| {
            let mut body = vec![0; BODY];
            body[..4].copy_from_slice(&number.to_le_bytes());
            bytes(body)
        };
        let mut sent = 0_u32;
        in_time("both buffers are full", async {
            // The connection itself holds some, so both ends must be full at once, and stay so for a while.
            let mut full = 0;
            while full < 10_000 {
                match one.network.send(key(2), Channel::Bodies, body(sent)) {
                    Ok(()) => {
                        sent += 1;
                        full = 0;
                    }
                    Err(SendError::Outbox(OutboxError::Full { .. })) if two.inbound.consensus.len() == fit => full += 1,
                    Err(SendError::Outbox(OutboxError::Full { .. })) => full = 0,
                    Err(other) => panic!("{other}"),
                }
                assert!(two.inbound.consensus.len() <= fit);
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(sent < 100, "{sent} MiB were taken for a peer that does not read");
        // Other channels do not wait behind it.
        one.network.send(key(2), Channel::TransactionPush, bytes(b"aside")).expect("sent");
        assert!(matches!(two.transaction().await, NetworkEvent::Direct { .. }));
        for number in 0..sent {
            assert_eq!(two.frame().await.2[..4], number.to_le_bytes());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_and_a_wrong_address_are_named() {
    let one = Node::start(config(1, QUIC)).await;
    let error = p2p::spawn(config(2, &one.address)).map(|_| ()).expect_err("the port is taken");
    assert!(error.to_string().contains(&one.address), "{error}");
    let error = p2p::spawn(config(2, "127.0.0.1:26700")).map(|_| ()).expect_err("not a multiaddress");
    assert!(error.to_string().contains("is not a multiaddress"), "{error}");
}
