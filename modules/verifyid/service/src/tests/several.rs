//! Tokens of accounts of several keys: as many as the policy asks for have signed, and within an hour.

use serde_json::{Value, json};
use service::chain::Chain;
use tryout::TryoutChain;
use types::{Address, MultisigPolicy, Network, TimeMs};
use verifyid::{SetPlan, TokenRequest, VerifyIdCall};

use super::customers::{NOW_MS, TOKENS, ask_with, chain_id, key_of, keys, with_tokens};
use super::harness::*;

/// Two of the keys of three users.
fn policy() -> MultisigPolicy {
    MultisigPolicy::new(2, [3, 4, 5].map(|user| key_of(user).public_key()).to_vec()).expect("three keys")
}

fn account() -> Address {
    crypto::ids::address_of_policy(&policy())
}

/// The place of a user's key in the policy, and its signature of a request.
fn signed(world: &World, kid: &str, user: u8, issued_at: u64) -> Value {
    let statement = TokenRequest { chain_id: chain_id(world), account: account(), kid, issued: TimeMs(issued_at) };
    let key = key_of(user);
    let place = policy().keys().iter().position(|of_policy| *of_policy == key.public_key());
    let signature = key.sign(&crypto::hash::sha256(&statement.to_bytes())).to_string();
    json!({ "key": place.unwrap_or(9), "signature": signature })
}

/// A request that these users have signed, by rising place.
fn request(world: &World, kid: &str, users: &[u8], issued_at: u64) -> Value {
    let mut signatures: Vec<Value> = users.iter().map(|user| signed(world, kid, *user, issued_at)).collect();
    signatures.sort_by_key(|one| one["key"].as_u64());
    json!({ "account": account().to_text(Network::Test), "issued_at": issued_at, "policy": policy(), "signatures": signatures })
}

fn make_customer(world: &World) {
    let until = TimeMs(world.chain.now_ms() + HOUR_MS);
    world.call(AUTHORITY, VerifyIdCall::SetPlan(SetPlan { customer: account(), plan: 1, until }));
}

// FAULTS VS8
#[tokio::test]
async fn a_policy_is_given_a_token_by_as_many_of_its_keys_as_must_sign() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    let kid = keys(&routes).await.remove(0);
    let early = post(&routes, HERE, TOKENS, &request(&world, &kid, &[3, 5], NOW_MS)).await;
    assert_eq!(early.code(), (402, "plan_required"));
    make_customer(&world);
    for users in [[3, 4], [3, 5], [4, 5]] {
        // People hand a request on, for an hour at most.
        let issued_at = NOW_MS - 3_600_000 + u64::from(users[1]);
        let body = request(&world, &kid, &users, issued_at);
        let [first, again] = [post(&routes, HERE, TOKENS, &body).await, post(&routes, HERE, TOKENS, &body).await];
        assert_eq!((first.status, &first.body["token"]), (201, &again.body["token"]), "{first:?}");
        assert_eq!(first.body["expires_at"].as_u64(), Some(issued_at / 1_000 * 1_000 + super::customers::DAY_MS));
        let token = first.body["token"].as_str().expect("a text");
        assert_eq!(ask_with(&routes, token, &question(Device(0))).await.status, 201);
    }
}

