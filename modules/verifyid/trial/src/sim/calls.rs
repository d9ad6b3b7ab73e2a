//! What somebody tries: calls that are right as far as the model knows by now, and some that are wrong on purpose.
//!
//! It must not know what comes of them. By the time that a call is carried out others have come before it, so many a right one is wrong then.

use std::collections::BTreeMap;

use testnet::sim::Lots;
use types::{Address, Amount, ChainId, Hash32, List, TimeMs};
use verifyid::{
    AttestWork, Batch, BuyPlan, CancelRotation, DeviceId, Offer, Out, Register, Registration, Rotate, Rotation,
    SetLevel, SetPlan, SignatureBytes, Status, Take, VerifyIdCall, WorkBinding,
};

use super::book::Pages;
use super::model::{Beacon, Device};
use super::shares::mine;
use super::{AUTHORITY, CLASSES, VERIFIER};
use crate::keys::{KEYS, Key};

/// Of a thousand calls so many are sent by whoever it falls on, and not by who may.
const BY_ANYBODY: u64 = 120;

/// A call, who is to send it, and what is wrong with it on purpose.
pub(super) struct Tried {
    pub(super) sender: usize,
    pub(super) call: VerifyIdCall,
    pub(super) wrong: Option<&'static str>,
}

/// Where somebody thinks of something.
pub(super) struct Draft<'a> {
    pub(super) lots: &'a mut Lots,
    pub(super) pages: &'a mut Pages,
    pub(super) keys: &'a BTreeMap<Hash32, Key>,
    pub(super) accounts: &'a [Address],
    pub(super) chain_id: ChainId,
    pub(super) now: u64,
}

