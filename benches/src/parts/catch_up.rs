//! A new node and a long chain: from the first block that it has stored to the newest, over its real network, beside the validators
//! that serve it and otherwise have nothing to do.
//!
//! The first part of the chain has one transfer in each block, the second is full of them; both are passed in one go.

use std::time::{Duration, Instant};

use testnet::devnet::{Failure, NodeProcess, Outcome, until};
use types::Height;

use crate::figures::{Figures, Findings, per};
use crate::ground::Ground;
use crate::made::Made;
use crate::meter::{cpu_time, resident_mib};

/// A node that has stored nothing for so long does not catch up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the node.
const LOOK: Duration = Duration::from_millis(10);

/// What a node had at a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    height: Height,
    cpu: Duration,
}

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let made = ground.long()?;
    let mut network = ground.resume(made)?;
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        let mut node = network.newcomer()?;
        node.start()?;
        let samples = follow(ground, &mut node, made.tip)?;
        let memory = node.pid().map(resident_mib).unwrap_or_default();
        node.kill()?;
        let figures = figures(made, &samples, memory);
        let figure = |name| figures.get(name).copied().unwrap_or_default();
        eprintln!("bench:   {:.0} blocks/s, then {:.0} transfers/s", figure("blocks_per_s"), figure("txs_per_s"));
        runs.push(figures);
    }
    network.stop_all()?;
    Ok(Findings::Whole(runs))
}

/// Looks at the node from its first block on until it has the newest.
fn follow(ground: &Ground<'_>, node: &mut NodeProcess, tip: Height) -> Outcome<Vec<Sample>> {
    let first = until("the new node's first block", PATIENCE, &ground.stop, || {
        node.check_running()?;
        Ok(look(node).filter(|sample| sample.height > Height::ZERO).ok_or_else(|| "it has none".to_owned()))
    })?;
    let mut samples = vec![first];
    let mut newest = first;
    while newest.height < tip {
        ground.stop.pause(LOOK)?;
        node.check_running()?;
        let Some(sample) = look(node) else { continue };
        if sample.height > newest.height {
            samples.push(sample);
            newest = sample;
        } else if newest.at.elapsed() > PATIENCE {
            let sentence = format!("the new node stands at block {} of {tip}", newest.height);
            return Err(Failure::new(sentence).with_log(node.log()));
        }
    }
    Ok(samples)
}

/// Nothing while the API does not answer yet.
fn look(node: &NodeProcess) -> Option<Sample> {
    let height = node.client().status().ok()?.height;
    Some(Sample { at: Instant::now(), height, cpu: node.pid().map(cpu_time).unwrap_or_default() })
}

fn figures(made: &Made, samples: &[Sample], memory: f64) -> Figures {
    let near_empty = span(samples, |height| height <= made.near_empty_to);
    let full_blocks = made.tip.0 - made.near_empty_to.0;
    // The node checks blocks ahead of those that it stores: only in the middle does it do for each stored block the work of one.
    let middle = Height(made.near_empty_to.0 + full_blocks / 4)..=Height(made.tip.0 - full_blocks / 4);
    let full = span(samples, |height| middle.contains(&height));
    let transactions_per_block = per(made.full_transactions as f64, full_blocks as f64);
    let transactions = full.blocks * transactions_per_block;
    Figures::from([
        ("blocks_per_s", per(near_empty.blocks, near_empty.seconds)),
        ("cpu_us_per_block", per(near_empty.cpu_s * 1_000_000.0, near_empty.blocks)),
        ("txs_per_s", per(transactions, full.seconds)),
        ("cpu_us_per_tx", per(full.cpu_s * 1_000_000.0, transactions)),
        ("cores_full", per(full.cpu_s, full.seconds)),
        ("blocks", near_empty.blocks),
        ("txs", transactions),
        ("rss_mb", memory),
    ])
}

/// What lies between the first and the last of some samples.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    blocks: f64,
    seconds: f64,
    cpu_s: f64,
}

fn span(samples: &[Sample], is_in: impl Fn(Height) -> bool) -> Span {
    let mut inside = samples.iter().filter(|sample| is_in(sample.height));
    let Some(first) = inside.next() else { return Span::default() };
    let last = inside.next_back().unwrap_or(first);
    Span {
        blocks: last.height.0.saturating_sub(first.height.0) as f64,
        seconds: last.at.saturating_duration_since(first.at).as_secs_f64(),
        cpu_s: last.cpu.saturating_sub(first.cpu).as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_what_lies_between_its_own_first_and_last_sample() {
        let begun = Instant::now();
        let sample = |second: u64, height| Sample {
            at: begun + Duration::from_secs(second),
            height: Height(height),
            cpu: Duration::from_secs(2 * second),
        };
        let samples = [sample(0, 5), sample(2, 105), sample(3, 110), sample(7, 130)];
        let first = span(&samples, |height| height <= Height(107));
        assert_eq!((first.blocks, first.seconds, first.cpu_s), (100.0, 2.0, 4.0));
        let second = span(&samples, |height| height >= Height(107));
        assert_eq!((second.blocks, second.seconds, second.cpu_s), (20.0, 4.0, 8.0));
        assert_eq!(span(&samples, |height| height > Height(200)).blocks, 0.0);
    }
}
