//! What is said of an answer, and that it is said once.

use serde_json::json;
use service::{AnySection, Service, Value as Setting};
use tryout::{Measured, get};
use types::ByteString;
use verifyid::{Out, Rotate, Rotation, VerifyIdCall};

use super::harness::*;
use crate::{VerifyIdService, VerifyIdSettings};

// FAULTS VS1
#[tokio::test]
async fn a_device_of_either_curve_is_verified_once_with_its_level() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    for device in [Device(0), Device(1)] {
        let asked = challenge(&routes, device).await;
        assert_eq!(preimage(&asked).len(), 210);
        assert_eq!(asked["expires_at"].as_u64(), asked["issued_at"].as_u64().map(|issued| issued + 300_000));
        world.clocks.pass(1_500);
        let good = hand_in(&routes, &answer_of(device, &asked)).await;
        let id = device.id().to_text(types::Network::Test);
        let expected = json!({ "verified": true, "device": id, "level": 1, "work_class": null, "purpose": "presence",
            "challenge_id": hex::encode(&preimage(&asked)[49..65]), "audience_sha256": digest(AUDIENCE).to_string(),
            "verified_at": asked["issued_at"].as_u64().expect("a number") + 1_500 });
        assert_eq!((good.status, good.body), (200, expected));
        let again = hand_in(&routes, &answer_of(device, &asked)).await;
        assert_eq!(again.code(), (409, "challenge_used"));
        let (status, shown) = get(&routes, &format!("/api/v1/verifyid/devices/{id}")).await;
        assert_eq!((status.as_u16(), shown["level"].as_u64()), (200, Some(1)));
    }
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS2
#[tokio::test]
async fn whatever_a_proxy_swaps_is_a_wrong_answer_and_uses_the_challenge_up() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let (device, other) = (Device(0), Device(1));
    let hash = |byte: u8| [byte; 32].to_vec();
    let later = 1_771_111_999_000_u64.to_le_bytes().to_vec();
    for (swapped, place, bytes) in [
        ("chain", 17, hash(1)),
        ("challenge id", 49, vec![1; 16]),
        ("nonce", 65, hash(2)),
        ("device", 97, other.id().0.as_bytes().to_vec()),
        ("key", 129, other.id().0.as_bytes().to_vec()),
        ("audience", 161, digest("https://other.example").as_bytes().to_vec()),
        ("purpose", 193, vec![2]),
        ("time of issue", 194, later.clone()),
        ("expiry", 202, later),
    ] {
        let asked = challenge(&routes, device).await;
        let mut message = preimage(&asked);
        message.splice(place..place + bytes.len(), bytes);
        assert_eq!(message.len(), 210);
        let wrong = hand_in(&routes, &signed(&asked, device, &message)).await;
        assert_eq!(wrong.code(), (401, "bad_answer"), "{swapped}");
        let right = hand_in(&routes, &answer_of(device, &asked)).await;
        assert_eq!(right.code(), (409, "challenge_used"), "{swapped}");
    }
    let asked = challenge(&routes, device).await;
    let stranger = hand_in(&routes, &signed(&asked, other, &preimage(&asked))).await;
    assert_eq!(stranger.code(), (401, "bad_answer"), "another device's key");
    assert_eq!(hand_in(&routes, &answer_of(device, &asked)).await.code(), (409, "challenge_used"));
}

// FAULTS VS4
#[tokio::test]
async fn nothing_that_anybody_can_read_of_a_device_makes_an_answer() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let id = Device(0).id().0;
    let (_, shown) = get(&routes, &format!("/api/v1/verifyid/devices/{id}")).await;
    let key = shown["key"].as_str().expect("digits").to_owned();
    for (secret, asked_of) in [(id.to_string(), "id"), (key.clone(), "key"), (shown["key_id"].to_string(), "key's id")]
    {
        let asked = challenge(&routes, Device(0)).await;
        let [first, second] = [b"1", b"2"].map(|place: &[u8; 1]| {
            let mac = crate::examiner::keys::hmac(secret.as_bytes(), &[preimage(&asked), place.to_vec()].concat());
            let mac: [u8; 32] = hmac::Mac::finalize(mac).into_bytes().into();
            hex::encode(mac)
        });
        let made_up = json!({ "challenge": asked["challenge"], "answer": first + &second });
        assert_eq!(hand_in(&routes, &made_up).await.code(), (401, "bad_answer"), "{asked_of}");
    }
    for answer in [key.clone() + &key, "0".repeat(128), "f".repeat(128)] {
        let asked = challenge(&routes, Device(0)).await;
        let made_up = json!({ "challenge": asked["challenge"], "answer": answer });
        assert_eq!(hand_in(&routes, &made_up).await.code(), (401, "bad_answer"));
    }
}

