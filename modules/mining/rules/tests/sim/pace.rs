//! How fast works come.

use mining::MiningParameters;
use mining::{Anchor, retarget, scheduled};
use pow::{CompactBits, Target};
use types::{Address, TimeMs};

use crate::random::Random;

/// A chain of works without anything else.
struct Works {
    parameters: MiningParameters,
    anchor: Option<Anchor>,
    bits: CompactBits,
    height: u64,
    time: TimeMs,
    random: Random,
}

impl Works {
    fn new(parameters: MiningParameters, seed: u64) -> Self {
        let bits = CompactBits(parameters.launch_bits);
        Self { parameters, anchor: None, bits, height: 0, time: TimeMs(1_700_000_000_000), random: Random(seed) }
    }

    fn expected_hashes(&self) -> u128 {
        let target = Target::from_compact(self.bits).expect("the chain's own bits");
        u128::try_from(target.expected_hashes()).expect("simulated rates are small")
    }

    /// Finds the next work at so many hashes per second. A work found too early waits, and its finder goes on in the meantime.
    fn next(&mut self, rate: u128) -> u64 {
        let found = self.random.wait(self.expected_hashes() * 1_000 / rate);
        // Blocks come every quarter of a second while there is something to put in.
        let block = found.next_multiple_of(250).max(self.parameters.spacing_min_ms);
        self.time = self.time.saturating_add(block);
        self.height += 1;
        let (anchor, bits) = retarget(&self.parameters, self.anchor, self.height, self.time);
        (self.anchor, self.bits) = (Some(anchor), bits);
        block
    }
}

fn defaults() -> MiningParameters {
    MiningParameters::with_beneficiary(Address([1; 20]))
}

/// Brings the chain to the pace of a rate.
fn settled(seed: u64, rate: u128) -> Works {
    let mut works = Works::new(defaults(), seed);
    for _ in 0..20_000 {
        works.next(rate);
    }
    works
}

#[test]
fn a_hundred_thousand_works_under_changing_hash_rate_keep_the_wanted_spacing_within_two_percent() {
    for seed in [1, 2, 3] {
        let base: u128 = 1_000_000_000_000;
        let mut works = settled(seed, base);
        let mut rate = base;
        let start = works.time;
        for work in 0..100_000_u64 {
            // Every day or so the rate jumps: up or down by up to four times, within a thousandfold around the first.
            if work % 700 == 0 {
                let factor = 25 + u128::from(works.random.below(376));
                rate = (rate * factor / 100).clamp(base / 32, base * 32);
            }
            works.next(rate);
        }
        let mean = works.time.saturating_sub(start.0).0 / 100_000;
        println!("seed {seed}: mean spacing {mean} ms of 120000");
        assert!((117_600..=122_400).contains(&mean), "seed {seed}: {mean} ms");
    }
}

#[test]
fn the_target_follows_a_doubling_and_a_halving_within_two_half_lives() {
    for (seed, factor) in [(4, 2), (5, 1)] {
        let base: u128 = 1_000_000_000_000;
        let mut works = settled(seed, base);
        let before = works.expected_hashes();
        let rate = if factor == 2 { base * 2 } else { base / 2 };
        let end = works.time.saturating_add(12 * defaults().half_life_ms);
        let mut sum: u128 = 0;
        let mut count: u128 = 0;
        while works.time < end {
            works.next(rate);
            if works.time.saturating_add(6 * defaults().half_life_ms) > end {
                sum += works.expected_hashes();
                count += 1;
            }
        }
        let percent = sum * 100 / count / before;
        println!("rate {rate}: the work of a work is {percent} % of before");
        let wanted = if factor == 2 { 150..=260 } else { 40..=70 };
        assert!(wanted.contains(&percent), "{percent} %");
    }
}

#[test]
fn a_launch_at_two_million_times_the_expected_hash_rate_costs_a_bounded_amount() {
    let parameters = defaults();
    let launch_rate: u128 = (1 << 20) / 120;
    let mut works = Works::new(parameters.clone(), 6);
    let rate = launch_rate << 21;
    let start = works.time;
    let mut hours: u64 = 0;
    let mut recent = std::collections::VecDeque::new();
    // Until the mean of 200 works is the wanted pace.
    loop {
        recent.push_back(works.next(rate));
        if recent.len() > 200 {
            recent.pop_front();
        }
        if recent.len() == 200 && recent.iter().sum::<u64>() >= 200 * parameters.spacing_ms * 95 / 100 {
            break;
        }
        hours = works.time.saturating_sub(start.0).0 / 3_600_000;
        assert!(works.height < 10_000, "the pace was never reached");
    }
    let planned = works.time.saturating_sub(start.0).0 / parameters.spacing_ms;
    let early = works.height - planned;
    let cost = u128::from(early) * scheduled(&parameters, 1).0 / 1_000_000;
    println!("after {hours} h: {} works, {planned} planned, {early} early: {cost} THR", works.height);
    assert!((15_000..25_000).contains(&cost), "{cost} THR");
}

#[test]
fn after_a_drought_the_pace_is_the_wanted_one_and_not_a_burst() {
    let mut works = settled(7, 1_000_000_000);
    // A month at a hundredth of what the easiest target takes in two minutes.
    let end = works.time.saturating_add(30 * 86_400_000);
    while works.time < end {
        works.next(87);
    }
    assert_eq!(works.bits, CompactBits(defaults().launch_bits));
    let start = works.time;
    for _ in 0..5_000 {
        works.next(1_000_000_000);
    }
    let days = works.time.saturating_sub(start.0).0 / 86_400_000;
    let planned = works.time.saturating_sub(start.0).0 / 120_000;
    println!("5000 works took {days} days; {planned} were planned in that time");
    // Climbing back from the easiest target is as early as a launch at that rate, but the month is not made up for (21,600 works).
    assert!((5_000 - planned) < 2_600, "{} works early", 5_000 - planned);
}
