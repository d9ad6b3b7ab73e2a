//! Carrying out calls. The kernel discards what a rejected call wrote.
//!
//! Invariants: a live key points to its device and back; a customer counts its devices that are not revoked; a device has one owner.

mod attest;
mod batches;
mod devices;
mod plans;
mod rotation;
mod standing;

use execution::{Context, Reject};
use types::{Address, TimeMs};

use crate::call::{SignatureBytes, VerifyIdCall};
use crate::device::{DeviceId, DeviceKey, SIGNATURE_BYTES};
use crate::genesis::VerifyIdParameters;
use crate::keys;
use crate::records::{Device, Status, read, write};
use crate::reject::VerifyIdReject;

pub(crate) use attest::begin_block;
pub use attest::judge_shares;

/// A call's surroundings: who signed it, when its block is, and the numbers of the chain.
struct Now {
    sender: Address,
    time: TimeMs,
    rules: VerifyIdParameters,
}

/// Carries out a checked call for `sender`.
pub(crate) fn execute(context: &mut Context<'_, '_>, sender: Address, call: VerifyIdCall) -> Result<(), Reject> {
    let now = Now { sender, time: context.block().time, rules: VerifyIdParameters::read(context) };
    match call {
        VerifyIdCall::Register(register) => devices::register(context, &now, &register),
        VerifyIdCall::Accept(device) => devices::accept(context, &now, device),
        VerifyIdCall::Offer(offer) => devices::offer(context, &now, offer),
        VerifyIdCall::Take(take) => devices::take(context, &now, take),
        VerifyIdCall::Withdraw(device) => devices::withdraw(context, &now, device),
        VerifyIdCall::Rotate(rotate) => rotation::rotate(context, &now, &rotate),
        VerifyIdCall::CancelRotation(cancel) => rotation::cancel(context, &now, &cancel),
        VerifyIdCall::Revoke(out) => standing::revoke(context, &now, out),
        VerifyIdCall::Suspend(out) => standing::suspend(context, &now, out),
        VerifyIdCall::Reinstate(device) => standing::reinstate(context, &now, device),
        VerifyIdCall::Hold(device) => standing::hold(context, &now, device),
        VerifyIdCall::AttestWork(attest) => attest::attest(context, &now, &attest),
        VerifyIdCall::Batch(batch) => batches::batch(context, &now, &batch),
        VerifyIdCall::SetLevel(set) => standing::set_level(context, &now, set),
        VerifyIdCall::SetVerifier { verifier, listed } => plans::set_verifier(context, &now, verifier, listed),
        VerifyIdCall::SetPlan(set) => plans::set_plan(context, &now, set),
        VerifyIdCall::BuyPlan(buy) => plans::buy_plan(context, &now, buy),
        VerifyIdCall::AllowVerifier { verifier, allowed } => plans::allow_verifier(context, &now, verifier, allowed),
    }
}

impl Now {
    fn is_authority(&self) -> Result<(), VerifyIdReject> {
        if self.sender == self.rules.authority { Ok(()) } else { Err(VerifyIdReject::NotAuthority) }
    }

    fn is_owner(&self, device: &Device) -> Result<(), VerifyIdReject> {
        if self.sender == device.owner { Ok(()) } else { Err(VerifyIdReject::NotOwner) }
    }

    /// Whether a device's word that holds so long holds now, and not for too long.
    fn holds(&self, valid_until: TimeMs) -> Result<(), VerifyIdReject> {
        if valid_until < self.time {
            return Err(VerifyIdReject::StatementExpired);
        }
        if valid_until > self.time.saturating_add(self.rules.statement_max_ms) {
            return Err(VerifyIdReject::StatementTooLong);
        }
        Ok(())
    }
}

/// A device that is not revoked.
fn device(context: &mut Context<'_, '_>, id: &DeviceId) -> Result<Device, VerifyIdReject> {
    let device: Device = read(context, &keys::device(id)).ok_or(VerifyIdReject::UnknownDevice)?;
    if device.status == Status::Revoked { Err(VerifyIdReject::Revoked) } else { Ok(device) }
}

/// A device that is neither revoked nor suspended.
fn live_device(context: &mut Context<'_, '_>, id: &DeviceId) -> Result<Device, VerifyIdReject> {
    let device = device(context, id)?;
    if device.status == Status::Suspended { Err(VerifyIdReject::Suspended) } else { Ok(device) }
}

fn put_device(context: &mut Context<'_, '_>, id: &DeviceId, device: &Device) {
    write(context, &keys::device(id), device);
}

/// Whether a key signed these bytes; a signature of another length is a wrong one.
fn signed(key: &DeviceKey, bytes: &[u8], signature: &SignatureBytes) -> bool {
    let signature: Result<&[u8; SIGNATURE_BYTES], _> = signature[..].try_into();
    signature.is_ok_and(|signature| key.signed(bytes, signature))
}

/// The key of a device: it was one when it was written.
fn key_of(device: &Device) -> Result<DeviceKey, VerifyIdReject> {
    DeviceKey::read(device.key.algorithm, &device.key.key)
}
