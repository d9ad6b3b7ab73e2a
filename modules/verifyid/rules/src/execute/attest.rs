//! Beacons, and rates of hashes shown by shares that bind one.
//!
//! Nobody's word is needed: the beacon says *not before*, the block says *not after*.

use execution::{Context, Reject};
use pow::{Coinbase, CompactBits, Target, WorkHeader, merkle, sha256d};
use types::canary::{Canary, planted};
use types::{Hash32, Height};

use super::{Now, key_of, live_device, put_device, signed};
use crate::call::{AttestWork, WorkGroup};
use crate::device::Kind;
use crate::event::VerifyIdEvent;
use crate::genesis::VerifyIdParameters;
use crate::keys;
use crate::records::{Beacon, Status, read, write};
use crate::reject::VerifyIdReject;
use crate::statements::{WorkBinding, beacon_value};

/// What stands in a coinbase's script directly behind the height, before the binding: a push of 36 bytes and four letters.
const BINDING_HEAD: [u8; 5] = [0x24, b'V', b'I', b'D', b'1'];

/// Sets the next beacon when it is due. Its time is the parent's, from which on its value could be known, so a chain that stood still
/// gives nobody a lead.
pub(crate) fn begin_block(context: &mut Context<'_, '_>) -> Result<(), Reject> {
    let block = context.block();
    let (chain_id, parent, seed_mix, height) = (block.chain_id, block.parent, block.seed_mix, block.height);
    let Some(before) = height.0.checked_sub(1).and_then(|height| context.ancestor(Height(height))) else {
        return Ok(());
    };
    let newest: Option<u64> = read(context, &keys::newest_beacon());
    let last: Option<Beacon> = newest.and_then(|number| beacon_at(context, number));
    let interval = VerifyIdParameters::read(context).beacon_interval_ms;
    if last.is_some_and(|last| before.time < last.time.saturating_add(interval)) {
        return Ok(());
    }
    let number = newest.map_or(0, |number| number.saturating_add(1));
    let value = beacon_value(chain_id, number, parent, seed_mix);
    write(context, &keys::beacon(number), &Beacon { number, time: before.time, value });
    write(context, &keys::newest_beacon(), &number);
    Ok(())
}

/// A beacon that is still kept.
fn beacon_at(context: &mut Context<'_, '_>, number: u64) -> Option<Beacon> {
    let beacon: Option<Beacon> = read(context, &keys::beacon(number));
    beacon.filter(|beacon| beacon.number == number)
}

/// None: only a planted bug takes the newest for one that comes later.
fn foreseen(context: &mut Context<'_, '_>, number: u64) -> Option<Beacon> {
    let newest: u64 = read(context, &keys::newest_beacon())?;
    if number > newest && planted(Canary::BeaconOfTheFuture) { beacon_at(context, newest) } else { None }
}

pub(super) fn attest(context: &mut Context<'_, '_>, now: &Now, call: &AttestWork) -> Result<(), Reject> {
    let id = call.device;
    let mut device = live_device(context, &id)?;
    if device.hold_until > now.time {
        return Err(VerifyIdReject::Held.into());
    }
    if !Kind::of(device.kind).is_some_and(Kind::mines) {
        return Err(VerifyIdReject::WrongKind.into());
    }
    now.holds(call.valid_until)?;
    let beacon = beacon_at(context, call.beacon).or_else(|| foreseen(context, call.beacon));
    let beacon = beacon.ok_or(VerifyIdReject::UnknownBeacon)?;
    if device.work_beacon.is_some_and(|last| call.beacon <= last) || beacon.time < device.since {
        return Err(VerifyIdReject::BeaconUsed.into());
    }
    let class = *now.rules.class(call.class).ok_or(VerifyIdReject::UnknownClass)?;
    if now.time > beacon.time.saturating_add(class.window_ms) {
        return Err(VerifyIdReject::WindowExceeded.into());
    }
    let count: usize = call.groups.iter().map(|group| group.shares.len()).sum();
    if count != usize::from(class.shares) {
        return Err(VerifyIdReject::ShareCount.into());
    }
    let target = class.difficulty().map(pow::Difficulty::target).ok_or(VerifyIdReject::UnknownClass)?;
    let chain_id = context.block().chain_id;
    let binding = WorkBinding { chain_id, device: id, class: call.class, beacon: call.beacon, value: beacon.value };
    if !signed(&key_of(&device)?, &binding.statement(call.valid_until), &call.signature) {
        return Err(VerifyIdReject::WrongDeviceSignature.into());
    }
    judge_shares(&call.groups, binding.digest(), target)?;
    if device.work_class(now.time).is_some_and(|counts| counts > call.class) {
        return Err(VerifyIdReject::HigherClass.into());
    }
    let until = now.time.saturating_add(now.rules.work_ttl_ms);
    (device.work_class, device.work_until, device.work_beacon) = (call.class, until, Some(call.beacon));
    (device.status, device.verified) = (Status::Verified, now.time);
    put_device(context, &id, &device);
    VerifyIdEvent::WorkAttested { device: id, class: call.class, beacon: call.beacon, until }.emit(context)
}

/// Whether every share binds what it must and is worth what it must, and none is there twice. Their number is not looked at.
///
/// # Errors
/// `wrong_root`, `wrong_binding`, `above_target`, `share_order`.
pub fn judge_shares(groups: &[WorkGroup], binding: Hash32, target: Target) -> Result<(), VerifyIdReject> {
    // The hash before, its most significant byte first.
    let mut before: Option<[u8; 32]> = None;
    for group in groups {
        for share in group.shares.iter() {
            let coinbase = [&group.coinbase1[..], &share.extranonce, &group.coinbase2[..]].concat();
            let read = Coinbase::parse(&coinbase).map_err(|_| VerifyIdReject::WrongRoot)?;
            if !binds(&coinbase, &read, binding) && !planted(Canary::AttestationOfAnother) {
                return Err(VerifyIdReject::WrongBinding);
            }
            let header = WorkHeader {
                version: share.version,
                previous: group.previous.0,
                merkle_root: merkle::fold(read.txid, &group.branch),
                time: share.time,
                bits: CompactBits(group.bits),
                nonce: share.nonce,
            };
            let digest = sha256d(&header.to_bytes());
            if !target.is_met_by(&digest) {
                return Err(VerifyIdReject::AboveTarget);
            }
            let mut number = digest;
            number.reverse();
            if before.is_some_and(|before| number <= before) {
                return Err(VerifyIdReject::ShareOrder);
            }
            before = Some(number);
        }
    }
    Ok(())
}

/// Whether the binding stands directly behind the coinbase's height.
fn binds(coinbase: &[u8], read: &Coinbase, binding: Hash32) -> bool {
    let (from, to) = read.free;
    let script = coinbase.get(from..to).unwrap_or_default();
    let rest = script.strip_prefix(&BINDING_HEAD);
    rest.is_some_and(|rest| rest.starts_with(binding.as_bytes()))
}
