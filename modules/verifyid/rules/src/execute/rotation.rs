//! New keys for devices: at once where the old key signs too, announced and delayed where it is lost.

use execution::{Context, Reject};
use types::canary::{Canary, planted};
use types::{Hash32, TimeMs};

use super::{Now, device, key_of, put_device, signed};
use crate::call::{CancelRotation, Rotate};
use crate::device::{DeviceId, DeviceKey, key_id};
use crate::event::VerifyIdEvent;
use crate::keys;
use crate::records::{Announced, Device, KeyForm, KeyUse, KnownKey, read, write};
use crate::reject::VerifyIdReject;
use crate::statements::Rotation;

pub(super) fn rotate(context: &mut Context<'_, '_>, now: &Now, call: &Rotate) -> Result<(), Reject> {
    let id = call.device;
    let mut device = device(context, &id)?;
    now.is_owner(&device)?;
    now.holds(call.valid_until)?;
    let new_key = DeviceKey::read(call.algorithm, &call.key)?;
    let new_id = new_key.id();
    let known: Option<KnownKey> = read(context, &keys::key(&new_id));
    let is_announced = known == Some(KnownKey { device: id, of_use: KeyUse::Reserved });
    if known.is_some() && !is_announced {
        return Err(VerifyIdReject::KeyInUse.into());
    }
    let statement = statement(context, id, &device, new_id, call.valid_until);
    let bytes = statement.to_bytes();
    if !signed(&new_key, &bytes, &call.new_signature) {
        return Err(VerifyIdReject::WrongPossession.into());
    }
    let form = KeyForm { algorithm: call.algorithm, key: call.key.clone() };
    match (&call.old_signature, &device.announced) {
        (Some(signature), _) => {
            if !signed(&key_of(&device)?, &bytes, signature) {
                return Err(VerifyIdReject::WrongDeviceSignature.into());
            }
        }
        (None, None) => return announce(context, now, id, device, form, new_id),
        (None, Some(announced)) => {
            if !is_announced || now.time < announced.from {
                return Err(VerifyIdReject::RotationEarly.into());
            }
        }
    }
    drop_announced(context, &mut device);
    let old_id = key_id(device.key.algorithm, &device.key.key);
    write(context, &keys::key(&old_id), &KnownKey { device: id, of_use: KeyUse::Retired });
    write(context, &keys::key(&new_id), &KnownKey { device: id, of_use: KeyUse::Live });
    device.rotation = device.rotation.saturating_add(1);
    if !planted(Canary::OldKeyAfterRotation) {
        device.key = form;
    }
    device.forget_levels(now.time);
    // Whoever takes it would get another key than the one that was offered.
    device.offer = None;
    device.cancelled_until = TimeMs(0);
    put_device(context, &id, &device);
    VerifyIdEvent::Rotated { device: id, rotation: device.rotation, key: new_id }.emit(context)
}

fn announce(
    context: &mut Context<'_, '_>,
    now: &Now,
    id: DeviceId,
    mut device: Device,
    key: KeyForm,
    new_id: Hash32,
) -> Result<(), Reject> {
    let from = now.time.saturating_add(now.rules.rotation_delay_ms);
    write(context, &keys::key(&new_id), &KnownKey { device: id, of_use: KeyUse::Reserved });
    device.announced = Some(Announced { key, from });
    put_device(context, &id, &device);
    VerifyIdEvent::RotationAnnounced { device: id, key: new_id, from }.emit(context)
}

pub(super) fn cancel(context: &mut Context<'_, '_>, now: &Now, call: &CancelRotation) -> Result<(), Reject> {
    let id = call.device;
    let mut device = device(context, &id)?;
    if call.signature.is_none() {
        now.is_owner(&device)?;
    }
    let announced = device.announced.as_ref().ok_or(VerifyIdReject::NoRotation)?;
    let key = key_id(announced.key.algorithm, &announced.key.key);
    if let Some(signature) = &call.signature {
        now.holds(call.valid_until)?;
        // The same word again would drop the same key whenever it is announced anew.
        if call.valid_until <= device.cancelled_until {
            return Err(VerifyIdReject::StatementUsed.into());
        }
        let statement = statement(context, id, &device, key, call.valid_until);
        if !signed(&key_of(&device)?, &statement.cancellation(), signature) {
            return Err(VerifyIdReject::WrongDeviceSignature.into());
        }
        device.cancelled_until = call.valid_until;
    }
    drop_announced(context, &mut device);
    put_device(context, &id, &device);
    VerifyIdEvent::RotationCancelled { device: id, key }.emit(context)
}

/// Drops what is announced, and frees its key.
pub(super) fn drop_announced(context: &mut Context<'_, '_>, device: &mut Device) {
    if let Some(Announced { key, .. }) = device.announced.take() {
        context.delete(&keys::key(&key_id(key.algorithm, &key.key)));
    }
}

/// What is signed for the device's next rotation.
fn statement(
    context: &Context<'_, '_>,
    id: DeviceId,
    device: &Device,
    new_key: Hash32,
    valid_until: TimeMs,
) -> Rotation {
    let number = device.rotation.saturating_add(1);
    Rotation { chain_id: context.block().chain_id, device: id, number, new_key, valid_until }
}
