//! The built command against a node on a real socket: honest, silent, lying.

use types::{Address, Amount, Network};
use wallet::AccountKey;

use crate::chain_maker::ChainMaker;
use crate::command::{Shell, text};
use crate::node::{Conduct, TestNode};

const HAS: Amount = Amount(5_000_000);

pub fn to() -> String {
    Address([2; 20]).to_text(Network::Test)
}

/// A shell with the key `alice`, whose account the node knows with nonce 4 and 5 THR.
pub fn shell_with(conduct: Conduct) -> (Shell, TestNode) {
    let mut shell = Shell::new();
    shell.import("alice", 1);
    let address = AccountKey::from_secret(&[1; 32]).expect("in range").address();
    let maker = ChainMaker::new(&[(address, HAS)]);
    let node = TestNode::start(maker, conduct, (address.to_text(Network::Test), 4, HAS));
    shell.node.clone_from(&node.url);
    (shell, node)
}

#[test]
fn a_transfer_is_sent_and_its_finality_checked() {
    for conduct in [Conduct::Honest, Conduct::NoStream] {
        let (shell, node) = shell_with(conduct);
        let done = shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]);
        assert_eq!(
            (done["status"].as_str(), done["height"].as_u64(), done["fee"].as_str()),
            (Some("final"), Some(1), Some("1200"))
        );
        assert_eq!((done["validators_signed"].as_u64(), done["validators"].as_u64()), (Some(3), Some(4)));
        assert_eq!((&done["finality_checked"], &done["receipt_checked"]), (&true.into(), &true.into()));
        assert!(done["latency_ms"].is_u64());
        let taken = node.taken().expect("handed in");
        assert_eq!((taken.body.nonce.0, taken.body.tip), (4, Amount::ZERO));
        let id = done["id"].as_str().expect("an id").to_owned();
        assert_eq!(shell.good(&["tx", &id])["finality"]["validators_signed"], 3);
        assert_eq!(shell.good(&["block", "1"])["finality_checked"], true);
        assert!(shell.path("wallet/genesis.json").exists(), "the genesis is pinned");
    }
}

#[test]
fn what_people_read_says_who_checked_it() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_thronos"))
        .args([
            "--node",
            &shell.node,
            "--password-file",
            text(&shell.path("password")),
            "--wallet-dir",
            text(&shell.path("wallet")),
        ])
        .args(["send", "--from", "alice", "--to", &to(), "--amount", "1"])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the command starts");
    let (answer, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(answer.contains("block 1, 3 of 4 validators, checked by this wallet"), "{answer}{notes}");
    assert!(answer.contains("0.0012 THR") && answer.contains(" ms"), "{answer}");
    assert!(notes.contains("warning: the genesis of chain") && notes.contains("without proof"), "{notes}");
}

