//! Mining at a real node: work and proofs over HTTP, and the port for machines.

#![allow(clippy::unwrap_used, reason = "a test's own steps")]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pow::{CompactBits, Target, WorkHeader, merkle, sha256d};
use serde_json::{Value, json};
use stratum::ledger::Stored;
use stratum::service::rustls;
use types::Network;

use crate::machine::Machine;
use crate::support::{Running, address, key, make_home, start, start_in};

/// What a miner looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Work,
    ShareOnly,
    Nothing,
}

fn payee() -> String {
    address(&key(5)).to_text(Network::Test)
}

fn bytes<const N: usize>(text: &Value) -> [u8; N] {
    hex::decode(text.as_str().unwrap()).unwrap().try_into().unwrap()
}

/// Solves the task that `/api/v1/mining/work` gave, with an extranonce of this number.
fn solve(task: &Value, number: u64, want: Want) -> Value {
    let number = [&[0; 4][..], &number.to_be_bytes()].concat();
    let part = |name: &str| hex::decode(task[name].as_str().unwrap()).unwrap();
    let coinbase = [part("coinbase1"), number, part("coinbase2")].concat();
    let bits = CompactBits(u32::from_str_radix(task["bits"].as_str().unwrap(), 16).unwrap());
    let target = Target::from_compact(bits).unwrap();
    let share_target = target.times(64);
    let mut header = WorkHeader {
        version: u32::try_from(task["version"].as_u64().unwrap()).unwrap(),
        previous: bytes(&task["previous"]),
        merkle_root: merkle::fold(sha256d(&coinbase), &[]),
        time: u32::try_from(task["time"].as_u64().unwrap()).unwrap(),
        bits,
        nonce: 0,
    };
    let fits = |digest: &[u8; 32]| match want {
        Want::Work => target.is_met_by(digest),
        Want::ShareOnly => share_target.is_met_by(digest) && !target.is_met_by(digest),
        Want::Nothing => !share_target.is_met_by(digest),
    };
    while !fits(&header.hash()) {
        header.nonce += 1;
    }
    json!({
        "header": hex::encode(header.to_bytes()),
        "coinbase": hex::encode(coinbase),
        "anchor": task["anchor"]["height"],
    })
}

impl Running {
    fn task(&self) -> Value {
        let (status, task) = self.get(&format!("/api/v1/mining/work?address={}", payee()));
        assert_eq!(status, 200, "{task}");
        task
    }

    fn hand_in(&self, proof: &Value) -> (u16, Value) {
        self.post("/api/v1/mining/submit", &proof.to_string())
    }
}

#[test]
fn works_and_shares_over_http_enter_blocks_once_and_pay_by_the_schedule() {
    let running = start(&[]);
    let task = running.task();
    let (work, share) = (solve(&task, 1, Want::Work), solve(&task, 2, Want::ShareOnly));
    let (status, accepted) = running.hand_in(&share);
    assert_eq!((status, accepted["kind"].as_str()), (202, Some("share")), "{accepted}");
    let (status, again) = running.hand_in(&share);
    assert_eq!((status, again["code"].as_str()), (409, Some("already_known")), "{again}");
    running.next_block(0);
    let (status, accepted) = running.hand_in(&work);
    assert_eq!((status, accepted["kind"].as_str()), (202, Some("work")), "{accepted}");
    running.next_block(1);

    let (_, info) = running.get("/api/v1/mining/info");
    assert_eq!((&info["works"], &info["issued"]), (&json!(1), &json!("8000000")), "{info}");
    let (status, late) = running.hand_in(&share);
    assert_eq!(status, 422, "{late}");
    // The finder has a sixteenth of the miners' four fifths at once, the window's rest is its own too, as nobody else mined.
    let (_, account) = running.get(&format!("/api/v1/accounts/{}", payee()));
    assert_eq!(account["balances"][0]["amount"], "400000", "{account}");
    let (_, mining) = running.get(&format!("/api/v1/mining/accounts/{}", payee()));
    let claimable: u64 = mining["claimable"].as_str().unwrap().parse().unwrap();
    assert!((5_999_999..=6_000_000).contains(&claimable), "{mining}");
    let (_, window) = running.get("/api/v1/mining/window?limit=10");
    assert_eq!(window.as_array().unwrap().len(), 2, "{window}");
    assert_eq!(running.task()["work_height"], 2);
    running.node.stop().unwrap();
}

