//! Validity of a block: every single breach makes it invalid, and nothing is executed to find it.

use std::sync::Arc;

use execution::{InvalidBlock, KernelReject};
use types::{Amount, Body, Epoch, Hash32, Header, Height, ProtocolVersion, TimeMs, ValidatorIndex};

use crate::harness::{Chain, ONE};
use crate::probe::ProbeCall;

/// A way to spoil a header, and what a voter says about it.
type Breach = (&'static str, fn(&mut Header), InvalidBlock);

#[test]
fn every_single_breach_of_the_header_makes_a_block_invalid() {
    let mut chain = Chain::new();
    chain.block(&[chain.transfer(0, 0, 1, ONE)]);
    let built = chain.build(&[chain.transfer(0, 1, 1, ONE)]);
    assert_eq!(chain.validate(&built.header, &built.body), Ok(()));
    let parent = chain.header.time;
    let breaches: [Breach; 15] = [
        ("version", |header| header.version = ProtocolVersion(2), InvalidBlock::Version),
        ("chain", |header| header.chain_id.0.0[0] ^= 1, InvalidBlock::Chain),
        (
            "height below",
            |header| header.height = Height(1),
            InvalidBlock::Height { found: Height(1), expected: Height(2) },
        ),
        (
            "height above",
            |header| header.height = Height(3),
            InvalidBlock::Height { found: Height(3), expected: Height(2) },
        ),
        ("parent", |header| header.parent.0[0] ^= 1, InvalidBlock::Parent),
        ("epoch", |header| header.epoch = Epoch(1), InvalidBlock::Epoch),
        ("price up", |header| header.price += 1, InvalidBlock::Price),
        ("price down", |header| header.price -= 1, InvalidBlock::Price),
        ("state root", |header| header.state_root.0[31] ^= 1, InvalidBlock::StateRoot),
        ("receipts root", |header| header.receipts_root.0[31] ^= 1, InvalidBlock::ReceiptsRoot),
        ("validators", |header| header.validators_hash.0[0] ^= 1, InvalidBlock::Validators),
        (
            "next set too early",
            |header| header.next_validators_hash = Some(header.validators_hash),
            InvalidBlock::NextValidators,
        ),
        ("proposer", |header| header.proposer = ValidatorIndex(4), InvalidBlock::Proposer),
        ("body root", |header| header.body_root = Hash32::ZERO, InvalidBlock::OtherBody),
        ("time zero", |header| header.time = TimeMs(0), InvalidBlock::Time { found: TimeMs(0), parent }),
    ];
    for (name, spoil, expected) in breaches {
        let mut header = built.header.clone();
        spoil(&mut header);
        assert_eq!(chain.validate(&header, &built.body), Err(expected), "{name}");
    }
    let mut header = built.header.clone();
    header.time = parent;
    assert_eq!(chain.validate(&header, &built.body), Err(InvalidBlock::Time { found: parent, parent }));
    header.time = parent.next();
    assert_eq!(chain.validate(&header, &built.body), Ok(()), "one millisecond after the parent is enough");
}

#[test]
fn a_last_block_must_name_the_next_set_and_no_other() {
    let mut chain = Chain::new();
    chain.step_ms = chain.genesis.parameters.timing.epoch_length_ms;
    let built = chain.build(&[]);
    assert_eq!(built.header.next_validators_hash, Some(built.header.validators_hash));
    for wrong in [None, Some(Hash32::ZERO)] {
        let mut header = built.header.clone();
        header.next_validators_hash = wrong;
        assert_eq!(chain.validate(&header, &built.body), Err(InvalidBlock::NextValidators));
    }
}

#[test]
fn a_block_on_another_state_is_refused_by_its_root() {
    let chain = Chain::new();
    let built = chain.build(&[]);
    let other = chain.registry.validate(&chain.state, Hash32::ZERO, &built.header, &built.body);
    assert_eq!(other, Err(InvalidBlock::StateRoot));
}

#[test]
fn a_body_that_is_not_the_headers_says_nothing_about_the_block() {
    let chain = Chain::new();
    let built = chain.build(&[chain.transfer(0, 0, 1, ONE)]);
    let other = chain.registry.check_body(&built.header, Arc::new(Body::default()));
    assert_eq!(other, Err(InvalidBlock::OtherBody));
    let same = chain.registry.check_body(&built.header, Arc::clone(built.body.body()));
    assert_eq!(same.as_ref(), Ok(&built.body), "a voter computes what the proposer knew");
}

#[test]
fn a_body_with_a_swapped_witness_is_another_body() {
    let chain = Chain::new();
    let built = chain.build(&[chain.transfer(0, 0, 1, ONE)]);
    let mut transactions = built.body.body().transactions.to_vec();
    transactions[0].witness = chain.transfer(0, 0, 2, ONE).transaction.witness.clone();
    let swapped = Body { transactions: types::List::new(transactions).expect("few"), ..Body::default() };
    assert_eq!(chain.registry.check_body(&built.header, Arc::new(swapped)), Err(InvalidBlock::OtherBody));
}

#[test]
fn transactions_of_a_sender_run_on_without_gap_within_a_block() {
    let chain = Chain::new();
    let [zero, one, two] = [0, 1, 2].map(|nonce| chain.transfer(0, nonce, 1, ONE).transaction.as_ref().clone());
    let refused = |index, reject: KernelReject| Err(InvalidBlock::Transaction { index, reject: reject.into() });
    assert_eq!(chain.judge(vec![], vec![zero.clone(), one.clone(), two.clone()]), Ok(()));
    assert_eq!(chain.judge(vec![], vec![zero.clone(), two.clone()]), refused(1, KernelReject::NonceGap));
    assert_eq!(chain.judge(vec![], vec![one.clone(), zero.clone()]), refused(0, KernelReject::NonceGap));
    assert_eq!(chain.judge(vec![], vec![zero.clone(), zero.clone()]), refused(1, KernelReject::NonceUsed));
    let other = chain.transfer(0, 0, 2, 5).transaction.as_ref().clone();
    assert_eq!(chain.judge(vec![], vec![zero, other]), refused(1, KernelReject::NonceUsed), "exactly one of a nonce");
}

#[test]
fn fees_and_tips_of_a_block_must_be_covered_by_what_the_sender_had_before_it() {
    let mut chain = Chain::new();
    let rest = ONE;
    chain.block(&[chain.transfer(0, 0, 1, chain.thr(&chain.users[0].address).0 - rest)]);
    // The fee of that block is gone as well; what is left pays for some transactions but not for all.
    let left = chain.thr(&chain.users[0].address).0;
    let tip = left / 3;
    let tipped = |nonce| {
        let mut body =
            chain.body(0, types::Nonce(nonce), chain.transfer(0, nonce, 1, 1).transaction.body.calls.to_vec());
        body.tip = Amount(tip);
        chain.signed(0, body).expect("good in form").transaction.as_ref().clone()
    };
    assert_eq!(chain.judge(vec![], vec![tipped(1), tipped(2)]), Ok(()));
    let unpayable = InvalidBlock::Transaction { index: 2, reject: KernelReject::FeeUnpayable.into() };
    assert_eq!(chain.judge(vec![], vec![tipped(1), tipped(2), tipped(3)]), Err(unpayable));
    // Money that arrives in the same block does not count yet.
    let gift = chain.transfer(1, 0, 0, 1_000 * ONE).transaction.as_ref().clone();
    let unpayable = InvalidBlock::Transaction { index: 3, reject: KernelReject::FeeUnpayable.into() };
    assert_eq!(chain.judge(vec![], vec![gift, tipped(1), tipped(2), tipped(3)]), Err(unpayable));
}

// FAULTS M7: limits in cost, not in bytes alone.
#[test]
fn a_block_may_not_weigh_more_than_the_chain_allows() {
    let chain = Chain::new();
    let heavy = |user| {
        let call = ProbeCall::Heavy { weight: 1_500_000 }.to_call();
        chain.transaction(user, 0, vec![call]).transaction.as_ref().clone()
    };
    assert_eq!(chain.judge(vec![], vec![heavy(0), heavy(1)]), Ok(()));
    assert_eq!(chain.judge(vec![], vec![heavy(0), heavy(1), heavy(2)]), Err(InvalidBlock::TooHeavy));
}

#[test]
fn a_body_may_not_be_longer_than_the_chain_allows() {
    let mut genesis = crate::harness::genesis();
    genesis.parameters.limits.body_bytes_max = 700;
    let chain = Chain::of(genesis);
    let transfer = |user| chain.transfer(user, 0, 7, ONE).transaction.as_ref().clone();
    let length = chain.transfer(0, 0, 7, ONE).length;
    assert!(2 * length + 8 <= 700 && 3 * length + 8 > 700, "{length}");
    assert_eq!(chain.judge(vec![], vec![transfer(0), transfer(1)]), Ok(()));
    assert_eq!(chain.judge(vec![], vec![transfer(0), transfer(1), transfer(2)]), Err(InvalidBlock::BodyTooLong));
}
