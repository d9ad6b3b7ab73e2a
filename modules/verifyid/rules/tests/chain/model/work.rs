//! Work attestations beside the model: shares that bind the right thing or another, for beacons of any age, shown once or again.
//!
//! The model knows when beacons come and how old they are; their values are the chain's, as nobody can foresee them.

use std::collections::VecDeque;

use proptest::prelude::*;
use types::{Hash32, List, TimeMs};
use verifyid::{AttestWork, DeviceId, Status, VerifyIdCall, VerifyIdReject, WorkBinding, WorkClass, WorkGroup};

use super::{Device, Model, Verdict, devices};
use crate::attest::mine_for;
use crate::harness::{Chain, DAY_MS, Key};

/// Two classes of two shares each, of some twenty hashes.
const CLASS: WorkClass = WorkClass { class: 1, floor: 1, difficulty: 4, shares: 2, window_ms: 30_000 };
pub const CLASSES: [WorkClass; 2] = [CLASS, WorkClass { class: 2, ..CLASS }];
pub const BEACON_MS: u64 = 2_000;
/// So many beacons are kept.
const BEACONS_KEPT: usize = 128;
/// How long a work rate counts.
const WORK_TTL_MS: u64 = 30 * DAY_MS;

/// For what an attestation can be refused here, each of which has to be met.
pub const REFUSALS: [VerifyIdReject; 15] = [
    VerifyIdReject::UnknownDevice,
    VerifyIdReject::Suspended,
    VerifyIdReject::Revoked,
    VerifyIdReject::Held,
    VerifyIdReject::WrongKind,
    VerifyIdReject::StatementExpired,
    VerifyIdReject::StatementTooLong,
    VerifyIdReject::UnknownBeacon,
    VerifyIdReject::BeaconUsed,
    VerifyIdReject::UnknownClass,
    VerifyIdReject::WindowExceeded,
    VerifyIdReject::ShareCount,
    VerifyIdReject::WrongDeviceSignature,
    VerifyIdReject::WrongBinding,
    VerifyIdReject::HigherClass,
];

/// Which shares are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shares {
    Right,
    Few,
    Many,
    /// Found for another device.
    OfAnother,
}

/// How long the device's word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Over,
    Minute,
    Week,
}

/// What somebody tries.
#[derive(Clone, Copy, Debug)]
pub struct TryAttest {
    pub device: Key,
    class: u8,
    /// So many beacons before the newest.
    back: u64,
    word: Word,
    is_signed: bool,
    shares: Shares,
    /// What was shown for this device before, if anything was, is shown again.
    is_again: bool,
}

/// What the model has to know of what is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    device: Key,
    class: u8,
    beacon: u64,
    valid_until: u64,
    signer: Key,
    shares: Shares,
}

/// A device's work rate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    pub class: u8,
    pub until: u64,
    beacon: Option<u64>,
}

impl Work {
    /// Another owner, and another key, begin without one. No beacon counts again.
    pub const fn forgotten(self) -> Self {
        Self { class: 0, until: 0, beacon: self.beacon }
    }
}

/// When beacons came, by their numbers.
#[derive(Debug, Default)]
pub struct Beacons(VecDeque<(u64, u64)>);

impl Beacons {
    /// A block begins on one of this time.
    pub fn begin_block(&mut self, parent: u64) {
        let number = match self.0.back() {
            Some((_, last)) if parent < last + BEACON_MS => return,
            Some((number, _)) => number + 1,
            None => 0,
        };
        self.0.push_back((number, parent));
        if self.0.len() > BEACONS_KEPT {
            self.0.pop_front();
        }
    }

    pub fn newest(&self) -> Option<(u64, u64)> {
        self.0.back().copied()
    }

    fn time(&self, number: u64) -> Option<u64> {
        self.0.iter().find(|(of, _)| *of == number).map(|(_, time)| *time)
    }
}

