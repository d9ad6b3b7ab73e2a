//! Fees on the chain: who gets what, and how the price follows the load.

use execution::{KernelEvent, fee};
use tokens::TokensCall;
use types::{Amount, Nonce, THR, Weight};

use crate::harness::{Chain, ECOSYSTEM, FUNDS, ONE};
use crate::probe::ProbeCall;

#[test]
fn the_cheapest_transfer_costs_at_least_a_thousandth_of_a_thr_at_the_floor() {
    let mut chain = Chain::new();
    assert_eq!(chain.next().price, 1 << fee::PRICE_FRACTION_BITS, "the floor is one µTHR per weight");
    let cheapest = chain.transfer(0, 0, 1, 1);
    assert!(cheapest.weight >= Weight(1_000));
    let outcome = chain.block(&[cheapest]);
    assert!(outcome.receipts[1].fee >= Amount(1_000));
    assert!(outcome.receipts[1].fee < Amount(2_000), "and not much more");
}

// FAULTS E6
#[test]
fn half_of_every_fee_is_burned_with_the_odd_unit_and_half_goes_to_the_ecosystem() {
    let mut chain = Chain::new();
    let proposer = chain.next().info(chain.time(), chain.request(&[]).proposer).expect("in the set").proposer_account;
    // Two transactions with odd fees: each is rounded by itself.
    let transactions: Vec<_> = [(0, 3_u64), (1, 5)]
        .map(|(user, weight)| {
            let length = u64::from(chain.transaction(user, 0, vec![ProbeCall::Heavy { weight }.to_call()]).length);
            let weight = weight + (length + weight + 1) % 2;
            let mut body = chain.body(user, Nonce(0), vec![ProbeCall::Heavy { weight }.to_call()]);
            body.tip = Amount(11);
            chain.signed(user, body).expect("good")
        })
        .to_vec();
    let outcome = chain.block(&transactions);
    let fees: Vec<u128> = outcome.receipts[1..].iter().map(|receipt| receipt.fee.0).collect();
    assert!(fees.iter().all(|fee| fee % 2 == 1), "{fees:?}");
    let ecosystem: u128 = fees.iter().map(|fee| fee / 2).sum();
    let burned: u128 = fees.iter().map(|fee| fee / 2 + 1).sum();
    assert_eq!(chain.thr(&ECOSYSTEM), Amount(ecosystem));
    assert_eq!(chain.thr(&proposer), Amount(22));
    assert_eq!(chain.registry.supply(&chain.state, THR).expect("THR").burned, Amount(burned));
    let event = &outcome.receipts[0].events[0];
    let expected = KernelEvent::FeesShared { burned: Amount(burned), ecosystem: Amount(ecosystem), tips: Amount(22) };
    assert_eq!(borsh::from_slice::<KernelEvent>(&event.body).expect("an event"), expected);
}

// FAULTS E6
#[test]
fn the_ecosystem_and_the_proposer_may_pay_and_be_paid_in_one_block() {
    let mut genesis = crate::harness::genesis();
    let user = crate::harness::User::new(0).address;
    genesis.parameters.fees.ecosystem = user;
    let validators =
        genesis.validators.iter().map(|validator| types::GenesisValidator { account: user, ..validator.clone() });
    genesis.validators = types::List::new(validators.collect()).expect("four");
    let mut chain = Chain::of(genesis);
    let mut body = chain.body(0, Nonce(0), vec![TokensCall::transfer(THR, user, Amount(ONE)).to_call()]);
    body.tip = Amount(999);
    let transaction = chain.signed(0, body).expect("good");
    let outcome = chain.block(&[transaction]);
    assert_eq!(outcome.receipts[1].code, 0);
    let burned = outcome.receipts[1].fee.0.div_ceil(2);
    assert_eq!(chain.thr(&user), Amount(FUNDS.0 - burned), "all but the burned half came back");
}

#[test]
fn the_price_rises_with_full_blocks_falls_with_time_and_is_the_one_in_the_header() {
    let mut chain = Chain::new();
    let floor = chain.next().price;
    let heavy = |chain: &Chain| {
        let calls = vec![ProbeCall::Heavy { weight: 3_999_000 }.to_call()];
        vec![chain.transaction(0, chain.nonce(0).0, calls)]
    };
    let mut before = floor;
    for _ in 0..5 {
        let transactions = heavy(&chain);
        chain.block(&transactions);
        assert!(chain.next().price > before);
        before = chain.next().price;
    }
    let transactions = heavy(&chain);
    let outcome = chain.block(&transactions);
    assert_eq!(chain.header.price, before, "the price of a block is known before it");
    let weight = transactions[0].weight;
    assert_eq!(outcome.receipts[1].fee, fee::fee(before, weight));
    assert!(outcome.receipts[1].fee.0 > u128::from(weight.0), "above the floor");
    for _ in 0..7 {
        chain.block(&[]);
    }
    assert_eq!(chain.next().price, floor);
}
