//! What modules answer, what they reported, and what proves it, asked of a real node.

mod support;

use std::io::{BufRead, BufReader};

use crypto::jellyfish;
use crypto::merkle::MerkleProof;
use execution::ArgumentKind;
use serde_json::Value;
use support::{FUNDS, Running, address, key, start};
use types::{Canonical, Header, Network, Receipt, Transaction};

fn text(number: u8) -> String {
    address(&key(number)).to_text(Network::Test)
}

/// So many transfers, one after the other; gives their answers when final.
fn transfers(running: &Running, nonces: std::ops::Range<u64>) -> Vec<Value> {
    let one = |nonce| {
        let (status, accepted) = running.submit(&running.transfer(nonce, |_| {}));
        assert_eq!(status, 202, "{accepted}");
        running.final_transaction(accepted["id"].as_str().expect("an id"))
    };
    nonces.map(one).collect()
}

#[test]
fn every_question_of_every_module_is_a_route_that_is_described_and_answers() {
    let running = start(&[]);
    transfers(&running, 0..1);
    let (_, description) = running.get("/api/v1/openapi.json");
    for (module, query) in runtime::registry().queries() {
        let path = format!("/api/v1/{module}/{}", query.name);
        let described = &description["paths"][&path]["get"];
        assert_eq!(described["summary"], query.about, "{path}");
        let names: Vec<_> = described["parameters"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
        assert_eq!(names, query.arguments.iter().map(|argument| argument.name).collect::<Vec<_>>(), "{path}");
        let value = |kind: ArgumentKind| match kind {
            ArgumentKind::Address => text(1),
            ArgumentKind::Hash | ArgumentKind::Text | ArgumentKind::Form(_) => "01".repeat(32),
            ArgumentKind::Number => "1".to_owned(),
        };
        let pairs: Vec<_> = query.arguments.iter().map(|one| format!("{}={}", one.name, value(one.kind))).collect();
        let (status, answer) = running.get(&format!("{path}?{}", pairs.join("&")));
        let is_answered = status == 200 || status == 404 && answer["code"] == "not_found";
        assert!(is_answered, "{path}: {status} {answer}");
    }
    let (_, supply) = running.get("/api/v1/kernel/supply?asset=0");
    assert_eq!(supply["issued"], FUNDS.to_string(), "{supply}");
    for account in [text(2), address(&key(2)).to_legacy_text()] {
        let (_, balance) = running.get(&format!("/api/v1/tokens/balance?asset=0&address={account}"));
        assert_eq!(balance["amount"], "5", "{account}: {balance}");
    }
    // Below its former prefix a module answers the same.
    assert_eq!(running.get("/api/mining/info"), running.get("/api/v1/mining/info"));
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_question_that_is_asked_wrongly_is_refused_by_name() {
    let running = start(&[]);
    let main = address(&key(1)).to_text(Network::Main);
    for (path, status, code, says) in [
        ("/api/v1/tokens/asset", 400, "bad_parameter", "`id` is missing"),
        ("/api/v1/tokens/asset?id=-1", 400, "bad_parameter", "a whole number"),
        ("/api/v1/tokens/asset?id=0&id=1", 400, "bad_parameter", "given twice"),
        ("/api/v1/tokens/asset?ids=0", 400, "bad_parameter", "did you mean `id`"),
        ("/api/v1/tokens/asset?id=77", 404, "not_found", "no asset 77"),
        ("/api/v1/tokens/nothing", 404, "not_found", "no route"),
        ("/api/v1/nothing/asset", 404, "not_found", "no route"),
        ("/api/v1/kernel/next-block?x=1", 400, "bad_parameter", "no argument `x`"),
        ("/api/v1/tokens/balance?asset=0&address=thrt1x", 400, "bad_address", "thrt1x"),
        (&format!("/api/v1/mining/account?address={main}"), 400, "bad_address", "network"),
    ] {
        let (found, answer) = running.get(path);
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(says)), "{path}: {answer}");
    }
    let (status, answer) = running.post("/api/v1/kernel/supply?asset=0", "{}");
    assert_eq!((status, answer["code"].as_str()), (405, Some("method_not_allowed")));
    running.node.stop().expect("a clean stop");
}

/// All events of a kind by pages of so many.
fn all_events(running: &Running, of: &str, limit: usize) -> (Vec<Value>, String) {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = running.get(&format!("/api/v1/events/{of}?limit={limit}{cursor}"));
        assert_eq!(status, 200, "{page}");
        let found = page["events"].as_array().expect("a list");
        assert!(found.len() <= limit);
        events.extend(found.iter().cloned());
        cursor = format!("&cursor={}", page["cursor"].as_str().expect("a cursor"));
        if page["is_end"] == true {
            return (events, cursor);
        }
        assert_eq!(found.len(), limit, "a page is full unless it is the last");
    }
}

