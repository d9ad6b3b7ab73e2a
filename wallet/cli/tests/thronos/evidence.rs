//! What modules answer, and what is proven of a transaction, a receipt and the state: the node's word is marked, and no proof holds
//! that was changed anywhere.

use crypto::jellyfish::{KeyHash, Leaf, Proof, ValueHash};
use serde_json::{Value, json};
use tokens_client::{TransferRequest, build_transfer};
use types::{Canonical, Epoch, Hash32, Header, Height, Receipt, Transaction, View};
use wallet::client::proofs::ReceiptEvidence;
use wallet::client::types::ProofResponse;
use wallet::proof::{WhichReceipt, check_receipt, check_state};
use wallet::{Chain, Envelope, sign_transaction};

use crate::chain_maker::{ChainMaker, certify, set_hash, validators};
use crate::command::Shell;
use crate::command_with_node::{shell_with, to};
use crate::node::Conduct;

/// What a node answers to a question of the kernel, and for a proof of a value; nothing to other questions.
pub fn answer(maker: &ChainMaker, path: &str) -> Option<Value> {
    if path == "/kernel/supply" {
        return Some(json!({"asset": 0, "cap": "21000000", "issued": "7", "note": "\u{1b}[2J"}));
    }
    let key = path.strip_prefix("/state/")?.strip_suffix("/proof")?.split_once('/')?.1;
    let key = execution::keys::of_module(execution::KERNEL, &hex::decode(key).ok()?);
    // Nothing stands under a key with the number of the module twice.
    let is_absent = key.starts_with(&[0; 4]);
    Some(if is_absent { proof_of_absence(maker, &key) } else { state_proof(maker, &key) })
}

/// Whether a node is asked for a proof of what became of a transaction.
pub fn is_receipt_proof(path: &str) -> bool {
    path.ends_with("/proof") && (path.starts_with("/transactions/") || path.starts_with("/receipts/"))
}

/// The proof of the receipt at a place of a block, by the header of the next one.
pub fn receipt_proof(
    maker: &ChainMaker,
    next: &Header,
    receipts: &[Receipt],
    index: usize,
    transaction: Option<&Transaction>,
) -> Value {
    let path = crypto::ids::receipt_proof(receipts, index).expect("there is one");
    json!({
        "height": next.height.0 - 1, "index": index, "id": receipts[index].id,
        "receipt_hex": hex::encode(receipts[index].to_canonical()), "path_hex": hex::encode(path.to_canonical()),
        "transaction_hex": transaction.map(|transaction| hex::encode(transaction.to_canonical())),
        "header_hex": hex::encode(next.to_canonical()), "descendants_hex": [],
        "certificate_hex": hex::encode(maker.finality(next).to_canonical()),
    })
}

#[test]
fn what_can_be_asked_is_listed_without_a_node_and_what_is_asked_wrongly_is_refused_without_one() {
    let shell = Shell::new();
    let all = shell.good(&["ask"]);
    assert_eq!(all.as_array().map(Vec::len), Some(runtime::registry().queries().count()), "{all}");
    let tokens = shell.good(&["ask", "tokens"]);
    let balance = tokens.as_array().expect("a list").iter().find(|one| one["query"] == "balance").expect("it is there");
    assert_eq!(balance["arguments"][1]["name"], "address", "{balance}");
    let told = shell.said(&["ask", "tokens"]);
    assert!(told.contains("thronos ask tokens balance") && told.contains("address=…"), "{told}");
    for (arguments, code, says) in [
        (vec!["tokn"], "unknown_module", "did you mean `tokens`"),
        (vec!["tokens", "asse"], "unknown_query", "did you mean `asset`"),
        (vec!["tokens", "asset"], "bad_argument", "`id` is missing"),
        (vec!["tokens", "asset", "id"], "bad_argument", "no name with a value"),
        (vec!["tokens", "asset", "ID=0"], "bad_argument", "no argument `ID`"),
        (vec!["tokens", "asset", "id=x"], "bad_argument", "a whole number"),
        (vec!["tokens", "asset", "id=0", "id=1"], "bad_argument", "given twice"),
        (vec!["kernel", "supply", "asset=0"], "node_unreachable", ""),
    ] {
        let output = shell.run(&[&["ask"][..], arguments.as_slice()].concat());
        let error: Value = serde_json::from_slice(&output.stderr).expect("one JSON document");
        let message = error["message"].as_str().expect("a message");
        assert!(error["code"] == code && message.contains(says), "{arguments:?}: {error}");
    }
}

