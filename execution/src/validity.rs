//! Whether a block is valid: one function for proposer, voter, replay and sync.
//!
//! It is decided from the block's bytes and the state after its parent; no call is executed. It must not know a clock (see
//! `clock`), nor check the signatures of transactions (see `signatures`), whose verdicts the caller may remember by `wid`.

use types::{Hash32, Header, SystemCall};

use crate::checked::CheckedBody;
use crate::filling::{Filling, Misfit};
use crate::invalid::InvalidBlock;
use crate::next_block::NextBlock;
use crate::registry::Registry;
use crate::system::Judgement;
use crate::view::StateView;

impl Registry {
    /// Judges a block against the state after its parent, whose root is `parent_root`.
    ///
    /// # Errors
    /// The first breach.
    pub fn validate(
        &self,
        view: &dyn StateView,
        parent_root: Hash32,
        header: &Header,
        body: &CheckedBody,
    ) -> Result<(), InvalidBlock> {
        let next = NextBlock::read(view);
        if next.epoch.version > self.version_max() {
            return Err(InvalidBlock::UnknownRules);
        }
        check_header(&next, parent_root, header)?;
        if body.root() != header.body_root {
            return Err(InvalidBlock::OtherBody);
        }
        let block = next.info(header.time, header.proposer).ok_or(InvalidBlock::Proposer)?;
        let judgement = Judgement { registry: self, view, next: &next, block: &block, block_view: header.view };
        let mut filling = Filling::new(&judgement);
        for (index, call) in (0..).zip(&body.body().system_calls) {
            filling.take_system_call(call).map_err(|misfit| system_call_breach(index, call, misfit))?;
        }
        if next.seed_is_due(header.time) && !filling.has_seed() {
            return Err(InvalidBlock::SeedMissing);
        }
        for (index, (transaction, facts)) in (0..).zip(body.transactions()) {
            filling.take_transaction(transaction, facts).map_err(|misfit| transaction_breach(index, misfit))?;
        }
        Ok(())
    }
}

/// Every field of a header but its body root and view, which the body and consensus decide.
fn check_header(next: &NextBlock, parent_root: Hash32, header: &Header) -> Result<(), InvalidBlock> {
    if header.version != next.epoch.version {
        return Err(InvalidBlock::Version);
    }
    if header.chain_id != next.chain_id() {
        return Err(InvalidBlock::Chain);
    }
    if header.height != next.height() {
        return Err(InvalidBlock::Height { found: header.height, expected: next.height() });
    }
    if header.parent != next.tip.hash {
        return Err(InvalidBlock::Parent);
    }
    if header.time <= next.tip.time {
        return Err(InvalidBlock::Time { found: header.time, parent: next.tip.time });
    }
    if header.epoch != next.epoch.number {
        return Err(InvalidBlock::Epoch);
    }
    if header.price != next.price {
        return Err(InvalidBlock::Price);
    }
    if header.state_root != parent_root {
        return Err(InvalidBlock::StateRoot);
    }
    if header.receipts_root != next.tip.receipts_root {
        return Err(InvalidBlock::ReceiptsRoot);
    }
    if header.validators_hash != next.epoch.validators_hash {
        return Err(InvalidBlock::Validators);
    }
    if header.next_validators_hash != next.next_validators_hash(header.time) {
        return Err(InvalidBlock::NextValidators);
    }
    Ok(())
}

fn system_call_breach(index: u32, call: &SystemCall, misfit: Misfit) -> InvalidBlock {
    match misfit {
        Misfit::Room => InvalidBlock::BodyTooLong,
        Misfit::Weight => InvalidBlock::TooHeavy,
        Misfit::SystemShare => InvalidBlock::SystemCallsTooMany { module: call.module },
        Misfit::Repeated => InvalidBlock::SystemCallRepeated { index },
        Misfit::Reject(reject) => InvalidBlock::SystemCall { index, reject },
    }
}

fn transaction_breach(index: u32, misfit: Misfit) -> InvalidBlock {
    match misfit {
        Misfit::Weight => InvalidBlock::TooHeavy,
        Misfit::Reject(reject) => InvalidBlock::Transaction { index, reject },
        Misfit::Room | Misfit::SystemShare | Misfit::Repeated => InvalidBlock::BodyTooLong,
    }
}
