//! `thronos device tpm` with a TPM that is a program (swtpm): a node that is made up judges what the TPM says by the crate that nodes judge by.

#[allow(dead_code, reason = "shared with the tests of the crate that judges")]
#[path = "../../../tpm/tests/peer/tpm.rs"]
mod swtpm;

use std::sync::{Arc, Mutex};

use crypto::hash::sha256;
use serde_json::{Value, json};
use service::chain::Chain;
use types::{Hash32, Network};
use verifyid::{Challenge, DeviceKey, Purpose, tags};
use verifyid_tpm::{
    AttestationKey, EndorsementKey, ExpectedQuote, PcrSelection, PcrState, TpmName, check_ek_certificate,
    make_credential, verify_quote,
};
use wallet::cli::submit::now;

use crate::tryout_node::{Person, TryoutNode};
use crate::{key, node, with_rig};
use swtpm::{Tpm, installed};

const SECRET: [u8; 32] = [0x5a; 32];
const PCRS: [u8; 3] = [0, 4, 7];

/// Numbers that everybody knows: the node is made up.
struct Known(u8);

impl rand_core::TryRng for Known {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(5).wrapping_add(3);
            *byte = self.0;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Known {}

/// What a made-up node knows.
struct Desk {
    asked: Challenge,
    key: DeviceKey,
    chain: String,
    root: Vec<u8>,
    enrolled: Option<Vec<u8>>,
    signer: Option<TpmName>,
    /// Credentials are spoilt.
    is_hostile: bool,
}

fn bytes(of: &Value) -> Vec<u8> {
    hex::decode(of.as_str().expect("a text")).expect("digits")
}

impl Desk {
    fn answer(&mut self, path: &str, body: &Value) -> (u16, Value) {
        match path {
            "/verifyid/challenges" => (201, self.challenge(body)),
            "/verifyid/tpm/enrolments" => (201, self.enrol(body)),
            "/verifyid/tpm/activations" => match bytes(&body["secret"]) == SECRET {
                true => {
                    (200, json!({"device": self.asked.device.to_text(Network::Test), "enrolled_at": 7, "next": "x"}))
                }
                false => (401, json!({"code": "bad_secret", "message": "no such secret", "hint": "again"})),
            },
            "/verifyid/tpm/quotes" => (200, self.quote(body)),
            _ => (404, json!({"code": "not_found", "message": "nothing here", "hint": "look"})),
        }
    }

    fn challenge(&mut self, body: &Value) -> Value {
        let audience = body["audience"].as_str().expect("a text");
        self.asked.audience = Hash32(sha256(audience.as_bytes()));
        self.asked.purpose = match body["purpose"].as_str() {
            Some("tpm_enrol") => Purpose::Enrol,
            Some("tpm") => Purpose::Tpm,
            other => panic!("{other:?}"),
        };
        let pcrs = (self.asked.purpose == Purpose::Tpm).then_some(PCRS.to_vec());
        json!({"challenge": "ab", "preimage": hex::encode(self.asked.to_bytes(tags::CHALLENGE)), "pcrs": pcrs})
    }

    fn enrol(&mut self, body: &Value) -> Value {
        let [ek, ak, answer] = ["endorsement_key", "attestation_key", "answer"].map(|name| bytes(&body[name]));
        let digest = Hash32(sha256(&[ek.as_slice(), &ak].concat()));
        let audience = format!("thr-tpm-enrol:{}:{digest}", self.chain);
        assert_eq!(self.asked.audience, Hash32(sha256(audience.as_bytes())), "the device signs for these keys");
        let answer: [u8; 64] = answer.try_into().expect("64 bytes");
        assert!(self.key.signed(&self.asked.to_bytes(tags::CHALLENGE), &answer));
        let (endorsement, attestation) =
            (EndorsementKey::read(&ek).expect("an EK"), AttestationKey::read(&ak).expect("an AK"));
        let certificates: Vec<Vec<u8>> = body["certificates"].as_array().expect("a list").iter().map(bytes).collect();
        let chain: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
        let judged = check_ek_certificate(&endorsement, &chain, &[&self.root], now().0 / 1_000);
        assert_eq!(judged, Ok(()), "the certificate is read from the TPM");
        self.enrolled = Some(ak);
        let credential = make_credential(&endorsement, &attestation, &SECRET, &mut Known(7)).expect("numbers");
        let mut file = credential.to_file();
        if self.is_hostile {
            file[60] ^= 1;
        }
        json!({"enrolment": "cd", "credential": hex::encode(file), "expires_at": 7})
    }

