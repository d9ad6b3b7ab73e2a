//! Nonces, times and chains: what was signed once is executed at most once, on its chain, in its time.

use std::sync::Arc;

use execution::{InvalidBlock, KernelReject, Reject};
use types::{Amount, Canonical, Nonce, TimeMs, Transaction};

use crate::harness::{Chain, ONE, genesis};

fn refused(reject: KernelReject) -> Result<(), InvalidBlock> {
    Err(InvalidBlock::Transaction { index: 0, reject: reject.into() })
}

// FAULTS M2
#[test]
fn a_transaction_of_another_chain_is_refused() {
    let here = Chain::new();
    let mut other = genesis();
    other.time = TimeMs(other.time.0 + 1);
    let there = Chain::of(other);
    let transaction = here.transfer(0, 0, 1, ONE).transaction;
    let checked = there.registry.check(there.chain_id, transaction).expect("its form is right everywhere");
    assert_eq!(there.registry.check_signatures(&checked), Err(KernelReject::WrongSignature.into()));
}

// FAULTS M2
#[test]
fn a_transaction_cannot_be_executed_a_second_time() {
    let mut chain = Chain::new();
    let transfer = chain.transfer(0, 0, 1, ONE);
    chain.block(std::slice::from_ref(&transfer));
    assert_eq!(chain.judge(vec![], vec![transfer.transaction.as_ref().clone()]), refused(KernelReject::NonceUsed));
    // Not even after the account was emptied and its record could have been forgotten.
    let mut body = chain.body(0, Nonce(1), transfer.transaction.body.calls.to_vec());
    body.fee_max = Amount::MAX;
    let fee = chain
        .registry
        .simulate(&chain.state, chain.time(), &chain.signed(0, body.clone()).expect("good"))
        .expect("fits")
        .fee;
    body.tip = Amount(chain.thr(&chain.users[0].address).0 - fee.0);
    let emptying = chain.signed(0, body).expect("good");
    let outcome = chain.block(&[emptying]);
    assert!(!outcome.receipts[1].is_ok(), "nothing was left to transfer");
    assert_eq!(chain.thr(&chain.users[0].address), Amount::ZERO);
    assert_eq!(chain.nonce(0), Nonce(2));
    assert_eq!(chain.judge(vec![], vec![transfer.transaction.as_ref().clone()]), refused(KernelReject::NonceUsed));
}

// FAULTS M3
#[test]
fn a_nonce_above_the_accounts_waits_and_the_largest_one_never_wraps() {
    let chain = Chain::new();
    for nonce in [1, 2, 100_000, u64::MAX - 1, u64::MAX] {
        let transfer = chain.transfer(0, nonce, 1, ONE);
        assert_eq!(chain.judge(vec![], vec![transfer.transaction.as_ref().clone()]), refused(KernelReject::NonceGap));
        let simulated = chain.registry.simulate(&chain.state, chain.time(), &transfer);
        assert_eq!(simulated, Err(Reject::from(KernelReject::NonceGap)));
    }
}

// FAULTS M3
#[test]
fn of_many_transactions_with_one_nonce_exactly_one_is_built_in() {
    let mut chain = Chain::new();
    let rivals: Vec<_> = (1..50).map(|amount| chain.transfer(0, 0, 1, amount)).collect();
    let built = chain.build(&rivals);
    assert_eq!(built.body.facts().len(), 1);
    assert_eq!(built.body.facts()[0].id, rivals[0].id);
    chain.apply(&built.header, &built.body);
    assert_eq!(chain.build(&rivals).body.facts().len(), 0);
}

#[test]
fn a_transaction_is_valid_up_to_its_time_and_not_for_longer_than_allowed() {
    let chain = Chain::new();
    let until = |time: TimeMs| {
        let mut body = chain.body(0, Nonce(0), chain.transfer(0, 0, 1, 1).transaction.body.calls.to_vec());
        body.valid_until = time;
        vec![chain.signed(0, body).expect("good in form").transaction.as_ref().clone()]
    };
    let now = chain.time();
    let longest = TimeMs(now.0 + chain.genesis.parameters.timing.validity_max_ms);
    assert_eq!(chain.judge(vec![], until(now)), Ok(()));
    assert_eq!(chain.judge(vec![], until(TimeMs(now.0 - 1))), refused(KernelReject::Expired));
    assert_eq!(chain.judge(vec![], until(longest)), Ok(()));
    assert_eq!(chain.judge(vec![], until(TimeMs(longest.0 + 1))), refused(KernelReject::ValidTooLong));
    assert_eq!(chain.judge(vec![], until(TimeMs::MAX)), refused(KernelReject::ValidTooLong));
}

// FAULTS M5
#[test]
fn a_transaction_has_one_byte_form_and_its_calls_too() {
    let chain = Chain::new();
    let transfer = chain.transfer(0, 0, 1, ONE).transaction;
    let bytes = transfer.to_canonical();
    assert_eq!(Transaction::from_canonical(&bytes).as_ref(), Ok(transfer.as_ref()));
    for wrong in [&bytes[..bytes.len() - 1], &[bytes.as_slice(), &[0]].concat()] {
        assert!(Transaction::from_canonical(wrong).is_err());
    }
    let mut call = transfer.body.calls[0].clone();
    call.body = types::ByteString::new([&call.body, [0].as_slice()].concat()).expect("short");
    let trailing = chain.signed(0, chain.body(0, Nonce(0), vec![call]));
    assert_eq!(trailing, Err(KernelReject::MalformedCall.into()), "a call with trailing bytes");
}

// FAULTS M4
#[test]
fn a_flipped_bit_anywhere_is_refused_or_breaks_the_signature() {
    let chain = Chain::new();
    let bytes = chain.transfer(0, 0, 1, ONE).transaction.to_canonical();
    for place in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[place / 8] ^= 1 << (place % 8);
        let Ok(transaction) = Transaction::from_canonical(&flipped) else { continue };
        let checked = chain.registry.check(chain.chain_id, Arc::new(transaction));
        let accepted = checked.and_then(|checked| chain.registry.check_signatures(&checked));
        assert!(accepted.is_err(), "bit {place} changes nothing that is signed");
    }
}