// FAULTS VS4
#[tokio::test]
async fn an_unknown_device_is_told_apart_by_nothing_until_it_is_registered() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let unknown = Device(2);
    let [asked, known] = [challenge(&routes, unknown).await, challenge(&routes, Device(0)).await];
    let keys = |of: &serde_json::Value| of.as_object().map(|of| of.keys().cloned().collect::<Vec<_>>());
    assert_eq!(keys(&asked), keys(&known));
    let of_unknown = hand_in(&routes, &answer_of(unknown, &asked)).await;
    let of_wrong = hand_in(&routes, &answer_of(unknown, &known)).await;
    assert_eq!((of_unknown.status, &of_unknown.body), (401, &of_wrong.body));
    let asked = challenge(&routes, unknown).await;
    world.register(unknown);
    assert_eq!(hand_in(&routes, &answer_of(unknown, &asked)).await.status, 200, "the order of steps is free");
}

// FAULTS VS4
#[tokio::test]
async fn the_standing_of_a_device_is_read_at_every_answer() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let [suspended, revoked, held] = [Device(0), Device(1), Device(4)];
    world.register(held);
    let mut asked = Vec::new();
    for device in [suspended, revoked, held] {
        asked.push((challenge(&routes, device).await, challenge(&routes, device).await, device));
    }
    world.suspend(suspended);
    world.call(OWNER, VerifyIdCall::Revoke(Out { device: revoked.id(), reason: 1 }));
    world.call(VERIFIER, VerifyIdCall::Hold(held.id()));
    for ((first, second, device), code) in asked.into_iter().zip(["suspended", "revoked", "held"]) {
        assert_eq!(hand_in(&routes, &signed(&first, Device(6), &preimage(&first))).await.code(), (401, "bad_answer"));
        assert_eq!(hand_in(&routes, &answer_of(device, &second)).await.code(), (403, code));
        assert_eq!(hand_in(&routes, &answer_of(device, &second)).await.code(), (409, "challenge_used"));
    }
    world.call(AUTHORITY, VerifyIdCall::Reinstate(suspended.id()));
    let asked = challenge(&routes, suspended).await;
    assert_eq!(hand_in(&routes, &answer_of(suspended, &asked)).await.status, 200, "nothing is reset on the device");
}

/// Gives a device the key of another, by the word of both.
pub(super) fn rotate(world: &World, device: Device, next: Device) {
    use service::chain::Chain;
    let valid_until = types::TimeMs(world.chain.now_ms() + 60_000);
    let (chain_id, new_key) = (world.chain.id(), next.id().0);
    let statement = Rotation { chain_id, device: device.id(), number: 1, new_key, valid_until }.to_bytes();
    let signature = |key: Device| ByteString::new(key.sign(&statement).to_vec()).expect("64 bytes");
    let (new_signature, old_signature) = (signature(next), Some(signature(device)));
    let (algorithm, key) = (1, next.key());
    let device_id = device.id();
    world.call(
        OWNER,
        VerifyIdCall::Rotate(Rotate { device: device_id, algorithm, key, valid_until, new_signature, old_signature }),
    );
}

// FAULTS VS4
#[tokio::test]
async fn a_challenge_is_for_the_key_that_was_in_force_when_it_was_asked_for() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let (device, next) = (Device(0), Device(8));
    let [before, too] = [challenge(&routes, device).await, challenge(&routes, device).await];
    // It is nobody's fault, however often it happens.
    let mut out = Vec::new();
    for _ in 0..8 {
        out.push(challenge(&routes, device).await);
    }
    rotate(&world, device, next);
    assert_eq!(hand_in(&routes, &answer_of(device, &before)).await.code(), (401, "bad_answer"));
    assert_eq!(hand_in(&routes, &answer_of(next, &too)).await.code(), (401, "bad_answer"));
    for asked in &out {
        assert_eq!(hand_in(&routes, &answer_of(next, asked)).await.code(), (401, "bad_answer"));
    }
    assert_eq!(post(&routes, HERE, ASK, &question(device)).await.status, 201, "no wrong answer was counted");
    let asked = challenge(&routes, device).await;
    assert_eq!(hand_in(&routes, &answer_of(next, &asked)).await.status, 200);
}

