//! How cost grows with the number of validators: in the simulator, where only their messages and their work count, and as
//! real processes, which share the cores of one machine.
//!
//! It must not measure anything in its own way: real networks are those of `latency` and `cadence`. Invariant: every case has
//! the same figures.

use testnet::devnet::{Failure, Outcome};
use testnet::sim::{HealthyNetwork, Leaders, Pace, Unhealthy};

use super::{cadence, latency};
use crate::figures::{Figures, Findings, per, percentile};
use crate::ground::{Ground, TRIALS};
use crate::meter::cpu_time_of_thread;

/// Numbers of validators that are measured; the first two of them in the short form.
const SIZES: [usize; 3] = [4, 7, 10];

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let sizes = match ground.options.validators {
        Some(only) => vec![usize::from(only)],
        None => SIZES.into_iter().take(ground.options.size(3, 2)).collect(),
    };
    sizes.into_iter().map(|validators| case(ground, validators)).collect::<Outcome<_>>().map(Findings::Cases)
}

/// All runs with so many validators.
fn case(ground: &Ground<'_>, validators: usize) -> Outcome<Vec<Figures>> {
    eprintln!("bench:   {validators} validators");
    let options = ground.options;
    let simulated = (1..=options.runs()).map(|seed| simulated(ground, validators, u64::from(seed)));
    let simulated = simulated.collect::<Outcome<Vec<Figures>>>()?;
    let latency = latency::runs(ground, latency::Case { validators, transfers: options.size(200, 30) })?;
    let cadence = cadence::runs(ground, cadence::Case { validators, span_s: options.size(8, 3) })?;
    Ok(joined(simulated, [latency, cadence]))
}

/// The figures of all kinds of runs, run by run.
fn joined(first: Vec<Figures>, others: [Vec<Figures>; 2]) -> Vec<Figures> {
    others.into_iter().fold(first, |runs, more| {
        runs.into_iter().zip(more).map(|(run, more)| run.into_iter().chain(more).collect()).collect()
    })
}

/// One run in virtual time. Its CPU time is that of the whole simulator for all nodes, without checkers.
fn simulated(ground: &Ground<'_>, validators: usize, seed: u64) -> Outcome<Figures> {
    let start = |leaders| HealthyNetwork::start(validators, leaders, seed, TRIALS).map_err(failure);
    let mut network = start(Leaders::NeverWait)?.unwatched();
    let before = cpu_time_of_thread();
    let pace = network.blocks(ground.options.size(5_000, 1_000)).map_err(failure)?;
    let cpu = cpu_time_of_thread().saturating_sub(before);
    let Pace { span_ms, blocks, messages, bytes } = pace;
    let blocks = blocks as f64;
    let times = start(Leaders::WaitForWork)?.transfers_us(ground.options.size(200, 30)).map_err(failure)?;
    let mut times: Vec<f64> = times.into_iter().map(|us| us as f64 / 1_000.0).collect();
    times.sort_unstable_by(f64::total_cmp);
    Ok(Figures::from([
        ("sim_blocks_per_s", per(blocks * 1_000.0, span_ms as f64)),
        ("sim_p50_ms", percentile(&times, 0.50)),
        ("sim_p99_ms", percentile(&times, 0.99)),
        ("sim_messages_per_block", per(messages as f64, blocks)),
        ("sim_bytes_per_block", per(bytes as f64, blocks)),
        ("sim_cpu_us_per_block_and_node", per(cpu.as_secs_f64() * 1_000_000.0, blocks * validators as f64)),
    ]))
}

fn failure(unhealthy: Unhealthy) -> Failure {
    Failure::new(unhealthy.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_all_kinds_are_joined_one_by_one() {
        let runs = |name| vec![Figures::from([(name, 1.0)]), Figures::from([(name, 2.0)])];
        let all = joined(runs("a"), [runs("b"), runs("c")]);
        let expected = |value| Figures::from([("a", value), ("b", value), ("c", value)]);
        assert_eq!(all, [expected(1.0), expected(2.0)]);
    }
}
