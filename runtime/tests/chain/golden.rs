//! Frozen bytes: a short chain with fixed keys has these roots. A change here is a change of the chain's rules.

use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall};
use types::{Amount, Asset, AssetId, ByteString, List, THR};

use crate::harness::{Chain, ONE};
use crate::probe::ProbeCall;
use crate::system_calls::attendance;

/// State root after the genesis, then state and receipts root after each block.
const GENESIS_ROOT: &str = "34e0709eb40587e225ef396fa977055a65d2181c4e31be60a895db8448cbce95";
const ROOTS: [(&str, &str); 4] = [
    (
        "da7660adaf4d00bd0eb69f395c0165ae86c76f24d292dce7b5f3a2fa39b7765d",
        "b2844a4e7a9c4972154094145e26e805a4bba9ada4ab122421fc2b963c2d3e51",
    ),
    (
        "71dda893ddc5574363cb37b11cf2a22a9d2ed50d423d8e393fb687f56c758387",
        "d6cf8c658a092b427c80502948a755181884ce6b85f300c54cbb3f8fceb0fd61",
    ),
    (
        "7f731af3e4003eb9903d56ed5aa55758a29274dae6b88b1cf18d83fe689a3a1f",
        "dfc7da270c56ecc1ac19cbca1568aff0e5a61e0c0d65489af82e433fa1d1e7ea",
    ),
    (
        "e064d1efe4cb634682657805bb7d32e15fb607c18d7991653b9d2250bcfff8e6",
        "b494eaf55281cceee88b5804d654824bc28301c33960d756ffe41873a2ab4034",
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
