//! The rules beside a model of plain maps: the same calls, right and wrong, the same answers and the same devices.
//!
//! `work` has what is shown of work rates.

mod work;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use types::{Address, Amount, Hash32, List, TimeMs};
use verifyid::{
    Batch, BuyPlan, CancelRotation, DeviceId, Offer, Out, SetLevel, SetPlan, Status, VerifyIdCall, VerifyIdParameters,
    VerifyIdReject, month_of,
};

use crate::harness::{AUTHORITY, Chain, DAY_MS, Key, USERS, VERIFIER, take};
use work::{BEACON_MS, Beacons, CLASSES, REFUSALS, Shown, TryAttest, Work};

/// So many keys.
const KEYS: u8 = 24;
/// Plans by their numbers: devices and verifications.
const FREE: (u64, u64) = (3, 100);
const STARTER: (u64, u64) = (100, 10_000);
/// What 30 days of the only plan that is for sale cost.
const PRICE: u128 = 1_000;
/// Who is paid for it, and for nothing else.
const SHOP: Address = Address([0x73; 20]);

fn with_prices_and_classes(numbers: &mut VerifyIdParameters) {
    let mut plans = numbers.plans.to_vec();
    (plans[0].price, numbers.ecosystem) = (Amount(PRICE), SHOP);
    numbers.plans = List::new(plans).expect("as many as before");
    numbers.beacon_interval_ms = BEACON_MS;
    numbers.work_classes = List::new(CLASSES.to_vec()).expect("two");
}

/// What somebody tries.
#[derive(Clone, Debug)]
enum Try {
    Register { owner: usize, key: Key, kind: u8, is_signed: bool },
    Accept(Key),
    Offer { device: Key, to: usize, days: u64 },
    Take(Key),
    Withdraw(Key),
    Rotate { device: Key, new: Key, old: Option<bool>, is_signed: bool },
    Cancel { device: Key, by_key: Option<bool> },
    Revoke(Key),
    Suspend(Key),
    Reinstate(Key),
    Hold(Key),
    Attest(TryAttest),
    Batch { customer: usize, skips: u64, ok: u32, days_ago: u64, listed: Vec<Key> },
    SetLevel { device: Key, level: u8, days: u64 },
    SetVerifier { verifier: usize, listed: bool },
    SetPlan { customer: usize, plan: u8, days: u64 },
    Buy { plan: u8, months: u8, price_max: u128, replaces: u8 },
    Allow { verifier: usize, allowed: bool },
    Pass(u64),
}

#[derive(Clone, Debug)]
struct Device {
    owner: usize,
    customer: usize,
    kind: u8,
    key: Key,
    rotation: u32,
    since: u64,
    status: Status,
    accepted: bool,
    work: Work,
    tpm: u64,
    vendor: u64,
    hold: u64,
    held: Option<u64>,
    offer: Option<(usize, u64)>,
    announced: Option<(Key, u64)>,
}

#[derive(Default)]
struct Model {
    devices: BTreeMap<Key, Device>,
    /// Keys that may not be taken: live, announced or retired.
    taken: BTreeSet<Key>,
    plans: BTreeMap<usize, (u8, u64)>,
    months: BTreeMap<(usize, u32), u64>,
    verifiers: BTreeMap<usize, (bool, u64)>,
    allowed: BTreeSet<(usize, usize)>,
    /// What was paid for plans.
    paid: u128,
    beacons: Beacons,
    /// What was last shown of each device's work, good or not.
    shown: BTreeMap<Key, (Shown, VerifyIdCall)>,
}

type Verdict = Result<(), VerifyIdReject>;

impl Model {
    fn new() -> Self {
        Self { verifiers: [(VERIFIER, (true, 0))].into(), ..Self::default() }
    }

    fn allowance(&self, customer: usize, at: u64) -> (u64, u64) {
        match self.plans.get(&customer) {
            Some((1, until)) if *until > at => STARTER,
            _ => FREE,
        }
    }

    fn has_room(&self, customer: usize, now: u64) -> bool {
        let live = |device: &&Device| device.customer == customer && device.status != Status::Revoked;
        (self.devices.values().filter(live).count() as u64) < self.allowance(customer, now).0
    }

