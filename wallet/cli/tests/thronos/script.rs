//! What a node of the tests does with one request after the other, before it goes on by its conduct; and the final transactions of
//! somebody else who has the same key.

use serde_json::{Value, json};
use tokens_client::{TransferRequest, build_transfer};
use types::{Amount, Canonical, Hash32, Header, Network, Nonce, TimeMs, Transaction};
use wallet::{Envelope, sign_transaction};

use crate::chain_maker::{ChainMaker, key};

/// What the node does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It closes the connection without an answer.
    Silent,
    /// It takes what is handed in, and closes the connection without an answer.
    TakesSilently,
    /// It takes what is handed in, and answers that it refuses it.
    TakesAndRefuses(&'static str),
    /// It takes what is handed in, and answers that it refuses it: code, message and hint.
    TakesAndSays(&'static str, &'static str, &'static str),
    /// It is busy, and asks to come again after a second.
    Busy,
    /// It does not know the transaction.
    KnowsNothing,
}

/// Acts in their order, each on the first request that begins with its text; a lasting one on all that follow.
#[derive(Default)]
pub struct Script(Vec<(&'static str, Act, bool)>);

impl Script {
    pub fn add(&mut self, begin: &'static str, act: Act, lasts: bool) {
        self.0.push((begin, act, lasts));
    }

    pub fn take(&mut self, request: &str) -> Option<Act> {
        let place = self.0.iter().position(|(begin, _, _)| request.starts_with(begin))?;
        let (_, act, lasts) = self.0[place];
        if !lasts {
            self.0.remove(place);
        }
        Some(act)
    }
}

/// A transaction of alice's key that another wallet has made.
fn of_another_wallet(maker: &ChainMaker, nonce: u64) -> Transaction {
    let envelope = Envelope::single(key(1).address(), Nonce(nonce), TimeMs(1_800_000_000_000), Amount(5_000));
    let transfer = TransferRequest { to: types::Address([3; 20]), asset: types::THR, amount: Amount(1), memo: vec![] };
    sign_transaction(&key(1), maker.id, build_transfer(&envelope, &transfer).expect("short")).expect("the sender's key")
}

/// What the node says of the transactions with these nonces, each final in a block of its own.
pub fn answer_about_others(maker: &ChainMaker, nonces: &[u64], path: &str) -> Option<Value> {
    let sender = key(1).address().to_text(Network::Test);
    let all = nonces.iter().map(|nonce| (100 + 2 * nonce, of_another_wallet(maker, *nonce)));
    let all: Vec<_> =
        all.map(|(height, other)| (height, crypto::ids::transaction_id(maker.id, &other.body), other)).collect();
    if path == format!("/accounts/{sender}/transactions") {
        let entry = |(height, id, other): &(u64, Hash32, Transaction)| json!({"id": id, "height": height, "index": 0, "time": 1, "sender": sender, "receipt": receipt(id), "transaction": other});
        return Some(json!({"transactions": all.iter().map(entry).collect::<Vec<_>>(), "cursor": null}));
    }
    let (height, id, other) = all
        .iter()
        .find(|(height, id, _)| path == format!("/transactions/{id}") || path == format!("/blocks/{height}"))?;
    if path.starts_with("/transactions/") {
        return Some(json!({"id": id, "status": "final", "height": height, "transaction": other}));
    }
    let wid = crypto::ids::witness_id(*id, &other.witness);
    let header = Header { body_root: crypto::ids::body_root(&[], &[wid]), ..maker.header(*height, Hash32::ZERO) };
    let certificate = maker.finality(&header);
    Some(json!({
        "hash": crypto::ids::header_hash(&header), "body_bytes": 0, "header_hex": hex::encode(header.to_canonical()), "header": header,
        "certificate_hex": hex::encode(certificate.to_canonical()), "certificate": certificate, "descendants_hex": [],
        "system_calls": [], "transactions": [{"id": id, "wid": wid, "sender": sender, "transaction": other}],
        "receipts": [receipt(&Hash32::ZERO), receipt(id)],
    }))
}

fn receipt(id: &Hash32) -> Value {
    json!({"id": id, "code": 0, "name": "ok", "message": "", "call": 0, "weight": 1_200, "fee": "1200", "events": []})
}
