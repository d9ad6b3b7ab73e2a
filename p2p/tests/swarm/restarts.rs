//! Validators that vanish without farewell and come back: as if they had never been away.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a thread that stops at once")]

use std::thread::JoinHandle;

use crate::hostile::silent;
use crate::nodes::{Node, QUIC, TCP, bytes, config, in_time, kept, key};
use p2p::{Channel, NetworkConfig, NetworkEvent, PeerAddresses, RefusalReason};
use tokio::sync::oneshot;

/// A node on a thread of its own, which can stop from one moment to the next: its sockets stay open and nothing
/// answers on them any more, as with a machine that has lost its power.
struct Mortal {
    node: Node,
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Mortal {
    async fn start(config: NetworkConfig) -> Self {
        let (end, ended) = oneshot::channel();
        let (started, node) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let node = Node::start(config).await;
                assert!(started.send(node).is_ok(), "the test waits for it");
                // Whoever drops the other end wants the same.
                let _ = ended.await;
            });
            // Dropping it would say farewell.
            std::mem::forget(runtime);
        });
        let node = in_time("the node starts", node).await.expect("the node starts");
        Self { node, end, thread }
    }

    /// It says nothing more. What it has heard can still be read.
    fn vanish(self) -> Node {
        let _ = self.end.send(());
        self.thread.join().expect("the node was well until then");
        self.node
    }
}

fn validator(seed: u8, listen: &str) -> NetworkConfig {
    let mut config = config(seed, listen);
    config.pinned = vec![key(1), key(2)];
    config.block_ms = 3_600_000;
    config
}

/// Both speak to each other on what was opened for this life.
async fn talk(one: &mut Node, two: &mut Node, word: &str) {
    for channel in [Channel::Votes, Channel::Proposals, Channel::Bodies] {
        two.network.send(key(1), channel, bytes(word)).expect("sent");
        assert_eq!(one.frame().await, (key(2), channel, word.as_bytes().to_vec()));
        one.network.send(key(2), channel, bytes(word)).expect("sent");
        assert_eq!(two.frame().await, (key(1), channel, word.as_bytes().to_vec()));
    }
}

/// The same where a connection may just have given way to another one: what was on its way there is lost, so it is said until it is heard.
async fn talk_again(one: &mut Node, two: &mut Node, word: &str) {
    for channel in [Channel::Votes, Channel::Proposals, Channel::Bodies] {
        say_until_heard(two, one, (2, 1), channel, word).await;
        say_until_heard(one, two, (1, 2), channel, word).await;
    }
}

async fn say_until_heard(from: &Node, to: &mut Node, (sender, receiver): (u8, u8), channel: Channel, word: &str) {
    let mut turns = tokio::time::interval(std::time::Duration::from_millis(250));
    let expected = (key(sender), channel, word.as_bytes().to_vec());
    in_time("a frame, said more than once", async {
        loop {
            tokio::select! {
                // It may be between two connections.
                _ = turns.tick() => drop(from.network.send(key(receiver), channel, bytes(word))),
                frame = to.frame() => if frame == expected { break },
            }
        }
    })
    .await;
}

