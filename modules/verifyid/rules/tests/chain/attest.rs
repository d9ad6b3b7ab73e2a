//! Work attestation: who hashes reaches the level, and nobody for another device, class, beacon or chain.

use pow::{CompactBits, WorkHeader, merkle, sha256d};
use types::{ByteString, Hash32, List, TimeMs};
use verifyid::{
    AttestWork, DeviceId, Offer, SetPlan, Status, VerifyIdCall, VerifyIdReject, WorkBinding, WorkClass, WorkGroup,
    WorkShare,
};

use crate::harness::{ALICE, AUTHORITY, BOB, Chain, DAY_MS, Key, VERIFIER, take};

/// Four shares of about a thousand hashes each.
const CLASS: WorkClass = WorkClass { class: 1, floor: 1, difficulty: 250, shares: 4, window_ms: 30_000 };

fn started() -> Chain {
    let mut chain = Chain::with(|numbers| {
        numbers.beacon_interval_ms = 2_000;
        numbers.work_classes = List::new(vec![CLASS, WorkClass { class: 2, ..CLASS }]).expect("two");
    });
    for (owner, key, kind) in [(ALICE, Key(0), 1), (BOB, Key(1), 3), (ALICE, Key(2), 4)] {
        let call = chain.register(owner, owner, key, kind);
        chain.done(owner, VerifyIdCall::Register(call));
    }
    // The newest beacon is younger than the devices.
    chain.pass(2_000);
    chain.pass(2_000);
    chain
}

fn binding(chain: &Chain, key: Key, class: u8) -> WorkBinding {
    let beacon = verifyid::beacon(&chain.view(), None).expect("there are beacons");
    let (chain_id, device) = (chain.chain_id, DeviceId(key.id()));
    WorkBinding { chain_id, device, class, beacon: beacon.number, value: beacon.value }
}

/// Mines so many shares for a digest in the coinbase, in groups of two, and sorts them.
fn mine(digest: Hash32, count: usize) -> Vec<WorkGroup> {
    mine_for(&CLASS, digest, count)
}

/// The same for another class.
pub fn mine_for(class: &WorkClass, digest: Hash32, count: usize) -> Vec<WorkGroup> {
    let target = class.difficulty().expect("a difficulty").target();
    let commitment = pow::Commitment {
        chain_id: types::ChainId(Hash32([1; 32])),
        work_height: 5,
        payee: types::Address([2; 20]),
        anchor: Hash32([3; 32]),
    };
    let tag = [b"VID1".as_slice(), digest.as_bytes()].concat();
    let parts = commitment.coinbase_parts(&tag).expect("a short tag");
    let mut found: Vec<([u8; 32], WorkShare)> = Vec::new();
    for number in 0_u32.. {
        let mut extranonce = [0; 12];
        extranonce[..4].copy_from_slice(&number.to_be_bytes());
        let coinbase = [&parts.coinbase1[..], &extranonce, &parts.coinbase2[..]].concat();
        let read = pow::Coinbase::parse(&coinbase).expect("a coinbase");
        let header = |nonce| WorkHeader {
            version: 0x2000_0000,
            previous: [7; 32],
            merkle_root: merkle::fold(read.txid, &[]),
            time: 1_700_000_000,
            bits: CompactBits(0x1e10_0000),
            nonce,
        };
        let good = (0..100_000).find_map(|nonce| {
            let mut digest = sha256d(&header(nonce).to_bytes());
            let is_good = target.is_met_by(&digest);
            digest.reverse();
            is_good.then_some((digest, WorkShare { extranonce, version: 0x2000_0000, time: 1_700_000_000, nonce }))
        });
        found.extend(good);
        if found.len() == count {
            break;
        }
    }
    found.sort_by_key(|(digest, _)| *digest);
    let group = |shares: &[([u8; 32], WorkShare)]| WorkGroup {
        coinbase1: ByteString::new(parts.coinbase1.clone()).expect("short"),
        coinbase2: ByteString::new(parts.coinbase2.clone()).expect("short"),
        branch: List::default(),
        previous: Hash32([7; 32]),
        bits: 0x1e10_0000,
        shares: List::new(shares.iter().map(|(_, share)| *share).collect()).expect("two"),
    };
    found.chunks(2).map(group).collect()
}