    fn is_verifier(&self, who: usize) -> Verdict {
        let listed = self.verifiers.get(&who).is_some_and(|(listed, _)| *listed);
        if listed { Ok(()) } else { Err(VerifyIdReject::NotVerifier) }
    }

    /// A device that is not revoked; nor suspended, where that matters.
    fn device(&self, key: Key, is_live: bool) -> Result<Device, VerifyIdReject> {
        let device = self.devices.get(&key).ok_or(VerifyIdReject::UnknownDevice)?;
        match device.status {
            Status::Revoked => Err(VerifyIdReject::Revoked),
            Status::Suspended if is_live => Err(VerifyIdReject::Suspended),
            _ => Ok(device.clone()),
        }
    }

    fn judge(&mut self, who: usize, now: u64, tried: &Try) -> Verdict {
        match *tried {
            Try::Register { owner, key, kind, is_signed } => self.register(who, now, (owner, kind), (key, is_signed)),
            Try::Accept(_) | Try::Offer { .. } | Try::Take(_) | Try::Withdraw(_) => self.hand_on(who, now, tried),
            Try::Rotate { device: key, new, old, is_signed } => self.rotate(who, now, key, (new, old, is_signed)),
            Try::Cancel { .. } | Try::Revoke(_) => self.drop(who, tried),
            Try::Suspend(_) | Try::Reinstate(_) | Try::Hold(_) | Try::SetLevel { .. } => self.stand(who, now, tried),
            Try::Batch { customer, skips, ok, days_ago, ref listed } => {
                self.batch(who, now, (customer, skips, ok, days_ago), listed)
            }
            Try::SetVerifier { .. } | Try::SetPlan { .. } | Try::Allow { .. } => self.count(who, now, tried),
            Try::Buy { plan, months, price_max, replaces } => self.buy(who, now, (plan, replaces), (months, price_max)),
            Try::Attest(_) | Try::Pass(_) => unreachable!("what is shown, and time, are not judged here"),
        }
    }

    fn register(&mut self, who: usize, now: u64, (owner, kind): (usize, u8), (key, is_signed): (Key, bool)) -> Verdict {
        if self.devices.contains_key(&key) {
            return Err(VerifyIdReject::DeviceExists);
        }
        if self.taken.contains(&key) {
            return Err(VerifyIdReject::KeyInUse);
        }
        if !is_signed {
            return Err(VerifyIdReject::WrongPossession);
        }
        if !self.has_room(who, now) {
            return Err(VerifyIdReject::DeviceLimit);
        }
        let device = Device {
            owner,
            customer: who,
            kind,
            key,
            rotation: 0,
            since: now,
            status: Status::Pending,
            accepted: owner == who,
            work: Work::default(),
            tpm: 0,
            vendor: 0,
            hold: 0,
            held: None,
            offer: None,
            announced: None,
        };
        self.taken.insert(key);
        self.devices.insert(key, device);
        Ok(())
    }

    fn hand_on(&mut self, who: usize, now: u64, tried: &Try) -> Verdict {
        let owns = |device: &Device| if device.owner == who { Ok(()) } else { Err(VerifyIdReject::NotOwner) };
        match *tried {
            Try::Accept(key) => {
                let device = self.device(key, false)?;
                owns(&device)?;
                if device.accepted {
                    return Err(VerifyIdReject::AlreadyAccepted);
                }
                self.devices.insert(key, Device { accepted: true, ..device });
            }
            Try::Offer { device: key, to, days } => {
                let device = self.device(key, true)?;
                owns(&device)?;
                match days {
                    0 => return Err(VerifyIdReject::OfferExpired),
                    1..=7 => {}
                    _ => return Err(VerifyIdReject::UntilTooFar),
                }
                self.devices.insert(key, Device { offer: Some((to, now + days * DAY_MS)), ..device });
            }
            Try::Take(key) => {
                let mut device = self.device(key, true)?;
                let (to, until) = device.offer.take().ok_or(VerifyIdReject::NoOffer)?;
                if to != who {
                    return Err(VerifyIdReject::NotRecipient);
                }
                if until < now {
                    return Err(VerifyIdReject::OfferExpired);
                }
                if device.customer != who && !self.has_room(who, now) {
                    return Err(VerifyIdReject::DeviceLimit);
                }
                if let Some((announced, _)) = device.announced.take() {
                    self.taken.remove(&announced);
                }
                let (owner, customer, status, work) = (who, who, Status::Pending, device.work.forgotten());
                self.devices.insert(
                    key,
                    Device { owner, customer, status, accepted: true, work, tpm: 0, vendor: 0, since: now, ..device },
                );
            }
            Try::Withdraw(key) => {
                let mut device = self.device(key, false)?;
                owns(&device)?;
                device.offer.take().ok_or(VerifyIdReject::NoOffer)?;
                self.devices.insert(key, device);
            }
            _ => unreachable!("another hand"),
        }
        Ok(())
    }

