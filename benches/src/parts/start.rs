//! From starting a killed validator to `/readyz`, with the rest of the network running: key, log, database, peers, missed blocks.

use std::time::{Duration, Instant};

use testnet::devnet::{Outcome, send};
use types::Amount;

use crate::figures::{Figures, Findings, percentile, sorted};
use crate::ground::{Ground, VALIDATORS, pids};
use crate::meter::resident_mib_most;

const PATIENCE: Duration = Duration::from_secs(60);
/// Until a network has nothing more to do for its start.
const SETTLE: Duration = Duration::from_secs(5);

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let made = ground.million()?;
    let mut network = ground.resume(made)?;
    ground.stop.pause(SETTLE)?;
    let idle = resident_mib_most(&pids(&network));
    let victim = VALIDATORS - 1;
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        let mut times = Vec::new();
        for _ in 0..ground.options.size(3, 2) {
            network.node(victim)?.kill()?;
            // Something that it has missed.
            let client = network.node(0)?.client().clone();
            let call = (network.plan.transfers()?.call)(network.wallets.bob.address(), Amount(1));
            let from = network.wallets.alice.key.clone();
            send(&client, &mut network.chain, &from, call, PATIENCE)?;
            let begun = Instant::now();
            network.node(victim)?.start()?;
            network.node(victim)?.wait_ready(PATIENCE, &ground.stop)?;
            times.push(begun.elapsed());
        }
        runs.push(Figures::from([
            ("ready_ms", percentile(&sorted(times, 1_000.0), 0.5)),
            ("blocks", made.tip.0 as f64),
            ("accounts", made.crowd.borrow().len() as f64),
            ("rss_mb_idle", idle),
        ]));
    }
    network.stop_all()?;
    Ok(Findings::Whole(runs))
}