fn proof(chain: &Chain, key: Key, binding: &WorkBinding, groups: Vec<WorkGroup>) -> AttestWork {
    let valid_until = TimeMs(chain.time().0 + 60_000);
    let signature = key.sign(&binding.statement(valid_until));
    let WorkBinding { device, class, beacon, .. } = *binding;
    AttestWork { device, class, beacon, valid_until, signature, groups: List::new(groups).expect("few") }
}

#[test]
fn who_hashes_reaches_level_two_and_it_lapses() {
    let mut chain = started();
    for key in [Key(0), Key(1)] {
        let bound = binding(&chain, key, 1);
        let call = proof(&chain, key, &bound, mine(bound.digest(), 4));
        // Whoever carries it pays for it.
        chain.done(AUTHORITY, VerifyIdCall::AttestWork(call));
        let device = chain.device(key);
        assert_eq!((device.level, device.work_class, device.status), (Some(2), Some(1), Status::Verified));
    }
    chain.pass(29 * DAY_MS);
    assert_eq!(chain.device(Key(0)).level, Some(2));
    assert!(chain.device(Key(0)).verified > chain.device(Key(0)).registered);
    chain.pass(DAY_MS + 1);
    let lapsed = chain.device(Key(0));
    assert_eq!((lapsed.level, lapsed.work_class), (Some(1), None));
}

#[test]
fn shares_are_for_one_device_class_beacon_and_chain_and_each_counts_once() {
    let mut chain = started();
    let bound = binding(&chain, Key(0), 1);
    let groups = mine(bound.digest(), 4);
    let good = proof(&chain, Key(0), &bound, groups.clone());
    let refused =
        |chain: &mut Chain, call: AttestWork, reject| chain.refused(AUTHORITY, VerifyIdCall::AttestWork(call), reject);
    // For another device, class and beacon: whoever signs, the coinbase says whose work it is.
    let other = WorkBinding { device: DeviceId(Key(1).id()), ..bound };
    let for_other = proof(&chain, Key(1), &other, groups.clone());
    refused(&mut chain, for_other, VerifyIdReject::WrongBinding);
    let for_class = proof(&chain, Key(0), &WorkBinding { class: 2, ..bound }, groups.clone());
    refused(&mut chain, for_class, VerifyIdReject::WrongBinding);
    let elsewhere = WorkBinding { chain_id: types::ChainId(Hash32([9; 32])), ..bound };
    let for_chain = proof(&chain, Key(0), &bound, mine(elsewhere.digest(), 4));
    refused(&mut chain, for_chain, VerifyIdReject::WrongBinding);
    let before = bound.beacon - 1;
    let earlier = verifyid::beacon(&chain.view(), Some(before)).expect("it is kept");
    let for_beacon =
        proof(&chain, Key(0), &WorkBinding { beacon: before, value: earlier.value, ..bound }, groups.clone());
    refused(&mut chain, for_beacon, VerifyIdReject::WrongBinding);
    // Signed by another key, or for another time.
    let by_other = AttestWork { signature: proof(&chain, Key(3), &bound, groups.clone()).signature, ..good.clone() };
    refused(&mut chain, by_other, VerifyIdReject::WrongDeviceSignature);
    let later = AttestWork { valid_until: TimeMs(good.valid_until.0 + 1), ..good.clone() };
    refused(&mut chain, later, VerifyIdReject::WrongDeviceSignature);
    // One share too few or too many, one twice, in the wrong order, of no worth.
    let with = |groups: Vec<WorkGroup>| AttestWork { groups: List::new(groups).expect("few"), ..good.clone() };
    refused(&mut chain, with(mine(bound.digest(), 3)), VerifyIdReject::ShareCount);
    refused(&mut chain, with(mine(bound.digest(), 5)), VerifyIdReject::ShareCount);
    refused(&mut chain, with(vec![groups[1].clone(), groups[0].clone()]), VerifyIdReject::ShareOrder);
    refused(&mut chain, with(vec![groups[0].clone(), groups[0].clone()]), VerifyIdReject::ShareOrder);
    let mut worthless = groups.clone();
    let spoilt = worthless[0].shares.iter().map(|share| WorkShare { nonce: share.nonce ^ 1, ..*share }).collect();
    worthless[0].shares = List::new(spoilt).expect("two");
    refused(&mut chain, with(worthless), VerifyIdReject::AboveTarget);
    let mut unread = groups.clone();
    unread[0].coinbase2 = ByteString::default();
    refused(&mut chain, with(unread), VerifyIdReject::WrongRoot);
    let mut branched = groups.clone();
    branched[0].branch = List::new(vec![Hash32([1; 32])]).expect("one");
    refused(&mut chain, with(branched), VerifyIdReject::AboveTarget);
    let class = AttestWork { class: 9, ..good.clone() };
    refused(&mut chain, class, VerifyIdReject::UnknownClass);
    for beacon in [bound.beacon + 100, bound.beacon + 128, u64::MAX] {
        refused(&mut chain, AttestWork { beacon, ..good.clone() }, VerifyIdReject::UnknownBeacon);
    }
    let mut unknown = good.clone();
    unknown.device = DeviceId(Key(7).id());
    refused(&mut chain, unknown, VerifyIdReject::UnknownDevice);
    // A receiver of positions hashes nothing.
    let receiver = WorkBinding { device: DeviceId(Key(2).id()), ..bound };
    let call = proof(&chain, Key(2), &receiver, groups.clone());
    refused(&mut chain, call, VerifyIdReject::WrongKind);
    chain.done(AUTHORITY, VerifyIdCall::AttestWork(good));
}

