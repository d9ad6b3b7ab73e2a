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

/// The spans that only a pool's sums are kept for.
const POOL_SPANS: [(u64, u64); 2] = [(900, 18_426_259_074_068_296_352), (21_600, 18_445_890_077_548_795_392)];

/// The spans over which a pool's shares are counted.
const SHARE_SPANS: [(u64, u64); 4] = [
    (60, 18_141_846_212_446_439_382),
    (300, 18_385_357_294_934_743_907),
    (900, 18_426_259_074_068_296_352),
    (3_600, 18_441_620_689_747_570_585),
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
pub struct Rates(Fading<5>);

impl Rates {
    /// Adds an accepted share of so many billionths of pool difficulty 1.
    pub fn add(&mut self, now_ms: u64, billionths: u128) {
        self.0.add(now_ms, billionths, &SPANS);
    }

    /// The rates at `now_ms`.
    #[must_use]
    pub fn read(&self, now_ms: u64) -> HashRates {
        let [minute, five_minutes, hour, day, week] = self.0.read(now_ms, &SPANS).map(Measured::hashes);
        HashRates { minute, five_minutes, hour, day, week }
    }
}

/// What ckpool tells of a whole pool besides [`HashRates`]; kept in memory alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolRates {
    weights: Fading<2>,
    shares: Fading<4>,
}

/// What [`PoolRates`] measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolSpeed {
    /// Hashes per second over 15 minutes.
    pub quarter_hour: u128,
    /// Hashes per second over six hours.
    pub six_hours: u128,
    /// Billionths of a share per second over one, five and fifteen minutes and an hour.
    pub shares: [u128; 4],
}

impl PoolRates {
    /// Adds an accepted share of so many billionths of pool difficulty 1.
    pub(crate) fn add(&mut self, now_ms: u64, billionths: u128) {
        self.weights.add(now_ms, billionths, &POOL_SPANS);
        self.shares.add(now_ms, 1_000_000_000, &SHARE_SPANS);
    }

    /// The rates at `now_ms`.
    pub(crate) fn read(&self, now_ms: u64) -> PoolSpeed {
        let [quarter_hour, six_hours] = self.weights.read(now_ms, &POOL_SPANS).map(Measured::hashes);
        let shares = self.shares.read(now_ms, &SHARE_SPANS).map(Measured::billionths);
        PoolSpeed { quarter_hour, six_hours, shares }
    }
}

/// Sums of weights that fade, one for each of `N` spans.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Fading<const N: usize> {
    sums: [u128; N],
    began_s: Option<u64>,
    last_s: u64,
}

impl<const N: usize> Default for Fading<N> {
    fn default() -> Self {
        Self { sums: [0; N], began_s: None, last_s: 0 }
    }
}

impl<const N: usize> Fading<N> {
    fn add(&mut self, now_ms: u64, weight: u128, spans: &[(u64, u64); N]) {
        let now_s = seconds(now_ms);
        // Measuring begins at the first share; its own weight says nothing about a rate.
        if self.began_s.is_none() {
            self.began_s = Some(now_s);
            self.last_s = now_s;
            return;
        }
        self.fade(now_s, spans);
        let weight = weight.min(1 << 96) << SUM_BITS;
        for sum in &mut self.sums {
            *sum = sum.saturating_add(weight).min(SUM_MAX);
        }
    }

    fn read(&self, now_ms: u64, spans: &[(u64, u64); N]) -> [Measured; N] {
        let mut measured = [Measured::NOTHING; N];
        let Some(began_s) = self.began_s else { return measured };
        let mut faded = self.clone();
        faded.fade(seconds(now_ms), spans);
        let age_s = faded.last_s.saturating_sub(began_s);
        for ((place, sum), (span_s, factor)) in measured.iter_mut().zip(faded.sums).zip(spans) {
            *place = Measured { sum, seconds: summed_seconds(age_s, *span_s, *factor) };
        }
        measured
    }

    fn fade(&mut self, now_s: u64, spans: &[(u64, u64); N]) {
        let elapsed_s = now_s.saturating_sub(self.last_s);
        if elapsed_s == 0 {
            return;
        }
        for (sum, (_, factor)) in self.sums.iter_mut().zip(spans) {
            *sum = scaled(*sum, power(*factor, elapsed_s));
        }
        self.last_s = now_s;
    }
}

/// A faded sum, and what a rate of one would have summed up to since the beginning.
#[derive(Clone, Copy)]
struct Measured {
    /// With 16 fractional bits.
    sum: u128,
    /// With 32 fractional bits, at least one second.
    seconds: u128,
}

impl Measured {
    const NOTHING: Self = Self { sum: 0, seconds: 1 << 32 };

    /// The sum as hashes per second.
    fn hashes(self) -> u128 {
        // Pool difficulty 1 is 2^48 / 65,535 hashes, and a billion billionths.
        let above = U256::from(self.sum).saturating_mul(U256::from(1_u128 << 64));
        let below = U256::from(65_535_000_000_000_u128).saturating_mul(U256::from(self.seconds));
        above.checked_div(below).and_then(|hashes| u128::try_from(hashes).ok()).unwrap_or(u128::MAX)
    }

    /// The sum as billionths per second.
    fn billionths(self) -> u128 {
        let above = U256::from(self.sum).saturating_mul(U256::from(1_u128 << 16));
        let rate = above.checked_div(U256::from(self.seconds));
        rate.and_then(|rate| u128::try_from(rate).ok()).unwrap_or(u128::MAX)
    }
}

const fn seconds(ms: u64) -> u64 {
    match ms.checked_div(1_000) {
        Some(seconds) => seconds,
        None => 0,
    }
}

/// span · (1 - e^(-age/span)), with 32 fractional bits, at least one second.
fn summed_seconds(age_s: u64, span_s: u64, factor: u64) -> u128 {
    let missing = u64::MAX.saturating_sub(power(factor, age_s)) >> 32;
    u128::from(span_s).saturating_mul(u128::from(missing)).max(1 << 32)
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
    fn a_pool_counts_its_shares_by_the_second() {
        let mut rates = PoolRates::default();
        (0..=3_600).step_by(4).for_each(|second| rates.add(second * 1_000, 5_000_000));
        let speed = rates.read(3_600_000);
        for rate in speed.shares {
            assert!(is_within(rate, 250_000_000, 40), "{rate} billionths of a share a second");
        }
        let expected = (1_u128 << 48) / 65_535 / 4 / 200;
        assert!(is_within(speed.quarter_hour, expected, 10) && is_within(speed.six_hours, expected, 10), "{speed:?}");
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
