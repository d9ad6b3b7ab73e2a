//! Fair pay against a model that knows the window as a list and divides every reward by going through it.

use std::collections::{BTreeMap, VecDeque};

use mining::{MiningEvent, PAID_UNASKED_BELOW, Split, scheduled};
use proptest::prelude::*;
use types::{Address, Amount, SystemCall};

use super::{Want, ask, block_of, chain_with, events, proof};
use crate::harness::Chain;

/// Pays by the book: exact fractions, rounded down once per share and reward, far finer than a µTHR.
#[derive(Default)]
struct Model {
    window: VecDeque<(Address, u128)>,
    /// In units of 2^-64 µTHR.
    owed: BTreeMap<Address, u128>,
    divided: u128,
    /// What came to accounts, in µTHR: payouts and finders' parts.
    accounts: BTreeMap<Address, u128>,
    /// What was paid out, in µTHR.
    paid: u128,
}

impl Model {
    fn enter(&mut self, payee: Address, weight: u128, weight_max: u128) {
        self.window.push_back((payee, weight));
        for _ in 0..4 {
            let rest: u128 = self.window.iter().skip(1).map(|(_, weight)| weight).sum();
            if rest < weight_max {
                break;
            }
            self.window.pop_front();
        }
    }

    /// A payout with a share: of all that is owed, to who has next to nothing, and to nobody else.
    fn pay(&mut self, payee: Address, amount: Option<Amount>) {
        let (owed, has) = (self.owed.entry(payee).or_default(), self.accounts.entry(payee).or_default());
        let whole = *owed >> 64;
        let Some(Amount(amount)) = amount else {
            assert!(whole <= 1 || *has >= PAID_UNASKED_BELOW.0, "{payee:?} has {has} and is owed {whole}");
            return;
        };
        assert!(*has < PAID_UNASKED_BELOW.0, "{payee:?} has {has} and is paid {amount}");
        assert!(amount.abs_diff(whole) <= 1, "{payee:?} is paid {amount} and owed {whole}");
        *owed = owed.saturating_sub(amount << 64);
        *has += amount;
        self.paid += amount;
    }

    fn divide(&mut self, reward: Amount) {
        let total: u128 = self.window.iter().map(|(_, weight)| weight).sum();
        for (payee, weight) in &self.window {
            *self.owed.entry(*payee).or_default() += (reward.0 << 64) * weight / total;
        }
        self.divided += reward.0;
    }
}

fn payee(number: u8) -> Address {
    Address([number + 1; 20])
}

fn claimable(chain: &Chain, payee: Address) -> u128 {
    let told = ask(chain, "account", &[("address", &payee.to_legacy_text())]);
    told["claimable"].as_str().and_then(|text| text.parse().ok()).expect("an amount")
}

/// Follows what the block reported, and compares every account.
fn follow(model: &mut Model, chain: &Chain, outcome: &execution::BlockOutcome, share_weight_now: u128) {
    let mining = execution::section::<mining::Mining>(&chain.genesis).expect("it has one");
    let weight_max = share_weight_now * u128::from(mining.share_factor) * u128::from(mining.window_works);
    let mut reported = events(outcome).into_iter().peekable();
    while let Some(event) = reported.next() {
        match event {
            MiningEvent::ShareAccepted { payee, weight, .. } => {
                model.enter(payee, weight, weight_max);
                let paid =
                    reported.next_if(|event| matches!(event, MiningEvent::Claimed { payee: to, .. } if *to == payee));
                let paid = paid
                    .map(|event| if let MiningEvent::Claimed { amount, .. } = event { amount } else { Amount::ZERO });
                model.pay(payee, paid);
            }
            MiningEvent::WorkAccepted { work_height, split, finder, .. } => {
                assert_eq!(split, Split::of(scheduled(&mining, work_height)));
                *model.accounts.entry(finder).or_default() += split.finder.0;
                model.divide(split.window);
            }
            MiningEvent::Claimed { payee, .. } => panic!("{payee:?} is paid without a share"),
        }
    }
    let shares = ask(chain, "window", &[("limit", "1024")]);
    let told: Vec<u128> = shares.as_array().expect("a list").iter().map(weight_of).collect();
    let known: Vec<u128> = model.window.iter().map(|(_, weight)| *weight).collect();
    assert_eq!(told, known, "the same window");
    for (payee, owed) in &model.owed {
        let (paid, expected) = (claimable(chain, *payee), owed >> 64);
        assert!(paid.abs_diff(expected) <= 1, "{payee:?}: {paid} by the chain, {expected} by the book");
    }
}

