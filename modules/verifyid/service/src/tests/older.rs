//! Older devices, which answer by a secret: who is given one, what it is good for, and what ends it.

use hmac::Mac;
use serde_json::{Value, json};
use service::Service;
use service::http::Routes;
use service::token::TokenTerms;
use tryout::{Measured, TryoutChain};
use types::TimeMs;
use verifyid::{Offer, Out, SetLevel, Take, VerifyIdCall};

use super::harness::*;
use super::judged::rotate;
use crate::examiner::keys::hmac;

const ENROL: &str = "/api/v1/verifyid/hmac/enrol";
const BY_MAC: &str = "/api/v1/verifyid/hmac/answer";

pub(super) fn with_hmac() -> World {
    let mut world = World::new();
    world.settings.hmac_devices = true;
    world
}

/// What asks for a challenge by which a device is enrolled.
fn enrolling(world: &World, device: Device) -> Value {
    let audience = TokenTerms::audience("thr-hmac", service::chain::Chain::id(&*world.chain));
    json!({ "device": device.id().0.to_string(), "audience": audience, "purpose": "enrol" })
}

/// Enrols a device by a key.
pub(super) async fn enrol(world: &World, routes: &Routes, (device, key): (Device, Device)) -> Answered {
    let asked = post(routes, ASKER, ASK, &enrolling(world, device)).await;
    assert_eq!(asked.status, 201, "{asked:?}");
    post(routes, HERE, ENROL, &answer_of(key, &asked.body)).await
}

pub(super) async fn secret_of(world: &World, routes: &Routes, device: Device) -> Vec<u8> {
    let given = enrol(world, routes, (device, device)).await;
    assert_eq!(given.status, 201, "{given:?}");
    hex::decode(given.body["secret"].as_str().expect("a text")).expect("digits")
}

/// What an older device says to a challenge: the bytes under the tag of MACs.
pub(super) fn by_mac(secret: &[u8], challenge: &Value) -> Value {
    let mut message = preimage(challenge);
    message.splice(..16, *b"thronos/vidmac\0\0");
    json!({ "challenge": challenge["challenge"], "mac": mac(secret, &message) })
}

pub(super) fn mac(secret: &[u8], message: &[u8]) -> String {
    hex::encode(hmac(secret, message).finalize().into_bytes())
}

pub(super) async fn answered(routes: &Routes, answer: &Value) -> Answered {
    post(routes, HERE, BY_MAC, answer).await
}

// FAULTS VS12
#[tokio::test]
async fn an_older_device_is_enrolled_by_its_key_and_answers_by_its_secret_once_a_challenge() {
    let world = with_hmac();
    let service = world.opened();
    let (routes, measured) = (Service::routes(&service), Measured::of(&service));
    let running = tryout::Running::start(service);
    let asked = post(&routes, ASKER, ASK, &enrolling(&world, Device(1))).await;
    let given = post(&routes, HERE, ENROL, &answer_of(Device(1), &asked.body)).await;
    let id = Device(1).id().to_text(types::Network::Test);
    assert_eq!((given.status, &given.body["device"], &given.body["serial"]), (201, &json!(id), &json!(0)), "{given:?}");
    assert_eq!(given.headers["cache-control"], "no-store");
    let again = post(&routes, HERE, ENROL, &answer_of(Device(1), &asked.body)).await;
    assert_eq!(again.code(), (409, "challenge_used"), "it is told once");
    let secret = hex::decode(given.body["secret"].as_str().expect("a text")).expect("digits");
    assert_eq!(secret.len(), 32);
    let asked = challenge(&routes, Device(1)).await;
    world.clocks.pass(1_500);
    let good = answered(&routes, &by_mac(&secret, &asked)).await;
    let expected = json!({ "verified": true, "device": id, "level": 1, "work_class": null, "purpose": "presence",
        "challenge_id": hex::encode(&preimage(&asked)[49..65]), "audience_sha256": digest(AUDIENCE).to_string(),
        "verified_at": asked["issued_at"].as_u64().expect("a number") + 1_500 });
    assert_eq!((good.status, good.body), (200, expected));
    assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.code(), (409, "challenge_used"));
    assert_eq!(hand_in(&routes, &answer_of(Device(1), &asked)).await.code(), (409, "challenge_used"), "by its key too");
    let asked = challenge(&routes, Device(1)).await;
    assert_eq!(hand_in(&routes, &answer_of(Device(1), &asked)).await.status, 200, "its key is good as before");
    assert!(measured.text().contains("thronos_verifyid_hmac_devices 1"), "{}", measured.text());
    running.stop().await.expect("it ends without a fault");
}