    fn quote(&mut self, body: &Value) -> Value {
        let key = AttestationKey::read(self.enrolled.as_ref().expect("enrolled before")).expect("an AK");
        let values: Vec<[u8; 32]> =
            body["pcrs"].as_array().expect("a list").iter().map(|value| bytes(value).try_into().expect("32")).collect();
        let selection = PcrSelection::of(&PCRS).expect("numbers");
        let expected = ExpectedQuote {
            extra_data: sha256(&self.asked.to_bytes(tags::CHALLENGE_TPM)),
            qualified_signer: self.signer,
            pcrs: PcrState::of(selection, &values).expect("as many"),
            last: None,
        };
        let proven = verify_quote(&key, &bytes(&body["quote"]), &bytes(&body["signature"]), &expected);
        self.signer = Some(proven.expect("the TPM's own words").qualified_signer);
        let evidence = [1, 2, 3];
        let device = self.asked.device.to_text(Network::Test);
        json!({"verified": true, "device": device, "level": 1, "verified_at": 7, "evidence": hex::encode(evidence),
            "evidence_sha256": Hash32(sha256(&evidence)), "level_command": "rm"})
    }
}

fn desk(node: &TryoutNode, who: &Person, root: Vec<u8>) -> Arc<Mutex<Desk>> {
    let own = key(who, "rig");
    let asked = Challenge {
        chain_id: node.chain().id(),
        id: [1; 16],
        nonce: [2; 32],
        device: own.device(),
        key_id: own.key_id(),
        audience: Hash32::ZERO,
        purpose: Purpose::Presence,
        issued: now(),
        expires: types::TimeMs(now().0 + 300_000),
    };
    let key = DeviceKey::read(own.algorithm() as u8, &own.key_bytes()).expect("a key");
    let chain = node.chain().id().0.to_string()[..8].to_owned();
    let desk = Desk { asked, key, chain, root, enrolled: None, signer: None, is_hostile: false };
    let desk = Arc::new(Mutex::new(desk));
    let serving = desk.clone();
    node.serves("/verifyid/", move |path, body| serving.lock().expect("nobody panics").answer(path, body));
    desk
}

/// What no program has taken out of the TPM again.
fn left_in(tpm: &Tpm, what: &str) -> String {
    let output = std::process::Command::new("tpm2_getcap")
        .arg(what)
        .env("TPM2TOOLS_TCTI", format!("swtpm:path={}", tpm.path("socket").display()))
        .output()
        .expect("an installed program");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn a_tpm_is_enrolled_and_quotes_and_nothing_is_left_in_it_or_beside_it() {
    if !installed("the commands with a TPM") {
        return;
    }
    let tpm = Tpm::start("one");
    let node = node();
    let who = with_rig(&node);
    let [_, issuer, root] = tpm.certificates();
    let issuer_file = who.path("issuer.der");
    std::fs::write(&issuer_file, issuer).expect("own directory");
    let (issuer_file, tcti) =
        (issuer_file.display().to_string(), format!("swtpm:path={}", tpm.path("socket").display()));
    let desk = desk(&node, &who, root);
    let enrol = ["device", "tpm", "enrol", "rig", "--tcti", &tcti, "--certificate", &issuer_file];
    let quote = ["device", "tpm", "quote", "rig", "--tcti", &tcti];
    assert_eq!(who.bad(&quote), "no_tpm_key", "it has to be enrolled first");

    desk.lock().expect("nobody panics").is_hostile = true;
    assert_eq!(who.bad(&enrol), "tpm", "the TPM does not open it");
    for what in ["handles-transient", "handles-loaded-session", "handles-saved-session"] {
        assert_eq!(left_in(&tpm, what), "", "nothing stays after a failure");
    }
    desk.lock().expect("nobody panics").is_hostile = false;

    let done = who.good(&enrol);
    let id = key(&who, "rig").device().to_text(Network::Test);
    assert_eq!((&done["enrolled"], &done["device"]), (&json!(true), &json!(id)));
    assert_eq!(done["next"], json!("thronos device tpm quote rig"));
    let out = who.path("evidence").display().to_string();
    for arguments in [&quote[..], &[&quote[..], &["--out", &out]].concat()] {
        let said = who.good(arguments);
        let command = said["level_command"].as_str().expect("a text");
        let expected = format!("thronos verifier level {id} --level 3 --evidence {}", Hash32(sha256(&[1, 2, 3])));
        assert!(command.starts_with(&expected), "of its own making: {command}");
    }
    assert_eq!(std::fs::read_to_string(&out).expect("written"), "010203\n");
    for what in ["handles-transient", "handles-loaded-session", "handles-saved-session"] {
        assert_eq!(left_in(&tpm, what), "");
    }
    let told = who.said(&quote);
    assert!(told.contains("a quote changes none") && told.contains("as the node says"), "{told}");

    // Another TPM cannot use the key.
    let other = Tpm::start("two");
    let other_tcti = format!("swtpm:path={}", other.path("socket").display());
    let error = who.error(&["device", "tpm", "quote", "rig", "--tcti", &other_tcti]);
    assert!(error.code == "tpm" && error.hint.contains("`thronos device tpm enrol NAME`"), "{error:?}");
    assert_eq!(left_in(&other, "handles-transient"), "");
    // No TPM there at all.
    let nowhere = format!("swtpm:path={}", tpm.path("nowhere").display());
    assert_eq!(who.bad(&["device", "tpm", "quote", "rig", "--tcti", &nowhere]), "tpm");
}

#[test]
fn what_a_hostile_node_wants_is_neither_signed_nor_quoted() {
    if !installed("the commands with a TPM and a hostile node") {
        return;
    }
    let tpm = Tpm::start("one");
    let node = node();
    let who = with_rig(&node);
    let tcti = format!("swtpm:path={}", tpm.path("socket").display());
    let asked = desk(&node, &who, Vec::new()).lock().expect("nobody panics").asked;
    let file = json!({"format": "thronos-device-tpm", "version": 1, "device": asked.device.0, "key_id": asked.key_id,
        "public": "00", "private": "00"});
    let path = who.path("wallet/devices/rig.tpm");
    wallet::keystore::file::write_private(&path, file.to_string().as_bytes(), wallet::keystore::file::Existing::Keep)
        .expect("own directory");
    let given = |asked: &Challenge, pcrs: Value| json!({"challenge": "ab", "preimage": hex::encode(asked.to_bytes(tags::CHALLENGE)), "pcrs": pcrs});
    let audience = Hash32(sha256(b"thr-tpm"));
    let quote = Challenge { audience, purpose: Purpose::Tpm, ..asked };
    for (answer, code) in [
        (given(&Challenge { purpose: Purpose::Presence, ..quote }, json!([0])), "bad_answer"),
        (given(&Challenge { audience: Hash32([1; 32]), ..quote }, json!([0])), "bad_answer"),
        (given(&Challenge { key_id: Hash32([1; 32]), ..quote }, json!([0])), "challenge_refused"),
        (given(&quote, json!(null)), "bad_answer"),
        (given(&quote, json!([])), "bad_answer"),
        (given(&quote, json!([24])), "bad_answer"),
        (given(&quote, json!([7, 7])), "bad_answer"),
        (given(&quote, json!(["0"])), "bad_answer"),
    ] {
        let said = answer.to_string();
        node.serves("/verifyid/", move |path, _| {
            assert_eq!(path, "/verifyid/challenges", "nothing is handed in");
            (201, answer.clone())
        });
        assert_eq!(who.bad(&["device", "tpm", "quote", "rig", "--tcti", &tcti]), code, "{said}");
    }
    // A challenge for other keys than this TPM's is not signed.
    let other = Challenge { purpose: Purpose::Enrol, ..quote };
    node.serves("/verifyid/", move |path, _| {
        assert_eq!(path, "/verifyid/challenges", "nothing is handed in");
        (201, json!({"challenge": "ab", "preimage": hex::encode(other.to_bytes(tags::CHALLENGE))}))
    });
    assert_eq!(who.bad(&["device", "tpm", "enrol", "rig", "--tcti", &tcti]), "bad_answer");
    assert_eq!(left_in(&tpm, "handles-transient"), "");
}
