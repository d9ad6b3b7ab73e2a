//! What a miner is told whose port, certificate or address is not the right one. FAULTS RT17.

use mining_client::mine::show::Told;
use mining_client::mine::{Options, Pool};
use stratum::{Payment, Refusal};

use crate::middle::mine;
use crate::pool::TestPool;
use crate::port::Port;
use crate::runs::{certified, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_at_a_port_without_it_and_none_at_a_port_for_it_are_told_with_what_helps() {
    for speaks_tls in [true, false] {
        let (config, trust) = certified(false);
        let port = Port::start(Payment::Solo, (!speaks_tls).then_some(config)).await;
        let plain = options(port.address.port(), 1);
        let pool = Pool { trust: speaks_tls.then_some(trust), ..plain.pool.clone() };
        let (outcome, told) = mine(Options { pool, ..plain }, |told| matches!(told, Told::Lost { .. })).await;
        assert!(outcome.is_ok_and(|summary| summary.accepted == 0));
        let why = told.texts("lost", "why").concat();
        let words = if speaks_tls { "leave `--tls` and `--tls-roots` out" } else { "say `--tls`" };
        assert!(why.contains(words), "{why}");
        port.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_serves_certain_addresses_only_is_told_with_its_setting_and_whom_to_ask() {
    let pool = TestPool::start(|talk| {
        while let Some(request) = talk.hear() {
            let (id, why) = (&request["id"], Refusal::NotAllowed);
            talk.say(&format!(
                "{{\"id\":{id},\"result\":null,\"error\":[{},\"{}\",null]}}",
                why.code(),
                why.sentence()
            ));
        }
    });
    let error = mine(options(pool.port, 1), |_| false).await.0.expect_err("nobody is let in");
    assert_eq!(error.code, "pool_refused");
    assert!(error.message.contains("lets only certain addresses mine (mining.allow)"), "{error:?}");
    assert!(error.hint.contains("ask the operator") && !error.hint.contains("--password"), "{error:?}");
}
