//! The API of a real node: a network of one validator that makes its own blocks final.

mod support;

use serde_json::Value;
use support::{FUNDS, Running, address, key, sign, start};
use types::{Amount, Auth, ChainId, Hash32, List, Network, Secp256k1Signature, TimeMs, Witness};

fn text(number: u8) -> String {
    address(&key(number)).to_text(Network::Test)
}

#[test]
fn a_transfer_becomes_final_and_everything_about_it_can_be_read_at_once() {
    let running = start(&[]);
    let transaction = running.transfer(0, |_| {});
    let (status, accepted) = running.submit(&transaction);
    assert_eq!(status, 202, "{accepted}");
    let id = accepted["id"].as_str().expect("an id").to_owned();
    let found = running.final_transaction(&id);
    assert_eq!(found["receipt"]["name"], "ok", "{found}");
    let height = found["height"].as_u64().expect("a height");

    let (_, receiver) = running.get(&format!("/api/v1/accounts/{}", text(2)));
    assert_eq!(receiver["balances"][0]["amount"], "5", "{receiver}");
    let (_, sender) = running.get(&format!("/api/v1/accounts/{}", text(1)));
    assert_eq!((&sender["nonce"], &sender["pending_nonce"]), (&Value::from(1), &Value::from(1)));
    let (_, block) = running.get(&format!("/api/v1/blocks/{height}"));
    assert_eq!(block["transactions"][0]["id"], id.as_str());
    assert_eq!(block["receipts"][1]["id"], id.as_str());
    assert!(block["certificate_hex"].is_string());
    let (_, by_hash) = running.get(&format!("/api/v1/blocks/{}", block["hash"].as_str().expect("a hash")));
    assert_eq!(by_hash["header"], block["header"]);
    let (_, history) = running.get(&format!("/api/v1/accounts/{}/transactions", text(2)));
    assert_eq!(history["transactions"][0]["id"], id.as_str(), "{history}");
    let (_, again) = running.get(&format!("/api/v1/transactions/{id}"));
    assert_eq!(again, found);
    let (status, proof) = running.get(&format!("/api/v1/accounts/{}/proof", text(1)));
    assert_eq!(status, 200, "{proof}");
    running.node.stop().expect("a clean stop");
}

