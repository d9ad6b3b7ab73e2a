//! Numbers over several runs: the median, and how far they spread.

use std::collections::BTreeMap;

use serde::Serialize;

/// What one run of a part has found, by name with the unit last.
pub type Figures = BTreeMap<&'static str, f64>;

/// A figure over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

/// The value below which this share of the values lies; the values are sorted. Zero when there are none.
#[must_use]
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    // The nearest rank: a value that was really seen.
    let rank = (share * last as f64).round() as usize;
    sorted.get(rank.min(last)).copied().unwrap_or_default()
}

/// Sorts times, and gives them in the unit that `per_second` of make a second.
#[must_use]
pub fn sorted(times: impl IntoIterator<Item = std::time::Duration>, per_second: f64) -> Vec<f64> {
    let mut values: Vec<f64> = times.into_iter().map(|time| time.as_secs_f64() * per_second).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Joins the runs of a part.
#[must_use]
pub fn summarize(runs: &[Figures]) -> BTreeMap<&'static str, Summary> {
    let names: std::collections::BTreeSet<_> = runs.iter().flat_map(|figures| figures.keys().copied()).collect();
    let summary = |name: &'static str| {
        let mut values: Vec<f64> = runs.iter().filter_map(|figures| figures.get(name).copied()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let least = values.first().copied().unwrap_or_default();
        let most = values.last().copied().unwrap_or_default();
        let summary = Summary { median: rounded(percentile(&values, 0.5)), least: rounded(least), most: rounded(most) };
        (name, summary)
    };
    names.into_iter().map(summary).collect()
}

/// Four significant digits: more is noise.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powf(3.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_the_middle_the_least_and_the_most_of_what_was_seen() {
        let runs: Vec<Figures> =
            [3.0, 1.0, 200.126].into_iter().map(|value| Figures::from([("p50_ms", value)])).collect();
        assert_eq!(summarize(&runs)["p50_ms"], Summary { median: 3.0, least: 1.0, most: 200.1 });
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&hundred, 0.99), percentile(&hundred, 0.0), percentile(&[], 0.5)), (99.0, 1.0, 0.0));
    }
}
