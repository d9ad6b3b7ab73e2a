//! Requests that nobody should send: each has its code, and none uses anything up.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use service::Service;
use service::http::Routes;

use super::harness::*;

/// Bodies that ask for no challenge, each with its status and code.
pub(super) fn wrong_questions() -> Vec<(String, (u16, &'static str))> {
    let id = Device(0).id();
    let good = question(Device(0));
    let with = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed[key] = value;
        changed.to_string()
    };
    let without = |key: &str| {
        let mut changed = good.clone();
        changed.as_object_mut().expect("an object").remove(key);
        changed.to_string()
    };
    let text = good.to_string();
    let mut typo = id.to_text(types::Network::Test);
    let last = typo.pop();
    typo.push(if last == Some('q') { 'p' } else { 'q' });
    let json = (400, "malformed_json");
    let malformed = (400, "malformed");
    vec![
        (String::new(), json),
        ("null".to_owned(), json),
        ("[]".to_owned(), json),
        ("{}".to_owned(), json),
        ("\"presence\"".to_owned(), json),
        (text.split_at(text.len() - 1).0.to_owned(), json),
        (format!("{text} {text}"), json),
        (format!("\u{feff}{text}"), json),
        (text.replacen('{', "{\"purpose\":\"presence\",", 1), json),
        (with("more", json!(1)), json),
        (with("nonce", json!("00")), json),
        (without("device"), json),
        (without("audience"), json),
        (without("purpose"), json),
        (with("device", json!(null)), json),
        (with("device", json!(7)), json),
        (with("device", json!([id.0.to_string()])), json),
        (with("audience", json!({})), json),
        (with("purpose", json!(1)), json),
        (with("purpose", json!("login")), (404, "not_found")),
        (with("purpose", json!("enrol")), (404, "not_found")),
        (with("purpose", json!("work")), json),
        (with("purpose", json!("Presence")), json),
        ("[".repeat(2_000), json),
        (with("device", json!("")), malformed),
        (with("device", json!("thrtdev1")), malformed),
        (with("device", json!(typo)), malformed),
        (with("device", json!(id.to_text(types::Network::Main))), malformed),
        (with("device", json!(format!("{}0", id.0))), malformed),
        (with("device", json!("é".repeat(32))), malformed),
        (with("device", json!("../../etc/passwd")), malformed),
        (with("device", json!("\u{0}")), malformed),
        (with("audience", json!("")), malformed),
        (with("audience", json!("a".repeat(257))), malformed),
        (with("audience", json!("a".repeat(3_000))), (413, "oversize")),
    ]
}