#[test]
fn what_a_module_answers_is_told_as_the_nodes_word() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let told = shell.good(&["ask", "kernel", "supply", "asset=0"]);
    assert_eq!((&told["answer"]["issued"], &told["as_the_node_says"]), (&json!("7"), &json!(true)), "{told}");
    let told = shell.said(&["ask", "kernel", "supply", "asset=0"]);
    assert!(told.ends_with("(as the node says)\n") && !told.contains('\u{1b}'), "{told:?}");
    // The node does not know this one.
    assert_eq!(shell.bad(&["ask", "tokens", "balance", "asset=0", "address=alice"]), "node_refuses");
}

#[test]
fn a_transaction_a_receipt_and_a_value_are_proven_by_the_command() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let done = shell.good(&["send", "--from", "alice", "--to", &to(), "--amount", "1.5"]);
    let id = done["id"].as_str().expect("an id");
    let proven = shell.good(&["prove", "tx", id]);
    assert_eq!(
        (&proven["id"], &proven["height"], &proven["checked"]),
        (&json!(id), &json!(1), &json!(true)),
        "{proven}"
    );
    assert_eq!((&proven["receipt"]["name"], &proven["transaction"]["id"]), (&json!("ok"), &json!(id)), "{proven}");
    let receipt = shell.good(&["prove", "receipt", "1", "1"]);
    assert_eq!(receipt, proven);
    let told = shell.said(&["prove", "tx", id]);
    assert!(told.contains("receipt 1 of 2 of block 1") && told.contains("checked by this wallet"), "{told}");
    let (module, key) = ("kernel", format!("06{}", "07".repeat(20)));
    let value = shell.good(&["prove", "state", module, &key]);
    assert_eq!((&value["height"], &value["value"]), (&json!(11), &json!("0102")), "{value}");
    for (arguments, code) in [
        (vec!["tx", "12"], "bad_id"),
        (vec!["receipt", "1", "2"], "wrong_proof"),
        (vec!["state", "kernel", "0"], "bad_key"),
        (vec!["state", "nothing", "00"], "unknown_module"),
        (vec!["state", "tokens", &key], "wrong_proof"),
    ] {
        assert_eq!(shell.bad(&[&["prove"][..], arguments.as_slice()].concat()), code, "{arguments:?}");
    }
}

/// Two receipts of block 4, the header of block 5, and the transaction of the second receipt.
struct World {
    maker: ChainMaker,
    chain: Chain,
    next: Header,
    receipts: Vec<Receipt>,
    transaction: Transaction,
}

fn world() -> World {
    let maker = ChainMaker::new(&[]);
    let key = crate::chain_maker::key(1);
    let envelope =
        Envelope::single(key.address(), types::Nonce(7), types::TimeMs(1_800_000_000_000), types::Amount(5_000));
    let request = TransferRequest::thr(types::Address([2; 20]), types::Amount(1_500_000));
    let body = build_transfer(&envelope, &request).expect("a transfer");
    let transaction = sign_transaction(&key, maker.id, body).expect("the sender's key");
    let id = crypto::ids::transaction_id(maker.id, &transaction.body);
    let receipt = |id| Receipt {
        id,
        code: 0,
        call: 0,
        weight: types::Weight(1_232),
        fee: types::Amount(9),
        events: types::List::default(),
    };
    let receipts = vec![receipt(Hash32::ZERO), receipt(id)];
    let next = Header { receipts_root: crypto::ids::receipts_root(&receipts), ..maker.header(5, Hash32([4; 32])) };
    World { chain: maker.chain(), maker, next, receipts, transaction }
}

impl World {
    fn answer(&self, next: &Header) -> ReceiptEvidence {
        let told = receipt_proof(&self.maker, next, &self.receipts, 1, Some(&self.transaction));
        serde_json::from_value(told).expect("an answer")
    }

    fn asked(&self) -> WhichReceipt {
        WhichReceipt::Transaction(self.receipts[1].id)
    }

    fn refused(&self, answer: &ReceiptEvidence) -> String {
        check_receipt(&self.chain, answer, self.asked()).expect_err("it must be refused").code.into()
    }
}

fn hex_of(value: &impl Canonical) -> String {
    hex::encode(value.to_canonical())
}

