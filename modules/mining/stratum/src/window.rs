//! The operator's own accounting of shares that are too light for the chain: pay per last N shares.
//!
//! The window is the last so many works' worth of weight, in rounds, one per work height. It must not know sockets,
//! coins or how a payout travels. Invariants: weights are whole billionths of pool difficulty 1; the sum of all
//! payouts plus the remainder is exactly the amount; the order of shares within a round does not matter; the number
//! of rounds and of addresses in a round is bounded.

use std::collections::{BTreeMap, VecDeque};

use borsh::{BorshDeserialize, BorshSerialize};
use pow::U256;
use types::Address;

use crate::limits::{ADDRESSES_PER_ROUND_MAX, ROUNDS_MAX};

/// What one address has in a round or in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Credit {
    /// Weight in billionths of pool difficulty 1.
    pub weight: u128,
    /// How many shares.
    pub shares: u64,
    /// The sequence number of the latest share.
    pub sequence: u64,
}

/// The shares of one work height.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Round {
    /// The work height.
    pub work_height: u64,
    /// The sum of the weights.
    pub weight: u128,
    /// By address.
    pub credits: BTreeMap<Address, Credit>,
}

/// The rounds that count.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Window {
    rounds: VecDeque<Round>,
    weight_max: u128,
}

/// Who gets how much.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payouts {
    /// By address, in base units, none of them zero.
    pub amounts: BTreeMap<Address, u128>,
    /// What the divisions left over, or all of it if the window is empty.
    pub remainder: u128,
}

impl Window {
    /// The window is so many billionths wide from now on.
    pub fn set_width(&mut self, weight_max: u128) {
        self.weight_max = weight_max;
        self.shrink();
    }

    /// Whether a share of this address finds room in the newest round.
    #[must_use]
    pub fn has_room(&self, address: &Address) -> bool {
        self.rounds
            .back()
            .is_none_or(|round| round.credits.len() < ADDRESSES_PER_ROUND_MAX || round.credits.contains_key(address))
    }

    /// Adds a share. One of an older work counts in the newest round, as the one in which it arrived.
    pub fn add(&mut self, work_height: u64, address: Address, weight: u128, sequence: u64) {
        if self.rounds.back().is_none_or(|round| round.work_height < work_height) {
            self.rounds.push_back(Round { work_height, ..Round::default() });
            self.shrink();
        }
        let Some(round) = self.rounds.back_mut() else { return };
        round.weight = round.weight.saturating_add(weight);
        let credit = round.credits.entry(address).or_default();
        credit.weight = credit.weight.saturating_add(weight);
        credit.shares = credit.shares.saturating_add(1);
        credit.sequence = sequence;
    }

    /// What every address has in the window. Of the oldest round only as much counts as the window has room for, in
    /// proportion and rounded down.
    #[must_use]
    pub fn credits(&self) -> BTreeMap<Address, Credit> {
        let mut room = self.weight_max;
        let mut sum: BTreeMap<Address, Credit> = BTreeMap::new();
        for round in self.rounds.iter().rev() {
            let counted = round.weight.min(room);
            room = room.saturating_sub(counted);
            for (address, credit) in &round.credits {
                let weight = proportion(credit.weight, counted, round.weight);
                let entry = sum.entry(*address).or_default();
                entry.weight = entry.weight.saturating_add(weight);
                entry.shares = entry.shares.saturating_add(credit.shares);
                entry.sequence = entry.sequence.max(credit.sequence);
            }
            if room == 0 {
                break;
            }
        }
        sum.retain(|_, credit| credit.weight > 0);
        sum
    }

    /// What one address has in the window, and the weight of all. Costs no more than the rounds, however many addresses
    /// there are; the whole is the rounds' own, above the sum of [`Self::credits`] by what these are rounded down.
    #[must_use]
    pub fn credit_of(&self, address: &Address) -> (Credit, u128) {
        let (mut room, mut sum) = (self.weight_max, Credit::default());
        for round in self.rounds.iter().rev() {
            let counted = round.weight.min(room);
            room = room.saturating_sub(counted);
            if let Some(credit) = round.credits.get(address) {
                sum.weight = sum.weight.saturating_add(proportion(credit.weight, counted, round.weight));
                sum.shares = sum.shares.saturating_add(credit.shares);
                sum.sequence = sum.sequence.max(credit.sequence);
            }
            if room == 0 {
                break;
            }
        }
        let credit = if sum.weight > 0 { sum } else { Credit::default() };
        (credit, self.weight_max.saturating_sub(room))
    }

    /// Splits `amount` over the window in proportion to weight, rounded down.
    #[must_use]
    pub fn split(&self, amount: u128) -> Payouts {
        let credits = self.credits();
        let total = credits.values().fold(0_u128, |sum, credit| sum.saturating_add(credit.weight));
        let mut payouts = Payouts { amounts: BTreeMap::new(), remainder: amount };
        for (address, credit) in credits {
            let share = proportion(amount, credit.weight, total);
            if share > 0 {
                payouts.amounts.insert(address, share);
                payouts.remainder = payouts.remainder.saturating_sub(share);
            }
        }
        payouts
    }

