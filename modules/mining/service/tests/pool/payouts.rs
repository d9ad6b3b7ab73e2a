//! What a pool owes its miners at a real node: shown, proven, shared out, marked as paid, and there after a restart.

use std::process::Output;

use crypto::merkle::MerkleProof;
use node::home::Home;
use serde_json::{Value, json};
use stratum::Receipt;
use types::{Canonical, Hash32, Network};

use crate::machine::Machine;
use crate::program::thronosd;
use crate::support::{Running, address, key, make_home, start, start_in};

fn payee(number: u8) -> String {
    address(&key(number)).to_text(Network::Test)
}

fn pool(home: &Home, arguments: &[&str]) -> Output {
    let mut command = thronosd();
    command.arg("pool").args(arguments).arg("--home").arg(home.root()).env_remove("THRONOS_HOME");
    command.output().expect("the program runs")
}

fn done(home: &Home, arguments: &[&str]) -> String {
    let output = pool(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn refused(home: &Home, arguments: &[&str], code: &str) -> String {
    let output = pool(home, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(&format!("[{code}]")), "{arguments:?}: {said}");
    said
}

fn units(text: &Value) -> u128 {
    text.as_str().and_then(|text| text.parse().ok()).expect("an amount")
}

/// Checks a receipt as anybody can, from its canonical bytes and the root alone.
fn check(answer: &Value, root: &Value) -> Receipt {
    let bytes = |name: &str| hex::decode(answer[name].as_str().expect("a text")).expect("hex");
    let receipt = Receipt::from_canonical(&bytes("receipt_hex")).expect("a receipt");
    let proof = MerkleProof::from_canonical(&bytes("proof_hex")).expect("a proof");
    let root: Hash32 = root.as_str().expect("a text").parse().expect("a hash");
    assert!(receipt.is_in(&root, &proof), "{answer}");
    assert_eq!(answer["work"], receipt.work_height);
    assert_eq!((units(&answer["weight"]), units(&answer["weight_total"])), (receipt.weight, receipt.weight_total));
    receipt
}

/// A pool with two miners that have a share each, and the work 1 that is closed.
fn pool_with_shares() -> (Home, node::config::Config, Running) {
    let settings = [
        ("mining.enabled", "true"),
        ("mining.listen", "127.0.0.1:0"),
        ("mining.pool_listen", "127.0.0.1:0"),
        ("mining.pool_operator", &payee(6)),
        ("mining.difficulty", "0.000001"),
    ];
    let directory = tempfile::tempdir().expect("a directory");
    let genesis = crate::support::genesis();
    let (home, config) = make_home(directory.path(), &genesis, &settings);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let chain = genesis::chain_id(&genesis);
    let running = Running { node: start_in(home.clone(), config.clone()), directory, chain, agent };
    refused(&home, &["income", "--reference", &"01".repeat(32), "--amount", "1000"], "empty_window");
    let [mut one, mut two] =
        [5, 8].map(|number| Machine::log_in(Box::new(Machine::socket(&running, 1)), &payee(number)));
    assert_eq!(one.mine(1).0["result"], true);
    // The second finds a work, which the chain takes: the window of work 1 closes.
    assert_eq!(two.mine_for(2, 1).0["result"], true);
    // A proof rides along with the next block, and the one after the first may be it.
    let path = format!("/api/v1/mining/receipts/1/{}", payee(5));
    let is_closed = |nonce: &u64| {
        running.next_block(*nonce);
        running.get(&path).0 == 200
    };
    assert!((0..200).find(is_closed).is_some(), "the chain takes no work");
    (home, config, running)
}

// FAULTS RM5
#[test]
fn what_a_pool_owes_is_shown_proven_shared_out_and_marked_as_paid_and_outlives_a_restart() {
    let (home, config, running) = pool_with_shares();
    let (status, roots) = running.get("/api/v1/mining/receipts");
    let root = roots["roots"].as_array().and_then(|roots| roots.iter().find(|root| root["work"] == 1)).expect("work 1");
    assert_eq!((status, &root["is_kept"]), (200, &json!(true)), "{roots}");
    let (_, page) = running.get("/api/v1/mining/receipts?limit=1");
    let (_, next) = running.get(&format!("/api/v1/mining/receipts?limit=1&cursor={}", page["cursor"]));
    assert_eq!((&page["roots"][0], &next["roots"][0]), (&roots["roots"][0], &roots["roots"][1]));
    for number in [5, 8] {
        let (_, answer) = running.get(&format!("/api/v1/mining/receipts/1/{}", payee(number)));
        assert_eq!(check(&answer, &root["root"]).address, address(&key(number)));
    }
    let (_, why) = running.get(&format!("/api/v1/mining/payouts/{}", payee(5)));
    assert_eq!((&why["owed"], &why["shares"]), (&json!("0"), &json!(1)), "{why}");
    assert!(units(&why["weight"]) > 0 && why["share_ppm"].as_u64().expect("a number") < 1_000_000, "{why}");
    assert!(why["works"].as_array().expect("a list").contains(&json!(1)), "{why}");

    let income = ["income", "--reference", &"01".repeat(32), "--amount", "1000", "--fee", "10"];
    assert!(done(&home, &income).starts_with("of 1000 µTHR "));
    refused(&home, &income, "known_income");
    refused(&home, &["income", "--reference", &"02".repeat(32), "--amount", "10", "--fee", "11"], "fee_above_income");
    let (_, all) = running.get("/api/v1/mining/payouts");
    assert_eq!((&all["addresses"], &all["incomes"], &all["cursor"]), (&json!(2), &json!(1), &Value::Null), "{all}");
    assert_eq!(units(&all["owed"]) + units(&all["kept"]), 1_000, "{all}");
    let (_, first) = running.get("/api/v1/mining/payouts?limit=1");
    let cursor = first["cursor"].as_str().expect("there is more");
    let (_, second) = running.get(&format!("/api/v1/mining/payouts?limit=1&cursor={cursor}"));
    assert_eq!(json!([first["payouts"][0], second["payouts"][0]]), all["payouts"]);
    let (_, why) = running.get(&format!("/api/v1/mining/payouts/{}", payee(5)));
    let owed = units(&why["owed"]);
    let told: Value = serde_json::from_str(&done(&home, &["owed", "--json"])).expect("JSON");
    assert_eq!((&told["payouts"], &told["kept"]), (&all["payouts"], &all["kept"]));
    assert!(done(&home, &["owed"]).contains(&payee(5)));

    let [first, last] = ["03", "04"].map(|byte| byte.repeat(32));
    let more = refused(&home, &["paid", "--reference", &first, &payee(5), &(owed + 1).to_string()], "overpaid");
    assert!(more.contains(&format!("{} µTHR are to be marked as paid, and {owed} µTHR are owed", owed + 1)), "{more}");
    refused(&home, &["paid", "--reference", &first, "nobody", "1"], "bad_address");
    refused(&home, &["paid", "--reference", &first, &payee(5), "0"], "bad_amount");
    let most = (owed - 1).to_string();
    let paid = ["paid", "--reference", &first, &payee(5), &most];
    assert!(done(&home, &paid).ends_with("1 µTHR still owed\n"));
    // Whoever did not hear the answer asks again.
    let is_marked_once = |running: &Running| {
        assert!(done(&home, &paid).ends_with("nothing has changed\n"));
        let known = refused(&home, &["paid", "--reference", &first, &payee(5), "1"], "known_payment");
        assert!(known.contains(&format!("a payment of {most} µTHR to this address")), "{known}");
        assert_eq!(running.get(&format!("/api/v1/mining/payouts/{}", payee(5))).1["owed"], "1");
    };
    is_marked_once(&running);
    // One transaction may pay several addresses.
    let other = done(&home, &["paid", "--reference", &first, &payee(8), "1"]);
    assert!(other.contains("noted as paid: "), "{other}");

    let (_, receipt) = running.get(&format!("/api/v1/mining/receipts/1/{}", payee(8)));
    let Running { node, directory, chain, agent } = running;
    node.stop().expect("a clean stop");
    let running = Running { node: start_in(home.clone(), config), directory, chain, agent };
    let (_, again) = running.get(&format!("/api/v1/mining/receipts/1/{}", payee(8)));
    assert_eq!(again, receipt);
    is_marked_once(&running);
    refused(&home, &income, "known_income");
    assert!(done(&home, &["paid", "--reference", &last, &payee(5), "1"]).ends_with("0 µTHR still owed\n"));
    assert!(done(&home, &["owed"]).contains(" THR owed to 1 address, "), "one is one");
    refused(&home, &["paid", "--reference", &"05".repeat(32), &payee(5), "1"], "overpaid");
    running.node.stop().expect("a clean stop");
}

#[test]
fn questions_about_payouts_that_have_no_answer_are_refused_with_what_to_do() {
    let (home, config, running) = pool_with_shares();
    // Who came when that work was closed has no receipt of it, and is told of none that cannot be asked for.
    let mut late = Machine::log_in(Box::new(Machine::socket(&running, 1)), &payee(7));
    assert_eq!(late.mine(3).0["result"], true);
    drop(late);
    let (_, fresh) = running.get(&format!("/api/v1/mining/payouts/{}", payee(7)));
    assert_eq!(fresh["shares"], json!(1), "{fresh}");
    assert!(!fresh["works"].as_array().expect("a list").contains(&json!(1)), "{fresh}");
    for (path, status, code) in [
        ("/api/v1/mining/payouts?limit=101", 400, "bad_limit"),
        ("/api/v1/mining/payouts?limit=0", 400, "bad_limit"),
        ("/api/v1/mining/payouts?cursor=x", 400, "bad_cursor"),
        ("/api/v1/mining/payouts?more=1", 400, "bad_parameter"),
        ("/api/v1/mining/payouts/nobody", 400, "bad_address"),
        (&*format!("/api/v1/mining/payouts/{}", payee(9)), 404, "not_found"),
        ("/api/v1/mining/receipts?limit=101", 400, "bad_limit"),
        (&*format!("/api/v1/mining/receipts/-1/{}", payee(5)), 400, "bad_number"),
        ("/api/v1/mining/receipts/1/nobody", 400, "bad_address"),
        (&*format!("/api/v1/mining/receipts/1/{}", payee(9)), 404, "not_found"),
        (&*format!("/api/v1/mining/receipts/999/{}", payee(5)), 404, "not_found"),
    ] {
        let (answered, error) = running.get(path);
        assert_eq!((answered, error["code"].as_str()), (status, Some(code)), "{path}: {error}");
        assert!(!error["hint"].as_str().expect("a hint").is_empty(), "{path}");
    }
    // A file that is not what was written: said once, set aside, and not there from then on. A stop waits until it is written.
    let Running { node, directory, chain, agent } = running;
    node.stop().expect("a clean stop");
    let file = home.service_folder("mining").join("receipts/1");
    let mut written = std::fs::read(&file).expect("it is written");
    written[30] ^= 1;
    std::fs::write(&file, &written).expect("own home");
    let mut check = thronosd();
    let looked = check.args(["check", "--home"]).arg(home.root()).output().expect("the program runs");
    let told = String::from_utf8_lossy(&looked.stdout);
    assert!(looked.status.code() == Some(1) && told.contains("receipts/1: it does not hold the receipts"), "{told}");
    let running = Running { node: start_in(home.clone(), config), directory, chain, agent };
    let path = format!("/api/v1/mining/receipts/1/{}", payee(5));
    let (status, error) = running.get(&path);
    assert_eq!((status, error["code"].as_str()), (503, Some("receipts_unreadable")), "{error}");
    assert_eq!(running.get(&path).0, 404);
    assert_eq!(std::fs::read(home.service_folder("mining").join("receipts/damaged-1")).expect("it is kept"), written);
    running.node.stop().expect("a clean stop");
}

#[test]
fn a_node_without_a_port_for_miners_owes_nothing_and_says_so() {
    let running = start(&[]);
    for path in ["payouts", "receipts", &format!("payouts/{}", payee(5)), &format!("receipts/1/{}", payee(5))] {
        let (status, error) = running.get(&format!("/api/v1/mining/{path}"));
        assert_eq!(status, 404, "{path}: {error}");
        assert!(error["hint"].as_str().expect("a hint").contains("mining.enabled"), "{error}");
    }
    let question = node::control::Question::Service {
        name: "mining".to_owned(),
        question: json!({ "ask": "owed", "cursor": null }),
    };
    let answer = node::control::ask(&running.directory.path().join("home"), &question).expect("it runs");
    let is_refused = matches!(&answer, node::control::Answer::Refused { code, .. } if code == "no_pool");
    assert!(is_refused, "{answer:?}");
    running.node.stop().expect("a clean stop");
}
