//! Tokens that are taken back by their routes: whoever holds one is rid of it, whatever the disk, the clock or other customers do.

use axum::body::Body;
use axum::http::Request;
use service::Service;
use service::http::Routes;
use service::token::KEY_LIFE_MS;
use tryout::TryoutChain;
use verifyid::{Out, VerifyIdCall};

use super::customers::*;
use super::harness::*;

/// An opened service with its tokens.
struct Office {
    routes: Routes,
    tokens: std::sync::Arc<crate::token_office::TokenOffice>,
    running: tryout::Running,
}

fn office(world: &World) -> Office {
    let service = world.opened();
    let (routes, tokens) = (Service::routes(&service), service.tokens.clone().expect("they are switched on"));
    Office { routes, tokens, running: tryout::Running::start(service) }
}

// FAULTS VS8
#[tokio::test]
async fn a_token_that_could_not_be_taken_back_durably_is_taken_back_by_asking_again() {
    let world = with_tokens();
    let Office { routes, tokens, running } = office(&world);
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    tokens.taken_back().fill();
    let hindrance = world.folder.path().join("token.new");
    std::fs::create_dir(&hindrance).expect("a free name");
    for _ in 0..3 {
        assert_eq!(take_back(&routes, &token).await.code(), (503, "log_unavailable"));
        assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_revoked"));
    }
    std::fs::remove_dir(&hindrance).expect("it is empty");
    assert_eq!(take_back(&routes, &token).await.status, 204);
    running.stop().await.expect("it ends without a fault");
    drop((routes, tokens));
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_revoked"));
}

// FAULTS VS8
#[tokio::test]
async fn a_token_is_taken_back_while_its_holder_is_no_customer_and_stays_so() {
    let world = with_tokens();
    let Lives { routes, running: _running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    for device in [Device(0), Device(1)] {
        world.call(OWNER, VerifyIdCall::Revoke(Out { device: device.id(), reason: 1 }));
    }
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_version"));
    assert_eq!(take_back(&routes, &token).await.status, 204);
    world.register(Device(4));
    assert_eq!(ask_with(&routes, &token, &question(Device(4))).await.code(), (401, "token_revoked"));
}

// FAULTS VS8
#[tokio::test]
async fn the_same_request_gives_the_same_token_over_a_restart_too() {
    let world = with_tokens();
    let Lives { routes, running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(token_of(&world, &routes, OWNER, NOW_MS).await, token);
}

// FAULTS VS8
#[tokio::test]
async fn a_clock_that_was_wrong_for_a_while_makes_nothing_good_that_was_taken_back() {
    let world = with_tokens();
    let Lives { routes, running } = world.lives().await;
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    assert_eq!(take_back(&routes, &token).await.status, 204);
    world.clocks.set(|now| now.wall_ms += 2 * DAY_MS);
    let other = token_of(&world, &routes, OWNER, NOW_MS + 2 * DAY_MS).await;
    assert_eq!(take_back(&routes, &other).await.status, 204);
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running } = world.lives().await;
    let other = token_of(&world, &routes, OWNER, NOW_MS + 2 * DAY_MS - 1_000).await;
    assert_eq!(take_back(&routes, &other).await.status, 204);
    world.clocks.set(|now| now.wall_ms -= 2 * DAY_MS);
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_revoked"));
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_revoked"));
}

// FAULTS VS8
#[tokio::test]
async fn in_a_home_that_was_copied_or_put_back_no_token_of_before_is_good() {
    let world = with_tokens();
    let Lives { routes, running } = world.lives().await;
    let (token, first) = (token_of(&world, &routes, OWNER, NOW_MS).await, keys(&routes).await);
    let path = |name: &str| world.folder.path().join(name);
    let kept = [crate::token_office::FILE, crate::taken_back::FILE].map(|name| (path(name), std::fs::read(path(name))));
    assert_eq!(take_back(&routes, &token).await.status, 204);
    running.stop().await.expect("it ends without a fault");
    for (path, bytes) in kept {
        // As from a backup: other files with the same content.
        use std::os::unix::fs::PermissionsExt;
        let beside = path.with_added_extension("restored");
        std::fs::write(&beside, bytes.expect("a file")).expect("our own");
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).expect("our own");
        std::fs::rename(beside, path).expect("our own");
    }
    let Lives { routes, running: _running } = world.lives().await;
    assert_ne!(keys(&routes).await, first);
    assert_eq!(ask_with(&routes, &token, &question(Device(0))).await.code(), (401, "token_signature"));
}

