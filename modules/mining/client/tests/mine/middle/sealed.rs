//! Over TLS: he sees no line, and whatever he changes ends the connection.

use std::collections::BTreeMap;

use mining_client::mine::show::Told;
use mining_client::mine::trust::Trust;
use mining_client::mine::{Options, Pool};
use stratum::Payment;

use super::relay::{Relay, Side};
use super::{PAYEE, mine, one_thread};
use crate::port::Port;
use crate::runs::certified;

fn sealed(relay: &Relay<u8>, trust: &Trust) -> Options {
    let plain = one_thread(relay.address, 2);
    Options { pool: Pool { trust: Some(trust.clone()), ..plain.pool.clone() }, ..plain }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_over_tls_nobody_in_between_reads_a_line() {
    let (config, trust) = certified(false);
    let port = Port::start(Payment::Solo, Some(config)).await;
    let relay = Relay::of_records(port.address, None).await;
    let (outcome, _) = mine(sealed(&relay, &trust), |_| false).await;
    assert!(outcome.expect("an honest relay").accepted >= 2);
    for side in [Side::Miner, Side::Node] {
        let bytes = relay.bytes(side);
        assert!(bytes.len() > 1_000, "{side:?}: {}", bytes.len());
        // Shorter ones would stand there by chance now and then.
        for word in [&b"mining"[..], b"result", b"params", b"\"error\""] {
            assert!(!bytes.windows(word.len()).any(|window| window == word), "{side:?} {word:?}");
        }
    }
    assert_eq!(port.credited().await.into_keys().collect::<Vec<_>>(), [PAYEE]);
    port.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_over_tls_a_changed_byte_ends_the_connection_and_nothing_counts() {
    let (config, trust) = certified(false);
    // The miner's end of the handshake, its four lines, and its first share; the node's handshake.
    let flips = (1..=6).map(|record| (Side::Miner, record)).chain((1..=3).map(|record| (Side::Node, record)));
    for flip in flips {
        let port = Port::start(Payment::Solo, Some(config.clone())).await;
        let relay = Relay::of_records(port.address, Some(flip)).await;
        let (_, told) = mine(sealed(&relay, &trust), |told| matches!(told, Told::Lost { .. })).await;
        assert_eq!(told.texts("lost", "why").len(), 1, "{flip:?}");
        // The login goes out before the fifth record does, and may be answered before that one is read.
        if flip != (Side::Miner, 5) {
            assert_eq!(told.texts("authorized", "event").is_empty(), flip != (Side::Miner, 6), "{flip:?}");
        }
        assert!(told.texts("accepted", "worth").is_empty(), "{flip:?}");
        assert_eq!(port.credited().await, BTreeMap::new(), "{flip:?}");
        port.stop().await;
    }
}
