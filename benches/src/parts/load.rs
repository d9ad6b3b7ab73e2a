//! Transfers finalized per second: uniformly chosen pairs of funded accounts, signed in advance, handed in to all nodes in batches as
//! fast as finality takes them.
//!
//! Only what is final counts. How long each took follows afterwards from which block it is in and when that block became final on
//! the slowest node, so that nothing is asked of the nodes while the clock runs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use testnet::devnet::{Failure, LocalNetwork, Outcome, Stop};
use types::{Hash32, Height};
use wallet::NodeClient;

use crate::blocks::{Blocks, Seen};
use crate::figures::{Figures, percentile, sorted};
use crate::ground::{Ground, pids};
use crate::meter::{cpu_time, cpu_time_of_all, resident_mib};
use crate::presigned::{Crowd, Ready, by_node};

/// Most transfers in one request, as the API allows.
const BATCH_MAX: usize = 1_000;
/// No final block for so long fails the measurement.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks of a submitter that waits for room.
const ROOM: Duration = Duration::from_millis(2);

/// What the submitters and the one who counts share.
struct Pace {
    handed_in: AtomicU64,
    is_final: AtomicU64,
    window: u64,
    failed: AtomicBool,
}

impl Pace {
    /// How many more may be handed in.
    fn room(&self) -> u64 {
        let open = self.handed_in.load(Ordering::Relaxed).saturating_sub(self.is_final.load(Ordering::Relaxed));
        self.window.saturating_sub(open)
    }
}

/// When each transfer was handed in.
type Sent = Vec<(Hash32, Instant)>;

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Vec<Figures>> {
    let mut crowd = Crowd::new(ground.options.accounts as usize);
    let mut network = ground.network(crowd.balances(), |_| {})?;
    let count = ground.options.transfers.unwrap_or(ground.options.size(40_000, 10_000)) as usize;
    let mut runs = Vec::new();
    for _ in 0..ground.options.runs() {
        eprintln!("bench:   signing {count} transfers");
        let now = network.node(0)?.client().status()?.time;
        let all = crowd.sign(&network.chain, count, now)?;
        runs.push(one(ground, &network, all)?);
    }
    network.stop_all()?;
    Ok(runs)
}

fn one(ground: &Ground<'_>, network: &LocalNetwork, all: Vec<Ready>) -> Outcome<Figures> {
    let count = all.len();
    let processes = pids(network);
    let blocks = Blocks::follow(network)?;
    let pace = Pace {
        handed_in: AtomicU64::new(0),
        is_final: AtomicU64::new(0),
        window: u64::from(ground.options.window),
        failed: AtomicBool::new(false),
    };
    let (cpu, own, begun) = (cpu_time_of_all(&processes), cpu_time(std::process::id()), Instant::now());
    let (sent, seen) = std::thread::scope(|scope| {
        let submitters: Vec<_> = network
            .nodes
            .iter()
            .zip(by_node(all, network.nodes.len()))
            .map(|(node, share)| {
                let (pace, stop) = (&pace, &ground.stop);
                scope.spawn(move || {
                    let sent = submit(network, node.client(), share, pace, stop);
                    sent.inspect_err(|_| pace.failed.store(true, Ordering::Relaxed))
                })
            })
            .collect();
        let seen =
            count_final(&blocks, &pace, count as u64).inspect_err(|_| pace.failed.store(true, Ordering::Relaxed));
        let sent = submitters
            .into_iter()
            .map(|thread| thread.join().expect("a submitter does not panic"))
            .collect::<Outcome<Vec<Sent>>>();
        Ok::<_, Failure>((sent?, seen?))
    })?;
    let wall = seen.iter().map(|seen| seen.at).max().map_or(Duration::ZERO, |last| last - begun);
    let cpu = cpu_time_of_all(&processes).saturating_sub(cpu);
    let own = cpu_time(std::process::id()).saturating_sub(own);
    let memory = processes.iter().map(|pid| resident_mib(*pid)).fold(0.0, f64::max);
    let (times, filled) = times(network, &sent, &seen)?;
    if times.len() != count {
        return Err(Failure::new(format!(
            "{count} transfers were counted as final, but only {} are found in blocks",
            times.len()
        )));
    }
    let times = sorted(times, 1_000.0);
    Ok(Figures::from([
        ("tps", count as f64 / wall.as_secs_f64()),
        ("p50_ms", percentile(&times, 0.50)),
        ("p99_ms", percentile(&times, 0.99)),
        ("txs_per_block", count as f64 / filled.max(1) as f64),
        ("cpu_us_per_tx_all", cpu.as_secs_f64() * 1_000_000.0 / count as f64),
        ("rss_mb_per_node", memory),
        ("loadgen_cores", own.as_secs_f64() / wall.as_secs_f64()),
        ("transfers", count as f64),
        ("window", ground.options.window.into()),
    ]))
}

