//! What came of a scenario, and of a whole run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::checks::Violation;
use super::faults::Faults;
use super::world::World;

/// What came of one scenario under one seed, in one network or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub(crate) views: u64,
    pub(crate) blocks: u64,
    pub(crate) transactions: u64,
    /// Calls without a sender in final blocks, by module.
    pub(crate) system_calls: BTreeMap<&'static str, u64>,
    pub(crate) faults: Faults,
    pub(crate) violations: Vec<Violation>,
    /// Equal for equal runs.
    pub(crate) trace: u64,
}

impl Outcome {
    /// What came of a network.
    #[must_use]
    pub fn of(world: World) -> Self {
        let registry = &world.ground.registry;
        let name = |id| registry.module(id).map_or("no module", |module| module.name());
        let system_calls = world.auditor.system_calls.iter().map(|(id, count)| (name(*id), *count)).collect();
        Self {
            views: world.views.len() as u64,
            blocks: world.auditor.chain.len() as u64,
            transactions: world.auditor.transactions,
            system_calls,
            faults: world.faults,
            violations: world.auditor.violations,
            trace: world.trace,
        }
    }

    /// Nothing but a violation, or none.
    pub(crate) fn of_check(property: &'static str, checked: Result<(), String>) -> Self {
        let violations = checked.err().map(|message| Violation { property, message });
        Self { violations: violations.into_iter().collect(), ..Self::default() }
    }

    /// Adds another network of the same scenario.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.views += other.views;
        self.blocks += other.blocks;
        self.transactions += other.transactions;
        add(&mut self.system_calls, &other.system_calls);
        self.faults.merge(&other.faults);
        self.violations.extend(other.violations);
        self.trace = self.trace.rotate_left(7) ^ other.trace;
        self
    }

    pub(crate) fn is_violated(&self) -> bool {
        !self.violations.is_empty()
    }
}

/// A property that did not hold, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The scenario.
    pub scenario: &'static str,
    /// The property.
    pub property: &'static str,
    /// How it was violated.
    pub message: String,
    /// Repeats it.
    pub command: String,
}

impl Failure {
    /// The first violation under a seed, if there is one.
    pub(crate) fn of(seed: u64, scenario: &'static str, command: String, outcome: &Outcome) -> Option<Self> {
        let Violation { property, message } = outcome.violations.first()?;
        Some(Self { seed, scenario, property, message: message.clone(), command })
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many seeds were run.
    pub seeds: u64,
    /// The first of them.
    pub from: u64,
    /// Views that were entered.
    pub views: u64,
    /// Blocks that became final.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Calls without a sender in them, by module.
    pub system_calls: BTreeMap<&'static str, u64>,
    /// Injected faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// How many properties were violated.
    pub violations: u64,
    /// The first violation of each seed that has one.
    pub failures: Vec<Failure>,
    /// What happened under all seeds, folded into a number: equal seeds of equal code give equal numbers.
    #[serde(serialize_with = "hexadecimal")]
    pub trace: u64,
}

impl Report {
    pub(crate) fn add(&mut self, outcome: &Outcome, failure: Option<Failure>) {
        self.seeds += 1;
        self.views += outcome.views;
        self.blocks += outcome.blocks;
        self.transactions += outcome.transactions;
        add(&mut self.system_calls, &outcome.system_calls);
        self.violations += outcome.violations.len() as u64;
        for (kind, count) in &outcome.faults.counts {
            *self.faults.entry(kind).or_default() += count;
        }
        self.failures.extend(failure);
        self.trace = self.trace.rotate_left(7) ^ outcome.trace;
    }
}

fn add(counts: &mut BTreeMap<&'static str, u64>, more: &BTreeMap<&'static str, u64>) {
    for (name, count) in more {
        *counts.entry(name).or_default() += count;
    }
}

/// A JSON number has no 64 bits everywhere.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn hexadecimal<S: serde::Serializer>(trace: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{trace:016x}"))
}
