//! What a message costs: two nodes on loopback throw one back and forth, over QUIC and over TCP, and the time and the
//! CPU of it are shown. With `--threads N` the runtime of both has N workers; a node gives its network one.

use std::sync::Arc;

use p2p::{Channel, Inbound, Network, NetworkConfig, NetworkEvent, PrivateAddresses, peer_key_of_secret, spawn};
use tokio::time::Instant;
use types::{ChainId, Hash32, PeerKey};

/// Channel, bytes, rounds. All together stay below what a channel lets through at once after a pause.
const SIZES: [(Channel, usize, usize); 4] = [
    (Channel::Votes, 160, 4_000),
    (Channel::Proposals, 300, 900),
    (Channel::Bodies, 100_000, 400),
    (Channel::Bodies, 1 << 20, 100),
];
/// Rounds that are not counted, one in so many.
const WARM_UP: usize = 10;
/// The unit of CPU time in `/proc` (USER_HZ, which Linux fixes for programs).
const TICK_US: u64 = 10_000;

fn main() {
    let threads = std::env::args().skip_while(|word| word != "--threads").nth(1);
    let threads = threads.map_or(1, |word| word.parse().expect("--threads takes a number"));
    for listen in ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        runtime.expect("a runtime").block_on(measure(listen));
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
    let thrower = tokio::spawn(async move {
        for (channel, length, rounds) in SIZES {
            let message: Arc<[u8]> = Arc::from(vec![7; length]);
            let (mut times, mut cpu_us) = (Vec::new(), cpu_us_total());
            for round in 0..rounds {
                if round == rounds / WARM_UP {
                    (times, cpu_us) = (Vec::new(), cpu_us_total());
                }
                let begun = Instant::now();
                one.send(keys[1], channel, Arc::clone(&message)).expect("sent");
                one_in.consensus.recv().await.expect("echoed");
                times.push(begun.elapsed().as_micros());
            }
            let messages = 2 * u64::try_from(times.len()).expect("a few");
            let each_us = (cpu_us_total() - cpu_us) / messages;
            times.sort_unstable();
            let at = |share: usize| times[(times.len() - 1) * share / 100];
            let (p50, p90, p99) = (at(50), at(90), at(99));
            println!(
                "{length:8} bytes, there and back: p50 {p50} us, p90 {p90} us, p99 {p99} us; CPU {each_us} us each"
            );
        }
    });
    println!("{listen}");
    thrower.await.expect("all came back");
    echo.abort();
}

/// CPU time of this process so far.
#[allow(clippy::disallowed_methods, reason = "what a message costs is asked of the system")]
fn cpu_us_total() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells about this process");
    let fields = stat.rsplit_once(')').expect("the name ends").1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
    ticks.sum::<u64>() * TICK_US
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
