//! ASERT against two oracles that share no code with it: the published pseudo-code word for word, in integers without bounds,
//! and 2^x itself, from repeated square roots.
//!
//! The cubic and its 16 bits of exponent are published as right to 0.013 %; times, heights, anchors and paces are random here,
//! near their ends as often as between them.

use std::cell::Cell;

use num_bigint::{BigInt, BigUint, Sign};
use pow::asert::{Elapsed, Schedule};
use pow::{Target, U256};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Random cases that are compared with the pseudo-code.
const CASES: u32 = 20_000;
/// Bits behind the point of [`exact_power`].
const PRECISION: usize = 256;
/// Halvings of the exponent that [`exact_power`] takes: what is left changes 2^x by less than 2^-127.
const HALVINGS: usize = 128;

/// What the controller is asked.
#[derive(Clone, Copy, Debug)]
struct Question {
    schedule: Schedule,
    anchor: Target,
    elapsed: Elapsed,
    easiest: Target,
}

impl Question {
    fn answer(&self) -> Target {
        self.schedule.next_target(self.anchor, self.elapsed, self.easiest)
    }

    /// How far behind the schedule the newest work is.
    fn late(&self) -> BigInt {
        let Elapsed { time, height } = self.elapsed;
        BigInt::from(time) - BigInt::from(self.schedule.spacing) * (BigInt::from(height) + 1)
    }

    /// The specification's `next_target_aserti3_2d`, line by line. Its division truncates, as in C++; its shifts to the right
    /// round down, as there and in Python.
    fn by_the_pseudo_code(&self) -> BigInt {
        let limit = big(self.easiest);
        let mut exponent: BigInt = self.late() * 65_536 / BigInt::from(self.schedule.half_life);
        let num_shifts: BigInt = &exponent >> 16;
        exponent -= &num_shifts * 65_536;
        let cubic = 195_766_423_245_049_u64 * &exponent + 971_821_376_u64 * exponent.pow(2) + 5_127 * exponent.pow(3);
        let factor: BigInt = ((cubic + (1_u64 << 47)) >> 48) + 65_536;
        let mut next: BigInt = big(self.anchor) * factor;
        // No memory holds 2^(2^60): a target moved by more than 600 bits is at its limit or gone, whichever it was.
        let shifts = num_shifts.clamp(BigInt::from(-600), BigInt::from(600));
        let places = usize::try_from(shifts.magnitude()).expect("at most 600");
        if shifts.sign() == Sign::Minus {
            next >>= places;
        } else {
            next <<= places;
        }
        next >>= 16;
        if next == BigInt::ZERO {
            return BigInt::from(1);
        }
        next.min(limit)
    }
}

fn big(target: Target) -> BigInt {
    BigInt::from_bytes_le(Sign::Plus, &target.to_le_bytes())
}

/// 2^(numerator / denominator) for a fraction below 1, times 2^[`PRECISION`]: the product of those of the roots 2^(1/2), 2^(1/4),
/// 2^(1/8) ... whose bit is set in the fraction.
fn exact_power(numerator: &BigUint, denominator: &BigUint, roots: &[BigUint]) -> BigUint {
    assert!(numerator < denominator);
    let mut rest = numerator.clone();
    let mut product = BigUint::from(1_u8) << PRECISION;
    for root in roots {
        rest <<= 1;
        if rest >= *denominator {
            rest -= denominator;
            product = (product * root) >> PRECISION;
        }
    }
    product
}

/// 2^(1/2), 2^(1/4) and so on, each times 2^[`PRECISION`].
fn roots() -> Vec<BigUint> {
    let root = |power: &BigUint| Some((power << PRECISION).sqrt());
    std::iter::successors(Some(BigUint::from(2_u8) << PRECISION), root).skip(1).take(HALVINGS).collect()
}

fn uint(bytes: [u8; 32], length_bits: usize) -> Target {
    let number = U256::from_le_bytes(bytes).wrapping_shr(256 - length_bits);
    Target::from_uint(number).unwrap_or(Target::HARDEST)
}

/// Targets of every length, and those next to 1, to 2^256 and to difficulty 1.
fn target() -> impl Strategy<Value = Target> {
    let near = |target: Target, less: u8| {
        Target::from_uint(target.to_uint().saturating_sub(U256::from(less))).unwrap_or(Target::HARDEST)
    };
    prop_oneof![
        4 => (any::<[u8; 32]>(), 1_usize..=256).prop_map(|(bytes, length)| uint(bytes, length)),
        1 => (1_u8..=20).prop_filter_map("not zero", |small| Target::from_uint(U256::from(small))),
        1 => any::<u8>().prop_map(move |less| near(Target::EASIEST, less)),
        1 => any::<u8>().prop_map(move |less| near(Target::DIFFICULTY_ONE, less)),
    ]
}

fn pace() -> impl Strategy<Value = Schedule> {
    prop_oneof![
        2 => Just((600, 172_800)),
        2 => Just((120_000, 14_400_000)),
        3 => (1_u64..1_000_000, 1_u64..100_000_000),
        1 => (1_u64.., 1_u64..),
    ]
    .prop_map(|(spacing, half_life)| Schedule { spacing, half_life })
}

