//! Tokens of customers and of devices: who is given one, what it is good for, and for how long.

use axum::body::Body;
use axum::http::Request;
use crypto::ecdsa_pure::SigningKey;
use serde_json::{Value, json};
use service::Service;
use service::http::Routes;
use service::token::{Claims, DEVICE, Holders, KEY_LIFE_MS, Role, TokenTerms};
use tryout::{TryoutChain, get};
use types::{Address, ChainId, Network, TimeMs};
use verifyid::TokenRequest;

use super::harness::*;
use super::judged::rotate;
use crate::examiner::token::Origin;
use crate::examiner::used::{Slot, USED_BY_ANYBODY_MAX, UsedId};

pub(super) const TOKENS: &str = "/api/v1/verifyid/token";
pub(super) const KEYS: &str = "/.well-known/jwks.json";
pub(super) const NOW_MS: u64 = 1_771_111_111_000;
pub(super) const DAY_MS: u64 = 86_400_000;

pub(super) fn with_tokens() -> World {
    let mut world = World::new();
    world.settings.give_tokens = true;
    world
}

/// The key of a user of the chain.
pub(super) fn key_of(user: u8) -> SigningKey {
    SigningKey::from_bytes(&[user + 1; 32]).expect("a small number is a key of the curve")
}

pub(super) async fn keys(routes: &Routes) -> Vec<String> {
    let (status, set) = get(routes, KEYS).await;
    assert_eq!(status.as_u16(), 200, "{set}");
    let kid = |key: &Value| key["kid"].as_str().expect("a text").to_owned();
    set["keys"].as_array().expect("a list").iter().map(kid).collect()
}

pub(super) fn chain_id(world: &World) -> ChainId {
    service::chain::Chain::id(&*world.chain)
}

/// What a user signs for a token.
pub(super) fn request(world: &World, kid: &str, user: u8, account: Address, issued_at: u64) -> Value {
    let statement = TokenRequest { chain_id: chain_id(world), account, kid, issued: TimeMs(issued_at) }.to_bytes();
    assert_eq!(statement.len(), 119);
    let signature = key_of(user).sign(&crypto::hash::sha256(&statement));
    json!({ "account": account.to_text(Network::Test), "public_key": key_of(user).public_key().to_string(), "issued_at": issued_at,
        "signature": signature.to_string() })
}

pub(super) async fn token_of(world: &World, routes: &Routes, user: u8, now_ms: u64) -> String {
    let kid = keys(routes).await.remove(0);
    let given = post(routes, HERE, TOKENS, &request(world, &kid, user, TryoutChain::user(user), now_ms)).await;
    assert_eq!(
        (given.status, &given.headers["cache-control"]),
        (201, &"no-store".parse().expect("a text")),
        "{given:?}"
    );
    assert_eq!(given.body["expires_at"].as_u64(), Some(now_ms / 1_000 * 1_000 + DAY_MS));
    given.body["token"].as_str().expect("a text").to_owned()
}

pub(super) async fn ask_with(routes: &Routes, token: &str, body: &Value) -> Answered {
    let request = Request::post(ASK)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"));
    send(routes, HERE, request.body(Body::from(body.to_string())).expect("a path")).await
}

