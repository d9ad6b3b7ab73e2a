//! `devnet --check --trial tokens`: what is paid arrives, once, at whom it is meant for, and nothing is made or lost on the way.
//!
//! Every node is asked, not only the one that was told.

use std::time::Duration;

use serde_json::json;
use testnet::devnet::check::compare;
use testnet::devnet::{Failure, Local, LocalNetwork, LocalProof, Outcome, Proven, send};
use tokens::{BatchTransfer, Payment, TokensCall};
use types::{Address, Amount, Call, Height, List, THR};

/// A transaction must be final, and every node have its block, within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// To carol alone: 2.5 THR.
const ALONE: Amount = Amount(2_500_000);
/// In one call to carol and to bob: 1 and 2 THR.
const TOGETHER: [Amount; 2] = [Amount(1_000_000), Amount(2_000_000)];

/// Tokens on local networks: there is no service, and nothing runs beside the nodes.
pub(crate) const LOCAL: Local = Local {
    proof: Some(LocalProof {
        about: "transfers to one and to several accounts arrive at every node, and no µTHR is made or lost",
        rules: |_| {},
        run: prove,
    }),
    ..Local::PLAIN
};

/// Who has how much, in µTHR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Purses {
    alice: u128,
    bob: u128,
    carol: u128,
}

fn prove(network: &mut LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Proven> {
    let carol = network.wallets.somebody(&network.plan.layout, "carol")?.address();
    let before = purses(network, 0, carol)?;
    let (_, alone_fee) = pay(network, crate::transfer(carol, ALONE))?;
    say(&format!("alice has paid carol {ALONE} µTHR for a fee of {alone_fee} µTHR"));
    let bob = network.wallets.bob.address();
    let (height, together_fee) = pay(network, together([carol, bob])?)?;
    say(&format!("alice has paid carol and bob in one call for a fee of {together_fee} µTHR"));

    let [to_carol, to_bob] = TOGETHER.map(|amount| amount.0);
    let expected = Purses {
        alice: before.alice - ALONE.0 - to_carol - to_bob - alone_fee.0 - together_fee.0,
        bob: before.bob + to_bob,
        carol: before.carol + ALONE.0 + to_carol,
    };
    for node in 0..network.nodes.len() {
        network.wait_height(node, height, PATIENCE)?;
        compare_purses(network, node, carol, expected)?;
    }
    say("all nodes have what was paid and what it cost, and no µTHR was made or lost");
    let (height, block, _) = compare(network)?;
    let document =
        json!({ "ok": true, "transfers": 2, "fees": [alone_fee, together_fee], "height": height, "block": block });
    Ok(Proven { document, nodes: network.standings()? })
}

fn together(to: [Address; 2]) -> Outcome<Call> {
    let payments = to.into_iter().zip(TOGETHER).map(|(to, amount)| Payment { to, amount }).collect();
    let payments = List::new(payments).map_err(|_| Failure::new("two payments do not fit a call"))?;
    Ok(TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments }).to_call())
}

/// Alice makes a call through node 0; gives the height of its block, and the fee.
fn pay(network: &mut LocalNetwork, call: Call) -> Outcome<(Height, Amount)> {
    let client = network.node(0)?.client().clone();
    let alice = network.wallets.alice.key.clone();
    let done = send(&client, &mut network.chain, &alice, call, PATIENCE)?;
    Ok((done.block.header.height, done.receipt.fee))
}

fn purses(network: &LocalNetwork, node: usize, carol: Address) -> Outcome<Purses> {
    let of = |address| network.balance(node, address).map(|amount| amount.0);
    let [alice, bob] = [&network.wallets.alice, &network.wallets.bob].map(|person| person.address());
    Ok(Purses { alice: of(alice)?, bob: of(bob)?, carol: of(carol)? })
}

fn compare_purses(network: &LocalNetwork, node: usize, carol: Address, expected: Purses) -> Outcome<()> {
    let found = purses(network, node, carol)?;
    let (known, there) = network.supply(node)?;
    if found != expected {
        return Err(Failure::new(format!("node {node} tells of {found:?}, and by what was paid it is {expected:?}")));
    }
    if known.0 + found.carol != there.0 {
        let sentence = format!(
            "at node {node} all accounts have {} µTHR, and {} were issued and not burned",
            known.0 + found.carol,
            there.0
        );
        return Err(Failure::new(sentence));
    }
    Ok(())
}