    fn drop(&mut self, who: usize, tried: &Try) -> Verdict {
        let owns = |device: &Device| if device.owner == who { Ok(()) } else { Err(VerifyIdReject::NotOwner) };
        match *tried {
            Try::Cancel { device: key, by_key } => {
                let mut device = self.device(key, false)?;
                if by_key.is_none() {
                    owns(&device)?;
                }
                let (announced, _) = device.announced.take().ok_or(VerifyIdReject::NoRotation)?;
                if by_key == Some(false) {
                    return Err(VerifyIdReject::WrongDeviceSignature);
                }
                self.taken.remove(&announced);
                self.devices.insert(key, device);
            }
            Try::Revoke(key) => {
                let mut device = self.device(key, false)?;
                let is_registrar = !device.accepted && device.customer == who;
                if !is_registrar && who != AUTHORITY {
                    owns(&device)?;
                }
                if let Some((announced, _)) = device.announced.take() {
                    self.taken.remove(&announced);
                }
                self.devices.insert(key, Device { status: Status::Revoked, offer: None, ..device });
            }
            _ => unreachable!("another hand"),
        }
        Ok(())
    }

    fn stand(&mut self, who: usize, now: u64, tried: &Try) -> Verdict {
        let is_authority = || if who == AUTHORITY { Ok(()) } else { Err(VerifyIdReject::NotAuthority) };
        match *tried {
            Try::Suspend(key) => {
                is_authority()?;
                let device = self.device(key, true)?;
                self.devices.insert(key, Device { status: Status::Suspended, ..device });
            }
            Try::Reinstate(key) => {
                is_authority()?;
                let device = self.device(key, false)?;
                if device.status != Status::Suspended {
                    return Err(VerifyIdReject::NotSuspended);
                }
                self.devices.insert(key, Device { status: Status::Pending, since: now, ..device });
            }
            Try::Hold(key) => {
                self.is_verifier(who)?;
                let device = self.device(key, true)?;
                if device.held.is_some_and(|held| now < held + 7 * DAY_MS) {
                    return Err(VerifyIdReject::HoldUsed);
                }
                self.devices.insert(key, Device { held: Some(now), hold: now + DAY_MS, ..device });
            }
            Try::SetLevel { device: key, level, days } => {
                is_authority()?;
                let device = self.device(key, true)?;
                if days > 90 {
                    return Err(VerifyIdReject::UntilTooFar);
                }
                let until = now + days * DAY_MS;
                let device =
                    if level == 3 { Device { tpm: until, ..device } } else { Device { vendor: until, ..device } };
                self.devices.insert(key, device);
            }
            _ => unreachable!("another hand"),
        }
        Ok(())
    }

    fn count(&mut self, who: usize, now: u64, tried: &Try) -> Verdict {
        let is_authority = || if who == AUTHORITY { Ok(()) } else { Err(VerifyIdReject::NotAuthority) };
        match *tried {
            Try::SetVerifier { verifier, listed } => {
                is_authority()?;
                self.verifiers.entry(verifier).or_default().0 = listed;
            }
            Try::SetPlan { customer, plan, days } => {
                is_authority()?;
                if plan > 7 {
                    return Err(VerifyIdReject::UnknownPlan);
                }
                self.plans.insert(customer, (plan, now + days * DAY_MS));
            }
            Try::Allow { verifier, allowed: true } => {
                self.is_verifier(verifier)?;
                self.allowed.insert((who, verifier));
            }
            Try::Allow { verifier, allowed: false } => {
                self.allowed.remove(&(who, verifier));
            }
            _ => unreachable!("another hand"),
        }
        Ok(())
    }