#[test]
fn an_attestation_counts_once_and_in_its_window_and_for_the_owner_of_its_time() {
    let mut chain = started();
    let bound = binding(&chain, Key(0), 1);
    let good = proof(&chain, Key(0), &bound, mine(bound.digest(), 4));
    let refused =
        |chain: &mut Chain, call: AttestWork, reject| chain.refused(AUTHORITY, VerifyIdCall::AttestWork(call), reject);
    chain.done(AUTHORITY, VerifyIdCall::AttestWork(good.clone()));
    // It is public now, and counts no second time, whatever becomes of the device.
    refused(&mut chain, good.clone(), VerifyIdReject::BeaconUsed);
    let offer = Offer { device: good.device, to: chain.address(BOB), until: TimeMs(chain.time().0 + DAY_MS) };
    chain.done(ALICE, VerifyIdCall::Offer(offer));
    chain.done(BOB, take(good.device, 0));
    refused(&mut chain, good.clone(), VerifyIdReject::BeaconUsed);
    assert_eq!(chain.device(Key(0)).level, Some(1));
    // Nor does a beacon from before the new owner.
    let before = verifyid::beacon(&chain.view(), None).expect("there are beacons");
    assert!(before.time < chain.time());
    chain.pass(40_000);
    let bound = binding(&chain, Key(1), 1);
    let groups = mine(bound.digest(), 4);
    chain.pass(40_000);
    let late = proof(&chain, Key(1), &bound, groups);
    refused(&mut chain, late, VerifyIdReject::WindowExceeded);
}

#[test]
fn a_binding_stands_directly_behind_the_height_and_nowhere_else() {
    let mut chain = started();
    let bound = binding(&chain, Key(0), 1);
    // A second tag behind another: the first bytes behind the height are not the binding.
    let mut groups = mine(Hash32([0; 32]), 4);
    for group in &mut groups {
        let mut coinbase1 = group.coinbase1.to_vec();
        // The script's length and its last push are behind the tag of 37 bytes; another tag goes between.
        let place = coinbase1.len() - 1;
        let more = [&[0x24][..], b"VID1", bound.digest().as_bytes()].concat();
        coinbase1.splice(place..place, more);
        coinbase1[41] += 37;
        group.coinbase1 = ByteString::new(coinbase1).expect("short");
    }
    let call = proof(&chain, Key(0), &bound, groups);
    chain.refused(AUTHORITY, VerifyIdCall::AttestWork(call), VerifyIdReject::WrongBinding);
}