/// Hands in one node's share in order. What is refused for lack of room goes back to the front.
fn submit(network: &LocalNetwork, node: &NodeClient, share: Vec<Ready>, pace: &Pace, stop: &Stop) -> Outcome<Sent> {
    let mut sent = Sent::with_capacity(share.len());
    let mut waiting: VecDeque<Ready> = share.into();
    let nodes = network.nodes.len().max(1) as u64;
    let batch_max = usize::try_from(pace.window / nodes).unwrap_or(BATCH_MAX).clamp(1, BATCH_MAX);
    while !waiting.is_empty() {
        if pace.failed.load(Ordering::Relaxed) {
            return Err(Failure::new("the measurement was given up"));
        }
        let room = usize::try_from(pace.room()).unwrap_or(BATCH_MAX).min(batch_max);
        // Half-empty requests cost as much as full ones.
        if room < batch_max.div_ceil(2) {
            stop.pause(ROOM)?;
            continue;
        }
        let batch: Vec<Ready> = waiting.drain(..room.min(waiting.len())).collect();
        let refused = hand_in(network, node, batch, pace, &mut sent)?;
        if !refused.is_empty() {
            refused.into_iter().rev().for_each(|ready| waiting.push_front(ready));
            stop.pause(ROOM)?;
        }
    }
    Ok(sent)
}

/// One request. Returns what the node had no room for, in order.
fn hand_in(
    network: &LocalNetwork,
    node: &NodeClient,
    batch: Vec<Ready>,
    pace: &Pace,
    sent: &mut Sent,
) -> Outcome<Vec<Ready>> {
    let transactions: Vec<_> = batch.iter().map(|ready| ready.transaction.clone()).collect();
    let at = Instant::now();
    pace.handed_in.fetch_add(batch.len() as u64, Ordering::Relaxed);
    let answer = node.submit_batch(network.chain_id(), &transactions)?;
    if answer.results.len() != batch.len() {
        return Err(Failure::new(format!("{} results for {} transfers", answer.results.len(), batch.len())));
    }
    let mut refused = Vec::new();
    for (ready, result) in batch.into_iter().zip(answer.results) {
        match result.error {
            None => sent.push((ready.id, at)),
            Some(error) if is_for_lack_of_room(&error.code) => refused.push(ready),
            Some(error) => {
                return Err(Failure::new(format!("a transfer was refused: {} [{}]", error.message, error.code)));
            }
        }
    }
    pace.handed_in.fetch_sub(refused.len() as u64, Ordering::Relaxed);
    Ok(refused)
}

/// Codes of a pool that takes it later; a gap is what comes behind a transfer of the same sender that found no room.
fn is_for_lack_of_room(code: &str) -> bool {
    matches!(code, "pool_full" | "sender_limit" | "nonce_gap" | "busy")
}

/// Counts by the first node that tells, until all are final on every node.
fn count_final(blocks: &Blocks, pace: &Pace, count: u64) -> Outcome<Vec<Seen>> {
    let mut all = Vec::new();
    let mut newest = Height::ZERO;
    let mut of_node: BTreeMap<usize, u64> = BTreeMap::new();
    while of_node.len() < blocks.nodes || of_node.values().any(|told| *told < count) {
        if pace.failed.load(Ordering::Relaxed) {
            return Err(Failure::new("the measurement was given up"));
        }
        let seen = blocks.next(PATIENCE)?;
        if seen.height > newest {
            newest = seen.height;
            pace.is_final.fetch_add(seen.transactions.into(), Ordering::Relaxed);
        }
        *of_node.entry(seen.node).or_default() += u64::from(seen.transactions);
        all.push(seen);
    }
    Ok(all)
}

/// For each transfer the time until its block was final on the slowest node, and how many blocks were not empty.
fn times(network: &LocalNetwork, sent: &[Sent], seen: &[Seen]) -> Outcome<(Vec<Duration>, usize)> {
    let mut last: BTreeMap<Height, Instant> = BTreeMap::new();
    for seen in seen.iter().filter(|seen| seen.transactions > 0) {
        last.entry(seen.height).and_modify(|at| *at = (*at).max(seen.at)).or_insert(seen.at);
    }
    let sent: HashMap<Hash32, Instant> = sent.iter().flatten().copied().collect();
    let node = network.nodes.first().ok_or_else(|| Failure::new("there are no nodes"))?;
    let mut times = Vec::with_capacity(sent.len());
    for (height, at) in &last {
        let block = node.client().block(&height.to_string())?;
        times.extend(
            block
                .transactions
                .iter()
                .filter_map(|transaction| sent.get(&transaction.id))
                .map(|begun| at.saturating_duration_since(*begun)),
        );
    }
    Ok((times, last.len()))
}
