//! `thronos plan token`: one key asks by itself, and the keys of a policy one after the other.

use std::os::unix::fs::PermissionsExt;

use crypto::hash::sha256;
use serde_json::{Value, json};
use service::chain::Chain;
use types::{Address, ChainId, MultisigPolicy, Network, Secp256k1Key, Secp256k1Signature, TimeMs};
use verifyid::TokenRequest;
use wallet::home::WalletHome;

use crate::tryout_node::TryoutNode;
use crate::{ALICE, AUTHORITY, BOB, VERA, node, person};

const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

/// From now on the node gives tokens; it tells what it was asked for.
fn gives(node: &TryoutNode) {
    node.serves("/.well-known/jwks.json", |_, _| {
        (200, json!({"keys": [{"kty": "OKP", "kid": KID}, {"kid": "former"}]}))
    });
    let chain_id = node.chain().id();
    node.serves_too("/verifyid/token", move |_, body| match is_signed(chain_id, body) {
        true => (201, json!({"token": "a.b.c", "expires_at": 1_771_111_111_000_u64})),
        false => (401, json!({"code": "bad_signature", "message": "not signed", "hint": "sign"})),
    });
}

/// As the service judges it.
fn is_signed(chain_id: ChainId, body: &Value) -> bool {
    let account = Address::parse(body["account"].as_str().expect("a text"), Network::Test).expect("an address");
    let issued = TimeMs(body["issued_at"].as_u64().expect("a number"));
    let digest = sha256(&TokenRequest { chain_id, account, kid: KID, issued }.to_bytes());
    let read = |text: &Value| text.as_str().expect("a text").to_owned();
    let is_good = |key: Secp256k1Key, signature: &Value| {
        let signature: Secp256k1Signature = read(signature).parse().expect("digits");
        crypto::ecdsa_pure::verify(&digest, &key, &signature).is_ok()
    };
    if let Some(policy) = body.get("policy") {
        let policy: MultisigPolicy = serde_json::from_value(policy.clone()).expect("a policy");
        let signatures = body["signatures"].as_array().expect("a list");
        let place = |one: &Value| usize::try_from(one["key"].as_u64().expect("a place")).expect("small");
        return crypto::ids::address_of_policy(&policy) == account
            && signatures.len() == usize::from(policy.threshold())
            && signatures.is_sorted_by(|left, right| place(left) < place(right))
            && signatures.iter().all(|one| is_good(policy.keys()[place(one)], &one["signature"]));
    }
    let key: Secp256k1Key = read(&body["public_key"]).parse().expect("digits");
    crypto::ids::address_of_key(&key) == account && is_good(key, &body["signature"])
}

#[test]
fn one_key_is_given_a_token_which_is_kept_for_its_owner_only() {
    let node = node();
    let who = person(&node, &[("alice", ALICE)]);
    gives(&node);
    let file = who.path("token");
    let path = file.display().to_string();
    let told = who.good(&["plan", "token", "--from", "alice", "--out", &path]);
    assert_eq!((&told["file"], &told["expires_at"]), (&json!(path), &json!(1_771_111_111_000_u64)));
    assert_eq!(std::fs::read_to_string(&file).expect("written"), "a.b.c\n");
    assert_eq!(std::fs::metadata(&file).expect("written").permissions().mode() & 0o7777, 0o600);
    assert_eq!(who.good(&["plan", "token", "--from", "alice"])["token"], "a.b.c");
    assert_eq!(who.bad(&["plan", "token", "--from", "alice", "--out", &path]), "file");
    for set in [
        json!({}),
        json!({"keys": []}),
        json!({"keys": [{"kid": "short"}]}),
        json!({"keys": [{"kid": "é".repeat(43)}]}),
    ] {
        node.serves("/.well-known/jwks.json", move |_, _| (200, set.clone()));
        assert_eq!(who.bad(&["plan", "token", "--from", "alice"]), "bad_answer");
    }
}

#[test]
fn two_of_three_keys_sign_a_request_one_after_the_other() {
    let node = node();
    let who = person(&node, &[("alice", ALICE), ("bob", BOB), ("vera", VERA)]);
    gives(&node);
    let policy = MultisigPolicy::new(2, [ALICE, BOB, AUTHORITY].map(key_of).to_vec()).expect("three keys");
    WalletHome::new(who.path("wallet")).add_policy("fleet", &policy).expect("own directory");
    assert_eq!(who.bad(&["plan", "token", "--from", "fleet"]), "out_needed");
    let (request, token) = (who.path("request.json").display().to_string(), who.path("token").display().to_string());
    let made = who.good(&["plan", "token", "--from", "fleet", "--out", &request]);
    assert_eq!((&made["signatures"], &made["needed"], &made["kid"]), (&json!(0), &json!(2), &json!(KID)));
    assert_eq!(who.bad(&["plan", "token-send", &request, "--out", &token]), "missing_signatures");
    assert_eq!(who.bad(&["plan", "token-sign", &request, "--from", "vera"]), "wrong_key");
    for _ in 0..2 {
        assert_eq!(
            who.good(&["plan", "token-sign", &request, "--from", "bob"])["signatures"],
            1,
            "the same again is one"
        );
    }
    assert_eq!(who.bad(&["plan", "token-send", &request]), "missing_signatures");
    assert_eq!(who.good(&["plan", "token-sign", &request, "--from", "alice"])["signatures"], 2);
    assert_eq!(who.good(&["plan", "token-send", &request, "--out", &token])["file"], token);
    assert_eq!(std::fs::read_to_string(who.path("token")).expect("written"), "a.b.c\n");
    let text = std::fs::read_to_string(&request).expect("written");
    let read: Value = serde_json::from_str(&text).expect("JSON");
    let with = |name: &str, value: Value| {
        let mut changed = read.clone();
        changed[name] = value;
        changed.to_string()
    };
    for (changed, code) in [
        (String::new(), "no_token_request"),
        ("{}".to_owned(), "no_token_request"),
        (with("version", json!(2)), "no_token_request"),
        (with("kid", json!("short")), "no_token_request"),
        (with("more", json!(1)), "no_token_request"),
        (with("chain_id", json!("11".repeat(32))), "other_chain"),
        (with("issued_at", json!(read["issued_at"].as_u64().expect("a number") - 3_600_001)), "request_expired"),
        (with("issued_at", json!(read["issued_at"].as_u64().expect("a number") - 1)), "wrong_signature"),
        (with("kid", json!("k".repeat(43))), "wrong_signature"),
    ] {
        std::fs::write(&request, changed).expect("own directory");
        assert_eq!(who.bad(&["plan", "token-send", &request]), code);
        assert_eq!(who.bad(&["plan", "token-sign", &request, "--from", "alice"]), code);
    }
    // The service has another key since.
    std::fs::write(&request, text).expect("own directory");
    node.serves("/.well-known/jwks.json", |_, _| (200, json!({"keys": [{"kid": "n".repeat(43)}, {"kid": KID}]})));
    assert_eq!(who.bad(&["plan", "token-send", &request]), "former_key");
}

/// The public key of a user of the chain.
fn key_of(user: u8) -> Secp256k1Key {
    let key = crypto::ecdsa_pure::SigningKey::from_bytes(&[user + 1; 32]);
    key.expect("a small number is a key of the curve").public_key()
}
