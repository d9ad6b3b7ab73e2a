//! Health and metrics on a listener of their own, pages of a history, and paths of the former systems.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use node::shell::StartError;
use node::{Node, NodeOptions};
use serde_json::Value;
use support::{Running, address, genesis, key, make_home, start, validator_key};
use types::Network;

fn get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.split_once("\r\n\r\n").expect("a body").1.to_owned())
}

// FAULTS RD2
#[test]
fn health_and_metrics_answer_while_the_api_has_all_its_connections() {
    let running = start(&[]);
    let probes = running.node.probes_address().expect("there is one");
    assert_ne!(probes, running.node.api_address());
    // More than the API takes, half of them in the middle of a request.
    let crowd: Vec<TcpStream> = (0..700)
        .map(|number| {
            let mut stream = TcpStream::connect(running.node.api_address()).expect("it listens");
            if number % 2 == 0 {
                stream.write_all(b"POST /api/v1/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\n").expect("it reads");
            }
            stream
        })
        .collect();
    for path in ["/livez", "/readyz", "/metrics", "/version", "/api/v1/status"] {
        let (status, body) = get(probes, path);
        assert_eq!(status, 200, "{path}: {body}");
    }
    assert!(get(probes, "/metrics").1.contains("thronos_consensus_height"));
    for path in ["/api/v1/blocks", "/docs/", "/api/v1/transactions"] {
        // FAULTS RT15
        let (status, body) = get(probes, path);
        assert!(status == 404 && body.contains("here are only /api/v1/status, /livez"), "{path}: {body}");
        assert!(!body.contains("see /docs"), "{path}: {body}");
    }
    // A crowd here stands in its own way only.
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(probes).expect("it listens")).collect();
    assert_eq!(get(probes, "/livez").0, 200);
    drop((crowd, idle));
    assert_eq!(running.get("/livez").0, 200);
    let port = running.node.port().clone();
    running.node.stop().expect("a clean stop");
    let condition = port.condition();
    let named = |name: &str| condition.reasons().any(|told| told.name == name);
    assert!(named("stopping") && !named("thread_stuck"), "its threads have ended and none is stuck: {condition:?}");
    assert!(TcpStream::connect(probes).is_err(), "it ends with the node");
}

// FAULTS RD2
#[test]
fn an_address_for_metrics_that_is_taken_stops_the_start_unless_nobody_has_chosen_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let chosen = taken.local_addr().expect("it is bound").to_string();
    let directory = tempfile::tempdir().expect("a directory");
    let genesis = genesis();
    let begin = |listen: &str| {
        let (home, config) = make_home(directory.path(), &genesis, &[("metrics.listen", listen)]);
        let network = node::keys::NetworkKey::from_seed([7; 32]);
        Node::start(NodeOptions {
            home,
            config,
            validator: Some(validator_key()),
            network,
            accounts: node::keys::AccountKeys::default(),
            space: None,
        })
    };
    match begin(&chosen) {
        Err(error @ StartError::Metrics { .. }) => {
            assert_eq!(error.code(), "metrics_port_in_use");
            assert!(error.to_string().contains(&chosen) && error.to_string().contains("metrics.listen"), "{error}");
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the port is taken"),
    }
    let usual = node::config::Config::default().metrics.listen;
    // Another node of this machine may have it already.
    let _held = TcpListener::bind(&usual);
    let node = begin(&usual).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(node.probes_address(), None);
    node.stop().expect("a clean stop");
    let node = begin("").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(node.probes_address(), None);
    node.stop().expect("a clean stop");
}

fn history(running: &Running, query: &str) -> (Vec<String>, Option<String>) {
    let text = address(&key(1)).to_text(Network::Test);
    let (status, page) = running.get(&format!("/api/v1/accounts/{text}/transactions?{query}"));
    assert_eq!(status, 200, "{page}");
    let entries = page["transactions"].as_array().expect("a list");
    let names = entries.iter().map(|entry| format!("{} {}", entry["height"], entry["index"])).collect();
    (names, page["cursor"].as_str().map(str::to_owned))
}

// FAULTS RD3
#[test]
fn a_history_is_the_same_in_pages_of_any_size() {
    let running = start(&[]);
    let ids: Vec<Value> =
        (0..7).map(|nonce| running.submit(&running.transfer(nonce, |_| {})).1["id"].clone()).collect();
    for id in &ids {
        running.final_transaction(id.as_str().expect("an id"));
    }
    let (whole, end) = history(&running, "limit=100");
    assert!(whole.len() >= ids.len() && end.is_none(), "{whole:?}");
    for size in [1, 2, 3, whole.len()] {
        let (mut pages, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let at = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let (page, next) = history(&running, &format!("limit={size}{at}"));
            pages.extend(page);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(pages, whole, "pages of {size}");
    }
    running.node.stop().expect("a clean stop");
}

#[test]
fn paths_of_the_former_systems_answer_as_their_siblings_do() {
    let running = start(&[]);
    let (status, accepted) = running.post("/api/v1/tx/send", &running.request(&running.transfer(0, |_| {})));
    assert_eq!(status, 202, "{accepted}");
    running.final_transaction(accepted["id"].as_str().expect("an id"));
    let (status, again) = running.post("/api/v1/tx/send", &running.request(&running.transfer(0, |_| {})));
    let sibling = running.post("/api/v1/transactions", &running.request(&running.transfer(0, |_| {})));
    assert_eq!((status, &again["code"]), (sibling.0, &sibling.1["code"]), "{again}");
    let (status, block) = running.get("/api/block/latest");
    assert_eq!(status, 200, "{block}");
    let height = block["header"]["height"].as_u64().expect("a height");
    assert_eq!(block["hash"], running.get(&format!("/api/v1/blocks/{height}")).1["hash"]);
    let (status, health) = running.get("/api/health");
    assert_eq!((status, &health["status"]), (200, &Value::from("ok")), "{health}");
    assert_eq!(health["chain_id"], running.chain.to_string());
    assert!(health["height"].as_u64().is_some_and(|at| at >= height), "{health}");
    let probes = running.node.probes_address().expect("there is one");
    assert_eq!(get(probes, "/api/health").0, 200);
    running.node.stop().expect("a clean stop");
}
