//! The lease, alone and together with a log that was lost.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use journal::{
    DiskOperation, Doubt, Holder, JournalError, LEASE_FILE, LEASED_VIEWS, Lease, LogState, MemoryDisk, Position,
    Record, Recovered, VoteBound, recover,
};
use proptest::prelude::*;
use types::{BlsPublicKey, ChainId, Epoch, Hash32, TimeMs, View};

const CHAIN: ChainId = ChainId(Hash32([7; 32]));

fn at(epoch: u64, view: u64) -> Position {
    Position { epoch: Epoch(epoch), view: View(view) }
}

fn covers(lease: &Lease<MemoryDisk>, epoch: u64, view: u64) -> bool {
    lease.covers(Epoch(epoch), View(view))
}

const KEY: BlsPublicKey = BlsPublicKey([5; 96]);
const HOLDER: Holder = Holder { chain: CHAIN, key: Some(KEY) };

fn start(disk: &MemoryDisk) -> Result<Recovered<MemoryDisk>, JournalError> {
    recover(disk.clone(), disk.clone(), HOLDER, 1_000)
}

/// The disk of a validator whose key was made there.
fn new_disk() -> MemoryDisk {
    let disk = MemoryDisk::new();
    Lease::begin(disk.clone(), KEY).unwrap();
    disk
}

fn lose_log(disk: &MemoryDisk) {
    for name in journal::Disk::list(disk).unwrap() {
        if name != LEASE_FILE {
            disk.lose(&name);
        }
    }
}

#[test]
fn a_new_lease_covers_nothing_and_an_extended_one_its_range() {
    let disk = new_disk();
    let mut lease = start(&disk).unwrap().lease;
    assert_eq!(lease.votes_only_above(), VoteBound::Above(at(0, 0)));
    assert!(!covers(&lease, 0, 1));
    lease.extend(Epoch(0), View(1)).unwrap();
    assert!(covers(&lease, 0, 1) && covers(&lease, 0, LEASED_VIEWS) && !covers(&lease, 0, LEASED_VIEWS + 1));
    assert!(!covers(&lease, 1, 1), "an epoch is entered with a lease of its own");
    let before = disk.operations();
    lease.extend(Epoch(0), View(LEASED_VIEWS)).unwrap();
    assert_eq!(disk.operations(), before, "what is leased costs no write");
    lease.extend(Epoch(1), View(1)).unwrap();
    assert!(covers(&lease, 1, 1));
    lease.extend(Epoch(u64::MAX), View(u64::MAX)).unwrap();
    assert!(covers(&lease, u64::MAX, u64::MAX));
}

#[test]
fn a_restart_with_the_log_keeps_the_lease_and_bounds_nothing() {
    let disk = new_disk();
    start(&disk).unwrap().lease.extend(Epoch(0), View(10)).unwrap();
    disk.crash(|_, _| 0);
    let lease = start(&disk).unwrap().lease;
    assert!(covers(&lease, 0, 1) && covers(&lease, 0, 10));
    assert_eq!(lease.votes_only_above(), VoteBound::Above(at(0, 0)));
}

// FAULTS C5
#[test]
fn a_lost_log_bars_every_leased_view_for_ever() {
    let disk = new_disk();
    start(&disk).unwrap().lease.extend(Epoch(2), View(10)).unwrap();
    lose_log(&disk);
    for _ in 0..3 {
        let mut lease = start(&disk).unwrap().lease;
        let end = 10 + LEASED_VIEWS - 1;
        assert_eq!(lease.votes_only_above(), VoteBound::Above(at(2, end)));
        lease.extend(Epoch(2), View(end + 1)).unwrap();
        assert!(!covers(&lease, 0, 5) && !covers(&lease, 2, 10) && !covers(&lease, 2, end));
        assert!(covers(&lease, 2, end + 1));
        disk.crash(|_, _| 0);
    }
}

