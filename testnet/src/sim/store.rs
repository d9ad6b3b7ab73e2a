//! A node's store in memory: the state, and the final blocks by height.
//!
//! Like the real one it is written block by block without a sync; a crash loses a suffix of whole blocks, never what
//! was synced.

use std::collections::BTreeSet;
use std::sync::Arc;

use consensus::CertificateRequest;
use execution::{FinalizedBlock, GenesisBlock, MemoryState, NextBlock};
use replica::wire::{CertifiedBlock, KeptBlock, Request, Response, Shared, WireBlock};
use replica::{LostBlock, Tip, answer_headers, answer_kept, answer_range};
use types::{Certificate, Epoch, Hash32, Height, List, VoteKind};

/// A store that can lose power.
#[derive(Clone)]
pub(crate) struct Store {
    genesis: Tip,
    pub(crate) state: MemoryState,
    /// The state after the newest block that is synced.
    durable: MemoryState,
    durable_blocks: usize,
    /// From height 1.
    blocks: Vec<Arc<FinalizedBlock>>,
    /// What cannot be read any more.
    unreadable: BTreeSet<Height>,
}

impl Store {
    pub(crate) fn new(block0: &GenesisBlock) -> Self {
        let mut state = MemoryState::default();
        state.apply(&block0.outcome.changes);
        state.apply_pages(&block0.outcome.pages);
        let genesis = Tip {
            hash: block0.outcome.hash,
            header: block0.header.clone(),
            state_root: block0.outcome.state_root,
            receipts_root: block0.outcome.receipts_root,
        };
        Self {
            genesis,
            durable: state.clone(),
            state,
            durable_blocks: 0,
            blocks: Vec::new(),
            unreadable: BTreeSet::new(),
        }
    }

    /// Writes the next block.
    ///
    /// # Errors
    /// It is not the next one.
    pub(crate) fn commit(&mut self, block: Arc<FinalizedBlock>) -> Result<(), String> {
        let tip = self.tip();
        if block.header.parent != tip.hash || block.header.height != tip.header.height.next() {
            return Err(format!("block {} was committed on top of {}", block.header.height, tip.header.height));
        }
        apply(&mut self.state, &block);
        self.blocks.push(block);
        Ok(())
    }

    /// Makes everything durable.
    pub(crate) fn sync(&mut self) -> (Height, Hash32) {
        for block in &self.blocks[self.durable_blocks..] {
            apply(&mut self.durable, block);
        }
        self.durable_blocks = self.blocks.len();
        let tip = self.tip();
        (tip.header.height, tip.hash)
    }

    /// How many blocks a crash may lose.
    pub(crate) fn unsynced(&self) -> usize {
        self.blocks.len() - self.durable_blocks
    }

    /// Loses power: so many of the unsynced blocks survive.
    pub(crate) fn crash(&mut self, kept: usize) {
        self.blocks.truncate(self.durable_blocks + kept);
        let newest = self.height();
        self.unreadable.retain(|height| *height < newest);
        self.state = self.durable.clone();
        for block in &self.blocks[self.durable_blocks..] {
            apply(&mut self.state, block);
        }
    }

    /// The newest block.
    pub(crate) fn tip(&self) -> Tip {
        self.blocks.last().map_or_else(
            || self.genesis.clone(),
            |block| Tip {
                hash: block.hash,
                header: block.header.clone(),
                state_root: block.outcome.state_root,
                receipts_root: block.outcome.receipts_root,
            },
        )
    }

    pub(crate) fn height(&self) -> Height {
        Height(self.blocks.len() as u64)
    }

    /// The epoch of the next block.
    pub(crate) fn epoch(&self) -> Epoch {
        NextBlock::read(&self.state).epoch.number
    }

    /// Loses what it has of a block: it cannot be read any more.
    pub(crate) fn lose(&mut self, height: Height) {
        self.unreadable.insert(height);
    }

