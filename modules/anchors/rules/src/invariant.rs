//! What must hold after every block; for tests and simulation.

use std::collections::BTreeMap;

use borsh::BorshDeserialize;
use execution::{ModuleView, SCAN_MAX};
use types::Address;

use crate::keys;
use crate::names::{HashKind, SigningMethod, is_name, is_put_key, is_scopes};
use crate::payload::AttestationPayload;
use crate::records::{AttestationRecord, ContractRecord, HashRecord, LogRecord, PutRecord, ServiceRecord, Since};

/// Checks all of it. Slow: it reads everything.
pub(crate) fn check(state: &ModuleView<'_>) -> Result<(), String> {
    check_digests(state)?;
    let services = all::<ServiceRecord>(state, &keys::services())?;
    for (key, service) in &services {
        let name = key.get(21..).unwrap_or_default();
        if !is_name(name) || !is_scopes(&service.scopes) {
            return Err("a service has a name or scopes that were never allowed".to_owned());
        }
        is_past(state, service.revoked.unwrap_or(service.since))?;
    }
    check_attestations(state, &services)?;
    check_logs(state)
}

/// Every record lies where its contents say.
fn check_digests(state: &ModuleView<'_>) -> Result<(), String> {
    for (key, put) in all::<PutRecord>(state, &keys::puts())? {
        let (account, namespace, name) = parts(&key).ok_or("a key of a put is cut")?;
        if !is_name(namespace) || !is_put_key(name) || keys::put(&account, namespace, name) != key {
            return Err("a digest stands under a name that was never allowed".to_owned());
        }
        is_past(state, put.since)?;
    }
    for (key, anchored) in all::<HashRecord>(state, &keys::hashes())? {
        if key.len() != 54 || key.get(21).is_none_or(|kind| HashKind::of(*kind).is_none()) {
            return Err("a hash is of no kind".to_owned());
        }
        is_past(state, anchored.since)?;
    }
    for (key, ContractRecord { contract, since }) in all(state, &keys::contracts())? {
        let is_right = key.get(21..) == Some(contract.manifest_sha256.as_bytes().as_slice());
        if !is_right || SigningMethod::of(contract.signing_method_class).is_none() {
            return Err("a contract lies under another manifest, or is signed by no method".to_owned());
        }
        is_past(state, since)?;
    }
    Ok(())
}

/// Every attestation is of a service of its account, from before that was revoked, and is what its txid says.
fn check_attestations(state: &ModuleView<'_>, services: &BTreeMap<Vec<u8>, ServiceRecord>) -> Result<(), String> {
    for (key, record) in all::<AttestationRecord>(state, &keys::attestations())? {
        let (account, name, txid) = parts(&key).ok_or("a key of an attestation is cut")?;
        let service = services.get(&keys::service(&account, name)).ok_or("an attestation is of no service")?;
        let is_before = service.revoked.is_none_or(|revoked| record.since.height <= revoked.height);
        if !is_before || record.since.height < service.since.height {
            return Err("an attestation is from before or after its service".to_owned());
        }
        let payload = AttestationPayload::read(&record.payload).map_err(|reject| format!("a payload is {reject:?}"))?;
        let signed = AttestationPayload::txid(&payload.service, &record.payload);
        if payload.service.as_bytes() != name || signed.as_bytes().as_slice() != txid {
            return Err("an attestation lies under another service or txid".to_owned());
        }
        crypto::ecdsa::verify(signed.as_bytes(), &service.key, &record.signature)
            .map_err(|error| format!("an attestation is not its service's: {error}"))?;
        is_past(state, record.since)?;
    }
    Ok(())
}

/// A log has a newest head if it has had any.
fn check_logs(state: &ModuleView<'_>) -> Result<(), String> {
    for (_, log) in all::<LogRecord>(state, &keys::logs())? {
        let is_right = match log.newest {
            None => log.checkpoints == 0,
            // Numbers may begin at 0.
            Some(newest) => log.checkpoints > 0 && log.checkpoints.saturating_sub(1) <= newest.sequence,
        };
        if !is_right || log.newest.is_some_and(|newest| newest.since.height < log.opened.height) {
            return Err("a log counts other checkpoints than it can have had".to_owned());
        }
        is_past(state, log.newest.map_or(log.opened, |newest| newest.since))?;
    }
    Ok(())
}

/// Account, the part behind its length, and the rest of a key.
fn parts(key: &[u8]) -> Option<(Address, &[u8], &[u8])> {
    let account = Address(key.get(1..21)?.try_into().ok()?);
    let (length, rest) = key.get(21..)?.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((account, name, rest))
}

fn is_past(state: &ModuleView<'_>, since: Since) -> Result<(), String> {
    if since.time <= state.time() { Ok(()) } else { Err(format!("a record is of {}, which is to come", since.time)) }
}

fn all<T: BorshDeserialize>(state: &ModuleView<'_>, prefix: &[u8]) -> Result<BTreeMap<Vec<u8>, T>, String> {
    let (mut all, mut from) = (BTreeMap::new(), prefix.to_vec());
    loop {
        let page = state.scan(prefix, &from, SCAN_MAX);
        let Some((last, _)) = page.last() else { return Ok(all) };
        from = [last.as_slice(), &[0]].concat();
        for (key, value) in page {
            let value = borsh::from_slice(&value)
                .map_err(|_| format!("the key {} holds no such record", types::to_hex(&key)))?;
            all.insert(key, value);
        }
    }
}
