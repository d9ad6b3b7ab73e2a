//! Validator sets that change: a module that exists only here and says who votes in which epoch.
//!
//! It stands in the place of the module that will decide about sets by stake, and goes by the same door of the kernel. It
//! must not know nodes: it turns through a list.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Budget, Context, GenesisError, KernelReject, Module, NoNumbers, Reject, RejectDescription, Words};
use serde::Serialize;
use types::{Address, Canonical, Epoch, ModuleId, ValidatorSet, Weight};

/// The sets of a chain, epoch by epoch: the first holds in epochs 0 and 1, as the genesis wants, then each in its turn.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    sets: Arc<[Arc<ValidatorSet>]>,
}

/// Nothing can be asked of it.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize, Serialize)]
pub(crate) struct NoCall;

impl Canonical for NoCall {
    const BYTES_MAX: usize = 0;
}

impl Roster {
    /// # Panics
    /// There is no set.
    pub(crate) fn new(sets: Vec<ValidatorSet>) -> Self {
        assert!(!sets.is_empty(), "a chain has validators");
        Self { sets: sets.into_iter().map(Arc::new).collect() }
    }

    /// Who votes in an epoch.
    pub(crate) fn set(&self, epoch: Epoch) -> &Arc<ValidatorSet> {
        let turn = usize::try_from(epoch.0.saturating_sub(1)).expect("few epochs");
        &self.sets[turn % self.sets.len()]
    }

    /// Whether sets change at all.
    pub(crate) fn turns(&self) -> bool {
        self.sets.len() > 1
    }
}

impl Module for Roster {
    const ID: ModuleId = ModuleId(u16::MAX);
    const NAME: &'static str = "roster";
    const REJECTS: &'static [RejectDescription] = &[];
    const CHOOSES_VALIDATORS: bool = true;
    type Genesis = NoNumbers;
    type Call = NoCall;

    fn genesis(&self, _section: NoNumbers, _context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
        Ok(())
    }

    fn check(&self, _call: &NoCall) -> Result<Weight, Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn say(&self, _call: &NoCall, _words: &dyn Words) -> String {
        "nothing".to_owned()
    }

    fn execute(&self, _context: &mut Context<'_, '_>, _sender: Address, _call: NoCall) -> Result<(), Reject> {
        Err(KernelReject::MalformedCall.into())
    }

    fn next_validators(
        &self,
        context: &mut Context<'_, '_>,
        _budget: &mut Budget,
    ) -> Result<Option<ValidatorSet>, Reject> {
        let set = self.set(context.block().epoch.next().next());
        Ok(Some(ValidatorSet::clone(set)))
    }
}
