//! The blocks between the store and the newest proposal.
//!
//! Three bands: final and in the store (only the tip is known here), final but not yet written, and not final.
//! The chain answers on which layers of outcomes a block is to be checked and executed, and moves blocks from
//! band to band. It must not know votes, peers or time.
//!
//! Invariants: every final block here has its body and outcome; entries descend from the tip or are not yet
//! connected; the number of entries and the bytes of their bodies are bounded. What waits for the store is counted in bytes, so
//! that others can bound it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use execution::{BlockOutcome, CheckedBody, FinalizedBlock};
use types::{Body, Certificate, Hash32, Header, Height};

/// Most blocks that are not final; beyond it, the one with the lowest height that is not needed goes.
const ENTRIES_MAX: usize = 1_024;
/// Most bytes of their bodies, with the same consequence.
const BODY_BYTES_MAX: usize = 128 * 1024 * 1024;
/// What a block takes beside what is counted.
const BLOCK_BYTES: usize = 4 * 1024;
/// What a changed value, a page of the tree or a receipt takes, about.
const CHANGE_BYTES: usize = 256;
const PAGE_BYTES: usize = 1_024;
const RECEIPT_BYTES: usize = 256;

/// The newest final block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its hash.
    pub hash: Hash32,
    /// Its header.
    pub header: Header,
    /// State after it.
    pub state_root: Hash32,
    /// Its receipts.
    pub receipts_root: Hash32,
}

/// What is known of a block that is not final.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) header: Header,
    pub(crate) body: Option<Arc<CheckedBody>>,
    /// The hashes of the body's system calls, once somebody asked.
    call_hashes: OnceLock<BTreeSet<Hash32>>,
    /// A validator's vote speaks for it.
    pub(crate) vouched: bool,
    /// The block is in the consensus log.
    pub(crate) logged: bool,
    /// Validity was checked on the state after its parent.
    pub(crate) valid: Option<bool>,
    /// It is being executed.
    pub(crate) executing: bool,
    pub(crate) outcome: Option<Arc<BlockOutcome>>,
    /// What body and outcome take, about, once there is an outcome.
    executed_bytes: usize,
}

impl Entry {
    /// It was executed.
    pub(crate) fn take_outcome(&mut self, outcome: Arc<BlockOutcome>) {
        self.executed_bytes = self.body.as_ref().map_or(0, |body| held_bytes(body.body(), &outcome));
        self.outcome = Some(outcome);
    }

    /// The hashes of the body's system calls, reckoned once: they are asked for at every step while calls wait.
    pub(crate) fn call_hashes(&self) -> Option<&BTreeSet<Hash32>> {
        let body = self.body.as_ref()?;
        let hash = || body.body().system_calls.iter().map(crypto::ids::system_call_hash).collect();
        Some(self.call_hashes.get_or_init(hash))
    }
}

/// A parent to check or execute on: its header and roots, and the layers above the store that make its state.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The parent.
    pub tip: Tip,
    /// Outcomes above the store, oldest first; the last is the parent's, unless the store has it.
    pub layers: Vec<Arc<BlockOutcome>>,
}

/// The blocks between the store and the newest proposal.
#[derive(Debug)]
pub(crate) struct Chain {
    tip: Tip,
    committed: Height,
    uncommitted: VecDeque<Arc<FinalizedBlock>>,
    /// Bytes of those, about.
    unwritten_bytes: usize,
    entries: BTreeMap<Hash32, Entry>,
}

impl Chain {
    /// A chain whose tip is in the store.
    pub(crate) fn new(tip: Tip) -> Self {
        let committed = tip.header.height;
        Self { tip, committed, uncommitted: VecDeque::new(), unwritten_bytes: 0, entries: BTreeMap::new() }
    }

    pub(crate) const fn tip(&self) -> &Tip {
        &self.tip
    }

    pub(crate) fn uncommitted(&self) -> impl DoubleEndedIterator<Item = &Arc<FinalizedBlock>> {
        self.uncommitted.iter()
    }

    pub(crate) fn entry(&self, hash: &Hash32) -> Option<&Entry> {
        self.entries.get(hash)
    }