// FAULTS VS12
#[tokio::test]
async fn the_word_of_the_key_is_needed_for_a_secret_and_of_no_other_and_for_nothing_else() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    assert_eq!(enrol(&world, &routes, (Device(0), Device(1))).await.code(), (401, "bad_answer"), "another's key");
    assert_eq!(enrol(&world, &routes, (Device(2), Device(2))).await.code(), (401, "bad_answer"), "not registered");
    // What a device said to show that it is there enrols it not, and the other way round; nothing is used up.
    let present = challenge(&routes, Device(0)).await;
    let there = answer_of(Device(0), &present);
    assert_eq!(post(&routes, HERE, ENROL, &there).await.code(), (400, "wrong_purpose"));
    assert_eq!(hand_in(&routes, &there).await.status, 200);
    let asked = post(&routes, ASKER, ASK, &enrolling(&world, Device(0))).await.body;
    let word = answer_of(Device(0), &asked);
    let refused = hand_in(&routes, &word).await;
    assert_eq!(refused.code(), (400, "wrong_purpose"));
    assert!(refused.body["hint"].as_str().is_some_and(|hint| hint.contains("hmac/enrol")), "{refused:?}");
    let mac = json!({ "challenge": asked["challenge"], "mac": "00".repeat(32) });
    assert_eq!(answered(&routes, &mac).await.code(), (400, "wrong_purpose"));
    // A signature over the bytes of another purpose is none.
    let mut message = preimage(&asked);
    message[193] = 1;
    assert_eq!(post(&routes, HERE, ENROL, &signed(&asked, Device(0), &message)).await.code(), (401, "bad_answer"));
    let mut elsewhere = enrolling(&world, Device(0));
    elsewhere["audience"] = json!(AUDIENCE);
    assert_eq!(post(&routes, HERE, ASK, &elsewhere).await.code(), (400, "wrong_audience"));
    // Nobody who registers a device for somebody else has a secret for it.
    world.register_by(VERIFIER, Device(4));
    assert_eq!(enrol(&world, &routes, (Device(4), Device(4))).await.code(), (403, "not_accepted"));
    world.call(OWNER, VerifyIdCall::Accept(Device(4).id()));
    assert_eq!(enrol(&world, &routes, (Device(4), Device(4))).await.status, 201);
    world.suspend(Device(0));
    assert_eq!(enrol(&world, &routes, (Device(0), Device(0))).await.code(), (403, "suspended"));
}

