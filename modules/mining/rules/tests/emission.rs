//! The schedule as a whole, and what one reward is made of.

use mining::{MiningParameters, Split, scheduled, scheduled_total};
use proptest::prelude::*;
use types::{Address, Amount, Parameters};

fn defaults() -> MiningParameters {
    MiningParameters::with_beneficiary(Address([1; 20]))
}

#[test]
fn all_works_together_pay_20_999_990_8125_thr_in_23_eras() {
    let parameters = defaults();
    let interval = parameters.halving_interval;
    let eras: Vec<u128> = (0..200).map(|era| scheduled(&parameters, era * interval + 1).0).collect();
    assert_eq!(eras.iter().filter(|reward| **reward > 0).count(), 23);
    assert_eq!(&eras[..3], &[8_000_000, 4_000_000, 2_000_000]);
    assert_eq!(&eras[9..11], &[15_625, 7_812], "halves exactly nine times, then is rounded down");
    let total: u128 = eras.iter().map(|reward| reward * u128::from(interval)).sum();
    assert_eq!(total, 20_999_990_812_500);
    assert_eq!(scheduled_total(&parameters, u64::MAX), Amount(total));
    assert!(Amount(total) < Parameters::THR_CAP);
}

#[test]
fn an_era_ends_with_its_last_work() {
    let parameters = defaults();
    for (work_height, reward) in [
        (1, 8_000_000),
        (1_312_500, 8_000_000),
        (1_312_501, 4_000_000),
        (2_625_000, 4_000_000),
        (2_625_001, 2_000_000),
        (22 * 1_312_500 + 1, 1),
        (23 * 1_312_500, 1),
        (23 * 1_312_500 + 1, 0),
        (u64::MAX, 0),
    ] {
        assert_eq!(scheduled(&parameters, work_height), Amount(reward), "work {work_height}");
    }
}

#[test]
fn eight_thr_are_split_as_the_facts_say() {
    let split = Split::of(Amount(8_000_000));
    assert_eq!(split.finder.0 + split.window.0, 6_400_000);
    assert_eq!((split.ai_pool.0, split.validators.0, split.ecosystem.0), (800_000, 400_000, 400_000));
}

proptest! {
    #[test]
    fn the_parts_are_the_whole_and_the_miners_get_what_rounding_leaves(reward in 0_u128..1 << 64) {
        let Split { finder, window, ai_pool, validators, ecosystem } = Split::of(Amount(reward));
        prop_assert_eq!(finder.0 + window.0 + ai_pool.0 + validators.0 + ecosystem.0, reward);
        prop_assert!((finder.0 + window.0) * 10 >= reward * 8);
        prop_assert!(finder.0 * 16 <= finder.0 + window.0);
    }

    #[test]
    fn the_sum_of_the_schedule_is_the_sum_of_its_works(works in 0_u64..200, interval in 1_u64..40, reward in 0_u128..5_000) {
        let parameters = MiningParameters { halving_interval: interval, reward: Amount(reward), ..defaults() };
        let sum: u128 = (1..=works).map(|work| scheduled(&parameters, work).0).sum();
        prop_assert_eq!(scheduled_total(&parameters, works), Amount(sum));
    }
}