    pub(crate) fn entry_mut(&mut self, hash: &Hash32) -> Option<&mut Entry> {
        self.entries.get_mut(hash)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Hash32, &Entry)> {
        self.entries.iter()
    }

    /// Takes a block above the tip; a body joins a header that is already there.
    pub(crate) fn insert(&mut self, hash: Hash32, header: &Header, body: Option<Arc<CheckedBody>>) {
        if header.height <= self.tip.header.height {
            return;
        }
        if !self.entries.contains_key(&hash) && self.entries.len() >= ENTRIES_MAX {
            self.evict();
        }
        let entry = self.entries.entry(hash).or_insert_with(|| Entry {
            header: header.clone(),
            body: None,
            call_hashes: OnceLock::new(),
            vouched: false,
            logged: false,
            valid: None,
            executing: false,
            outcome: None,
            executed_bytes: 0,
        });
        if entry.body.is_none() && body.is_some() {
            entry.body = body;
            while self.body_bytes() > BODY_BYTES_MAX {
                self.evict();
            }
        }
    }

    /// Bytes of final blocks that wait for the store, about.
    pub(crate) const fn unwritten_bytes(&self) -> usize {
        self.unwritten_bytes
    }

    /// Bytes of blocks that are executed and not final, about.
    pub(crate) fn executed_bytes(&self) -> usize {
        self.entries.values().fold(0, |sum, entry| sum.saturating_add(entry.executed_bytes))
    }

    fn push_uncommitted(&mut self, block: Arc<FinalizedBlock>) {
        self.unwritten_bytes = self.unwritten_bytes.saturating_add(held_bytes(&block.body, &block.outcome));
        self.uncommitted.push_back(block);
    }

    /// Forgets a block that nobody needs.
    pub(crate) fn forget(&mut self, hash: &Hash32) {
        self.entries.remove(hash);
    }

    /// Bytes of the bodies of blocks that are not final.
    pub(crate) fn body_bytes(&self) -> usize {
        let bodies = self.entries.values().filter_map(|entry| entry.body.as_ref());
        bodies.fold(0, |sum, body| sum.saturating_add(usize::try_from(body.length()).unwrap_or(usize::MAX)))
    }

    /// Forgets the block that is farthest from being needed: above all others.
    fn evict(&mut self) {
        let highest = self.entries.iter().max_by_key(|(hash, entry)| (entry.header.height, **hash));
        if let Some(hash) = highest.map(|(hash, _)| *hash) {
            self.entries.remove(&hash);
        }
    }

    /// The state after a block, when it and all its ancestors down to the store have outcomes.
    pub(crate) fn ground(&self, parent: &Hash32) -> Option<Ground> {
        let mut above: Vec<Arc<BlockOutcome>> = Vec::new();
        let mut hash = *parent;
        let mut tip = None;
        while hash != self.tip.hash {
            let entry = self.entries.get(&hash)?;
            let outcome = entry.outcome.clone()?;
            tip.get_or_insert_with(|| Tip {
                hash,
                header: entry.header.clone(),
                state_root: outcome.state_root,
                receipts_root: outcome.receipts_root,
            });
            above.push(outcome);
            hash = entry.header.parent;
        }
        let final_layers = self.uncommitted.iter().map(|block| block.outcome.clone());
        let layers = final_layers.chain(above.into_iter().rev()).collect();
        Some(Ground { tip: tip.unwrap_or_else(|| self.tip.clone()), layers })
    }

    /// The layers above the store that make the state after the tip.
    pub(crate) fn final_layers(&self) -> Vec<Arc<BlockOutcome>> {
        self.uncommitted.iter().map(|block| block.outcome.clone()).collect()
    }

    /// The hashes from above the tip up to and with `hash`, oldest first, when all headers are known. Otherwise
    /// the first hash that is missing.
    pub(crate) fn path(&self, hash: &Hash32) -> Result<Vec<Hash32>, Hash32> {
        let mut path = Vec::new();
        let mut at = *hash;
        while at != self.tip.hash {
            let entry = self.entries.get(&at).ok_or(at)?;
            path.push(at);
            if entry.header.height <= self.tip.header.height.next() && entry.header.parent != self.tip.hash {
                return Err(entry.header.parent);
            }
            at = entry.header.parent;
        }
        path.reverse();
        Ok(path)
    }