impl Draft<'_> {
    /// Something to try; nothing while there is nothing to try it with.
    pub(super) fn think(&mut self) -> Option<Tried> {
        let Some((id, device)) = self.some_device().filter(|_| !self.lots.chance(140)) else {
            return Some(self.register());
        };
        let owner = self.place_of(device.owner);
        let tried = |sender, call| Some(Tried { sender, call, wrong: None });
        match self.lots.below(17) {
            0 => tried(owner, VerifyIdCall::Accept(id)),
            1 | 2 => tried(owner, self.offer(id)),
            3 | 4 => {
                let to = device.offer.map_or(VERIFIER, |(to, _)| self.place_of(to));
                let rotation = if self.lots.chance(900) { device.rotation } else { device.rotation + 1 };
                tried(to, VerifyIdCall::Take(Take { device: id, rotation }))
            }
            5 if self.lots.chance(300) => tried(owner, VerifyIdCall::Withdraw(id)),
            5 | 6 => Some(self.rotate(id, &device)),
            7 => Some(self.cancel(id, &device)),
            8 => tried(owner, VerifyIdCall::Revoke(Out { device: id, reason: 1 })),
            9 => Some(self.stand(id, &device)),
            10 => tried(VERIFIER, VerifyIdCall::Hold(id)),
            11 => Some(self.set_level(id, &device)),
            12 | 13 => self.attest(id, &device),
            14 | 15 => Some(self.batch()),
            _ => Some(self.plan()),
        }
    }

    /// Whoever may, or sometimes anybody.
    pub(super) fn by(&mut self, sender: usize) -> usize {
        if self.lots.chance(BY_ANYBODY) { self.lots.place(self.accounts.len()) } else { sender }
    }

    fn place_of(&self, address: Address) -> usize {
        self.accounts.iter().position(|account| *account == address).unwrap_or_default()
    }

    fn somebody(&mut self) -> Address {
        self.lots.pick(self.accounts)
    }

    /// Mostly one that is not revoked.
    fn some_device(&mut self) -> Option<(DeviceId, Device)> {
        let with_revoked = self.lots.chance(80);
        let all = self.pages.model.devices.iter();
        let all: Vec<_> = all.filter(|(_, device)| with_revoked || device.status != Status::Revoked).collect();
        let place = self.lots.place(all.len());
        all.get(place).map(|(id, device)| (**id, (*device).clone()))
    }

    fn some_key(&mut self) -> Key {
        Key(u8::try_from(self.lots.below(KEYS.into())).expect("below 256"))
    }

    /// Mostly this one.
    fn mostly(&mut self, key: Hash32) -> Key {
        let right = self.keys.get(&key).copied().filter(|_| !self.lots.chance(100));
        right.unwrap_or_else(|| self.some_key())
    }

    /// Mostly a time until which a word may hold.
    fn valid_until(&mut self) -> TimeMs {
        TimeMs(match self.lots.below(12) {
            0 => self.now.saturating_sub(1),
            1 => self.now + 5_000,
            _ => self.now + self.lots.between(300..=1_100),
        })
    }

    fn sign(&mut self, key: Key, message: &[u8]) -> SignatureBytes {
        self.pages.said.sign(key, message)
    }

    fn register(&mut self) -> Tried {
        let (key, sender) = (self.some_key(), self.lots.place(self.accounts.len()));
        let owner = if self.lots.chance(600) { self.accounts[sender] } else { self.somebody() };
        let kind = if self.lots.chance(800) { self.lots.between(1..=3) } else { self.lots.between(4..=9) };
        let (kind, valid_until) = (u8::try_from(kind).expect("below 10"), self.valid_until());
        let (chain_id, device) = (self.chain_id, DeviceId(key.id()));
        // A statement is for its sender: who repeats that of another is refused.
        let said_by = if self.lots.chance(60) { self.somebody() } else { self.accounts[sender] };
        let statement = Registration { chain_id, device, owner, sender: said_by, kind, valid_until };
        let possession = self.sign(key, &statement.to_bytes());
        let register = Register { owner, kind, algorithm: key.algorithm(), key: key.bytes(), valid_until, possession };
        Tried { sender, call: VerifyIdCall::Register(register), wrong: None }
    }

    fn offer(&mut self, device: DeviceId) -> VerifyIdCall {
        let to = self.somebody();
        let until = TimeMs(self.now + self.lots.between(0..=1_150));
        VerifyIdCall::Offer(Offer { device, to, until })
    }

    fn rotate(&mut self, id: DeviceId, device: &Device) -> Tried {
        let announced = device.announced.and_then(|(announced, _)| self.keys.get(&announced).copied());
        let new = announced.filter(|_| self.lots.chance(700)).unwrap_or_else(|| self.some_key());
        let (valid_until, chain_id, number) = (self.valid_until(), self.chain_id, device.rotation + 1);
        let statement = Rotation { chain_id, device: id, number, new_key: new.id(), valid_until }.to_bytes();
        let new_signature = self.sign(new, &statement);
        let old = self.lots.chance(550).then(|| self.mostly(device.key));
        let wrong = old.is_some_and(|old| old.id() != device.key).then_some("another key signs for a rotation");
        let old_signature = old.map(|old| self.sign(old, &statement));
        let (algorithm, key) = (new.algorithm(), new.bytes());
        let rotate = Rotate { device: id, algorithm, key, valid_until, new_signature, old_signature };
        Tried { sender: self.place_of(device.owner), call: VerifyIdCall::Rotate(rotate), wrong }
    }

    fn cancel(&mut self, id: DeviceId, device: &Device) -> Tried {
        let new_key = device.announced.map_or(Hash32::ZERO, |(announced, _)| announced);
        let (valid_until, chain_id, number) = (self.valid_until(), self.chain_id, device.rotation + 1);
        let statement = Rotation { chain_id, device: id, number, new_key, valid_until };
        let signature = self.lots.chance(700).then(|| {
            let key = self.mostly(device.key);
            self.sign(key, &statement.cancellation())
        });
        let cancel = CancelRotation { device: id, valid_until, signature };
        Tried { sender: self.place_of(device.owner), call: VerifyIdCall::CancelRotation(cancel), wrong: None }
    }

    fn stand(&mut self, device: DeviceId, now: &Device) -> Tried {
        let call = if now.status == Status::Suspended && self.lots.chance(800) {
            VerifyIdCall::Reinstate(device)
        } else {
            VerifyIdCall::Suspend(Out { device, reason: 2 })
        };
        Tried { sender: AUTHORITY, call, wrong: None }
    }

    fn set_level(&mut self, id: DeviceId, device: &Device) -> Tried {
        let level = if self.lots.chance(500) { 3 } else { 4 };
        let until = TimeMs(self.now + self.lots.between(0..=2_300));
        let seen = TimeMs(self.now.saturating_sub(self.lots.between(0..=300)));
        let rotation = if self.lots.chance(900) { device.rotation } else { device.rotation + 1 };
        let (owner, evidence) = (device.owner, Hash32([2; 32]));
        let set = SetLevel { device: id, level, owner, rotation, seen, until, evidence };
        Tried { sender: AUTHORITY, call: VerifyIdCall::SetLevel(set), wrong: None }
    }

    /// Work, for the newest beacon or one before; or for one that is none yet, or for another device.
    fn attest(&mut self, id: DeviceId, device: &Device) -> Option<Tried> {
        let count = self.pages.model.beacons.len();
        let back = if self.lots.chance(700) { 0 } else { self.lots.place(6) };
        let place = count.checked_sub(1 + back)?;
        let Beacon { mut number, value, .. } = self.pages.model.beacons[place];
        let mut wrong = None;
        if back == 0 && self.lots.chance(250) {
            (number, wrong) = (number + self.lots.between(1..=3), Some("beacon that is none yet"));
        }
        let class = self.lots.pick(&CLASSES);
        let binding = WorkBinding { chain_id: self.chain_id, device: id, class: class.class, beacon: number, value };
        let other = self.some_device().filter(|(other, _)| *other != id && self.lots.chance(250));
        let mined_for = other.map_or(binding, |(device, _)| WorkBinding { device, ..binding });
        if mined_for != binding {
            wrong = Some("shares for another device");
        }
        let shares = usize::from(class.shares) + usize::from(self.lots.chance(60));
        let groups = List::new(vec![mine(mined_for.digest(), &class, shares)]).expect("one");
        self.pages.said.mined(&groups, mined_for.digest());
        let (valid_until, key) = (self.valid_until(), self.mostly(device.key));
        let signature = self.sign(key, &binding.statement(valid_until));
        let attest = AttestWork { device: id, class: class.class, beacon: number, valid_until, signature, groups };
        let sender = self.lots.place(self.accounts.len());
        Some(Tried { sender, call: VerifyIdCall::AttestWork(attest), wrong })
    }

    fn batch(&mut self) -> Tried {
        let (customer, verifier) = (self.somebody(), self.accounts[VERIFIER]);
        let before = self.pages.model.verifiers.get(&verifier).map_or(0, |(_, last)| *last);
        let is_again = before > 0 && self.lots.chance(200);
        let ago = if self.lots.chance(800) { self.lots.between(0..=400) } else { self.lots.between(0..=2_000) };
        let last = self.now.saturating_sub(ago);
        let first = TimeMs(last.saturating_sub(self.lots.between(0..=60)));
        let listed: Vec<DeviceId> =
            (0..self.lots.below(3)).filter_map(|_| self.some_device()).map(|(id, _)| id).collect();
        // Mostly of one who lets its devices be verified.
        let customer = listed.first().map_or(customer, |id| self.pages.model.devices[id].customer);
        let ok = u32::try_from(self.lots.below(25)).expect("small").max(u32::try_from(listed.len()).expect("few"));
        let batch = Batch {
            customer,
            sequence: if is_again { before } else { before + 1 },
            leaves: ok.max(1) + u32::from(self.lots.chance(300)),
            ok,
            root: Hash32([1; 32]),
            first,
            last: TimeMs(last),
            first_verified: List::new(listed).expect("few"),
        };
        let wrong = is_again.then_some("batch again");
        Tried { sender: VERIFIER, call: VerifyIdCall::Batch(batch), wrong }
    }

    fn plan(&mut self) -> Tried {
        let (customer, anybody) = (self.somebody(), self.lots.place(self.accounts.len()));
        let until = TimeMs(self.now + self.lots.between(0..=3_000));
        let plan = self.lots.pick(&[0, 1, 1, 2, 3]);
        let running = self.pages.model.plans.get(&self.accounts[anybody]).filter(|(_, until)| *until > self.now);
        let replaces = running.map_or(0, |(runs, _)| if *runs == plan { 0 } else { *runs });
        let (sender, call) = match self.lots.below(10) {
            0 => (AUTHORITY, VerifyIdCall::SetPlan(SetPlan { customer, plan, until })),
            1 | 2 => {
                let months = self.lots.pick(&[1, 1, 2, 37]);
                let price_max = Amount(self.lots.pick(&[0, 1_000, 2_000, 100_000]));
                (anybody, VerifyIdCall::BuyPlan(BuyPlan { plan, months, price_max, replaces }))
            }
            3 => {
                let listed = self.lots.chance(850);
                (AUTHORITY, VerifyIdCall::SetVerifier { verifier: self.accounts[VERIFIER], listed })
            }
            _ => {
                let verifier = self.accounts[if self.lots.chance(900) { VERIFIER } else { anybody }];
                (anybody, VerifyIdCall::AllowVerifier { verifier, allowed: self.lots.chance(850) })
            }
        };
        Tried { sender, call, wrong: None }
    }
}
