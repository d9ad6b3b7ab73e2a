//! Running seeds: each is a scenario of its own, spread over a few threads, reported in order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::keys::SignatureKind;
use super::outcome::{Failure, Outcome, Report};
use super::panics;
use super::scenarios::{self, Casting, Scenario};

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
#[error("there is no scenario `{name}`; there are: {all}", name = .0, all = scenario_names().join(", "))]
pub struct UnknownScenario(pub String);

/// The names of all scenarios.
#[must_use]
pub fn scenario_names() -> Vec<&'static str> {
    scenarios::ALL.iter().map(|scenario| scenario.name).collect()
}

/// Runs seeds and reports, calling `each` as seeds end with how many have ended and what the last one violated.
///
/// # Errors
/// [`UnknownScenario`].
pub fn run(options: &Options, each: impl Fn(u64, Option<&Failure>) + Sync) -> Result<Report, UnknownScenario> {
    panics::keep();
    NARRATED.store(options.narrate, Ordering::Relaxed);
    let only = options.scenario.as_deref().map(named).transpose()?;
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
                    let scenario = only.unwrap_or_else(|| scenarios::of_seed(seed));
                    let outcome = run_one(scenario, seed, options.bls);
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

fn named(name: &str) -> Result<&'static Scenario, UnknownScenario> {
    scenarios::ALL.iter().find(|scenario| scenario.name == name).ok_or_else(|| UnknownScenario(name.to_owned()))
}

/// One seed of one scenario.
pub(crate) fn run_one(scenario: &Scenario, seed: u64, bls: bool) -> Outcome {
    let signatures = if bls || seed.is_multiple_of(BLS_EVERY) { SignatureKind::Bls } else { SignatureKind::KeyedHash };
    (scenario.run)(&Casting { seed, signatures })
}

/// Repeats one seed.
fn command(seed: u64, options: &Options) -> String {
    let scenario = options.scenario.as_ref().map(|name| format!(" --scenario {name}")).unwrap_or_default();
    let bls = if options.bls { " --bls" } else { "" };
    format!("cargo x sim --seeds 1 --from {seed}{scenario}{bls}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_run() {
        for name in ["mix", "twins", "failing-disk"] {
            let scenario = named(name).expect("it is in the list");
            let (first, second) = (run_one(scenario, 3, false), run_one(scenario, 3, false));
            assert_eq!(first, second, "{name}");
            assert_ne!(first.trace, run_one(scenario, 4, false).trace, "another seed is another run");
        }
    }

    #[test]
    fn every_scenario_has_a_name_of_its_own_and_a_share_of_the_seeds() {
        let names: std::collections::BTreeSet<_> = scenario_names().into_iter().collect();
        assert_eq!(names.len(), scenarios::ALL.len());
        let drawn: std::collections::BTreeSet<_> = (0..100).map(|seed| scenarios::of_seed(seed).name).collect();
        assert_eq!(drawn, names);
        assert_eq!(
            run(&Options { scenario: Some("none".into()), ..Options::default() }, |_, _| {}).map(|_| ()),
            Err(UnknownScenario("none".into()))
        );
    }
}
