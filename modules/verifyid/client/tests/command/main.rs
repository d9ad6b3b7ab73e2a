//! The verbs of VerifyID as they are typed, on a made-up chain with the real rules: what each does, and what it is refused for.

mod attest;
#[path = "../../../../../wallet/tests/wallet/chain_maker.rs"]
mod chain_maker;
mod challenges;
mod keys;
mod older;
mod plans;
mod reading;
mod rotation;
mod standing;
mod tokens;
mod tpm;
mod transfer;
#[path = "../../../../../wallet/tests/wallet/tryout_node.rs"]
mod tryout_node;

use execution::edit_section;
use tryout::TryoutChain;
use types::{Amount, List, Network};
use verifyid::{DeviceAnswer, DeviceId, VerifyId, VerifyIdParameters};
use verifyid_client::{DeviceKeyFile, VerifyIdVerbs};
use wallet::cli::family;
use wallet::cli::submit::now;

use crate::tryout_node::{Person, TryoutNode};

/// Owns devices.
pub const ALICE: u8 = 0;
/// Somebody else.
pub const BOB: u8 = 1;
/// Verifies from the beginning.
pub const VERA: u8 = 2;
/// The authority.
pub const AUTHORITY: u8 = 3;

/// A chain of now with this module alone.
pub fn node() -> TryoutNode {
    node_with(|_| {})
}

/// The same, whose numbers are changed first. Plan 1 is for sale.
pub fn node_with(change: impl FnOnce(&mut VerifyIdParameters)) -> TryoutNode {
    let chain = TryoutChain::with(vec![Box::new(VerifyId)], |genesis| {
        genesis.time = now();
        edit_section::<VerifyId>(genesis, |numbers| {
            numbers.authority = TryoutChain::user(AUTHORITY);
            numbers.verifiers = List::new(vec![TryoutChain::user(VERA)]).expect("one");
            let mut plans = numbers.plans.to_vec();
            plans[0].price = Amount(2_500_000);
            numbers.plans = List::new(plans).expect("as many");
            change(numbers);
        });
    });
    TryoutNode::start(chain.expect("good numbers"))
}

/// A person with these users' keys.
pub fn person(node: &TryoutNode, users: &[(&str, u8)]) -> Person {
    Person::new(node, family::<VerifyIdVerbs>("Devices"), users)
}

/// Types a command that hands a transaction in; the code of its receipt.
pub fn sent(node: &TryoutNode, who: &Person, arguments: &[&str]) -> u32 {
    node.code_of(&who.good(&[arguments, &["--no-wait"]].concat()))
}

/// Types one that the chain carries out.
pub fn done(node: &TryoutNode, who: &Person, arguments: &[&str]) {
    assert_eq!(sent(node, who, arguments), 0, "{arguments:?}");
}

/// A key file of a person by its name.
pub fn key(who: &Person, name: &str) -> DeviceKeyFile {
    DeviceKeyFile::read(&who.path(&format!("wallet/devices/{name}.json"))).expect("it was made")
}

/// What the chain has of the device of a key.
pub fn device(node: &TryoutNode, who: &Person, name: &str) -> DeviceAnswer {
    let id: DeviceId = key(who, name).device();
    let answer = node.chain().ask("verifyid", "device", &[("device", id.0.to_string())]).expect("it is registered");
    serde_json::from_value(answer).expect("an answer of the rules")
}

/// A person with alice's and bob's keys, and a device of alice's that is called `rig`.
pub fn with_rig(node: &TryoutNode) -> Person {
    let who = person(node, &[("alice", ALICE), ("bob", BOB)]);
    who.good(&["device", "new", "rig"]);
    done(node, &who, &["device", "register", "rig", "--kind", "cpu_miner", "--from", "alice"]);
    who
}

/// The address of a user.
pub fn text_of(user: u8) -> String {
    TryoutChain::user(user).to_text(Network::Test)
}