    /// Height of the lowest ancestor of a block that is known without a gap, itself counted.
    pub(crate) fn lowest_known(&self, hash: &Hash32) -> Option<Height> {
        let lowest =
            std::iter::successors(self.entries.get(hash), |entry| self.entries.get(&entry.header.parent)).last();
        lowest.map(|entry| entry.header.height)
    }

    /// Moves the tip's child `hash`, which has body and outcome, into the final band.
    pub(crate) fn finalize_child(&mut self, hash: &Hash32, certificate: &Certificate) -> Option<Arc<FinalizedBlock>> {
        let entry = self.entries.get(hash)?;
        let (body, outcome) = (entry.body.clone()?, entry.outcome.clone()?);
        if entry.header.parent != self.tip.hash {
            return None;
        }
        let entry = self.entries.remove(hash)?;
        self.tip = Tip {
            hash: *hash,
            header: entry.header.clone(),
            state_root: outcome.state_root,
            receipts_root: outcome.receipts_root,
        };
        let block = Arc::new(FinalizedBlock {
            hash: *hash,
            header: entry.header,
            body: body.body().clone(),
            certificate: certificate.clone(),
            outcome,
        });
        self.push_uncommitted(block.clone());
        Some(block)
    }

    /// Takes a final block that was proven and executed apart from the tree: the tip's child.
    pub(crate) fn finalize_replayed(&mut self, block: Arc<FinalizedBlock>) {
        // It may be in the tree as well; left there it would be pruned, and everything built on it with it.
        self.entries.remove(&block.hash);
        self.tip = Tip {
            hash: block.hash,
            header: block.header.clone(),
            state_root: block.outcome.state_root,
            receipts_root: block.outcome.receipts_root,
        };
        self.push_uncommitted(block);
    }

    /// Forgets what can never become final: entries at or below the tip, and what builds on them.
    pub(crate) fn prune(&mut self) {
        let height = self.tip.header.height;
        let mut dead: BTreeSet<Hash32> = BTreeSet::new();
        loop {
            let more: Vec<Hash32> = self
                .entries
                .iter()
                .filter(|(hash, entry)| {
                    let below = entry.header.height <= height;
                    let beside = entry.header.height == height.next() && entry.header.parent != self.tip.hash;
                    !dead.contains(*hash) && (below || beside || dead.contains(&entry.header.parent))
                })
                .map(|(hash, _)| *hash)
                .collect();
            if more.is_empty() {
                break;
            }
            dead.extend(more);
        }
        self.entries.retain(|hash, _| !dead.contains(hash));
    }

    /// The store has written everything up to this height.
    pub(crate) fn committed(&mut self, height: Height) {
        self.committed = self.committed.max(height);
        while let Some(written) = self.uncommitted.pop_front_if(|block| block.header.height <= height) {
            self.unwritten_bytes = self.unwritten_bytes.saturating_sub(held_bytes(&written.body, &written.outcome));
        }
    }

    /// The newest height that is in the store.
    pub(crate) const fn committed_height(&self) -> Height {
        self.committed
    }
}

/// What an executed block takes in memory, about: a transaction's weight is no less than its bytes.
#[must_use]
pub fn held_bytes(body: &Body, outcome: &BlockOutcome) -> usize {
    let weights = outcome.receipts.iter().map(|receipt| usize::try_from(receipt.weight.0).unwrap_or(usize::MAX));
    let calls = body.system_calls.iter().map(|call| call.body.len());
    let counted = [
        outcome.receipts.len().saturating_mul(RECEIPT_BYTES),
        outcome.changes.len().saturating_mul(CHANGE_BYTES),
        outcome.pages.len().saturating_mul(PAGE_BYTES),
    ];
    weights.chain(calls).chain(counted).fold(BLOCK_BYTES, usize::saturating_add)
}

#[cfg(test)]
mod tests;