// FAULTS VS8
#[tokio::test]
async fn a_request_that_too_few_or_others_have_signed_has_its_code() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    make_customer(&world);
    let kid = keys(&routes).await.remove(0);
    let good = request(&world, &kid, &[3, 5], NOW_MS);
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let without = |name: &str| {
        let mut changed = good.clone();
        changed.as_object_mut().expect("an object").remove(name);
        changed
    };
    let [first, second] = [good["signatures"][0].clone(), good["signatures"][1].clone()];
    let keyed = |key: u64, signature: &Value| json!({ "key": key, "signature": signature["signature"] });
    let others = MultisigPolicy::new(2, [3, 5, 6].map(|user| key_of(user).public_key()).to_vec()).expect("three keys");
    let own: Vec<Value> = good["policy"]["keys"].as_array().expect("a list").clone();
    let (malformed, json, bad) = ((400, "malformed"), (400, "malformed_json"), (401, "bad_signature"));
    let rows = [
        ("nobody", with("signatures", json!([])), malformed),
        ("one of two", with("signatures", json!([first])), malformed),
        ("the same twice", with("signatures", json!([first, first])), malformed),
        ("in falling order", with("signatures", json!([second, first])), malformed),
        ("three of two", request(&world, &kid, &[3, 4, 5], NOW_MS), malformed),
        ("a place that is none", with("signatures", json!([first, keyed(3, &second)])), malformed),
        ("a place beyond a byte", with("signatures", json!([first, keyed(256, &second)])), json),
        (
            "one key for both",
            with("signatures", json!([first, keyed(second["key"].as_u64().expect("a place"), &first)])),
            bad,
        ),
        ("a short signature", with("signatures", json!([first, { "key": 2, "signature": "00" }])), malformed),
        ("an empty signature", with("signatures", json!([first, { "key": 2, "signature": "00".repeat(64) }])), bad),
        ("a text for signatures", with("signatures", json!("all")), json),
        ("one thing more", with("signatures", json!([first, { "key": 2, "signature": "00", "who": "me" }])), json),
        ("no policy", without("policy"), malformed),
        ("no signatures", without("signatures"), malformed),
        ("both forms", with("public_key", own[0].clone()), malformed),
        ("another policy", with("policy", json!(others)), bad),
        ("another account", with("account", json!(TryoutChain::user(OWNER).to_text(Network::Test))), bad),
        ("a key's account", with("account", json!(TryoutChain::user(3).to_text(Network::Test))), bad),
        ("another instant", with("issued_at", json!(NOW_MS - 1)), bad),
        ("another service's key", request(&world, &"k".repeat(43), &[3, 5], NOW_MS), bad),
        (
            "a stranger's key in its place",
            {
                let mut stranger = signed(&world, &kid, 6, NOW_MS);
                stranger["key"] = second["key"].clone();
                with("signatures", json!([first, stranger]))
            },
            bad,
        ),
        ("an hour and a ms ago", request(&world, &kid, &[3, 5], NOW_MS - 3_600_001), (401, "request_expired")),
        ("half a minute and a ms ahead", request(&world, &kid, &[3, 5], NOW_MS + 30_001), (401, "request_expired")),
        (
            "a long one",
            with("signatures", json!([first, { "key": 2, "signature": "0".repeat(7_000) }])),
            (413, "oversize"),
        ),
    ];
    // A network may ask for sixty in a minute.
    for (about, body, expected) in rows {
        let code = post(&routes, HERE, TOKENS, &body).await;
        assert_eq!(code.code(), expected, "{about}");
    }
    assert_eq!(post(&routes, HERE, TOKENS, &good).await.status, 201, "the good one is good");
}

// FAULTS VS8
#[tokio::test]
async fn a_policy_that_is_none_or_another_has_its_code() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    make_customer(&world);
    let kid = keys(&routes).await.remove(0);
    let good = request(&world, &kid, &[3, 5], NOW_MS);
    let own: Vec<Value> = good["policy"]["keys"].as_array().expect("a list").clone();
    let policies = [
        ("a lower threshold", 1, own.clone()),
        ("no threshold", 0, own.clone()),
        ("a threshold beyond the keys", 4, own.clone()),
        ("keys that fall", 2, own.iter().rev().cloned().collect()),
        ("a key twice", 2, vec![own[0].clone(), own[0].clone()]),
        ("no keys", 2, Vec::new()),
        ("seventeen keys", 2, vec![own[0].clone(); 17]),
    ];
    for (about, threshold, keys) in policies {
        let mut changed = good.clone();
        changed["policy"] = json!({ "threshold": threshold, "keys": keys });
        let code = post(&routes, HERE, TOKENS, &changed).await;
        assert_eq!(code.code(), (400, "malformed"), "{about}");
    }
}