// FAULTS VS8
#[tokio::test]
async fn five_failures_stop_asking_without_a_token_and_a_customer_asks_on_and_is_verified() {
    let world = with_tokens();
    let Lives { routes, running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    let (device, stranger) = (Device(0), Device(6));
    for _ in 0..5 {
        let asked = challenge(&routes, device).await;
        assert_eq!(hand_in(&routes, &answer_of(stranger, &asked)).await.status, 401);
    }
    assert_eq!(post(&routes, HERE, ASK, &question(device)).await.code(), (429, "locked"));
    let asked = ask_with(&routes, &token, &question(device)).await;
    assert_eq!(asked.status, 201, "{asked:?}");
    assert_eq!(hand_in(&routes, &answer_of(device, &asked.body)).await.status, 200);
    assert_eq!(post(&routes, HERE, ASK, &question(device)).await.code(), (429, "locked"), "others still wait");
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS8
#[tokio::test]
async fn a_token_is_worth_nothing_for_devices_that_are_on_anothers_plan() {
    let world = with_tokens();
    // A customer of its own, who has nothing to do with the owner's other devices.
    world.register_by(VERIFIER, Device(4));
    let Lives { routes, running: _running } = world.lives().await;
    let token = token_of(&world, &routes, VERIFIER, NOW_MS).await;
    let (victims, own, stranger) = (Device(0), Device(4), Device(6));
    for _ in 0..5 {
        let asked = ask_with(&routes, &token, &question(victims)).await;
        assert_eq!(asked.status, 201, "{asked:?}");
        assert_eq!(hand_in(&routes, &answer_of(stranger, &asked.body)).await.status, 401);
    }
    assert_eq!(ask_with(&routes, &token, &question(victims)).await.code(), (429, "locked"), "as anybody");
    for _ in 0..6 {
        let asked = ask_with(&routes, &token, &question(own)).await;
        assert_eq!(asked.status, 201, "its own it asks on: {asked:?}");
        assert_eq!(hand_in(&routes, &answer_of(stranger, &asked.body)).await.status, 401);
    }
    assert_eq!(ask_with(&routes, &token, &question(Device(2))).await.status, 201, "of one that is not registered too");
}

// FAULTS VS6, VS8
#[tokio::test]
async fn in_a_flood_a_customer_with_a_token_is_still_verified() {
    let mut world = with_tokens();
    world.settings.challenges_per_minute_max = 60;
    let service = world.opened();
    let (routes, (office, _)) = (Service::routes(&service), service.open.as_ref().expect("it is switched on"));
    let office = office.clone();
    let running = tryout::Running::start(service);
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    let early = post(&routes, "198.51.100.1", ASK, &question(Device(0))).await.body;
    office.remember((0..USED_BY_ANYBODY_MAX).map(|number| {
        let id = u128::try_from(number).expect("small").to_le_bytes();
        UsedId { id, slot: Slot::of(5_000_000), origin: Origin::Anybody }
    }));
    for _ in 0..60 {
        assert!(matches!(post(&routes, HERE, ASK, &question(Device(1))).await.status, 201 | 429));
    }
    assert_eq!(post(&routes, HERE, ASK, &question(Device(1))).await.code(), (429, "asked_too_often"));
    let full = hand_in(&routes, &answer_of(Device(0), &early)).await;
    assert_eq!(
        (full.code(), &full.headers["retry-after"]),
        ((503, "too_many_answers"), &"10".parse().expect("digits"))
    );
    for device in [Device(0), Device(1)] {
        let asked = ask_with(&routes, &token, &question(device)).await;
        assert_eq!(hand_in(&routes, &answer_of(device, &asked.body)).await.status, 200, "{asked:?}");
    }
    world.clocks.pass(370_000);
    let late = post(&routes, HERE, ASK, &question(Device(0))).await.body;
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &late)).await.status, 200, "room came back");
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS8
#[tokio::test]
async fn a_token_is_for_whom_the_chain_knows_as_a_customer_and_only_by_its_own_key() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    let kid = keys(&routes).await.remove(0);
    let owner = TryoutChain::user(OWNER);
    let good = request(&world, &kid, OWNER, owner, NOW_MS);
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let other = request(&world, &kid, VERIFIER, TryoutChain::user(VERIFIER), NOW_MS);
    for (about, body, expected) in [
        ("no customer", other.clone(), (402, "plan_required")),
        ("another's account", with("account", other["account"].clone()), (401, "bad_signature")),
        ("another's key", with("public_key", other["public_key"].clone()), (401, "bad_signature")),
        ("another's signature", with("signature", other["signature"].clone()), (401, "bad_signature")),
        ("another's key for the account", request(&world, &kid, VERIFIER, owner, NOW_MS), (401, "bad_signature")),
        ("another instant", with("issued_at", json!(NOW_MS - 1)), (401, "bad_signature")),
        ("another service's key", request(&world, &"k".repeat(43), OWNER, owner, NOW_MS), (401, "bad_signature")),
        ("a minute and a ms ago", request(&world, &kid, OWNER, owner, NOW_MS - 60_001), (401, "request_expired")),
        (
            "half a minute and a ms ahead",
            request(&world, &kid, OWNER, owner, NOW_MS + 30_001),
            (401, "request_expired"),
        ),
        ("at the end of time", request(&world, &kid, OWNER, owner, u64::MAX), (401, "request_expired")),
        ("no key of the curve", with("public_key", json!("00".repeat(33))), (401, "bad_signature")),
        ("a short key", with("public_key", json!("00")), (400, "malformed")),
        ("a short signature", with("signature", json!("00")), (400, "malformed")),
        ("no address", with("account", json!("nobody")), (400, "bad_address")),
        ("an address of another network", with("account", json!(owner.to_text(Network::Main))), (400, "bad_address")),
        ("an instant as a text", with("issued_at", json!(NOW_MS.to_string())), (400, "malformed_json")),
        ("an instant before 1970", with("issued_at", json!(-1)), (400, "malformed_json")),
        ("one thing more", with("role", json!("admin")), (400, "malformed_json")),
        ("a long one", with("signature", json!("0".repeat(9_000))), (413, "oversize")),
    ] {
        assert_eq!(post(&routes, HERE, TOKENS, &body).await.code(), expected, "{about}");
    }
    for issued_at in [NOW_MS - 60_000, NOW_MS + 30_000, NOW_MS] {
        let body = request(&world, &kid, OWNER, owner, issued_at);
        let [first, again] = [post(&routes, HERE, TOKENS, &body).await, post(&routes, HERE, TOKENS, &body).await];
        assert_eq!(
            (first.status, first.body["token"] == again.body["token"]),
            (201, true),
            "a repeated one gives the same"
        );
        let asked = ask_with(&routes, first.body["token"].as_str().expect("a text"), &question(Device(0))).await;
        assert_eq!(asked.status, 201);
    }
}

