//! New keys for devices.

use types::Hash32;
use verifyid::{CancelRotation, DeviceId, Rotate, VerifyIdReject};

use super::super::ROTATION_MS;
use super::{Device, Model, Place, Verdict};
use crate::keys::{id_of, tag};

impl Model {
    pub(super) fn rotate(&mut self, place: &Place<'_>, call: &Rotate) -> Verdict {
        let id = call.device;
        let mut device = self.device(&id)?;
        place.owns(&device)?;
        place.holds(call.valid_until.0)?;
        let new = id_of(call.algorithm, &call.key);
        let is_announced = device.announced.is_some_and(|(announced, _)| announced == new);
        if self.taken.contains(&new) && !is_announced {
            return Err(VerifyIdReject::KeyInUse);
        }
        let bytes = statement("vidrot", place, id, &device, new, call.valid_until.0);
        if !place.said.is_signed(&call.new_signature, new, &bytes) {
            return Err(VerifyIdReject::WrongPossession);
        }
        match (&call.old_signature, device.announced) {
            (Some(signature), _) if !place.said.is_signed(signature, device.key, &bytes) => {
                return Err(VerifyIdReject::WrongDeviceSignature);
            }
            (Some(_), _) => {}
            (None, None) => {
                self.taken.insert(new);
                self.devices.insert(id, Device { announced: Some((new, place.now + ROTATION_MS)), ..device });
                return Ok(());
            }
            (None, Some((_, from))) if !is_announced || place.now < from => return Err(VerifyIdReject::RotationEarly),
            (None, Some(_)) => {}
        }
        self.free_announced(&mut device);
        // The old key stays taken: it never returns.
        self.taken.insert(new);
        device.begins_anew(place.now);
        (device.key, device.rotation, device.offer, device.cancelled) = (new, device.rotation + 1, None, 0);
        self.devices.insert(id, device);
        Ok(())
    }

    pub(super) fn cancel(&mut self, place: &Place<'_>, call: &CancelRotation) -> Verdict {
        let id = call.device;
        let mut device = self.device(&id)?;
        if call.signature.is_none() {
            place.owns(&device)?;
        }
        let (announced, _) = device.announced.ok_or(VerifyIdReject::NoRotation)?;
        if let Some(signature) = &call.signature {
            place.holds(call.valid_until.0)?;
            if call.valid_until.0 <= device.cancelled {
                return Err(VerifyIdReject::StatementUsed);
            }
            let bytes = statement("vidcan", place, id, &device, announced, call.valid_until.0);
            if !place.said.is_signed(signature, device.key, &bytes) {
                return Err(VerifyIdReject::WrongDeviceSignature);
            }
            device.cancelled = call.valid_until.0;
        }
        self.free_announced(&mut device);
        self.devices.insert(id, device);
        Ok(())
    }

    /// What was announced is dropped, and its key may be taken.
    pub(super) fn free_announced(&mut self, device: &mut Device) {
        if let Some((announced, _)) = device.announced.take() {
            self.taken.remove(&announced);
        }
    }
}

/// What keys sign for and against a rotation, as the formats say.
fn statement(name: &str, place: &Place<'_>, id: DeviceId, device: &Device, new: Hash32, valid_until: u64) -> Vec<u8> {
    [
        tag(name).as_slice(),
        place.chain_id.0.as_bytes(),
        id.0.as_bytes(),
        &(device.rotation + 1).to_le_bytes(),
        new.as_bytes(),
        &valid_until.to_le_bytes(),
    ]
    .concat()
}