// FAULTS VS12
#[tokio::test]
async fn what_anybody_knows_of_a_device_makes_no_mac() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    let (device, id) = (Device(0), Device(0).id());
    let secret = secret_of(&world, &routes, device).await;
    let other = secret_of(&world, &routes, Device(1)).await;
    // The hash of the hardware, which was the key of the predecessor's answers, is the id in whatever form, or that of the key.
    let [digits, text, key] = [id.0.to_string(), id.to_text(types::Network::Test), hex::encode(&*device.key())];
    let hash = crypto::hash::sha256(digits.as_bytes());
    for (about, guess) in [
        ("id", id.0.as_bytes().to_vec()),
        ("digits of the id", digits.into_bytes()),
        ("text of the id", text.into_bytes()),
        ("key", device.key().to_vec()),
        ("digits of the key", key.into_bytes()),
        ("hash of the digits", hash.to_vec()),
        ("its digits", hex::encode(hash).into_bytes()),
        ("nothing", Vec::new()),
        ("zeros", vec![0; 32]),
        ("another device's", other),
    ] {
        let asked = challenge(&routes, device).await;
        assert_eq!(answered(&routes, &by_mac(&guess, &asked)).await.code(), (401, "bad_answer"), "{about}");
        // As the predecessor did: over the challenge alone.
        let asked = challenge(&routes, device).await;
        let nonce = asked["nonce"].as_str().expect("digits");
        let old = json!({ "challenge": asked["challenge"], "mac": mac(&guess, nonce.as_bytes()) });
        assert_eq!(answered(&routes, &old).await.code(), (401, "bad_answer"), "{about}");
        assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.code(), (409, "challenge_used"));
    }
    // The bytes that keys sign are not those of MACs.
    let asked = challenge(&routes, device).await;
    let untagged = json!({ "challenge": asked["challenge"], "mac": mac(&secret, &preimage(&asked)) });
    assert_eq!(answered(&routes, &untagged).await.code(), (401, "bad_answer"));
}

// FAULTS VS12
#[tokio::test]
async fn whatever_a_proxy_swaps_before_an_older_device_is_a_wrong_answer() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    let secret = secret_of(&world, &routes, Device(0)).await;
    let hash = |byte: u8| [byte; 32].to_vec();
    let later = 1_771_111_999_000_u64.to_le_bytes().to_vec();
    for (swapped, place, bytes) in [
        ("version", 16, vec![2]),
        ("chain", 17, hash(1)),
        ("challenge id", 49, vec![1; 16]),
        ("nonce", 65, hash(2)),
        ("device", 97, Device(1).id().0.as_bytes().to_vec()),
        ("key", 129, Device(1).id().0.as_bytes().to_vec()),
        ("audience", 161, digest("https://other.example").as_bytes().to_vec()),
        ("purpose", 193, vec![2]),
        ("time of issue", 194, later.clone()),
        ("expiry", 202, later),
    ] {
        let asked = challenge(&routes, Device(0)).await;
        let mut message = preimage(&asked);
        message.splice(place..place + bytes.len(), bytes);
        let swapped_bytes = json!({ "challenge": asked["challenge"], "preimage": hex::encode(message) });
        assert_eq!(answered(&routes, &by_mac(&secret, &swapped_bytes)).await.code(), (401, "bad_answer"), "{swapped}");
        assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.code(), (409, "challenge_used"), "{swapped}");
    }
}

// FAULTS VS12
#[tokio::test]
async fn enrolled_anew_with_another_key_or_another_owner_a_device_has_no_former_secret() {
    let world = with_hmac();
    let Lives { routes, running } = world.lives().await;
    let device = Device(0);
    let first = secret_of(&world, &routes, device).await;
    let second = enrol(&world, &routes, (device, device)).await;
    assert_eq!((second.status, &second.body["serial"]), (201, &json!(1)));
    let second = hex::decode(second.body["secret"].as_str().expect("a text")).expect("digits");
    let asked = challenge(&routes, device).await;
    assert_eq!(answered(&routes, &by_mac(&first, &asked)).await.code(), (401, "bad_answer"));
    running.stop().await.expect("it ends without a fault");
    let Lives { routes, running: _running } = world.lives().await;
    for (secret, expected) in [(&first, 401), (&second, 200)] {
        let asked = challenge(&routes, device).await;
        assert_eq!(answered(&routes, &by_mac(secret, &asked)).await.status, expected, "as before the restart");
    }
    rotate(&world, device, Device(8));
    for _ in 0..8 {
        let asked = challenge(&routes, device).await;
        let over = answered(&routes, &by_mac(&second, &asked)).await;
        assert_eq!(over.code(), (403, "enrolment_over"));
        assert!(over.body["hint"].as_str().is_some_and(|hint| hint.contains("`thronos device hmac enrol KEY`")));
    }
    assert_eq!(post(&routes, HERE, ASK, &question(device)).await.status, 201, "no wrong answer was counted");
    let third = enrol(&world, &routes, (device, Device(8))).await;
    let third = hex::decode(third.body["secret"].as_str().expect("a text")).expect("digits");
    let asked = challenge(&routes, device).await;
    assert_eq!(answered(&routes, &by_mac(&third, &asked)).await.status, 200);
    let until = TimeMs(service::chain::Chain::now_ms(&*world.chain) + 60_000);
    world.call(OWNER, VerifyIdCall::Offer(Offer { device: device.id(), to: TryoutChain::user(5), until }));
    world.call(5, VerifyIdCall::Take(Take { device: device.id(), rotation: 1 }));
    let asked = challenge(&routes, device).await;
    assert_eq!(answered(&routes, &by_mac(&third, &asked)).await.code(), (403, "enrolment_over"), "a transfer ends it");
}

