//! Trying a transaction without submitting it: what its receipt would be if it stood alone in the next block.
//!
//! It must not change anything, and asks the same questions as `validity`.

use types::{Receipt, TimeMs, ValidatorIndex};

use crate::checked::CheckedTransaction;
use crate::context::Report;
use crate::execute::Run;
use crate::filling::{Filling, Misfit};
use crate::next_block::NextBlock;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::system::Judgement;
use crate::view::StateView;

impl Registry {
    /// Executes the transaction alone in a block of time `time` (or just after the tip's, where that is later). Signatures are
    /// not looked at.
    ///
    /// # Errors
    /// Why no block could hold it: nonce, times, fee. A call's reject is no error; the receipt has it.
    pub fn simulate(
        &self,
        view: &dyn StateView,
        time: TimeMs,
        transaction: &CheckedTransaction,
    ) -> Result<Receipt, Reject> {
        let next = NextBlock::read(view);
        let block =
            next.info(time.max(next.time_min()), ValidatorIndex::ZERO).expect("a validator set has a first member");
        let judgement = Judgement { registry: self, view, next: &next, block: &block, block_view: types::View::ZERO };
        let facts = transaction.facts();
        Filling::new(&judgement).take_transaction(&transaction.transaction, &facts).map_err(|misfit| match misfit {
            Misfit::Reject(reject) => reject,
            Misfit::Room | Misfit::Weight | Misfit::SystemShare | Misfit::Repeated => KernelReject::TooHeavy.into(),
        })?;
        let mut run = Run::new(self, &next, &block, view);
        let fee = run.take_fee(&transaction.transaction, &facts).map_err(|_| KernelReject::FeeUnpayable)?;
        Ok(run.transaction(&transaction.transaction, &facts, fee, &mut Report::default()))
    }
}