// FAULTS VS8
#[tokio::test]
async fn challenges_from_a_network_use_up_no_token_and_an_account_has_a_bound_of_its_own() {
    let mut world = with_tokens();
    world.settings.challenges_per_minute_max = 60;
    let Lives { routes, running: _running } = world.lives().await;
    for _ in 0..60 {
        assert_eq!(post(&routes, HERE, ASK, &question(Device(0))).await.status, 201);
    }
    assert_eq!(post(&routes, HERE, ASK, &question(Device(0))).await.code(), (429, "asked_too_often"));
    let kid = keys(&routes).await.remove(0);
    let request = |user, issued_at| request(&world, &kid, user, TryoutChain::user(user), issued_at);
    for number in 0..60 {
        assert_eq!(post(&routes, HERE, TOKENS, &request(OWNER, NOW_MS - number)).await.status, 201, "{number}");
    }
    let network = post(&routes, HERE, TOKENS, &request(OWNER, NOW_MS)).await;
    assert_eq!(
        (network.code(), &network.headers["retry-after"]),
        ((429, "too_many_tokens"), &"60".parse().expect("digits"))
    );
    assert!(!network.body["hint"].as_str().expect("a text").contains("show a customer's token"), "{network:?}");
    let account = post(&routes, "198.51.100.1", TOKENS, &request(OWNER, NOW_MS)).await;
    assert_eq!(
        (account.code(), &account.headers["retry-after"]),
        ((429, "too_many_tokens"), &"3600".parse().expect("digits"))
    );
    let stranger = post(&routes, "198.51.100.1", TOKENS, &request(VERIFIER, NOW_MS)).await;
    assert_eq!(stranger.code(), (402, "plan_required"), "each account by itself");
}

// FAULTS VS8
#[tokio::test]
async fn while_a_key_cannot_be_written_down_the_former_signs_and_no_request_waits_for_the_disk() {
    let world = with_tokens();
    let Office { routes, tokens, running } = office(&world);
    let first = keys(&routes).await;
    world.clocks.pass(KEY_LIFE_MS);
    // Where the next key is written stands something that does not give way.
    let hindrance = world.folder.path().join("token.keys.new");
    std::fs::create_dir(&hindrance).expect("a free name");
    let now_ms = NOW_MS + KEY_LIFE_MS;
    for number in 0..20 {
        token_of(&world, &routes, OWNER, now_ms - number).await;
        let asked = post(&routes, HERE, ASK, &login(&world)).await.body;
        let answered = hand_in(&routes, &answer_of(Device(0), &asked)).await;
        assert!(answered.status == 200 && answered.body["token"].is_string(), "{answered:?}");
    }
    assert_eq!(keys(&routes).await, first);
    std::fs::remove_dir(&hindrance).expect("it is empty");
    token_of(&world, &routes, OWNER, now_ms).await;
    assert_eq!(keys(&routes).await, first, "it is not tried for a minute");
    world.clocks.pass(60_000);
    let clocks = crate::clocks::Clocks::now(&world.clocks);
    tokens.while_a_key_is_made(|| tokens.renew(&clocks));
    assert_eq!(keys(&routes).await, first, "who does not have the turn goes on by the former");
    let asked = post(&routes, HERE, ASK, &login(&world)).await.body;
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200);
    assert_eq!(keys(&routes).await.len(), 2, "a device that logs in is enough");
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS8
#[tokio::test]
async fn a_customer_asks_on_while_the_disk_is_busy_with_what_another_takes_back() {
    let world = with_tokens();
    let Office { routes, tokens, running } = office(&world);
    let token = token_of(&world, &routes, OWNER, NOW_MS).await;
    let asked = tokens.taken_back().while_it_writes(|| {
        let chain = &*world.chain;
        tokens.open_token(&token, NOW_MS).map(|token| tokens.customer(chain, token, NOW_MS))
    });
    assert_eq!(asked.expect("it is sound").map_err(drop), Ok(Ok(TryoutChain::user(OWNER))));
    let turn = tokens.turn().acquire_owned().await.expect("nobody closes it");
    let request = Request::delete(TOKENS).header("authorization", format!("Bearer {token}"));
    let question = question(Device(0));
    let (waits, others) = tokio::join!(
        send(&routes, HERE, request.body(Body::empty()).expect("a path")),
        ask_with(&routes, &token, &question)
    );
    assert_eq!((waits.code(), others.status), ((503, "busy"), 201));
    drop(turn);
    assert_eq!(take_back(&routes, &token).await.status, 204);
    running.stop().await.expect("it ends without a fault");
}