// FAULTS VS5
#[tokio::test]
async fn five_wrong_answers_stop_asking_by_that_network_for_that_device_and_never_an_answer() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let (device, stranger) = (Device(0), Device(6));
    let issued = challenge(&routes, device).await;
    for _ in 0..5 {
        let asked = challenge(&routes, device).await;
        assert_eq!(hand_in(&routes, &answer_of(stranger, &asked)).await.status, 401);
    }
    let locked = post(&routes, HERE, ASK, &question(device)).await;
    assert_eq!((locked.code(), &locked.headers["retry-after"]), ((429, "locked"), &"900".parse().expect("digits")));
    assert_eq!(post(&routes, "192.0.2.250", ASK, &question(device)).await.code(), (429, "locked"), "its /24");
    assert_eq!(post(&routes, "198.51.100.1", ASK, &question(device)).await.status, 201, "another network");
    assert_eq!(post(&routes, HERE, ASK, &question(Device(1))).await.status, 201, "another device");
    assert_eq!(hand_in(&routes, &answer_of(device, &issued)).await.status, 200, "an answer is always judged");
    world.clocks.pass(900_000);
    assert_eq!(post(&routes, HERE, ASK, &question(device)).await.status, 201);
}

#[tokio::test]
async fn a_network_asks_sixty_times_a_minute_as_long_as_the_setting_says_so() {
    let mut world = World::new();
    world.settings.challenges_per_minute_max = VerifyIdSettings::default().challenges_per_minute_max;
    let service = world.opened();
    let (routes, measured) = (Service::routes(&service), Measured::of(&service));
    for _ in 0..60 {
        challenge(&routes, Device(0)).await;
    }
    let refused = post(&routes, ASKER, ASK, &question(Device(1))).await;
    assert_eq!(
        (refused.code(), &refused.headers["retry-after"]),
        ((429, "asked_too_often"), &"60".parse().expect("digits"))
    );
    let text = measured.text();
    assert!(text.contains("thronos_verifyid_challenges_total 60"), "{text}");
    assert!(text.contains(r#"thronos_verifyid_challenges_refused_total{reason="asked_too_often"} 1"#), "{text}");
    world.clocks.pass(60_000);
    challenge(&routes, Device(0)).await;
    let mut settings = VerifyIdSettings::default();
    let key = "challenges_per_minute_max";
    assert_eq!(settings.set(key, Setting::Number(0)), Some(Err("a number from 1 to 1000000")));
    assert_eq!((settings.set(key, Setting::Number(7)), settings.enabled), (Some(Ok(())), false));
}

#[tokio::test]
async fn a_service_that_is_switched_off_keeps_nothing_and_says_how_to_switch_it_on() {
    let world = World::new();
    let service = VerifyIdService::open(&VerifyIdSettings::default(), world.ground(), Vec::new());
    let service = service.expect("nothing forbids it").expect("its routes are there");
    let routes = Service::routes(&service);
    for path in [ASK, ANSWER] {
        let body = if path == ASK { question(Device(0)) } else { json!({ "challenge": "", "answer": "" }) };
        let answered = post(&routes, HERE, path, &body).await;
        assert_eq!(answered.code(), (404, "not_found"));
        assert!(answered.body["hint"].as_str().is_some_and(|hint| hint.contains("verifyid.enabled = true")));
    }
    let (status, _) = get(&routes, &format!("/api/v1/verifyid/devices/{}", Device(0).id().0)).await;
    assert_eq!(status.as_u16(), 200);
    assert_eq!(std::fs::read_dir(world.folder.path()).expect("a directory").count(), 0);
    let running = tryout::Running::start(service);
    running.stop().await.expect("it ends without a fault");
}

#[tokio::test]
async fn on_the_machines_own_clocks_a_device_is_verified_too() {
    let world = World::new();
    let service = VerifyIdService::open(&world.settings, world.ground(), Vec::new());
    let service = service.expect("nothing forbids it").expect("it is switched on");
    let routes = Service::routes(&service);
    let running = tryout::Running::start(service);
    let asked = challenge(&routes, Device(0)).await;
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.status, 200);
    running.stop().await.expect("it ends without a fault");
    let asked = challenge(&routes, Device(0)).await;
    assert_eq!(hand_in(&routes, &answer_of(Device(0), &asked)).await.code(), (503, "stopping"));
}
