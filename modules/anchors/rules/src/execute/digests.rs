//! Digests, hashes and contracts: what is first under its key stays.

use execution::{Context, Reject};
use types::canary::{Canary, planted};

use super::Now;
use crate::call::{AnchorContract, AnchorHash, PutDigest};
use crate::event::AnchorsEvent;
use crate::keys;
use crate::names::{HashKind, text};
use crate::records::{ContractRecord, HashRecord, PutRecord, read, write};
use crate::reject::AnchorsReject;

pub(super) fn put(context: &mut Context<'_, '_>, now: &Now, call: &PutDigest) -> Result<(), Reject> {
    let key = keys::put(&now.sender, &call.namespace, &call.key);
    let before = read::<PutRecord>(context, &key).filter(|_| !planted(Canary::AnchorOverwritten));
    if let Some(before) = before {
        return if before.digest == call.digest { Ok(()) } else { Err(AnchorsReject::AnchorConflict.into()) };
    }
    now.pay(context, 0)?;
    write(context, &key, &PutRecord { digest: call.digest, since: now.since });
    let (namespace, key) = (text(&call.namespace), text(&call.key));
    AnchorsEvent::Put { account: now.sender, namespace, key, digest: call.digest }.emit(context)
}

pub(super) fn anchor(context: &mut Context<'_, '_>, now: &Now, call: AnchorHash) -> Result<(), Reject> {
    let AnchorHash { kind, hash } = call;
    let key = keys::hash(&now.sender, HashKind::of(kind).ok_or(AnchorsReject::UnknownKind)?, &hash);
    if read::<HashRecord>(context, &key).is_some() {
        return Ok(());
    }
    now.pay(context, 0)?;
    write(context, &key, &HashRecord { since: now.since });
    AnchorsEvent::Anchored { account: now.sender, kind, hash }.emit(context)
}

pub(super) fn contract(context: &mut Context<'_, '_>, now: &Now, contract: AnchorContract) -> Result<(), Reject> {
    let key = keys::contract(&now.sender, &contract.manifest_sha256);
    if let Some(before) = read::<ContractRecord>(context, &key) {
        return if before.contract == contract { Ok(()) } else { Err(AnchorsReject::IdempotencyConflict.into()) };
    }
    now.pay(context, 0)?;
    write(context, &key, &ContractRecord { contract, since: now.since });
    let AnchorContract { manifest_sha256, document_sha256, agreement_version, .. } = contract;
    let account = now.sender;
    AnchorsEvent::ContractAnchored { account, manifest_sha256, document_sha256, agreement_version }.emit(context)
}
