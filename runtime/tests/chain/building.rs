//! Building: whatever a pool offers, the block is valid, and what fits is in it.

use std::sync::Arc;

use execution::{BuildError, CheckedBody, CheckedTransaction, InvalidBlock, KernelReject};
use proptest::prelude::*;
use types::{Amount, Nonce, ValidatorIndex};

use crate::harness::{Chain, ONE};
use crate::probe::{ProbeCall, SystemCase, system_call};

#[test]
fn candidates_that_do_not_fit_are_left_out_and_the_rest_stays_in_order() {
    let chain = Chain::new();
    let heavy = |user| chain.transaction(user, 0, vec![ProbeCall::Heavy { weight: 1_900_000 }.to_call()]);
    let candidates = [
        heavy(0),
        heavy(1),
        heavy(2),
        chain.transfer(3, 0, 4, ONE),
        chain.transfer(4, 5, 3, ONE),
        chain.transfer(3, 1, 4, ONE),
    ];
    let built = chain.build(&candidates);
    let ids: Vec<_> = built.body.facts().iter().map(|facts| facts.id).collect();
    assert_eq!(ids, [0, 1, 3, 5].map(|place| candidates[place].id));
    assert_eq!(chain.validate(&built.header, &built.body), Ok(()));
}

// FAULTS HB1
#[test]
fn a_builder_names_what_its_parent_rules_out_and_not_what_found_no_room_or_follows_from_it() {
    let chain = Chain::new();
    let heavy = |user, nonce| chain.transaction(user, nonce, vec![ProbeCall::Heavy { weight: 1_900_000 }.to_call()]);
    let changed = |user, change: fn(&mut types::TransactionBody)| {
        let mut body = chain.body(user, Nonce(0), vec![ProbeCall::Heavy { weight: 1 }.to_call()]);
        change(&mut body);
        chain.signed(user, body).expect("good in form")
    };
    let candidates = [
        heavy(0, 0),
        heavy(1, 0),
        heavy(2, 0),
        heavy(2, 1),
        changed(3, |body| body.fee_max = Amount(1)),
        changed(4, |body| body.tip = Amount(u128::MAX >> 1)),
        changed(5, |body| body.valid_until = types::TimeMs(1)),
        chain.transfer(3, 1, 4, ONE),
    ];
    let calls = [
        system_call(1, SystemCase::Good, 0),
        system_call(1, SystemCase::Good, 0),
        system_call(2, SystemCase::NotAdmitted, 0),
    ];
    let mut request = chain.request(&candidates);
    request.system_calls = &calls;
    let built = chain.registry.build(&chain.state, chain.root, &request).expect("a seed is given");
    let named: Vec<_> = built.left_out.transactions.iter().map(|(id, reject)| (*id, *reject)).collect();
    let expected = [
        (candidates[4].id, KernelReject::FeeMaxTooLow.into()),
        (candidates[5].id, KernelReject::FeeUnpayable.into()),
        (candidates[6].id, KernelReject::Expired.into()),
    ];
    assert_eq!(named, expected);
    let hashes = [1, 2].map(|place| crypto::ids::system_call_hash(&calls[place]));
    assert_eq!(built.left_out.system_calls, hashes);
    assert_eq!(chain.validate(&built.header, &built.body), Ok(()));
}

#[test]
fn a_block_is_never_older_than_its_parent_whatever_the_clock_says() {
    let mut chain = Chain::new();
    chain.block(&[]);
    let parent = chain.next().tip.time;
    let mut request = chain.request(&[]);
    request.time = types::TimeMs(5);
    let built = chain.registry.build(&chain.state, chain.root, &request).expect("possible");
    assert_eq!(built.header.time, parent.next());
    assert_eq!(chain.validate(&built.header, &built.body), Ok(()));
}

