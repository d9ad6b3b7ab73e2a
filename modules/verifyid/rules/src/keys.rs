//! Every state key of this module as a named function.

use types::{Address, Hash32};

use crate::device::DeviceId;

const DEVICE: u8 = 0;
const KEY: u8 = 1;
const OWNER: u8 = 2;
const CUSTOMER: u8 = 3;
const MONTH: u8 = 4;
const VERIFIER: u8 = 5;
const BEACON: u8 = 6;
const BATCH: u8 = 7;
const ALLOWED: u8 = 8;
const RULES: u8 = 9;
const NEWEST_BEACON: u8 = 10;
const VERIFIERS_LISTED: u8 = 11;
const WAITING: u8 = 12;

/// So many beacons are kept: more than an hour's, at one in 30 s.
pub(crate) const BEACONS: u64 = 128;

/// A device.
pub(crate) fn device(id: &DeviceId) -> Vec<u8> {
    [&[DEVICE], id.0.as_bytes().as_slice()].concat()
}

/// The beginning of the keys of all devices.
pub(crate) const fn devices() -> [u8; 1] {
    [DEVICE]
}

/// What a key of a device is used for.
pub(crate) fn key(id: &Hash32) -> Vec<u8> {
    [&[KEY], id.as_bytes().as_slice()].concat()
}

/// The beginning of the keys of all keys.
pub(crate) const fn all_keys() -> [u8; 1] {
    [KEY]
}

/// That an account owns a device.
pub(crate) fn owned(owner: &Address, id: &DeviceId) -> Vec<u8> {
    [owner_of(owner).as_slice(), id.0.as_bytes()].concat()
}

/// The beginning of the keys of an account's devices.
pub(crate) fn owner_of(owner: &Address) -> Vec<u8> {
    [&[OWNER], owner.0.as_slice()].concat()
}

/// That a device waits for an account to accept it. Who does not want it need never see it.
pub(crate) fn waiting(owner: &Address, id: &DeviceId) -> Vec<u8> {
    [waiting_for(owner).as_slice(), id.0.as_bytes()].concat()
}

/// The beginning of the keys of the devices that wait for an account.
pub(crate) fn waiting_for(owner: &Address) -> Vec<u8> {
    [&[WAITING], owner.0.as_slice()].concat()
}

/// The beginning of the keys of all devices that wait.
pub(crate) const fn all_waiting() -> [u8; 1] {
    [WAITING]
}

/// The beginning of the keys of all owners.
pub(crate) const fn owners() -> [u8; 1] {
    [OWNER]
}

/// A customer's plan and how many live devices it counts.
pub(crate) fn customer(address: &Address) -> Vec<u8> {
    [&[CUSTOMER], address.0.as_slice()].concat()
}

/// The beginning of the keys of all customers.
pub(crate) const fn customers() -> [u8; 1] {
    [CUSTOMER]
}

/// A customer's verifications in a month.
pub(crate) fn month(customer: &Address, month: u32) -> Vec<u8> {
    [months_of(customer).as_slice(), &month.to_be_bytes()].concat()
}

/// The beginning of the keys of a customer's months.
pub(crate) fn months_of(customer: &Address) -> Vec<u8> {
    [&[MONTH], customer.0.as_slice()].concat()
}

/// The beginning of the keys of all months.
pub(crate) const fn months() -> [u8; 1] {
    [MONTH]
}

/// A verifier.
pub(crate) fn verifier(address: &Address) -> Vec<u8> {
    [&[VERIFIER], address.0.as_slice()].concat()
}

/// The beginning of the keys of all verifiers.
pub(crate) const fn verifiers() -> [u8; 1] {
    [VERIFIER]
}

/// How many verifiers are listed.
pub(crate) const fn verifiers_listed() -> [u8; 1] {
    [VERIFIERS_LISTED]
}

/// The place of a beacon in the ring.
pub(crate) fn beacon(number: u64) -> Vec<u8> {
    let slot = number.checked_rem(BEACONS).unwrap_or_default();
    [&[BEACON], slot.to_be_bytes().as_slice()].concat()
}

/// The number of the newest beacon.
pub(crate) const fn newest_beacon() -> [u8; 1] {
    [NEWEST_BEACON]
}

/// A batch by its verifier and number.
pub(crate) fn batch(verifier: &Address, sequence: u64) -> Vec<u8> {
    [batches_of(verifier).as_slice(), &sequence.to_be_bytes()].concat()
}

/// The beginning of the keys of a verifier's batches.
pub(crate) fn batches_of(verifier: &Address) -> Vec<u8> {
    [&[BATCH], verifier.0.as_slice()].concat()
}

/// The beginning of the keys of all batches.
pub(crate) const fn batches() -> [u8; 1] {
    [BATCH]
}

/// That a customer lets a verifier count on its plan.
pub(crate) fn allowed(customer: &Address, verifier: &Address) -> Vec<u8> {
    [&[ALLOWED], customer.0.as_slice(), &verifier.0].concat()
}

/// The numbers of the genesis.
pub(crate) const fn rules() -> [u8; 1] {
    [RULES]
}
