//! Hash rates over five spans, as sums that fade.
//!
//! Each span τ keeps `S = Σ weight · e^(-age/τ)`; the rate is `S / τ`, corrected for how long there was anything to
//! measure. Integers only: the factors `e^(-1/τ)` stand here with 64 fractional bits, and e^(-n/τ) is their power by
//! squaring. Invariants: nothing overflows (weights are cut at 2^96 billionths); time is in whole seconds and never
//! goes back.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::U256;

/// The spans in seconds, with `floor(2^64 · e^(-1/span))`.
const SPANS: [(u64, u64); 5] = [
    (60, 18_141_846_212_446_439_382),
    (300, 18_385_357_294_934_743_907),
    (3_600, 18_441_620_689_747_570_585),
    (86_400, 18_446_530_570_962_767_701),
    (604_800, 18_446_713_573_165_862_076),
];

/// Fractional bits of the sums, so that small weights do not vanish by rounding.
const SUM_BITS: u32 = 16;
const SUM_MAX: u128 = 1 << 120;

/// Hash rates in hashes per second, over a minute, five minutes, an hour, a day and a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashRates {
    /// One minute.
    pub minute: u128,
    /// Five minutes.
    pub five_minutes: u128,
    /// One hour.
    pub hour: u128,
    /// One day.
    pub day: u128,
    /// One week.
    pub week: u128,
}

/// The fading sums of one worker, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rates {
    sums: [u128; 5],
    began_s: Option<u64>,
    last_s: u64,
}

impl Rates {
    /// Adds an accepted share of so many billionths of pool difficulty 1.
    pub fn add(&mut self, now_ms: u64, billionths: u128) {
        let now_s = seconds(now_ms);
        // Measuring begins at the first share; its own weight says nothing about a rate.
        if self.began_s.is_none() {
            self.began_s = Some(now_s);
            self.last_s = now_s;
            return;
        }
        self.fade(now_s);
        let weight = billionths.min(1 << 96) << SUM_BITS;
        for sum in &mut self.sums {
            *sum = sum.saturating_add(weight).min(SUM_MAX);
        }
    }

    /// The rates at `now_ms`.
    #[must_use]
    pub fn read(&self, now_ms: u64) -> HashRates {
        let Some(began_s) = self.began_s else { return HashRates::default() };
        let mut faded = self.clone();
        faded.fade(seconds(now_ms));
        let age_s = faded.last_s.saturating_sub(began_s);
        let mut rates =
            faded.sums.iter().zip(SPANS).map(|(sum, (span_s, factor))| hash_rate(*sum, age_s, span_s, factor));
        let mut next = || rates.next().unwrap_or(0);
        HashRates { minute: next(), five_minutes: next(), hour: next(), day: next(), week: next() }
    }

    fn fade(&mut self, now_s: u64) {
        let elapsed_s = now_s.saturating_sub(self.last_s);
        if elapsed_s == 0 {
            return;
        }
        for (sum, (_, factor)) in self.sums.iter_mut().zip(SPANS) {
            *sum = scaled(*sum, power(factor, elapsed_s));
        }
        self.last_s = now_s;
    }
}

const fn seconds(ms: u64) -> u64 {
    match ms.checked_div(1_000) {
        Some(seconds) => seconds,
        None => 0,
    }
}

/// The sum as hashes per second: divided by what a rate of one would have summed up to since the beginning.
fn hash_rate(sum: u128, age_s: u64, span_s: u64, factor: u64) -> u128 {
    // span · (1 - e^(-age/span)), with 32 fractional bits, at least one second.
    let missing = u64::MAX.saturating_sub(power(factor, age_s)) >> 32;
    let seconds = u128::from(span_s).saturating_mul(u128::from(missing)).max(1 << 32);
    // Pool difficulty 1 is 2^48 / 65,535 hashes, and a billion billionths.
    let above = U256::from(sum).saturating_mul(U256::from(1_u128 << 64));
    let below = U256::from(65_535_000_000_000_u128).saturating_mul(U256::from(seconds));
    above.checked_div(below).and_then(|hashes| u128::try_from(hashes).ok()).unwrap_or(u128::MAX)
}

/// `base^exponent`, both base and result with 64 fractional bits below one.
fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut result, mut square) = (u64::MAX, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = high(result, square);
        }
        square = high(square, square);
        exponent >>= 1;
    }
    result
}

fn high(left: u64, right: u64) -> u64 {
    let product = u128::from(left).saturating_mul(u128::from(right)) >> 64;
    u64::try_from(product).unwrap_or(u64::MAX)
}

/// `sum · factor / 2^64` without overflow.
fn scaled(sum: u128, factor: u64) -> u128 {
    let (top, low) = (sum >> 64, sum & u128::from(u64::MAX));
    let factor = u128::from(factor);
    top.saturating_mul(factor).saturating_add(low.saturating_mul(factor) >> 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One share of difficulty 1 every `interval_s` for `seconds`.
    fn steady(seconds: u64, interval_s: u64) -> Rates {
        let mut rates = Rates::default();
        (0..=seconds).step_by(interval_s as usize).for_each(|second| rates.add(second * 1_000, 1_000_000_000));
        rates
    }

    fn is_within(rate: u128, expected: u128, per_mille: u128) -> bool {
        rate.abs_diff(expected) * 1_000 <= expected * per_mille
    }

    #[test]
    fn a_steady_machine_is_measured_right_over_every_span_from_its_first_hour_on() {
        let expected = (1_u128 << 48) / 65_535 / 4;
        let rates = steady(3_600, 4).read(3_600_000);
        // A sum that was just added to stands half an interval too high: 3 % over a minute, little over a day.
        for (rate, per_mille) in
            [(rates.minute, 40), (rates.five_minutes, 10), (rates.hour, 3), (rates.day, 3), (rates.week, 3)]
        {
            assert!(is_within(rate, expected, per_mille), "{rate} against {expected}");
        }
    }

    #[test]
    fn what_stopped_fades_by_e_per_span() {
        let rates = steady(3_600, 1);
        let (now, later) = (rates.read(3_600_000).minute, rates.read(3_660_000).minute);
        assert!(is_within(later, now * 1_000 / 2_718, 5), "{later} after {now}");
        assert_eq!(rates.read(u64::MAX).minute, 0);
    }

    #[test]
    fn the_largest_weights_do_not_overflow_and_the_smallest_are_not_lost() {
        let mut rates = Rates::default();
        (0..1_000).for_each(|second| rates.add(second * 1_000, u128::MAX));
        assert!(rates.read(1_000_000).week > 1 << 90);
        let mut small = Rates::default();
        (0..10_000).for_each(|second| small.add(second * 1_000, 1_000));
        assert!(is_within(small.read(10_000_000).hour, 4_295, 20), "{:?}", small.read(10_000_000));
    }
}