#[test]
fn a_proof_of_a_receipt_holds_only_as_it_is() {
    let world = world();
    let good = world.answer(&world.next);
    let proven = check_receipt(&world.chain, &good, world.asked()).expect("it holds");
    assert_eq!((proven.height, proven.place, &proven.receipt), (Height(4), (1, 2), &world.receipts[1]));
    assert_eq!(proven.transaction.as_ref(), Some(&world.transaction));
    assert!(check_receipt(&world.chain, &good, WhichReceipt::Receipt(Height(4), 1)).is_ok());
    for other in [
        WhichReceipt::Receipt(Height(4), 0),
        WhichReceipt::Receipt(Height(5), 1),
        WhichReceipt::Transaction(Hash32([9; 32])),
    ] {
        assert!(check_receipt(&world.chain, &good, other).is_err(), "{other:?}");
    }
    // Every byte of every part.
    let parts: [fn(&mut ReceiptEvidence) -> &mut String; 5] = [
        |answer| &mut answer.receipt_hex,
        |answer| &mut answer.path_hex,
        |answer| answer.transaction_hex.as_mut().expect("it is there"),
        |answer| &mut answer.header_hex,
        |answer| &mut answer.certificate_hex,
    ];
    for (number, part) in parts.into_iter().enumerate() {
        let bytes = hex::decode(part(&mut good.clone())).expect("hex");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            let mut answer = good.clone();
            *part(&mut answer) = hex::encode(changed);
            assert!(check_receipt(&world.chain, &answer, world.asked()).is_err(), "part {number}, byte {place}");
        }
        for changed in [[bytes.as_slice(), &[0]].concat(), bytes[..bytes.len() - 1].to_vec(), Vec::new()] {
            let mut answer = good.clone();
            *part(&mut answer) = hex::encode(changed);
            assert!(check_receipt(&world.chain, &answer, world.asked()).is_err(), "part {number}, another length");
        }
    }
    for changed in [
        ReceiptEvidence { height: Height(5), ..good.clone() },
        ReceiptEvidence { index: 0, ..good.clone() },
        ReceiptEvidence { id: Hash32::ZERO, ..good.clone() },
        ReceiptEvidence { receipt_hex: hex_of(&world.receipts[0]), ..good.clone() },
    ] {
        assert_eq!(world.refused(&changed), "wrong_proof");
    }
}

#[test]
fn a_final_header_is_of_the_genesis_set_and_of_one_epoch_with_its_descendants() {
    let world = world();
    let (maker, next) = (&world.maker, &world.next);
    let child = maker.header(6, crypto::ids::header_hash(next));
    let by = |descendants: &[&Header], certified: &Header| ReceiptEvidence {
        descendants_hex: descendants.iter().map(|header| hex_of(*header)).collect(),
        certificate_hex: hex_of(&maker.finality(certified)),
        ..world.answer(next)
    };
    assert!(check_receipt(&world.chain, &by(&[&child], &child), world.asked()).is_ok(), "by a descendant");
    let gap = maker.header(7, crypto::ids::header_hash(next));
    let stranger = maker.header(6, Hash32([9; 32]));
    let later = Header { epoch: Epoch(1), view: View(1), ..child.clone() };
    let grandchild = maker.header(7, crypto::ids::header_hash(&child));
    for (what, answer, code) in [
        ("a gap", by(&[&gap], &gap), "not_final"),
        ("another parent", by(&[&stranger], &stranger), "not_final"),
        ("a later epoch", by(&[&later], &later), "wrong_proof"),
        ("the certificate names the middle one", by(&[&child, &grandchild], &child), "not_final"),
        ("the certificate names the first", by(&[&child], next), "not_final"),
        ("too many", by(&[&child; types::limits::DESCENDANTS_MAX + 1], &child), "wrong_proof"),
    ] {
        assert_eq!(world.refused(&answer), code, "{what}");
    }
    // An epoch's last block is never proven by what follows it.
    let last = Header { next_validators_hash: Some(maker.set_hash()), ..next.clone() };
    let after = maker.header(6, crypto::ids::header_hash(&last));
    let own = ReceiptEvidence { header_hex: hex_of(&last), ..world.answer(&last) };
    assert!(check_receipt(&world.chain, &own, world.asked()).is_ok());
    let by_the_next = ReceiptEvidence {
        descendants_hex: vec![hex_of(&after)],
        certificate_hex: hex_of(&maker.finality(&after)),
        ..own
    };
    assert_eq!(world.refused(&by_the_next), "wrong_proof");
    // A set that is right for its epoch, for all this wallet knows, is not that of the genesis.
    let (members, keys) = validators(11..18);
    let foreign = Header { epoch: Epoch(1), view: View(1), validators_hash: set_hash(&members), ..next.clone() };
    let certificate = certify(maker.id, &keys, ChainMaker::finalize(&foreign), &[0, 1, 2, 3, 4, 5]);
    let answer = ReceiptEvidence { certificate_hex: hex_of(&certificate), ..world.answer(&foreign) };
    assert_eq!(world.refused(&answer), "unknown_validator_set");
}

