//! `thronos device hold`, `suspend`, `reinstate` and `revoke`, and `thronos verifier`.

use types::{Network, TimeMs};
use verifyid::{Status, VerifyIdReject};

use crate::{ALICE, AUTHORITY, BOB, VERA, device, done, key, node, person, sent, text_of, with_rig};

#[test]
fn the_authority_suspends_and_reinstates_and_a_verifier_holds() {
    let node = node();
    let who = with_rig(&node);
    let id = key(&who, "rig").device().to_text(Network::Test);
    let others = person(&node, &[("vera", VERA), ("office", AUTHORITY)]);
    let code = sent(&node, &who, &["device", "suspend", "rig", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NotAuthority.code());
    let code = sent(&node, &others, &["device", "reinstate", &id, "--from", "office"]);
    assert_eq!(code, VerifyIdReject::NotSuspended.code());
    done(&node, &others, &["device", "suspend", &id, "--reason", "7", "--from", "office"]);
    let shown = who.good(&["device", "show", "rig"]);
    let why = shown["why_not_more"].as_str().expect("a sentence");
    assert!(shown["level"].is_null() && why.contains("suspended (reason 7)"), "{shown}");
    let code = sent(&node, &who, &["device", "offer", "rig", "--to", "bob", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::Suspended.code());
    done(&node, &others, &["device", "reinstate", &id, "--from", "office"]);
    assert_eq!(device(&node, &who, "rig").status, Status::Pending);
    let code = sent(&node, &who, &["device", "hold", "rig", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NotVerifier.code());
    done(&node, &others, &["device", "hold", &id, "--from", "vera"]);
    let shown = who.good(&["device", "show", "rig"]);
    let why = shown["why_not_more"].as_str().expect("a sentence");
    assert!(shown["level"].is_null() && why.contains("holds it until"), "{shown}");
    assert!(shown["expires"]["hold"].is_u64(), "{shown}");
    let code = sent(&node, &others, &["device", "hold", &id, "--from", "vera"]);
    assert_eq!(code, VerifyIdReject::HoldUsed.code());
    assert_eq!(who.bad(&["device", "suspend", "rig", "--reason", "256", "--from", "alice"]), "usage");
}

#[test]
fn nothing_is_revoked_without_a_yes() {
    let node = node();
    let who = with_rig(&node);
    assert_eq!(who.bad(&["device", "revoke", "rig", "--from", "alice", "--no-wait"]), "confirmation_needed");
    let code = sent(&node, &who, &["device", "revoke", "rig", "--from", "bob", "--yes"]);
    assert_eq!(code, VerifyIdReject::NotOwner.code());
    assert_eq!(device(&node, &who, "rig").status, Status::Pending);
    done(&node, &who, &["device", "revoke", "rig", "--from", "alice", "--yes"]);
    let has = device(&node, &who, "rig");
    assert_eq!((has.status, has.level), (Status::Revoked, None));
    let code = sent(&node, &who, &["device", "revoke", "rig", "--from", "alice", "--yes"]);
    assert_eq!(code, VerifyIdReject::Revoked.code());
    let said = who.said(&["device", "show", "rig"]);
    assert!(said.contains("it is revoked, for good") && !said.contains("reason"), "no reason was given: {said}");
}

#[test]
fn the_authority_lists_verifiers_and_a_customer_lets_them_count() {
    let node = node();
    let office = person(&node, &[("office", AUTHORITY), ("alice", ALICE)]);
    let bob = text_of(BOB);
    let code = sent(&node, &office, &["verifier", "allow", &bob, "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NotVerifier.code());
    let code = sent(&node, &office, &["verifier", "set", &bob, "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NotAuthority.code());
    let allowed = || {
        let asked = [("customer", text_of(ALICE)), ("verifier", text_of(BOB))];
        node.chain().ask("verifyid", "allowed", &asked).expect("an answer")
    };
    done(&node, &office, &["verifier", "set", &bob, "--from", "office"]);
    done(&node, &office, &["verifier", "allow", &bob, "--from", "alice"]);
    assert_eq!(allowed(), true);
    done(&node, &office, &["verifier", "allow", &bob, "--remove", "--from", "alice"]);
    assert_eq!(allowed(), false);
    done(&node, &office, &["verifier", "set", &bob, "--remove", "--from", "office"]);
    let asked = node.chain().ask("verifyid", "verifier", &[("address", bob)]).expect("it was one");
    assert_eq!(asked["listed"], false);
    for verb in ["set", "allow"] {
        assert_eq!(office.bad(&["verifier", verb, "nobody", "--from", "office"]), "bad_address");
    }
}

// FAULTS VR10
#[test]
fn a_level_is_for_the_owner_and_the_key_that_are_proven_and_for_nothing_later() {
    let node = node();
    let who = with_rig(&node);
    let id = key(&who, "rig").device().to_text(Network::Test);
    let office = person(&node, &[("office", AUTHORITY)]);
    let evidence = office.file("report.pdf", "what was seen");
    let level = |evidence: &str| -> Vec<String> {
        ["verifier", "level", &id, "--level", "3", "--for", "30d", "--evidence", evidence, "--from", "office"]
            .map(str::to_owned)
            .to_vec()
    };
    let typed = level(&evidence);
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    done(&node, &office, &typed);
    let has = device(&node, &who, "rig");
    assert!(has.level == Some(3) && has.tpm_until > TimeMs(0), "{has:?}");
    let digest = hex_of(&crypto::hash::sha256(b"what was seen"));
    let event = serde_json::to_string(&node.chain().events()).expect("JSON");
    let told = node.chain().events().iter().any(|event| hex_of(&event.body).contains(&digest));
    assert!(told, "the digest of the file is on the chain: {event}");
    let shown = who.good(&["device", "show", "rig"]);
    assert!(
        shown["expires"]["tpm"].is_u64() && shown["why_not_more"].as_str().is_some_and(|why| why.contains("maker"))
    );
    for (arguments, code) in [
        (vec!["--level", "2", "--evidence", &digest], "usage"),
        (vec!["--level", "3", "--for", "91d", "--evidence", &digest], "until_too_far"),
        (vec!["--level", "3", "--evidence", "/nowhere/report"], "file"),
        (vec!["--level", "3"], "usage"),
    ] {
        let typed = [&["verifier", "level", &id, "--from", "office"], arguments.as_slice()].concat();
        assert_eq!(office.bad(&typed), code, "{typed:?}");
    }
    // What changes between the look and the block is not what was seen: the call is of the state that was proven.
    node.bends("/state/", |answer| answer["value_hex"] = serde_json::Value::Null);
    assert_eq!(office.bad(&typed), "wrong_proof");
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
