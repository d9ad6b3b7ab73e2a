//! Numbers over several runs: the median, and how far they spread.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What one run has found, by name with the unit last.
pub type Figures = BTreeMap<&'static str, f64>;

/// What a part has found.
#[derive(Clone, Debug)]
pub enum Findings {
    /// One set of figures, run by run.
    Whole(Vec<Figures>),
    /// A set for each case, run by run.
    Cases(Vec<Vec<Figures>>),
}

impl Findings {
    /// The runs of every case.
    pub fn cases(&self) -> impl Iterator<Item = &[Figures]> {
        let (whole, cases) = match self {
            Self::Whole(runs) => (Some(runs.as_slice()), &[][..]),
            Self::Cases(cases) => (None, cases.as_slice()),
        };
        whole.into_iter().chain(cases.iter().map(Vec::as_slice))
    }

    /// The part's place in the document: medians by name, with the spread and the warnings beside them; a list for several cases.
    #[must_use]
    pub fn document(&self, warnings: &[String]) -> Value {
        match self {
            Self::Whole(runs) => entry(runs, warnings),
            Self::Cases(cases) => cases.iter().map(|runs| entry(runs, warnings)).collect(),
        }
    }
}

fn entry(runs: &[Figures], warnings: &[String]) -> Value {
    let summaries = summarize(runs);
    let mut entry: Map<String, Value> =
        summaries.iter().map(|(name, summary)| ((*name).to_owned(), number(summary.median))).collect();
    let spread: Map<String, Value> = summaries
        .iter()
        .map(|(name, summary)| {
            ((*name).to_owned(), json!({ "least": number(summary.least), "most": number(summary.most) }))
        })
        .collect();
    entry.insert("spread".to_owned(), Value::Object(spread));
    entry.insert("runs".to_owned(), json!(runs.len()));
    entry.insert("warnings".to_owned(), json!(warnings));
    Value::Object(entry)
}

/// Whole numbers are written without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// A figure over all runs.
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// A quotient; zero when there is nothing to divide by.
#[must_use]
pub fn per(value: f64, count: f64) -> f64 {
    if count == 0.0 { 0.0 } else { value / count }
}

/// Joins the runs of a case.
#[must_use]
pub fn summarize(runs: &[Figures]) -> BTreeMap<&'static str, Summary> {
    let names: BTreeSet<_> = runs.iter().flat_map(|figures| figures.keys().copied()).collect();
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

/// Four significant digits: more is noise. Counts stay whole.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    if value.fract() == 0.0 {
        return value;
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

    #[test]
    fn a_part_is_an_object_of_medians_or_a_list_of_such_objects() {
        let runs = vec![Figures::from([("tps", 9_000.5), ("block_limit", 512.0)])];
        let warnings = ["noisy".to_owned()];
        let whole = Findings::Whole(runs.clone()).document(&warnings);
        assert_eq!(whole["tps"], json!(9_001));
        assert_eq!(whole["block_limit"], json!(512));
        assert_eq!(whole["spread"]["block_limit"], json!({ "least": 512, "most": 512 }));
        assert_eq!(whole["warnings"], json!(["noisy"]));
        let cases = Findings::Cases(vec![runs.clone(), runs]).document(&[]);
        assert_eq!(cases.as_array().map(Vec::len), Some(2));
        assert_eq!(cases[1]["block_limit"], json!(512));
    }
}
