//! Running seeds: each is a scenario of its own, spread over a few threads, reported in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::keys::SignatureKind;
use super::outcome::{Failure, Outcome, Report};
use super::panics;
use super::scenarios::{self, Casting};
use super::simulated::Scenario;
use crate::trial::Trials;

/// Every tenth seed signs with real BLS.
const BLS_EVERY: u64 = 10;
/// Seeds at once.
const THREADS: usize = 2;

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many seeds.
    pub seeds: u64,
    /// The first.
    pub from: u64,
    /// Only this scenario, instead of one chosen by the seed.
    pub scenario: Option<String>,
    /// Sign with real BLS under every seed.
    pub bls: bool,
    /// Tell on standard error what happens.
    pub narrate: bool,
}

static NARRATED: AtomicBool = AtomicBool::new(false);

/// Whether worlds tell what happens in them.
pub(crate) fn is_narrated() -> bool {
    NARRATED.load(Ordering::Relaxed)
}

/// A scenario that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scenario `{name}`; there are: {there_are}", there_are = .there_are.join(", "))]
pub struct UnknownScenario {
    /// What was asked for.
    pub name: String,
    /// What could have been.
    pub there_are: Vec<&'static str>,
}

/// The names of all scenarios, those of trials among them.
#[must_use]
pub fn scenario_names(trials: Trials) -> Vec<&'static str> {
    scenarios::all(trials).iter().map(|scenario| scenario.name).collect()
}

/// Runs seeds with the trials of a list and reports, calling `each` as seeds end with how many have ended and what the last one violated.
///
/// # Errors
/// [`UnknownScenario`].
pub fn run(
    options: &Options,
    trials: Trials,
    each: impl Fn(u64, Option<&Failure>) + Sync,
) -> Result<Report, UnknownScenario> {
    panics::keep();
    NARRATED.store(options.narrate, Ordering::Relaxed);
    let all = scenarios::all(trials);
    let only = options.scenario.as_deref().map(|name| named(&all, name)).transpose()?;
    let next = AtomicU64::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= options.seeds {
                        break;
                    }
                    let seed = options.from + number;
                    let scenario = only.unwrap_or_else(|| scenarios::of_seed(&all, seed));
                    let outcome = run_one(&scenario, seed, options.bls, trials);
                    let failure = Failure::of(seed, scenario.name, command(seed, options), &outcome);
                    let mut outcomes = outcomes.lock().expect("nobody panics while holding it");
                    each(outcomes.len() as u64 + 1, failure.as_ref());
                    outcomes.push((seed, outcome, failure));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("all threads have ended");
    outcomes.sort_by_key(|(seed, ..)| *seed);
    let mut report = Report { from: options.from, ..Report::default() };
    for (_, outcome, failure) in outcomes {
        report.add(&outcome, failure);
    }
    Ok(report)
}

fn named(all: &[Scenario], name: &str) -> Result<Scenario, UnknownScenario> {
    let found = all.iter().find(|scenario| scenario.name == name).copied();
    let there_are = || all.iter().map(|scenario| scenario.name).collect();
    found.ok_or_else(|| UnknownScenario { name: name.to_owned(), there_are: there_are() })
}

/// One seed of one scenario.
pub(crate) fn run_one(scenario: &Scenario, seed: u64, bls: bool, trials: Trials) -> Outcome {
    let signatures = if bls || seed.is_multiple_of(BLS_EVERY) { SignatureKind::Bls } else { SignatureKind::KeyedHash };
    (scenario.run)(&Casting { seed, signatures, trials })
}

/// Repeats one seed.
fn command(seed: u64, options: &Options) -> String {
    let scenario = options.scenario.as_ref().map(|name| format!(" --scenario {name}")).unwrap_or_default();
    let bls = if options.bls { " --bls" } else { "" };
    format!("cargo x sim --seeds 1 --from {seed}{scenario}{bls}")
}