// FAULTS RT5
#[test]
fn whoever_does_not_get_the_answer_is_not_told_to_pay_again() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
    let send = ["send", "--from", "alice", "--to", &to(), "--amount", "1"];
    let output = shell.command(&[], &send).stdout(full).output().expect("the command starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("do not give this command again: `thronos tx ") && !told.contains("asked again"), "{told}");
}

// FAULTS C19
#[test]
fn a_change_of_the_validators_is_followed_from_the_genesis() {
    let (shell, _node) = shell_with(Conduct::NextSet);
    let done = shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]);
    assert_eq!(
        (done["height"].as_u64(), done["validators_signed"].as_u64(), done["validators"].as_u64()),
        (Some(2), Some(5), Some(7))
    );
    let (shell, _node) = shell_with(Conduct::ForgedSet);
    assert_eq!(shell.bad(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]), "wrong_validator_set");
}

// FAULTS C18
#[test]
fn a_lying_node_is_found_out() {
    for (conduct, code) in [
        (Conduct::NoQuorum, "not_final"),
        (Conduct::OtherBody, "not_in_block"),
        (Conduct::OtherReceipts, "wrong_proof"),
        (Conduct::OtherChain, "other_chain"),
    ] {
        let (shell, _node) = shell_with(conduct);
        assert_eq!(shell.bad(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]), code, "{conduct:?}");
    }
}

#[test]
fn a_rejected_call_is_an_error_although_the_transaction_is_final() {
    let (shell, _node) = shell_with(Conduct::Rejects);
    let send = ["send", "--from", "alice", "--to", &to(), "--amount", "1.5", "--force"];
    assert_eq!(shell.bad(&send), "insufficient_balance");
}

// FAULTS M3
#[test]
fn what_the_chain_would_refuse_is_refused_before_it_is_signed() {
    let (shell, node) = shell_with(Conduct::Honest);
    let send = |extra: &[&str]| shell.bad(&[&["send", "--from", "alice", "--to", &to()], extra].concat());
    assert_eq!(send(&["--amount", "5"]), "insufficient_balance", "nothing is left for the fee");
    assert_eq!(send(&["--amount", "1", "--tip", "4.5"]), "insufficient_balance");
    assert_eq!(send(&["--amount", "1", "--asset", "VIBE"]), "insufficient_balance");
    assert_eq!(send(&["--amount", "1", "--nonce", "3"]), "nonce_used");
    assert_eq!(send(&["--amount", "1", "--nonce", "6"]), "nonce_gap");
    assert_eq!(send(&["--amount", "1", "--fee-max", "0.000001"]), "fee_max_too_low");
    assert_eq!(send(&["--amount", "1", "--asset", "SILVER"]), "unknown_asset");
    assert!(node.taken().is_none(), "nothing was handed in");
}

#[test]
fn a_dry_run_hands_nothing_in() {
    let (shell, node) = shell_with(Conduct::Honest);
    let shown = shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1", "--dry-run"]);
    assert_eq!((shown["status"].as_str(), shown["receipt"]["name"].as_str()), (Some("dry_run"), Some("ok")));
    assert!(node.taken().is_none());
    let sent = shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1", "--no-wait"]);
    let taken = node.taken().expect("handed in");
    let id = crypto::ids::transaction_id(shell.genesis_id(), &taken.body);
    assert_eq!((sent["status"].as_str(), sent["id"].as_str()), (Some("pending"), Some(id.to_string().as_str())));
}

// FAULTS E3
#[test]
fn a_balance_is_proven_against_the_genesis_or_not_shown() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let proof = shell.good(&["proof", "alice"]);
    assert_eq!((proof["amount"].as_str(), proof["nonce"].as_u64()), (Some("5000000"), Some(4)));
    assert_eq!(
        (proof["height"].as_u64(), proof["header_height"].as_u64(), proof["checked"].as_bool()),
        (Some(8), Some(9), Some(true))
    );
    assert_eq!(
        shell.bad(&["proof", "alice", "--asset", "VIBE"]),
        "wrong_proof",
        "the node proves THR whatever it is asked"
    );
    let (shell, _node) = shell_with(Conduct::OtherBody);
    assert_eq!(shell.bad(&["proof", "alice"]), "wrong_proof");
}

#[test]
fn queries_answer_in_words_and_as_json() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let balance = shell.good(&["balance", "alice"]);
    assert_eq!(balance["balances"][0]["amount"], "5000000");
    assert_eq!(shell.good(&["balance"]).as_array().map(Vec::len), Some(1), "all accounts of the wallet");
    assert_eq!(shell.good(&["balance", &to()])["balances"].as_array().map(Vec::len), Some(0));
    assert_eq!(shell.good(&["status"])["voting"]["sentence"], "voting as validator 0 of 4");
    // FAULTS HT3: what is wrong with the node stands in words too.
    let said = shell.said(&["status"]);
    let has_line = |begin: &str, end: &str| said.lines().any(|line| line.starts_with(begin) && line.ends_with(end));
    assert!(has_line("not ready:", "1 transaction and 11 system calls could be included"), "{said}");
    assert!(has_line("final:", ", 63.4 s ago"), "{said}");
    assert_eq!(shell.good(&["history", "alice"])["cursor"], "7.1");
    assert_eq!(shell.bad(&["history", "alice", "--cursor", "../x"]), "bad_cursor");
    assert_eq!(shell.good(&["fee", "--weight", "2000"])["fee"], "2000");
    assert!(shell.good(&["fee"])["weight"].as_u64().is_some_and(|weight| weight > 1_000));
    assert_eq!(shell.good(&["validators", "--epoch", "1"])["validators"].as_array().map(Vec::len), Some(7));
    assert_eq!(shell.good(&["asset", "show", "gold"])[0]["id"], 1000);
    assert_eq!(shell.good(&["asset", "show"])[0]["symbol"], "GOLD");
    let answer = shell.run(&["--json", "tx", &"ab".repeat(32)]);
    assert!(String::from_utf8_lossy(&answer.stderr).contains("unknown_transaction"));
}

#[test]
fn assets_are_created_minted_and_burned() {
    let create = [
        "asset",
        "create",
        "--from",
        "alice",
        "--symbol",
        "ORE",
        "--decimals",
        "2",
        "--cap",
        "10.5",
        "--minter",
        "alice",
    ];
    let (shell, _node) = shell_with(Conduct::Honest);
    assert_eq!(shell.bad(&create), "insufficient_balance", "the creation fee of 10 THR is above 5 THR");
    for (symbol, code) in
        [("ore", "malformed_symbol"), ("ABCDEFGHIJKLMNOPQ", "malformed_symbol"), ("", "malformed_symbol")]
    {
        let arguments = ["asset", "create", "--from", "alice", "--symbol", symbol, "--cap", "1", "--initial", "1"];
        assert_eq!(shell.bad(&arguments), code, "{symbol}");
    }
    assert_eq!(shell.bad(&["asset", "create", "--from", "alice", "--symbol", "ORE", "--cap", "1"]), "nothing_issuable");
    assert_eq!(
        shell.bad(&["asset", "burn", "--from", "alice", "--asset", "GOLD", "--amount", "1"]),
        "insufficient_balance"
    );
    assert_eq!(
        shell.bad(&["asset", "mint", "--from", "alice", "--asset", "GOLD", "--to", "alice", "--amount", "1.005"]),
        "bad_amount"
    );
    let (shell, node) = shell_with(Conduct::Honest);
    shell.good(&["asset", "mint", "--from", "alice", "--asset", "GOLD", "--to", &to(), "--amount", "1.05"]);
    let calls = wallet::calls::describe(&node.taken().expect("handed in").body, Network::Test);
    assert_eq!(calls[0].sentence, format!("mint 105 base units of asset 1000 to {}", to()));
    // As it is shown, and not as something else.
    let burn = |asset: &'static str| ["asset", "burn", "--from", "alice", "--asset", asset, "--amount", "1"];
    assert_eq!(shell.bad(&burn("gold#1000")), "insufficient_balance");
    for wrong in ["WBTC#1000", "GOLD#1", "GOLD#", "#1000x"] {
        assert_eq!(shell.bad(&burn(wrong)), "unknown_asset", "{wrong}");
    }
}

#[test]
fn what_was_earned_by_mining_is_shown_and_claimed() {
    let (shell, node) = shell_with(Conduct::Honest);
    let shown = shell.good(&["mining", "alice"]);
    assert_eq!((&shown["chain"]["works"], &shown["chain"]["issued"]), (&3.into(), &"24000000".into()));
    assert_eq!(shown["account"]["claimable"], "6000000");
    assert!(shell.good(&["mining"]).get("account").is_none());
    let said = shell.said(&["mining"]);
    let works = said.lines().next().unwrap_or_default();
    assert!(works.starts_with("works:") && works.contains(" UTC, ") && works.ends_with(" ago"), "{said}");
    let done = shell.good(&["claim", "--from", "alice"]);
    assert_eq!(done["status"], "final");
    let body = node.taken().expect("handed in").body;
    let calls = wallet::calls::describe(&body, Network::Test);
    assert_eq!((calls[0].kind.as_str(), calls[0].sentence.as_str()), ("claim", "claim what mining has earned"));
    let envelope = wallet::calls::weigh(&body, None).expect("known").0 - mining::CLAIM_WEIGHT.0;
    assert!((100..400).contains(&envelope), "the bytes of a signed transaction with one call: {envelope}");
    shell.import("bob", 2);
    assert_eq!(shell.bad(&["claim", "--from", "bob"]), "nothing_to_claim");
}

// FAULTS RM5
#[test]
fn what_a_pool_counted_is_checked_against_the_root() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let shown = shell.good(&["mining", "receipt", "alice"]);
    assert_eq!((&shown["work"], &shown["weight"], &shown["share_ppm"]), (&3.into(), &"25".into(), &"250000".into()));
    assert_eq!((&shown["checked"], &shown["root_given"]), (&true.into(), &false.into()));
    let root = shown["root"].as_str().expect("a root");
    let given = shell.good(&["mining", "receipt", "alice", "--work", "3", "--root", root]);
    assert_eq!(given["root_given"], true);
    let other = "07".repeat(32);
    assert_eq!(shell.bad(&["mining", "receipt", "alice", "--root", &other]), "wrong_proof");
    assert_eq!(shell.bad(&["mining", "receipt", "alice", "--work", "2"]), "node_refuses");
    assert_eq!(shell.bad(&["mining", "receipt", &to()]), "node_refuses");
}

#[test]
fn who_cannot_pay_for_a_claim_hears_how_the_first_thr_comes() {
    let (mut shell, _rich) = shell_with(Conduct::Honest);
    let (alice, has) = (AccountKey::from_secret(&[1; 32]).expect("in range").address(), Amount(100));
    let node =
        TestNode::start(ChainMaker::new(&[(alice, has)]), Conduct::Honest, (alice.to_text(Network::Test), 4, has));
    shell.node.clone_from(&node.url);
    let refused = shell.run(&["claim", "--from", "alice"]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("the next share brings an account of less than 0.01 THR"),
        "{told}"
    );
}

// FAULTS C19
#[test]
fn a_history_other_than_the_one_seen_final_is_refused_whoever_signed_it() {
    let (mut shell, _first) = shell_with(Conduct::Honest);
    shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]);
    shell.good(&["balance", "alice"]);
    // The same validators sign another block 1.
    let (_, second) = shell_with(Conduct::Honest);
    shell.node.clone_from(&second.url);
    assert_eq!(shell.bad(&["balance", "alice"]), "checkpoint_conflict");
    let (mut fresh, _third) = shell_with(Conduct::Honest);
    fresh.node.clone_from(&second.url);
    let hash = "ab".repeat(32);
    assert_eq!(fresh.bad(&["--checkpoint", &format!("1:{hash}"), "balance", "alice"]), "checkpoint_conflict");
    assert_eq!(fresh.bad(&["--checkpoint", "1", "balance", "alice"]), "bad_checkpoint");
    assert_eq!(fresh.bad(&["--checkpoint", &format!("+1:{hash}"), "balance", "alice"]), "bad_checkpoint");
    let ahead = fresh.run(&["--checkpoint", &format!("99:{hash}"), "balance", "alice"]);
    assert!(ahead.status.success() && String::from_utf8_lossy(&ahead.stderr).contains("it is behind"));
}

// FAULTS RE13
#[test]
fn a_proof_of_an_old_state_says_how_old_it_is_and_that_a_newer_block_is_known() {
    let (shell, _node) = shell_with(Conduct::Honest);
    shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]);
    let present = shell.good(&["proof", "alice"]);
    assert!(present.get("older_than").is_none() && present["time"].is_u64(), "{present}");
    assert!(shell.good(&["block", "1"]).get("older_than").is_none(), "who asks for an old block knows that it is one");
    // The wallet has seen block 9, and the node shows block 1 as its newest.
    assert_eq!(shell.good(&["block", "latest"])["older_than"], 9);
    let later = format!("99:{}", "ab".repeat(32));
    let checkpoint = ["--checkpoint", &later];
    assert_eq!(shell.good(&[&checkpoint[..], &["proof", "alice"]].concat())["older_than"], 99);
    for (command, newer) in [(&["block", "latest"][..], 9), (&["--checkpoint", &later, "proof", "alice"], 99)] {
        let said = shell.said(command);
        let warning = format!("this is old: block {newer} is known to be final");
        assert!(said.lines().any(|line| line.starts_with("warning:") && line.contains(&warning)), "{said}");
        assert!(said.lines().any(|line| line.starts_with("as of:") && line.ends_with("days ago")), "{said}");
    }
    // Any key of the state, in the same way.
    let key = format!("06{}", "07".repeat(20));
    let state = ["prove", "state", "kernel", &key];
    let told = shell.good(&[&checkpoint[..], &state].concat());
    assert_eq!(told["older_than"], 99, "{told}");
    let said = shell.said(&[&checkpoint[..], &state].concat());
    assert!(said.contains("this is old: block 99 is known to be final") && said.contains("as of:"), "{said}");
    let output = shell.command(&[], &["balance", "alice"]).output().expect("the command starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("this is the state after block 2 of 2026-01-01") && told.contains("days ago"), "{told}");
}

#[test]
fn a_history_longer_than_a_page_is_asked_for_page_by_page() {
    let (shell, _node) = shell_with(Conduct::Stands);
    for (limit, last) in [("1", "7.1"), ("100", "7.1"), ("250", "7.3"), ("1000", "7.10")] {
        let history = shell.good(&["history", "alice", "--limit", limit]);
        let count = history["transactions"].as_array().map(|all| all.len().to_string());
        assert_eq!((count.as_deref(), history["cursor"].as_str()), (Some(limit), Some(last)));
    }
    let more = shell.good(&["history", "alice", "--limit", "150", "--cursor", "7.3"]);
    assert_eq!(more["cursor"], "7.5");
    // What the last line says can be typed.
    let said = shell.said(&["history", "alice", "--limit", "150", "--cursor", "7.3"]);
    let last = said.lines().find(|line| line.starts_with("more: `thronos history alice "));
    assert!(last.is_some_and(|line| line.contains("--limit 150 --cursor 7.5")), "{said}");
    for wrong in ["7.3&limit=1", "7/3", "", "7.3 "] {
        assert_eq!(shell.bad(&["history", "alice", "--cursor", wrong]), "bad_cursor", "{wrong:?}");
    }
}

