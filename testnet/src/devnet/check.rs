//! `devnet --check`: the whole promise, tried on real processes.
//!
//! A transfer becomes final; with one validator killed another one does; the killed one comes back and takes part again; a fifth
//! node joins by one address; all five have the same block and the same state root. It must not look into any node's files.

use std::time::Duration;

use serde::Serialize;
use types::{Amount, Canonical, Certificate, Hash32, Height, ValidatorIndex};
use wallet::client::types::BlockSummary;

use super::{Failure, LocalNetwork, Outcome, Relay, RelayReport, Standing, send, until};

/// A transfer must be final within this, even on a busy machine and with a leader missing.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(30);
/// A node that was away must be there again within this.
const RETURN_PATIENCE: Duration = Duration::from_secs(60);
/// So many blocks are asked for at once.
const PAGE: u32 = 100;
/// 1.5 THR.
const AMOUNT: Amount = Amount(1_500_000);

/// What the check has found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Everything held.
    pub ok: bool,
    /// From handing in the first transfer to the news of its finality.
    pub finality_ms: f64,
    /// The same while one validator was dead.
    pub finality_with_one_down_ms: f64,
    /// From the restart of the killed validator to its next part in a final block.
    pub votes_again_ms: u128,
    /// From the start of the fifth node to the height of the others.
    pub joined_ms: u128,
    /// Transfers that became final.
    pub transfers: usize,
    /// Height at which all were compared.
    pub height: Height,
    /// Hash of that block, the same on all.
    pub block: Hash32,
    /// State root in that block, the same on all.
    pub state_root: Hash32,
    /// What the relay carried, if there was one.
    pub relay: Option<RelayReport>,
    /// Where the nodes stand at the end.
    pub nodes: Vec<Standing>,
}

/// Milliseconds with their fraction.
#[must_use]
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Sends 1.5 THR from alice to bob through a node; says when it was final.
///
/// # Errors
/// When it does not become final.
pub fn first_transfer(network: &mut LocalNetwork, through: usize, say: &dyn Fn(&str)) -> Outcome<f64> {
    let client = network.node(through)?.client().clone();
    let call = (network.plan.transfers()?.call)(network.wallets.bob.address(), AMOUNT);
    let (from, patience) = (network.wallets.alice.key.clone(), network.plan.patience(TRANSFER_PATIENCE));
    let done = send(&client, &mut network.chain, &from, call, patience).map_err(|failure| {
        failure.while_doing(&format!("a transfer through node {through}")).with_log(network.plan.layout.log(through))
    })?;
    let latency = milliseconds(done.latency.unwrap_or_default());
    say(&format!(
        "transfer of 1.5 THR from alice to bob: final in block {} after {latency} ms, signed by {} of {} validators (id {})",
        done.block.header.height, done.block.signers, done.block.validators, done.id
    ));
    Ok(latency)
}

