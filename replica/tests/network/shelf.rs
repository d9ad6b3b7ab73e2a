//! What a node's store answers, and what becomes of one that stalls.

use std::sync::Arc;

use execution::FinalizedBlock;
use replica::wire::{CertifiedBlock, Request, Response, Shared, WireBlock};
use replica::{Effect, Event, Tip};
use types::{Hash32, List};

use crate::world::World;

impl World {
    pub fn stored(&self, place: usize, request: &Request) -> Response {
        let blocks = &self.nodes[place].disks.blocks;
        match request {
            Request::Range { from, count } => {
                let found = blocks.range(*from..).map(|(_, block)| {
                    Ok::<_, std::convert::Infallible>(CertifiedBlock {
                        header: block.header.clone(),
                        body: block.body.as_ref().clone(),
                        certificate: block.certificate.clone(),
                    })
                });
                replica::answer_range(*count, found.take(self.blocks_per_answer)).expect("a map cannot fail")
            }
            Request::Kept { height } => {
                let kept = blocks.get(height).map(|block| {
                    let (header, body) = (block.header.clone(), block.body.as_ref().clone());
                    let certificate = block.certificate.clone();
                    (CertifiedBlock { header, body, certificate }, block.outcome.receipts.clone())
                });
                replica::answer_kept(kept)
            }
            Request::Headers { last, count } => {
                let down = blocks.values().rev().skip_while(|block| block.hash != *last);
                let headers = down.map(|block| Ok::<_, std::convert::Infallible>(block.header.clone()));
                replica::answer_headers(*count, headers).expect("a map cannot fail")
            }
            Request::Block { hash } => {
                let found = blocks.values().find(|block| block.hash == *hash).map(|block| {
                    Box::new(WireBlock { header: block.header.clone(), body: Shared(block.body.clone()) })
                });
                Response::Block(found)
            }
            Request::Transactions { block, places } => {
                let found = blocks.values().find(|found| found.hash == *block).map(|found| found.body.clone());
                Response::transactions_at(&found.unwrap_or_default(), places)
            }
            Request::Status | Request::Certificates(_) => Response::Certificates(List::default()),
        }
    }

    pub fn commit(&mut self, place: usize, block: Arc<FinalizedBlock>) {
        if self.stalled == Some(place) {
            return self.waiting.push_back(block);
        }
        let disks = &mut self.nodes[place].disks;
        assert_eq!(block.header.height, disks.tip.header.height.next(), "in order, each once");
        disks.state.apply(&block.outcome.changes);
        disks.state.apply_pages(&block.outcome.pages);
        disks.tip = Tip {
            hash: block.hash,
            header: block.header.clone(),
            state_root: block.outcome.state_root,
            receipts_root: block.outcome.receipts_root,
        };
        let height = block.header.height;
        disks.blocks.insert(height, block);
        self.happen(place, Event::Committed { height });
    }

    /// Why a node votes, or does not.
    pub fn voting(&self, place: usize) -> replica::Voting {
        self.nodes[place].running.as_ref().expect("it runs").replica.status().voting
    }

    /// Lets a node's store sync, as it was asked to.
    pub fn sync_store(&mut self, place: usize) {
        self.unsynced = None;
        self.do_effect(place, Effect::SyncStore);
    }

    /// How many of the newest so many blocks of node 1 a node has made.
    pub fn made_by(&self, place: usize, of: u64) -> u64 {
        let maker = self.nodes[place].running.as_ref().and_then(|running| running.replica.own_index());
        let newest = self.nodes[1].disks.blocks.values().rev().take(usize::try_from(of).expect("few"));
        newest.filter(|block| Some(block.header.proposer) == maker).count() as u64
    }

    pub fn height(&self, place: usize) -> u64 {
        self.nodes[place].disks.tip.header.height.0
    }

    pub fn includes(&self, place: usize, id: Hash32) -> bool {
        let receipts = self.nodes[place].disks.blocks.values().flat_map(|block| &block.outcome.receipts);
        receipts.into_iter().any(|receipt| receipt.id == id)
    }

    /// The stalled store writes again.
    pub fn resume(&mut self) {
        let place = self.stalled.take().expect("a store is stalled");
        for block in std::mem::take(&mut self.waiting) {
            self.commit(place, block);
        }
    }

    /// Everybody has the same blocks and states as far as they go.
    pub fn assert_agreement(&self) {
        for node in &self.nodes {
            for (height, block) in &node.disks.blocks {
                for other in &self.nodes {
                    if let Some(same) = other.disks.blocks.get(height) {
                        assert_eq!(same.hash, block.hash, "two blocks at height {height}");
                        assert_eq!(same.outcome.state_root, block.outcome.state_root);
                    }
                }
            }
        }
    }
}
