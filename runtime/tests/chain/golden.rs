//! Frozen bytes: a short chain with fixed keys has these roots. A change here is a change of the chain's rules.

use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall};
use types::{Amount, Asset, AssetId, ByteString, List, THR};

use crate::harness::{Chain, ONE};
use crate::probe::ProbeCall;

/// State root after the genesis, then state and receipts root after each block.
const GENESIS_ROOT: &str = "7cad74069da5dba5850196e0926d6c264aff5b94b611337dba34aa57be9d604f";
const ROOTS: [(&str, &str); 4] = [
    (
        "c0f4eee6e264f1613b005a58b644e0b17ba1171346d804c12c05f692e3bff280",
        "279c2484216ad045ae95ceb9ff6c24bcc54ff6e79757456225fd99ede1a84996",
    ),
    (
        "09e23020af6c00ebeef8a0fac50948de72a7934888a98ce3a457d2f4fd0c7130",
        "a39e35f69b215b4c4af9ba5e86ed877924300d6a1e2fd3e0f18e3445e0f3bede",
    ),
    (
        "9aeae35dcba3df425f5692b4c42e3aee6f78fe8d6dbbfcff66a35c778cec6600",
        "e1dccd5967fac720f678c20642d8eafa05e93e36722ae8ecf034bbe1c0a158a6",
    ),
    (
        "8a8979032f9367c6446829fa7081faebf84f4dd81ef004ae5a375eab176288bc",
        "374cffc79c121feb87d2588d194866df26d3fd7551784646a561c8b065a6e704",
    ),
];

#[test]
fn a_short_chain_with_fixed_keys_has_the_recorded_roots() {
    let mut genesis = crate::harness::genesis();
    genesis.parameters.timing.epoch_length_ms = 20_000;
    let mut chain = Chain::of(genesis);
    assert_eq!(chain.root.to_string(), GENESIS_ROOT);
    chain.step_ms = 7_000;
    let [alice, bob] = [0, 1].map(|user: usize| chain.users[user].address);
    let symbol = ByteString::new(b"GOLD".to_vec()).expect("short");
    let asset = Asset { symbol, decimals: 3, minter: Some(bob), cap: Amount(1_000) };
    let gold = AssetId::FIRST_CUSTOM;
    let payments = [bob, alice].map(|to| Payment { to, amount: Amount(5) }).to_vec();
    let batch = BatchTransfer { asset: gold, payments: List::new(payments).expect("two") };
    let rounds: [Vec<(usize, Vec<types::Call>)>; 4] = [
        vec![(0, vec![TokensCall::transfer(THR, bob, Amount(ONE)).to_call()])],
        vec![(
            0,
            vec![
                TokensCall::Create(Create { asset, initial: Amount(600) }).to_call(),
                TokensCall::BatchTransfer(batch).to_call(),
            ],
        )],
        vec![
            (1, vec![TokensCall::Mint(Mint { asset: gold, to: alice, amount: Amount(400) }).to_call()]),
            (0, vec![TokensCall::Burn(Burn { asset: gold, amount: Amount(1_000) }).to_call()]),
            (2, vec![ProbeCall::Fail.to_call()]),
        ],
        vec![(1, vec![ProbeCall::Lock { asset: gold, pot: 1, amount: Amount(2) }.to_call()])],
    ];
    let mut found = Vec::new();
    for round in rounds {
        let transactions: Vec<_> =
            round.into_iter().map(|(user, calls)| chain.transaction(user, chain.nonce(user).0, calls)).collect();
        let outcome = chain.block(&transactions);
        found.push((outcome.state_root.to_string(), outcome.receipts_root.to_string()));
    }
    let expected = ROOTS.map(|(state, receipts)| (state.to_owned(), receipts.to_owned()));
    assert_eq!(found, expected);
}
