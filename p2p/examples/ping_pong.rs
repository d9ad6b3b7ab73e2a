//! How long a vote takes: two nodes on loopback throw one back and forth, over QUIC and over TCP.

use std::sync::Arc;

use p2p::{Channel, Inbound, Network, NetworkConfig, NetworkEvent, PrivateAddresses, peer_key_of_secret, spawn};
use tokio::time::Instant;
use types::{ChainId, Hash32, PeerKey};

const WARM_UP: usize = 1_000;
const ROUNDS: usize = 10_000;
/// About the size of a signed vote.
const VOTE_BYTES: usize = 160;
const BODY_BYTES: usize = 1 << 20;
const BODY_ROUNDS: usize = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    for listen in ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"] {
        runtime.block_on(measure(listen));
    }
}

async fn measure(listen: &str) {
    let keys = [1, 2].map(|seed| peer_key_of_secret([seed; 32]).expect("a seed"));
    let (one, mut one_in) = start(1, listen, Vec::new(), &keys);
    let address = loop {
        if let Some(NetworkEvent::Listening { address }) = one_in.control.recv().await {
            break address;
        }
    };
    let (two, mut two_in) = start(2, listen, vec![address], &keys);
    connected(&mut one_in).await;
    connected(&mut two_in).await;
    let echo = tokio::spawn(async move {
        while let Some(NetworkEvent::Direct { peer, channel, payload }) = two_in.consensus.recv().await {
            two.send(peer, channel, Arc::from(payload.into_vec())).expect("sent");
        }
    });
    for (channel, length, rounds) in [(Channel::Votes, VOTE_BYTES, ROUNDS), (Channel::Bodies, BODY_BYTES, BODY_ROUNDS)]
    {
        let message: Arc<[u8]> = Arc::from(vec![7; length]);
        let mut times = Vec::new();
        for round in 0..rounds + WARM_UP.min(rounds) {
            // The channel's rate is a limit on floods; a ping-pong stays below it on its own.
            let begun = Instant::now();
            one.send(keys[1], channel, Arc::clone(&message)).expect("sent");
            one_in.consensus.recv().await.expect("echoed");
            if round >= WARM_UP.min(rounds) {
                times.push(begun.elapsed().as_micros());
            }
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "{listen:32} {channel:?} of {length} bytes, there and back: p50 {} us, p90 {} us, p99 {} us",
            at(50),
            at(90),
            at(99)
        );
    }
    echo.abort();
}

fn start(seed: u8, listen: &str, bootstrap: Vec<String>, pinned: &[PeerKey]) -> (Network, Inbound) {
    let mut config = NetworkConfig::new(ChainId(Hash32([7; 32])), [seed; 32]);
    config.listen = vec![listen.to_owned()];
    config.bootstrap = bootstrap;
    config.pinned = pinned.to_vec();
    config.private_addresses = PrivateAddresses::Allowed;
    spawn(config).expect("the network starts")
}

async fn connected(inbound: &mut Inbound) {
    while !matches!(inbound.control.recv().await, Some(NetworkEvent::Connected { .. })) {}
}
