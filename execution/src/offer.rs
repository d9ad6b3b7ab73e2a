//! Judging a module's system call before anybody proposes it: for whoever collects them for the next block.
//!
//! It must not know where calls come from. Invariant: what is admitted here is admitted in the next block of that time, because the
//! module is asked the same question.

use types::{SystemCall, TimeMs, ValidatorIndex, View};

use crate::check::{BODY_HEAD_BYTES, system_call_length};
use crate::module::Admission;
use crate::next_block::NextBlock;
use crate::registry::Registry;
use crate::reject::{KernelReject, Reject};
use crate::system::{Judgement, Judges, KERNEL};
use crate::view::StateView;

impl Registry {
    /// Judges system calls of modules, each by itself, for a block of this time on the state after its parent: why the module does not
    /// admit it, or that it is expired, or too long or heavy for any block. The kernel's own calls are made by proposers and refused here.
    #[must_use]
    pub fn admit(&self, view: &dyn StateView, time: TimeMs, calls: &[&SystemCall]) -> Vec<Result<Admission, Reject>> {
        let next = NextBlock::read(view);
        let time = time.max(next.time_min());
        // Which validator proposes changes nothing for a module's proof.
        let block = next.info(time, ValidatorIndex::ZERO).expect("a validator set has a first member");
        let judgement = Judgement { registry: self, view, next: &next, block: &block, block_view: View::ZERO };
        let limits = &block.parameters.limits;
        let body_bytes_max = u64::from(limits.body_bytes_max).saturating_sub(BODY_HEAD_BYTES);
        let system_bytes_max = u64::from(limits.system_bytes_max).min(body_bytes_max);
        let weight_max = limits.block_weight_max;
        let mut judges = Judges::new(&judgement);
        let judge = |call: &&SystemCall| {
            if call.module == KERNEL {
                return Err(KernelReject::NoSystemCalls.into());
            }
            let (calls_max, bytes_max) = judgement.limits(call.module);
            if calls_max == 0 {
                return Err(KernelReject::NoSystemCalls.into());
            }
            if system_call_length(call) > system_bytes_max || call.body.len() > bytes_max {
                return Err(KernelReject::TooLong.into());
            }
            let admission = judges.admit(call)?;
            if admission.weight.0 > weight_max {
                return Err(KernelReject::TooHeavy.into());
            }
            if admission.expiry < time { Err(KernelReject::Expired.into()) } else { Ok(admission) }
        };
        calls.iter().map(judge).collect()
    }
}