// FAULTS C16: many lives in less time than a dead connection takes to be noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_vanishes_again_and_again_is_spoken_to_in_every_life() {
    for listen in [QUIC, TCP] {
        let mut one = Node::start(validator(1, listen)).await;
        let mut dead = Vec::new();
        for life in 0..20 {
            let mut config = validator(2, listen);
            config.bootstrap = vec![one.address.clone()];
            let mut two = Mortal::start(config).await;
            two.node.connected(key(1)).await;
            if life > 0 {
                one.disconnected(key(2)).await;
            }
            one.connected(key(2)).await;
            talk(&mut one, &mut two.node, &format!("life {life}")).await;
            let peers = one.network.peers();
            assert!(peers.len() == 1 && peers[0].connections <= 2, "what is dead is closed: {peers:?}");
            dead.push(two.vanish());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_vanished_before_its_greeting_is_not_blocked_for_its_silence() {
    let mut config = validator(1, TCP);
    config.greeting_ms_max = 1_000;
    let mut one = Node::start(config).await;
    let silent = silent(&one, 2);
    let why = one
        .control("the silent connection is closed", |event| match event {
            NetworkEvent::Refused { peer, why } if peer == key(2) => Some(why),
            _ => None,
        })
        .await;
    assert_eq!(why, RefusalReason::Silent);
    in_time("the connection ends", silent).await.expect("it ends");
    let mut config = validator(2, TCP);
    config.bootstrap = vec![one.address.clone()];
    let mut two = Node::start(config).await;
    two.connected(key(1)).await;
    one.connected(key(2)).await;
    talk_again(&mut one, &mut two, "no grudge").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_that_dial_each_other_at_the_same_time_understand_each_other() {
    for listen in [QUIC, TCP] {
        // Each must know the other's port before it starts.
        let [first, second] = [(), ()].map(|()| kept(listen));
        let (mut one, mut two) = (validator(1, &first), validator(2, &second));
        one.bootstrap = vec![second];
        two.bootstrap = vec![first];
        let (mut one, mut two) = tokio::join!(Node::start(one), Node::start(two));
        one.connected(key(2)).await;
        two.connected(key(1)).await;
        talk(&mut one, &mut two, "together").await;
    }
}

// FAULTS RT4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_on_which_somebody_listens_is_refused_with_the_systems_reason() {
    for listen in [QUIC, TCP] {
        let one = Node::start(validator(1, listen)).await;
        let taken = one.network.listen_addresses().pop().expect("it listens");
        let refused = p2p::spawn(validator(2, &taken)).expect_err("it is taken");
        let p2p::NetworkError::Listen { address, error } = &refused else { panic!("{refused}") };
        assert!(taken.starts_with(address.as_str()), "{refused}");
        assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse, "{refused}");
    }
}

// FAULTS HC8
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_machines_with_one_key_the_first_gets_its_place_back_and_keeps_it() {
    for listen in [QUIC, TCP] {
        let mut one = Node::start(validator(1, listen)).await;
        let twin = || {
            let mut config = validator(2, listen);
            config.bootstrap = vec![one.address.clone()];
            config
        };
        let (first_config, second_config) = (twin(), twin());
        let mut first = Node::start(first_config).await;
        one.connected(key(2)).await;
        first.connected(key(1)).await;
        let mut second = Node::start(second_config).await;
        // It looks like the first one, started anew, until that one comes back.
        for _ in 0..2 {
            one.disconnected(key(2)).await;
            one.connected(key(2)).await;
        }
        first.disconnected(key(1)).await;
        first.connected(key(1)).await;
        // The second one hears why it goes, and rests.
        second
            .control("word of its twin", |event| {
                matches!(event, NetworkEvent::KeyInUse { peer } if peer == key(1)).then_some(())
            })
            .await;
        second.disconnected(key(1)).await;
        talk_again(&mut one, &mut first, "the first one").await;
        assert!(second.network.peers().is_empty());
        let twins = one.network.counts().refused.into_iter().find(|(name, _)| *name == "twin");
        assert!(twins.is_some_and(|(_, times)| (1..=3).contains(&times)), "{twins:?}");
        // When the first one is gone for good, the second one is let in.
        drop(first);
        one.disconnected(key(2)).await;
        second.connected(key(1)).await;
        talk_again(&mut one, &mut second, "the second one").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_moved_is_met_where_others_know_it() {
    let mut hub = Node::start(config(1, TCP)).await;
    let moved = NetworkConfig { bootstrap: vec![hub.address.clone()], ..config(3, TCP) };
    let _moved = Node::start(moved).await;
    hub.connected(key(3)).await;
    // Somebody else may be there now, who never answers, or nobody.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = format!("/ip4/127.0.0.1/tcp/{}", silent.local_addr().expect("bound").port());
    for (seed, former) in [(4, silent), (5, kept(TCP))] {
        // Nobody can dial it, so it has to find the other one itself.
        let seeker = NetworkConfig {
            listen: Vec::new(),
            dial_only: true,
            bootstrap: vec![hub.address.clone()],
            pinned: vec![key(3)],
            known: vec![PeerAddresses { peer: key(3), addresses: vec![former], met: true, source: None }],
            ..config(seed, TCP)
        };
        let (_seeker, mut inbound) = p2p::spawn(seeker).expect("the network starts");
        let meets = async {
            while let Some(event) = inbound.control.recv().await {
                if matches!(event, NetworkEvent::Connected { peer, .. } if peer == key(3)) {
                    return;
                }
            }
        };
        in_time("it meets who moved", meets).await;
    }
}
