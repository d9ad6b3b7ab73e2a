//! The commands of VerifyID in German: what they print and refuse is said so, and codes, ids and commands are what they are in English.
//!
//! A program speaks one language, so this is a program of its own.

#[path = "../../../../wallet/tests/wallet/chain_maker.rs"]
mod chain_maker;
#[path = "../../../../wallet/tests/wallet/tryout_node.rs"]
mod tryout_node;

use execution::edit_section;
use languages::Language;
use tryout::TryoutChain;
use types::Network;
use verifyid::{VerifyId, VerifyIdReject};
use verifyid_client::VerifyIdVerbs;
use wallet::cli::family;
use wallet::cli::submit::now;

use crate::tryout_node::{Person, TryoutNode};

#[test]
fn commands_speak_the_language_of_whoever_runs_them() {
    languages::speak(Language::German);
    let chain = TryoutChain::with(vec![Box::new(VerifyId)], |genesis| {
        genesis.time = now();
        edit_section::<VerifyId>(genesis, |numbers| numbers.authority = TryoutChain::user(3));
    });
    let node = TryoutNode::start(chain.expect("good numbers"));
    let who = Person::new(&node, family::<VerifyIdVerbs>("Devices"), &[("alice", 0)]);
    let made = who.said(&["device", "new", "rig"]);
    assert!(made.contains("Gerät:") && made.contains("Datei:") && made.contains("ed25519"), "{made}");
    who.said(&["device", "register", "rig", "--kind", "cpu_miner", "--from", "alice", "--no-wait"]);
    let shown = who.said(&["device", "show", "rig"]);
    for part in ["Stufe:", "Eigentümer:", "0 Mal gewechselt", "es hat keine Hashrate gezeigt", "cpu_miner", "nie"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let plans = who.said(&["plan", "show"]);
    assert!(plans.contains("Prüfungen im Monat") && plans.contains("unbegrenzt"), "{plans}");
    node.dry_runs_say(TryoutChain::code(VerifyIdReject::NotVerifier));
    let main = verifyid::DeviceId(types::Hash32([7; 32])).to_text(Network::Main);
    for (arguments, code, message, hint) in [
        (
            &["device", "show", "nobody"][..],
            "unknown_device_key",
            "liegt kein Schlüssel eines Geräts",
            "`thronos device new NAME`",
        ),
        (&["device", "show", main.as_str()], "device_of_other_network", "`thrtdev1`", "in diesem Netz"),
        (
            &["plan", "buy", "200", "--months", "1", "--from", "alice"],
            "unknown_plan",
            "keinen Tarif 200",
            "`thronos plan show`",
        ),
        (
            &["device", "hold", "rig", "--from", "alice", "--no-wait"],
            "would_be_rejected",
            "(not_verifier): das Konto ist nicht unter den Prüfern, die die Autorität führt",
            "nimmt einen mit `thronos verifier set ",
        ),
    ] {
        let error = who.error(arguments);
        assert_eq!(error.own_code(), code, "{error:?}");
        assert!(error.message.contains(message) && error.hint.contains(hint), "{error:?}");
    }
}