// FAULTS S1, S4
#[test]
fn a_lost_log_is_noticed_whichever_operation_of_the_restart_fails() {
    for n in 1..=8 {
        let disk = new_disk();
        start(&disk).unwrap().lease.extend(Epoch(0), View(10)).unwrap();
        lose_log(&disk);
        disk.fail_operation(n);
        let _ = start(&disk);
        disk.crash(|_, _| 0);
        let lease = start(&disk).unwrap().lease;
        assert_eq!(lease.votes_only_above(), VoteBound::Above(at(0, 10 + LEASED_VIEWS - 1)), "operation {n}");
    }
}

#[test]
fn a_first_start_that_fails_at_any_operation_is_no_lost_log() {
    for n in 1..=4 {
        let disk = new_disk();
        disk.fail_operation(n);
        let _ = start(&disk);
        disk.crash(|_, _| 0);
        let lease = start(&disk).unwrap().lease;
        assert_eq!(lease.votes_only_above(), VoteBound::Above(at(0, 0)), "operation {n}");
    }
}

#[test]
fn an_operators_word_is_kept_with_the_bound_that_it_raised_or_nothing_is() {
    let mut kept = 0;
    for n in 1..=6 {
        let disk = new_disk();
        start(&disk).unwrap().lease.extend(Epoch(0), View(10)).unwrap();
        let mut lease = start(&disk).unwrap().lease;
        disk.fail_operation(n);
        let said = lease.allow(at(0, 700), TimeMs(77));
        disk.crash(|_, _| 0);
        let lease = start(&disk).unwrap().lease;
        let is_raised = lease.votes_only_above() == VoteBound::Above(at(0, 700));
        assert_eq!(lease.allowed(), is_raised.then_some(TimeMs(77)), "operation {n}");
        assert!(is_raised || said.is_err(), "operation {n}");
        kept += u32::from(is_raised);
    }
    assert!((1..6).contains(&kept), "some of them fail before and some after: {kept}");
}

#[test]
fn a_log_without_its_lease_votes_nowhere_until_the_bound_is_settled() {
    let disk = new_disk();
    let mut first = start(&disk).unwrap();
    first.lease.extend(Epoch(0), View(10)).unwrap();
    first.journal.append(Record { kind: 1, epoch: Epoch(0), view: View(3), bytes: vec![] }).unwrap();
    first.journal.sync().unwrap();
    disk.lose(LEASE_FILE);
    start(&disk).unwrap();
    let mut lease = start(&disk).unwrap().lease;
    assert_eq!(lease.votes_only_above(), VoteBound::Unknown(Doubt::LeaseLost));
    lease.extend(Epoch(0), View(5_000)).unwrap();
    assert!(!covers(&lease, 0, 5_000));
    lease.settle(at(0, 4_000)).unwrap();
    assert!(!covers(&lease, 0, 4_000) && covers(&lease, 0, 4_001));
    lease.settle(at(0, 1)).unwrap();
    assert_eq!(start(&disk).unwrap().lease.votes_only_above(), VoteBound::Above(at(0, 4_000)));
}

// FAULTS HA3
#[test]
fn a_key_that_comes_without_its_lease_is_free_nowhere_until_somebody_says_so() {
    let disk = MemoryDisk::new();
    for _ in 0..3 {
        let lease = start(&disk).unwrap().lease;
        assert_eq!(lease.votes_only_above(), VoteBound::Unknown(Doubt::NoHistory), "also at the second start");
        assert!(!covers(&lease, 0, 1));
    }
    let mut lease = start(&disk).unwrap().lease;
    lease.settle(at(0, 0)).unwrap();
    lease.extend(Epoch(0), View(1)).unwrap();
    assert!(covers(&lease, 0, 1));
    assert_eq!(start(&disk).unwrap().lease.votes_only_above(), VoteBound::Above(at(0, 0)));
}