/// A state of one value, by the header of block 12.
pub fn state_proof(maker: &ChainMaker, key: &[u8]) -> Value {
    let value = [1, 2];
    let leaf = Leaf { key_hash: KeyHash::of(key), value_hash: ValueHash::of(&value) };
    let header = Header { state_root: Hash32(leaf.hash()), ..maker.header(12, Hash32([1; 32])) };
    let proof = borsh::to_vec(&Proof { leaf: Some(leaf), siblings: vec![] }).expect("memory");
    json!({
        "height": 11, "key_hex": hex::encode(key), "value_hex": hex::encode(value), "proof_hex": hex::encode(proof),
        "header_hex": hex::encode(header.to_canonical()), "certificate_hex": hex::encode(maker.finality(&header).to_canonical()),
    })
}

/// As [`state_proof`], of a key that is not there.
fn proof_of_absence(maker: &ChainMaker, key: &[u8]) -> Value {
    let mut told = state_proof(maker, b"elsewhere");
    told["key_hex"] = json!(hex::encode(key));
    told["value_hex"] = Value::Null;
    told
}

// FAULTS RE16
#[test]
fn where_nothing_is_proven_because_the_modules_number_was_given_too_the_right_question_is_told() {
    let (shell, _node) = shell_with(Conduct::Honest);
    let key = format!("06{}", "07".repeat(20));
    let twice = format!("0000{key}");
    let there = shell.good(&["prove", "state", "kernel", &key]);
    assert!(there["value"] == "0102" && there.get("hint").is_none(), "{there}");
    // Another wallet: the two states that this node proves are of one height, and no chain has both.
    let (shell, _node) = shell_with(Conduct::Honest);
    let absent = shell.good(&["prove", "state", "kernel", &twice]);
    assert!(absent["value"].is_null() && absent["checked"] == true, "{absent}");
    let command = format!("`thronos prove state kernel {key} ");
    assert!(absent["hint"].as_str().is_some_and(|hint| hint.contains(&command)), "{absent}");
    let told = shell.said(&["prove", "state", "kernel", &twice]);
    assert!(told.contains("nothing under this key") && told.contains("note: this key begins with 0000"), "{told}");
    assert!(told.contains(&command), "{told}");
    let tokens = runtime::registry().queries().find(|(_, query)| query.name == "asset_key").expect("a question");
    assert!(tokens.1.about.contains("two bytes of the module's number"), "{}", tokens.1.about);
}

// FAULTS RE18
#[test]
fn no_answer_with_more_headers_than_stand_before_a_certificate_is_read() {
    let (world, maker) = (world(), ChainMaker::new(&[]));
    let receipt = serde_json::to_value(world.answer(&world.next)).expect("a document");
    let state = state_proof(&maker, &[0, 1, 9]);
    let with = |answer: &Value, count: usize| {
        let mut answer = answer.clone();
        answer["descendants_hex"] = json!(vec![""; count]);
        answer.to_string()
    };
    let most = types::limits::DESCENDANTS_MAX;
    assert!(serde_json::from_str::<ReceiptEvidence>(&with(&receipt, most)).is_ok());
    assert!(serde_json::from_str::<ProofResponse>(&with(&state, most)).is_ok());
    let more = [
        serde_json::from_str::<ReceiptEvidence>(&with(&receipt, most + 1)).map(drop),
        serde_json::from_str::<ProofResponse>(&with(&state, most + 1)).map(drop),
    ];
    for refused in more {
        let why = refused.expect_err("too many").to_string();
        assert!(why.contains("1025 values, at most 1024 are allowed"), "{why}");
    }
}

#[test]
fn a_proof_of_the_state_holds_only_as_it_is() {
    let maker = ChainMaker::new(&[]);
    let key = [0, 1, 9];
    let good: ProofResponse = serde_json::from_value(state_proof(&maker, &key)).expect("an answer");
    let chain = maker.chain();
    let check = |answer: &ProofResponse, key: &[u8]| check_state(&chain, answer, key);
    let proven = check(&good, &key).expect("it holds");
    assert_eq!((proven.height, proven.value.as_deref()), (Height(11), Some([1, 2].as_slice())));
    for (what, answer) in [
        ("another value", ProofResponse { value_hex: Some("0103".to_owned()), ..good.clone() }),
        ("absent", ProofResponse { value_hex: None, ..good.clone() }),
        ("another height", ProofResponse { height: Height(12), ..good.clone() }),
        ("another key", ProofResponse { key_hex: "000108".to_owned(), ..good.clone() }),
        ("no proof", ProofResponse { proof_hex: String::new(), ..good.clone() }),
        ("another root", serde_json::from_value(state_proof(&maker, &[0, 1, 8])).expect("an answer")),
    ] {
        assert_eq!(check(&answer, &key).expect_err(what).code, "wrong_proof", "{what}");
    }
    assert_eq!(check(&good, &[0, 1, 8]).expect_err("another key was asked for").code, "wrong_proof");
}
