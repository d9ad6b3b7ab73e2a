//! What is told of an attack and of a run: for people, and as one JSON document.

use serde::Serialize;
use serde_json::{Value, json};

use super::attack::{Attack, Deeds};
use super::attacks::NOT_ATTACKS;
use super::attempt::Seen;
use super::figures::Finality;
use super::metrics::Counters;
use super::verdict::Verdict;
use super::witness::Memory;
use crate::trial::Trials;

const MIB: u64 = 1024 * 1024;
/// Messages of the log that are shown to people.
const MESSAGES_MAX: usize = 6;

/// An attack in the document.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Entry {
    Run(Box<RunEntry>),
    NotRun { name: &'static str, rows: &'static str, run: bool, reason: String },
}

/// An attack that was run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RunEntry {
    name: &'static str,
    rows: &'static str,
    about: &'static str,
    hand: super::attack::Hand,
    scene: super::attack::Scene,
    run: bool,
    /// How often it was tried.
    tries: u32,
    before: Finality,
    during: Finality,
    memory: Vec<Memory>,
    refused: Counters,
    warnings: std::collections::BTreeMap<String, u64>,
    deeds: Deeds,
    violations: Vec<String>,
    /// Doubts that a further try has cleared.
    cleared: Vec<String>,
}

impl Entry {
    pub(super) fn not_run(attack: &Attack, reason: String) -> Self {
        Self::NotRun { name: attack.name, rows: attack.rows, run: false, reason }
    }

    /// The last try, what stands, and what was cleared.
    pub(super) fn run(attack: &Attack, tries: u32, seen: Seen, violations: Vec<String>, cleared: Vec<String>) -> Self {
        let Seen { before, during, memory, refused, said, deeds, .. } = seen;
        let Attack { name, rows, about, hand, scene, .. } = *attack;
        let warnings = said.warnings;
        Self::Run(Box::new(RunEntry {
            name,
            rows,
            about,
            hand,
            scene,
            run: true,
            tries,
            before,
            during,
            memory,
            refused,
            warnings,
            deeds,
            violations,
            cleared,
        }))
    }

    /// How many rules it broke.
    pub(super) fn violations(&self) -> usize {
        match self {
            Self::Run(entry) => entry.violations.len(),
            Self::NotRun { .. } => 0,
        }
    }
}

/// What one try has shown, in lines for people.
pub(super) fn lines(attack: &Attack, seen: &Seen, verdict: &Verdict) -> String {
    let finality = |figures: &Finality| {
        let open = if figures.open > 0 { format!(", {} not final", figures.open) } else { String::new() };
        format!(
            "p50 {:.0} ms, p99 {:.0} ms ({:.0} by windows) of {}{open}",
            figures.p50_ms, figures.p99_ms, figures.p99_window_median_ms, figures.transfers
        )
    };
    let memory = |memory: &Memory| {
        format!("{}: {} > {} MiB (peak {})", memory.node, memory.before / MIB, memory.after / MIB, memory.peak / MIB)
    };
    let memory: Vec<String> = seen.memory.iter().map(memory).collect();
    let mut text = format!(
        "{} ({}, {:?}): {}\n  before   {}\n  during   {}\n  memory   {}\n  did      {}\n  refused  {}\n  log      {}\n",
        attack.name,
        attack.rows,
        attack.hand,
        attack.about,
        finality(&seen.before),
        finality(&seen.during),
        memory.join(", "),
        counted(seen.deeds.iter().map(|(deed, times)| (deed.as_str(), *times)), usize::MAX),
        counted(seen.refused.iter().map(|(name, gain)| (name.as_str(), *gain as u64)), usize::MAX),
        counted(seen.said.warnings.iter().map(|(message, times)| (message.as_str(), *times)), MESSAGES_MAX),
    );
    for (what, sentences) in [("VIOLATED", &verdict.violations), ("doubtful", &verdict.doubts)] {
        sentences.iter().for_each(|sentence| text.push_str(&format!("  {what} {sentence}\n")));
    }
    text
}

fn counted<'a>(what: impl Iterator<Item = (&'a str, u64)>, most: usize) -> String {
    let told: Vec<String> = what.take(most).map(|(name, times)| format!("{name} {times}")).collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

/// The document of a run.
pub(super) fn document(entries: &[Entry], trials: Trials, seconds: f64, error: Option<&str>) -> Value {
    let violations: usize = entries.iter().map(Entry::violations).sum();
    let run = entries.iter().filter(|entry| matches!(entry, Entry::Run(_))).count();
    let rows = NOT_ATTACKS.iter().chain(trials.iter().flat_map(|trial| trial.attacks.not));
    let rows: Vec<Value> = rows.map(|(row, why)| json!({ "row": row, "reason": why })).collect();
    json!({
        "ok": violations == 0 && error.is_none(),
        "violations": violations,
        "error": error,
        "seconds": seconds.round(),
        "run": run,
        "not_run": entries.len() - run,
        "attacks": entries,
        "rows_without_attack": rows,
    })
}