#[test]
fn every_read_only_route_answers() {
    let running = start(&[]);
    let id = running.submit(&running.transfer(0, |_| {})).1["id"].as_str().expect("an id").to_owned();
    running.final_transaction(&id);
    for path in [
        "/api/v1/status",
        "/api/v1/validators",
        "/api/v1/validators?epoch=0",
        "/api/v1/genesis",
        "/api/v1/mempool",
        "/api/v1/peers",
        "/api/v1/blocks",
        "/api/v1/blocks?from=0&limit=1",
        "/api/v1/blocks/latest",
        "/api/v1/blocks/0",
        "/api/v1/assets",
        "/api/v1/assets/0",
        "/api/v1/fees/estimate?weight=1300",
        "/api/v1/openapi.json",
        "/livez",
        "/readyz",
        "/metrics",
        "/version",
        "/api/health",
        "/api/block/latest",
        "/docs/",
    ] {
        let (status, body) = running.get(path);
        assert_eq!(status, 200, "{path}: {body}");
    }
    let (_, ready) = running.get("/readyz");
    assert!(ready["sentence"].as_str().is_some_and(|sentence| sentence.starts_with("voting as validator")), "{ready}");
    let (_, status) = running.get("/api/v1/status");
    assert_eq!((&status["role"], &status["voting"]["voting"]), (&Value::from("validator"), &Value::Bool(true)));
    let (_, metrics) = running.get("/metrics");
    let metrics = metrics.as_str().expect("text");
    for name in [
        "thronos_consensus_height",
        "thronos_consensus_missing_validators",
        "thronos_mempool_size",
        "thronos_p2p_peers",
    ] {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
    let (_, genesis) = running.get("/api/v1/genesis");
    let genesis = genesis::parse(&genesis.to_string(), &runtime::registry()).expect("a genesis");
    assert_eq!(genesis::chain_id(&genesis), running.chain);
    running.node.stop().expect("a clean stop");
}

/// Path, body, status and code.
fn wrong_requests(running: &Running) -> Vec<(String, Option<String>, u16, &'static str)> {
    let submit = || "/api/v1/transactions".to_owned();
    let get = |path: &str, status, code| (path.to_owned(), None, status, code);
    let other = format!(r#"{{"chain_id":"{}","transaction":"00"}}"#, ChainId(Hash32([1; 32])));
    let own = |transaction: &str| format!(r#"{{"chain_id":"{}","transaction":"{transaction}"}}"#, running.chain);
    let mut rows = vec![
        get("/nowhere", 404, "not_found"),
        get("/api/v1/blocks/x", 400, "bad_number"),
        get("/api/v1/blocks/99999999", 404, "not_found"),
        get(&format!("/api/v1/blocks/{}", "zz".repeat(32)), 400, "bad_hash"),
        get("/api/v1/blocks?limit=101", 400, "bad_limit"),
        get("/api/v1/blocks?limit=0", 400, "bad_limit"),
        get("/api/v1/blocks?limit=-1", 400, "bad_parameter"),
        get("/api/v1/blocks/%ff", 400, "bad_path"),
        get("/api/v1/blocks?limit=18446744073709551616", 400, "bad_parameter"),
        get("/api/v1/blocks?limits=1", 400, "bad_parameter"),
        get("/api/v1/transactions/12", 400, "bad_hash"),
        get(&format!("/api/v1/transactions/{}?wait=60001", "00".repeat(32)), 400, "bad_wait"),
        get("/api/v1/accounts/thr1x", 400, "bad_address"),
        get(&format!("/api/v1/accounts/{}", address(&key(1)).to_text(Network::Main)), 400, "bad_address"),
        get(&format!("/api/v1/accounts/{}/transactions?cursor=x", text(1)), 400, "bad_cursor"),
        get("/api/v1/assets/77", 404, "not_found"),
        get("/api/v1/assets/x", 400, "bad_number"),
        get("/api/v1/validators?epoch=99", 404, "not_found"),
        get("/api/v1/fees/estimate?weight=999999999999", 400, "bad_weight"),
        get("/api/v1/ws", 400, "no_upgrade"),
        get("/api/v1/stream?transaction=1", 400, "bad_hash"),
        get("/api/v1/transactions/batch", 405, "method_not_allowed"),
        ("/api/v1/status".to_owned(), Some("{}".to_owned()), 405, "method_not_allowed"),
        (submit(), Some("{".to_owned()), 400, "malformed_json"),
        (submit(), Some("{}".to_owned()), 400, "malformed_json"),
        (submit(), Some(other), 400, "wrong_chain"),
        (submit(), Some(own("xy")), 400, "malformed_transaction"),
        (submit(), Some(own("00")), 400, "malformed_transaction"),
        (submit(), Some(own(&"00".repeat(70_000))), 413, "oversize"),
        (
            "/api/v1/transactions/batch".to_owned(),
            Some(format!(r#"{{"chain_id":"{}","transactions":[]}}"#, running.chain)),
            400,
            "bad_batch",
        ),
    ];
    for (transaction, code) in wrong_transactions(running) {
        rows.push((submit(), Some(running.request(&transaction)), 422, code));
    }
    rows
}

fn wrong_transactions(running: &Running) -> Vec<(types::Transaction, &'static str)> {
    let mut tampered = running.transfer(0, |_| {});
    tampered.body.tip = Amount(1);
    let mut high = running.transfer(0, |_| {});
    high.witness = high_s(&high.witness);
    let foreign = sign(&key(1), ChainId(Hash32([3; 32])), running.transfer(0, |_| {}).body);
    vec![
        (tampered, "bad_signature"),
        (foreign, "bad_signature"),
        (high, "high_s"),
        (running.transfer(200, |_| {}), "nonce_gap"),
        (running.transfer(0, |body| body.valid_until = TimeMs(1)), "expired"),
        (running.transfer(0, |body| body.fee_max = Amount(FUNDS.0 + 1)), "insufficient_funds"),
        (running.transfer(0, |body| body.fee_max = Amount(0)), "fee_max_too_low"),
        (running.transfer(0, |body| body.valid_until = TimeMs(u64::MAX)), "valid_too_long"),
        (running.transfer(0, |body| body.version = 9), "transaction_version"),
        (running.transfer(0, |body| body.calls = List::default()), "no_calls"),
        (running.transfer(0, with_module(999)), "unknown_module"),
    ]
}

fn with_module(number: u16) -> impl FnOnce(&mut types::TransactionBody) {
    move |body| {
        let mut calls = body.calls.to_vec();
        calls[0].module = types::ModuleId(number);
        body.calls = List::new(calls).expect("one");
    }
}

/// The same signatures with n - s in the place of s.
fn high_s(witness: &Witness) -> Witness {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae,
        0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let flip = |signature: &Secp256k1Signature| {
        let mut bytes = signature.0;
        let mut borrow = 0_i16;
        for place in (0..32).rev() {
            let digit = i16::from(ORDER[place]) - i16::from(bytes[32 + place]) - borrow;
            borrow = i16::from(digit < 0);
            bytes[32 + place] = u8::try_from(digit.rem_euclid(256)).expect("a byte");
        }
        Secp256k1Signature(bytes)
    };
    let auths = witness.auths.iter().map(|auth| match auth {
        Auth::Single { key, signature } => Auth::Single { key: *key, signature: flip(signature) },
        other => other.clone(),
    });
    Witness { auths: List::new(auths.collect()).expect("as many") }
}

#[test]
fn wrong_input_gets_its_code_and_a_sentence_and_changes_nothing() {
    let running = start(&[]);
    let before = running.get(&format!("/api/v1/accounts/{}", text(1))).1;
    for (path, body, status, code) in wrong_requests(&running) {
        let (found, answer) = match &body {
            Some(body) => running.post(&path, body),
            None => running.get(&path),
        };
        let shown = body.unwrap_or_default().chars().take(200).collect::<String>();
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{path} {shown}: {answer}");
        let message = answer["message"].as_str().expect("a message");
        assert!(message.len() > 10 && !message.contains("/home") && !message.contains("panicked"), "{message}");
        assert!(answer["hint"].is_string());
    }
    assert_eq!(running.get(&format!("/api/v1/accounts/{}", text(1))).1, before);
    assert_eq!(running.get("/api/v1/mempool").1["transactions"], 0);
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_nonce_gap_names_the_missing_nonce_and_a_used_nonce_the_next() {
    let running = start(&[]);
    let (_, gap) = running.submit(&running.transfer(100, |_| {}));
    assert!(gap["message"].as_str().expect("a message").contains("nonce 0 is missing"), "{gap}");
    let id = running.submit(&running.transfer(0, |_| {})).1["id"].as_str().expect("an id").to_owned();
    running.final_transaction(&id);
    let (status, low) = running.submit(&running.transfer(0, |body| body.tip = Amount(3)));
    assert_eq!((status, low["code"].as_str()), (422, Some("nonce_too_low")), "{low}");
    assert!(low["message"].as_str().expect("a message").contains("next nonce is 1"), "{low}");
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_batch_has_a_result_per_item_in_order() {
    let running = start(&[]);
    let good = [running.transfer(0, |_| {}), running.transfer(1, |_| {})];
    let hex = |transaction: &types::Transaction| hex::encode(types::Canonical::to_canonical(transaction));
    let transactions = [hex(&good[0]), "00".to_owned(), hex(&good[1])];
    let body = serde_json::json!({ "chain_id": running.chain, "transactions": transactions }).to_string();
    let (status, answer) = running.post("/api/v1/transactions/batch", &body);
    assert_eq!((status, &answer["accepted"]), (200, &Value::from(2)), "{answer}");
    assert_eq!(answer["results"][1]["error"]["code"], "malformed_transaction");
    let last = answer["results"][2]["id"].as_str().expect("an id");
    running.final_transaction(last);
    running.node.stop().expect("a clean stop");
}

/// An answer to canonical bytes.
fn post_bytes(running: &Running, path: &str, bytes: &[u8]) -> (u16, Value) {
    let request = running.agent.post(running.url(path)).header("content-type", "application/octet-stream");
    let mut answer = request.send(bytes).expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.body_mut().read_json().expect("JSON"))
}

#[test]
fn canonical_bytes_are_taken_in_place_of_json_and_only_refusals_are_named() {
    let running = start(&[]);
    let id =
        |transaction: &types::Transaction| crypto::ids::transaction_id(running.chain, &transaction.body).to_string();
    let first = running.transfer(0, |_| {});
    let bytes = borsh::to_vec(&(running.chain, &first)).expect("in memory");
    let (status, answer) = post_bytes(&running, "/api/v1/transactions", &bytes);
    assert_eq!((status, answer["id"].as_str()), (202, Some(id(&first).as_str())), "{answer}");
    let mut forged = running.transfer(2, |_| {});
    forged.witness = running.transfer(3, |_| {}).witness;
    let batch = vec![running.transfer(1, |_| {}), forged, running.transfer(2, |_| {})];
    let bytes = borsh::to_vec(&(running.chain, &batch)).expect("in memory");
    let (status, answer) = post_bytes(&running, "/api/v1/transactions/batch", &bytes);
    assert_eq!((status, &answer["accepted"]), (200, &Value::from(2)), "{answer}");
    let refused = answer["refused"].as_array().expect("a list");
    assert_eq!((refused.len(), refused[0]["place"].as_u64()), (1, Some(1)), "{answer}");
    assert_eq!(refused[0]["error"]["code"], "bad_signature");
    running.final_transaction(&id(&batch[2]));
    running.node.stop().expect("a clean stop");
}

// FAULTS A5
#[test]
fn canonical_bytes_that_are_none_are_refused_with_the_codes_of_json() {
    let running = start(&[]);
    let transfer = running.transfer(0, |_| {});
    let bytes = |chain, count| borsh::to_vec(&(chain, vec![&transfer; count])).expect("in memory");
    let good = bytes(running.chain, 1);
    let mut trailing = good.clone();
    trailing.push(0);
    let other = ChainId(Hash32([7; 32]));
    let claimed = [running.chain.0.as_bytes().as_slice(), &u32::MAX.to_le_bytes()].concat();
    let long = [running.chain.0.as_bytes().as_slice(), &[0; 70_000]].concat();
    let batch = "/api/v1/transactions/batch";
    for (path, bytes, status, code) in [
        (batch, bytes(other, 1), 400, "wrong_chain"),
        (batch, bytes(running.chain, 0), 400, "bad_batch"),
        (batch, bytes(running.chain, 1_001), 400, "bad_batch"),
        (batch, claimed, 400, "bad_batch"),
        (batch, trailing, 400, "malformed_transaction"),
        (batch, good[..good.len() - 1].to_vec(), 400, "malformed_transaction"),
        (batch, Vec::new(), 400, "malformed_transaction"),
        (batch, running.chain.0.as_bytes().to_vec(), 400, "malformed_transaction"),
        ("/api/v1/transactions", long, 413, "oversize"),
        ("/api/v1/transactions", good.clone(), 400, "malformed_transaction"),
    ] {
        let (found, answer) = post_bytes(&running, path, &bytes);
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }
    assert_eq!(running.get("/api/v1/mempool").1["transactions"], 0);
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_simulation_shows_the_receipt_and_changes_nothing() {
    let running = start(&[]);
    let request = running.request(&running.transfer(0, |_| {}));
    let (status, answer) = running.post("/api/v1/transactions/simulate", &request);
    assert_eq!((status, answer["receipt"]["name"].as_str()), (200, Some("ok")), "{answer}");
    assert_eq!(running.get("/api/v1/mempool").1["transactions"], 0);
    running.node.stop().expect("a clean stop");
}

// FAULTS A5
#[test]
fn a_body_that_announces_too_many_bytes_is_refused_before_it_is_sent() {
    use std::io::{Read, Write};
    let running = start(&[]);
    for (route, length, hint) in [
        ("transactions", 160 * 1024 + 1, "a transaction has 65536 bytes at most"),
        ("transactions/simulate", 160 * 1024 + 1, "a transaction has 65536 bytes at most"),
        ("transactions/batch", 8 * 1024 * 1024 + 1, "send fewer transactions at once"),
    ] {
        let mut stream = std::net::TcpStream::connect(running.node.api_address()).expect("the API listens");
        let head = format!("POST /api/v1/{route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
        write!(stream, "{head}Content-Length: {length}\r\nConnection: close\r\n\r\n").expect("a connection");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"oversize\""), "{answer}");
        assert!(answer.contains(hint), "{answer}");
    }
    running.node.stop().expect("a clean stop");
}

// FAULTS A2
#[test]
fn a_read_only_node_refuses_every_write_with_403() {
    let running = start(&[("node.read_only", "true")]);
    for path in ["/api/v1/transactions", "/api/v1/tx/send", "/api/v1/transactions/batch", "/api/v1/mining/submit"] {
        let body = if path.ends_with("submit") {
            "{}".to_owned()
        } else if path.ends_with("batch") {
            serde_json::json!({ "chain_id": running.chain, "transactions": ["00"] }).to_string()
        } else {
            running.request(&running.transfer(0, |_| {}))
        };
        let (status, answer) = running.post(path, &body);
        assert_eq!((status, answer["code"].as_str()), (403, Some("read_only_replica")), "{answer}");
        assert_eq!(answer["hint"], "send this request to a node that is not read-only", "whatever it asks for");
    }
    // Nothing of a body is read for it.
    let mut stream = std::net::TcpStream::connect(running.node.api_address()).expect("the API listens");
    let head = "POST /api/v1/transactions/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    std::io::Write::write_all(&mut stream, format!("{head}Content-Length: 8000000\r\n\r\n").as_bytes())
        .expect("a connection");
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 403");
    assert_eq!(running.get("/api/v1/status").1["role"], "read_only");
    running.node.stop().expect("a clean stop");
}

// FAULTS A4
#[test]
fn foreign_hosts_and_origins_are_refused_and_allowed_ones_are_named() {
    let running = start(&[("api.hosts", "node.example"), ("api.origins", "https://explorer.example")]);
    let own = running.node.api_address().to_string();
    for (host, origin, status, allowed) in [
        ("evil.example", None, 421, None),
        ("node.example", None, 200, None),
        ("localhost:1", None, 200, None),
        (own.as_str(), Some("https://evil.example"), 403, None),
        (own.as_str(), Some("null"), 403, None),
        (own.as_str(), Some("https://explorer.example"), 200, Some("https://explorer.example")),
    ] {
        let mut request = running.agent.get(running.url("/api/v1/status")).header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = request.call().expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{host} {origin:?}");
        let header = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("text"));
        assert_eq!(header, allowed, "{host} {origin:?}");
    }
    let ask = |origin: &str| {
        let request = running.agent.options(running.url("/api/v1/transactions")).header("origin", origin);
        request.call().expect("an answer").status().as_u16()
    };
    assert_eq!((ask("https://explorer.example"), ask("https://evil.example")), (204, 403));
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_stream_resumes_by_height_without_a_gap() {
    use std::io::{BufRead, BufReader};
    let running = start(&[]);
    let id = running.submit(&running.transfer(0, |_| {})).1["id"].as_str().expect("an id").to_owned();
    let height = running.final_transaction(&id)["height"].as_u64().expect("a height");
    let answer = running.agent.get(running.url("/api/v1/stream?from=0")).call().expect("an answer");
    let lines = BufReader::new(answer.into_body().into_reader()).lines();
    let ids = lines.map(|line| line.expect("a line")).filter_map(|line| line.strip_prefix("id: ")?.parse::<u64>().ok());
    let heights: Vec<u64> = ids.take(usize::try_from(height).expect("small") + 3).collect();
    assert_eq!(heights, (0..=height + 2).collect::<Vec<_>>());
    running.node.stop().expect("a clean stop");
}

// FAULTS RT8
#[test]
fn a_reader_that_has_seen_blocks_that_are_not_here_is_told_the_newest_and_goes_on_from_there() {
    use std::io::{BufRead, BufReader};
    let running = start(&[]);
    let open = |last: &str| {
        let request = running.agent.get(running.url("/api/v1/stream")).header("last-event-id", last);
        request.call().expect("an answer")
    };
    for last in ["x", "-1", "1.5", "18446744073709551616", "1, 2"] {
        let mut answer = open(last);
        let body = answer.body_mut().read_to_string().expect("a body");
        assert!(answer.status().as_u16() == 400 && body.contains("bad_last_event_id"), "{last}: {body}");
    }
    for last in ["999999", "18446744073709551615"] {
        let lines = BufReader::new(open(last).into_body().into_reader()).lines().map(|line| line.expect("a line"));
        let told: Vec<String> = lines.filter(|line| line.contains(": ") && !line.starts_with(':')).take(5).collect();
        assert_eq!(told[0], "event: reset", "{told:?}");
        let newest: Value = serde_json::from_str(told[1].strip_prefix("data: ").expect("data")).expect("JSON");
        let height = newest["height"].as_u64().or_else(|| newest["height"].as_str()?.parse().ok()).expect("a height");
        assert_eq!(told[2], format!("id: {height}"));
        assert_eq!(running.get(&format!("/api/v1/blocks/{height}")).1["hash"], newest["hash"]);
        assert!(told[3].starts_with("event: "), "it goes on: {told:?}");
    }
    assert_eq!(open("").status().as_u16(), 200, "a browser that has seen nothing");
    running.node.stop().expect("a clean stop");
}

// FAULTS HB7
#[test]
fn there_are_as_many_streams_as_the_operator_allows_and_no_more() {
    let running = start(&[("api.streams_max", "2")]);
    let open = || running.agent.get(running.url("/api/v1/stream?from=0")).call().expect("an answer");
    let streams = [open(), open()];
    assert!(streams.iter().all(|stream| stream.status().as_u16() == 200));
    let (status, answer) = running.get("/api/v1/stream?from=0");
    assert!(status == 503 && answer.to_string().contains("too_many_streams"), "{status} {answer}");
    drop(streams);
    running.node.stop().expect("a clean stop");
}

// FAULTS A7, S1
#[test]
fn a_node_that_is_started_again_goes_on_where_it_was() {
    let running = start(&[]);
    let id = running.submit(&running.transfer(0, |_| {})).1["id"].as_str().expect("an id").to_owned();
    let before = running.final_transaction(&id);
    let Running { node, directory, chain, agent } = running;
    node.stop().expect("a clean stop");
    let home = node::home::Home::new(directory.path().join("home"));
    let file = Some(("config.toml".to_owned(), home.read_config().expect("a file")));
    let sources = node::config::Sources { file, ..node::config::Sources::default() };
    let config = node::config::Config::read(&sources).expect("settings");
    node::shell::verify_home(&home, &config).expect("a sound home");
    let node = support::start_in(home, config);
    let running = Running { node, directory, chain, agent };
    assert_eq!(running.get(&format!("/api/v1/transactions/{id}")).1, before);
    let id = running.submit(&running.transfer(1, |_| {})).1["id"].as_str().expect("an id").to_owned();
    running.final_transaction(&id);
    running.node.stop().expect("a clean stop");
}

// FAULTS S10
#[test]
fn two_nodes_cannot_share_a_home_or_a_port() {
    let running = start(&[]);
    let home = node::home::Home::new(running.directory.path().join("home"));
    let options = |home: node::home::Home, api: &str| {
        let flags = vec![("api.listen".to_owned(), api.to_owned()), ("network.listen".to_owned(), String::new())];
        let sources = node::config::Sources { flags, ..node::config::Sources::default() };
        let config = node::config::Config::read(&sources).expect("settings");
        let network = node::keys::NetworkKey::from_seed([4; 32]);
        node::NodeOptions {
            home,
            config,
            validator: None,
            network,
            accounts: node::keys::AccountKeys::default(),
            space: None,
        }
    };
    let error = node::Node::start(options(home, "127.0.0.1:0")).err().expect("the home is taken");
    assert_eq!(error.code(), "home_locked", "{error}");
    let other = tempfile::tempdir().expect("a directory");
    let (home, _) = support::make_home(other.path(), &support::genesis(), &[]);
    let taken = running.node.api_address().to_string();
    let error = node::Node::start(options(home, &taken)).err().expect("the port is taken");
    assert_eq!(error.code(), "api_port_in_use", "{error}");
    assert!(error.to_string().contains(&taken) && error.to_string().contains("--api"), "{error}");
    running.node.stop().expect("a clean stop");
}
