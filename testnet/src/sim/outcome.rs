//! What came of a scenario, and of a whole run.

use std::collections::BTreeMap;

use serde::Serialize;

use super::checks::Violation;
use super::faults::Faults;
use super::world::World;

/// What came of one scenario under one seed, in one network or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) views: u64,
    pub(crate) blocks: u64,
    pub(crate) transactions: u64,
    pub(crate) proofs: u64,
    pub(crate) faults: Faults,
    pub(crate) violations: Vec<Violation>,
    /// Equal for equal runs.
    pub(crate) trace: u64,
}

impl Outcome {
    pub(crate) fn of(world: World) -> Self {
        Self {
            views: world.views.len() as u64,
            blocks: world.auditor.chain.len() as u64,
            transactions: world.auditor.transactions,
            proofs: world.auditor.proofs,
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
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.views += other.views;
        self.blocks += other.blocks;
        self.transactions += other.transactions;
        self.proofs += other.proofs;
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
    /// Proofs of work in them.
    pub proofs: u64,
    /// Injected faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// How many properties were violated.
    pub violations: u64,
    /// The first violation of each seed that has one.
    pub failures: Vec<Failure>,
}

impl Report {
    pub(crate) fn add(&mut self, outcome: &Outcome, failure: Option<Failure>) {
        self.seeds += 1;
        self.views += outcome.views;
        self.blocks += outcome.blocks;
        self.transactions += outcome.transactions;
        self.proofs += outcome.proofs;
        self.violations += outcome.violations.len() as u64;
        for (kind, count) in &outcome.faults.counts {
            *self.faults.entry(kind).or_default() += count;
        }
        self.failures.extend(failure);
    }
}
