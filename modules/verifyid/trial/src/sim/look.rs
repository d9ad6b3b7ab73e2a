//! Compares the chain with the model: what came of every call, every record of a device that a block wrote, beacons, and what the shop has got.

use borsh::BorshDeserialize;
use execution::{AccountRecord, FinalizedBlock, Module, keys};
use testnet::sim::ChainChecker;
use types::{Address, Canonical, Hash32, ModuleId, TimeMs};
use verifyid::{DeviceId, VerifyId, VerifyIdCall, VerifyIdReject, read_device};

use super::SHOP;
use super::book::{Book, Pages};
use super::model::{Beacon, Device, Model, Place};

const MODULE: ModuleId = VerifyId::ID;
/// The first byte of keys of devices, of months and of beacons.
const DEVICES: u8 = 0;
const MONTHS: u8 = 4;
const BEACONS: u8 = 6;

pub(super) struct Look {
    book: Book,
    /// The time of the newest block.
    parent_ms: Option<u64>,
}

impl Look {
    pub(super) const fn new(book: Book) -> Self {
        Self { book, parent_ms: None }
    }
}

impl ChainChecker for Look {
    fn property(&self) -> &'static str {
        "devices"
    }

    fn block(&mut self, block: &FinalizedBlock) -> Result<(), String> {
        let mut pages = self.book.pages();
        let before = self.parent_ms.replace(block.header.time.0);
        let named = |error| format!("block {}: {error}", block.header.height);
        check_beacons(&mut pages.model, before, block).map_err(named)?;
        check_calls(&mut pages, block).map_err(named)?;
        check_records(&pages.model, block).map_err(named)?;
        check_months(&pages.model, block).map_err(named)?;
        check_shop(&pages.model, block).map_err(named)
    }
}

/// What a block wrote under keys of this module that begin with this byte.
fn written(block: &FinalizedBlock, first: u8) -> impl Iterator<Item = (Vec<u8>, &[u8])> {
    let prefix = keys::of_module(MODULE, &[first]);
    block.outcome.changes.iter().filter_map(move |(key, change)| {
        let rest = key.strip_prefix(prefix.as_slice())?.to_vec();
        Some((rest, change.after.as_deref()?))
    })
}

fn check_beacons(model: &mut Model, parent_ms: Option<u64>, block: &FinalizedBlock) -> Result<(), String> {
    let was_due = parent_ms.is_some_and(|parent_ms| model.is_due(parent_ms));
    let mut count = 0;
    for (_, bytes) in written(block, BEACONS) {
        let (number, time, value) = <(u64, u64, [u8; 32])>::try_from_slice(bytes).map_err(|error| error.to_string())?;
        model.set_beacon(parent_ms, Beacon { number, time, value: Hash32(value) })?;
        count += 1;
    }
    // Behind the first block of a chain its genesis stands, whose time is not told here.
    if parent_ms.is_some() && count != usize::from(was_due) {
        return Err(format!("{count} beacons, and one is due: {was_due}"));
    }
    Ok(())
}

fn check_calls(pages: &mut Pages, block: &FinalizedBlock) -> Result<(), String> {
    let receipts = block.outcome.receipts.iter().skip(1);
    for (transaction, receipt) in block.body.transactions.iter().zip(receipts) {
        for call in transaction.body.calls.iter().filter(|call| call.module == MODULE) {
            let variant = call.body.first().copied().unwrap_or_default();
            let call = VerifyIdCall::from_canonical(&call.body).map_err(|error| error.to_string())?;
            let (chain_id, sender, now) = (block.header.chain_id, transaction.body.sender, block.header.time.0);
            let place = Place { chain_id, sender, now, said: &pages.said };
            let expected = pages.model.judge(&place, &call).map_err(VerifyIdReject::code);
            *pages.verdicts.entry((variant, expected.err())).or_default() += 1;
            let found = if receipt.is_ok() { Ok(()) } else { Err(receipt.code) };
            if found != expected {
                return Err(format!("{call:?} of {sender:?} leads to {found:?}, and it must lead to {expected:?}"));
            }
        }
    }
    Ok(())
}

fn check_records(model: &Model, block: &FinalizedBlock) -> Result<(), String> {
    let now = block.header.time;
    for (key, bytes) in written(block, DEVICES) {
        let id: [u8; 32] = key.try_into().map_err(|_| "a device under a key of another length".to_owned())?;
        let id = DeviceId(Hash32(id));
        let device = model.devices.get(&id).ok_or_else(|| format!("a device {} that nobody registered", id.0))?;
        let found = read_device(&id, bytes, now).ok_or_else(|| format!("the device {} does not read", id.0))?;
        let offer = found.offered_to.zip(found.offered_until.map(|until| until.0));
        let announced = found.announced_key.zip(found.announced_from.map(|from| from.0));
        let of_whom = (found.owner, found.customer, found.accepted, found.status);
        let of_key = (found.key_id, found.rotation, announced);
        let is_same = of_whom == (device.owner, device.customer, device.accepted, device.status)
            && of_key == (device.key, device.rotation, device.announced)
            && (offer, found.hold_until.0) == (device.offer, device.hold)
            && (found.level, found.work_class) == (Model::level(device, now.0), class_of(device, now))
            && [found.work_until.0, found.tpm_until.0, found.vendor_until.0]
                == [device.work.1, device.tpm, device.vendor]
            && found.kind as u8 == device.kind;
        if !is_same {
            return Err(format!("the chain has {found:?}, and it must have {device:?} at {now:?}"));
        }
    }
    Ok(())
}

/// Verifications of a customer in a month.
fn check_months(model: &Model, block: &FinalizedBlock) -> Result<(), String> {
    for (key, bytes) in written(block, MONTHS) {
        let read = key.split_first_chunk::<20>().map(|(customer, month)| (Address(*customer), month.try_into().ok()));
        let Some((customer, Some(month))) = read else {
            return Err("a month under a key of another length".to_owned());
        };
        let month = u32::from_be_bytes(month);
        let found = u64::try_from_slice(bytes).map_err(|error| error.to_string())?;
        let expected = model.months.get(&(customer, month)).copied().unwrap_or_default();
        if found != expected {
            return Err(format!(
                "month {month} of {customer:?} has {found} verifications, and it must have {expected}"
            ));
        }
    }
    Ok(())
}

fn class_of(device: &Device, now: TimeMs) -> Option<u8> {
    (device.work.1 > now.0).then_some(device.work.0)
}

/// Whatever is paid for plans arrives at the shop, and nothing else does.
fn check_shop(model: &Model, block: &FinalizedBlock) -> Result<(), String> {
    let shop: Address = SHOP;
    let Some(change) = block.outcome.changes.get(&keys::account(&shop)) else { return Ok(()) };
    let account = change.after.as_deref().map(AccountRecord::try_from_slice).transpose();
    let got = account.map_err(|error| error.to_string())?.unwrap_or_default().thr.0;
    if got == model.paid { Ok(()) } else { Err(format!("the shop has {got} µTHR, and {} were paid", model.paid)) }
}