#[test]
fn wrong_proofs_are_refused_with_their_names_and_too_many_of_them_ban_who_hands_them_in() {
    let running = start(&[]);
    let task = running.task();
    let share = solve(&task, 1, Want::ShareOnly);
    let with = |name: &str, value: Value| {
        let mut proof = share.clone();
        proof[name] = value;
        proof
    };
    for (proof, code) in [
        (with("header", json!("00")), "malformed_proof"),
        (with("header", json!("zz")), "malformed_proof"),
        (with("coinbase", json!("ff")), "malformed_proof"),
        (with("branch", json!(vec!["00".repeat(32); 40])), "malformed_proof"),
        (json!({ "header": share["header"] }), "malformed_json"),
        (with("more", json!(1)), "malformed_json"),
    ] {
        let (status, error) = running.hand_in(&proof);
        assert_eq!((status, error["code"].as_str()), (400, Some(code)), "{error}");
    }
    let (status, error) = running.get("/api/v1/mining/work?address=nobody");
    assert_eq!((status, error["code"].as_str()), (400, Some("bad_address")));
    let weak = solve(&task, 3, Want::Nothing);
    // FAULTS RT15
    let hint = running.hand_in(&weak).1["hint"].clone();
    assert!(hint.as_str().is_some_and(|hint| hint.contains("`share_target`")), "{hint}");
    let codes: Vec<_> =
        (0..15).map(|_| running.hand_in(&weak)).map(|(status, error)| (status, error["code"].clone())).collect();
    assert!(codes[..12].iter().all(|(status, code)| (*status, code) == (422, &json!("above_target"))), "{codes:?}");
    assert!(codes[12..].iter().all(|(status, code)| (*status, code) == (429, &json!("banned"))), "{codes:?}");
    running.node.stop().unwrap();
}

// FAULTS RD4
#[test]
fn shares_that_come_twice_or_late_ban_nobody_and_a_ban_says_when_it_ends() {
    let running = start(&[]);
    let task = running.task();
    let (work, share) = (solve(&task, 1, Want::Work), solve(&task, 2, Want::ShareOnly));
    assert_eq!(running.hand_in(&share).0, 202);
    running.next_block(0);
    for _ in 0..14 {
        let (status, error) = running.hand_in(&share);
        assert_eq!((status, error["code"].as_str()), (422, Some("duplicate")), "{error}");
    }
    let late: Vec<_> = (10..24).map(|number| solve(&task, number, Want::ShareOnly)).collect();
    // A work that comes too soon after the one before it waits for a later block.
    let mut nonces = 1..200;
    let mut until_work = |height: u64| {
        while running.task()["work_height"] != height {
            running.next_block(nonces.next().expect("a work enters a block soon"));
        }
    };
    assert_eq!(running.hand_in(&work).0, 202);
    until_work(2);
    // Shares for the work before count still; those for the one before that do not.
    assert_eq!(running.hand_in(&solve(&running.task(), 1, Want::Work)).0, 202);
    until_work(3);
    for share in &late {
        let (status, error) = running.hand_in(share);
        assert_eq!((status, error["code"].as_str()), (422, Some("unknown_previous")), "{error}");
    }
    assert_eq!(running.hand_in(&solve(&running.task(), 2, Want::ShareOnly)).0, 202, "it is still heard");
    let weak = solve(&running.task(), 3, Want::Nothing);
    for _ in 0..13 {
        assert_eq!(running.hand_in(&weak).0, 422);
    }
    let answer = hand_in_from([127, 0, 0, 1], running.node.api_address(), &weak);
    let wait = answer
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("retry-after: ").map(str::to_owned))
        .expect("it says when");
    assert!((200..=300).contains(&wait.trim().parse::<u32>().unwrap()), "{answer}");
    running.node.stop().unwrap();
}

/// Hands in a proof from another address of this machine, and gives the answer with its head.
fn hand_in_from(source: [u8; 4], to: std::net::SocketAddr, proof: &Value) -> String {
    let body = proof.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind((source, 0).into()).expect("an address of this machine");
        let mut stream = socket.connect(to).await.expect("it listens");
        let head = format!(
            "POST /api/v1/mining/submit HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer
    })
}