// FAULTS VS8
#[tokio::test]
async fn whether_a_holder_is_a_customer_is_read_at_every_use() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.status, 201);
    for device in [Device(0), Device(1)] {
        world.call(OWNER, verifyid::VerifyIdCall::Revoke(verifyid::Out { device: device.id(), reason: 1 }));
    }
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_version"));
    world.register(Device(4));
    assert_eq!(ask_with(&routes, &token, &question(Device(4))).await.status, 201, "nothing is reset at the holder");
}

// FAULTS VS8
#[tokio::test]
async fn a_token_that_is_none_is_refused_and_is_not_the_same_as_no_token() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    for (wrong, expected) in [
        ("a.b", (401, "token_form")),
        (&format!("{token}x"), (401, "token_form")),
        (&format!("{signed}.{}", "A".repeat(86)), (401, "token_signature")),
        (&"a".repeat(4_097), (401, "token_too_long")),
    ] {
        assert_eq!(ask_with(&routes, wrong, &question(Device(0))).await.code(), expected);
    }
    world.clocks.pass(DAY_MS + 29_999);
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.status, 201);
    world.clocks.pass(1);
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_expired"));
}

pub(super) async fn take_back(routes: &Routes, token: &str) -> Answered {
    let request = Request::delete(TOKENS).header("authorization", format!("Bearer {token}"));
    send(routes, HERE, request.body(Body::empty()).expect("a path")).await
}

// FAULTS VS8
#[tokio::test]
async fn a_token_that_its_holder_took_back_is_good_for_nothing_also_after_a_restart() {
    let world = with_tokens();
    let Lives { routes, running } = world.lives().await;
    let [one, other] =
        [token_of(&world, &routes, OWNER, NOW_MS).await, token_of(&world, &routes, OWNER, NOW_MS - 1_000).await];
    let request = Request::delete(TOKENS).body(Body::empty()).expect("a path");
    assert_eq!(send(&routes, HERE, request).await.code(), (401, "token_missing"));
    assert_eq!(take_back(&routes, "a.b.c").await.code(), (401, "token_form"));
    for _ in 0..2 {
        assert_eq!(take_back(&routes, &one).await.status, 204);
        assert_eq!(ask_with(&routes, &one, &question(Device(0))).await.code(), (401, "token_revoked"));
    }
    // Whoever repeats the request that it was given for is not given it again.
    let kid = keys(&routes).await.remove(0);
    let again =
        post(&routes, HERE, TOKENS, &self::request(&world, &kid, OWNER, TryoutChain::user(OWNER), NOW_MS)).await;
    assert_eq!(again.code(), (401, "token_revoked"));
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running } = world.lives().await;
    assert_eq!(ask_with(&routes, &one, &question(Device(0))).await.code(), (401, "token_revoked"));
    assert_eq!(ask_with(&routes, &other, &question(Device(0))).await.status, 201);
    running.stop().await.expect("it ends without a fault");
    // Without the list nobody knows which are good, so none is.
    std::fs::remove_file(world.folder.path().join(crate::taken_back::FILE)).expect("our own");
    let Lives { routes, running: _running } = world.lives().await;
    for token in [&one, &other] {
        assert_eq!(ask_with(&routes, token, &question(Device(0))).await.code(), (401, "token_signature"));
    }
}