    fn buy(&mut self, who: usize, now: u64, (plan, replaces): (u8, u8), (months, most): (u8, u128)) -> Verdict {
        match plan {
            1 => {}
            2..=7 => return Err(VerifyIdReject::PlanNotForSale),
            _ => return Err(VerifyIdReject::UnknownPlan),
        }
        let (runs, ends) = self.plans.get(&who).copied().filter(|(_, until)| *until > now).unwrap_or((0, now));
        let from = if runs == plan { ends } else { now };
        if replaces != (if runs == plan { 0 } else { runs }) {
            return Err(VerifyIdReject::PlanRuns);
        }
        let until = from + u64::from(months) * 30 * DAY_MS;
        if until > now + 36 * 30 * DAY_MS {
            return Err(VerifyIdReject::UntilTooFar);
        }
        let price = PRICE * u128::from(months);
        if price > most {
            return Err(VerifyIdReject::PriceAbove);
        }
        self.paid += price;
        self.plans.insert(who, (plan, until));
        Ok(())
    }

    fn rotate(&mut self, who: usize, now: u64, key: Key, (new, old, is_signed): (Key, Option<bool>, bool)) -> Verdict {
        let mut device = self.device(key, false)?;
        if device.owner != who {
            return Err(VerifyIdReject::NotOwner);
        }
        let is_announced = device.announced.is_some_and(|(announced, _)| announced == new);
        if self.taken.contains(&new) && !is_announced {
            return Err(VerifyIdReject::KeyInUse);
        }
        if !is_signed {
            return Err(VerifyIdReject::WrongPossession);
        }
        match (old, device.announced) {
            (Some(false), _) => return Err(VerifyIdReject::WrongDeviceSignature),
            (Some(true), _) => {}
            (None, None) => {
                self.taken.insert(new);
                self.devices.insert(key, Device { announced: Some((new, now + 7 * DAY_MS)), ..device });
                return Ok(());
            }
            (None, Some((_, from))) if !is_announced || now < from => return Err(VerifyIdReject::RotationEarly),
            (None, Some(_)) => {}
        }
        if let Some((announced, _)) = device.announced.take() {
            self.taken.remove(&announced);
        }
        self.taken.insert(new);
        let status = if device.status == Status::Suspended { Status::Suspended } else { Status::Pending };
        let (rotation, work) = (device.rotation + 1, device.work.forgotten());
        let device = Device { key: new, rotation, status, work, tpm: 0, vendor: 0, since: now, offer: None, ..device };
        self.devices.insert(key, device);
        Ok(())
    }

    fn batch(
        &mut self,
        who: usize,
        now: u64,
        (customer, skips, ok, days_ago): (usize, u64, u32, u64),
        listed: &[Key],
    ) -> Verdict {
        self.is_verifier(who)?;
        if !self.allowed.contains(&(customer, who)) {
            return Err(VerifyIdReject::VerifierNotAllowed);
        }
        if skips != 0 {
            return Err(VerifyIdReject::BatchOrder);
        }
        if days_ago > 7 {
            return Err(VerifyIdReject::BatchTime);
        }
        let last = now - days_ago * DAY_MS;
        let (limit, month) = (self.allowance(customer, last).1, month_of(TimeMs(last)));
        let used = |month| self.months.get(&(customer, month)).copied().unwrap_or_default();
        let room = |month| limit.saturating_sub(used(month));
        let rooms: Vec<u64> = (month..month + 4).map(room).collect();
        let (ok, all) = (u64::from(ok), rooms.iter().sum::<u64>());
        if ok > all || (ok > 0 && rooms[0] + rooms[1] == 0) {
            return Err(VerifyIdReject::QuotaExceeded);
        }
        for key in listed {
            let device = self.device(*key, true)?;
            if device.customer != customer {
                return Err(VerifyIdReject::OtherCustomer);
            }
            if device.hold > now {
                return Err(VerifyIdReject::Held);
            }
            if last < device.since {
                return Err(VerifyIdReject::VerifiedBefore);
            }
        }
        let mut rest = ok;
        for (ahead, room) in (month..).zip(rooms) {
            let here = rest.min(room);
            *self.months.entry((customer, ahead)).or_default() += here;
            rest -= here;
        }
        for key in listed {
            self.devices.get_mut(key).expect("it was looked at").status = Status::Verified;
        }
        self.verifiers.get_mut(&who).expect("it is one").1 += 1;
        Ok(())
    }

