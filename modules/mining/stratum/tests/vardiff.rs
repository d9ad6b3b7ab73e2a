//! Scripted miners over an hour of virtual time: what difficulty they end at, and what gaming it earns.
//!
//! A miner of a given hash rate finds shares at random times (seeded); its weight per hash is what it is paid by.

mod rig;

use pow::{Difficulty, Target, U256};
use proptest::prelude::*;
use rig::{Rig, SOLO, code, difficulty, template, user};
use stratum::{Bounds, Habits, Template, Vardiff};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    /// A number between 0 and 1.
    fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn bounds() -> Bounds {
    Bounds { min: difficulty("0.000001"), max: difficulty("1000000000") }
}

#[test]
fn a_machine_at_the_upper_bound_follows_it_both_ways_and_hands_in_what_the_chain_counts() {
    let mut config = rig::config();
    config.ports[SOLO].difficulty_start = Difficulty::ONE;
    let mut rig = Rig::with(config);
    let work = |height: u64, hashes: u64| {
        let share_target = Target::from_uint(U256::MAX / U256::from(hashes)).expect("above zero");
        Template { share_target, ..template(height) }
    };
    rig.work(work(1, 1_000));
    let mut miner = rig.miner(SOLO, &user(1, "rig"));
    for (height, hashes) in [(2, 1_100), (3, 700), (4, 1_500), (5, 1_503)] {
        let next = work(height, hashes);
        let bound = next.share_target.difficulty_rounded_up();
        assert!(bound.target() <= next.share_target, "whatever meets what is announced counts");
        rig.work(next);
        miner.listen(&mut rig);
        assert_eq!(miner.job().difficulty, bound.to_string().parse().ok());
        for _ in 0..10 {
            let found = miner.search(&miner.job().clone(), bound.target(), None);
            assert_eq!(code(&miner.submit(&mut rig, &found)), 0, "FAULTS RM8");
        }
        let accepted = rig.server.metrics().shares_accepted;
        assert_eq!(u64::try_from(rig.proofs.len()).expect("few"), accepted, "every share is one of the chain");
        assert_eq!(accepted, (height - 1) * 10);
    }
}

struct Outcome {
    /// Shares in each minute.
    minutes: Vec<u64>,
    billionths: u128,
}

/// A machine over some time.
struct Machine {
    /// Hashes per second.
    rate: f64,
    /// The difficulty below which it tells no share, whatever it is asked for.
    tells_from: f64,
    hours: u64,
}

/// What becomes of a machine that starts at `start`. `each_minute` may interfere.
fn watch(machine: &Machine, start: &str, seed: u64, mut each_minute: impl FnMut(&mut Vardiff, u64)) -> Outcome {
    let mut dice = Dice(seed);
    let mut vardiff = Vardiff::new(difficulty(start), 0);
    let mut outcome = Outcome { minutes: vec![0; (60 * machine.hours) as usize], billionths: 0 };
    let (mut now_ms, mut next_tick) = (0.0, 1_000.0);
    while now_ms < 3_600_000.0 * machine.hours as f64 {
        let told = (vardiff.current().billionths() as f64 / 1e9).max(machine.tells_from);
        let per_share = told * 4_295_032_833.0 / machine.rate * 1_000.0;
        let found = now_ms - per_share * (1.0 - dice.throw()).ln();
        if found > next_tick {
            now_ms = next_tick;
            next_tick += 1_000.0;
            vardiff.tick(&bounds(), now_ms as u64);
            if (now_ms as u64).is_multiple_of(60_000) {
                each_minute(&mut vardiff, now_ms as u64);
            }
            continue;
        }
        now_ms = found;
        let weight = vardiff.current();
        outcome.billionths += weight.billionths();
        if let Some(minute) = outcome.minutes.get_mut((now_ms / 60_000.0) as usize) {
            *minute += 1;
        }
        let shown = Difficulty::from_billionths((told / (1.0 - dice.throw()) * 1e9) as u128).unwrap_or(Difficulty::MAX);
        vardiff.accepted((weight, shown.max(weight)), &bounds(), now_ms as u64);
    }
    outcome
}

/// An hour of a machine that tells every share it is asked for.
fn hour(rate: f64, start: &str, seed: u64, each_minute: impl FnMut(&mut Vardiff, u64)) -> Outcome {
    watch(&Machine { rate, tells_from: 0.0, hours: 1 }, start, seed, each_minute)
}

/// What machines of a kind are credited with for each unit that they did, over some runs.
fn credited(machine: &Machine, start: &str) -> f64 {
    let runs = 20;
    let billionths: u128 = (0..runs).map(|seed| watch(machine, start, seed, |_, _| {}).billionths).sum();
    let done = machine.rate * 3_600.0 * machine.hours as f64 * runs as f64 / 4_295_032_833.0;
    billionths as f64 / 1e9 / done
}

