//! What can be said of a call without state: whether it can ever succeed, and its weight.
//!
//! Signatures are not checked here: that is done when the transaction pays for it.

use execution::Reject;
use types::Weight;

use crate::call::{AnchorContract, AnchorsCall, AttestAi, PROOF_VERSION, PutDigest, RegisterService};
use crate::names::{HashKind, SigningMethod, is_name, is_put_key};
use crate::payload::{AttestationPayload, ServicePayload};
use crate::reject::AnchorsReject;

/// Weight of a call beside the bytes of its envelope; as that of a transfer.
pub const CALL_WEIGHT: Weight = Weight(1_000);
/// Weight of the signature of a service, beside that of the call.
pub const SIGNATURE_WEIGHT: Weight = Weight(2_000);

const SIGNED_WEIGHT: Weight = Weight(CALL_WEIGHT.0.saturating_add(SIGNATURE_WEIGHT.0));

/// Judges a call and declares its weight.
pub(crate) fn check(call: &AnchorsCall) -> Result<Weight, Reject> {
    match call {
        AnchorsCall::Put(put) => check_put(put)?,
        AnchorsCall::Anchor(anchor) => {
            HashKind::of(anchor.kind).ok_or(AnchorsReject::UnknownKind)?;
        }
        AnchorsCall::Contract(contract) => check_contract(contract)?,
        AnchorsCall::RegisterService(register) => {
            read_service(register)?;
            return Ok(SIGNED_WEIGHT);
        }
        AnchorsCall::RevokeService(service) if !is_name(service) => return Err(AnchorsReject::MalformedService.into()),
        AnchorsCall::AttestAi(attest) => {
            read_attestation(attest)?;
            return Ok(SIGNED_WEIGHT);
        }
        AnchorsCall::RevokeService(_) | AnchorsCall::OpenLog(_) | AnchorsCall::Checkpoint(_) => {}
    }
    Ok(CALL_WEIGHT)
}

fn check_put(put: &PutDigest) -> Result<(), AnchorsReject> {
    if !is_name(&put.namespace) {
        return Err(AnchorsReject::MalformedNamespace);
    }
    if is_put_key(&put.key) { Ok(()) } else { Err(AnchorsReject::MalformedPutKey) }
}

fn check_contract(contract: &AnchorContract) -> Result<(), AnchorsReject> {
    if contract.proof_version != PROOF_VERSION {
        return Err(AnchorsReject::UnknownProofVersion);
    }
    SigningMethod::of(contract.signing_method_class).map(|_| ()).ok_or(AnchorsReject::UnknownSigningMethod)
}

/// The payload of a registration whose txid is right.
pub(crate) fn read_service(call: &RegisterService) -> Result<ServicePayload, AnchorsReject> {
    let payload = ServicePayload::read(&call.payload)?;
    if ServicePayload::txid(&call.payload) == call.txid { Ok(payload) } else { Err(AnchorsReject::TxidMismatch) }
}

/// The payload of an attestation whose txid is right.
pub(crate) fn read_attestation(call: &AttestAi) -> Result<AttestationPayload, AnchorsReject> {
    let payload = AttestationPayload::read(&call.payload)?;
    let txid = AttestationPayload::txid(&payload.service, &call.payload);
    if txid == call.txid { Ok(payload) } else { Err(AnchorsReject::TxidMismatch) }
}