// FAULTS RD4
#[test]
fn wrong_proofs_that_name_somebody_are_held_against_who_hands_them_in() {
    let running = start(&[]);
    let task = running.task();
    let weak = solve(&task, 3, Want::Nothing);
    let thief = |proof: &Value| hand_in_from([127, 0, 0, 2], running.node.api_address(), proof);
    for _ in 0..13 {
        assert!(thief(&weak).contains(" 422 "));
    }
    assert!(thief(&weak).contains(" 429 "));
    let (status, answer) = running.hand_in(&solve(&task, 1, Want::ShareOnly));
    assert_eq!(status, 202, "the one who is named: {answer}");
    running.node.stop().unwrap();
}

#[test]
fn a_node_without_a_port_for_miners_says_how_to_open_one() {
    let running = start(&[]);
    assert!(running.node.service_addresses("mining").is_empty());
    let (status, error) = running.get("/api/v1/mining/pool");
    assert_eq!(status, 404);
    assert!(error["hint"].as_str().unwrap().contains("mining.enabled"), "{error}");
    let (status, error) = running.get("/api/v1/mining/work");
    assert_eq!((status, error["code"].as_str()), (400, Some("bad_parameter")));
    assert_eq!(error["message"], "the parameter `address` is missing");
    running.node.stop().unwrap();
}

#[test]
fn a_machine_at_the_port_finds_shares_that_survive_a_restart_and_count_once() {
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0"), ("mining.difficulty", "0.000001")];
    let directory = tempfile::tempdir().unwrap();
    let genesis = crate::support::genesis();
    let (home, config) = make_home(directory.path(), &genesis, &settings);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let chain = genesis::chain_id(&genesis);
    let running = Running { node: start_in(home.clone(), config.clone()), directory, chain, agent: agent.clone() };
    let mut machine = Machine::log_in(Box::new(Machine::socket(&running, 0)), &payee());
    let (first, parameters) = machine.mine(1);
    assert_eq!((&first["result"], &first["error"]), (&json!(true), &Value::Null), "{first}");
    let duplicate = machine.ask("mining.submit", parameters);
    assert_eq!(duplicate["error"][0], 22, "{duplicate}");
    let (second, _) = machine.mine(2);
    assert_eq!(second["result"], true, "{second}");

    // Nothing asks for a block between the answer and the end: the shares must come back with the node.
    let Running { node, directory, .. } = running;
    node.stop().unwrap();
    let running = Running { node: start_in(home, config), directory, chain, agent };
    let mut machine = Machine::log_in(Box::new(Machine::socket(&running, 0)), &payee());
    let (third, _) = machine.mine(3);
    assert_eq!(third["result"], true, "{third}");
    running.next_block(0);
    running.next_block(1);
    let (_, window) = running.get("/api/v1/mining/window");
    assert_eq!(window.as_array().unwrap().len(), 3, "{window}");
    let (_, user) = running.get(&format!("/api/v1/mining/users/{}", payee()));
    assert_eq!(user["worker"][0]["workername"], format!("{}.stick", payee()), "{user}");
    let chart = format!("/api/client/{}/chart", payee());
    for path in ["/api/v1/mining/pool", "/api/info", "/api/pool", "/api/network", &chart] {
        assert_eq!(running.get(path).0, 200, "{path}");
    }
    let (status, client) = running.get(&format!("/api/client/{}", payee()));
    assert_eq!((status, &client["workersCount"]), (200, &json!(1)), "{client}");
    assert_eq!(running.get(&format!("/api/client/{}/stick", payee())).0, 200);
    // The metrics are those of a second ago at most.
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (_, metrics) = running.get("/metrics");
        let metrics = metrics.as_str().unwrap();
        assert!(metrics.contains("thronos_mining_shares_accepted_total ") && metrics.trim_end().ends_with("# EOF"));
        for help in metrics.lines().filter(|line| line.starts_with("# HELP ")) {
            assert!(help.ends_with('.') && !help.ends_with(".."), "{help}");
        }
        if metrics.contains("thronos_mining_shares_accepted_total 1") {
            break;
        }
        assert!(Instant::now() < deadline, "{metrics}");
    }
    let (_, document) = running.get("/api/v1/openapi.json");
    let paths = &document["paths"];
    for path in ["/api/v1/mining/pool", "/api/client/{address}", "/api/client/{address}/chart"] {
        assert!(paths[path].is_object(), "{path}");
    }
    assert!(paths["/api/mining/pool"].is_null(), "served for older programs, and described under its present name");
    assert_eq!(running.get("/api/mining/pool").0, 200);
    running.node.stop().unwrap();
}