#[test]
fn beacons_come_at_their_pace_bear_the_parents_time_and_stand_still_with_the_chain() {
    let mut chain = started();
    let newest = |chain: &Chain| verifyid::beacon(&chain.view(), None).expect("there are beacons");
    let first = newest(&chain);
    assert!(first.time.0 + chain.step_ms <= chain.time().0);
    chain.block(&[]);
    chain.block(&[]);
    let second = newest(&chain);
    assert_eq!((second.number, second.time.0), (first.number + 1, first.time.0 + 2_000));
    assert_ne!(first.value, second.value);
    // After an hour without a block the next beacon is as old as the block before the hour.
    let before = chain.time().0 - chain.step_ms;
    chain.pass(3_600_000);
    let third = newest(&chain);
    assert!(third.time.0 <= before, "its value could be known from then on");
    chain.block(&[]);
    for _ in 0..300 {
        chain.block(&[]);
    }
    let last = newest(&chain).number;
    for (number, is_kept) in [(last, true), (last - 127, true), (last - 128, false), (last + 1, false)] {
        assert_eq!(verifyid::beacon(&chain.view(), Some(number)).is_some(), is_kept, "{number}");
    }
}

#[test]
fn a_plan_says_nothing_of_work() {
    let mut chain = started();
    let until = TimeMs(chain.time().0 + DAY_MS);
    let plan = SetPlan { customer: chain.address(ALICE), plan: 1, until };
    chain.done(AUTHORITY, VerifyIdCall::SetPlan(plan));
    assert_eq!(chain.device(Key(0)).work_class, None);
}

#[test]
fn a_device_that_is_held_shows_nothing_until_the_hold_is_over() {
    let mut chain = started();
    chain.done(VERIFIER, VerifyIdCall::Hold(DeviceId(Key(0).id())));
    let show = |chain: &Chain| {
        let bound = binding(chain, Key(0), 1);
        VerifyIdCall::AttestWork(proof(chain, Key(0), &bound, mine(bound.digest(), 4)))
    };
    let held = show(&chain);
    chain.refused(ALICE, held, VerifyIdReject::Held);
    chain.pass(DAY_MS);
    chain.pass(2_000);
    let free = show(&chain);
    chain.done(ALICE, free);
}

#[test]
fn a_lower_class_does_not_stand_in_for_a_higher_one_that_counts() {
    let mut chain = started();
    let show = |chain: &Chain, class| {
        let bound = binding(chain, Key(0), class);
        VerifyIdCall::AttestWork(proof(chain, Key(0), &bound, mine(bound.digest(), 4)))
    };
    let higher = show(&chain, 2);
    chain.done(ALICE, higher);
    chain.pass(2_000);
    chain.pass(2_000);
    let lower = show(&chain, 1);
    chain.refused(ALICE, lower, VerifyIdReject::HigherClass);
    assert_eq!(chain.device(Key(0)).work_class, Some(2));
    chain.pass(30 * DAY_MS);
    chain.pass(2_000);
    let lower = show(&chain, 1);
    chain.done(ALICE, lower);
    assert_eq!(chain.device(Key(0)).work_class, Some(1));
}

#[test]
fn each_step_of_a_branch_is_weighed_for_each_share() {
    let chain = started();
    let bound = binding(&chain, Key(0), 1);
    let weigh = |steps: usize| {
        let mut groups = mine(bound.digest(), 4);
        groups[0].branch = List::new(vec![Hash32([1; 32]); steps]).expect("short");
        let call = VerifyIdCall::AttestWork(proof(&chain, Key(0), &bound, groups));
        execution::Module::check(&verifyid::VerifyId, &call).expect("it may succeed").0
    };
    assert_eq!(weigh(5) - weigh(0), 5 * 2 * verifyid::STEP_WEIGHT.0);
}