fn weight_of(share: &serde_json::Value) -> u128 {
    share["weight"].as_str().and_then(|text| text.parse().ok()).expect("a weight")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_payee_gets_to_the_unit_what_a_loop_over_the_window_would_pay(
        blocks in proptest::collection::vec((proptest::collection::vec(0_u8..5, 0..7), any::<bool>(), 15_u64..400), 1..14),
        works in 1_u32..3,
    ) {
        let mut chain = chain_with(|mining| {
            mining.window_works = works;
            mining.share_factor = 16;
            mining.half_life_ms = 240_000;
        });
        let mut model = Model::default();
        let mut extra = 0;
        for (shares, has_work, seconds) in blocks {
            chain.step_ms = seconds * 1_000;
            let mut calls: Vec<SystemCall> = Vec::new();
            for number in shares {
                extra += 1;
                calls.push(proof(&chain, payee(number), Want::Share, extra));
            }
            if has_work {
                extra += 1;
                calls.push(proof(&chain, payee(7), Want::Work, extra));
            }
            let share_weight = mining::weight(super::task(&chain, payee(0)).share_target);
            let outcome = block_of(&mut chain, &calls);
            follow(&mut model, &chain, &outcome, share_weight);
        }
        let paid: u128 = model.owed.keys().map(|payee| claimable(&chain, *payee)).sum();
        let paid = paid + model.paid;
        prop_assert!(paid <= model.divided && model.divided - paid <= model.owed.len() as u128 + 1);
    }
}

#[test]
fn all_that_was_issued_is_claimed_but_fractions_and_they_go_to_the_next_reward() {
    let mut chain = chain_with(|mining| mining.window_works = 1);
    let users = [0, 1, 2].map(|user: usize| chain.users[user].address);
    let mut extra = 0;
    chain.step_ms = 15_000;
    for _ in 0..3 {
        let mut calls: Vec<SystemCall> = Vec::new();
        for (user, count) in users.iter().zip([1, 4, 6]) {
            for _ in 0..count {
                extra += 1;
                calls.push(proof(&chain, *user, Want::Share, extra));
            }
        }
        extra += 1;
        calls.push(proof(&chain, users[0], Want::Work, extra));
        block_of(&mut chain, &calls);
    }
    for user in 0..3 {
        assert_eq!(chain.run(user, vec![mining::MiningCall::Claim.to_call()]), types::Receipt::OK);
    }
    let left = ask(&chain, "info", &[])["unclaimed"].as_str().and_then(|text| text.parse::<u128>().ok());
    assert!(left.is_some_and(|left| left <= 3), "{left:?} µTHR are left of 18,000,000");
}

#[test]
fn who_has_nothing_is_paid_with_the_next_share_and_can_claim_from_then_on() {
    let mut chain = chain_with(|_| {});
    let (poor, rich) = (payee(1), chain.users[1].address);
    chain.step_ms = 15_000;
    let first = [
        proof(&chain, poor, Want::Share, 1),
        proof(&chain, rich, Want::Share, 2),
        proof(&chain, payee(9), Want::Work, 3),
    ];
    block_of(&mut chain, &first);
    let (owed_poor, owed_rich) = (claimable(&chain, poor), claimable(&chain, rich));
    assert!(owed_poor > PAID_UNASKED_BELOW.0 && owed_poor == owed_rich);
    let (account, before) = (chain.thr(&poor), chain.thr(&rich));
    assert_eq!(account, Amount::ZERO, "nothing comes before the next share");

    let second = [proof(&chain, poor, Want::Share, 4), proof(&chain, rich, Want::Share, 5)];
    let outcome = block_of(&mut chain, &second);
    let paid: Vec<_> =
        events(&outcome).into_iter().filter(|event| matches!(event, MiningEvent::Claimed { .. })).collect();
    assert_eq!(paid, [MiningEvent::Claimed { payee: poor, amount: Amount(owed_poor) }]);
    assert_eq!((chain.thr(&poor), claimable(&chain, poor)), (Amount(owed_poor), 0));
    assert_eq!((chain.thr(&rich), claimable(&chain, rich)), (before, owed_rich), "who can pay for a claim claims");

    let third = [proof(&chain, poor, Want::Share, 6), proof(&chain, payee(9), Want::Work, 7)];
    block_of(&mut chain, &third);
    let fourth = proof(&chain, poor, Want::Share, 8);
    block_of(&mut chain, &[fourth]);
    assert_eq!(chain.thr(&poor), Amount(owed_poor), "from now on it can pay for a claim itself");
    assert!(claimable(&chain, poor) > 0);
}
