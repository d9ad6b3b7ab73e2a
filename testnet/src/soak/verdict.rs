//! Holding the network against what was written down: every final block of every node, every acknowledged transfer, the supply.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use types::{Canonical, Hash32, Header, Height};
use wallet::chain::FinalityClaim;
use wallet::client::types::{BlockSummary, TransactionStatus};
use wallet::{Chain, NodeClient};

use super::oracle::Oracle;
use crate::devnet::{Failure, LocalNetwork, Outcome, until};

/// So many blocks are asked for at once.
const PAGE: u32 = 100;
/// The network must have gone on after the last fault within this.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(90);

/// Remembers up to where each node's chain was read, so that no header is checked twice.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    next: Height,
    parent: Option<Hash32>,
}

impl Reader {
    /// Reads a node's final blocks from where the last look ended: each must follow its parent, be proven final, and be the one that
    /// was written down for its height. A block that another node has proven already need not be proven again.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn read(
        &mut self,
        node: usize,
        client: &NodeClient,
        chain: &Chain,
        oracle: &Arc<Mutex<Oracle>>,
    ) -> Outcome<()> {
        loop {
            let page = client.blocks(self.next, PAGE)?;
            for block in &page.blocks {
                let is_proven = lock(oracle).is_proven(block.height, block.hash);
                if let Err(sentence) = self.judge(block, is_proven, client, chain) {
                    lock(oracle).violation(format!("node {node}, block {}: {sentence}", block.height))?;
                }
                lock(oracle).block(block.height, block.hash)?;
                (self.next, self.parent) = (block.height.next(), Some(block.hash));
            }
            if page.next.is_none() || page.blocks.is_empty() {
                return Ok(());
            }
        }
    }

    fn judge(&self, block: &BlockSummary, is_proven: bool, client: &NodeClient, chain: &Chain) -> Result<(), String> {
        let bytes = hex::decode(&block.header_hex).map_err(|error| error.to_string())?;
        let header = Header::from_canonical(&bytes).map_err(|error| error.to_string())?;
        if header.height != block.height
            || header.height != self.next
            || crypto::ids::header_hash(&header) != block.hash
        {
            return Err(format!("the header is not that of block {} ({})", self.next, block.hash));
        }
        if self.parent.is_some_and(|parent| parent != header.parent) {
            return Err("it does not follow the block before it".to_owned());
        }
        if is_proven || header.height == Height::ZERO {
            return Ok(());
        }
        // A node that caught up may prove a block by a descendant, which only the whole block shows.
        let whole = client.block(&block.height.to_string()).map_err(|error| error.message)?;
        let certificate_hex = whole.certificate_hex.as_deref().ok_or("it has no certificate")?;
        let claim =
            FinalityClaim { header_hex: &block.header_hex, descendants_hex: &whole.descendants_hex, certificate_hex };
        chain.check_final(claim).map(drop).map_err(|error| error.message)
    }
}

/// How many acknowledged transactions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The newest, which a crash could lose, and some of the others: a long run restarts thousands of times.
    Newest,
    /// All.
    All,
}

/// So many of the newest are asked for after a restart, and at most as many of the others.
const NEWEST: usize = 300;

/// After a node has come back: what was acknowledged before is there, in the same block.
///
/// # Errors
/// When the node does not answer in time.
pub fn check_acknowledged(
    network: &mut LocalNetwork,
    node: usize,
    oracle: &Arc<Mutex<Oracle>>,
    scope: Scope,
) -> Outcome<()> {
    let mut promised: Vec<_> = lock(oracle).all_acknowledged().iter().map(|(id, place)| (*id, *place)).collect();
    promised.sort_unstable_by_key(|(_, (height, _))| std::cmp::Reverse(*height));
    let newest = promised.first().map(|(_, (height, _))| *height).unwrap_or_default();
    network.wait_height(node, newest, RECOVERY_PATIENCE)?;
    let client = network.node(node)?.client().clone();
    let step = if scope == Scope::All { 1 } else { promised.len().div_ceil(NEWEST).max(1) };
    let asked = promised.iter().enumerate().filter(|(place, _)| *place < NEWEST || place % step == 0);
    for (id, (height, block)) in asked.map(|(_, promise)| promise) {
        let answer = client.transaction(id, Duration::ZERO)?;
        let is_there =
            answer.status == TransactionStatus::Final && answer.height == Some(*height) && answer.block == Some(*block);
        if !is_there {
            let now = format!("{:?} in block {:?} ({:?})", answer.status, answer.height, answer.block);
            let sentence =
                format!("node {node} has lost transaction {id}, acknowledged in block {height} ({block}): {now}");
            lock(oracle).violation(sentence)?;
        }
    }
    Ok(())
}

/// At the end, when nothing moves: all nodes have the same chain, everything acknowledged, and no µTHR too many or too few.
///
/// # Errors
/// When the network does not go on, or a node does not answer.
pub fn last_look(network: &mut LocalNetwork, readers: &mut [Reader], oracle: &Arc<Mutex<Oracle>>) -> Outcome<()> {
    let target = go_on(network)?;
    let chain = network.chain.clone();
    for (node, reader) in readers.iter_mut().enumerate() {
        network.wait_height(node, target, RECOVERY_PATIENCE)?;
        let client = network.node(node)?.client().clone();
        reader.read(node, &client, &chain, oracle)?;
        check_acknowledged(network, node, oracle, Scope::All)?;
        let (have, there) = network.supply(node)?;
        if have != there {
            lock(oracle).violation(format!(
                "node {node}: all accounts together have {have} µTHR, but {there} were issued and not burned"
            ))?;
        }
    }
    Ok(())
}

/// Waits until the network has finalized beyond everything written down, with an empty pool: then nothing moves any more.
fn go_on(network: &mut LocalNetwork) -> Outcome<Height> {
    let stop = network.stop.clone();
    let clients: Vec<NodeClient> = network.nodes.iter().map(|node| node.client().clone()).collect();
    let start = highest(&clients)?;
    let target = start.saturating_add(3);
    until("the network to go on and to empty its pools", RECOVERY_PATIENCE, &stop, || {
        let mut seen = String::new();
        for client in &clients {
            let status = client.status()?;
            if status.final_height < target || status.mempool_transactions > 0 {
                seen = format!(
                    "{} stands at {} with {} waiting: {}",
                    client.url(),
                    status.final_height,
                    status.mempool_transactions,
                    status.voting.sentence
                );
            }
        }
        Ok(if seen.is_empty() { Ok(target) } else { Err(seen) })
    })
}

fn highest(clients: &[NodeClient]) -> Outcome<Height> {
    let heights = clients.iter().map(|client| Ok(client.status()?.final_height)).collect::<Outcome<Vec<_>>>()?;
    heights.into_iter().max().ok_or_else(|| Failure::new("there are no nodes"))
}

fn lock(oracle: &Arc<Mutex<Oracle>>) -> std::sync::MutexGuard<'_, Oracle> {
    oracle.lock().unwrap_or_else(PoisonError::into_inner)
}
