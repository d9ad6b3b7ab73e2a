//! Turning the page after an epoch's last block.

use std::sync::Arc;

use consensus::{EpochStart, Input};
use execution::{ChainState, FinalizedBlock, Layered, NextBlock};
use types::View;

use crate::effect::{Effect, Notice};
use crate::replica::Replica;

impl Replica {
    /// Keeps the place at which a block became final, for the log's floor, and notes the end of an epoch.
    pub(crate) fn note_place(&mut self, block: &FinalizedBlock) {
        let statement = block.certificate.statement;
        self.places.insert(block.header.height, (statement.epoch, statement.view));
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
        self.turn = None;
        self.judgements.clear();
        self.finalizations.retain(|waiting| waiting.statement.epoch >= epoch);
        self.effects.push(Effect::Notify(Notice::Validators { epoch, set: self.set.clone() }));
        // Catching up may end inside an epoch: then its newest final block is where consensus goes on.
        let tip = self.chain.tip();
        let place = self.places.get(&tip.header.height).copied();
        let root_view = place.filter(|(of, _)| *of == epoch).map_or(View::ZERO, |(_, view)| view);
        let start = EpochStart { epoch, set: self.set.clone(), root: tip.hash, root_view, floor: root_view };
        self.tell_engine(Input::EnterEpoch(start));
    }
}
