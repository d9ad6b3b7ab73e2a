//! Whether a device counts: revoking, suspending, holding, and the levels that the authority sets.

use execution::{Context, Reject};
use types::TimeMs;

use super::devices::{count_off, drop_entry};
use super::rotation::drop_announced;
use super::{Now, device, live_device, put_device};
use crate::call::{Out, SetLevel};
use crate::device::{DeviceId, key_id};
use crate::event::VerifyIdEvent;
use crate::keys;
use crate::records::{KeyUse, KnownKey, Status, Verifier, read, write};
use crate::reject::VerifyIdReject;

/// For good: by the owner, the authority, or until the owner accepts by whoever registered it, so that a slip gets its place back.
pub(super) fn revoke(context: &mut Context<'_, '_>, now: &Now, call: Out) -> Result<(), Reject> {
    let Out { device: id, reason } = call;
    let mut device = device(context, &id)?;
    let is_registrar = !device.accepted && now.sender == device.customer;
    if !is_registrar && now.sender != now.rules.authority {
        now.is_owner(&device)?;
    }
    let old_id = key_id(device.key.algorithm, &device.key.key);
    write(context, &keys::key(&old_id), &KnownKey { device: id, of_use: KeyUse::Retired });
    drop_announced(context, &mut device);
    count_off(context, &device.customer);
    drop_entry(context, &device, &id);
    (device.status, device.reason, device.offer) = (Status::Revoked, reason, None);
    put_device(context, &id, &device);
    VerifyIdEvent::Revoked { device: id, reason }.emit(context)
}

pub(super) fn suspend(context: &mut Context<'_, '_>, now: &Now, call: Out) -> Result<(), Reject> {
    now.is_authority()?;
    let Out { device: id, reason } = call;
    let mut device = live_device(context, &id)?;
    (device.status, device.reason) = (Status::Suspended, reason);
    put_device(context, &id, &device);
    VerifyIdEvent::Suspended { device: id, reason }.emit(context)
}

/// Each level goes on as long as it would have.
pub(super) fn reinstate(context: &mut Context<'_, '_>, now: &Now, id: DeviceId) -> Result<(), Reject> {
    now.is_authority()?;
    let mut device = device(context, &id)?;
    if device.status != Status::Suspended {
        return Err(VerifyIdReject::NotSuspended.into());
    }
    (device.status, device.reason, device.since) = (Status::Pending, 0, now.time);
    put_device(context, &id, &device);
    VerifyIdEvent::Reinstated { device: id }.emit(context)
}

/// For a day, once a week whoever holds it, so that a verifier that was taken over can do no more.
pub(super) fn hold(context: &mut Context<'_, '_>, now: &Now, id: DeviceId) -> Result<(), Reject> {
    is_verifier(context, now)?;
    let mut device = live_device(context, &id)?;
    let was_held = device.held > TimeMs(0);
    if was_held && now.time < device.held.saturating_add(now.rules.hold_pause_ms) {
        return Err(VerifyIdReject::HoldUsed.into());
    }
    let until = now.time.saturating_add(now.rules.hold_ms);
    (device.held, device.hold_until) = (now.time, until);
    put_device(context, &id, &device);
    VerifyIdEvent::Held { device: id, verifier: now.sender, until }.emit(context)
}

/// The record of a listed verifier.
pub(super) fn is_verifier(context: &mut Context<'_, '_>, now: &Now) -> Result<Verifier, VerifyIdReject> {
    let verifier: Option<Verifier> = read(context, &keys::verifier(&now.sender));
    verifier.filter(|verifier| verifier.listed).ok_or(VerifyIdReject::NotVerifier)
}

pub(super) fn set_level(context: &mut Context<'_, '_>, now: &Now, call: SetLevel) -> Result<(), Reject> {
    now.is_authority()?;
    let SetLevel { device: id, level, owner, rotation, seen, until, evidence } = call;
    let mut device = live_device(context, &id)?;
    // What was seen was of that owner's key, in its present standing.
    if (device.owner, device.rotation) != (owner, rotation) || seen < device.since || seen > now.time {
        return Err(VerifyIdReject::DeviceChanged.into());
    }
    if until > now.time.saturating_add(now.rules.level_ttl_ms) {
        return Err(VerifyIdReject::UntilTooFar.into());
    }
    match level {
        3 => device.tpm_until = until,
        4 => device.vendor_until = until,
        _ => return Err(VerifyIdReject::LevelNotSettable.into()),
    }
    put_device(context, &id, &device);
    VerifyIdEvent::LevelSet { device: id, level, until, evidence }.emit(context)
}
