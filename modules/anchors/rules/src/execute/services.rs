//! AI services: registered by a statement of their own key, revoked for good, and what they attest.

use crypto::ecdsa::{self, EcdsaError};
use execution::{Context, Reject};
use types::{ByteString, Hash32, Secp256k1Key, Secp256k1Signature};

use super::Now;
use crate::call::{AttestAi, RegisterService, ServiceName};
use crate::check::{read_attestation, read_service};
use crate::event::AnchorsEvent;
use crate::keys;
use crate::names::{ATTEST_SCOPE, text};
use crate::payload::{ServicePayload, time_of};
use crate::records::{AttestationRecord, ServiceRecord, read, write};
use crate::reject::AnchorsReject;

pub(super) fn register(context: &mut Context<'_, '_>, now: &Now, call: &RegisterService) -> Result<(), Reject> {
    let ServicePayload { created_at, key, scopes, service } = read_service(call)?;
    let place = keys::service(&now.sender, service.as_bytes());
    if let Some(before) = read::<ServiceRecord>(context, &place) {
        return match before {
            ServiceRecord { revoked: Some(_), .. } => Err(AnchorsReject::ServiceRevoked.into()),
            ServiceRecord { txid, .. } if txid == call.txid => Ok(()),
            _ => Err(AnchorsReject::ServiceConflict.into()),
        };
    }
    now.is_near(created_at)?;
    check_signature(&call.txid, &key, &call.signature)?;
    now.pay(context, 0)?;
    let record = ServiceRecord { key, scopes: scopes.clone(), txid: call.txid, since: now.since, revoked: None };
    write(context, &place, &record);
    AnchorsEvent::ServiceRegistered { account: now.sender, service, key, scopes, txid: call.txid }.emit(context)
}

pub(super) fn revoke(context: &mut Context<'_, '_>, now: &Now, service: &ServiceName) -> Result<(), Reject> {
    let place = keys::service(&now.sender, service);
    let record: ServiceRecord = read(context, &place).ok_or(AnchorsReject::UnregisteredService)?;
    if record.revoked.is_some() {
        return Ok(());
    }
    write(context, &place, &ServiceRecord { revoked: Some(now.since), ..record });
    AnchorsEvent::ServiceRevoked { account: now.sender, service: text(service) }.emit(context)
}

/// The same txid again has no effect, however late: whoever missed the answer asks by sending it once more.
pub(super) fn attest(context: &mut Context<'_, '_>, now: &Now, call: &AttestAi) -> Result<(), Reject> {
    if call.account != now.sender {
        return Err(AnchorsReject::NotServiceAccount.into());
    }
    let payload = read_attestation(call)?;
    let place = keys::attestation(&call.account, payload.service.as_bytes(), &call.txid);
    if read::<AttestationRecord>(context, &place).is_some() {
        return Ok(());
    }
    let service: Option<ServiceRecord> = read(context, &keys::service(&call.account, payload.service.as_bytes()));
    let service = service.filter(|service| service.revoked.is_none()).ok_or(AnchorsReject::UnregisteredService)?;
    if !service.may(ATTEST_SCOPE) {
        return Err(AnchorsReject::MissingScope.into());
    }
    if service.key != call.public_key {
        return Err(AnchorsReject::PubkeyNotAllowlisted.into());
    }
    now.is_near(payload.created_at)?;
    check_signature(&call.txid, &service.key, &call.signature)?;
    now.pay(context, call.payload.len())?;
    let kept = ByteString::new(call.payload.to_vec()).map_err(|_| AnchorsReject::PayloadTooLarge)?;
    let record = AttestationRecord { payload: kept.clone(), signature: call.signature, since: now.since };
    write(context, &place, &record);
    let (account, service, txid) = (call.account, payload.service, call.txid);
    AnchorsEvent::AiAttested { account, service, txid, payload: kept }.emit(context)
}

impl Now {
    /// Whether a payload was made about now.
    fn is_near(&self, created_at: u64) -> Result<(), AnchorsReject> {
        let drift = time_of(created_at).0.abs_diff(self.since.time.0);
        if drift <= self.rules.time_drift_max_ms { Ok(()) } else { Err(AnchorsReject::TimeDrift) }
    }
}

fn check_signature(txid: &Hash32, key: &Secp256k1Key, signature: &Secp256k1Signature) -> Result<(), AnchorsReject> {
    ecdsa::verify(txid.as_bytes(), key, signature).map_err(|error| match error {
        EcdsaError::PublicKey => AnchorsReject::MalformedField,
        _ => AnchorsReject::BadSignature,
    })
}