// FAULTS RM1
#[test]
fn machines_that_tell_no_light_shares_are_credited_like_those_that_do() {
    // Block Erupters, a processor whose program tells nothing below 1, a machine with a bound of its own, one that is asked for more.
    let kinds =
        [(3.33e8, 1.0, 12), (8e6, 1.0, 120), (1e9, 3.0, 12), (1e10, 32.0, 24), (5e6, 0.001, 12), (1e12, 1.0, 12)];
    for (rate, tells_from, hours) in kinds {
        for start in ["1", "0.001"] {
            let earned = credited(&Machine { rate, tells_from, hours }, start);
            assert!((0.95..=1.05).contains(&earned), "{rate} H/s that tells from {tells_from}, from {start}: {earned}");
        }
    }
}

// FAULTS RM1
#[test]
fn each_single_machine_that_tells_no_light_shares_gets_its_due_also_if_its_bound_fits_it_almost() {
    // Parts of the rate at which its bound would be just right: about there, the rate alone tells nothing.
    for part in [0.3, 0.8, 1.0, 1.1, 1.3] {
        let hours = (12.0 / f64::min(part, 1.0)) as u64;
        let machine = Machine { rate: part * 4_295_032_833.0 / 4.0, tells_from: 1.0, hours };
        for (start, seeds) in [("1", 0..15), ("0.55", 15..30)] {
            for seed in seeds {
                let earned = watch(&machine, start, seed, |_, _| {}).billionths as f64 / 1e9;
                let part_earned = earned / (machine.rate * 3_600.0 * hours as f64 / 4_295_032_833.0);
                assert!((0.95..=1.05).contains(&part_earned), "{part} from {start}, seed {seed}: {part_earned}");
            }
        }
    }
}

// FAULTS RM1
#[test]
fn a_machine_that_tells_all_is_hardly_ever_taken_for_one_that_does_not_and_is_forgiven_in_hours() {
    let day = Machine { rate: 5e6, tells_from: 0.0, hours: 24 };
    let mut days = 0;
    for seed in 0..40 {
        let mut is_taken = false;
        watch(&day, "0.001", seed, |vardiff, _| is_taken |= vardiff.habits().shown.is_some());
        days += u32::from(is_taken);
    }
    assert!(days <= 2, "on {days} of 40 days");
    let mut vardiff = Vardiff::new(difficulty("0.001"), 0);
    let habits = Habits { wanted: Some(difficulty("0.001")), shown: Some(Difficulty::ONE) };
    vardiff.resume(habits, &bounds(), 0);
    assert!((1..4 * 3_600).all(|second| !vardiff.tick(&bounds(), second * 1_000)));
    assert_eq!(vardiff.current(), Difficulty::ONE);
    assert!((0..600).any(|second| vardiff.tick(&bounds(), (4 * 3_600 + second) * 1_000)));
    assert_eq!(vardiff.habits().shown, None);
}

/// From a NerdMiner's 50 kH/s to a container of machines with 20 PH/s.
const RATES: [f64; 6] = [5e4, 5e6, 3.33e8, 1e12, 2e14, 2e16];

#[test]
fn every_machine_from_50_kilohashes_to_20_petahashes_ends_at_ten_to_twenty_shares_a_minute() {
    for (seed, rate) in RATES.into_iter().enumerate() {
        for start in ["0.000001", "1", "1000"] {
            let outcome = hour(rate, start, seed as u64, |_, _| {});
            let late: u64 = outcome.minutes[30..].iter().sum();
            let per_minute = late as f64 / 30.0;
            assert!((10.0..=20.0).contains(&per_minute), "{rate} H/s from {start}: {per_minute} a minute");
            let busiest = outcome.minutes.iter().max().expect("sixty minutes");
            // Steps of 64 after 30 shares each: a start far too low costs a few hundred shares, no flood.
            assert!(*busiest <= 400, "{rate} H/s from {start}: {busiest} in a minute");
        }
    }
}

#[test]
fn a_small_machine_is_seen_within_its_first_three_minutes() {
    for rate in [5e4, 5e6] {
        let seen =
            (0..20).filter(|seed| hour(rate, "1", *seed, |_, _| {}).minutes[..3].iter().sum::<u64>() > 0).count();
        assert!(seen >= 18, "{rate} H/s: {seen} of 20");
    }
}

