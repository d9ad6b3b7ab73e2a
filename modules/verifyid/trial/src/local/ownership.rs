//! A device's life on the chain, with the service's word on it at each turn.

use testnet::devnet::Outcome;
use types::TimeMs;
use verifyid::{DeviceId, Offer, Out, Rotate, Rotation, Status, Take, VerifyIdCall};

use super::cast::{Troupe, WORD_MS, equal};
use super::proof::{HOLD_MS, ROTATION_DELAY_MS};
use crate::keys::Key;

fn id(key: Key) -> DeviceId {
    DeviceId(key.id())
}

impl Troupe<'_> {
    /// Two devices of the owner's, and one that the authority registers for it; no more than a plan allows, and none twice.
    pub(super) fn register(&mut self, [first, second, third, fourth, fifth]: [Key; 5]) -> Outcome<()> {
        let (owner, authority) = (self.owner.clone(), self.authority.clone());
        for key in [first, second, fourth] {
            let call = self.registration(&owner, &owner, key)?;
            self.expect(&owner, &call, "ok")?;
        }
        let again = self.registration(&owner, &owner, first)?;
        self.expect(&owner, &again, "device_exists")?;
        let too_many = self.registration(&owner, &owner, fifth)?;
        self.expect(&owner, &too_many, "device_limit")?;
        // What the device said of one sender is worth nothing from another.
        self.expect(&authority, &too_many, "wrong_possession")?;
        let for_owner = self.registration(&authority, &owner, third)?;
        self.expect(&authority, &for_owner, "ok")?;
        equal("the level before the owner has accepted", &self.device(third)?.level, &Some(0))?;
        self.expect(&authority, &VerifyIdCall::Accept(id(third)), "not_owner")?;
        self.expect(&owner, &VerifyIdCall::Accept(id(third)), "ok")?;
        equal("the level after that", &self.device(third)?.level, &Some(1))
    }

    /// Another key by both keys at once; the old one is nobody's any more.
    pub(super) fn rotate(&mut self, device: Key, new: Key) -> Outcome<()> {
        let owner = self.owner.clone();
        let call = self.rotation(device, new, Some(device))?;
        self.expect(&owner, &call, "ok")?;
        self.expect_refused(device, device, "bad_answer")?;
        self.expect_verified(device, new, 1)?;
        for (key, reject) in [(device, "device_exists"), (new, "key_in_use")] {
            let call = self.registration(&owner, &owner, key)?;
            self.expect(&owner, &call, reject)?;
        }
        Ok(())
    }

    /// Another key without the old one: announced, not before its time, and then in force.
    pub(super) fn announce(&mut self, device: Key, new: Key) -> Outcome<()> {
        let owner = self.owner.clone();
        let call = self.rotation(device, new, None)?;
        self.expect(&owner, &call, "ok")?;
        let announced = self.device(device)?;
        equal("the announced key", &announced.announced_key, &Some(new.id()))?;
        self.expect_verified(device, device, 1)?;
        let early = self.rotation(device, new, None)?;
        self.expect(&owner, &early, "rotation_early")?;
        let from = announced.announced_from.unwrap_or_default();
        equal("the announcement's time is the delay away", &(from.0 > ROTATION_DELAY_MS), &true)?;
        self.wait_until(from, "an announced key can begin")?;
        let late = self.rotation(device, new, None)?;
        self.expect(&owner, &late, "ok")?;
        self.expect_refused(device, device, "bad_answer")?;
        self.expect_verified(device, new, 1)
    }

    fn rotation(&self, device: Key, new: Key, old: Option<Key>) -> Outcome<VerifyIdCall> {
        let number = self.device(device)?.rotation + 1;
        let valid_until = TimeMs(self.now()?.0 + WORD_MS);
        let (device, chain_id) = (id(device), self.chain_id());
        let statement = Rotation { chain_id, device, number, new_key: new.id(), valid_until }.to_bytes();
        let (new_signature, old_signature) = (new.sign(&statement), old.map(|old| old.sign(&statement)));
        let (algorithm, key) = (new.algorithm(), new.bytes());
        Ok(VerifyIdCall::Rotate(Rotate { device, algorithm, key, valid_until, new_signature, old_signature }))
    }

    /// To the authority in two steps: whoever it is not offered to cannot take it.
    pub(super) fn hand_on(&mut self, device: Key) -> Outcome<()> {
        let (owner, authority) = (self.owner.clone(), self.authority.clone());
        let take = VerifyIdCall::Take(Take { device: id(device), rotation: 0 });
        self.expect(&authority, &take, "no_offer")?;
        let until = TimeMs(self.now()?.0 + WORD_MS);
        let offer = VerifyIdCall::Offer(Offer { device: id(device), to: authority.address(), until });
        self.expect(&authority, &offer, "not_owner")?;
        self.expect(&owner, &offer, "ok")?;
        self.expect(&owner, &take, "not_recipient")?;
        self.expect(&authority, &take, "ok")?;
        let now = self.device(device)?;
        equal("the owner", &now.owner, &authority.address())?;
        equal("its status with a new owner", &now.status, &Status::Pending)?;
        self.expect(&owner, &VerifyIdCall::Revoke(Out { device: id(device), reason: 1 }), "not_owner")
    }

    /// A verifier's hold ends by itself and comes once; a suspension ends by the authority alone.
    pub(super) fn hold_and_suspend(&mut self, device: Key, key: Key) -> Outcome<()> {
        let (owner, authority) = (self.owner.clone(), self.authority.clone());
        self.expect(&owner, &VerifyIdCall::Hold(id(device)), "not_verifier")?;
        self.expect(&authority, &VerifyIdCall::Hold(id(device)), "ok")?;
        self.expect_refused(device, key, "held")?;
        self.expect(&authority, &VerifyIdCall::Hold(id(device)), "hold_used")?;
        let held = self.device(device)?;
        let lasts = held.hold_until.0.saturating_sub(self.now()?.0);
        equal("a hold lasts no longer than the genesis says", &(held.level, lasts <= HOLD_MS), &(None, true))?;
        self.wait_until(held.hold_until, "a hold ends")?;
        self.expect_verified(device, key, 1)?;
        let suspend = VerifyIdCall::Suspend(Out { device: id(device), reason: 2 });
        self.expect(&owner, &suspend, "not_authority")?;
        self.expect(&authority, &suspend, "ok")?;
        self.expect_refused(device, key, "suspended")?;
        self.expect(&owner, &VerifyIdCall::Reinstate(id(device)), "not_authority")?;
        self.expect(&authority, &VerifyIdCall::Reinstate(id(device)), "ok")?;
        self.expect_verified(device, key, 1)
    }

    /// For good; its place on the plan is another's.
    pub(super) fn revoke(&mut self, device: Key, next: Key) -> Outcome<()> {
        let (owner, authority) = (self.owner.clone(), self.authority.clone());
        self.expect(&owner, &VerifyIdCall::Revoke(Out { device: id(device), reason: 1 }), "ok")?;
        equal("its level", &self.device(device)?.level, &None)?;
        self.expect(&authority, &VerifyIdCall::Reinstate(id(device)), "revoked")?;
        let again = self.registration(&owner, &owner, device)?;
        self.expect(&owner, &again, "device_exists")?;
        let next = self.registration(&owner, &owner, next)?;
        self.expect(&owner, &next, "ok")
    }
}
