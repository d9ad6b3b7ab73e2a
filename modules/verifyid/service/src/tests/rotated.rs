//! Keys that an operator replaces at once.

use clap::Parser;
use serde_json::{Value, json};
use service::{Refusal, Service, VerbContext, Verbs};
use tryout::Measured;

use super::customers::{NOW_MS, ask_with, keys, token_of};
use super::harness::*;
use super::older::{answered, by_mac, secret_of, with_hmac};
use crate::{VerifyIdService, VerifyIdVerb};

#[derive(Parser)]
struct Typed {
    #[command(subcommand)]
    verb: VerifyIdVerb,
}

/// What the command asks the node and prints, or what it is refused for.
fn typed(words: &[&str], answer: &Value) -> Result<(Vec<Value>, String), Refusal> {
    let (asked, printed) = (std::cell::RefCell::new(Vec::new()), std::cell::RefCell::new(String::new()));
    let asking = |question: Value| {
        asked.borrow_mut().push(question);
        Ok(answer.clone())
    };
    let printing = |text: &str| {
        printed.borrow_mut().push_str(text);
        Ok(())
    };
    let context = VerbContext { json: false, asking: &asking, printing: &printing };
    Typed::try_parse_from([&["verifyid"], words].concat()).expect("it parses").verb.run(&context)?;
    Ok((asked.into_inner(), printed.into_inner()))
}

// FAULTS VS8
#[tokio::test]
async fn the_operator_ends_all_tokens_or_all_secrets_at_once_and_a_restart_changes_nothing() {
    let mut world = with_hmac();
    world.settings.give_tokens = true;
    let service = world.opened();
    let (routes, operator) = (Service::routes(&service), Service::operator(&service).expect("it is switched on"));
    let measured = Measured::of(&service);
    let running = tryout::Running::start(service);
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    let secret = secret_of(&world, &routes, Device(0)).await;
    let before = keys(&routes).await;
    assert!(measured.text().contains("thronos_verifyid_token_key_made_seconds 1771111111\n"), "{}", measured.text());
    world.clocks.pass(1_000);
    let done = operator.answer(json!({ "ask": "rotate", "key": "jwt" })).await.expect("room");
    assert!(measured.text().contains("thronos_verifyid_token_key_made_seconds 1771111112\n"), "{}", measured.text());
    let after = keys(&routes).await;
    assert!(after.len() == 1 && after != before, "the former is not shown: {after:?}");
    assert!(done["sentence"].as_str().is_some_and(|sentence| sentence.contains(&after[0])), "{done}");
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_signature"));
    let next = token_of(&world, &routes, OWNER, NOW_MS + 1_000).await;
    assert_eq!(ask_with(&routes, &next, &question(Device(0))).await.status, 201);
    let asked = challenge(&routes, Device(0)).await;
    assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.status, 200, "another key is another matter");
    let done = operator.answer(json!({ "ask": "rotate", "key": "hmac" })).await.expect("room");
    assert!(done["sentence"].as_str().is_some_and(|sentence| sentence.contains("1 older device to be")), "{done}");
    let asked = challenge(&routes, Device(0)).await;
    assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.code(), (401, "bad_answer"));
    let anew = secret_of(&world, &routes, Device(0)).await;
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(keys(&routes).await, after);
    assert_eq!(ask_with(&routes, &next, &question(Device(0))).await.status, 201);
    for (secret, expected) in [(&secret, 401), (&anew, 200)] {
        let asked = challenge(&routes, Device(0)).await;
        assert_eq!(answered(&routes, &by_mac(secret, &asked)).await.status, expected);
    }
}

#[tokio::test]
async fn what_is_switched_off_or_not_understood_is_refused_with_the_setting() {
    let world = World::new();
    let operator = Service::operator(&world.opened()).expect("challenges are switched on");
    for (question, says) in [
        (json!({ "ask": "rotate", "key": "jwt" }), "verifyid.give_tokens = true"),
        (json!({ "ask": "rotate", "key": "hmac" }), "verifyid.hmac_devices = true"),
        (json!({ "ask": "rotate", "key": "all" }), "another version"),
        (json!({ "ask": "rotate" }), "another version"),
        (json!(null), "another version"),
    ] {
        let refused = operator.answer(question).await.expect_err("it is refused");
        assert!(refused.message.contains(says), "{refused}");
    }
    let off = VerifyIdService::open(&crate::VerifyIdSettings::default(), world.ground(), Vec::new());
    assert!(Service::operator(&off.expect("nothing forbids it").expect("its routes are there")).is_none());
}

#[test]
fn the_command_asks_for_a_yes_first_and_tells_the_whole_command() {
    let done = json!({ "key": "jwt", "sentence": "the key k signs tokens" });
    for key in ["jwt", "hmac"] {
        let refused = typed(&["rotate", key], &done).expect_err("no yes");
        assert_eq!(refused.code, "yes_needed");
        assert!(refused.message.contains(&format!("`thronosd verifyid rotate {key} --yes`")), "{refused}");
    }
    let (asked, printed) = typed(&["rotate", "jwt", "--yes"], &done).expect("it is done");
    assert_eq!((asked, printed.as_str()), (vec![json!({ "ask": "rotate", "key": "jwt" })], "the key k signs tokens"));
    assert_eq!(typed(&["rotate", "jwt", "--yes"], &json!({})).expect_err("no answer").code, "bad_answer");
}