#[test]
fn a_proposer_outside_the_set_or_without_a_due_seed_builds_nothing() {
    let mut chain = Chain::new();
    let mut request = chain.request(&[]);
    request.proposer = ValidatorIndex(4);
    assert_eq!(chain.registry.build(&chain.state, chain.root, &request), Err(BuildError::NotInSet));
    chain.step_ms = chain.genesis.parameters.timing.seed_interval_ms;
    let mut request = chain.request(&[]);
    request.seed = None;
    assert_eq!(chain.registry.build(&chain.state, chain.root, &request), Err(BuildError::SeedMissing));
    request.seed = Some(chain.seed(chain.view.next(), 1));
    assert_eq!(chain.registry.build(&chain.state, chain.root, &request), Err(BuildError::SeedMissing));
}

/// One offered transaction: sender, nonce, tip, fee limit, expiry and weight, good or bad.
type Offer = (usize, u64, u128, u128, u64, u64);

fn offers() -> impl Strategy<Value = Vec<Offer>> {
    let tip = prop_oneof![4 => Just(0), 2 => 1_u128..ONE, 1 => Just(900_000 * ONE), 1 => Just(u128::MAX)];
    let fee_max = prop_oneof![6 => Just(10 * ONE), 1 => Just(1_000), 1 => Just(0)];
    let lifetime = prop_oneof![6 => Just(60_000_u64), 1 => Just(0), 1 => Just(90_000_000)];
    let weight = prop_oneof![6 => 0_u64..5_000, 1 => 1_000_000_u64..3_000_000, 1 => Just(5_000_000)];
    prop::collection::vec((0_usize..4, 0_u64..6, tip, fee_max, lifetime, weight), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // FAULTS M6, M7: whatever the pool offers, a valid block comes of it.
    #[test]
    fn what_is_built_from_anything_is_valid(
        offers in offers(),
        cases in prop::collection::vec((0_u8..3, 0_usize..5, 0_usize..60), 0..6),
        step_ms in prop_oneof![Just(1_u64), Just(1_000), Just(10_000), Just(3_600_000)],
    ) {
        let mut chain = Chain::new();
        chain.step_ms = step_ms;
        let kinds = [SystemCase::Good, SystemCase::NotAdmitted, SystemCase::Expired, SystemCase::FailsLater, SystemCase::Heavy];
        let system_calls: Vec<_> = cases.into_iter().map(|(key, case, padding)| system_call(key, kinds[case], padding)).collect();
        for _ in 0..2 {
            let candidates: Vec<_> = offers.iter().map(|&(user, nonce, tip, fee_max, lifetime, weight)| {
                let call = ProbeCall::Heavy { weight }.to_call();
                let mut body = chain.body(user, Nonce(nonce), vec![call]);
                body.tip = Amount(tip);
                body.fee_max = Amount(fee_max);
                body.valid_until = chain.next().tip.time.saturating_add(lifetime);
                chain.signed(user, body).expect("good in form")
            }).collect();
            let mut request = chain.request(&candidates);
            request.system_calls = &system_calls;
            let built = chain.registry.build(&chain.state, chain.root, &request).expect("a seed is given");
            let checked = chain.registry.check_body(&built.header, Arc::clone(built.body.body()));
            prop_assert_eq!(checked.as_ref(), Ok(&built.body));
            chain.apply(&built.header, &built.body);
        }
    }
}

#[test]
fn a_body_joined_of_checked_transactions_is_the_one_that_is_checked_as_a_whole() {
    let chain = Chain::new();
    let transactions: Vec<_> = (0..3).map(|user| chain.transfer(user, 0, 7, 5)).collect();
    let built = chain.build(&transactions);
    let joined = |transactions: &[CheckedTransaction]| {
        let transactions: Vec<_> = transactions.iter().cloned().map(Arc::new).collect();
        CheckedBody::from_checked(&built.header, built.body.body().system_calls.clone(), &transactions)
    };
    let whole = chain.registry.check_body(&built.header, Arc::clone(built.body.body())).expect("it is the header's");
    assert_eq!(joined(&transactions), Ok(whole));
    assert_eq!(joined(&transactions[1..]), Err(InvalidBlock::OtherBody));
}
