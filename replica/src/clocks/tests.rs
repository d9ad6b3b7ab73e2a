//! Clocks of others, honest and not. FAULTS HT12.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use types::{Address, BlsPublicKey, PeerKey, Power, Timing, Validator, ValidatorSet};

use super::{BETTER_MS, Clocks, FRESH_MS};
use crate::event::Now;

const UNIX_MS: u64 = 1_800_000_000_000;

fn peer(place: u8) -> PeerKey {
    PeerKey([place; 32])
}

fn set(powers: &[u64]) -> ValidatorSet {
    let validators = powers.iter().zip(0_u8..).map(|(power, place)| Validator {
        key: BlsPublicKey([place; 96]),
        power: Power(*power),
        account: Address([place; 20]),
        peer: peer(place),
    });
    ValidatorSet::new(validators.collect()).expect("distinct keys and power above zero")
}

const fn now(monotonic_ms: u64) -> Now {
    Now { monotonic_ms, unix_ms: UNIX_MS + monotonic_ms }
}

/// Node 0 with equal members, the others' clocks so far ahead of its own, each read within 2 ms.
fn read(ahead_ms: &[Option<i64>]) -> (Clocks, ValidatorSet) {
    let mut clocks = Clocks::default();
    for (ahead_ms, place) in ahead_ms.iter().zip(1..) {
        if let Some(ahead_ms) = ahead_ms {
            clocks.read(peer(place), 999, 1_001, (UNIX_MS + 1_000).saturating_add_signed(*ahead_ms));
        }
    }
    (clocks, set(&vec![1; ahead_ms.len() + 1]))
}

#[test]
fn a_clock_that_is_off_is_told_to_its_owner_and_to_nobody_else() {
    let timing = Timing::default();
    let (clocks, set) = read(&[Some(-2_000), Some(-2_010), Some(-1_990)]);
    let report = clocks.report(now(2_000), &set, &peer(0), &timing);
    assert_eq!((report.ahead_ms, report.power_measured, report.power_far), (Some(1_990), 4, 3));
    assert!(report.is_off());
    let (clocks, set) = read(&[Some(2_000), Some(10), Some(-20)]);
    let report = clocks.report(now(2_000), &set, &peer(0), &timing);
    assert_eq!((report.ahead_ms, report.power_far), (Some(0), 1));
    assert!(!report.is_off(), "one of four may be a liar");
}

#[test]
fn where_half_of_the_clocks_are_off_everybody_is_told() {
    let (clocks, set) = read(&[Some(0), Some(2_000), Some(2_000)]);
    let report = clocks.report(now(2_000), &set, &peer(0), &Timing::default());
    assert_eq!((report.ahead_ms, report.power_far), (Some(0), 2));
    assert!(report.is_off());
}

#[test]
fn a_jump_of_the_own_clock_shows_at_once_and_old_readings_count_no_more() {
    let (timing, (clocks, set)) = (Timing::default(), read(&[Some(0), Some(1), Some(2)]));
    let jumped = Now { monotonic_ms: 2_000, unix_ms: UNIX_MS + 2_000 - 30_000 };
    let report = clocks.report(jumped, &set, &peer(0), &timing);
    assert_eq!(report.ahead_ms, Some(-30_000));
    let report = clocks.report(now(1_001 + FRESH_MS), &set, &peer(0), &timing);
    assert_eq!((report.ahead_ms, report.power_measured), (None, 1));
    assert!(!report.is_off());
}

#[test]
fn less_than_a_third_moves_neither_the_median_nor_what_a_leader_takes_for_accepted() {
    let timing = Timing::default();
    for lie_ms in [-10_000_000_000, -600, 600, i64::MAX / 2, i64::MIN] {
        let (clocks, set) = read(&[Some(10), Some(-15), Some(lie_ms), Some(20), Some(0), Some(lie_ms)]);
        let report = clocks.report(now(2_000), &set, &peer(0), &timing);
        assert!(report.ahead_ms.is_some_and(|ahead_ms| ahead_ms.abs() <= 20), "{lie_ms}: {report:?}");
        assert!(!report.is_off(), "{lie_ms}: {report:?}");
        assert_eq!(clocks.accepted_ms(now(2_000), &set, &peer(0), &timing), UNIX_MS + 2_000, "{lie_ms}");
    }
}

