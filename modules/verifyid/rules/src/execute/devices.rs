//! Registering, accepting and handing on devices.

use execution::{Context, Reject};
use types::{Address, THR, TimeMs};

use super::{Now, device, live_device, put_device, signed};
use crate::call::{Offer, Register, Take};
use crate::device::{DeviceId, DeviceKey};
use crate::event::VerifyIdEvent;
use crate::keys;
use crate::records::{Customer, Device, KeyForm, KeyUse, KnownKey, OpenOffer, Status, read, write};
use crate::reject::VerifyIdReject;
use crate::statements::Registration;

pub(super) fn register(context: &mut Context<'_, '_>, now: &Now, call: &Register) -> Result<(), Reject> {
    now.holds(call.valid_until)?;
    let key = DeviceKey::read(call.algorithm, &call.key)?;
    let key_id = key.id();
    let id = DeviceId(key_id);
    // A device's first key is known for ever, so there is none where the key is not.
    if context.get(&keys::key(&key_id)).is_some() {
        let is_device = context.get(&keys::device(&id)).is_some();
        return Err(if is_device { VerifyIdReject::DeviceExists } else { VerifyIdReject::KeyInUse }.into());
    }
    let chain_id = context.block().chain_id;
    let (owner, sender, kind) = (call.owner, now.sender, call.kind);
    let statement = Registration { chain_id, device: id, owner, sender, kind, valid_until: call.valid_until };
    if !signed(&key, &statement.to_bytes(), &call.possession) {
        return Err(VerifyIdReject::WrongPossession.into());
    }
    count_on(context, now, &sender)?;
    if !now.rules.registration_fee.is_zero() {
        context.burn(THR, &sender, now.rules.registration_fee)?;
    }
    let never = TimeMs(0);
    let device = Device {
        owner,
        customer: sender,
        kind,
        status: Status::Pending,
        key: KeyForm { algorithm: call.algorithm, key: call.key.clone() },
        rotation: 0,
        accepted: owner == sender,
        work_class: 0,
        work_until: never,
        tpm_until: never,
        vendor_until: never,
        registered_height: context.block().height,
        registered: now.time,
        verified: never,
        since: now.time,
        work_beacon: None,
        reason: 0,
        hold_until: never,
        held: never,
        offer: None,
        announced: None,
        cancelled_until: never,
    };
    write(context, &keys::key(&key_id), &KnownKey { device: id, of_use: KeyUse::Live });
    let entry = if device.accepted { keys::owned(&owner, &id) } else { keys::waiting(&owner, &id) };
    context.put(&entry, Vec::new());
    put_device(context, &id, &device);
    VerifyIdEvent::Registered { device: id, owner, customer: sender, kind }.emit(context)
}

/// Counts one more device on a plan.
fn count_on(context: &mut Context<'_, '_>, now: &Now, address: &Address) -> Result<(), VerifyIdReject> {
    let key = keys::customer(address);
    let mut customer: Customer = read(context, &key).unwrap_or_default();
    if customer.devices >= now.rules.allowance(&customer, now.time).devices {
        return Err(VerifyIdReject::DeviceLimit);
    }
    customer.devices = customer.devices.saturating_add(1);
    write(context, &key, &customer);
    Ok(())
}

/// Counts one device less on a plan.
pub(super) fn count_off(context: &mut Context<'_, '_>, address: &Address) {
    let key = keys::customer(address);
    let mut customer: Customer = read(context, &key).unwrap_or_default();
    customer.devices = customer.devices.saturating_sub(1);
    write(context, &key, &customer);
}

/// Takes a device off its owner's list, or off those that wait for it.
pub(super) fn drop_entry(context: &mut Context<'_, '_>, device: &Device, id: &DeviceId) {
    let entry = if device.accepted { keys::owned(&device.owner, id) } else { keys::waiting(&device.owner, id) };
    context.delete(&entry);
}

pub(super) fn accept(context: &mut Context<'_, '_>, now: &Now, id: DeviceId) -> Result<(), Reject> {
    let mut device = device(context, &id)?;
    now.is_owner(&device)?;
    if device.accepted {
        return Err(VerifyIdReject::AlreadyAccepted.into());
    }
    device.accepted = true;
    context.delete(&keys::waiting(&device.owner, &id));
    context.put(&keys::owned(&device.owner, &id), Vec::new());
    put_device(context, &id, &device);
    VerifyIdEvent::Accepted { device: id }.emit(context)
}

pub(super) fn offer(context: &mut Context<'_, '_>, now: &Now, call: Offer) -> Result<(), Reject> {
    let Offer { device: id, to, until } = call;
    let mut device = live_device(context, &id)?;
    now.is_owner(&device)?;
    if until <= now.time {
        return Err(VerifyIdReject::OfferExpired.into());
    }
    if until > now.time.saturating_add(now.rules.offer_max_ms) {
        return Err(VerifyIdReject::UntilTooFar.into());
    }
    device.offer = Some(OpenOffer { to, until });
    put_device(context, &id, &device);
    VerifyIdEvent::Offered { device: id, to, until }.emit(context)
}

pub(super) fn withdraw(context: &mut Context<'_, '_>, now: &Now, id: DeviceId) -> Result<(), Reject> {
    let mut device = device(context, &id)?;
    now.is_owner(&device)?;
    if device.offer.take().is_none() {
        return Err(VerifyIdReject::NoOffer.into());
    }
    put_device(context, &id, &device);
    VerifyIdEvent::Withdrawn { device: id }.emit(context)
}

/// A transfer ends every right of the former owner, and whatever was announced or shown under it.
pub(super) fn take(context: &mut Context<'_, '_>, now: &Now, call: Take) -> Result<(), Reject> {
    let Take { device: id, rotation } = call;
    let mut device = live_device(context, &id)?;
    let OpenOffer { to, until } = device.offer.take().ok_or(VerifyIdReject::NoOffer)?;
    if to != now.sender {
        return Err(VerifyIdReject::NotRecipient.into());
    }
    if until < now.time {
        return Err(VerifyIdReject::OfferExpired.into());
    }
    if device.rotation != rotation {
        return Err(VerifyIdReject::DeviceChanged.into());
    }
    let from = device.owner;
    if device.customer != to {
        count_off(context, &device.customer);
        count_on(context, now, &to)?;
    }
    drop_entry(context, &device, &id);
    context.put(&keys::owned(&to, &id), Vec::new());
    super::rotation::drop_announced(context, &mut device);
    device.forget_levels(now.time);
    (device.owner, device.customer, device.accepted) = (to, to, true);
    put_device(context, &id, &device);
    VerifyIdEvent::Transferred { device: id, from, to }.emit(context)
}