// FAULTS VS8
#[tokio::test]
async fn a_customer_has_a_bound_of_its_own() {
    let mut world = with_tokens();
    world.settings.customer_challenges_per_minute_max = 3;
    let Lives { routes, running: _running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    for _ in 0..3 {
        assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.status, 201);
    }
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (429, "asked_too_often"));
    assert_eq!(post(&routes, HERE, ASK, &question(Device(0))).await.status, 201, "its network is another matter");
}

pub(super) fn login(world: &World) -> Value {
    login_of(world, Device(0))
}

fn login_of(world: &World, device: Device) -> Value {
    let audience = TokenTerms::audience("thr-device", chain_id(world));
    json!({ "device": device.id().0.to_string(), "audience": audience, "purpose": "login" })
}

/// Devices as a verifier of their tokens knows them.
struct Devices(u64);

impl Holders for Devices {
    fn is_revoked(&self, _claims: &Claims) -> bool {
        false
    }

    fn version(&self, _subject: &str, _role: Role) -> Option<u64> {
        Some(self.0)
    }
}

// FAULTS VS8
#[tokio::test]
async fn a_device_that_logs_in_is_given_a_token_for_ten_minutes_and_one_that_is_present_none() {
    let world = with_tokens();
    let service = world.opened();
    let (routes, tokens) = (Service::routes(&service), service.tokens.clone().expect("they are switched on"));
    let running = tryout::Running::start(service);
    for number in 0..2 {
        let asked = post(&routes, HERE, ASK, &login(&world)).await.body;
        let device = if number == 0 { Device(0) } else { Device(8) };
        let answered = hand_in(&routes, &answer_of(device, &asked)).await;
        assert_eq!((answered.status, &answered.body["purpose"]), (200, &json!("login")), "{answered:?}");
        assert_eq!(answered.body["token_expires_at"].as_u64(), Some(NOW_MS + 600_000));
        let audience = TokenTerms::audience("thr-device", chain_id(&world));
        let terms =
            TokenTerms { kind: DEVICE, issuer: TokenTerms::issuer(chain_id(&world)), audience, roles: &[Role::Driver] };
        let token = answered.body["token"].as_str().expect("a text");
        let claims = terms.verify(&tokens.keys(), token, &Devices(number), NOW_MS).expect("it is good");
        let note = claims.device.expect("it names a device");
        assert_eq!((note.device.as_str(), note.level), (answered.body["device"].as_str().expect("a text"), 1));
        assert_eq!(claims.subject, TryoutChain::user(OWNER).to_text(Network::Test));
        // It is none of a customer, and ends with the key.
        assert_eq!(ask_with(&routes, token, &question(Device(0))).await.code(), (401, "token_kind"));
        assert!(terms.verify(&tokens.keys(), token, &Devices(number + 1), NOW_MS).is_err());
        if number == 0 {
            rotate(&world, Device(0), Device(8));
        }
    }
    let present = challenge(&routes, Device(0)).await;
    let answered = hand_in(&routes, &answer_of(Device(8), &present)).await;
    assert!(answered.status == 200 && answered.body.get("token").is_none(), "{answered:?}");
    let mut elsewhere = login(&world);
    elsewhere["audience"] = json!(AUDIENCE);
    assert_eq!(post(&routes, HERE, ASK, &elsewhere).await.code(), (400, "wrong_audience"));
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS8
#[tokio::test]
async fn a_device_logs_in_for_an_owner_who_has_accepted_it_and_for_nobody_else() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    let device = Device(4);
    world.register_by(VERIFIER, device);
    let asked = post(&routes, HERE, ASK, &login_of(&world, device)).await.body;
    let refused = hand_in(&routes, &answer_of(device, &asked)).await;
    assert_eq!(refused.code(), (403, "not_accepted"));
    assert!(refused.body["hint"].as_str().is_some_and(|hint| hint.contains("thronos device accept")), "{refused:?}");
    let asked = post(&routes, HERE, ASK, &login_of(&world, device)).await.body;
    assert_eq!(hand_in(&routes, &answer_of(Device(6), &asked)).await.code(), (401, "bad_answer"), "to its key alone");
    let present = challenge(&routes, device).await;
    let present = hand_in(&routes, &answer_of(device, &present)).await;
    assert_eq!((present.status, &present.body["level"]), (200, &json!(0)), "it is there all the same");
    world.call(OWNER, verifyid::VerifyIdCall::Accept(device.id()));
    let asked = post(&routes, HERE, ASK, &login_of(&world, device)).await.body;
    let answered = hand_in(&routes, &answer_of(device, &asked)).await;
    assert!(answered.status == 200 && answered.body["token"].is_string(), "{answered:?}");
    assert_eq!(answered.headers["cache-control"], "no-store");
}