#[test]
fn w4_talking_the_difficulty_down_or_up_every_minute_earns_nothing_and_makes_no_flood() {
    let honest: u128 = (0..10).map(|seed| hour(1e12, "1", seed, |_, _| {}).billionths).sum();
    for wanted in ["0.000000001", "0.000001", "1000000000"] {
        let outcomes: Vec<Outcome> = (0..10)
            .map(|seed| {
                hour(1e12, "1", seed, |vardiff, now_ms| {
                    vardiff.suggest(difficulty(wanted), &bounds(), now_ms);
                })
            })
            .collect();
        let gamed: u128 = outcomes.iter().map(|outcome| outcome.billionths).sum();
        assert!(gamed <= honest / 100 * 110, "{wanted}: {gamed} against {honest}");
        let busiest = outcomes.iter().flat_map(|outcome| outcome.minutes.iter().skip(5)).max().expect("minutes");
        assert!(*busiest <= 200, "{wanted}: {busiest} in a minute");
    }
}

#[test]
fn w4_reconnecting_every_minute_starts_where_the_worker_was() {
    let outcome = hour(1e12, "1", 3, |vardiff, now_ms| {
        let earlier = vardiff.habits();
        *vardiff = Vardiff::new(Difficulty::ONE, now_ms);
        vardiff.resume(earlier, &bounds(), now_ms);
    });
    let late: u64 = outcome.minutes[10..].iter().sum();
    assert!(late <= 50 * 40, "{late} shares in 50 minutes");
}

#[test]
fn what_a_machine_suggested_and_never_met_is_not_what_its_next_connection_begins_with() {
    let mut vardiff = Vardiff::new(difficulty("1"), 0);
    vardiff.suggest(difficulty("1000000"), &bounds(), 0);
    assert_eq!((vardiff.current(), vardiff.habits().wanted), (difficulty("1000000"), None));
    let mut next = Vardiff::new(difficulty("1"), 0);
    next.resume(vardiff.habits(), &bounds(), 0);
    assert!(next.tick(&bounds(), 30_000), "it is helped like one of which nothing is known");
    let measured = next.habits();
    assert_eq!(measured.wanted, Some(difficulty("0.0625")));
    let mut third = Vardiff::new(difficulty("1"), 30_000);
    third.resume(measured, &bounds(), 30_000);
    third.suggest(difficulty("1000000"), &bounds(), 30_000);
    assert_eq!(third.habits(), measured, "what was measured before stays");
    third.accepted((difficulty("1000000"), difficulty("1000000")), &bounds(), 40_000);
    assert_eq!(third.habits().wanted, Some(difficulty("1000000")), "it met it");
}

#[test]
fn w4_a_worker_that_reconnects_keeps_its_difficulty() {
    let mut config = rig::config();
    config.ports[SOLO].difficulty_max = difficulty("0.001");
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let mut miner = rig.miner(SOLO, &user(1, "rig"));
    for _ in 0..30 {
        let found = miner.find();
        assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    }
    let raised = miner.difficulty.expect("a difficulty");
    assert!(raised > 1e-8, "thirty shares at once are too many");
    rig.hang_up(miner.connection);
    assert_eq!(rig.miner(SOLO, &user(1, "rig")).difficulty, Some(raised));
    assert_eq!(rig.miner(SOLO, &user(1, "other")).difficulty, Some(1e-9));
}

#[test]
fn a_floor_from_the_password_holds_against_silence() {
    let mut vardiff = Vardiff::new(Difficulty::ONE, 0);
    vardiff.floor(difficulty("1000"), &bounds(), 0);
    assert!((1..3_600).all(|second| !vardiff.tick(&bounds(), second * 1_000)));
    assert_eq!(vardiff.current(), difficulty("1000"));
    vardiff.suggest(difficulty("1"), &bounds(), 3_600_000);
    assert_eq!(vardiff.current(), difficulty("1000"));
}

proptest! {
    #[test]
    fn the_difficulty_stays_within_its_bounds_whatever_happens(
        steps in proptest::collection::vec((0_u8..5, 1_u128..u128::MAX >> 1, 0_u64..600_000), 0..200),
    ) {
        let mut vardiff = Vardiff::new(Difficulty::ONE, 0);
        let mut now_ms = 0;
        for (kind, number, wait_ms) in steps {
            now_ms += wait_ms;
            let wanted = Difficulty::from_billionths(number).unwrap_or(Difficulty::MAX);
            match kind {
                0 => vardiff.tick(&bounds(), now_ms),
                1 => vardiff.suggest(wanted, &bounds(), now_ms),
                2 => vardiff.resume(Habits { wanted: Some(wanted), shown: None }, &bounds(), now_ms),
                3 => vardiff.floor(wanted, &bounds(), now_ms),
                _ => vardiff.accepted((Difficulty::MIN, wanted), &bounds(), now_ms),
            };
            prop_assert!(vardiff.current() == bounds().clamp(vardiff.current()) || vardiff.current() == Difficulty::ONE);
        }
    }
}