pub fn attests() -> impl Strategy<Value = TryAttest> {
    let class = prop_oneof![8 => Just(1_u8), 4 => Just(2), 1 => Just(9)];
    let back = prop_oneof![12 => 0..2_u64, 2 => 2..10_u64, 2 => 15..40_u64, 1 => 100..300_u64];
    let word = prop_oneof![14 => Just(Word::Minute), 1 => Just(Word::Over), 1 => Just(Word::Week)];
    let shares = prop_oneof![
        12 => Just(Shares::Right),
        1 => Just(Shares::Few),
        1 => Just(Shares::Many),
        2 => Just(Shares::OfAnother),
    ];
    let is = |right: u32| prop_oneof![right => Just(true), 1 => Just(false)];
    let again = prop_oneof![1 => Just(true), 6 => Just(false)];
    (devices(), class, back, word, is(12), shares, again).prop_map(
        |(device, class, back, word, is_signed, shares, is_again)| TryAttest {
            device,
            class,
            back,
            word,
            is_signed,
            shares,
            is_again,
        },
    )
}

/// The call, and what the model has to know of it.
pub fn made(chain: &Chain, model: &Model, tried: &TryAttest) -> (Shown, VerifyIdCall) {
    if let Some((shown, call)) = model.shown.get(&tried.device).filter(|_| tried.is_again) {
        return (*shown, call.clone());
    }
    let TryAttest { device, class, shares, .. } = *tried;
    let newest = verifyid::beacon(&chain.view(), None).map_or(0, |beacon| beacon.number);
    // Of one that is older than the first there is none either.
    let number = newest.checked_sub(tried.back).unwrap_or(u64::MAX);
    let value = verifyid::beacon(&chain.view(), Some(number)).map_or(Hash32([0; 32]), |beacon| beacon.value);
    let now = chain.time().0;
    let valid_until = match tried.word {
        Word::Over => now - 1,
        Word::Minute => now + 60_000,
        Word::Week => now + 7 * DAY_MS,
    };
    let own = model.devices.get(&device).map_or(device, |known| known.key);
    let signer = if tried.is_signed { own } else { Key(252) };
    let id = DeviceId(device.id());
    let binding = WorkBinding { chain_id: chain.chain_id, device: id, class, beacon: number, value };
    let found_for = match shares {
        Shares::OfAnother => WorkBinding { device: DeviceId(Hash32([7; 32])), ..binding },
        _ => binding,
    };
    let count = match shares {
        Shares::Few => 1,
        Shares::Many => 3,
        Shares::Right | Shares::OfAnother => 2,
    };
    let groups: Vec<WorkGroup> = mine_for(&CLASS, found_for.digest(), count);
    let signature = signer.sign(&binding.statement(TimeMs(valid_until)));
    let groups = List::new(groups).expect("few");
    let call = AttestWork { device: id, class, beacon: number, valid_until: TimeMs(valid_until), signature, groups };
    (Shown { device, class, beacon: number, valid_until, signer, shares }, VerifyIdCall::AttestWork(call))
}

impl Model {
    /// What must come of it.
    pub fn attest(&mut self, now: u64, shown: &Shown) -> Verdict {
        let device = self.device(shown.device, true)?;
        if device.hold > now {
            return Err(VerifyIdReject::Held);
        }
        if !(1..=3).contains(&device.kind) {
            return Err(VerifyIdReject::WrongKind);
        }
        if shown.valid_until < now {
            return Err(VerifyIdReject::StatementExpired);
        }
        if shown.valid_until > now + DAY_MS {
            return Err(VerifyIdReject::StatementTooLong);
        }
        let beacon = self.beacons.time(shown.beacon).ok_or(VerifyIdReject::UnknownBeacon)?;
        // Once each; and none from before its owner, its key and its standing.
        if device.work.beacon.is_some_and(|last| shown.beacon <= last) || beacon < device.since {
            return Err(VerifyIdReject::BeaconUsed);
        }
        if !CLASSES.iter().any(|class| class.class == shown.class) {
            return Err(VerifyIdReject::UnknownClass);
        }
        if now > beacon + CLASS.window_ms {
            return Err(VerifyIdReject::WindowExceeded);
        }
        if matches!(shown.shares, Shares::Few | Shares::Many) {
            return Err(VerifyIdReject::ShareCount);
        }
        if shown.signer != device.key {
            return Err(VerifyIdReject::WrongDeviceSignature);
        }
        if shown.shares == Shares::OfAnother {
            return Err(VerifyIdReject::WrongBinding);
        }
        if device.work.until > now && device.work.class > shown.class {
            return Err(VerifyIdReject::HigherClass);
        }
        let work = Work { class: shown.class, until: now + WORK_TTL_MS, beacon: Some(shown.beacon) };
        self.devices.insert(shown.device, Device { work, status: Status::Verified, ..device });
        Ok(())
    }
}