// FAULTS VS12
#[tokio::test]
async fn by_a_secret_no_device_is_worth_more_than_one_and_none_logs_in() {
    let mut world = with_hmac();
    world.settings.give_tokens = true;
    let Lives { routes, running: _running } = world.lives().await;
    let device = Device(0);
    let seen = TimeMs(service::chain::Chain::now_ms(&*world.chain));
    let (until, owner, evidence) = (TimeMs(seen.0 + HOUR_MS), TryoutChain::user(OWNER), digest("seen"));
    let level = SetLevel { device: device.id(), level: 3, owner, rotation: 0, seen, until, evidence };
    world.call(AUTHORITY, VerifyIdCall::SetLevel(level));
    let secret = secret_of(&world, &routes, device).await;
    let [by_key, by_secret] = [challenge(&routes, device).await, challenge(&routes, device).await];
    assert_eq!(hand_in(&routes, &answer_of(device, &by_key)).await.body["level"], 3);
    let answer = answered(&routes, &by_mac(&secret, &by_secret)).await;
    assert_eq!((answer.status, &answer.body["level"], answer.body.get("token")), (200, &json!(1), None));
    let asked = post(&routes, HERE, ASK, &super::customers::login(&world)).await.body;
    assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.code(), (400, "wrong_purpose"));
    assert_eq!(hand_in(&routes, &answer_of(device, &asked)).await.status, 200, "nothing was used up");
    world.suspend(device);
    for (secret, expected) in [(vec![1; 32], (401, "bad_answer")), (secret, (403, "suspended"))] {
        let asked = challenge(&routes, device).await;
        assert_eq!(answered(&routes, &by_mac(&secret, &asked)).await.code(), expected);
    }
    world.call(OWNER, VerifyIdCall::Revoke(Out { device: Device(1).id(), reason: 1 }));
    assert_eq!(enrol(&world, &routes, (Device(1), Device(1))).await.code(), (403, "revoked"));
}