    fn level(&self, device: &Device, now: u64) -> Option<u8> {
        let is_out = matches!(device.status, Status::Suspended | Status::Revoked) || device.hold > now;
        let by_time = if device.vendor > now {
            4
        } else if device.tpm > now {
            3
        } else if device.work.until > now {
            2
        } else {
            1
        };
        (!is_out).then_some(if device.accepted { by_time } else { 0 })
    }
}

/// The call that tries it, with signatures that are right or wrong as it says.
fn call(chain: &Chain, model: &Model, who: usize, tried: &Try) -> Option<VerifyIdCall> {
    let now = chain.time().0;
    let id = |key: Key| DeviceId(key.id());
    let of = |key: &Key| model.devices.get(key);
    let key_of = |key: &Key| of(key).map_or(Key(250), |device| device.key);
    let number_of = |key: &Key| of(key).map_or(0, |device| device.rotation) + 1;
    Some(match tried {
        Try::Register { owner, key, kind, is_signed } => {
            let mut register = chain.register(who, *owner, *key, *kind);
            if !is_signed {
                register.possession = Key(251).sign(b"something else");
            }
            VerifyIdCall::Register(register)
        }
        Try::Accept(key) => VerifyIdCall::Accept(id(*key)),
        Try::Offer { device, to, days } => VerifyIdCall::Offer(Offer {
            device: id(*device),
            to: chain.address(*to),
            until: TimeMs(now + days * DAY_MS),
        }),
        Try::Take(key) => take(id(*key), number_of(key) - 1),
        Try::Withdraw(key) => VerifyIdCall::Withdraw(id(*key)),
        Try::Rotate { device, new, old, is_signed } => {
            let by = old.map(|is_right| if is_right { key_of(device) } else { Key(252) });
            let mut rotate = chain.rotate(id(*device), number_of(device), (*new, by));
            if !is_signed {
                rotate.new_signature = Key(251).sign(b"something else");
            }
            VerifyIdCall::Rotate(rotate)
        }
        Try::Cancel { device, by_key } => {
            let announced = of(device).and_then(|device| device.announced).map_or(Key(253), |(key, _)| key);
            let by = if *by_key == Some(false) { Key(252) } else { key_of(device) };
            let cancel = chain.cancel(id(*device), number_of(device), announced, by);
            let signature = cancel.signature.clone().filter(|_| by_key.is_some());
            VerifyIdCall::CancelRotation(CancelRotation { signature, ..cancel })
        }
        Try::Revoke(key) => VerifyIdCall::Revoke(Out { device: id(*key), reason: 1 }),
        Try::Suspend(key) => VerifyIdCall::Suspend(Out { device: id(*key), reason: 2 }),
        Try::Reinstate(key) => VerifyIdCall::Reinstate(id(*key)),
        Try::Hold(key) => VerifyIdCall::Hold(id(*key)),
        Try::Attest(_) | Try::Pass(_) => return None,
        others => call_of_office(chain, model, who, others),
    })
}