    /// Whether everything can be read.
    pub(crate) fn is_whole(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// The highest of the unreadable blocks from a height on, if the one at that height is.
    pub(crate) fn lost(&self, height: Height) -> Option<LostBlock> {
        let run = std::iter::successors(Some(height), |height| Some(height.next()));
        let height = run.take_while(|height| self.unreadable.contains(height)).last()?;
        let place = usize::try_from(height.0).ok()?.checked_sub(1)?;
        let (block, child) = (self.blocks.get(place)?, self.blocks.get(place + 1)?);
        let receipts_root = child.header.receipts_root;
        let later = Some(child.certificate.clone()).filter(|_| child.header.epoch == block.header.epoch);
        Some(LostBlock { height, hash: block.hash, receipts_root, certificate: later })
    }

    /// Takes a block in the place of an unreadable one.
    ///
    /// # Errors
    /// It is another block.
    pub(crate) fn mend(&mut self, lost: &LostBlock, kept: &KeptBlock) -> Result<(), String> {
        let place = usize::try_from(lost.height.0).expect("a small height") - 1;
        let block = &self.blocks[place];
        let same = kept.block.header == block.header
            && kept.block.body == *block.body
            && kept.receipts.iter().eq(&block.outcome.receipts);
        self.unreadable.remove(&lost.height);
        if same { Ok(()) } else { Err(format!("another block was put in the place of block {}", lost.height)) }
    }

    /// Leaves every so many blocks, and the last of an epoch, a finalization of their own, as where finalizations are seldom.
    pub(crate) fn thin_certificates(&mut self, every: u64) {
        let mut newest: Option<Certificate> = None;
        for block in self.blocks.iter_mut().rev() {
            let kept = newest.as_ref().filter(|newest| {
                let is_last = block.header.next_validators_hash.is_some();
                let goes = !is_last && !block.header.height.0.is_multiple_of(every);
                goes && newest.statement.epoch == block.header.epoch
            });
            match kept {
                Some(newest) => Arc::make_mut(block).certificate = newest.clone(),
                None => newest = Some(block.certificate.clone()),
            }
        }
    }

    /// The first height that a question needs and that cannot be read.
    pub(crate) fn unreadable_for(&self, request: &Request) -> Option<Height> {
        let (first, last) = match request {
            Request::Range { from, count } => (*from, from.saturating_add(u64::from(*count))),
            Request::Kept { height } => (*height, *height),
            _ => return None,
        };
        self.unreadable.range(first..=last).next().copied()
    }

    /// Answers what a peer asked and the replica does not have in memory.
    pub(crate) fn answer(&self, request: &Request) -> Option<Response> {
        match request {
            Request::Range { from, count } => {
                let first = usize::try_from(from.0.max(1) - 1).unwrap_or(usize::MAX).min(self.blocks.len());
                let blocks =
                    self.blocks[first..].iter().map(|block| Ok::<_, std::convert::Infallible>(certified(block)));
                answer_range(*count, blocks).ok()
            }
            Request::Kept { height } => {
                let place = usize::try_from(height.0).ok()?.checked_sub(1)?;
                let found = self.blocks.get(place);
                Some(answer_kept(found.map(|block| (certified(block), block.outcome.receipts.clone()))))
            }
            Request::Headers { last, count } => {
                let first = self.blocks.iter().rposition(|block| block.hash == *last);
                let headers = self.blocks[..first.map_or(0, |first| first + 1)].iter().rev();
                answer_headers(*count, headers.map(|block| Ok::<_, std::convert::Infallible>(block.header.clone())))
                    .ok()
            }
            Request::Block { hash } => {
                let found = self.blocks.iter().rev().find(|block| block.hash == *hash);
                Some(Response::Block(found.map(|block| {
                    Box::new(WireBlock { header: block.header.clone(), body: Shared(block.body.clone()) })
                })))
            }
            Request::Certificates(request) => {
                let found = self.finalization(request).into_iter().collect();
                Some(Response::Certificates(List::new(found).expect("at most one")))
            }
            Request::Transactions { block, places } => {
                let found = self.blocks.iter().rev().find(|found| found.hash == *block);
                found.map(|found| Response::transactions_at(&found.body, places))
            }
            Request::Status => None,
        }
    }

    /// The first finalization of the epoch at or above the view.
    fn finalization(&self, request: &CertificateRequest) -> Option<Certificate> {
        let place = self.blocks.partition_point(|block| {
            let statement = &block.certificate.statement;
            (statement.epoch, statement.view) < (request.epoch, request.view)
        });
        let found = self.blocks.get(place)?.certificate.clone();
        let fits = request.kinds.contains(VoteKind::Finalize) && found.statement.epoch == request.epoch;
        fits.then_some(found)
    }
}

fn certified(block: &Arc<FinalizedBlock>) -> CertifiedBlock {
    let (header, body) = (block.header.clone(), block.body.as_ref().clone());
    CertifiedBlock { header, body, certificate: block.certificate.clone() }
}

fn apply(state: &mut MemoryState, block: &FinalizedBlock) {
    state.apply(&block.outcome.changes);
    state.apply_pages(&block.outcome.pages);
}