/// Runs the whole check on a network that is ready.
///
/// # Errors
/// The first promise that does not hold.
pub fn check(network: &mut LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Report> {
    let victim = network.nodes.len().saturating_sub(1);
    let finality_ms = first_transfer(network, 0, say)?;

    network.node(victim)?.kill()?;
    say(&format!("killed node {victim} (SIGKILL)"));
    let finality_with_one_down_ms = first_transfer(network, 1, say)?;

    let (votes_again_ms, sent_meanwhile) = bring_back(network, victim, say)?;

    say("a fifth node joins with the genesis and the address of node 0");
    let begun = std::time::Instant::now();
    let target = network.node(0)?.client().status()?.final_height;
    let joined = network.join().map_err(|failure| failure.while_doing("joining"))?;
    network.wait_height(joined, target, network.plan.patience(RETURN_PATIENCE))?;
    let joined_ms = begun.elapsed().as_millis();
    say(&format!("node {joined} has joined and stands at height {target} after {joined_ms} ms"));
    first_transfer(network, joined, say)?;

    let (height, block, state_root) = compare(network)?;
    say(&format!(
        "all {} nodes have block {block} and state root {state_root} at height {height}",
        network.nodes.len()
    ));
    let nodes = network.standings()?;
    if let Some(relay) = &network.relay {
        relay.check(network.plan.validators)?;
    }
    // The nodes go on talking: what is told to people and to programs is read once.
    let relay = network.relay.as_ref().map(Relay::report);
    if let Some(relay) = &relay {
        say(&relay.sentence());
    }
    Ok(Report {
        ok: true,
        finality_ms,
        finality_with_one_down_ms,
        votes_again_ms,
        joined_ms,
        transfers: 3 + sent_meanwhile,
        height,
        block,
        state_root,
        relay,
        nodes,
    })
}

/// Starts a killed validator and waits until it takes part again: it says that it votes, and a final block shows its hand. Returns the
/// time that took in ms, and how many transfers were sent meanwhile.
fn bring_back(network: &mut LocalNetwork, victim: usize, say: &dyn Fn(&str)) -> Outcome<(u128, usize)> {
    let begun = std::time::Instant::now();
    network.node(victim)?.start()?;
    let (patience, stop) = (network.plan.patience(super::network::READY_PATIENCE), network.stop.clone());
    network.node(victim)?.wait_ready(patience, &stop)?;
    let watcher = network.node(0)?.client().clone();
    let mut next = watcher.status()?.final_height;
    let log = network.plan.layout.log(victim);
    let from = network.wallets.alice.key.clone();
    let call = (network.plan.transfers()?.call)(network.wallets.bob.address(), AMOUNT);
    let what = format!("node {victim} to take part in consensus again");
    let mut sent = 0;
    let (return_patience, transfer_patience) =
        (network.plan.patience(RETURN_PATIENCE), network.plan.patience(TRANSFER_PATIENCE));
    let index = until(&what, return_patience, &stop, || {
        let node = network.node(victim)?;
        node.check_running()?;
        let voting = node.client().status()?.voting;
        let Some(index) = voting.index.filter(|_| voting.voting) else { return Ok(Err(voting.sentence)) };
        // Without something to do a block comes every two seconds, and leaders take turns.
        send(&watcher, &mut network.chain, &from, call.clone(), transfer_patience)?;
        sent += 1;
        let blocks = watcher.blocks(next, PAGE)?.blocks;
        if let Some(newest) = blocks.last() {
            next = newest.height;
        }
        let is_there = blocks.iter().any(|block| shows_hand_of(block, index));
        Ok(if is_there {
            Ok(index)
        } else {
            Err(format!("it says \"{}\", but no block up to {next} shows it", voting.sentence))
        })
    })
    .map_err(|failure| failure.with_log(log))?;
    let votes_again_ms = begun.elapsed().as_millis();
    say(&format!(
        "node {victim} is back: validator {index} takes part in final blocks again, {votes_again_ms} ms after its start"
    ));
    Ok((votes_again_ms, sent))
}

/// Whether a validator proposed a final block or signed its certificate.
fn shows_hand_of(block: &BlockSummary, index: ValidatorIndex) -> bool {
    let bytes = block.certificate_hex.as_deref().and_then(|text| hex::decode(text).ok());
    let certificate = bytes.and_then(|bytes| Certificate::from_canonical(&bytes).ok());
    block.proposer == index || certificate.is_some_and(|certificate| certificate.signers.contains(index))
}

/// Compares block and state root of all nodes at the newest height that all have.
/// # Errors
/// A node that does not get there, or has something else.
pub fn compare(network: &mut LocalNetwork) -> Outcome<(Height, Hash32, Hash32)> {
    let height = network.node(0)?.client().status()?.final_height;
    for index in 0..network.nodes.len() {
        network.wait_height(index, height, network.plan.patience(RETURN_PATIENCE))?;
    }
    let mut found = Vec::new();
    for node in &network.nodes {
        let block = node.client().block(&height.to_string())?;
        if crypto::ids::header_hash(&block.header) != block.hash {
            return Err(Failure::new(format!(
                "node {} gives a header that is not that of block {}",
                node.index, block.hash
            )));
        }
        found.push((node.index, block.hash, block.header.state_root));
    }
    let Some((_, hash, root)) = found.first().copied() else { return Err(Failure::new("there are no nodes")) };
    if let Some((index, other, other_root)) =
        found.iter().find(|(_, other, other_root)| (*other, *other_root) != (hash, root))
    {
        return Err(Failure::new(format!(
            "at height {height} node 0 has block {hash} with state root {root}, node {index} has {other} with {other_root}"
        ))
        .with_log(network.plan.layout.log(*index)));
    }
    Ok((height, hash, root))
}
