//! Finality of single transfers: from handing in to the news on the slowest node that the block is final.

use std::time::{Duration, Instant};

use testnet::devnet::{Failure, LocalNetwork, Outcome};
use types::Height;
use wallet::client::types::TransactionStatus;

use crate::blocks::Blocks;
use crate::figures::{Figures, Findings, percentile, sorted};
use crate::ground::{Ground, highest};
use crate::presigned::{Crowd, Ready};

/// From one transfer to the next: a low rate, so that each has a block of its own.
const PAUSE: Duration = Duration::from_millis(50);
/// A transfer that takes longer fails the measurement.
const PATIENCE: Duration = Duration::from_secs(10);
const ACCOUNTS: usize = 100;
/// Transfers before those that count.
const WARM_UP: usize = 10;

/// What is measured, and how much of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Of the network.
    pub(super) validators: usize,
    /// Of one run.
    pub(super) transfers: usize,
}

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let case = Case { validators: ground.options.validators(), transfers: ground.options.size(300, 100) };
    runs(ground, case).map(Findings::Whole)
}

/// All runs on one network, which ends with them.
pub(super) fn runs(ground: &Ground<'_>, case: Case) -> Outcome<Vec<Figures>> {
    let mut crowd = Crowd::new(ACCOUNTS);
    let mut network = ground.network_of(case.validators, crowd.balances(), |_| {})?;
    let blocks = Blocks::follow(&network)?;
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        let times = transfers(ground, &network, &blocks, &mut crowd, case.transfers)?;
        runs.push(Figures::from([
            ("p50_ms", percentile(&times, 0.50)),
            ("p99_ms", percentile(&times, 0.99)),
            ("transfers", times.len() as f64),
            ("validators", case.validators as f64),
        ]));
    }
    network.stop_all()?;
    Ok(runs)
}

/// The times of so many transfers, one after the other, in milliseconds, sorted.
pub(super) fn transfers(
    ground: &Ground<'_>,
    network: &LocalNetwork,
    blocks: &Blocks,
    crowd: &mut Crowd,
    count: usize,
) -> Outcome<Vec<f64>> {
    let node = network.nodes.first().ok_or_else(|| Failure::new("there are no nodes"))?;
    let now = node.client().status()?.time;
    // The first ones warm connections and caches, and are not counted.
    let all = crowd.sign(network.chain_id(), count + WARM_UP, now)?;
    let mut times = Vec::new();
    for (turn, ready) in all.iter().enumerate() {
        ground.stop.pause(PAUSE)?;
        let time = one(network, blocks, turn, ready)?;
        if turn >= WARM_UP {
            times.push(time);
        }
    }
    Ok(sorted(times, 1_000.0))
}

/// One transfer through one node; the time until all nodes have told of its block.
fn one(network: &LocalNetwork, blocks: &Blocks, turn: usize, ready: &Ready) -> Outcome<Duration> {
    let before = highest(network)?;
    blocks.waiting()?;
    let node = network.nodes.get(turn % network.nodes.len()).ok_or_else(|| Failure::new("there are no nodes"))?;
    let begun = Instant::now();
    node.client().submit(network.chain_id(), &ready.transaction)?;
    let mut told = 0;
    let mut last = begun;
    let mut height: Option<Height> = None;
    while told < blocks.nodes {
        let seen = blocks.next(PATIENCE)?;
        if seen.transactions > 0 && seen.height > before && height.is_none_or(|height| height == seen.height) {
            height = Some(seen.height);
            told += 1;
            last = last.max(seen.at);
        }
    }
    let answer = node.client().transaction(&ready.id, Duration::ZERO)?;
    if answer.status != TransactionStatus::Final || answer.height != height {
        return Err(Failure::new(format!(
            "transfer {} is {:?} in block {:?}, not in {height:?}",
            ready.id, answer.status, answer.height
        )));
    }
    Ok(last - begun)
}
