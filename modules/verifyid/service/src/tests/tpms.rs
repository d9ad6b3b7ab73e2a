//! A TPM that is a program (swtpm) is enrolled for a device and quotes, driven by tpm2-tools: what is taken once, and what never.

#[allow(dead_code, reason = "shared with the tests of the crate that judges")]
#[path = "../../../tpm/tests/peer/tpm.rs"]
mod swtpm;

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use service::Service;
use service::chain::Chain;
use swtpm::{Made, Quoted, Tpm, installed};
use tempfile::TempDir;
use tryout::{Measured, get};
use types::{Hash32, Network};
use verifyid::{Out, VerifyIdCall};

use super::harness::*;
use super::judged::rotate;
use crate::examiner::moment::BootId;

const ENROL: &str = "/api/v1/verifyid/tpm/enrolments";
const ACTIVATE: &str = "/api/v1/verifyid/tpm/activations";
const QUOTE: &str = "/api/v1/verifyid/tpm/quotes";
/// Where swtpm keeps its RSA endorsement key.
const EK: &str = "0x81010001";

/// A world whose service takes the word of these TPMs' makers, and asks for the PCRs 0 and 7.
struct Place {
    world: World,
    roots: TempDir,
}

impl Place {
    fn new(makers: &[&Tpm]) -> Self {
        let mut world = World::new();
        let roots = tempfile::tempdir().expect("a directory");
        for (number, maker) in makers.iter().enumerate() {
            let [_, _, root] = maker.certificates();
            std::fs::write(roots.path().join(format!("{number}.der")), root).expect("own directory");
        }
        world.settings.tpm_roots = vec![roots.path().display().to_string()];
        world.settings.tpm_pcrs = vec!["0".to_owned(), "7".to_owned()];
        // Their certificates are of now.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        world.clocks.set(|moment| moment.wall_ms = u64::try_from(now.as_millis()).expect("soon") + 60_000);
        Self { world, roots }
    }

    fn audience(&self, keys: &Made) -> String {
        let digest = Hash32(crypto::hash::sha256(&[keys.endorsement.as_slice(), &keys.attestation].concat()));
        format!("thr-tpm-enrol:{}:{digest}", &self.world.chain.id().0.to_string()[..8])
    }
}

async fn asked(lives: &Lives, device: Device, audience: &str, purpose: &str) -> Answered {
    let question = json!({ "device": device.id().0.to_string(), "audience": audience, "purpose": purpose });
    post(&lives.routes, ASKER, ASK, &question).await
}

/// The keys of a TPM with its maker's word, as a device hands them in that has signed for them.
async fn enrolment(place: &Place, lives: &Lives, device: Device, keys: &Made, certificates: &[Vec<u8>]) -> Value {
    let asked = asked(lives, device, &place.audience(keys), "tpm_enrol").await;
    assert_eq!(asked.status, 201, "{asked:?}");
    json!({
        "challenge": asked.body["challenge"], "answer": hex::encode(device.sign(&preimage(&asked.body))),
        "endorsement_key": hex::encode(&keys.endorsement), "attestation_key": hex::encode(&keys.attestation),
        "certificates": certificates.iter().map(hex::encode).collect::<Vec<_>>(),
    })
}

async fn credential(place: &Place, lives: &Lives, device: Device, (tpm, keys): (&Tpm, &Made)) -> Answered {
    let [own, issuer, _] = tpm.certificates();
    let request = enrolment(place, lives, device, keys, &[own, issuer]).await;
    post(&lives.routes, HERE, ENROL, &request).await
}

fn opened(tpm: &Tpm, given: &Value) -> Result<Vec<u8>, String> {
    tpm.activate(EK, &hex::decode(given["credential"].as_str().expect("digits")).expect("digits"))
}

async fn activate(lives: &Lives, keys: &Made, given: &Value, secret: &[u8]) -> Answered {
    let request = json!({
        "enrolment": given["enrolment"], "secret": hex::encode(secret),
        "endorsement_key": hex::encode(&keys.endorsement), "attestation_key": hex::encode(&keys.attestation),
    });
    post(&lives.routes, HERE, ACTIVATE, &request).await
}

