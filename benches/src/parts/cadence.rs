//! Blocks per second when leaders do not wait: the pace of consensus itself, with empty blocks.

use std::time::{Duration, Instant};

use testnet::devnet::Outcome;

use crate::figures::{Figures, Findings};
use crate::ground::{Ground, highest, pids};
use crate::meter::{cpu_time_of_all, resident_mib_most};

/// Before the clock runs.
const WARM_UP: Duration = Duration::from_secs(2);

/// What is measured, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Of the network.
    pub(super) validators: usize,
    /// Seconds of one run.
    pub(super) span_s: u64,
}

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let case = Case { validators: ground.options.validators(), span_s: ground.options.size(10, 5) };
    runs(ground, case).map(Findings::Whole)
}

/// All runs on one network, which ends with them.
pub(super) fn runs(ground: &Ground<'_>, case: Case) -> Outcome<Vec<Figures>> {
    let mut network = ground.network_of(case.validators, Vec::new(), |genesis| {
        let timing = &mut genesis.parameters.timing;
        timing.block_interval_min_ms = 0;
        // The least that a genesis allows.
        timing.block_interval_empty_ms = 1;
    })?;
    ground.stop.pause(WARM_UP)?;
    let processes = pids(&network);
    let span = Duration::from_secs(case.span_s);
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        let (height, cpu, begun) = (highest(&network)?, cpu_time_of_all(&processes), Instant::now());
        ground.stop.pause(span)?;
        let (blocks, seconds) = (highest(&network)?.0.saturating_sub(height.0) as f64, begun.elapsed().as_secs_f64());
        let used = cpu_time_of_all(&processes).saturating_sub(cpu).as_secs_f64();
        let per_block = if blocks > 0.0 { used * 1_000_000.0 / blocks } else { 0.0 };
        runs.push(Figures::from([
            ("blocks_per_s", blocks / seconds),
            ("cpu_us_per_block_all", per_block),
            ("rss_mb_per_node", resident_mib_most(&processes)),
            ("validators", case.validators as f64),
        ]));
    }
    network.stop_all()?;
    Ok(runs)
}