/// Answers to a good challenge that are none, each with its status and code.
pub(super) fn wrong_answers(token: &str, answer: &str) -> Vec<(String, (u16, &'static str))> {
    let of = |challenge: Value, answer: Value| json!({ "challenge": challenge, "answer": answer }).to_string();
    let json = (400, "malformed_json");
    let malformed = (400, "malformed");
    let cut = |text: &str, bytes: usize| text.split_at(text.len() - 2 * bytes).0.to_owned();
    let changed = |place: usize| {
        let mut bytes = hex::decode(token).expect("digits");
        bytes[place] ^= 1;
        json!(hex::encode(bytes))
    };
    vec![
        ("{}".to_owned(), json),
        ("[\"a\",\"b\"]".to_owned(), malformed),
        (of(json!(null), json!(answer)), json),
        (of(json!(token), json!(null)), json),
        (of(json!([1, 2]), json!(answer)), json),
        (of(json!(token), json!(7)), json),
        (json!({ "challenge": token, "answer": answer, "device": "x" }).to_string(), json),
        (format!("{{\"challenge\":\"{token}\",\"answer\":\"{answer}\",\"answer\":\"{answer}\"}}"), json),
        (of(json!(""), json!(answer)), malformed),
        (of(json!("no digits"), json!(answer)), malformed),
        (of(json!(cut(token, 1)), json!(answer)), malformed),
        (of(json!(format!("{token}00")), json!(answer)), malformed),
        (of(json!(format!("{token}0")), json!(answer)), malformed),
        (of(json!("00".repeat(171)), json!(answer)), malformed),
        (of(changed(0), json!(answer)), malformed),
        (of(changed(1), json!(answer)), (409, "wrong_instance")),
        (of(changed(8), json!(answer)), (409, "wrong_instance")),
        (of(changed(9), json!(answer)), (401, "bad_answer")),
        (of(changed(60), json!(answer)), (401, "bad_answer")),
        (of(changed(121), json!(answer)), (401, "bad_answer")),
        (of(changed(130), json!(answer)), (401, "bad_answer")),
        (of(changed(160), json!(answer)), (401, "bad_answer")),
        (of(json!(token), json!("")), malformed),
        (of(json!(token), json!(cut(answer, 1))), malformed),
        (of(json!(token), json!(format!("{answer}00"))), malformed),
        (of(json!(token), json!(format!("0x{}", cut(answer, 1)))), malformed),
        (of(json!(token), json!(format!(" {}", answer.split_at(1).1))), malformed),
        (of(json!(token), json!("g".repeat(128))), malformed),
        (of(json!(token), json!("a".repeat(4_000))), (413, "oversize")),
    ]
}

// FAULTS VS2
#[tokio::test]
async fn each_hostile_request_has_its_code_and_uses_nothing_up() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    for (body, expected) in wrong_questions() {
        let answered = post_bytes(&routes, HERE, ASK, body.clone()).await;
        assert_eq!(answered.code(), expected, "{body}");
        assert!(!answered.body["message"].as_str().unwrap_or_default().is_empty(), "{body}");
    }
    let asked = challenge(&routes, Device(0)).await;
    let good = answer_of(Device(0), &asked);
    let text = |key: &str| good[key].as_str().expect("digits").to_owned();
    for (body, expected) in wrong_answers(&text("challenge"), &text("answer")) {
        let answered = post_bytes(&routes, HERE, ANSWER, body.clone()).await;
        assert_eq!(answered.code(), expected, "{body}");
    }
    assert_eq!(hand_in(&routes, &good).await.status, 200, "nothing was used up");
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS2
#[tokio::test]
async fn a_body_without_a_length_is_bounded_while_it_is_read_and_one_of_another_kind_is_refused() {
    let world = World::new();
    let routes = Service::routes(&world.opened());
    let endless =
        Body::from_stream(futures::stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b' '; 1_000]))));
    assert_eq!(post_bytes(&routes, HERE, ASK, endless).await.code(), (413, "oversize"));
    let request = Request::post(ASK).body(Body::from(question(Device(0)).to_string())).expect("a path");
    assert_eq!(send(&routes, HERE, request).await.code(), (415, "content_type"));
    let get = Request::get(ASK).body(Body::empty()).expect("a path");
    assert_eq!(send(&routes, HERE, get).await.status, 405);
}

#[tokio::test]
async fn a_device_is_shown_by_either_form_of_its_id_and_what_is_none_is_refused() {
    let world = World::new();
    let routes = Service::routes(&world.opened());
    let id = Device(0).id();
    for (path, expected) in [
        (id.0.to_string(), 200),
        (id.to_text(types::Network::Test), 200),
        (id.to_text(types::Network::Main), 400),
        (Device(2).id().0.to_string(), 404),
        ("7".to_owned(), 400),
        ("%ff".to_owned(), 400),
    ] {
        let request = Request::get(format!("/api/v1/verifyid/devices/{path}")).body(Body::empty()).expect("a path");
        assert_eq!(send(&routes, HERE, request).await.status, expected, "{path}");
    }
}

fn on_a_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work);
}

async fn is_refused(routes: &Routes, path: &str, body: impl Into<Body>) {
    let answered = post_bytes(routes, HERE, path, body).await;
    assert!((400..500).contains(&answered.status), "{answered:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // FAULTS VS2
    #[test]
    fn whatever_is_sent_is_refused_and_nothing_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        token in prop::collection::vec(any::<u8>(), 0..200),
        text in ".{0,80}",
    ) {
        thread_local!(static WORLD: (World, Routes) = {
            let world = World::new();
            let routes = Service::routes(&world.opened());
            (world, routes)
        });
        WORLD.with(|(_, routes)| on_a_runtime(async {
            for path in [ASK, ANSWER] {
                is_refused(routes, path, bytes.clone()).await;
            }
            let answer = json!({ "challenge": hex::encode(&token), "answer": "00".repeat(64) });
            is_refused(routes, ANSWER, answer.to_string()).await;
            let question = json!({ "device": text, "audience": AUDIENCE, "purpose": "presence" });
            is_refused(routes, ASK, question.to_string()).await;
        }));
    }
}
