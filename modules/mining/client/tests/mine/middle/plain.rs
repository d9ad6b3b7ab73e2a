//! Over plain TCP: he can stop the miner and spoil its work, but earns nothing by it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as Shared};

use mining_client::mine::show::Told;
use mining_client::mine::{Login, Options};
use serde_json::{Value, json};
use stratum::{Payment, Refusal};
use tokio::sync::Mutex;
use types::{Address, Network};

use super::relay::{Relay, Side, Thief, as_it_is};
use super::{OPERATOR, PAYEE, THIEF, mine, one_thread, only, user};
use crate::port::{Port, template};

/// Refused shares after which a miner whose work is spoiled gives up; a dozen would be a ban.
const REFUSALS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_a_miner_that_is_logged_in_as_the_thief_stops_before_the_first_hash() {
    let port = Port::start(Payment::Solo, None).await;
    let relay = Relay::of_lines(port.address, |_, mut line| {
        if line["method"] == "mining.authorize" {
            line["params"][0] = json!(user(THIEF, "desk"));
        }
        as_it_is(line)
    })
    .await;
    let (outcome, told) = mine(one_thread(relay.address, 1), |_| false).await;
    let error = outcome.expect_err("the jobs pay the thief");
    assert_eq!(error.code, "wrong_payee");
    let (thief, own) = (THIEF.to_text(Network::Main), PAYEE.to_text(Network::Main));
    assert_eq!(error.message, format!("the pool's job pays {thief}, and should pay {own}; it was not begun"));
    assert!(error.hint.contains(&format!("`--pays {thief}`")) && error.hint.contains("`--tls`"), "{}", error.hint);
    assert!(told.texts("job", "id").is_empty() && told.texts("end", "hashes") == ["0"]);
    assert_eq!(relay.params("mining.submit"), Vec::<Value>::new());
    assert_eq!(port.credited().await, BTreeMap::new());
    port.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_a_payee_that_is_switched_later_ends_the_run_and_nothing_of_it_is_handed_in() {
    let port = Port::start(Payment::Solo, None).await;
    let switched = Arc::new(Shared::new(Vec::new()));
    let kept = Arc::clone(&switched);
    let relay = Relay::of_lines(port.address, move |_, mut line| {
        // The first work stays as it is; the second pays the thief.
        if line["method"] == "mining.notify" && line["params"][1] == "02".repeat(32) {
            let coinbase2 = line["params"][3].as_str().expect("a text").to_owned();
            line["params"][3] = json!(coinbase2.replace(&hex::encode(PAYEE.0), &hex::encode(THIEF.0)));
            kept.lock().expect("whole").push(line["params"][0].clone());
        }
        as_it_is(line)
    })
    .await;
    let work = port.work.clone();
    let (outcome, told) = mine(one_thread(relay.address, u64::MAX), move |told| {
        if matches!(told, Told::Accepted { .. }) {
            work.send_replace(Some(template(2)));
        }
        false
    })
    .await;
    assert_eq!(outcome.expect_err("the second work pays the thief").code, "wrong_payee");
    let jobs: Vec<Value> = relay.params("mining.submit").into_iter().map(|params| params[1].clone()).collect();
    let switched = switched.lock().expect("whole").clone();
    assert!(!switched.is_empty() && jobs.iter().all(|job| !switched.contains(job)), "{jobs:?} {switched:?}");
    assert!(told.texts("end", "accepted")[0] != "0");
    assert_eq!(port.credited().await.into_keys().collect::<Vec<_>>(), [PAYEE]);
    port.stop().await;
}

/// What the thief tries with a share that he has seen: it is his, in the victim's job or his own, or it is the victim's on his
/// connection. All before the victim's own arrives.
async fn steal(thief: &mut Thief, params: &Value) -> Vec<i64> {
    let own = json!(user(THIEF, "desk"));
    let mut codes = Vec::new();
    for (name, job) in
        [(own.clone(), params[1].clone()), (own, thief.job.clone()), (params[0].clone(), thief.job.clone())]
    {
        let mut copy = params.clone();
        (copy[0], copy[1]) = (name, job);
        let answer = thief.ask("mining.submit", copy).await;
        assert_ne!(answer["result"], true, "{answer}");
        codes.push(answer["error"][0].as_i64().expect("a code"));
    }
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_a_share_that_is_copied_counts_for_its_finder_and_never_for_the_thief() {
    for (payment, pays) in [(Payment::Solo, PAYEE), (Payment::Pplns { operator: OPERATOR }, OPERATOR)] {
        let port = Port::start(payment, None).await;
        let thief = Arc::new(Mutex::new(Thief::log_in(port.address, &user(THIEF, "desk")).await));
        let codes = Arc::new(Shared::new(Vec::new()));
        let kept = Arc::clone(&codes);
        let relay = Relay::of_lines(port.address, move |side, line| {
            let (thief, kept) = (Arc::clone(&thief), Arc::clone(&kept));
            Box::pin(async move {
                // Three copies of three shares: more would be a ban.
                if side == Side::Miner && line["method"] == "mining.submit" {
                    let mut thief = thief.lock().await;
                    if kept.lock().expect("whole").len() < 3 {
                        let codes = steal(&mut thief, &line["params"]).await;
                        kept.lock().expect("whole").push(codes);
                    }
                }
                line
            })
        })
        .await;
        let asked = one_thread(relay.address, 3);
        let asked = Options { login: Login { pays: only(pays), ..asked.login.clone() }, ..asked };
        let (outcome, told) = mine(asked, |_| false).await;
        assert!(outcome.expect("an honest relay").accepted >= 3);
        assert_eq!(told.texts("rejected", "why"), Vec::<String>::new());
        assert_eq!(*codes.lock().expect("whole"), vec![vec![21, 23, 24]; 3], "job, proof, worker");
        let credited = port.credited().await;
        assert_eq!(credited.keys().collect::<Vec<_>>(), [&PAYEE]);
        assert!(credited[&PAYEE] >= 3);
        port.stop().await;
    }
}

/// A change to lines, what the node says to shares after it, and why.
type Spoiling = (fn(Side, &mut Value), &'static str, Refusal);

fn rename(line: &mut Value, name: String) {
    if line["method"] == "mining.submit" {
        line["params"][0] = json!(name);
    }
}

/// Another digit in the place of the last.
fn other_digit(text: &Value) -> Value {
    let text = text.as_str().expect("a text");
    let (front, last) = text.split_at(text.len() - 1);
    json!(format!("{front}{}", if last == "0" { "1" } else { "0" }))
}

const SPOILINGS: [Spoiling; 5] = [
    (|_, line| rename(line, user(THIEF, "desk")), "(24)", Refusal::Unauthorized),
    (|_, line| rename(line, user(PAYEE, "other")), "(24)", Refusal::Unauthorized),
    (
        // The answer to the subscription.
        |side, line| {
            if side == Side::Node && line["result"][1].is_string() {
                line["result"][1] = other_digit(&line["result"][1]);
            }
        },
        "(23)",
        Refusal::LowDifficulty,
    ),
    (
        |_, line| {
            if line["method"] == "mining.submit" {
                line["params"][2] = other_digit(&line["params"][2]);
            }
        },
        "(23)",
        Refusal::LowDifficulty,
    ),
    (
        |_, line| {
            if line["method"] == "mining.submit" {
                line["params"][1] = json!("ffffff");
            }
        },
        "(21)",
        Refusal::UnknownJob,
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn w9_a_share_whose_name_extranonce_or_job_is_changed_on_its_way_counts_for_nobody() {
    for (place, (spoil, code, refusal)) in SPOILINGS.into_iter().enumerate() {
        let port = Port::start(Payment::Solo, None).await;
        // The thief is a worker of this node too.
        let _thief = Thief::log_in(port.address, &user(THIEF, "desk")).await;
        let relay = Relay::of_lines(port.address, move |side, mut line| {
            spoil(side, &mut line);
            as_it_is(line)
        })
        .await;
        let refusals = AtomicUsize::new(0);
        let (outcome, told) = mine(one_thread(relay.address, 1), move |told| {
            matches!(told, Told::Rejected { .. }) && refusals.fetch_add(1, Ordering::Relaxed) + 1 >= REFUSALS
        })
        .await;
        let summary = outcome.expect("it is told to end");
        assert!(summary.accepted == 0 && summary.rejected >= 3, "{place}: {summary:?}");
        let why = told.texts("rejected", "why");
        assert!(why.iter().all(|why| why.contains(code)), "{place}: {why:?}");
        assert_eq!(port.refused().await.into_keys().collect::<Vec<_>>(), [refusal], "{place}");
        assert_eq!(port.credited().await, BTreeMap::<Address, u64>::new(), "{place}");
        port.stop().await;
    }
}