// FAULTS VS12
#[tokio::test]
async fn each_hostile_answer_by_a_secret_has_its_code_and_uses_nothing_up() {
    let world = with_hmac();
    let Lives { routes, running: _running } = world.lives().await;
    let secret = secret_of(&world, &routes, Device(0)).await;
    let asked = challenge(&routes, Device(0)).await;
    let good = by_mac(&secret, &asked);
    let (token, mac) = (good["challenge"].as_str().expect("digits"), good["mac"].as_str().expect("digits"));
    let of = |challenge: Value, mac: Value| json!({ "challenge": challenge, "mac": mac }).to_string();
    let (json, malformed) = ((400, "malformed_json"), (400, "malformed"));
    let changed = |place: usize| {
        let mut bytes = hex::decode(token).expect("digits");
        bytes[place] ^= 1;
        json!(hex::encode(bytes))
    };
    for (body, expected) in [
        (String::new(), json),
        ("{}".to_owned(), json),
        (of(json!(null), json!(mac)), json),
        (of(json!(token), json!(null)), json),
        (of(json!(token), json!([1])), json),
        (json!({ "challenge": token, "answer": mac }).to_string(), json),
        (json!({ "challenge": token, "mac": mac, "serial": 0 }).to_string(), json),
        (format!("{{\"challenge\":\"{token}\",\"mac\":\"{mac}\",\"mac\":\"{mac}\"}}"), json),
        (of(json!(token), json!("")), malformed),
        (of(json!(token), json!(mac.split_at(62).0)), malformed),
        (of(json!(token), json!(format!("{mac}00"))), malformed),
        (of(json!(token), json!(format!("{mac}{mac}"))), malformed),
        (of(json!(token), json!("g".repeat(64))), malformed),
        (of(json!(token), json!(format!("0x{}", mac.split_at(62).0))), malformed),
        (of(json!(""), json!(mac)), malformed),
        (of(json!(format!("{token}00")), json!(mac)), malformed),
        (of(changed(0), json!(mac)), malformed),
        (of(changed(1), json!(mac)), (409, "wrong_instance")),
        (of(changed(9), json!(mac)), (401, "bad_answer")),
        (of(changed(121), json!(mac)), (401, "bad_answer")),
        (of(changed(160), json!(mac)), (401, "bad_answer")),
        (of(json!(token), json!("a".repeat(4_000))), (413, "oversize")),
    ] {
        assert_eq!(post_bytes(&routes, HERE, BY_MAC, body.clone()).await.code(), expected, "{body}");
    }
    assert_eq!(answered(&routes, &good).await.status, 200, "nothing was used up");
    let twice = challenge(&routes, Device(0)).await;
    world.clocks.pass(300_000);
    assert_eq!(answered(&routes, &by_mac(&secret, &twice)).await.code(), (410, "expired"));
}

// FAULTS VS12
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_who_answer_or_enrol_at_once_exactly_one_is_told_yes() {
    let world = with_hmac();
    let Lives { routes, running } = world.lives().await;
    let secret = secret_of(&world, &routes, Device(0)).await;
    for round in 0..4 {
        let asked = challenge(&routes, Device(0)).await;
        let to_enrol = post(&routes, ASKER, ASK, &enrolling(&world, Device(1))).await.body;
        let answers = match round % 2 {
            0 => [(BY_MAC, by_mac(&secret, &asked)), (ANSWER, answer_of(Device(0), &asked))],
            _ => [(ENROL, answer_of(Device(1), &to_enrol)), (ENROL, answer_of(Device(1), &to_enrol))],
        };
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let (routes, (path, answer)) = (routes.clone(), answers[number % 2].clone());
                tokio::spawn(async move { post(&routes, HERE, path, &answer).await })
            })
            .collect();
        let mut good = 0;
        for task in tasks {
            let answered = task.await.expect("it does not panic");
            match answered.status {
                200 | 201 => good += 1,
                _ => assert_eq!(answered.code(), (409, "challenge_used")),
            }
        }
        assert_eq!(good, 1, "round {round}");
    }
    running.stop().await.expect("it ends without a fault");
}

#[tokio::test]
async fn without_the_setting_nobody_is_enrolled_and_nothing_is_kept_of_it() {
    let world = World::new();
    let Lives { routes, running: _running } = world.lives().await;
    let off = post(&routes, HERE, ASK, &enrolling(&world, Device(0))).await;
    assert_eq!(off.code(), (404, "not_found"));
    assert!(off.body["hint"].as_str().is_some_and(|hint| hint.contains("verifyid.hmac_devices = true")), "{off:?}");
    let asked = challenge(&routes, Device(0)).await;
    assert_eq!(answered(&routes, &by_mac(&[1; 32], &asked)).await.code(), (404, "not_found"));
    for file in [crate::enrolled::FILE, crate::secret::OLDER_DEVICES.name] {
        assert!(!world.folder.path().join(file).exists());
    }
}
