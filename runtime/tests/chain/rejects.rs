//! Rejects: every code of the kernel and of tokens can be met, and what was rejected leaves nothing but its fee and nonce.

use std::collections::BTreeSet;

use execution::{InvalidBlock, KernelReject, Reject};
use tokens::{BatchTransfer, Burn, Create, Mint, Payment, TokensCall, TokensReject};
use types::{Amount, Asset, AssetId, ByteString, Call, List, Nonce, THR, VIBE};

use crate::harness::{Chain, FUNDS, ONE};
use crate::probe::{ProbeCall, ProbeReject};

fn asset(symbol: &[u8], cap: u128, minter: Option<types::Address>) -> Asset {
    Asset { symbol: ByteString::new(symbol.to_vec()).expect("short"), decimals: 2, minter, cap: Amount(cap) }
}

fn create(asset: Asset, initial: u128) -> Call {
    TokensCall::Create(Create { asset, initial: Amount(initial) }).to_call()
}

// FAULTS M7
#[test]
fn a_rejected_transaction_leaves_nothing_but_its_fee_and_its_nonce() {
    let mut chain = Chain::new();
    let [alice, bob] = [0, 1].map(|user: usize| chain.users[user].address);
    let write = ProbeCall::Write { key: 7, value: 7 }.to_call();
    let pay = TokensCall::transfer(THR, bob, Amount(ONE)).to_call();
    let wake = ProbeCall::Wake { time: chain.time(), key: ByteString::new(b"w".to_vec()).expect("short") }.to_call();
    let transaction = chain.transaction(0, 0, vec![write, pay, wake, ProbeCall::Fail.to_call()]);
    let outcome = chain.block(&[transaction]);
    let receipt = &outcome.receipts[1];
    assert_eq!((receipt.code, receipt.call), (ProbeReject::Failed.code(), 3));
    assert!(receipt.events.is_empty());
    assert_eq!(chain.thr(&alice), Amount(FUNDS.0 - receipt.fee.0));
    assert_eq!(chain.thr(&bob), FUNDS);
    assert_eq!(chain.nonce(0), Nonce(1));
    assert!(outcome.changes.keys().all(|key| !key.starts_with(&[0, 2])), "the probe's write is gone");
    assert_eq!(chain.block(&[]).receipts[0].events.len(), 0, "and so is its wake");
    let touched: Vec<_> = outcome.accounts_touched.iter().filter(|touch| touch.receipt == 1).collect();
    assert_eq!(touched.len(), 1, "the recipient has nothing to do with it");
}

#[test]
fn calls_are_judged_without_state_first() {
    let chain = Chain::new();
    let bob = chain.users[1].address;
    let batch = |payments: Vec<u128>| {
        let payments = payments.into_iter().map(|amount| Payment { to: bob, amount: Amount(amount) }).collect();
        TokensCall::BatchTransfer(BatchTransfer { asset: THR, payments: List::new(payments).expect("few") }).to_call()
    };
    let mut fine = asset(b"GOLD", 10, Some(bob));
    fine.decimals = 19;
    for (call, expected) in [
        (TokensCall::transfer(THR, bob, Amount::ZERO).to_call(), TokensReject::ZeroAmount),
        (TokensCall::Mint(Mint { asset: THR, to: bob, amount: Amount::ZERO }).to_call(), TokensReject::ZeroAmount),
        (TokensCall::Burn(Burn { asset: THR, amount: Amount::ZERO }).to_call(), TokensReject::ZeroAmount),
        (batch(vec![]), TokensReject::EmptyBatch),
        (batch(vec![1, 0]), TokensReject::ZeroAmount),
        (create(asset(b"", 1, Some(bob)), 0), TokensReject::MalformedSymbol),
        (create(asset(b"gold", 1, Some(bob)), 0), TokensReject::MalformedSymbol),
        (create(asset(b"1ST", 1, Some(bob)), 0), TokensReject::MalformedSymbol),
        (create(asset(b"G LD", 1, Some(bob)), 0), TokensReject::MalformedSymbol),
        (create(fine, 0), TokensReject::TooManyDecimals),
        (create(asset(b"GOLD", 0, Some(bob)), 0), TokensReject::ZeroCap),
        (create(asset(b"GOLD", 10, None), 11), TokensReject::InitialAboveCap),
        (create(asset(b"GOLD", 10, None), 0), TokensReject::NothingIssuable),
    ] {
        assert_eq!(chain.signed(0, chain.body(0, Nonce(0), vec![call])), Err(expected.into()), "{expected:?}");
    }
}

