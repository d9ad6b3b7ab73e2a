//! A node's store in memory: the state, and the final blocks by height.
//!
//! Like the real one it is written block by block without a sync; a crash loses a suffix of whole blocks, never what
//! was synced.

use std::sync::Arc;

use consensus::CertificateRequest;
use execution::{FinalizedBlock, GenesisBlock, MemoryState, NextBlock};
use replica::wire::{CertifiedBlock, Request, Response, Shared, WireBlock};
use replica::{Tip, answer_range};
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
        Self { genesis, durable: state.clone(), state, durable_blocks: 0, blocks: Vec::new() }
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

    /// Answers what a peer asked and the replica does not have in memory.
    pub(crate) fn answer(&self, request: &Request) -> Option<Response> {
        match request {
            Request::Range { from, count } => {
                let first = usize::try_from(from.0.max(1) - 1).unwrap_or(usize::MAX).min(self.blocks.len());
                let blocks =
                    self.blocks[first..].iter().map(|block| Ok::<_, std::convert::Infallible>(certified(block)));
                answer_range(*count, blocks).ok()
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
