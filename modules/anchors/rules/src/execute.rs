//! Carrying out calls. The kernel discards what a rejected call wrote.
//!
//! Invariants: the sender's account is part of every key that is written; what is there already stays, and the same again has no
//! effect, burns nothing and reports nothing; each new record burns its fee.

mod digests;
mod logs;
mod services;

use execution::{Context, Reject};
use types::{Address, THR};

use crate::call::AnchorsCall;
use crate::genesis::AnchorsParameters;
use crate::records::Since;
use crate::reject::AnchorsReject;

/// A call's surroundings: who signed it, which block it is in, and the numbers of the chain.
struct Now {
    sender: Address,
    since: Since,
    rules: AnchorsParameters,
}

/// Carries out a checked call for `sender`.
pub(crate) fn execute(context: &mut Context<'_, '_>, sender: Address, call: AnchorsCall) -> Result<(), Reject> {
    let since = Since { height: context.block().height, time: context.block().time };
    let now = Now { sender, since, rules: AnchorsParameters::read(context) };
    match call {
        AnchorsCall::Put(put) => digests::put(context, &now, &put),
        AnchorsCall::Anchor(anchor) => digests::anchor(context, &now, anchor),
        AnchorsCall::Contract(contract) => digests::contract(context, &now, contract),
        AnchorsCall::RegisterService(register) => services::register(context, &now, &register),
        AnchorsCall::RevokeService(service) => services::revoke(context, &now, &service),
        AnchorsCall::AttestAi(attest) => services::attest(context, &now, &attest),
        AnchorsCall::OpenLog(log) => logs::open(context, &now, log),
        AnchorsCall::Checkpoint(checkpoint) => logs::checkpoint(context, &now, checkpoint),
    }
}

impl Now {
    /// Burns what a new record with so many bytes of payload costs.
    fn pay(&self, context: &mut Context<'_, '_>, payload_bytes: usize) -> Result<(), Reject> {
        let fee = self.rules.fee(payload_bytes);
        if fee.is_zero() {
            return Ok(());
        }
        context.burn(THR, &self.sender, fee).map_err(|_| AnchorsReject::RecordFeeUnpayable.into())
    }
}