#[test]
fn calls_are_judged_by_the_state_when_they_are_executed() {
    let mut genesis = crate::harness::genesis();
    genesis.parameters.thr_cap = Amount(8 * FUNDS.0 + ONE);
    let mut chain = Chain::of(genesis);
    let [alice, bob] = [0, 1].map(|user: usize| chain.users[user].address);
    let gold = AssetId::FIRST_CUSTOM;
    assert_eq!(chain.run(0, vec![create(asset(b"GOLD", 10, Some(alice)), 4)]), 0);
    let mint = |asset, amount| TokensCall::Mint(Mint { asset, to: bob, amount: Amount(amount) }).to_call();
    let emit = |count, length| ProbeCall::Emit { count, length }.to_call();
    let cases: Vec<(usize, Call, u32)> = vec![
        (0, TokensCall::transfer(THR, bob, Amount::MAX).to_call(), KernelReject::InsufficientBalance.code()),
        (0, TokensCall::transfer(VIBE, bob, Amount(1)).to_call(), KernelReject::InsufficientBalance.code()),
        (0, TokensCall::transfer(AssetId(77), bob, Amount(1)).to_call(), KernelReject::InsufficientBalance.code()),
        (0, mint(gold, 7), KernelReject::CapExceeded.code()),
        (0, mint(gold, u128::MAX), KernelReject::CapExceeded.code()),
        (0, mint(gold, 6), 0),
        (1, mint(gold, 1), TokensReject::NotMinter.code()),
        (0, mint(THR, 1), TokensReject::NotMinter.code()),
        (0, mint(AssetId(77), 1), TokensReject::UnknownAsset.code()),
        (
            0,
            ProbeCall::Mint { asset: AssetId(77), to: bob, amount: Amount(1) }.to_call(),
            KernelReject::UnknownAsset.code(),
        ),
        (
            0,
            ProbeCall::Mint { asset: THR, to: bob, amount: Amount(ONE + 1) }.to_call(),
            KernelReject::CapExceeded.code(),
        ),
        (0, ProbeCall::Open { asset: gold, cap: Amount(1) }.to_call(), KernelReject::AssetExists.code()),
        (
            0,
            ProbeCall::Release { asset: gold, pot: 1, to: bob, amount: Amount(1) }.to_call(),
            KernelReject::InsufficientEscrow.code(),
        ),
        (0, emit(4_096, 1), 0),
        (0, emit(4_097, 1), KernelReject::TooManyEvents.code()),
        (0, emit(1, 4_092), 0),
        (0, emit(1, 4_093), KernelReject::EventTooLong.code()),
    ];
    for (user, call, expected) in cases {
        assert_eq!(chain.run(user, vec![call.clone()]), expected, "{call:?}");
    }
}

#[test]
fn an_asset_costs_its_creation_fee() {
    let mut chain = Chain::new();
    let fee = execution::section::<tokens::Tokens>(&chain.genesis).expect("it has one").asset_creation_fee.0;
    let left = chain.thr(&chain.users[0].address).0 - fee;
    let bob = chain.users[1].address;
    assert_eq!(chain.run(0, vec![TokensCall::transfer(THR, bob, Amount(left)).to_call()]), 0);
    let call = create(asset(b"GOLD", 10, None), 10);
    assert_eq!(chain.run(0, vec![call.clone()]), TokensReject::CreationFeeUnpayable.code());
    let burned = |chain: &Chain| chain.registry.supply(&chain.state, THR).expect("THR").burned.0;
    let before = burned(&chain);
    let transaction = chain.transaction(1, 0, vec![call]);
    let outcome = chain.block(&[transaction]);
    assert_eq!(outcome.receipts[1].code, 0);
    assert_eq!(burned(&chain) - before, fee + outcome.receipts[1].fee.0.div_ceil(2));
}

