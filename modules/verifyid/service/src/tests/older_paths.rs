//! The predecessor's paths, in its words: they lead to what the present ones do, and its proofs are none.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use service::Service;
use service::http::Routes;
use service::token::TokenTerms;

use super::harness::*;
use super::older::{mac, secret_of, with_hmac};

const CREATE: &str = "/api/verify/challenge/create";
const RESPOND: &str = "/api/verify/challenge/respond";
const CHECK: &str = "/api/verify/check";

async fn asked(routes: &Routes, device: Device) -> Value {
    let given = post(routes, ASKER, CREATE, &json!({ "device_id": device.id().0.to_string() })).await;
    assert_eq!((given.status, &given.body["ok"]), (201, &json!(true)), "{given:?}");
    given.body
}

fn bytes(asked: &Value) -> Vec<u8> {
    hex::decode(asked["challenge"].as_str().expect("a text")).expect("digits")
}

async fn respond(routes: &Routes, asked: &Value, response: &str) -> Answered {
    let body = json!({ "challenge_id": asked["challenge_id"], "response": response, "public_key": "whatever" });
    post(routes, HERE, RESPOND, &body).await
}

async fn look(routes: &Routes, path: &str) -> Answered {
    send(routes, HERE, Request::get(path).body(Body::empty()).expect("a path")).await
}

// FAULTS VS13
#[tokio::test]
async fn on_the_older_paths_a_device_is_verified_by_its_key_or_its_secret_once() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    let secret = secret_of(&world, &routes, Device(1)).await;
    let id = Device(1).id().to_text(types::Network::Test);
    let by_key = asked(&routes, Device(1)).await;
    assert_eq!(by_key["audience"], TokenTerms::audience("thr-verify", service::chain::Chain::id(&*world.chain)));
    assert_eq!(bytes(&by_key).len(), 210);
    let by_secret = asked(&routes, Device(1)).await;
    let mut message = bytes(&by_secret);
    message.splice(..16, *b"thronos/vidmac\0\0");
    for (asked, response) in
        [(&by_key, hex::encode(Device(1).sign(&bytes(&by_key)))), (&by_secret, mac(&secret, &message))]
    {
        let good = respond(&routes, asked, &response).await;
        let expected =
            json!({ "ok": true, "verified": true, "device_id": id, "level": 1, "verified_at": 1_771_111_111_000_u64 });
        assert_eq!((good.status, good.body), (200, expected));
        assert_eq!(respond(&routes, asked, &response).await.code(), (409, "challenge_used"));
    }
    let named = json!({ "device_id": id, "audience": AUDIENCE });
    let named = post(&routes, ASKER, CREATE, &named).await.body;
    assert_eq!(bytes(&named)[161..193], *digest(AUDIENCE).as_bytes());
}

// FAULTS VS13
#[tokio::test]
async fn what_the_predecessor_took_as_an_answer_is_none() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    secret_of(&world, &routes, Device(0)).await;
    let hash = Device(0).id().0;
    for key in [hash.to_string().into_bytes(), hash.as_bytes().to_vec(), Device(0).key().to_vec()] {
        for about in ["the whole challenge", "its digits", "its id"] {
            let asked = asked(&routes, Device(0)).await;
            let message = match about {
                "the whole challenge" => bytes(&asked),
                "its digits" => asked["challenge"].as_str().expect("a text").as_bytes().to_vec(),
                _ => asked["challenge_id"].as_str().expect("a text").as_bytes().to_vec(),
            };
            assert_eq!(respond(&routes, &asked, &mac(&key, &message)).await.code(), (401, "bad_answer"), "{about}");
            let right = hex::encode(Device(0).sign(&bytes(&asked)));
            assert_eq!(respond(&routes, &asked, &right).await.code(), (409, "challenge_used"), "it is used up");
        }
    }
}