/// The calls of verifiers, the authority and customers.
fn call_of_office(chain: &Chain, model: &Model, who: usize, tried: &Try) -> VerifyIdCall {
    let now = chain.time().0;
    let id = |key: Key| DeviceId(key.id());
    let of = |key: &Key| model.devices.get(key);
    match tried {
        Try::Batch { customer, skips, ok, days_ago, listed } => {
            let last = TimeMs(now - days_ago * DAY_MS);
            let before = model.verifiers.get(&who).map_or(0, |(_, last)| *last);
            VerifyIdCall::Batch(Batch {
                customer: chain.address(*customer),
                sequence: before + 1 + skips,
                leaves: (*ok).max(1),
                ok: *ok,
                root: Hash32([1; 32]),
                first: last,
                last,
                first_verified: List::new(listed.iter().copied().map(id).collect()).expect("few"),
            })
        }
        Try::SetLevel { device, level, days } => VerifyIdCall::SetLevel(SetLevel {
            device: id(*device),
            owner: chain.address(of(device).map_or(0, |device| device.owner)),
            rotation: of(device).map_or(0, |device| device.rotation),
            seen: TimeMs(now),
            level: *level,
            until: TimeMs(now + days * DAY_MS),
            evidence: Hash32([2; 32]),
        }),
        Try::SetVerifier { verifier, listed } => {
            VerifyIdCall::SetVerifier { verifier: chain.address(*verifier), listed: *listed }
        }
        Try::SetPlan { customer, plan, days } => VerifyIdCall::SetPlan(SetPlan {
            customer: chain.address(*customer),
            plan: *plan,
            until: TimeMs(now + days * DAY_MS),
        }),
        Try::Buy { plan, months, price_max, replaces } => VerifyIdCall::BuyPlan(BuyPlan {
            plan: *plan,
            months: *months,
            price_max: Amount(*price_max),
            replaces: *replaces,
        }),
        Try::Allow { verifier, allowed } => {
            VerifyIdCall::AllowVerifier { verifier: chain.address(*verifier), allowed: *allowed }
        }
        _ => unreachable!("it is nobody's office"),
    }
}

fn compare(chain: &Chain, model: &Model) {
    let now = chain.time().0 - chain.step_ms;
    for (key, device) in &model.devices {
        let found = chain.device(*key);
        let offer = device.offer.map(|(to, until)| (chain.address(to), TimeMs(until)));
        let announced = device.announced.map(|(key, from)| (key.id(), TimeMs(from)));
        assert_eq!((found.owner, found.customer), (chain.address(device.owner), chain.address(device.customer)));
        assert_eq!((found.status, found.level), (device.status, model.level(device, now)), "{device:?}");
        assert_eq!(found.work_class, (device.work.until > now).then_some(device.work.class), "{device:?}");
        assert_eq!((found.key_id, found.rotation), (device.key.id(), device.rotation));
        assert_eq!(found.offered_to.zip(found.offered_until), offer);
        assert_eq!(found.announced_key.zip(found.announced_from), announced);
    }
    let newest = verifyid::beacon(&chain.view(), None).map(|beacon| (beacon.number, beacon.time.0));
    assert_eq!(newest, model.beacons.newest());
    assert_eq!(
        chain.registry.account(&chain.state, &SHOP).thr.0,
        model.paid,
        "what is paid for plans, and nothing else"
    );
    for ((customer, month), used) in &model.months {
        assert_eq!(verifyid::used(&chain.view(), &chain.address(*customer), *month), *used);
    }
}

fn keys() -> impl Strategy<Value = Key> {
    // Few keys, so that calls meet the same devices.
    (0..KEYS).prop_map(Key)
}

fn devices() -> impl Strategy<Value = Key> {
    prop_oneof![6 => (0..4_u8).prop_map(Key), 1 => keys()]
}

