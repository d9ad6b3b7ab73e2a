//! Beacons, and what shares that bind one are worth.

use crypto::hash::sha256;
use types::Hash32;
use verifyid::{AttestWork, DeviceId, Status, VerifyIdReject};

use super::super::{BEACON_MS, CLASSES, WORK_MS};
use super::{Beacon, Device, Model, Place, Verdict};
use crate::keys::tag;

impl Model {
    /// A beacon that the chain has set behind a block of this time.
    ///
    /// # Errors
    /// It is not the next, too early or too late, has another time than that block, or a value that was there before.
    pub(in super::super) fn set_beacon(&mut self, parent_ms: Option<u64>, beacon: Beacon) -> Result<(), String> {
        if beacon.number != self.beacons.len() as u64 {
            return Err(format!("beacon {} follows {} others", beacon.number, self.beacons.len()));
        }
        if self.beacons.iter().any(|before| before.value == beacon.value) {
            return Err(format!("beacon {} has the value of one before", beacon.number));
        }
        if parent_ms.is_some_and(|parent_ms| !self.is_due(parent_ms) || beacon.time != parent_ms) {
            return Err(format!(
                "beacon {} of {} ms stands behind a block of {parent_ms:?}",
                beacon.number, beacon.time
            ));
        }
        self.beacons.push(beacon);
        Ok(())
    }

    /// Whether behind a block of this time a beacon is due.
    pub(in super::super) fn is_due(&self, parent_ms: u64) -> bool {
        self.beacons.last().is_none_or(|last| parent_ms >= last.time + BEACON_MS)
    }

    pub(super) fn attest(&mut self, place: &Place<'_>, call: &AttestWork) -> Verdict {
        let id = call.device;
        let device = self.live(&id)?;
        if device.hold > place.now {
            return Err(VerifyIdReject::Held);
        }
        if !(1..=3).contains(&device.kind) {
            return Err(VerifyIdReject::WrongKind);
        }
        place.holds(call.valid_until.0)?;
        // A run has fewer beacons than are kept.
        let beacon = usize::try_from(call.beacon).ok().and_then(|number| self.beacons.get(number));
        let beacon = *beacon.ok_or(VerifyIdReject::UnknownBeacon)?;
        if device.work_beacon.is_some_and(|last| beacon.number <= last) || beacon.time < device.since {
            return Err(VerifyIdReject::BeaconUsed);
        }
        let class = CLASSES.iter().find(|class| class.class == call.class).ok_or(VerifyIdReject::UnknownClass)?;
        if place.now > beacon.time + class.window_ms {
            return Err(VerifyIdReject::WindowExceeded);
        }
        let shares: usize = call.groups.iter().map(|group| group.shares.len()).sum();
        if shares != usize::from(class.shares) {
            return Err(VerifyIdReject::ShareCount);
        }
        let digest = binding(place, id, class.class, &beacon);
        let bytes = [tag("vidwsig").as_slice(), digest.as_bytes(), &call.valid_until.0.to_le_bytes()].concat();
        if !place.said.is_signed(&call.signature, device.key, &bytes) {
            return Err(VerifyIdReject::WrongDeviceSignature);
        }
        if place.said.digest(&call.groups) != Some(digest) {
            return Err(VerifyIdReject::WrongBinding);
        }
        if device.work.1 > place.now && device.work.0 > class.class {
            return Err(VerifyIdReject::HigherClass);
        }
        let (work, work_beacon) = ((class.class, place.now + WORK_MS), Some(beacon.number));
        self.devices.insert(id, Device { work, work_beacon, status: Status::Verified, ..device });
        Ok(())
    }
}

/// What shares bind, as the formats say.
fn binding(place: &Place<'_>, device: DeviceId, class: u8, beacon: &Beacon) -> Hash32 {
    let bytes = [
        tag("vidwork").as_slice(),
        place.chain_id.0.as_bytes(),
        device.0.as_bytes(),
        &[class],
        &beacon.number.to_le_bytes(),
        beacon.value.as_bytes(),
    ]
    .concat();
    Hash32(sha256(&bytes))
}
