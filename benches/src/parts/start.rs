//! From starting a killed validator to `/readyz`, with the rest of the network running: key, log, database, peers, missed blocks.

use std::time::{Duration, Instant};

use testnet::devnet::{Outcome, send};
use types::Amount;

use crate::figures::{Figures, percentile, sorted};
use crate::ground::{Ground, VALIDATORS};

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Vec<Figures>> {
    let mut network = ground.network(Vec::new(), |_| {})?;
    let victim = VALIDATORS - 1;
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        let mut times = Vec::new();
        for _ in 0..ground.options.size(5, 2) {
            network.node(victim)?.kill()?;
            // Something that it has missed.
            let client = network.node(0)?.client().clone();
            let (from, to) = (network.wallets.alice.key.clone(), network.wallets.bob.address());
            let payment = testnet::devnet::Payment { from: &from, to, amount: Amount(1) };
            send(&client, &mut network.chain, payment, PATIENCE)?;
            let begun = Instant::now();
            network.node(victim)?.start()?;
            network.node(victim)?.wait_ready(PATIENCE, &ground.stop)?;
            times.push(begun.elapsed());
        }
        runs.push(Figures::from([("ready_ms", percentile(&sorted(times, 1_000.0), 0.5))]));
    }
    network.stop_all()?;
    Ok(runs)
}