#[test]
fn events_are_paged_by_module_and_kind_and_pages_stay_as_they_are_when_blocks_come() {
    let running = start(&[]);
    let first = transfers(&running, 0..5);
    let (events, cursor) = all_events(&running, "tokens/transferred", 2);
    assert_eq!(events.len(), 5, "{events:?}");
    for (event, transaction) in events.iter().zip(&first) {
        assert_eq!((&event["id"], &event["height"]), (&transaction["id"], &transaction["height"]));
        assert_eq!((&event["receipt"], &event["event"]), (&Value::from(1), &Value::from(0)));
        assert_eq!(
            (&event["time"], &event["fields"]["transferred"]["amount"]),
            (&transaction["time"], &Value::from("5"))
        );
        assert_eq!(event["body"], transaction["receipt"]["events"][0]["body"]);
    }
    assert_eq!(all_events(&running, "1/1", 100).0, events, "by number");
    let (_, fresh) = running.get(&format!("/api/v1/events/tokens/1?limit=3{cursor}"));
    assert_eq!((&fresh["events"], &fresh["is_end"]), (&Value::Array(vec![]), &Value::Bool(true)), "{fresh}");

    let later = transfers(&running, 5..7);
    let (again, _) = all_events(&running, "tokens/transferred", 2);
    assert_eq!((&again[..5], again.len()), (&events[..], 7));
    let (_, fresh) = running.get(&format!("/api/v1/events/tokens/1?limit=3{cursor}"));
    let ids: Vec<_> = fresh["events"].as_array().expect("a list").iter().map(|event| &event["id"]).collect();
    assert_eq!(
        ids,
        later.iter().map(|transaction| &transaction["id"]).collect::<Vec<_>>(),
        "what came after the cursor"
    );
    let height = &later[0]["height"];
    let (_, from) = running.get(&format!("/api/v1/events/tokens/1?from={height}"));
    assert_eq!(from["events"], fresh["events"]);
    let (_, kernel) = running.get("/api/v1/events/kernel/fees_shared?limit=100");
    assert_eq!(kernel["name"], "fees_shared");
    assert!(kernel["events"].as_array().is_some_and(|all| all.iter().all(|event| event["receipt"] == 0)), "{kernel}");
    for (path, status, code) in [
        ("/api/v1/events/nothing/1", 404, "not_found"),
        ("/api/v1/events/tokens/nothing", 404, "not_found"),
        ("/api/v1/events/tokens/1?cursor=1.2", 400, "bad_cursor"),
        ("/api/v1/events/tokens/1?limit=101", 400, "bad_limit"),
        ("/api/v1/events/tokens/1?limit=0", 400, "bad_limit"),
    ] {
        let (found, answer) = running.get(path);
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }
    assert_eq!(running.get("/api/v1/events/99/1").1["events"], Value::Array(vec![]), "nobody reported this");
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_stream_of_one_kind_of_event_tells_those_before_and_those_to_come_and_resumes() {
    let running = start(&[]);
    let mut expected: Vec<Value> =
        transfers(&running, 0..2).iter().map(|transaction| transaction["id"].clone()).collect();
    let open = |last: Option<&str>| {
        let request = running.agent.get(running.url("/api/v1/stream?module=tokens&kind=transferred&from=0"));
        let request = last.into_iter().fold(request, |request, last| request.header("last-event-id", last));
        BufReader::new(request.call().expect("an answer").into_body().into_reader()).lines()
    };
    let told = |lines: &mut dyn Iterator<Item = std::io::Result<String>>| -> (Value, Option<String>) {
        let mut lines = lines.map(|line| line.expect("a line")).skip_while(|line| line != "event: event");
        lines.next().expect("an event");
        let data = lines.next().expect("data");
        let id = lines.next().and_then(|line| line.strip_prefix("id: ").map(str::to_owned));
        (serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON"), id)
    };
    let mut lines = open(None);
    let before: Vec<_> = (0..2).map(|_| told(&mut lines)).collect();
    expected.extend(transfers(&running, 2..4).iter().map(|transaction| transaction["id"].clone()));
    let all: Vec<_> = before.into_iter().chain((0..2).map(|_| told(&mut lines))).collect();
    assert_eq!(all.iter().map(|(event, _)| event["id"].clone()).collect::<Vec<_>>(), expected);
    let (_, page) = running.get("/api/v1/events/tokens/transferred");
    assert_eq!(
        page["events"].as_array().expect("a list"),
        &all.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>()
    );
    // Each stands alone in its block, so each carries its height.
    let second = all[1].1.clone().expect("an id");
    assert_eq!(second, all[1].0["height"].to_string());
    assert_eq!(told(&mut open(Some(&second))).0["id"], expected[2]);
    for (wrong, status) in
        [("module=tokens", 400), ("kind=1", 400), ("module=tokens&kind=nothing", 404), ("module=x&kind=1", 404)]
    {
        assert_eq!(running.get(&format!("/api/v1/stream?{wrong}")).0, status, "{wrong}");
    }
    running.node.stop().expect("a clean stop");
}

fn bytes(answer: &Value, name: &str) -> Vec<u8> {
    hex::decode(answer[name].as_str().expect("hex")).expect("hex")
}

#[test]
fn a_transaction_a_receipt_and_a_value_of_the_state_come_with_what_proves_them() {
    let running = start(&[]);
    let done = transfers(&running, 0..2);
    let id = done[0]["id"].as_str().expect("an id");
    let proof = running.until(&format!("/api/v1/transactions/{id}/proof"), |status, _| status == 200);
    let height = done[0]["height"].as_u64().expect("a height");
    assert_eq!(
        (&proof["height"], &proof["index"], &proof["id"]),
        (&done[0]["height"], &Value::from(1), &done[0]["id"])
    );
    assert_eq!(running.get(&format!("/api/v1/receipts/{height}/1/proof")).1, proof);
    let transaction = Transaction::from_canonical(&bytes(&proof, "transaction_hex")).expect("a transaction");
    assert_eq!(crypto::ids::transaction_id(running.chain, &transaction.body).to_string(), id);
    let header = |proof: &Value| Header::from_canonical(&bytes(proof, "header_hex")).expect("a header");
    let holds = |proof: &Value| {
        let receipt = Receipt::from_canonical(&bytes(proof, "receipt_hex")).expect("a receipt");
        let path = MerkleProof::from_canonical(&bytes(proof, "path_hex")).expect("a path");
        assert_eq!(u64::from(path.index), proof["index"].as_u64().expect("a number"));
        crypto::ids::verify_receipt(&header(proof).receipts_root, &receipt, &path)
    };
    assert!(holds(&proof));
    let (_, own) = running.get(&format!("/api/v1/receipts/{height}/0/proof"));
    assert!(holds(&own) && own["transaction_hex"].is_null(), "{own}");

    let key = format!("06{}", hex::encode(address(&key(2)).0));
    for module in ["kernel", "0"] {
        let (status, proof) = running.get(&format!("/api/v1/state/{module}/{key}/proof"));
        assert_eq!((status, &proof["key_hex"]), (200, &Value::from(format!("0000{key}"))), "{proof}");
        let (value, found): (Vec<u8>, _) = (bytes(&proof, "value_hex"), bytes(&proof, "proof_hex"));
        let found: jellyfish::Proof = borsh::from_slice(&found).expect("a proof");
        let root = header(&proof).state_root.0;
        jellyfish::verify(&root, &bytes(&proof, "key_hex"), Some(&value), &found).expect("it holds");
    }
    let (_, absent) = running.get("/api/v1/state/tokens/ff/proof");
    assert!(absent["value_hex"].is_null() && absent["key_hex"] == "0001ff", "{absent}");
    let newest = running.get("/api/v1/blocks/latest").1["header"]["height"].as_u64().expect("a height");
    for (path, status, code) in [
        (format!("/api/v1/transactions/{}/proof", "00".repeat(32)), 404, "not_found"),
        ("/api/v1/transactions/12/proof".to_owned(), 400, "bad_hash"),
        (format!("/api/v1/receipts/{height}/2/proof"), 404, "not_found"),
        (format!("/api/v1/receipts/{height}/99999999999/proof"), 404, "not_found"),
        (format!("/api/v1/receipts/{}/0/proof", newest + 1_000_000), 404, "not_found"),
        ("/api/v1/receipts/0/0/proof".to_owned(), 404, "not_found"),
        ("/api/v1/receipts/x/0/proof".to_owned(), 400, "bad_number"),
        ("/api/v1/state/nothing/00/proof".to_owned(), 404, "not_found"),
        ("/api/v1/state/tokens/0/proof".to_owned(), 400, "bad_key"),
        (format!("/api/v1/state/tokens/{}/proof", "00".repeat(1_023)), 400, "bad_key"),
    ] {
        let (found, answer) = running.get(&path);
        assert_eq!((found, answer["code"].as_str()), (status, Some(code)), "{path}: {answer}");
    }
    running.node.stop().expect("a clean stop");
}
