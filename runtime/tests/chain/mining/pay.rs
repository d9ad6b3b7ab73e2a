//! Fair pay against a model that knows the window as a list and divides every reward by going through it.

use std::collections::{BTreeMap, VecDeque};

use mining::{MiningEvent, Split, scheduled};
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
    let mining = &chain.genesis.parameters.mining;
    let weight_max = share_weight_now * u128::from(mining.share_factor) * u128::from(mining.window_works);
    for event in events(outcome) {
        match event {
            MiningEvent::ShareAccepted { payee, weight, .. } => model.enter(payee, weight, weight_max),
            MiningEvent::WorkAccepted { work_height, split, .. } => {
                assert_eq!(split, Split::of(scheduled(mining, work_height)));
                model.divide(split.window);
            }
            MiningEvent::Claimed { .. } => {}
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