/// Times within some three hundred half-lives of the schedule, on either side; and any at all.
fn question() -> impl Strategy<Value = Question> {
    let height = prop_oneof![
        4 => 0_u64..3_000_000,
        1 => Just(0),
        1 => (0_u64..10).prop_map(|less| u64::MAX - less),
        1 => (0_u64..10).prop_map(|less| i64::MAX.unsigned_abs() - 5 + less),
        1 => any::<u64>(),
    ];
    let any_time = prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(0), -1_000_000_i64..0];
    let near = (any::<bool>(), -300_000_i128..=300_000);
    (pace(), target(), height, any_time, near, target()).prop_map(
        |(schedule, anchor, height, any_time, (is_near, thousandths), easiest)| {
            let planned = i128::from(schedule.spacing).saturating_mul(i128::from(height) + 1);
            let late = i128::from(schedule.half_life) * thousandths / 1_000;
            let near = i64::try_from(planned.saturating_add(late)).ok().filter(|_| is_near);
            Question { schedule, anchor, elapsed: Elapsed { time: near.unwrap_or(any_time), height }, easiest }
        },
    )
}

/// The same cases in every run: a failure is the code's, not the day's.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_global_rejects: cases, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[0x2d; 32]))
}

// FAULTS W6
#[test]
fn every_target_is_that_of_the_published_pseudo_code_in_integers_without_bounds() {
    let [before, moved, eased, hardest] = [0; 4].map(Cell::new);
    let count = |counter: &Cell<u32>, is_one: bool| counter.set(counter.get() + u32::from(is_one));
    runner(CASES)
        .run(&question(), |question| {
            let next = question.answer();
            prop_assert_eq!(big(next), question.by_the_pseudo_code());
            count(&before, question.elapsed.time < 0);
            count(&eased, next == question.easiest);
            count(&hardest, next == Target::HARDEST);
            count(&moved, next != question.easiest && next != Target::HARDEST);
            Ok(())
        })
        .expect("the pseudo-code's answer");
    // The cases mean something: each way out is taken often.
    let least = CASES / 20;
    let counts = [before, moved, eased, hardest].map(Cell::into_inner);
    assert!(counts.iter().all(|count| *count > least), "{counts:?}");
}

// FAULTS W6
#[test]
fn every_target_is_within_13_of_100_000_of_the_power_of_two() {
    let roots = roots();
    let compared = Cell::new(0_u32);
    let question = question().prop_map(|question| Question { easiest: Target::EASIEST, ..question });
    runner(4_000)
        .run(&question, |question| {
            let half_life = BigInt::from(question.schedule.half_life);
            let late = question.late();
            let mut doublings: BigInt = &late / &half_life;
            if late.sign() == Sign::Minus && &doublings * &half_life != late {
                doublings -= 1;
            }
            let fraction = (late - &doublings * &half_life).to_biguint().expect("rounded down");
            let doublings = i32::try_from(doublings).unwrap_or(i32::MAX);
            if doublings.unsigned_abs() > 300 {
                return Ok(());
            }
            // Exact, times 2^(PRECISION + 300).
            let shift = usize::try_from(doublings + 300).expect("from -300 on");
            let power = exact_power(&fraction, half_life.magnitude(), &roots) << shift;
            let exact = big(question.anchor).magnitude() * power;
            let got = big(question.answer()).magnitude() << (PRECISION + 300);
            let one = BigUint::from(1_u8) << (PRECISION + 300);
            let easiest = big(Target::EASIEST).magnitude() << (PRECISION + 300);
            let bound = &exact * 13_u8 / 100_000_u32;
            // A target is an integer: it may be up to one below; and 1 and the easiest are the ends.
            let low = (&exact - &bound).min(easiest.clone());
            let high = (&exact + &bound).max(one.clone());
            prop_assert!(got <= high, "{question:?}");
            prop_assert!(&got + &one > low, "{question:?}");
            compared.set(compared.get() + u32::from(got > one && got < easiest));
            Ok(())
        })
        .expect("within the bound");
    assert!(compared.get() > 500, "{compared:?} targets between the ends");
}

#[test]
fn the_roots_that_judge_are_roots_of_two() {
    let roots = roots();
    let unit = BigUint::from(1_u8) << PRECISION;
    let mut power: BigUint = &unit << 1;
    for root in &roots {
        let square = root * root;
        let wanted = &power << PRECISION;
        assert!(square <= wanted && (root + 1_u8) * (root + 1_u8) > wanted);
        power.clone_from(root);
    }
    // 2^(1/2) = 1.41421356237309504880168872420969807856967187537694...
    let ten = BigUint::from(10_u8).pow(50);
    let digits = (&ten * &roots[0]) >> PRECISION;
    assert_eq!(digits.to_string(), "141421356237309504880168872420969807856967187537694");
    assert_eq!(exact_power(&BigUint::ZERO, &BigUint::from(1_u8), &roots), unit);
}

// FAULTS W6
#[test]
fn more_time_never_hardens_the_target_and_more_works_never_ease_it_and_it_keeps_its_bounds() {
    let further = prop_oneof![0_u64..100_000, any::<u64>()];
    runner(CASES)
        .run(&(question(), further), |(question, further)| {
            let Elapsed { time, height } = question.elapsed;
            let at = |time, height| Question { elapsed: Elapsed { time, height }, ..question }.answer();
            let (now, later) = (at(time, height), at(time.saturating_add_unsigned(further), height));
            let ahead = at(time, height.saturating_add(further));
            prop_assert!(ahead <= now && now <= later);
            for target in [ahead, now, later] {
                prop_assert!(!target.to_uint().is_zero() && target <= question.easiest);
            }
            Ok(())
        })
        .expect("monotone and bounded");
}
