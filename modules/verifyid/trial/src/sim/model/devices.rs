//! Registering, accepting and handing on devices.

use types::{Address, Hash32};
use verifyid::{DeviceId, Offer, Register, Status, Take, VerifyIdReject};

use super::super::{FREE, OFFER_MS, PLANS};
use super::{Device, Model, Place, Verdict};
use crate::keys::{id_of, tag};

impl Model {
    pub(super) fn register(&mut self, place: &Place<'_>, call: &Register) -> Verdict {
        place.holds(call.valid_until.0)?;
        let key = id_of(call.algorithm, &call.key);
        let id = DeviceId(key);
        if self.devices.contains_key(&id) {
            return Err(VerifyIdReject::DeviceExists);
        }
        if self.taken.contains(&key) {
            return Err(VerifyIdReject::KeyInUse);
        }
        if !place.said.is_signed(&call.possession, key, &possession(place, call, key)) {
            return Err(VerifyIdReject::WrongPossession);
        }
        self.has_room(place.sender, place.now)?;
        self.taken.insert(key);
        let device = Device {
            owner: call.owner,
            customer: place.sender,
            kind: call.kind,
            key,
            rotation: 0,
            status: Status::Pending,
            accepted: call.owner == place.sender,
            since: place.now,
            work: (0, 0),
            work_beacon: None,
            tpm: 0,
            vendor: 0,
            hold: 0,
            held: None,
            offer: None,
            announced: None,
            cancelled: 0,
        };
        self.devices.insert(id, device);
        Ok(())
    }

    pub(super) fn accept(&mut self, place: &Place<'_>, id: DeviceId) -> Verdict {
        let device = self.device(&id)?;
        place.owns(&device)?;
        if device.accepted {
            return Err(VerifyIdReject::AlreadyAccepted);
        }
        self.devices.insert(id, Device { accepted: true, ..device });
        Ok(())
    }

    pub(super) fn offer(&mut self, place: &Place<'_>, call: Offer) -> Verdict {
        let device = self.live(&call.device)?;
        place.owns(&device)?;
        if call.until.0 <= place.now {
            return Err(VerifyIdReject::OfferExpired);
        }
        if call.until.0 > place.now + OFFER_MS {
            return Err(VerifyIdReject::UntilTooFar);
        }
        self.devices.insert(call.device, Device { offer: Some((call.to, call.until.0)), ..device });
        Ok(())
    }

    pub(super) fn withdraw(&mut self, place: &Place<'_>, id: DeviceId) -> Verdict {
        let mut device = self.device(&id)?;
        place.owns(&device)?;
        device.offer.take().ok_or(VerifyIdReject::NoOffer)?;
        self.devices.insert(id, device);
        Ok(())
    }

    pub(super) fn take(&mut self, place: &Place<'_>, call: Take) -> Verdict {
        let mut device = self.live(&call.device)?;
        let (to, until) = device.offer.take().ok_or(VerifyIdReject::NoOffer)?;
        if to != place.sender {
            return Err(VerifyIdReject::NotRecipient);
        }
        if until < place.now {
            return Err(VerifyIdReject::OfferExpired);
        }
        if call.rotation != device.rotation {
            return Err(VerifyIdReject::DeviceChanged);
        }
        if device.customer != to {
            self.has_room(to, place.now)?;
        }
        self.free_announced(&mut device);
        device.begins_anew(place.now);
        (device.owner, device.customer, device.accepted) = (to, to, true);
        self.devices.insert(call.device, device);
        Ok(())
    }

    fn has_room(&self, customer: Address, now: u64) -> Verdict {
        let live = |device: &&Device| device.customer == customer && device.status != Status::Revoked;
        let count = self.devices.values().filter(live).count() as u64;
        if count < self.allowance(&customer, now).0 { Ok(()) } else { Err(VerifyIdReject::DeviceLimit) }
    }

    /// Devices and verifications that a customer may have at a time.
    pub(super) fn allowance(&self, customer: &Address, at: u64) -> (u64, u64) {
        let running = self.plans.get(customer).filter(|(_, until)| *until > at);
        let plan = running.and_then(|(number, _)| PLANS.iter().find(|plan| plan.plan == *number));
        plan.map_or((FREE.devices, FREE.verifications), |plan| (plan.devices, plan.verifications))
    }
}

/// What a device signs to be registered, as the formats say.
fn possession(place: &Place<'_>, call: &Register, device: Hash32) -> Vec<u8> {
    [
        tag("vidreg").as_slice(),
        place.chain_id.0.as_bytes(),
        device.as_bytes(),
        &call.owner.0,
        &place.sender.0,
        &[call.kind],
        &call.valid_until.0.to_le_bytes(),
    ]
    .concat()
}