#[test]
fn proofs_that_stand_in_a_block_are_offered_by_one_start_and_by_none_after_it() {
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0"), ("mining.difficulty", "0.000001")];
    let directory = tempfile::tempdir().unwrap();
    let genesis = crate::support::genesis();
    let (home, config) = make_home(directory.path(), &genesis, &settings);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let chain = genesis::chain_id(&genesis);
    let running = Running { node: start_in(home.clone(), config.clone()), directory, chain, agent };
    let mut machine = Machine::log_in(Box::new(Machine::socket(&running, 0)), &payee());
    assert_eq!(machine.mine(1).0["result"], true);
    running.next_block(0);
    running.next_block(1);
    assert_eq!(running.get("/api/v1/mining/window").1.as_array().map(Vec::len), Some(1));
    let Running { node, directory, chain, agent } = running;
    node.stop().unwrap();
    let folder = home.service_folder("mining");
    let kept = || {
        let stored = Stored {
            snapshot: Some(std::fs::read(folder.join("shares.snapshot")).unwrap()),
            journal: std::fs::read(folder.join("shares.journal")).unwrap(),
            ..Stored::default()
        };
        stratum::ledger::recover(&stored).unwrap().proofs.iter().count()
    };
    assert_eq!(kept(), 1, "the chain goes on with the same work");
    let running = Running { node: start_in(home, config), directory, chain, agent };
    let deadline = Instant::now() + Duration::from_secs(30);
    while kept() > 0 {
        assert!(Instant::now() < deadline, "what is settled is still kept");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    running.node.stop().unwrap();
}

/// A certificate for `localhost` and its key, in two files; and what a client makes of it that trusts it alone.
fn certificate(folder: &Path) -> Arc<rustls::ClientConfig> {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), certified.cert.pem()).unwrap();
    node::home::write_file(&folder.join("key.pem"), certified.key_pair.serialize_pem().as_bytes()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let client = client.with_safe_default_protocol_versions().unwrap();
    Arc::new(client.with_root_certificates(roots).with_no_client_auth())
}

#[test]
fn machines_find_shares_over_tls_and_for_a_pool_whose_operator_the_chain_pays() {
    let folder = tempfile::tempdir().unwrap();
    let client = certificate(folder.path());
    let operator = address(&key(6)).to_text(Network::Test);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let running = start(&[
        ("mining.enabled", "true"),
        ("mining.listen", "127.0.0.1:0"),
        ("mining.tls_listen", "127.0.0.1:0"),
        ("mining.tls_certificate", &file("certificate.pem")),
        ("mining.tls_key", &file("key.pem")),
        ("mining.pool_listen", "127.0.0.1:0"),
        ("mining.pool_operator", &operator),
        ("mining.difficulty", "0.000001"),
    ]);
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connection = rustls::ClientConnection::new(client, name).unwrap();
    let sealed = rustls::StreamOwned::new(connection, Machine::socket(&running, 1));
    let (over_tls, _) = Machine::log_in(Box::new(sealed), &payee()).mine(1);
    assert_eq!(over_tls["result"], true, "{over_tls}");
    let (pooled, _) = Machine::log_in(Box::new(Machine::socket(&running, 2)), &payee()).mine(2);
    assert_eq!(pooled["result"], true, "{pooled}");

    // Who says hello in TLS to the port without it is let go at once, so that it tries again without.
    let mut plain = Machine::socket(&running, 0);
    plain.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
    assert_eq!(plain.read(&mut [0; 16]).unwrap_or(0), 0, "nothing is said");

    running.next_block(0);
    running.next_block(1);
    let (_, window) = running.get("/api/v1/mining/window");
    let mut payees: Vec<&str> =
        window.as_array().unwrap().iter().map(|share| share["payee"].as_str().unwrap()).collect();
    payees.sort_unstable();
    let address = |number| address(&key(number));
    let mut expected = [address(5), address(6)].map(|address| address.to_text(Network::Test));
    expected.sort_unstable();
    assert_eq!(payees, expected, "{window}");
    // The pool's book has what its operator owes to whom.
    let (status, user) = running.get(&format!("/api/v1/mining/users/{}", payee()));
    assert_eq!((status, user["worker"].as_array().map(Vec::len)), (200, Some(1)), "{user}");
    running.node.stop().unwrap();
}