#[test]
fn a_word_that_is_no_account_is_refused_before_any_node_is_trusted_for_it() {
    let (shell, _node) = shell_with(Conduct::Honest);
    for arguments in [
        &["balance", "nobody"][..],
        &["proof", "nobody"],
        &["history", "nobody"],
        &["mining", "nobody"],
        &["send", "--from", "alice", "--to", "nobody", "--amount", "1"],
        &["asset", "mint", "--asset", "THR", "--from", "alice", "--to", "nobody", "--amount", "1"],
        &["ask", "tokens", "balances", "address=nobody"],
    ] {
        let code = shell.bad(arguments);
        assert!(code == "bad_address" || code == "unknown_query", "{arguments:?}: {code}");
        assert!(!shell.path("wallet/genesis.json").exists(), "nothing is trusted after {arguments:?}");
    }
}

#[test]
fn the_pinned_genesis_stays_when_the_node_changes_its_chain() {
    let (mut shell, _first) = shell_with(Conduct::Honest);
    shell.good(&["balance", "alice"]);
    let other = TestNode::start(ChainMaker::new(&[]), Conduct::Honest, (String::new(), 0, Amount::ZERO));
    shell.node.clone_from(&other.url);
    assert_eq!(shell.bad(&["balance", "alice"]), "other_chain");
    let genesis = shell.genesis(&ChainMaker::new(&[]));
    shell.good(&["--genesis", text(&genesis), "balance", "alice"]);
}