#[test]
fn a_median_needs_the_clocks_of_a_quorum() {
    let (clocks, set) = read(&[Some(-9_000), None, None]);
    let report = clocks.report(now(2_000), &set, &peer(0), &Timing::default());
    assert_eq!((report.ahead_ms, report.power_measured), (None, 2));
    assert!(!report.is_off());
}

#[test]
fn a_leader_whose_clock_is_far_ahead_or_behind_goes_as_far_as_a_quorum_needs() {
    let timing = Timing::default();
    let accepted = |ahead_ms: &[Option<i64>]| {
        let (clocks, set) = read(ahead_ms);
        let accepted_ms = clocks.accepted_ms(now(2_000), &set, &peer(0), &timing);
        accepted_ms.cast_signed() - (UNIX_MS + 2_000).cast_signed()
    };
    assert_eq!(accepted(&[Some(0), Some(-2_000), Some(-2_000)]), -1_750, "two ahead, two not: three are needed");
    assert_eq!(accepted(&[Some(0), Some(0), Some(-2_000)]), 0, "three are a quorum by themselves");
    assert_eq!(accepted(&[Some(-2_000), Some(-2_000), None]), -1_750, "who is not known is taken to agree");
    assert_eq!(accepted(&[Some(3_600_000), Some(3_600_000), Some(3_600_000)]), 3_600_000 - 7_500);
    assert_eq!(accepted(&[Some(14_000), Some(14_000), Some(14_000)]), 6_500, "they take it until 15 s");
    assert_eq!(accepted(&[Some(7_000), Some(7_000), Some(7_000)]), 0);
    assert_eq!(accepted(&[None, None, None]), 0);
}

#[test]
fn the_quicker_answer_counts_until_the_clock_jumps_or_it_has_aged() {
    let (timing, set) = (Timing::default(), set(&[1, 3]));
    let mut clocks = Clocks::default();
    let ahead_ms = |clocks: &Clocks, at_ms| clocks.report(now(at_ms), &set, &peer(0), &timing).ahead_ms;
    clocks.read(peer(1), 1_000, 1_002, UNIX_MS + 1_001);
    // Two seconds under way, all of them on the way back.
    clocks.read(peer(1), 2_000, 4_000, UNIX_MS + 2_000);
    assert_eq!(ahead_ms(&clocks, 4_000), Some(0));
    clocks.read(peer(1), 5_000, 5_002, UNIX_MS + 5_001 - 400);
    assert_eq!(ahead_ms(&clocks, 6_000), Some(400), "it was set back");
    clocks.read(peer(1), 5_000 + BETTER_MS, 5_100 + BETTER_MS, UNIX_MS + 5_050 + BETTER_MS - 370);
    assert_eq!(ahead_ms(&clocks, 6_000 + BETTER_MS), Some(370), "the better one is too old");
}

#[test]
fn whatever_a_peer_says_of_its_clock_nothing_overflows() {
    let (timing, set) = (Timing::default(), set(&[1, 1, 1, 1]));
    let mut clocks = Clocks::default();
    for (shown_ms, place) in [(0, 1), (u64::MAX, 2), (i64::MAX.cast_unsigned() + 1, 3)] {
        clocks.read(peer(place), u64::MAX - 1, u64::MAX, shown_ms);
        clocks.read(peer(place), 1, 0, shown_ms);
    }
    for at in [now(0), Now { monotonic_ms: u64::MAX, unix_ms: 0 }, Now { monotonic_ms: 0, unix_ms: u64::MAX }] {
        let _ = clocks.report(at, &set, &peer(0), &timing);
        let _ = clocks.accepted_ms(at, &set, &peer(0), &timing);
    }
}
