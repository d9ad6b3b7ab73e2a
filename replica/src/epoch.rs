//! Turning the page after an epoch's last block.

use std::sync::Arc;

use consensus::{EpochStart, Input};
use execution::{ChainState, FinalizedBlock, Layered, NextBlock};
use types::{Epoch, Header, View};

use crate::effect::{Effect, Notice};
use crate::replica::Replica;

/// The view in which the newest final block was notarized, on which the epoch's votes build: its proposal's, or 0 for
/// the last block of the epoch before. The certificate that came with it may be that of a descendant.
pub(crate) fn root_view(tip: &Header, epoch: Epoch) -> View {
    if tip.epoch == epoch { tip.view } else { View::ZERO }
}

impl Replica {
    /// Keeps a block's place for the log's floor, and notes the end of an epoch. The place is that of its proposal:
    /// the certificate may be a descendant's, and what lies between must stay in the log.
    pub(crate) fn note_place(&mut self, block: &FinalizedBlock) {
        self.places.insert(block.header.height, (block.header.epoch, block.header.view));
        self.page_is_full |= block.header.next_validators_hash.is_some();
    }

    /// Enters the epoch of the next block, with the set that the chain has fixed for it.
    pub(crate) fn turn_page(&mut self, state: &dyn ChainState) {
        if !std::mem::take(&mut self.page_is_full) {
            return;
        }
        let layers = self.chain.final_layers();
        let next = NextBlock::read(&Layered::new(state, &layers));
        let (epoch, set) = (next.epoch.number, next.validators);
        if epoch <= self.epoch {
            return;
        }
        self.epoch = epoch;
        self.set = Arc::new(set);
        self.company.enter(&self.set, &self.config.own_peer);
        let bound = self.listen.entered(epoch, self.own_index());
        self.effects.extend(bound.map(Effect::Bound));
        self.turn = None;
        self.judgements.clear();
        // Views are counted anew.
        self.drop_hints(View::MAX);
        self.drafts.clear();
        self.finalizations.retain(|waiting| waiting.statement.epoch >= epoch);
        self.effects.push(Effect::Notify(Notice::Validators { epoch, set: self.set.clone() }));
        // Catching up may end inside an epoch: then its newest final block is where consensus goes on.
        let tip = self.chain.tip();
        let root_view = root_view(&tip.header, epoch);
        let floor = self.listen.floor_in(epoch).max(root_view);
        let start = EpochStart { epoch, set: self.set.clone(), root: tip.hash, root_view, floor };
        self.tell_engine(Input::EnterEpoch(start));
    }
}