// FAULTS VS8
#[tokio::test]
async fn keys_give_way_after_90_days_and_no_good_token_is_refused_for_it() {
    let world = with_tokens();
    let Lives { routes, running } = world.lives().await;
    let set = send(&routes, HERE, Request::get(KEYS).body(Body::empty()).expect("a path")).await;
    assert_eq!(set.headers["cache-control"], "no-cache");
    let first = keys(&routes).await;
    world.clocks.pass(KEY_LIFE_MS - 1);
    let token = token_of(&world, &routes, OWNER, NOW_MS + KEY_LIFE_MS - 1).await;
    world.clocks.pass(1);
    let now_ms = NOW_MS + KEY_LIFE_MS;
    // The first token after 90 days is the next key's: its request still names the former one, and is signed anew.
    let early = post(&routes, HERE, TOKENS, &request(&world, &first[0], OWNER, TryoutChain::user(OWNER), now_ms)).await;
    assert_eq!(early.code(), (401, "bad_signature"));
    let both = keys(&routes).await;
    assert_eq!((both.len(), &both[1]), (2, &first[0]));
    let next = token_of(&world, &routes, OWNER, now_ms).await;
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(keys(&routes).await, both, "a restart changes nothing");
    for token in [&token, &next] {
        assert_eq!(ask_with(&routes, token, &question(Device(0))).await.status, 201);
    }
    world.clocks.pass(DAY_MS + 30_000);
    assert_eq!(keys(&routes).await, both[..1]);
    assert!(matches!(
        ask_with(&routes, &token, &question(Device(0))).await.code(),
        (401, "token_signature" | "token_expired")
    ));
}

#[tokio::test]
async fn without_the_setting_there_are_no_tokens_and_nothing_is_kept_of_them() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(get(&routes, KEYS).await.0.as_u16(), 404);
    let body = request(&world, &"k".repeat(43), OWNER, TryoutChain::user(OWNER), NOW_MS);
    let off = post(&routes, HERE, TOKENS, &body).await;
    assert_eq!(off.code(), (404, "not_found"));
    assert!(off.body["hint"].as_str().is_some_and(|hint| hint.contains("verifyid.give_tokens = true")));
    assert_eq!(ask_with(&routes, "a.b.c", &question(Device(0))).await.code(), (404, "not_found"));
    for file in [crate::token_office::FILE, crate::taken_back::FILE] {
        assert!(!world.folder.path().join(file).exists());
    }
}

// FAULTS VS8
#[test]
fn keys_that_others_may_read_are_refused_at_the_start_and_a_look_names_them() {
    use std::os::unix::fs::PermissionsExt;
    let world = with_tokens();
    drop(world.opened());
    let path = world.folder.path().join(crate::token_office::FILE);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("our own");
    let wrong = crate::VerifyIdService::look(world.folder.path(), false).wrong;
    assert!(wrong.len() == 1 && wrong[0].to_string().contains("its mode is 640"), "{wrong:?}");
    let refused = crate::VerifyIdService::open(&world.settings, world.ground(), Vec::new()).err();
    assert_eq!(refused.map(|refusal| refusal.code.into_owned()).as_deref(), Some("token_keys"));
}
