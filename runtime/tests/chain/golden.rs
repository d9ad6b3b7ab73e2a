//! Frozen bytes: a short chain with fixed keys has these roots. A change here is a change of the chain's rules.

use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall};
use types::{Amount, Asset, AssetId, ByteString, List, THR};

use crate::harness::{Chain, ONE};
use crate::probe::ProbeCall;
use crate::system_calls::attendance;

/// State root after the genesis, then state and receipts root after each block.
const GENESIS_ROOT: &str = "deda5eca4fbe04648545dbda859fef1dba393d8deaf6359867bc60a414afccc1";
const ROOTS: [(&str, &str); 4] = [
    (
        "873efb6bdc83a5a5705b06b6f7b973277dc01ba2ac6a2b65b091c516a6f3ab27",
        "b1052ca9f7cff1641bb5243957c7dd891c113906e99fbb895895afd33cc8e023",
    ),
    (
        "dc98f9a5f46137f68920696ed29ee51405b26f7da1d5cdd0cee8e36ed64e8744",
        "5baa07397a08a885bb5080e7df9e1c5905f8ebeae40ee9c277f14cc2cce5aeb0",
    ),
    (
        "7f5fa977e6ccc026cbeec954a00574d79c83c6bafdc4a7274fa1c783a49c83a0",
        "d8508f23d6d120ce077bef38a99affc6602c364c6265543361a134c12d367191",
    ),
    (
        "393a147281b4b0ecffe7398468aa23325801322f5533bd5642b379a3af451e4f",
        "85d2121a8ac5c4fa15f989a47ecdeb9c0fc989e53b69ed41554e75d196b160fb",
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