#[test]
fn fees_and_weight_are_judged_before_a_block_takes_a_transaction() {
    let chain = Chain::new();
    let refused = |reject: KernelReject| Err(InvalidBlock::Transaction { index: 0, reject: reject.into() });
    let base = chain.body(0, Nonce(0), chain.transfer(0, 0, 1, 1).transaction.body.calls.to_vec());
    let judged = |change: &dyn Fn(&mut types::TransactionBody)| {
        let mut body = base.clone();
        change(&mut body);
        let transaction = chain.signed(0, body).expect("good in form");
        let simulated = chain.registry.simulate(&chain.state, chain.time(), &transaction).map(|receipt| receipt.fee);
        (chain.judge(vec![], vec![transaction.transaction.as_ref().clone()]), simulated)
    };
    let (verdict, fee) = judged(&|_| {});
    let fee = fee.expect("good");
    assert_eq!(verdict, Ok(()));
    assert_eq!(judged(&|body| body.fee_max = fee).0, Ok(()));
    let below = judged(&|body| body.fee_max = Amount(fee.0 - 1));
    assert_eq!(below, (refused(KernelReject::FeeMaxTooLow), Err(KernelReject::FeeMaxTooLow.into())));
    assert_eq!(judged(&|body| body.tip = Amount(FUNDS.0 - fee.0)).0, Ok(()));
    for tip in [Amount(FUNDS.0 - fee.0 + 1), Amount::MAX] {
        let above = judged(&|body| body.tip = tip);
        assert_eq!(above, (refused(KernelReject::FeeUnpayable), Err(KernelReject::FeeUnpayable.into())));
    }
    let heavy =
        |weight| chain.transaction(0, 0, vec![ProbeCall::Heavy { weight }.to_call()]).transaction.as_ref().clone();
    assert_eq!(chain.judge(vec![], vec![heavy(4_000_001)]), refused(KernelReject::TooHeavy));
    let body = chain.body(0, Nonce(0), vec![ProbeCall::Heavy { weight: u64::MAX }.to_call(); 2]);
    assert_eq!(chain.signed(0, body), Err(Reject::from(KernelReject::TooHeavy)), "the sum does not wrap");
}

/// The list of rejects and this suite are kept together: a new reject needs a test that names it.
#[test]
fn every_reject_is_met_by_a_test_or_guards_what_other_checks_exclude() {
    let sources = [
        include_str!("rejects.rs"),
        include_str!("replay.rs"),
        include_str!("witnesses.rs"),
        include_str!("system_calls.rs"),
        include_str!("validity.rs"),
        include_str!("seams.rs"),
        include_str!("versions.rs"),
    ];
    // No account can hold more than an asset's cap; 2^64 assets cannot be created; a module without system calls has a share of
    // zero, so it is never asked to admit one.
    let guards = BTreeSet::from(
        ["KernelReject::AmountOverflow", "TokensReject::AssetsExhausted", "KernelReject::NoSystemCalls"]
            .map(str::to_owned),
    );
    let kernel = KernelReject::ALL.iter().map(|reject| ("KernelReject", reject));
    for (list, reject) in kernel.chain(TokensReject::ALL.iter().map(|reject| ("TokensReject", reject))) {
        let words = reject.name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        let named = format!("{list}::{}", words.collect::<String>());
        let met = sources.iter().any(|source| source.contains(&named));
        assert!(met || guards.contains(&named), "no test meets {named}");
    }
}
