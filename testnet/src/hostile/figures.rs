//! How soon transfers were final, in figures that a single hiccup of the machine does not move.
//!
//! A span of time is cut into windows; each has its percentiles, and what counts is the median over the windows. A transfer that
//! is not final yet counts with its age. It must not know where samples come from.

use std::time::{Duration, Instant};

use serde::Serialize;

/// One transfer: wanted at a time, final after a while or not yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) wanted: Instant,
    pub(super) took: Option<Duration>,
}

/// Figures of a span of time, in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Finality {
    /// Transfers that were wanted in it.
    pub(super) transfers: usize,
    /// Those that had not become final when it ended.
    pub(super) open: usize,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// How many windows had transfers.
    pub(super) windows: usize,
    /// The median over these of each one's p99: what is judged.
    pub(super) p99_window_median_ms: f64,
}

/// Figures of the transfers wanted from `from` to `to`, cut into windows of about `window`. Transfers that were wanted earlier and
/// are still open count too: a network that stands still takes no new ones.
pub(super) fn finality(samples: &[Sample], from: Instant, to: Instant, window: Duration) -> Finality {
    let counts = |sample: &&Sample, from: Instant, to: Instant| {
        let ends = sample.took.map(|took| sample.wanted + took);
        sample.wanted < to && (sample.wanted >= from || ends.is_none_or(|ends| ends >= to))
    };
    let age = |sample: &Sample, to: Instant| {
        let so_far = to.saturating_duration_since(sample.wanted);
        sample.took.map_or(so_far, |took| took.min(so_far.max(Duration::from_millis(1))))
    };
    let within = |from: Instant, to: Instant| -> Vec<f64> {
        samples.iter().filter(|sample| counts(sample, from, to)).map(|sample| ms(age(sample, to))).collect()
    };
    let whole: Vec<&Sample> = samples.iter().filter(|sample| counts(sample, from, to)).collect();
    // What became final after the span is told with its true time in the figures of the whole.
    let times: Vec<f64> = whole.iter().map(|sample| ms(sample.took.unwrap_or_else(|| age(sample, to)))).collect();
    let span = to.saturating_duration_since(from);
    let count = (span.as_secs_f64() / window.as_secs_f64().max(0.001)).round().max(1.0) as u32;
    let step = span / count;
    let windows = (0..count).map(|place| within(from + step * place, from + step * (place + 1)));
    let p99s: Vec<f64> = windows.filter(|times| !times.is_empty()).map(|times| percentile(times, 99)).collect();
    Finality {
        transfers: whole.len(),
        open: whole.iter().filter(|sample| sample.took.is_none_or(|took| sample.wanted + took > to)).count(),
        p50_ms: percentile(times.clone(), 50),
        p99_ms: percentile(times, 99),
        windows: p99s.len(),
        p99_window_median_ms: percentile(p99s, 50),
    }
}

/// The smallest value that is not exceeded by `percent` of all; 0 of none.
pub(super) fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(place).copied().unwrap_or_default()
}

/// Milliseconds, to a hundredth.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn steady(begun: Instant, seconds: u64, took: Duration) -> Vec<Sample> {
        (0..seconds * 20)
            .map(|place| Sample { wanted: begun + Duration::from_millis(50 * place), took: Some(took) })
            .collect()
    }

    #[test]
    fn one_slow_window_of_many_does_not_move_the_median_and_a_slow_span_does() {
        let begun = Instant::now();
        let mut samples = steady(begun, 5, Duration::from_millis(20));
        samples[45].took = Some(Duration::from_millis(400));
        let calm = finality(&samples, begun, begun + 5 * SECOND, SECOND);
        assert_eq!((calm.transfers, calm.open, calm.p50_ms, calm.p99_window_median_ms), (100, 0, 20.0, 20.0));
        let slow = steady(begun, 5, Duration::from_millis(90));
        assert_eq!(finality(&slow, begun, begun + 5 * SECOND, SECOND).p99_window_median_ms, 90.0);
    }

    #[test]
    fn a_transfer_that_never_becomes_final_counts_with_its_age_in_every_window() {
        let begun = Instant::now();
        let samples = [Sample { wanted: begun, took: None }];
        let stuck = finality(&samples, begun, begun + 4 * SECOND, SECOND);
        assert_eq!((stuck.transfers, stuck.open, stuck.p50_ms), (1, 1, 4_000.0));
        assert_eq!(stuck.p99_window_median_ms, 2_000.0, "1, 2, 3 and 4 s old");
        let later = finality(&samples, begun + 2 * SECOND, begun + 4 * SECOND, SECOND);
        assert_eq!(later.p99_window_median_ms, 3_000.0, "it was wanted before");
    }

    #[test]
    fn what_became_final_after_the_span_counts_as_open_and_tells_its_true_time() {
        let begun = Instant::now();
        let samples = [Sample { wanted: begun, took: Some(3 * SECOND) }];
        let cut = finality(&samples, begun, begun + 2 * SECOND, SECOND);
        assert_eq!((cut.open, cut.p99_ms), (1, 3_000.0));
        assert!(cut.p99_window_median_ms <= 2_000.0);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        assert_eq!(percentile((1..=200).map(f64::from).collect(), 99), 198.0);
        assert_eq!((percentile(vec![7.0], 99), percentile(Vec::new(), 50)), (7.0, 0.0));
    }
}