#[test]
fn an_error_of_the_node_keeps_its_code_under_a_name_of_its_own_and_its_control_characters_are_seen() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let output = shell.run(&["block", "77"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("\"node_code\":\"not_found\"") && errors.contains("\"code\":\"node_refuses\""), "{errors}");
    assert!(errors.contains("as the node says") && errors.contains("the node advises: look elsewhere"), "{errors}");
    assert!(!errors.contains('\u{1b}') && errors.contains("u001b"), "{errors}");
}

#[test]
fn two_of_three_spend_by_files() {
    let (shell, node) = shell_with(Conduct::Honest);
    assert!(
        shell.good(&["wallet", "address", "alice"])["address"].as_str().is_some_and(|text| text.starts_with("thrt1")),
        "as the node says"
    );
    for (name, seed) in [("one", 11), ("two", 12), ("three", 13)] {
        shell.import(name, seed);
    }
    let genesis =
        shell.genesis(&ChainMaker::new(&[(AccountKey::from_secret(&[1; 32]).expect("in range").address(), HAS)]));
    let create = [
        "multisig",
        "create",
        "--name",
        "treasury",
        "--threshold",
        "2",
        "--key",
        "one",
        "--key",
        "two",
        "--key",
        "three",
    ];
    let made = shell.good(&create);
    assert_eq!(shell.bad(&create), "name_taken");
    assert_eq!(shell.bad(&["multisig", "create", "x", "--threshold", "4", "--key", "one"]), "bad_policy");
    let no_point = format!("02{}", "00".repeat(32));
    assert_eq!(shell.bad(&["multisig", "create", "--name", "x", "--threshold", "1", "--key", &no_point]), "bad_key");
    assert_eq!(shell.good(&["multisig", "address", "treasury"])["legacy"], made["legacy"]);
    let [proposal, first, second, merged] = ["p.json", "1.json", "2.json", "m.json"].map(|name| shell.path(name));
    let propose =
        ["--genesis", text(&genesis), "multisig", "propose", "--from", "treasury", "--to", &to(), "--amount", "1"];
    let offline = ["--offline", "--nonce", "0", "--fee-max", "0.01", "--out", text(&proposal)];
    assert_eq!(shell.bad(&propose), "out_needed");
    assert_eq!(shell.good(&[propose.as_slice(), &offline].concat())["signatures"], 0);
    assert_eq!(shell.bad(&["multisig", "send", text(&proposal)]), "missing_signatures");
    assert_eq!(shell.bad(&["sign", text(&proposal), "--with", "alice"]), "wrong_key");
    shell.good(&["multisig", "sign", text(&proposal), "--from", "three", "--out", text(&first)]);
    shell.good(&["multisig", "sign", text(&proposal), "--from", "one", "--out", text(&second)]);
    assert_eq!(shell.bad(&["broadcast", text(&first)]), "missing_signatures");
    let both = shell.good(&["multisig", "merge", text(&first), text(&second), "--out", text(&merged)]);
    assert_eq!((both["complete"].as_bool(), both["signatures"].as_u64()), (Some(true), Some(2)));
    let sent = shell.run(&["multisig", "send", text(&merged)]);
    let notes = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert!(sent.status.success() && notes.contains(&format!("stays in {}", merged.display())), "{notes}");
    let done: serde_json::Value = serde_json::from_slice(&sent.stdout).expect("one JSON document");
    assert_eq!((&done["status"], &done["id"]), (&"final".into(), &both["id"]));
    assert_eq!(node.taken().expect("handed in").body.nonce.0, 0);
}
