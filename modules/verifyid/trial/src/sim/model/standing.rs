//! Whether a device counts: revoked, suspended, held, and what the authority says of it.

use verifyid::{DeviceId, SetLevel, Status, VerifyIdReject};

use super::super::{HOLD_MS, HOLD_PAUSE_MS, LEVEL_MS};
use super::{Device, Model, Place, Verdict};

impl Model {
    pub(super) fn revoke(&mut self, place: &Place<'_>, id: DeviceId) -> Verdict {
        let mut device = self.device(&id)?;
        let is_registrar = !device.accepted && place.sender == device.customer;
        if !is_registrar && place.sender != self.authority {
            place.owns(&device)?;
        }
        self.free_announced(&mut device);
        self.devices.insert(id, Device { status: Status::Revoked, offer: None, ..device });
        Ok(())
    }

    pub(super) fn suspend(&mut self, place: &Place<'_>, id: DeviceId) -> Verdict {
        self.is_authority(place)?;
        let device = self.live(&id)?;
        self.devices.insert(id, Device { status: Status::Suspended, ..device });
        Ok(())
    }

    pub(super) fn reinstate(&mut self, place: &Place<'_>, id: DeviceId) -> Verdict {
        self.is_authority(place)?;
        let device = self.device(&id)?;
        if device.status != Status::Suspended {
            return Err(VerifyIdReject::NotSuspended);
        }
        self.devices.insert(id, Device { status: Status::Pending, since: place.now, ..device });
        Ok(())
    }

    pub(super) fn hold(&mut self, place: &Place<'_>, id: DeviceId) -> Verdict {
        self.is_verifier(&place.sender)?;
        let device = self.live(&id)?;
        if device.held.is_some_and(|held| place.now < held + HOLD_PAUSE_MS) {
            return Err(VerifyIdReject::HoldUsed);
        }
        self.devices.insert(id, Device { held: Some(place.now), hold: place.now + HOLD_MS, ..device });
        Ok(())
    }

    pub(super) fn set_level(&mut self, place: &Place<'_>, call: SetLevel) -> Verdict {
        self.is_authority(place)?;
        let mut device = self.live(&call.device)?;
        let is_same = (device.owner, device.rotation) == (call.owner, call.rotation);
        if !is_same || call.seen.0 < device.since || call.seen.0 > place.now {
            return Err(VerifyIdReject::DeviceChanged);
        }
        if call.until.0 > place.now + LEVEL_MS {
            return Err(VerifyIdReject::UntilTooFar);
        }
        match call.level {
            3 => device.tpm = call.until.0,
            4 => device.vendor = call.until.0,
            _ => return Err(VerifyIdReject::LevelNotSettable),
        }
        self.devices.insert(call.device, device);
        Ok(())
    }
}
