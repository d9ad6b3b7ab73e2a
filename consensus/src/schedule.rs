//! Who leads which view: smooth weighted round robin, from the validator set alone.
//!
//! Nobody can grind it, every node computes the same, and a validator leads in proportion to its power with its turns
//! spread evenly. One whole cycle is computed when an epoch begins; any view is then one lookup.

use types::{ValidatorIndex, ValidatorSet, View};

use crate::limits;

/// The leaders of an epoch.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    cycle: Vec<ValidatorIndex>,
}

impl Schedule {
    /// Computes the cycle of a set.
    pub(crate) fn new(set: &ValidatorSet) -> Self {
        let weights = weights(set);
        let total: i64 = weights.iter().fold(0, |sum, weight| sum.saturating_add(*weight));
        let mut credit = vec![0_i64; weights.len()];
        let mut cycle = Vec::new();
        for _ in 0..total {
            let mut best: Option<(usize, i64)> = None;
            for (place, (credit, weight)) in credit.iter_mut().zip(&weights).enumerate() {
                *credit = credit.saturating_add(*weight);
                if best.is_none_or(|(_, most)| *credit > most) {
                    best = Some((place, *credit));
                }
            }
            let (place, _) = best.expect("a set has at least one member");
            if let Some(credit) = credit.get_mut(place) {
                *credit = credit.saturating_sub(total);
            }
            cycle.push(ValidatorIndex(u16::try_from(place).expect("a set has at most VALIDATORS_MAX members")));
        }
        Self { cycle }
    }

    /// The leader of a view. View 0 has none; it gets the last of the cycle, so that the function is total.
    pub(crate) fn leader(&self, view: View) -> ValidatorIndex {
        let length = u64::try_from(self.cycle.len()).expect("the cycle is bounded").max(1);
        let last = length.saturating_sub(1);
        let place = view.0.checked_rem(length).unwrap_or(0).saturating_add(last).checked_rem(length).unwrap_or(0);
        let place = usize::try_from(place).expect("a place is below the length of a vector");
        self.cycle.get(place).copied().unwrap_or_default()
    }
}

/// Powers without their common factor; scaled down, to at least one each, if a cycle would still be too long.
fn weights(set: &ValidatorSet) -> Vec<i64> {
    let powers: Vec<u64> = set.validators().iter().map(|validator| validator.power.0).collect();
    let factor = powers.iter().fold(0, |factor, power| greatest_common_divisor(factor, *power)).max(1);
    let total = set.power_total().checked_div(factor).unwrap_or(0).max(1);
    let scaled = |power: u64| {
        let whole = power.checked_div(factor).unwrap_or(0);
        if total <= limits::LEADER_CYCLE_MAX {
            return whole;
        }
        let share = u128::from(whole).saturating_mul(u128::from(limits::LEADER_CYCLE_MAX));
        let share = share.checked_div(u128::from(total)).unwrap_or(0);
        u64::try_from(share).expect("a share of the cycle is at most the cycle").max(1)
    };
    powers.into_iter().map(|power| i64::try_from(scaled(power)).expect("a weight is at most the cycle")).collect()
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

#[cfg(test)]
mod tests {
    use types::{Address, BlsPublicKey, PeerKey, Power, Validator};

    use super::*;

    fn schedule(powers: &[u64]) -> Schedule {
        let validators = powers.iter().zip(0_u8..).map(|(power, place)| Validator {
            key: BlsPublicKey([place; 96]),
            power: Power(*power),
            account: Address([place; 20]),
            peer: PeerKey([place; 32]),
        });
        Schedule::new(&ValidatorSet::new(validators.collect()).expect("distinct keys, power above zero"))
    }

    fn leaders(schedule: &Schedule, views: u64) -> Vec<u16> {
        (1..=views).map(|view| schedule.leader(View(view)).0).collect()
    }

    #[test]
    fn equal_validators_lead_in_turn() {
        assert_eq!(leaders(&schedule(&[10, 10, 10, 10]), 9), [0, 1, 2, 3, 0, 1, 2, 3, 0]);
    }

    #[test]
    fn the_turns_of_a_heavy_validator_are_spread() {
        // The well-known example of smooth weighted round robin.
        assert_eq!(leaders(&schedule(&[5, 1, 1]), 7), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn within_a_cycle_everyone_leads_by_its_power() {
        let powers = [7, 1, 13, 4, 100, 25];
        let schedule = schedule(&powers);
        let total: u64 = powers.iter().sum();
        let leaders = leaders(&schedule, total);
        for (power, place) in powers.iter().zip(0_u16..) {
            let turns = leaders.iter().filter(|leader| **leader == place).count();
            assert_eq!(turns as u64, *power, "validator {place}");
        }
    }

    #[test]
    fn a_cycle_of_huge_powers_is_bounded_and_leaves_nobody_out() {
        let schedule = schedule(&[(1 << 58) + 1, (1 << 57) + 3, 1]);
        assert!(schedule.cycle.len() as u64 <= limits::LEADER_CYCLE_MAX + 3);
        let turns = |place| schedule.cycle.iter().filter(|leader| leader.0 == place).count();
        assert_eq!(turns(2), 1);
        assert!(turns(0).abs_diff(2 * turns(1)) <= 4, "{} and {}", turns(0), turns(1));
    }

    #[test]
    fn the_last_possible_view_has_a_leader() {
        assert!(schedule(&[1, 2, 3]).leader(View::MAX).0 < 3);
    }
}
