//! A module that exists only in tests: it uses every hand and eye that the kernel gives a module.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{
    Admission, BlockInfo, Budget, Context, GenesisError, Judge, KernelReject, Module, ModuleView, NoNumbers, Reject,
    RejectDescription, Words,
};
use serde::Serialize;
use types::{
    Address, Amount, AssetId, ByteString, Call, Canonical, Height, ModuleId, SystemCall, TimeMs, ValidatorSet, Weight,
};

pub const PROBE: ModuleId = ModuleId(2);

execution::rejects! {
    /// What this module rejects.
    pub enum ProbeReject of PROBE;
    1 Failed "failed" "the call asked to fail and did"
}

#[derive(Clone, Copy, Default)]
pub struct Probe;

#[derive(Clone, Debug, BorshSerialize, BorshDeserialize, Serialize)]
pub enum ProbeCall {
    Lock { asset: AssetId, pot: u8, amount: Amount },
    Release { asset: AssetId, pot: u8, to: Address, amount: Amount },
    Wake { time: TimeMs, key: ByteString<64> },
    Emit { count: u16, length: u16 },
    Write { key: u8, value: u8 },
    Open { asset: AssetId, cap: Amount },
    Mint { asset: AssetId, to: Address, amount: Amount },
    Heavy { weight: u64 },
    Ancestor { height: Height },
    Fail,
    Choose { set: ByteString<200> },
}

impl Canonical for ProbeCall {
    const BYTES_MAX: usize = 256;
}

impl ProbeCall {
    pub fn to_call(&self) -> Call {
        Call { module: PROBE, body: ByteString::new(self.to_canonical()).expect("short") }
    }
}

/// What a system call of this module does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemCase {
    Good = 0,
    NotAdmitted = 1,
    Expired = 2,
    FailsLater = 3,
    Heavy = 4,
}

/// A system call; of those with one `key` only one may stand in a block.
pub fn system_call(key: u8, case: SystemCase, padding: usize) -> SystemCall {
    let mut body = vec![key, case as u8];
    body.resize(2 + padding, 0);
    SystemCall { module: PROBE, body: ByteString::new(body).expect("short") }
}

impl Module for Probe {
    const ID: ModuleId = PROBE;
    const NAME: &'static str = "probe";
    const REJECTS: &'static [RejectDescription] = ProbeReject::ALL;
    const SYSTEM_CALLS_PER_BLOCK_MAX: usize = 3;
    const SYSTEM_BYTES_PER_BLOCK_MAX: usize = 100;
    const CHOOSES_VALIDATORS: bool = true;
    type Genesis = NoNumbers;
    type Call = ProbeCall;

    fn genesis(&self, _: NoNumbers, _: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        Ok(())
    }

    fn check(&self, call: &ProbeCall) -> Result<Weight, Reject> {
        match call {
            ProbeCall::Heavy { weight } => Ok(Weight(*weight)),
            _ => Ok(Weight(100)),
        }
    }

    fn say(&self, call: &ProbeCall, _: &dyn Words) -> String {
        format!("{call:?}")
    }

    fn execute(&self, context: &mut Context<'_, '_>, sender: Address, call: ProbeCall) -> Result<(), Reject> {
        match call {
            ProbeCall::Lock { asset, pot, amount } => context.lock(asset, &sender, &[pot], amount),
            ProbeCall::Release { asset, pot, to, amount } => context.release(asset, &[pot], &to, amount),
            ProbeCall::Wake { time, key } => {
                context.wake_at(time, &key);
                Ok(())
            }
            ProbeCall::Emit { count, length } => {
                (0..count).try_for_each(|_| context.emit(1, &vec![0_u8; usize::from(length)]))
            }
            ProbeCall::Write { key, value } => {
                context.put(&[key], vec![value]);
                Ok(())
            }
            ProbeCall::Open { asset, cap } => context.open_asset(asset, cap),
            ProbeCall::Mint { asset, to, amount } => context.mint(asset, &to, amount),
            ProbeCall::Heavy { .. } => Ok(()),
            ProbeCall::Ancestor { height } => {
                let known = context.ancestor(height).is_some_and(|ancestor| ancestor.height == height);
                known.then_some(()).ok_or(ProbeReject::Failed.into())
            }
            ProbeCall::Choose { set } => {
                context.put(b"choice", set.to_vec());
                Ok(())
            }
            ProbeCall::Fail => Err(ProbeReject::Failed.into()),
        }
    }

    fn next_validators(
        &self,
        context: &mut Context<'_, '_>,
        budget: &mut Budget,
    ) -> Result<Option<ValidatorSet>, Reject> {
        assert!(!budget.take(Weight(u64::MAX)), "a budget is bounded");
        let Some(choice) = context.get(b"choice") else { return Ok(None) };
        context.delete(b"choice");
        ValidatorSet::from_canonical(&choice).map(Some).map_err(|_| ProbeReject::Failed.into())
    }

    fn begin_block(&self, context: &mut Context<'_, '_>, budget: &mut Budget) -> Result<(), Reject> {
        assert!(!budget.take(Weight(u64::MAX)), "a budget is bounded");
        match context.get(b"fail-in-begin") {
            Some(_) => {
                context.put(b"never-seen", vec![1]);
                Err(ProbeReject::Failed.into())
            }
            None => Ok(()),
        }
    }

    fn wake(&self, context: &mut Context<'_, '_>, key: &[u8]) -> Result<Weight, Reject> {
        context.emit(9, &key.to_vec())?;
        if key.starts_with(b"fail") {
            context.put(b"never-seen", vec![1]);
            return Err(ProbeReject::Failed.into());
        }
        if key.starts_with(b"break-begin") {
            context.put(b"fail-in-begin", vec![1]);
        }
        Ok(if key.starts_with(b"heavy") { Weight(400_000) } else { Weight::ZERO })
    }

    fn judge<'a>(&'a self, _: ModuleView<'a>, block: &'a BlockInfo) -> Box<dyn Judge + 'a> {
        Box::new(|call: &[u8]| {
            let [key, case, ..] = call else { return Err(KernelReject::MalformedSystemCall.into()) };
            let expiry = if *case == SystemCase::Expired as u8 { block.time.saturating_sub(1) } else { block.time };
            let weight = if *case == SystemCase::Heavy as u8 { u64::MAX } else { 10 };
            if *case == SystemCase::NotAdmitted as u8 {
                return Err(ProbeReject::Failed.into());
            }
            Ok(Admission { weight: Weight(weight), key: [*key][..].into(), expiry, priority: 0 })
        })
    }

    fn execute_system(&self, context: &mut Context<'_, '_>, call: &[u8]) -> Result<(), Reject> {
        context.put(b"system", call.to_vec());
        context.emit(8, &call.to_vec())?;
        if call.get(1) == Some(&(SystemCase::FailsLater as u8)) { Err(ProbeReject::Failed.into()) } else { Ok(()) }
    }
}
