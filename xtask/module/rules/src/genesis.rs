//! What this module begins with: its section of the genesis, `modules.module_name`, and the state that it becomes.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Breach, Context, Section};
use serde::{Deserialize, Serialize};
use types::{Address, Amount, Canonical, Genesis, Network};

use crate::keys;
use crate::record::{read, write as put};

/// Most that a note may cost: 1,000,000 THR, in µTHR.
pub const FEE_MAX: Amount = Amount(1_000_000_000_000);

/// The numbers of this module.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleNameParameters {
    /// Fee for a note, in µTHR, burned.
    pub fee: Amount,
}

impl ModuleNameParameters {
    /// The numbers of a running chain.
    pub(crate) fn read(context: &mut Context<'_, '_>) -> Self {
        read(context, &keys::parameters()).expect("the genesis wrote this record, and no block removes it")
    }
}

impl Canonical for ModuleNameParameters {
    const BYTES_MAX: usize = 16;
}

impl Section for ModuleNameParameters {
    fn new(_: Network, _: Address) -> Self {
        Self { fee: Amount(10_000) }
    }

    fn check(&self, _: &Genesis) -> Result<(), Breach> {
        Breach::unless(self.fee <= FEE_MAX, "fee", self.fee, "a note costs at most 1000000000000 (1,000,000 THR)")
    }
}

/// Writes the numbers into the state, where everything else reads them.
pub(crate) fn write(section: &ModuleNameParameters, context: &mut Context<'_, '_>) {
    put(context, &keys::parameters(), section);
}
