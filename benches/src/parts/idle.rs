//! What a network costs that has nothing to do.

use std::time::{Duration, Instant};

use testnet::devnet::Outcome;

use crate::figures::{Figures, Findings};
use crate::ground::{Ground, pids};
use crate::meter::{cpu_time_of_all, resident_mib_most};

/// Until the work of the start is over.
const SETTLE: Duration = Duration::from_secs(3);

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let validators = ground.options.validators();
    let mut network = ground.network_of(validators, Vec::new(), |_| {})?;
    ground.stop.pause(SETTLE)?;
    let processes = pids(&network);
    let span = Duration::from_secs(ground.options.size(10, 5));
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        let (cpu, begun) = (cpu_time_of_all(&processes), Instant::now());
        ground.stop.pause(span)?;
        let used = cpu_time_of_all(&processes).saturating_sub(cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
        let memory = resident_mib_most(&processes);
        let share = used * 100.0 / processes.len() as f64;
        runs.push(Figures::from([
            ("cpu_percent_per_node", share),
            ("rss_mb_per_node", memory),
            ("validators", validators as f64),
        ]));
    }
    network.stop_all()?;
    Ok(Findings::Whole(runs))
}