    /// The sum of all weights that are kept, which may be up to one round more than the window.
    #[must_use]
    pub fn weight(&self) -> u128 {
        self.rounds.iter().fold(0, |sum, round| sum.saturating_add(round.weight))
    }

    /// How many rounds are kept.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// Drops the rounds that lie wholly outside of the window, and joins the two oldest if there are too many.
    fn shrink(&mut self) {
        let mut weight = self.weight();
        while let Some(oldest) = self.rounds.front() {
            let without = weight.saturating_sub(oldest.weight);
            if self.rounds.len() < 2 || without < self.weight_max {
                break;
            }
            weight = without;
            self.rounds.pop_front();
        }
        while self.rounds.len() > ROUNDS_MAX {
            self.join_oldest();
        }
    }

    fn join_oldest(&mut self) {
        let Some(oldest) = self.rounds.pop_front() else { return };
        let Some(next) = self.rounds.front_mut() else { return };
        next.weight = next.weight.saturating_add(oldest.weight);
        for (address, credit) in oldest.credits {
            let entry = next.credits.entry(address).or_default();
            entry.weight = entry.weight.saturating_add(credit.weight);
            entry.shares = entry.shares.saturating_add(credit.shares);
            entry.sequence = entry.sequence.max(credit.sequence);
        }
    }
}

/// `amount · part / whole`, rounded down; nothing of a whole of zero.
fn proportion(amount: u128, part: u128, whole: u128) -> u128 {
    let product = U256::from(amount).saturating_mul(U256::from(part));
    product.checked_div(U256::from(whole)).and_then(|share| u128::try_from(share).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(byte: u8) -> Address {
        Address([byte; 20])
    }

    #[test]
    fn the_oldest_round_counts_in_proportion_to_the_room_that_is_left() {
        let mut window = Window::default();
        window.set_width(150);
        window.add(1, address(1), 60, 1);
        window.add(1, address(2), 40, 2);
        window.add(2, address(3), 100, 3);
        let weights: Vec<u128> = window.credits().values().map(|credit| credit.weight).collect();
        assert_eq!(weights, [30, 20, 100]);
        let payouts = window.split(1_000);
        assert_eq!(payouts.amounts.values().copied().collect::<Vec<_>>(), [200, 133, 666]);
        assert_eq!(payouts.remainder, 1);
    }

    #[test]
    fn a_share_of_an_older_work_counts_where_it_arrived() {
        let mut window = Window::default();
        window.set_width(1_000);
        window.add(5, address(1), 10, 1);
        window.add(4, address(1), 10, 2);
        assert_eq!((window.rounds(), window.weight()), (1, 20));
    }

    #[test]
    fn an_empty_window_leaves_everything_over() {
        let payouts = Window::default().split(77);
        assert_eq!((payouts.amounts.len(), payouts.remainder), (0, 77));
    }

    #[test]
    fn many_rounds_are_joined_and_lose_no_weight() {
        let mut window = Window::default();
        window.set_width(u128::MAX);
        (0..ROUNDS_MAX as u64 + 100).for_each(|height| window.add(height, address((height % 7) as u8), 3, height));
        assert_eq!(window.rounds(), ROUNDS_MAX);
        assert_eq!(window.weight(), 3 * (ROUNDS_MAX as u128 + 100));
    }

    proptest! {
        #[test]
        fn payouts_and_remainder_are_the_amount_and_nobody_gets_more_than_the_proportion(
            shares in proptest::collection::vec((0_u64..6, 0_u8..9, 1_u128..1_000_000), 0..80),
            amount in 0_u128..1_000_000_000_000, width in 1_u128..10_000_000,
        ) {
            let mut window = Window::default();
            window.set_width(width);
            for (sequence, (height, who, weight)) in shares.iter().enumerate() {
                window.add(*height, address(*who), *weight, sequence as u64);
            }
            let (credits, payouts) = (window.credits(), window.split(amount));
            let total: u128 = credits.values().map(|credit| credit.weight).sum();
            prop_assert!(total <= width);
            let whole = window.credit_of(&address(0)).1;
            prop_assert!((total..=width).contains(&whole) && whole - total <= shares.len() as u128);
            for who in 0..10 {
                prop_assert_eq!(window.credit_of(&address(who)).0, credits.get(&address(who)).copied().unwrap_or_default());
            }
            prop_assert_eq!(payouts.amounts.values().sum::<u128>() + payouts.remainder, amount);
            for (who, paid) in &payouts.amounts {
                prop_assert!(paid * total <= amount * credits[who].weight);
            }
            // Each division loses less than one unit.
            prop_assert!(credits.is_empty() || payouts.remainder < credits.len() as u128);
        }
    }
}
