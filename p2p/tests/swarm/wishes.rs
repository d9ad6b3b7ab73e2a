//! What the operator wishes: bans, persistent and private peers, a node that hides behind others. FAULTS RF6.

use std::net::IpAddr;

use p2p::{Ban, Network, NetworkEvent, Prefix, RefusalReason, Unwanted};

use crate::nodes::{Node, QUIC, TCP, config, in_time, key};

fn with_peer(node: &Node, seed: u8) -> String {
    let id = libp2p_identity(seed);
    format!("{}/p2p/{id}", node.address)
}

fn libp2p_identity(seed: u8) -> String {
    let key = libp2p::identity::Keypair::ed25519_from_bytes([seed; 32]).expect("a seed");
    key.public().to_peer_id().to_string()
}

async fn refused(node: &mut Node, seed: u8) -> RefusalReason {
    let who = key(seed);
    node.control("refused", |event| match event {
        NetworkEvent::Refused { peer, why } if peer == who => Some(why),
        _ => None,
    })
    .await
}

/// Waits until something holds of what a network shows.
async fn until(what: &str, network: &Network, holds: impl Fn(&Network) -> bool) {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    in_time(what, async {
        while !holds(network) {
            looks.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_banned_goes_at_once_and_comes_back_when_the_ban_is_lifted() {
    let mut one = Node::start(config(1, QUIC)).await;
    let mut two = config(2, QUIC);
    two.bootstrap = vec![one.address.clone()];
    let mut two = Node::start(two).await;
    one.connected(key(2)).await;
    two.connected(key(1)).await;
    one.network.ban(Ban::Peer(key(2))).expect("there is room");
    assert_eq!(refused(&mut one, 2).await, RefusalReason::Unwanted(Unwanted::Banned));
    one.disconnected(key(2)).await;
    two.disconnected(key(1)).await;
    // It is dialled for ever, and let in as soon as it may be.
    one.network.unban(Ban::Peer(key(2))).expect("there is room");
    one.connected(key(2)).await;
    let loopback: IpAddr = "127.0.0.1".parse().expect("an address");
    one.network.ban(Ban::Address(Prefix::of(loopback))).expect("there is room");
    one.disconnected(key(2)).await;
    let banned = config(3, QUIC);
    let mut three = Node::start(p2p::NetworkConfig { bootstrap: vec![one.address.clone()], ..banned }).await;
    one.network.pin(vec![key(2)]).expect("there is room");
    one.connected(key(2)).await;
    assert!(!one.network.is_connected(key(3)), "a validator passes, a stranger does not");
    one.network.unban(Ban::Address(Prefix::of(loopback))).expect("there is room");
    one.connected(key(3)).await;
    three.connected(key(1)).await;
}

// A name says nothing about where somebody is: what counts is where the connection really goes.
#[tokio::test]
async fn a_ban_of_an_address_reaches_whoever_was_dialled_by_a_name_and_is_told_apart_by_where_it_is() {
    for (seed, listen) in [(10, QUIC), (20, TCP)] {
        let mut two = Node::start(config(seed + 2, listen)).await;
        let named = with_peer(&two, seed + 2).replace("/ip4/127.0.0.1/", "/dns4/localhost/");
        let mut one = Node::start(p2p::NetworkConfig { bootstrap: vec![named], ..config(seed + 1, listen) }).await;
        one.connected(key(seed + 2)).await;
        two.connected(key(seed + 1)).await;
        let shown = one.network.peers().into_iter().map(|peer| (peer.outbound, peer.address)).collect::<Vec<_>>();
        assert_eq!(shown, [(true, two.address.clone())], "where it is, not what it is called");
        let met = one.network.addresses().into_iter().find(|line| line.peer == key(seed + 2)).expect("it was met");
        assert!(met.met && met.addresses.contains(&two.address), "{met:?}");
        let loopback = Ban::Address(Prefix::of("127.0.0.1".parse().expect("an address")));
        one.network.ban(loopback).expect("there is room");
        assert_eq!(refused(&mut one, seed + 2).await, RefusalReason::Unwanted(Unwanted::Banned));
        one.disconnected(key(seed + 2)).await;
        // It is dialled by its name for ever; each time the gate is closed, until the ban is lifted.
        two.disconnected(key(seed + 1)).await;
        assert!(!one.network.is_connected(key(seed + 2)));
        one.network.unban(loopback).expect("there is room");
        one.connected(key(seed + 2)).await;
    }
}

#[tokio::test]
async fn a_ban_of_an_earlier_run_holds_for_an_address_that_is_dialled_by_a_name() {
    let mut two = Node::start(config(2, TCP)).await;
    let mut three = Node::start(config(3, TCP)).await;
    let named = |node: &Node, seed| with_peer(node, seed).replace("/ip4/127.0.0.1/", "/dns4/localhost/");
    let loopback = Ban::Address(Prefix::of("127.0.0.1".parse().expect("an address")));
    let (bootstrap, persistent) = (vec![named(&two, 2)], vec![named(&three, 3)]);
    let mut one =
        Node::start(p2p::NetworkConfig { bans: vec![loopback], bootstrap, persistent, ..config(1, TCP) }).await;
    // The persistent peer is let in, so the other one was dialled too, by the same way.
    one.connected(key(3)).await;
    three.connected(key(1)).await;
    let who = one.network.peers().into_iter().map(|peer| peer.peer).collect::<Vec<_>>();
    assert_eq!(who, [key(3)]);
    one.network.unban(loopback).expect("there is room");
    one.connected(key(2)).await;
    two.connected(key(1)).await;
}

#[tokio::test]
async fn a_ban_of_an_earlier_run_holds_from_the_start_and_a_block_is_lifted_with_it() {
    let mut one = Node::start(p2p::NetworkConfig { bans: vec![Ban::Peer(key(2))], ..config(1, TCP) }).await;
    let first = p2p::NetworkConfig { bootstrap: vec![one.address.clone()], ..config(2, TCP) };
    let _two = Node::start(first).await;
    let mut three = Node::start(p2p::NetworkConfig { bootstrap: vec![one.address.clone()], ..config(3, TCP) }).await;
    one.connected(key(3)).await;
    three.connected(key(1)).await;
    assert!(!one.network.is_connected(key(2)));
    one.network.punish(key(3), "a test", p2p::Severity::Fatal).expect("there is room");
    one.disconnected(key(3)).await;
    assert_eq!(one.network.blocked(), [key(3)]);
    one.network.unban(Ban::Peer(key(3))).expect("there is room");
    one.connected(key(3)).await;
    assert!(one.network.blocked().is_empty());
}

#[tokio::test]
async fn a_disconnected_peer_may_come_back_and_a_persistent_one_is_dialled_again() {
    let mut two = Node::start(config(2, QUIC)).await;
    let persistent = vec![with_peer(&two, 2)];
    let mut one = Node::start(p2p::NetworkConfig { persistent, peers_max: 1, ..config(1, QUIC) }).await;
    one.connected(key(2)).await;
    assert!(one.network.peers().iter().all(|peer| peer.persistent && !peer.private));
    one.network.disconnect(key(2)).expect("there is room");
    one.disconnected(key(2)).await;
    one.connected(key(2)).await;
    two.connected(key(1)).await;
    // Named no more it is a peer like any other; named again it is one of those that stay.
    one.network.prefer(&[], vec![key(2)]).expect("there is room");
    let shows = |persistent, private| {
        move |network: &Network| {
            network.peers().iter().all(|peer| (peer.persistent, peer.private) == (persistent, private))
        }
    };
    until("it is a peer like others", &one.network, shows(false, true)).await;
    one.network.prefer(&[with_peer(&two, 2)], Vec::new()).expect("there is room");
    until("it is persistent again", &one.network, shows(true, false)).await;
    let nobody = one.network.prefer(&[two.address.clone()], Vec::new()).expect_err("it names nobody");
    assert!(nobody.to_string().contains("/p2p/"), "{nobody}");
}

#[tokio::test]
async fn a_node_behind_its_sentry_meets_nobody_else_and_where_it_is_is_told_to_nobody() {
    // The sentry knows two validators: one is private and hides behind it.
    let sentry = p2p::NetworkConfig { private: vec![key(2)], ..config(1, QUIC) };
    let mut sentry = Node::start(sentry).await;
    let validators = vec![key(2), key(3), key(4)];
    let hidden = p2p::NetworkConfig {
        persistent: vec![with_peer(&sentry, 1)],
        only_persistent: true,
        pinned: validators.clone(),
        ..config(2, QUIC)
    };
    let hidden = Node::start(hidden).await;
    sentry.connected(key(2)).await;
    let open =
        p2p::NetworkConfig { bootstrap: vec![sentry.address.clone()], pinned: validators.clone(), ..config(3, QUIC) };
    let _open = Node::start(open).await;
    sentry.connected(key(3)).await;
    // Another validator looks for both, and finds the one that does not hide.
    let seeker = p2p::NetworkConfig { bootstrap: vec![sentry.address.clone()], pinned: validators, ..config(4, QUIC) };
    let mut seeker = Node::start(seeker).await;
    seeker.connected(key(3)).await;
    assert!(seeker.network.addresses().iter().all(|line| line.peer != key(2)), "nobody has told where it is");
    // Even who knows the address is not let in.
    let mut guest = Node::start(config(5, QUIC)).await;
    guest.network.dial(&with_peer(&hidden, 2)).expect("an address");
    guest.network.dial(&with_peer(&sentry, 1)).expect("an address");
    guest.connected(key(1)).await;
    assert!(!hidden.network.is_connected(key(5)));
    assert_eq!(hidden.network.peers().iter().map(|peer| peer.peer).collect::<Vec<_>>(), [key(1)]);
}
