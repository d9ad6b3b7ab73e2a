//! What must hold after every block; for tests and simulation.

use std::collections::BTreeMap;

use execution::{ModuleView, SCAN_MAX};
use types::{Address, Hash32};

use crate::device::{DeviceId, key_id};
use crate::keys;
use crate::records::{BatchRecord, Customer, Device, KeyForm, KeyUse, KnownKey, Status, Verifier, decode, view};

type Counts = BTreeMap<Address, u64>;

/// Checks all of it. Slow: it reads everything.
pub(crate) fn check(state: &ModuleView<'_>) -> Result<(), String> {
    let devices = all::<Device>(state, &keys::devices());
    let devices: BTreeMap<DeviceId, Device> =
        devices.into_iter().filter_map(|(key, device)| Some((DeviceId(hash_of(&key)?), device))).collect();
    check_keys(state, &devices)?;
    check_owners(state, &devices)?;
    check_customers(state, &devices)?;
    check_verifiers(state)?;
    check_months(state)
}

/// Every live key is its device's, every reserved one the one that its device announced, and back.
fn check_keys(state: &ModuleView<'_>, devices: &BTreeMap<DeviceId, Device>) -> Result<(), String> {
    let known = all::<KnownKey>(state, &keys::all_keys());
    let known: BTreeMap<Hash32, KnownKey> =
        known.into_iter().filter_map(|(key, known)| Some((hash_of(&key)?, known))).collect();
    let id_of = |form: &KeyForm| key_id(form.algorithm, &form.key);
    for (id, known) in &known {
        let Some(device) = devices.get(&known.device) else { return Err(format!("the key {id} is of no device")) };
        let announced = device.announced.as_ref().map(|announced| id_of(&announced.key));
        let is_right = match known.of_use {
            KeyUse::Live => id_of(&device.key) == *id && device.status != Status::Revoked,
            KeyUse::Reserved => announced == Some(*id),
            KeyUse::Retired => id_of(&device.key) != *id || device.status == Status::Revoked,
        };
        if !is_right {
            return Err(format!("the key {id} is {:?}, and its device says otherwise", known.of_use));
        }
    }
    for (id, device) in devices {
        let of_use = if device.status == Status::Revoked { KeyUse::Retired } else { KeyUse::Live };
        if known.get(&id_of(&device.key)) != Some(&KnownKey { device: *id, of_use }) {
            return Err(format!("the key of the device {} is not noted as {of_use:?}", id.0));
        }
        let announced = device.announced.as_ref().map(|announced| id_of(&announced.key));
        let reserved = KnownKey { device: *id, of_use: KeyUse::Reserved };
        if announced.is_some_and(|announced| known.get(&announced) != Some(&reserved)) {
            return Err(format!("the key that the device {} announced is not reserved", id.0));
        }
        if device.status == Status::Revoked && (announced.is_some() || device.offer.is_some()) {
            return Err(format!("the device {} is revoked and has something open", id.0));
        }
    }
    Ok(())
}

/// Each device that is not revoked stands once with its owner, or waits for it.
fn check_owners(state: &ModuleView<'_>, devices: &BTreeMap<DeviceId, Device>) -> Result<(), String> {
    let mut count = 0_usize;
    let owned = pairs(state, &keys::owners()).into_iter().map(|(key, _)| (key, true));
    let waiting = pairs(state, &keys::all_waiting()).into_iter().map(|(key, _)| (key, false));
    for (key, accepted) in owned.chain(waiting) {
        count = count.saturating_add(1);
        let owner = key.get(1..21).and_then(|owner| owner.try_into().ok()).map(Address);
        let id = key.get(21..).and_then(|id| id.try_into().ok()).map(|id| DeviceId(Hash32(id)));
        let device = id.and_then(|id| devices.get(&id));
        if device.map(|device| device.owner) != owner {
            return Err("an account has a device that is another's".to_owned());
        }
        if device.is_some_and(|device| device.accepted != accepted || device.status == Status::Revoked) {
            return Err("a device stands on a list that is not its".to_owned());
        }
    }
    let live = devices.values().filter(|device| device.status != Status::Revoked).count();
    if count == live { Ok(()) } else { Err(format!("{live} devices, {count} with owners")) }
}

/// Each customer counts the devices that are not revoked.
fn check_customers(state: &ModuleView<'_>, devices: &BTreeMap<DeviceId, Device>) -> Result<(), String> {
    let mut live = Counts::new();
    for device in devices.values().filter(|device| device.status != Status::Revoked) {
        let count = live.entry(device.customer).or_default();
        *count = count.saturating_add(1);
    }
    let mut counted = Counts::new();
    for (key, customer) in all::<Customer>(state, &keys::customers()) {
        let address = key.get(1..).and_then(|address| address.try_into().ok()).map(Address).unwrap_or_default();
        if customer.devices > 0 {
            counted.insert(address, customer.devices);
        }
    }
    if live == counted { Ok(()) } else { Err(format!("live devices {live:?}, customers count {counted:?}")) }
}

/// As many verifiers are listed as the counter says.
fn check_verifiers(state: &ModuleView<'_>) -> Result<(), String> {
    let listed = all::<Verifier>(state, &keys::verifiers()).iter().filter(|(_, verifier)| verifier.listed).count();
    let counted: u32 = view(state, &keys::verifiers_listed()).unwrap_or_default();
    if counted as usize == listed { Ok(()) } else { Err(format!("{listed} verifiers, {counted} counted")) }
}

/// The months of a customer sum up to what its batches call good.
fn check_months(state: &ModuleView<'_>) -> Result<(), String> {
    let (mut months, mut batches) = (Counts::new(), Counts::new());
    let add = |counts: &mut Counts, address: Address, more: u64| {
        if more > 0 {
            let count = counts.entry(address).or_default();
            *count = count.saturating_add(more);
        }
    };
    for (key, used) in all::<u64>(state, &keys::months()) {
        let address = key.get(1..21).and_then(|address| address.try_into().ok()).map(Address).unwrap_or_default();
        add(&mut months, address, used);
    }
    for (_, batch) in all::<BatchRecord>(state, &keys::batches()) {
        add(&mut batches, batch.customer, batch.ok.into());
    }
    if months == batches { Ok(()) } else { Err(format!("months sum up to {months:?}, batches to {batches:?}")) }
}

fn hash_of(key: &[u8]) -> Option<Hash32> {
    key.get(1..)?.try_into().ok().map(Hash32)
}

fn all<T: borsh::BorshDeserialize>(state: &ModuleView<'_>, prefix: &[u8]) -> Vec<(Vec<u8>, T)> {
    pairs(state, prefix).into_iter().map(|(key, value)| (key, decode(&value))).collect()
}

fn pairs(state: &ModuleView<'_>, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut all, mut from) = (Vec::new(), prefix.to_vec());
    loop {
        let page = state.scan(prefix, &from, SCAN_MAX);
        let Some((last, _)) = page.last() else { return all };
        from = [last.as_slice(), &[0]].concat();
        all.extend(page);
    }
}
