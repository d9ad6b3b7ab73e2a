//! What a node says of mining: the work chain, and the receipts of a pool.

use mining_client::{Receipts, Window};
use serde_json::{Value, json};
use types::{Address, Canonical, Hash32, Network};

/// The work chain after three works.
pub fn mining_info() -> Value {
    json!({
        "works": 3, "last_hash": Hash32([3; 32]), "last_time": 1_700_000_000_000_u64, "bits": "1e100000",
        "difficulty": "0.000244144", "hashes_expected": "1048576", "reward": "8000000", "issued": "24000000", "shares": 7,
        "shares_total": 30, "window_shares": 21, "window_weight": "100", "unclaimed": "18000000", "spacing_ms": 120_000,
    })
}

/// The receipts of work 3: the account has a quarter of the window, strangers have the rest.
fn receipts(account: &str) -> Receipts {
    let mut window = Window::default();
    window.set_width(1_000);
    window.add(3, Address::parse(account, Network::Test).expect("an address"), 25, 9);
    (11..=13).for_each(|byte| window.add(3, Address([byte; 20]), 25, u64::from(byte)));
    Receipts::of(&window, 3)
}

/// The answers of `/api/v1/mining/receipts` and what is below it; nothing where there is none.
pub fn receipts_answer(path: &str, account: &str) -> Option<Value> {
    let receipts = receipts(account);
    let root = receipts.root();
    let Some(of) = path.strip_prefix("/mining/receipts/") else {
        let older = json!({"work": 2, "root": Hash32([2; 32]), "is_kept": false});
        return Some(json!({"roots": [{"work": 3, "root": root, "is_kept": true}, older], "cursor": null}));
    };
    let (receipt, proof) = receipts.prove(&Address::parse(of.strip_prefix("3/")?, Network::Test).ok()?)?;
    Some(json!({
        "work": 3, "address": account, "weight": "25", "weight_total": "100", "sequence": 9, "root": root,
        "index": proof.index, "count": proof.count, "siblings": proof.siblings.to_vec(),
        "receipt_hex": hex::encode(receipt.to_canonical()), "proof_hex": hex::encode(proof.to_canonical()),
    }))
}