async fn enrol(place: &Place, lives: &Lives, device: Device, (tpm, keys): (&Tpm, &Made)) {
    let given = credential(place, lives, device, (tpm, keys)).await;
    assert_eq!(given.status, 201, "{given:?}");
    let secret = opened(tpm, &given.body).expect("it is for this TPM");
    let enrolled = activate(lives, keys, &given.body, &secret).await;
    assert_eq!(enrolled.status, 200, "{enrolled:?}");
}

/// A challenge, and what the TPM says to it.
async fn quoted(lives: &Lives, device: Device, tpm: &Tpm) -> (Value, Quoted) {
    let asked = asked(lives, device, AUDIENCE, "tpm").await;
    assert_eq!((asked.status, &asked.body["pcrs"]), (201, &json!([0, 7])), "{asked:?}");
    let extra = crate::tpm::extra_data(&preimage(&asked.body));
    (asked.body, tpm.quote("asked", &extra))
}

fn handed(asked: &Value, quote: &Quoted) -> Value {
    json!({
        "challenge": asked["challenge"], "quote": hex::encode(&quote.message), "signature": hex::encode(&quote.signature),
        "pcrs": [hex::encode([0; 32]), hex::encode([0; 32])],
    })
}

async fn judged(lives: &Lives, request: &Value) -> Answered {
    post(&lives.routes, HERE, QUOTE, request).await
}

async fn good_quote(lives: &Lives, device: Device, tpm: &Tpm) -> Value {
    let (asked, quote) = quoted(lives, device, tpm).await;
    let good = judged(lives, &handed(&asked, &quote)).await;
    assert_eq!(good.status, 200, "{good:?}");
    good.body
}