fn tries() -> impl Strategy<Value = Try> {
    let user = || 0..USERS;
    let mostly = || prop_oneof![9 => Just(true), 1 => Just(false)];
    let signed = || prop_oneof![3 => Just(None), 5 => Just(Some(true)), 1 => Just(Some(false))];
    prop_oneof![
        8 => (user(), devices(), prop_oneof![2 => 1..=3_u8, 1 => 1..=9_u8], mostly())
            .prop_map(|(owner, key, kind, is_signed)| Try::Register { owner, key, kind, is_signed }),
        3 => devices().prop_map(Try::Accept),
        5 => (devices(), user(), 0..9_u64).prop_map(|(device, to, days)| Try::Offer { device, to, days }),
        5 => devices().prop_map(Try::Take),
        1 => devices().prop_map(Try::Withdraw),
        6 => (devices(), keys(), signed(), mostly())
            .prop_map(|(device, new, old, is_signed)| Try::Rotate { device, new, old, is_signed }),
        2 => (devices(), signed()).prop_map(|(device, by_key)| Try::Cancel { device, by_key }),
        1 => devices().prop_map(Try::Revoke),
        2 => devices().prop_map(Try::Suspend),
        3 => devices().prop_map(Try::Reinstate),
        2 => devices().prop_map(Try::Hold),
        10 => work::attests().prop_map(Try::Attest),
        8 => (user(), prop_oneof![9 => Just(0_u64), 1 => 1..3_u64], 0..150_u32, prop_oneof![1 => Just(0), 1 => 0..9_u64], proptest::collection::vec(devices(), 0..3))
            .prop_map(|(customer, skips, ok, days_ago, listed)| {
                // More listed than good is no call at all.
                let ok = ok.max(listed.len() as u32);
                Try::Batch { customer, skips, ok, days_ago, listed }
            }),
        2 => (devices(), 3..=4_u8, 0..95_u64).prop_map(|(device, level, days)| Try::SetLevel { device, level, days }),
        1 => (user(), mostly()).prop_map(|(verifier, listed)| Try::SetVerifier { verifier, listed }),
        2 => (user(), 0..=8_u8, 0..60_u64).prop_map(|(customer, plan, days)| {
            // The model knows of one plan.
            Try::SetPlan { customer, plan: if plan > 7 { plan } else { plan % 2 }, days }
        }),
        2 => (prop_oneof![4 => Just(1_u8), 1 => 1..=9_u8], prop_oneof![6 => 1..3_u8, 1 => 30..40_u8], prop_oneof![4 => Just(100_000_u128), 1 => Just(PRICE)], 0..2_u8)
            .prop_map(|(plan, months, price_max, replaces)| Try::Buy { plan, months, price_max, replaces }),
        4 => (prop_oneof![3 => Just(VERIFIER), 1 => user()], mostly())
            .prop_map(|(verifier, allowed)| Try::Allow { verifier, allowed }),
        2 => prop_oneof![4 => 1..3_u64, 1 => 3..20_u64].prop_map(|days| Try::Pass(days * DAY_MS)),
    ]
}

/// Who tries: mostly whoever may.
fn actor(model: &Model, tried: &Try, chance: usize) -> usize {
    let owner = |key: &Key| model.devices.get(key).map(|device| device.owner);
    let right = match tried {
        Try::Suspend(_) | Try::Reinstate(_) | Try::SetLevel { .. } | Try::SetVerifier { .. } | Try::SetPlan { .. } => {
            Some(AUTHORITY)
        }
        Try::Hold(_) | Try::Batch { .. } => Some(VERIFIER),
        Try::Take(key) => model.devices.get(key).and_then(|device| device.offer).map(|(to, _)| to),
        Try::Accept(key) | Try::Withdraw(key) | Try::Revoke(key) => owner(key),
        Try::Offer { device, .. } | Try::Rotate { device, .. } | Try::Cancel { device, .. } => owner(device),
        // Whoever carries what is shown, it is the device's.
        Try::Register { .. } | Try::Allow { .. } | Try::Buy { .. } | Try::Attest(_) | Try::Pass(_) => None,
    };
    right.filter(|_| !chance.is_multiple_of(8)).unwrap_or(chance % USERS)
}

/// Calls that the rules and the model are asked for at least, unless the environment asks for more: `MODEL_CALLS=1000000` is the long form.
const CALLS: u32 = 100_000;
/// A chain has half as many on the average.
const CALLS_OF_A_CHAIN: u32 = 150;

/// What came of all chains together.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    calls: u32,
    taken: u32,
    months: u32,
    suspended: u32,
    held: u32,
    announced: u32,
    /// Batches whose last verification was a day ago and more.
    late: u32,
    /// Work rates that were shown, and how often each refusal was met.
    attested: u32,
    attests_refused: [u32; REFUSALS.len()],
}

