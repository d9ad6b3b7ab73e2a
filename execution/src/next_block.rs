//! What the state after a block fixes of every child: the one reading of it for proposer, voter and execution.
//!
//! It must not know a block's contents. Invariant: everything here comes from the kernel's own namespace.

use types::{ChainId, Hash32, Height, TimeMs, ValidatorIndex, ValidatorSet};

use crate::context::BlockInfo;
use crate::fee;
use crate::keys;
use crate::records::{self, ChainRecord, EpochRecord, RunningRecord, SeedRecord, Tip};
use crate::view::StateView;

/// The frame of the blocks that may follow a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextBlock {
    /// Chain id and rules in numbers.
    pub chain: ChainRecord,
    /// The parent.
    pub tip: Tip,
    /// The epoch of the next block.
    pub epoch: EpochRecord,
    /// The seed mix so far.
    pub seed: SeedRecord,
    /// The validators of that epoch.
    pub validators: ValidatorSet,
    /// The modules that run.
    pub running: RunningRecord,
    /// The price of one weight.
    pub price: u128,
}

impl NextBlock {
    /// Reads the frame.
    #[must_use]
    pub fn read(view: &dyn StateView) -> Self {
        let chain: ChainRecord = records::read_present(view, &keys::chain());
        let tip: Tip = records::read_present(view, &keys::tip());
        let epoch: EpochRecord = records::read_present(view, &keys::epoch());
        let validators = records::read_present(view, &keys::validators(epoch.number));
        let price = fee::price(&chain.parameters.fees, tip.excess);
        let running = records::read_present(view, &keys::running());
        Self { seed: records::read_present(view, &keys::seed()), chain, tip, epoch, validators, running, price }
    }

    /// The chain.
    #[must_use]
    pub const fn chain_id(&self) -> ChainId {
        self.chain.chain_id
    }

    /// The next block's number.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.tip.height.next()
    }

    /// The earliest time that the next block may have.
    #[must_use]
    pub const fn time_min(&self) -> TimeMs {
        self.tip.time.next()
    }

    /// Whether the next block, at this time, is its epoch's last: a property of the block and its ancestors alone.
    #[must_use]
    pub const fn is_last(&self, time: TimeMs) -> bool {
        !self.tip.is_last && time.0 >= self.epoch.start.saturating_add(self.chain.parameters.timing.epoch_length_ms).0
    }

    /// Whether the next block, at this time, must carry the proposer's part of the seed.
    #[must_use]
    pub const fn seed_is_due(&self, time: TimeMs) -> bool {
        time.0 >= self.seed.time.saturating_add(self.chain.parameters.timing.seed_interval_ms).0
    }

    /// What modules see of the next block; nothing if the set has no such proposer.
    #[must_use]
    pub fn info(&self, time: TimeMs, proposer: ValidatorIndex) -> Option<BlockInfo> {
        let proposer_account = self.validators.get(proposer)?.account;
        Some(BlockInfo {
            chain_id: self.chain.chain_id,
            parameters: self.chain.parameters.clone(),
            version: self.epoch.version,
            height: self.height(),
            parent: self.tip.hash,
            time,
            epoch: self.epoch.number,
            proposer,
            proposer_account,
            price: self.price,
            seed_mix: self.seed.mix,
        })
    }

    /// What the next header must say about the set after its own.
    #[must_use]
    pub fn next_validators_hash(&self, time: TimeMs) -> Option<Hash32> {
        self.is_last(time).then_some(self.epoch.next_validators_hash)
    }
}