// FAULTS VT6
#[tokio::test]
async fn a_tpm_is_enrolled_and_quotes_and_of_everything_else_nothing_is_taken() {
    if !installed("the enrolment of a TPM at a node") {
        return;
    }
    let tpm = Tpm::start("one");
    let keys = tpm.attestation_key(EK, "ecc");
    let place = Place::new(&[&tpm]);
    let service = place.world.opened();
    let (routes, measured) = (Service::routes(&service), Measured::of(&service));
    let mut running = tryout::Running::start(service);
    running.ready().await;
    let lives = Lives { routes, running };
    let device = Device(0);
    let early = asked(&lives, device, AUDIENCE, "tpm").await;
    assert_eq!(early.code(), (409, "tpm_not_enrolled"), "nothing to quote with yet");
    enrol(&place, &lives, device, (&tpm, &keys)).await;
    let good = good_quote(&lives, device, &tpm).await;
    let id = device.id().to_text(Network::Test);
    let evidence = good["evidence_sha256"].as_str().expect("digits");
    assert_eq!((&good["verified"], &good["level"], &good["device"]), (&json!(true), &json!(1), &json!(id)));
    let bytes = hex::decode(good["evidence"].as_str().expect("digits")).expect("digits");
    assert_eq!(Hash32(crypto::hash::sha256(&bytes)).to_string(), evidence);
    let command = format!("thronos verifier level {id} --level 3 --evidence {evidence} --from AUTHORITY");
    assert_eq!(good["level_command"], json!(command));
    let (status, shown) = get(&lives.routes, &format!("/api/v1/verifyid/tpm/devices/{id}")).await;
    assert_eq!(
        (status.as_u16(), &shown["is_key_present"], &shown["evidence_sha256"]),
        (200, &json!(true), &json!(evidence))
    );
    assert_eq!(shown["level_command"], json!(command));

    mutations(&lives, device, &tpm).await;
    // Nothing of that has changed anything.
    good_quote(&lives, device, &tpm).await;
    let text = measured.text();
    for line in [
        r#"thronos_verifyid_tpm_quotes_total{verdict="good"} 4"#,
        r#"thronos_verifyid_tpm_quotes_total{verdict="quote_extra_data"} 2"#,
        r#"thronos_verifyid_tpm_enrolments_total{result="enrolled"} 1"#,
        "thronos_verifyid_tpms 1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    lives.running.stop().await.expect("it ends without a fault");
    // What the folder keeps of it tells nobody which TPM it is.
    for file in std::fs::read_dir(place.world.folder.path()).expect("own directory").flatten() {
        let bytes = std::fs::read(file.path()).expect("own file");
        let modulus = &keys.endorsement[keys.endorsement.len() - 256..];
        assert!(!bytes.windows(64).any(|window| window == &modulus[..64]), "{:?}", file.path());
    }
}

/// What is changed in a good quote, or beside it, and what it is then called.
async fn mutations(lives: &Lives, device: Device, tpm: &Tpm) {
    let (first, kept) = quoted(lives, device, tpm).await;
    assert_eq!(judged(lives, &handed(&first, &kept)).await.status, 200);
    assert_eq!(judged(lives, &handed(&first, &kept)).await.code(), (409, "challenge_used"), "the same again");
    for (field, place, code) in [
        ("magic", 0, "tpm_magic"),
        ("type", 4, "tpm_attest_type"),
        ("signer", 10, "quote_signature"),
        ("extra data", 44, "quote_signature"),
        ("clock", 83, "quote_signature"),
        ("resets", 87, "quote_signature"),
        ("restarts", 91, "quote_signature"),
        ("safe", 92, "quote_signature"),
        ("firmware", 100, "quote_signature"),
        ("selection", 109, "quote_signature"),
        ("digest", 113, "quote_signature"),
    ] {
        let (asked, mut quote) = quoted(lives, device, tpm).await;
        let right = handed(&asked, &quote);
        quote.message[place] ^= 1;
        assert_eq!(judged(lives, &handed(&asked, &quote)).await.code(), (401, code), "{field}");
        assert_eq!(judged(lives, &right).await.code(), (409, "challenge_used"), "{field}");
    }
    let (asked, mut quote) = quoted(lives, device, tpm).await;
    *quote.signature.last_mut().expect("not empty") ^= 1;
    assert_eq!(judged(lives, &handed(&asked, &quote)).await.code(), (401, "quote_signature"));
    let (asked, quote) = quoted(lives, device, tpm).await;
    let mut request = handed(&asked, &quote);
    request["pcrs"][1] = json!(hex::encode([1; 32]));
    assert_eq!(judged(lives, &request).await.code(), (401, "quote_pcr_digest"));
    let (asked, quote) = quoted(lives, device, tpm).await;
    let mut request = handed(&asked, &quote);
    request["pcrs"] = json!([hex::encode([0; 32])]);
    assert_eq!(judged(lives, &request).await.code(), (401, "quote_pcr_count"));
    // A quote for another challenge, and one that answers as the device's key would.
    let (asked, _) = quoted(lives, device, tpm).await;
    assert_eq!(judged(lives, &handed(&asked, &kept)).await.code(), (401, "quote_extra_data"), "a replay");
    let (asked, _) = quoted(lives, device, tpm).await;
    let signed_bytes = tpm.quote("other", &crypto::hash::sha256(&preimage(&asked)));
    assert_eq!(judged(lives, &handed(&asked, &signed_bytes)).await.code(), (401, "quote_extra_data"));
    // What is no answer at all uses nothing up; and each challenge is for its own route.
    let (asked, quote) = quoted(lives, device, tpm).await;
    let right = handed(&asked, &quote);
    for (key, wrong) in [
        ("challenge", json!("00")),
        ("quote", json!("zz")),
        ("quote", json!("00".repeat(257))),
        ("signature", json!("00".repeat(263))),
        ("pcrs", json!(["00"])),
        ("pcrs", json!(vec!["00".repeat(32); 25])),
        ("more", json!(1)),
    ] {
        let mut request = right.clone();
        request[key] = wrong;
        let answered = judged(lives, &request).await;
        assert_eq!(answered.status, 400, "{key}: {answered:?}");
    }
    let elsewhere = post(&lives.routes, HERE, ANSWER, &answer_of(device, &asked)).await;
    assert_eq!(elsewhere.code(), (400, "wrong_purpose"));
    let presence = challenge(&lives.routes, device).await;
    assert_eq!(judged(lives, &handed(&presence, &quote)).await.code(), (400, "wrong_purpose"));
    assert_eq!(judged(lives, &right).await.status, 200, "it stayed good");
}

// FAULTS VT7
#[tokio::test]
async fn a_tpm_is_of_one_device_until_that_is_revoked_and_no_other_tpm_opens_for_it() {
    if !installed("the TPMs of several devices at a node") {
        return;
    }
    let (one, two) = (Tpm::start("one"), Tpm::start("two"));
    let (keys, others) = (one.attestation_key(EK, "ecc"), two.attestation_key(EK, "rsa"));
    // The word of the first one's maker alone is taken.
    let place = Place::new(&[&one]);
    let lives = place.world.lives().await;
    let ([own, issuer, root], [other, other_issuer, _]) = (one.certificates(), two.certificates());
    let device = Device(0);
    for (what, keys, certificates, code) in [
        ("of another maker", &others, vec![other.clone(), other_issuer.clone()], "ek_chain_signature"),
        ("of another TPM", &keys, vec![other, other_issuer], "ek_certificate_other_key"),
        ("without those between", &keys, vec![own.clone()], "ek_chain_not_issued"),
        ("the root alone", &keys, vec![root], "ek_certificate_purpose"),
        ("none", &keys, vec![vec![0x30, 0]], "ek_certificate_form"),
    ] {
        let request = enrolment(&place, &lives, device, keys, &certificates).await;
        assert_eq!(post(&lives.routes, HERE, ENROL, &request).await.code(), (403, code), "{what}");
        assert_eq!(post(&lives.routes, HERE, ENROL, &request).await.code(), (409, "challenge_used"), "{what}");
    }
    // A key that signs what it is given; and an attestation key in the place of the other.
    let forged = one.forge(b"whatever").0;
    for (what, endorsement, attestation, code) in [
        ("free", &keys.endorsement, &forged, "tpm_key_not_restricted"),
        ("swapped", &keys.attestation, &keys.endorsement, "tpm_key_not_decrypting"),
        ("twice", &keys.endorsement, &keys.endorsement, "tpm_key_not_signing"),
        ("cut", &keys.endorsement, &keys.attestation[..80].to_vec(), "tpm_size"),
    ] {
        let made = Made { endorsement: endorsement.clone(), attestation: attestation.clone(), name: Vec::new() };
        let request = enrolment(&place, &lives, device, &made, &[own.clone(), issuer.clone()]).await;
        assert_eq!(post(&lives.routes, HERE, ENROL, &request).await.code(), (403, code), "{what}");
    }
    // The other TPM's attestation key with this one's endorsement key: neither opens what is for both.
    let mixed =
        Made { endorsement: keys.endorsement.clone(), attestation: others.attestation.clone(), name: Vec::new() };
    let request = enrolment(&place, &lives, device, &mixed, &[own.clone(), issuer.clone()]).await;
    let given = post(&lives.routes, HERE, ENROL, &request).await;
    assert_eq!(given.status, 201);
    assert!(opened(&one, &given.body).is_err() && opened(&two, &given.body).is_err());
    assert_eq!(activate(&lives, &mixed, &given.body, &[7; 32]).await.code(), (401, "bad_secret"));
    assert_eq!(activate(&lives, &mixed, &given.body, &[7; 32]).await.code(), (409, "challenge_used"));

    enrol(&place, &lives, device, (&one, &keys)).await;
    // The same device again, with another key of the same TPM; and another device, also with the area changed where it says nothing of the key.
    let keys = one.attestation_key(EK, "ecc");
    enrol(&place, &lives, device, (&one, &keys)).await;
    let next = Device(1);
    assert_eq!(credential(&place, &lives, next, (&one, &keys)).await.code(), (409, "tpm_of_other_device"));
    let mut endorsement = keys.endorsement.clone();
    endorsement[20] ^= 1;
    let changed = Made { endorsement, attestation: keys.attestation.clone(), name: Vec::new() };
    assert_eq!(credential(&place, &lives, next, (&one, &changed)).await.code(), (409, "tpm_of_other_device"));
    place.world.call(OWNER, VerifyIdCall::Revoke(Out { device: device.id(), reason: 1 }));
    enrol(&place, &lives, next, (&one, &keys)).await;
    good_quote(&lives, next, &one).await;
    let gone = asked(&lives, device, AUDIENCE, "tpm").await;
    assert_eq!(gone.code(), (409, "tpm_not_enrolled"));
    drop(place.roots);
}

// FAULTS VT8
#[tokio::test]
async fn a_credential_comes_back_once_and_in_time_also_across_a_restart_and_clocks_never_fall() {
    if !installed("the enrolment of a TPM across restarts") {
        return;
    }
    let tpm = Tpm::start("one");
    let keys = tpm.attestation_key(EK, "ecc");
    let place = Place::new(&[&tpm]);
    let lives = place.world.lives().await;
    let (device, clocks) = (Device(0), place.world.clocks.clone());
    // Over, by either clock; and of another start of the machine.
    let given = credential(&place, &lives, device, (&tpm, &keys)).await.body;
    let secret = opened(&tpm, &given).expect("it is for this TPM");
    clocks.pass(300_000);
    assert_eq!(activate(&lives, &keys, &given, &secret).await.code(), (410, "expired"));
    let given = credential(&place, &lives, device, (&tpm, &keys)).await.body;
    let secret = opened(&tpm, &given).expect("it is for this TPM");
    clocks.set(|now| now.boot_ms += 300_000);
    assert_eq!(activate(&lives, &keys, &given, &secret).await.code(), (410, "expired"));
    let given = credential(&place, &lives, device, (&tpm, &keys)).await.body;
    let secret = opened(&tpm, &given).expect("it is for this TPM");
    clocks.set(|now| now.boot = BootId([8; 16]));
    assert_eq!(activate(&lives, &keys, &given, &secret).await.code(), (410, "expired"));

    let given = credential(&place, &lives, device, (&tpm, &keys)).await.body;
    let secret = opened(&tpm, &given).expect("it is for this TPM");
    lives.running.stop().await.expect("it ends without a fault");
    let lives = place.world.lives().await;
    clocks.pass(299_999);
    assert_eq!(activate(&lives, &keys, &given, &secret).await.status, 200);
    assert_eq!(activate(&lives, &keys, &given, &secret).await.code(), (409, "challenge_used"));

    let (older, older_quote) = quoted(&lives, device, &tpm).await;
    good_quote(&lives, device, &tpm).await;
    lives.running.stop().await.expect("it ends without a fault");
    let lives = place.world.lives().await;
    let stood = judged(&lives, &handed(&older, &older_quote)).await;
    assert_eq!(stood.code(), (401, "quote_clock_stood"), "the clock is remembered");
    // A reset of the TPM is no fault; what was quoted before it is.
    let (before, before_quote) = quoted(&lives, device, &tpm).await;
    tpm.begin_again(Some("clear"), "clear");
    good_quote(&lives, device, &tpm).await;
    let fell = judged(&lives, &handed(&before, &before_quote)).await;
    assert_eq!(fell.code(), (401, "quote_resets_fell"));
    // Power lost without a shutdown: nothing is lowered, and later it is good again.
    tpm.begin_again(None, "clear");
    let (torn, torn_quote) = quoted(&lives, device, &tpm).await;
    assert_eq!(judged(&lives, &handed(&torn, &torn_quote)).await.code(), (401, "quote_clock_unsafe"));
    let id = device.id().0;
    let (_, shown) = get(&lives.routes, &format!("/api/v1/verifyid/tpm/devices/{id}")).await;
    assert!(shown["level_command"].is_string(), "the last good quote stands");
    // The device's key changes: the TPM is enrolled again, by the new one.
    let (late, late_quote) = quoted(&lives, device, &tpm).await;
    rotate(&place.world, device, Device(8));
    assert_eq!(judged(&lives, &handed(&late, &late_quote)).await.status, 401);
    let (asked_new, quote) = quoted(&lives, device, &tpm).await;
    assert_eq!(judged(&lives, &handed(&asked_new, &quote)).await.code(), (409, "tpm_key_changed"));
    let (_, shown) = get(&lives.routes, &format!("/api/v1/verifyid/tpm/devices/{id}")).await;
    assert_eq!((&shown["is_key_present"], &shown["level_command"]), (&json!(false), &json!(null)));
}

// FAULTS VT9
#[tokio::test]
async fn who_may_not_is_told_so_before_any_tpm_is_asked() {
    let world = World::new();
    let lives = world.lives().await;
    let audience = format!("thr-tpm-enrol:{}:{}", &world.chain.id().0.to_string()[..8], "ab".repeat(32));
    for (purpose, audience) in [("tpm_enrol", audience.as_str()), ("tpm", AUDIENCE)] {
        let off = asked(&lives, Device(0), audience, purpose).await;
        assert_eq!(off.code(), (404, "not_found"));
        assert!(off.body["hint"].as_str().is_some_and(|hint| hint.contains("`verifyid.tpm_roots`")), "{off:?}");
    }
    let (status, _) = get(&lives.routes, &format!("/api/v1/verifyid/tpm/devices/{}", Device(0).id().0)).await;
    assert_eq!(status.as_u16(), 404);
    if !installed("the enrolment of devices that do not count") {
        return;
    }
    lives.running.stop().await.expect("it ends without a fault");
    let tpm = Tpm::start("one");
    let keys = tpm.attestation_key(EK, "ecc");
    let place = Place::new(&[&tpm]);
    let lives = place.world.lives().await;
    let [own, issuer, _] = tpm.certificates();
    let certificates = [own, issuer];
    for audience in [AUDIENCE, "thr-tpm-enrol:", &place.audience(&keys)[..60], &format!("x{}", place.audience(&keys))] {
        let other = asked(&lives, Device(0), audience, "tpm_enrol").await;
        assert_eq!(other.code(), (400, "wrong_audience"), "{audience}");
    }
    // A stranger's signature, keys that were swapped on the way, a device that nobody knows, one that its owner has not accepted, a suspended one.
    let mut request = enrolment(&place, &lives, Device(0), &keys, &certificates).await;
    request["answer"] = json!(hex::encode([7; 64]));
    assert_eq!(post(&lives.routes, HERE, ENROL, &request).await.code(), (401, "bad_answer"));
    let mut request = enrolment(&place, &lives, Device(0), &keys, &certificates).await;
    let swapped = tpm.attestation_key(EK, "ecc");
    request["attestation_key"] = json!(hex::encode(&swapped.attestation));
    assert_eq!(post(&lives.routes, HERE, ENROL, &request).await.code(), (401, "bad_answer"));
    let unknown = enrolment(&place, &lives, Device(2), &keys, &certificates).await;
    assert_eq!(post(&lives.routes, HERE, ENROL, &unknown).await.code(), (401, "bad_answer"));
    place.world.register_by(VERIFIER, Device(4));
    let unowned = enrolment(&place, &lives, Device(4), &keys, &certificates).await;
    assert_eq!(post(&lives.routes, HERE, ENROL, &unowned).await.code(), (403, "not_accepted"));
    place.world.suspend(Device(1));
    let suspended = enrolment(&place, &lives, Device(1), &keys, &certificates).await;
    assert_eq!(post(&lives.routes, HERE, ENROL, &suspended).await.code(), (403, "suspended"));
    // What cannot be read uses nothing up.
    let right = enrolment(&place, &lives, Device(0), &keys, &certificates).await;
    for (key, wrong) in [
        ("challenge", json!("00")),
        ("answer", json!("00")),
        ("endorsement_key", json!("0")),
        ("attestation_key", json!("00".repeat(513))),
        ("certificates", json!([])),
        ("certificates", json!(vec!["00"; 5])),
        ("certificates", json!(["00".repeat(8_193)])),
        ("certificates", json!("00")),
        ("more", json!(1)),
    ] {
        let mut request = right.clone();
        request[key] = wrong;
        let answered = post(&lives.routes, HERE, ENROL, &request).await;
        assert_eq!(answered.status, 400, "{key}: {answered:?}");
    }
    let long = post_bytes(&lives.routes, HERE, ENROL, " ".repeat(100_000)).await;
    assert_eq!(long.status, 413);
    assert_eq!(post(&lives.routes, HERE, ENROL, &right).await.status, 201, "it stayed good");
}