impl Tally {
    fn attest(&mut self, verdict: Verdict) {
        match verdict {
            Ok(()) => self.attested += 1,
            Err(why) => {
                let place = REFUSALS.iter().position(|refusal| *refusal == why).expect("every refusal is listed");
                self.attests_refused[place] += 1;
            }
        }
    }
}

/// One chain: the same calls to the rules and to the model.
fn try_all(tried: &[(Try, usize)], tally: &mut Tally) -> Result<(), TestCaseError> {
    let (mut chain, mut model) = (Chain::with(with_prices_and_classes), Model::new());
    let first = month_of(chain.time());
    for (tried, chance) in tried {
        model.beacons.begin_block(chain.time().0 - chain.step_ms);
        if let Try::Pass(ms) = tried {
            chain.pass(*ms);
            continue;
        }
        let who = actor(&model, tried, *chance);
        let now = chain.time().0;
        let met = meant(tried).and_then(|key| model.devices.get(&key)).cloned();
        tally.suspended += u32::from(met.as_ref().is_some_and(|device| device.status == Status::Suspended));
        tally.held += u32::from(met.as_ref().is_some_and(|device| device.hold > now));
        tally.announced += u32::from(met.as_ref().is_some_and(|device| device.announced.is_some()));
        let (call, expected) = match tried {
            Try::Attest(attest) => {
                let (shown, call) = work::made(&chain, &model, attest);
                let expected = model.attest(now, &shown);
                tally.attest(expected);
                model.shown.insert(attest.device, (shown, call.clone()));
                (call, expected)
            }
            _ => (call(&chain, &model, who, tried).expect("only time has none"), model.judge(who, now, tried)),
        };
        prop_assert_eq!(chain.run(who, call), expected.map_err(VerifyIdReject::code), "{} {:?}", who, tried);
        tally.calls += 1;
        tally.taken += u32::from(expected.is_ok());
        let is_late = matches!(tried, Try::Batch { days_ago: 1.., .. });
        tally.late += u32::from(is_late && expected.is_ok());
    }
    compare(&chain, &model);
    tally.months += month_of(chain.time()) - first;
    Ok(())
}

/// The device that a call is about.
const fn meant(tried: &Try) -> Option<Key> {
    match tried {
        Try::Accept(key)
        | Try::Take(key)
        | Try::Withdraw(key)
        | Try::Revoke(key)
        | Try::Suspend(key)
        | Try::Reinstate(key)
        | Try::Hold(key) => Some(*key),
        Try::Attest(TryAttest { device, .. })
        | Try::Offer { device, .. }
        | Try::Rotate { device, .. }
        | Try::Cancel { device, .. }
        | Try::SetLevel { device, .. } => Some(*device),
        _ => None,
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the environment asks for the long form")]
fn the_rules_and_the_model_agree() {
    let wanted = std::env::var("MODEL_CALLS").ok().and_then(|count| count.parse().ok()).unwrap_or(CALLS);
    // A tenth more chains than there must be: their lengths are drawn, and time passes in some places of them.
    let cases = wanted / (CALLS_OF_A_CHAIN / 2) * 11 / 10;
    let config =
        ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tally = Cell::new(Tally::default());
    let calls = proptest::collection::vec((tries(), any::<usize>()), 1..CALLS_OF_A_CHAIN as usize);
    let ran = runner.run(&calls, |tried| {
        let mut sum = tally.get();
        let verdict = try_all(&tried, &mut sum);
        tally.set(sum);
        verdict
    });
    let tally = tally.get();
    println!("{tally:?}");
    if let Err(error) = ran {
        panic!("{error}");
    }
    assert!(tally.calls >= wanted && tally.taken > tally.calls / 5 && tally.months >= 24, "{tally:?}");
    let met = [tally.suspended, tally.held, tally.announced];
    assert!(met.iter().all(|count| *count > wanted / 100), "{tally:?}");
    let shown = [tally.attested, tally.late].into_iter().chain(tally.attests_refused);
    assert!(shown.into_iter().all(|count| count > wanted / 10_000), "{tally:?}");
}
