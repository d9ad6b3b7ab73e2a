//! Work rates as statistics: what a class of the genesis proves, by the exact formula, and miners on virtual time that are measured by it.
//!
//! Hashes fall under a target by chance, each with the same: shares come as a Poisson process, the k-th after an Erlang time, and the chance of
//! k within a window is the regularised lower gamma function P(k, λ). It is computed here by series of its own.
//!
//! `WORK_RATE_WINDOWS=1000000 cargo test -p verifyid --test work_rate -- --nocapture` is the long form, and prints the figures.

use execution::Section;
use types::{Address, Network};
use verifyid::{VerifyIdParameters, WorkClass};

/// Windows of each miner, unless the environment asks for more.
const WINDOWS: u64 = 20_000;
/// A block's time may lag behind and lead the wall's by so much together: whoever cheats has that much more time.
const SLACK_S: f64 = 16.0;
/// An owner begins up to 20 s after the beacon and needs up to 60 s until its call is in a block.
const LOSS_S: f64 = 80.0;
const MEGA: f64 = 1e6;
/// What lies beyond three sigma on one side of a bell.
const BEYOND_3_SIGMA: f64 = 0.001_35;

/// A seeded sequence: SplitMix64.
struct Chance(u64);

impl Chance {
    /// Above 0 and at most 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

fn classes() -> Vec<WorkClass> {
    VerifyIdParameters::new(Network::Main, Address::default()).work_classes.to_vec()
}

/// How many hashes a share takes on the average: by the target that the chain compares with.
fn hashes_per_share(class: &WorkClass) -> f64 {
    let target = class.difficulty().expect("a difficulty").target().to_le_bytes();
    let target = target.iter().rev().fold(0.0_f64, |sum, byte| sum * 256.0 + f64::from(*byte));
    2.0_f64.powi(256) / (target + 1.0)
}

fn window_s(class: &WorkClass) -> f64 {
    class.window_ms as f64 / 1_000.0
}

/// ln of λ^k · e^-λ / k!, the chance of exactly k.
fn ln_exactly(shares: u16, mean: f64) -> f64 {
    let factorial: f64 = (1..=shares).map(|factor| f64::from(factor).ln()).sum();
    f64::from(shares) * mean.ln() - mean - factorial
}

/// P(k, λ), the chance of k or more: the sum from k on, so that a small one is exact.
fn pass(shares: u16, mean: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for more in 1..10_000_u32 {
        term *= mean / (f64::from(shares) + f64::from(more));
        sum += term;
    }
    ln_exactly(shares, mean).exp() * sum
}

/// Q(k, λ), the chance of fewer than k: the sum below k, so that a small one is exact.
fn fail(shares: u16, mean: f64) -> f64 {
    (0..shares).map(|fewer| ln_exactly(fewer, mean).exp()).sum()
}

fn mean_of(class: &WorkClass, rate: f64, seconds: f64) -> f64 {
    rate * seconds / hashes_per_share(class)
}

/// Within a twentieth, as a table of two digits says it.
fn is_about(found: f64, told: f64) -> bool {
    (found / told - 1.0).abs() < 0.05
}

#[test]
fn both_sums_of_the_formula_add_up_to_one_and_are_those_that_are_known() {
    for (shares, mean) in [(1, 0.5), (16, 28.0), (41, 17.0), (41, 41.0), (60, 90.0)] {
        let sum = pass(shares, mean) + fail(shares, mean);
        assert!((sum - 1.0).abs() < 1e-12, "{shares} {mean}: {sum}");
    }
    // One or more: 1 - e^-λ. Two or more: 1 - e^-λ·(1 + λ).
    assert!((pass(1, 0.25) - (1.0 - (-0.25_f64).exp())).abs() < 1e-15);
    assert!((pass(2, 3.0) - (1.0 - 4.0 * (-3.0_f64).exp())).abs() < 1e-15);
}

#[test]
fn a_share_takes_the_hashes_that_pools_reckon_with() {
    for class in classes() {
        let told = 4_295_032_833.0 * class.difficulty as f64 / 1e9;
        assert!((hashes_per_share(&class) / told - 1.0).abs() < 1e-9, "class {}", class.class);
    }
}

#[test]
fn every_class_shuts_out_who_has_its_floor_and_lets_in_its_machines() {
    // By class: chances at the floor and at twice the floor, a machine's rate and its chance to fail, its seconds on the average.
    let table = [
        (1, 6.2e-7, 0.14, 333e6, 1.5e-4, 529.0),
        (2, 6.9e-7, 0.20, 2e9, 1.5e-3, 387.0),
        (3, 1.0e-6, 0.36, 20e9, 6.1e-5, 357.0),
        (4, 8.2e-7, 0.11, 500e9, 1.5e-22, 167.0),
        (5, 8.8e-7, 0.20, 4e12, 1.7e-3, 387.0),
        (6, 5.1e-7, 0.30, 50e12, 1.0e-8, 293.0),
        (7, 9.4e-7, 0.52, 200e12, 1.7e-6, 338.0),
    ];
    println!("class  floor H/s  pass at F  pass at 2F  machine H/s  fails   mean s");
    for (class, (number, at_floor, at_twice, machine, fails, seconds)) in classes().iter().zip(table) {
        let (shares, floor) = (class.shares, class.floor as f64);
        let most = |rate| pass(shares, mean_of(class, rate, window_s(class) + SLACK_S));
        let missed = fail(shares, mean_of(class, machine, window_s(class) - LOSS_S));
        let takes = f64::from(shares) * hashes_per_share(class) / machine;
        println!(
            "{number:>5}  {floor:>9.1e}  {:>9.1e}  {:>10.2}  {machine:>11.1e}  {missed:.1e}  {takes:>6.0}",
            most(floor),
            most(2.0 * floor),
        );
        assert_eq!(class.class, number);
        assert!(is_about(most(floor), at_floor) && most(floor) <= 1.05e-6, "class {number}: {}", most(floor));
        assert!((most(2.0 * floor) - at_twice).abs() < 0.01, "class {number}: {}", most(2.0 * floor));
        assert!(is_about(missed, fails), "class {number}: {missed}");
        assert!((takes - seconds).abs() < 1.0, "class {number}: {takes}");
    }
}

#[test]
fn the_lowest_class_lets_nobody_in_by_luck_and_nobody_out_by_bad_luck() {
    let class = classes()[0];
    let most = |rate: f64| pass(class.shares, mean_of(&class, rate * MEGA, window_s(&class) + SLACK_S));
    for (rate, told) in [(8.0, 2e-40), (28.7, 1e-19), (50.0, 9e-12), (75.0, 6.2e-7), (100.0, 3.5e-4)] {
        // Told by one digit where there are so many zeros before it.
        assert!((0.4..2.5).contains(&(most(rate) / told)), "{rate} MH/s: {:e}", most(rate));
    }
    for (rate, told) in [(125.0, 0.015), (150.0, 0.14), (175.0, 0.44), (200.0, 0.77), (225.0, 0.94)] {
        assert!((most(rate) - told).abs() < 0.01, "{rate} MH/s: {}", most(rate));
    }
    let missed = |rate: f64| fail(class.shares, mean_of(&class, rate * MEGA, window_s(&class) - LOSS_S));
    for (rate, told) in [(250.0, 0.937), (275.0, 0.986), (300.0, 0.9977), (310.0, 0.9989), (333.0, 0.99985)] {
        assert!((1.0 - missed(rate) - told).abs() < 1e-3, "{rate} MH/s: {}", 1.0 - missed(rate));
    }
}

/// A miner of this rate, window after window: in how many it finds what the class asks for, and after how long on the average.
fn measure(class: &WorkClass, rate: f64, seconds: f64, windows: u64) -> (u64, f64) {
    let mut chance = Chance(0x5eed_0000 ^ rate as u64);
    // ln of the chance that a hash is no share.
    let misses = (-1.0 / hashes_per_share(class)).ln_1p();
    let (mut passed, mut sum) = (0, 0.0);
    for _ in 0..windows {
        let (mut hashes, mut found) = (0.0, 0);
        while found < class.shares && hashes <= rate * seconds {
            // How many hashes until the next share: geometric.
            hashes += (chance.next().ln() / misses).ceil().max(1.0);
            found += u16::from(hashes <= rate * seconds);
        }
        if found == class.shares {
            passed += 1;
            sum += hashes / rate;
        }
    }
    (passed, sum / (passed as f64).max(1.0))
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the environment asks for the long form")]
fn miners_on_virtual_time_pass_as_often_as_the_formula_says() {
    let windows = std::env::var("WORK_RATE_WINDOWS").ok().and_then(|count| count.parse().ok()).unwrap_or(WINDOWS);
    let class = classes()[0];
    println!("{windows} windows each, class {}: {} shares in {} s", class.class, class.shares, window_s(&class));
    println!("   MH/s  window s      formula       passed    sigma  off by  mean s");
    for (rate, seconds) in [
        (8.0, window_s(&class) + SLACK_S),
        (75.0, window_s(&class) + SLACK_S),
        (150.0, window_s(&class) + SLACK_S),
        (333.0, window_s(&class) - LOSS_S),
    ] {
        let expected = pass(class.shares, mean_of(&class, rate * MEGA, seconds));
        let (passed, mean_s) = measure(&class, rate * MEGA, seconds, windows);
        let count = windows as f64;
        let sigma = (count * expected * (1.0 - expected)).max(0.0).sqrt();
        let off = passed as f64 - count * expected;
        println!("{rate:>7}  {seconds:>8}  {expected:>11.4e}  {passed:>11}  {sigma:>7.2}  {off:>6.2}  {mean_s:>6.1}");
        let (told, rare) = (count * expected, (count * expected).min(count * (1.0 - expected)));
        // Where few are expected, how few or many are found follows Poisson's formula, and not a bell.
        let rarely = if expected < 0.5 { passed } else { windows - passed };
        let rarely = u16::try_from(rarely).unwrap_or(u16::MAX);
        let is_likely = if rare < 10.0 {
            (rarely == 0 || pass(rarely, rare) > BEYOND_3_SIGMA) && fail(rarely + 1, rare) > BEYOND_3_SIGMA
        } else {
            off.abs() <= 3.0 * sigma
        };
        assert!(is_likely, "{rate} MH/s: {passed} of {windows}, by the formula {told}");
    }
}
