//! Frozen bytes: a short chain with fixed keys has these roots. A change here is a change of the chain's rules.

use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall};
use types::{Amount, Asset, AssetId, ByteString, List, THR};

use crate::harness::{Chain, ONE};
use crate::probe::ProbeCall;
use crate::system_calls::attendance;

/// State root after the genesis, then state and receipts root after each block.
const GENESIS_ROOT: &str = "7cad74069da5dba5850196e0926d6c264aff5b94b611337dba34aa57be9d604f";
const ROOTS: [(&str, &str); 4] = [
    (
        "c0f4eee6e264f1613b005a58b644e0b17ba1171346d804c12c05f692e3bff280",
        "279c2484216ad045ae95ceb9ff6c24bcc54ff6e79757456225fd99ede1a84996",
    ),
    (
        "b9eb8f9b7c9b29e17671750ae78a731a1a92cb6f5df994b07a54d5b100fce679",
        "6dfffd936fcb7ce48f12402098ec891225db86b0f7d0e24e3b059f71605dbe5f",
    ),
    (
        "dda2ad63d8330524a84478c27404269aa811f3ff4361a31a5620f94f1aabff2a",
        "708edfddf15a0df55ffbd9f68120f7b5cbdc6752abefe60e22d708672fc1c0ec",
    ),
    (
        "a20c6fa87a05d3ddbc15ed7325a100c55c2964c866eeb0285ee5007384ef2504",
        "d265cdeacc767f5a878eba3a5a2715e4d4ddf8150584d1618c6faceeb1cdc299",
    ),
];

// FAULTS E2: the same on every machine, whatever its hash seed, time zone and locale.
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
    let key = ByteString::new(b"later".to_vec()).expect("short");
    let wake = ProbeCall::Wake { time: crate::harness::START.saturating_add(1 << 40), key };
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
        vec![(1, vec![ProbeCall::Lock { asset: gold, pot: 1, amount: Amount(2) }.to_call(), wake.to_call()])],
    ];
    let mut found = Vec::new();
    for round in rounds {
        let transactions: Vec<_> =
            round.into_iter().map(|(user, calls)| chain.transaction(user, chain.nonce(user).0, calls)).collect();
        let mut request = chain.request(&transactions);
        request.attendance = Some(attendance(&chain, &[0, 2, 3], |_| {}));
        let built = chain.registry.build(&chain.state, chain.root, &request).expect("a seed is given");
        let outcome = chain.apply(&built.header, &built.body);
        found.push((outcome.state_root.to_string(), outcome.receipts_root.to_string()));
    }
    let expected = ROOTS.map(|(state, receipts)| (state.to_owned(), receipts.to_owned()));
    assert_eq!(found, expected);
}
