//! `thronos plan`.

use serde_json::json;
use types::Amount;
use verifyid::VerifyIdReject;

use crate::{ALICE, AUTHORITY, done, node, person, sent, text_of};

#[test]
fn plans_are_shown_with_what_is_used_of_one() {
    let node = node();
    let who = person(&node, &[("alice", ALICE)]);
    let plans = who.good(&["plan", "show"]);
    assert_eq!((&plans["plans"][0]["price"], &plans["free"]["devices"]), (&json!("2500000"), &json!(3)), "{plans}");
    assert!(plans.get("as_the_node_says").is_none(), "the genesis says it");
    let told = who.said(&["plan", "show", "alice"]);
    assert!(told.contains("2.5 THR") && told.contains("0 of 3") && told.ends_with("(as the node says)\n"), "{told}");
    assert_eq!(who.good(&["plan", "show", "alice"])["customer"]["devices_max"], 3);
    assert_eq!(who.bad(&["plan", "show", "nobody"]), "bad_address");
    node.bends("/verifyid/customer", |answer| answer["plan"] = json!("many\nof them"));
    assert_eq!(who.bad(&["plan", "show", "alice"]), "bad_answer");
}

// FAULTS VR12
#[test]
fn a_plan_costs_what_the_genesis_says_and_nothing_is_paid_without_a_yes() {
    let node = node();
    let who = person(&node, &[("alice", ALICE), ("office", AUTHORITY)]);
    assert_eq!(who.bad(&["plan", "buy", "1", "--months", "2", "--from", "alice"]), "confirmation_needed");
    let alice = tryout::TryoutChain::user(ALICE);
    let before = node.chain().thr(&alice);
    done(&node, &who, &["plan", "buy", "1", "--months", "2", "--from", "alice", "--yes"]);
    let paid = Amount(before.0 - node.chain().thr(&alice).0);
    assert!(paid >= Amount(5_000_000) && paid < Amount(5_100_000), "two months and a fee: {paid}");
    assert_eq!(who.good(&["plan", "show", "alice"])["customer"]["plan"], 1);
    // Another plan runs now, given by the authority: it ends only for who names it.
    done(&node, &who, &["plan", "set", &text_of(ALICE), "2", "--for", "30d", "--from", "office"]);
    let buy = ["plan", "buy", "1", "--months", "1", "--yes", "--from", "alice"];
    assert_eq!(sent(&node, &who, &buy), VerifyIdReject::PlanRuns.code());
    assert_eq!(sent(&node, &who, &[&buy[..], &["--replace", "3"]].concat()), VerifyIdReject::PlanRuns.code());
    done(&node, &who, &[&buy[..], &["--replace", "2"]].concat());
    for (arguments, code) in [
        (vec!["1", "--months", "0"], "usage"),
        (vec!["1", "--months", "37"], "usage"),
        (vec!["9", "--months", "1"], "unknown_plan"),
        (vec!["2", "--months", "1"], "plan_not_for_sale"),
        (vec!["1", "--months", "1", "--replace", "1"], "plan_runs"),
        (vec!["1", "--months", "1", "--replace", "0"], "usage"),
    ] {
        let typed = [&["plan", "buy", "--yes", "--from", "alice"], arguments.as_slice()].concat();
        assert_eq!(who.bad(&typed), code, "{typed:?}");
    }
    node.dry_runs_say(VerifyIdReject::PlanRuns.code());
    let error = who.error(&[&buy[..], &["--no-wait"]].concat());
    assert!(error.hint.contains("--replace PLAN"), "{error:?}");
}

#[test]
fn the_authority_gives_a_plan_until_a_time_and_takes_it_away() {
    let node = node();
    let who = person(&node, &[("alice", ALICE), ("office", AUTHORITY)]);
    let customer = || who.good(&["plan", "show", "alice"])["customer"].clone();
    done(&node, &who, &["plan", "set", "alice", "3", "--for", "365d", "--from", "office"]);
    assert!(customer()["plan"] == 3 && who.said(&["plan", "show", "alice"]).contains("no bound"));
    done(&node, &who, &["plan", "set", "alice", "0", "--from", "office"]);
    assert_eq!((customer()["plan"].as_u64(), customer()["devices_max"].as_u64()), (Some(0), Some(3)));
    let code = sent(&node, &who, &["plan", "set", "alice", "3", "--for", "1d", "--from", "alice"]);
    assert_eq!(code, VerifyIdReject::NotAuthority.code());
    for (arguments, code) in [
        (vec!["alice", "3"], "bad_span"),
        (vec!["alice", "0", "--for", "1d"], "bad_span"),
        (vec!["alice", "9", "--for", "1d"], "unknown_plan"),
        (vec!["nobody", "3", "--for", "1d"], "bad_address"),
    ] {
        let typed = [&["plan", "set", "--from", "office"], arguments.as_slice()].concat();
        assert_eq!(who.bad(&typed), code, "{typed:?}");
    }
}
