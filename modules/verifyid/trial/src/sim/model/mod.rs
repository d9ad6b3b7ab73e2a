//! What must come of calls, in plain maps.
//!
//! It must not ask the module: it reckons from calls, their senders and the times of blocks. A call that must be rejected leaves nothing.

mod counts;
mod devices;
mod rotation;
mod standing;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use types::{Address, ChainId, Hash32};
use verifyid::{DeviceId, Status, VerifyIdCall, VerifyIdReject};

use super::book::Said;

/// What a call must lead to.
pub(super) type Verdict = Result<(), VerifyIdReject>;

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) owner: Address,
    pub(super) customer: Address,
    pub(super) kind: u8,
    pub(super) key: Hash32,
    pub(super) rotation: u32,
    pub(super) status: Status,
    pub(super) accepted: bool,
    pub(super) since: u64,
    pub(super) work: (u8, u64),
    pub(super) work_beacon: Option<u64>,
    pub(super) tpm: u64,
    pub(super) vendor: u64,
    pub(super) hold: u64,
    pub(super) held: Option<u64>,
    pub(super) offer: Option<(Address, u64)>,
    pub(super) announced: Option<(Hash32, u64)>,
    pub(super) cancelled: u64,
}

/// A beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beacon {
    pub(super) number: u64,
    pub(super) time: u64,
    pub(super) value: Hash32,
}

/// All of it.
#[derive(Default)]
pub(super) struct Model {
    pub(super) devices: BTreeMap<DeviceId, Device>,
    /// Keys that may not be taken: live, announced or retired.
    pub(super) taken: BTreeSet<Hash32>,
    /// Plans by customers, with their ends.
    pub(super) plans: BTreeMap<Address, (u8, u64)>,
    /// Good verifications by customers and months.
    pub(super) months: BTreeMap<(Address, u32), u64>,
    /// Whether somebody verifies, and how many batches there were.
    pub(super) verifiers: BTreeMap<Address, (bool, u64)>,
    pub(super) allowed: BTreeSet<(Address, Address)>,
    pub(super) beacons: Vec<Beacon>,
    /// What was paid for plans, in µTHR.
    pub(super) paid: u128,
    /// The authority of the genesis.
    pub(super) authority: Address,
}

/// Where a call stands.
pub(super) struct Place<'a> {
    pub(super) chain_id: ChainId,
    pub(super) sender: Address,
    pub(super) now: u64,
    pub(super) said: &'a Said,
}

impl Place<'_> {
    fn owns(&self, device: &Device) -> Verdict {
        if self.sender == device.owner { Ok(()) } else { Err(VerifyIdReject::NotOwner) }
    }

    /// Whether a device's word that holds so long holds now, and not for too long.
    fn holds(&self, valid_until: u64) -> Verdict {
        if valid_until < self.now {
            return Err(VerifyIdReject::StatementExpired);
        }
        if valid_until > self.now + super::STATEMENT_MS { Err(VerifyIdReject::StatementTooLong) } else { Ok(()) }
    }
}

impl Model {
    /// Whose the offices of the genesis are.
    pub(super) fn begin(&mut self, authority: Address, verifier: Address) {
        self.authority = authority;
        self.verifiers.insert(verifier, (true, 0));
    }

    /// What must come of a call. If it is to succeed, it has from then on.
    pub(super) fn judge(&mut self, place: &Place<'_>, call: &VerifyIdCall) -> Verdict {
        match call {
            VerifyIdCall::Register(register) => self.register(place, register),
            VerifyIdCall::Accept(id) => self.accept(place, *id),
            VerifyIdCall::Offer(offer) => self.offer(place, *offer),
            VerifyIdCall::Take(take) => self.take(place, *take),
            VerifyIdCall::Withdraw(id) => self.withdraw(place, *id),
            VerifyIdCall::Rotate(rotate) => self.rotate(place, rotate),
            VerifyIdCall::CancelRotation(cancel) => self.cancel(place, cancel),
            VerifyIdCall::Revoke(out) => self.revoke(place, out.device),
            VerifyIdCall::Suspend(out) => self.suspend(place, out.device),
            VerifyIdCall::Reinstate(id) => self.reinstate(place, *id),
            VerifyIdCall::Hold(id) => self.hold(place, *id),
            VerifyIdCall::AttestWork(attest) => self.attest(place, attest),
            VerifyIdCall::Batch(batch) => self.batch(place, batch),
            VerifyIdCall::SetLevel(set) => self.set_level(place, *set),
            VerifyIdCall::SetVerifier { verifier, listed } => self.set_verifier(place, *verifier, *listed),
            VerifyIdCall::SetPlan(set) => self.set_plan(place, *set),
            VerifyIdCall::BuyPlan(buy) => self.buy_plan(place, *buy),
            VerifyIdCall::AllowVerifier { verifier, allowed } => self.allow(place, *verifier, *allowed),
        }
    }

    fn is_authority(&self, place: &Place<'_>) -> Verdict {
        if place.sender == self.authority { Ok(()) } else { Err(VerifyIdReject::NotAuthority) }
    }

    /// The number of a verifier's last batch.
    fn is_verifier(&self, who: &Address) -> Result<u64, VerifyIdReject> {
        let listed = self.verifiers.get(who).filter(|(is_listed, _)| *is_listed);
        listed.map(|(_, last)| *last).ok_or(VerifyIdReject::NotVerifier)
    }

    /// A device that is not revoked.
    fn device(&self, id: &DeviceId) -> Result<Device, VerifyIdReject> {
        let device = self.devices.get(id).ok_or(VerifyIdReject::UnknownDevice)?;
        if device.status == Status::Revoked { Err(VerifyIdReject::Revoked) } else { Ok(device.clone()) }
    }

    /// A device that is not suspended either.
    fn live(&self, id: &DeviceId) -> Result<Device, VerifyIdReject> {
        let device = self.device(id)?;
        if device.status == Status::Suspended { Err(VerifyIdReject::Suspended) } else { Ok(device) }
    }

    /// What a device is good for.
    pub(super) fn level(device: &Device, now: u64) -> Option<u8> {
        if matches!(device.status, Status::Suspended | Status::Revoked) || device.hold > now {
            return None;
        }
        let shown = [(4, device.vendor), (3, device.tpm), (2, device.work.1), (1, u64::MAX)];
        let by_time = shown.into_iter().find(|(_, until)| *until > now).map_or(0, |(level, _)| level);
        Some(if device.accepted { by_time } else { 0 })
    }
}

impl Device {
    /// After a change of owner or key nothing counts that was shown before.
    fn begins_anew(&mut self, now: u64) {
        (self.since, self.work, self.tpm, self.vendor) = (now, (0, 0), 0, 0);
        if self.status != Status::Suspended {
            self.status = Status::Pending;
        }
    }
}
