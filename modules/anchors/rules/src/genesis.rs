//! The numbers of this module, and the rules between them. They become state, and everything else of this module reads them there.

use borsh::{BorshDeserialize, BorshSerialize};
use execution::{Breach, Context, GenesisError, ModuleView, Section};
use serde::{Deserialize, Serialize};
use types::{Address, Amount, Canonical, Genesis, Network};

use crate::call::PAYLOAD_BYTES_MAX;
use crate::keys;
use crate::records::{read, view, write};

/// The most that a record may cost, and that a byte may: 1,000,000 THR.
pub const FEE_MAX: Amount = Amount(1_000_000_000_000);
/// The most that a payload's time may be off: a day.
pub const DRIFT_MS_MAX: u64 = 86_400_000;

/// The numbers of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorsParameters {
    /// What a new record burns, in µTHR.
    pub record_fee: Amount,
    /// What each byte of a payload that is kept burns beside it, in µTHR.
    pub payload_byte_fee: Amount,
    /// How far `created_at` of a payload may be from the block's time, in milliseconds.
    pub time_drift_max_ms: u64,
}

impl AnchorsParameters {
    /// The numbers of a running chain.
    pub(crate) fn read(context: &mut Context<'_, '_>) -> Self {
        read(context, &keys::rules()).expect("the genesis wrote this record, and no block removes it")
    }

    /// The numbers of a running chain, where nothing may be written.
    pub(crate) fn view(state: &ModuleView<'_>) -> Self {
        view(state, &keys::rules()).expect("the genesis wrote this record, and no block removes it")
    }

    /// What a new record with so many bytes of payload burns.
    pub(crate) fn fee(&self, payload_bytes: usize) -> Amount {
        let bytes = payload_bytes.min(PAYLOAD_BYTES_MAX) as u128;
        Amount(self.record_fee.0.saturating_add(self.payload_byte_fee.0.saturating_mul(bytes)))
    }
}

impl Canonical for AnchorsParameters {
    const BYTES_MAX: usize = 40;
}

impl Section for AnchorsParameters {
    fn new(_: Network, _: Address) -> Self {
        Self { record_fee: Amount(10_000), payload_byte_fee: Amount(10), time_drift_max_ms: 600_000 }
    }

    fn check(&self, _: &Genesis) -> Result<(), Breach> {
        let rule = "it is at most 1000000000000 (1,000,000 THR)";
        Breach::unless(self.record_fee <= FEE_MAX, "record_fee", self.record_fee, rule)?;
        Breach::unless(self.payload_byte_fee <= FEE_MAX, "payload_byte_fee", self.payload_byte_fee, rule)?;
        let is_span = (1..=DRIFT_MS_MAX).contains(&self.time_drift_max_ms);
        Breach::unless(is_span, "time_drift_max_ms", self.time_drift_max_ms, "it must be above zero and at most a day")
    }

    fn warnings(&self, _: &Genesis) -> Vec<String> {
        let free =
            "a record of anchors costs nothing but the fee of its transaction: the state grows cheaply".to_owned();
        if self.record_fee.is_zero() { vec![free] } else { Vec::new() }
    }
}

/// Writes the numbers.
pub(crate) fn begin(parameters: &AnchorsParameters, context: &mut Context<'_, '_>) -> Result<(), GenesisError> {
    write(context, &keys::rules(), parameters);
    Ok(())
}
