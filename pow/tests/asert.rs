//! ASERT against the public vectors of Bitcoin Cash's upgrade of 15 November 2020.

use pow::asert::{Elapsed, Schedule};
use pow::{CompactBits, Target};

const VECTORS: &str = include_str!("vectors/asert.txt");
const LIMIT: CompactBits = CompactBits(0x1d00_ffff);

struct Anchor {
    height: u64,
    parent_time: i64,
    target: Target,
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a number")
}

fn bits(text: &str) -> CompactBits {
    CompactBits(u32::from_str_radix(text.trim_start_matches("0x"), 16).expect("eight digits"))
}

/// Compares every vector, with times in units of 1 / `per_second` seconds.
fn check_vectors(per_second: u32) -> usize {
    let schedule = Schedule { spacing: 600 * u64::from(per_second), half_life: 172_800 * u64::from(per_second) };
    let easiest = Target::from_compact(LIMIT).expect("a good limit");
    let mut anchor = None;
    let mut compared = 0;
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["run", _, "anchor", height, time, from, ..] = words[..] {
            let target = Target::from_compact(bits(from)).expect("a good anchor");
            anchor = Some(Anchor { height: number(height), parent_time: number(time), target });
            continue;
        }
        let [_, height, time, expected] = words[..] else { panic!("not a vector: {line}") };
        let anchor = anchor.as_ref().expect("a run begins with its anchor");
        let time: i64 = number(time);
        let elapsed = Elapsed {
            time: (time - anchor.parent_time) * i64::from(per_second),
            height: number::<u64>(height) - anchor.height,
        };
        let next = schedule.next_target(anchor.target, elapsed, easiest).to_compact();
        assert_eq!(next, bits(expected), "{line}");
        compared += 1;
    }
    compared
}

#[test]
fn every_public_vector_is_met_in_seconds_and_in_milliseconds() {
    assert_eq!(check_vectors(1), 1_553);
    assert_eq!(check_vectors(1_000), 1_553);
}

#[test]
fn a_half_life_behind_doubles_the_target_and_one_ahead_halves_it() {
    let schedule = Schedule { spacing: 120_000, half_life: 14_400_000 };
    let anchor = Target::from_compact(CompactBits(0x1b10_0000)).expect("a good anchor");
    let next = |time| schedule.next_target(anchor, Elapsed { time, height: 0 }, Target::EASIEST).to_compact();
    assert_eq!(next(120_000), CompactBits(0x1b10_0000));
    assert_eq!(next(120_000 + 14_400_000), CompactBits(0x1b20_0000));
    assert_eq!(next(120_000 - 14_400_000), CompactBits(0x1b08_0000));
}

#[test]
fn the_ends_of_time_give_the_easiest_and_the_hardest_target_and_never_zero() {
    let easiest = Target::DIFFICULTY_ONE;
    for (spacing, half_life) in [(1, 1), (600, 172_800), (u64::MAX, 1), (u64::MAX, u64::MAX)] {
        let schedule = Schedule { spacing, half_life };
        for anchor in [Target::HARDEST, Target::DIFFICULTY_ONE, Target::EASIEST] {
            for time in [i64::MIN, -1, 0, 1, i64::MAX] {
                for height in [0, 1, u64::MAX] {
                    let target = schedule.next_target(anchor, Elapsed { time, height }, easiest);
                    assert!(target >= Target::HARDEST && target <= easiest);
                }
            }
        }
    }
    let schedule = Schedule { spacing: 1, half_life: 1 };
    let next = |time, height| schedule.next_target(Target::DIFFICULTY_ONE, Elapsed { time, height }, easiest);
    assert_eq!(next(i64::MAX, 0), easiest);
    assert_eq!(next(i64::MIN, 0), Target::HARDEST);
    assert_eq!(next(0, u64::MAX), Target::HARDEST);
}