// FAULTS HA3
#[test]
fn a_lease_of_another_key_says_nothing_and_who_only_follows_leaves_it_alone() {
    let disk = new_disk();
    start(&disk).unwrap().lease.extend(Epoch(0), View(10)).unwrap();
    let before = journal::Disk::read(&disk, LEASE_FILE).unwrap();
    let follower = Holder { chain: CHAIN, key: None };
    Lease::open(disk.clone(), follower, LogState::Present).unwrap();
    assert_eq!(journal::Disk::read(&disk, LEASE_FILE).unwrap(), before);
    Lease::open(disk.copy_elsewhere(), follower, LogState::Present).unwrap();
    let other = Holder { key: Some(BlsPublicKey([6; 96])), ..HOLDER };
    let lease = Lease::open(disk.copy(), other, LogState::Present).unwrap();
    assert_eq!(lease.votes_only_above(), VoteBound::Unknown(Doubt::NoHistory));
    assert_eq!(start(&disk).unwrap().lease.votes_only_above(), VoteBound::Above(at(0, 0)));
}

// FAULTS HA3, C20, S9
#[test]
fn a_copy_of_the_lease_is_free_nowhere_whether_it_lies_elsewhere_or_is_put_back() {
    let disk = new_disk();
    start(&disk).unwrap().lease.extend(Epoch(0), View(10)).unwrap();
    let old = journal::Disk::read(&disk, LEASE_FILE).unwrap().unwrap();
    let elsewhere = disk.copy_elsewhere();
    // Whoever only looks at a copy makes no original of it.
    Lease::open(elsewhere.clone(), Holder { key: None, ..HOLDER }, LogState::Present).unwrap();
    for _ in 0..2 {
        let mut lease = start(&elsewhere).unwrap().lease;
        assert_eq!(lease.votes_only_above(), VoteBound::Unknown(Doubt::Copied));
        lease.extend(Epoch(9), View(9)).unwrap();
        assert!(!covers(&lease, 9, 9));
    }
    start(&disk).unwrap().lease.extend(Epoch(3), View(1)).unwrap();
    disk.put(LEASE_FILE, &old);
    assert_eq!(start(&disk).unwrap().lease.votes_only_above(), VoteBound::Unknown(Doubt::Copied));
    let copied_before_use = new_disk().copy_elsewhere();
    assert_eq!(start(&copied_before_use).unwrap().lease.votes_only_above(), VoteBound::Unknown(Doubt::Copied));
}

// FAULTS HA3
#[test]
fn who_heard_its_twin_is_free_nowhere_until_an_operator_says_so() {
    let disk = new_disk();
    let mut lease = start(&disk).unwrap().lease;
    lease.extend(Epoch(4), View(10)).unwrap();
    lease.doubt(Doubt::Twin(at(4, 5_000))).unwrap();
    assert!(!covers(&lease, 4, 10));
    for disk in [disk.clone(), disk.copy_elsewhere()] {
        let mut lease = start(&disk).unwrap().lease;
        assert_eq!(lease.votes_only_above(), VoteBound::Unknown(Doubt::Twin(at(4, 5_000))));
        assert_eq!(lease.allow(at(4, 20), TimeMs(77)), Ok(true));
        assert_eq!(lease.votes_only_above(), VoteBound::Above(at(4, 5_000)), "not below what the other one signed");
        assert_eq!(lease.allow(at(3, 9_000), TimeMs(78)), Ok(false), "a bound is never lowered");
        let lease = start(&disk).unwrap().lease;
        assert_eq!((lease.votes_only_above(), lease.allowed()), (VoteBound::Above(at(4, 5_000)), Some(TimeMs(77))));
    }
}

// FAULTS HA3
#[test]
fn who_heard_its_twin_and_lost_its_log_or_was_copied_is_free_above_its_own_lease_too() {
    let disk = new_disk();
    let mut lease = start(&disk).unwrap().lease;
    lease.extend(Epoch(4), View(10)).unwrap();
    let end = lease.end();
    lease.doubt(Doubt::Twin(at(4, 20))).unwrap();
    drop(lease);
    assert_eq!(start(&disk).unwrap().lease.reach(), at(4, 20), "what it signed itself stands in its log");
    let mut lease = start(&disk.copy_elsewhere()).unwrap().lease;
    assert_eq!(lease.reach(), end);
    assert_eq!(lease.allow(at(4, 20), TimeMs(77)), Ok(true));
    assert_eq!(lease.votes_only_above(), VoteBound::Above(end));
}