// FAULTS VS13
#[tokio::test]
async fn each_hostile_request_on_an_older_path_has_its_code() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    let id = Device(0).id().0.to_string();
    let asked = asked(&routes, Device(0)).await;
    let sealed = asked["challenge_id"].as_str().expect("a text").to_owned();
    let (json, malformed) = ((400, "malformed_json"), (400, "malformed"));
    for (path, body, expected) in [
        (CREATE, json!({}), json),
        (CREATE, json!({ "device": id }), json),
        (CREATE, json!({ "device_id": 7 }), json),
        (CREATE, json!({ "device_id": "" }), malformed),
        (CREATE, json!({ "device_id": "ASIC-0001" }), malformed),
        (CREATE, json!({ "device_id": id, "audience": "" }), malformed),
        (CREATE, json!({ "device_id": id, "audience": "a".repeat(257) }), malformed),
        (CREATE, json!({ "device_id": id, "purpose": "login" }), json),
        (CREATE, json!({ "device_id": id, "public_key": "a".repeat(3_000) }), (413, "oversize")),
        (RESPOND, json!({}), json),
        (RESPOND, json!({ "challenge_id": sealed }), json),
        (RESPOND, json!({ "challenge_id": sealed, "response": null }), json),
        (RESPOND, json!({ "challenge_id": sealed, "response": "" }), malformed),
        (RESPOND, json!({ "challenge_id": sealed, "response": "00".repeat(31) }), malformed),
        (RESPOND, json!({ "challenge_id": sealed, "response": "00".repeat(63) }), malformed),
        (RESPOND, json!({ "challenge_id": sealed, "response": "00".repeat(65) }), malformed),
        (RESPOND, json!({ "challenge_id": "00", "response": "00".repeat(64) }), malformed),
        (RESPOND, json!({ "challenge_id": "CH-1", "response": "00".repeat(32) }), malformed),
        (CHECK, json!({}), json),
        (CHECK, json!({ "hardware_hash": id }), json),
        (CHECK, json!({ "device_id": "../x" }), malformed),
        (
            "/api/verify/register",
            json!({ "wallet": "THR1", "hardware_info": {}, "device_type": "asic" }),
            (410, "registered_on_chain"),
        ),
        ("/api/verify/register", json!(null), (410, "registered_on_chain")),
    ] {
        assert_eq!(post(&routes, HERE, path, &body).await.code(), expected, "{path} {body}");
    }
    let right = hex::encode(Device(0).sign(&bytes(&asked)));
    assert_eq!(respond(&routes, &asked, &right).await.status, 200, "nothing was used up");
}

#[tokio::test]
async fn how_a_device_stands_is_told_on_the_older_paths_too() {
    let world = World::new();
    let routes = Service::routes(&world.opened());
    let text = |device: Device| device.id().to_text(types::Network::Test);
    for (device, exists, level) in [(Device(0), true, Some(1)), (Device(6), false, None)] {
        let expected =
            json!({ "ok": true, "device_id": text(device), "exists": exists, "verified": false, "level": level });
        let shown = look(&routes, &format!("{CHECK}?device_id={}", device.id().0)).await;
        assert_eq!((shown.status, &shown.body), (200, &expected));
        let posted = post(&routes, HERE, CHECK, &json!({ "device_id": text(device) })).await;
        assert_eq!((posted.status, &posted.body), (200, &expected));
    }
    world.suspend(Device(0));
    let shown = look(&routes, &format!("{CHECK}?device_id={}", text(Device(0)))).await;
    assert_eq!((&shown.body["exists"], &shown.body["level"]), (&json!(true), &json!(null)));
    let shown = look(&routes, &format!("/api/verify/device/{}", text(Device(0)))).await;
    assert_eq!(
        (shown.status, &shown.body["ok"], &shown.body["device"]["status"]),
        (200, &json!(true), &json!("suspended"))
    );
    assert_eq!(look(&routes, &format!("/api/verify/device/{}", text(Device(6)))).await.code(), (404, "not_found"));
    assert_eq!(look(&routes, "/api/verify/device/ASIC-0001").await.code(), (400, "malformed"));
    assert_eq!(look(&routes, CHECK).await.status, 400);
}