#[test]
fn whoever_votes_in_an_epoch_votes_in_no_earlier_one_any_more() {
    let disk = new_disk();
    let mut lease = start(&disk).unwrap().lease;
    lease.extend(Epoch(2), View(1)).unwrap();
    assert!(covers(&lease, 2, 1) && !covers(&lease, 1, 1) && !covers(&lease, 1, u64::MAX));
    assert_eq!(lease.votes_only_above(), VoteBound::Above(at(1, u64::MAX)));
}

// FAULTS HA4
#[test]
fn a_lease_of_zeros_is_a_lost_one() {
    let disk = new_disk();
    let mut first = start(&disk).unwrap();
    first.lease.extend(Epoch(0), View(10)).unwrap();
    let length = journal::Disk::read(&disk, LEASE_FILE).unwrap().unwrap().len();
    for zeros in [0, 1, length, 4_096] {
        let blank = disk.copy();
        blank.put(LEASE_FILE, &vec![0; zeros]);
        assert_eq!(start(&blank).unwrap().lease.votes_only_above(), VoteBound::Unknown(Doubt::LeaseLost), "{zeros}");
    }
}

// FAULTS S6
#[test]
fn every_flipped_byte_and_every_cut_of_the_lease_is_refused() {
    let disk = new_disk();
    start(&disk).unwrap().lease.extend(Epoch(0), View(10)).unwrap();
    let whole = journal::Disk::read(&disk, LEASE_FILE).unwrap().unwrap();
    for offset in 0..whole.len() {
        for bits in 1..=u8::MAX {
            disk.flip(LEASE_FILE, offset, bits);
            let error = start(&disk.copy()).unwrap_err();
            assert!(error.to_string().contains("`lease`"), "{error}");
            disk.flip(LEASE_FILE, offset, bits);
        }
        disk.put(LEASE_FILE, &whole[..offset]);
        // Nothing at all is a lease that was lost.
        let is_refused = matches!(start(&disk.copy()), Err(JournalError::Damaged { .. }));
        assert_eq!(is_refused, offset > 0, "cut to {offset}");
        disk.put(LEASE_FILE, &whole);
    }
    assert!(matches!(
        Lease::open(disk, Holder { chain: ChainId(Hash32([8; 32])), key: Some(KEY) }, LogState::Present),
        Err(JournalError::OtherChain { .. })
    ));
}

// FAULTS S4
#[test]
fn a_lease_that_could_not_be_written_covers_nothing_and_is_not_tried_again() {
    let disk = new_disk();
    let mut lease = start(&disk).unwrap().lease;
    lease.extend(Epoch(0), View(1)).unwrap();
    disk.fail_next(DiskOperation::Replace);
    assert!(matches!(lease.extend(Epoch(1), View(1)), Err(JournalError::Disk(_))));
    assert!(matches!(lease.extend(Epoch(1), View(1)), Err(JournalError::Poisoned(_))));
    assert!(matches!(lease.settle(at(9, 9)), Err(JournalError::Poisoned(_))));
    assert!(!covers(&lease, 1, 1) && !covers(&lease, 0, 1));
}

proptest! {
    #[test]
    fn nothing_is_ever_covered_twice_when_logs_are_lost(
        steps in prop::collection::vec((0_u64..3, 1_u64..5_000, any::<bool>()), 1..30),
    ) {
        let disk = new_disk();
        let mut lease = start(&disk).unwrap().lease;
        // The highest place where this validator may have signed before a log was lost.
        let (mut highest, mut forgotten) = (at(0, 0), at(0, 0));
        for (epoch, view, is_lost) in steps {
            lease.extend(Epoch(epoch), View(view)).unwrap();
            if covers(&lease, epoch, view) {
                prop_assert!(at(epoch, view) > forgotten);
                highest = highest.max(at(epoch, view));
            }
            if is_lost {
                lose_log(&disk);
                lease = start(&disk).unwrap().lease;
                forgotten = highest;
            }
        }
    }
}
