//! The ledger on the disk: what a stop at any byte leaves, what is refused, and that it is bounded.

use std::fs;

use service::log::RECORD_HEAD_BYTES;
use types::{Hash32, Height, TimeMs};
use verifyid::DeviceId;

use super::record::{LeafResult, Method};
use super::*;

const NOW_MS: u64 = 1_771_111_111_000;
const VERIFIER: Address = Address([9; 20]);

fn new(number: u32, result: LeafResult, is_anybodys: bool) -> NewLeaf {
    let mut challenge = [0; 16];
    challenge[..4].copy_from_slice(&number.to_le_bytes());
    let leaf = Acknowledged {
        customer: Address([1; 20]),
        device: DeviceId(Hash32([2; 32])),
        challenge,
        time: TimeMs(NOW_MS),
        result,
        method: Method::Signature,
        audience: Hash32([3; 32]),
        answer: Hash32([4; 32]),
    };
    NewLeaf { leaf, is_anybodys }
}

fn good(number: u32) -> NewLeaf {
    new(number, LeafResult::Ok, true)
}

fn open(folder: &Path) -> Result<Arc<Ledger>, Refusal> {
    Ledger::open(folder, (VERIFIER, Network::Test), Counts::default())
}

fn challenges(ledger: &Ledger) -> Vec<u32> {
    let ids = (0..10).filter(|number| ledger.ask(|batcher| batcher.open_leaf(&good(*number).leaf.challenge)).is_some());
    ids.collect()
}

// FAULTS VS10
#[test]
fn a_ledger_cut_at_any_byte_has_lost_only_the_record_that_was_not_synced() {
    let folder = tempfile::tempdir().expect("a directory");
    let ledger = open(folder.path()).expect("a new one");
    ledger.write(&[good(1), good(2)]).expect("room");
    let path = folder.path().join(FILE);
    let first = fs::read(&path).expect("a file").len();
    ledger.write(&[good(3)]).expect("room");
    let whole = fs::read(&path).expect("a file");
    assert_eq!(whole.len() - first, RECORD_HEAD_BYTES + 1 + 4 + ACKNOWLEDGED_BYTES);
    for length in first..=whole.len() {
        fs::write(&path, &whole[..length]).expect("our own");
        let ledger = open(folder.path()).expect("a torn end is cut off");
        let expected = if length == whole.len() { vec![1, 2, 3] } else { vec![1, 2] };
        assert_eq!(challenges(&ledger), expected, "{length}");
        let month = month_of(TimeMs(NOW_MS));
        let beside = ledger.tab().beside(&Address([1; 20]), month, ledger.tab().point());
        assert_eq!(beside, expected.len() as u64, "they count beside the chain's figure");
    }
}

// FAULTS VS10
#[test]
fn a_damaged_ledger_one_of_another_account_and_steps_that_do_not_go_together_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join(FILE);
    open(folder.path()).expect("a new one").write(&[good(1)]).expect("room");
    let whole = fs::read(&path).expect("a file");
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, &damaged).expect("our own");
        let refusal = open(folder.path()).err().expect("refused");
        assert_eq!(refusal.code, "leaves_log");
        assert!(refusal.message.contains("is damaged at byte") && refusal.message.contains("move the file away"));
        assert_eq!(crate::look::look(folder.path()).wrong.len(), 1);
    }
    fs::write(&path, &whole).expect("our own");
    let another =
        Ledger::open(folder.path(), (Address([8; 20]), Network::Test), Counts::default()).err().expect("refused");
    assert!(another.message.contains("name the former key again"), "{another}");
    let steps = [
        LedgerRecord::Refused { number: 0, code: 1 },
        LedgerRecord::Anchored { number: 0, sequence: 1, height: Height(1) },
        LedgerRecord::Begun(Attempt { number: 3, attempt: 1, sequence: 1, listed: Vec::new() }),
    ];
    let unknown = [vec![200], vec![1, 0xff, 0xff, 0xff, 0xff], Vec::from([3; 400])];
    for bytes in steps.iter().map(LedgerRecord::to_bytes).chain(unknown) {
        fs::write(&path, &whole).expect("our own");
        let OpenedLog { mut log, .. } = Log::open(&path, BOUNDS, OnDamage::Refuse).expect("whole");
        log.append([bytes.as_slice()]).expect("room");
        let refusal = open(folder.path()).err().expect("refused");
        assert!(refusal.message.contains("start the version that wrote it"), "{refusal}");
    }
}

#[test]
fn a_step_that_does_not_follow_is_not_written_down() {
    let folder = tempfile::tempdir().expect("a directory");
    let ledger = open(folder.path()).expect("a new one");
    let before = fs::read(folder.path().join(FILE)).expect("a file");
    ledger.note(&LedgerRecord::Dropped { number: 0 }).expect("nothing is written");
    assert_eq!(fs::read(folder.path().join(FILE)).expect("a file"), before);
}

// FAULTS VS10
#[test]
fn a_flood_of_wrong_answers_fills_no_batch_and_a_customers_own_are_all_there() {
    let folder = tempfile::tempdir().expect("a directory");
    let ledger = open(folder.path()).expect("a new one");
    let most = u32::try_from(FAILURES_MAX).expect("small");
    for from in [0, 1_000, 2_000] {
        let wrong: Vec<NewLeaf> = (from..from + 1_000).map(|number| new(number, LeafResult::BadAnswer, true)).collect();
        ledger.write(&wrong).expect("room");
    }
    assert_eq!(ledger.ask(Batcher::open_leaves), FAILURES_MAX);
    ledger.write(&[good(most + 5_000), new(9_000, LeafResult::BadAnswer, false)]).expect("room");
    assert_eq!(ledger.ask(Batcher::open_leaves), FAILURES_MAX + 2);
}

// FAULTS VS10
#[test]
fn what_is_closed_lies_in_a_file_of_its_own_and_is_known_after_a_restart() {
    let folder = tempfile::tempdir().expect("a directory");
    let ledger = open(folder.path()).expect("a new one");
    ledger.write(&[good(1), new(2, LeafResult::Expired, true)]).expect("room");
    ledger.close_due(NOW_MS + batcher::OPEN_MS, batcher::OPEN_MS, |_| Taken::Now).expect("room");
    let ledger = open(folder.path()).expect("whole");
    let closed = ledger.ask(|batcher| batcher.next(NOW_MS)).expect("it waits");
    assert_eq!((closed.leaves, closed.ok), (2, 1));
    let stored = ledger.files().read(&closed).expect("it is whole");
    assert_eq!(stored.leaves, [good(1).leaf, new(2, LeafResult::Expired, true).leaf]);
    let since = ledger.tab().point();
    ledger.note(&LedgerRecord::Dropped { number: closed.number }).expect("room");
    let month = month_of(TimeMs(NOW_MS));
    let beside = |since| ledger.tab().beside(&Address([1; 20]), month, since);
    assert_eq!((beside(since), beside(ledger.tab().point())), (1, 0));
    assert!(ledger.has_room());
}

// FAULTS VS10
#[test]
fn a_ledger_that_is_long_is_written_anew_and_all_that_may_be_kept_has_room() {
    let folder = tempfile::tempdir().expect("a directory");
    let ledger = open(folder.path()).expect("a new one");
    let many: Vec<NewLeaf> = (0..1_024).map(|number| new(number, LeafResult::Ok, false)).collect();
    while ledger.inner().log.bytes() <= BYTES_MAX {
        ledger.write(&many).expect("room");
        // What is closed is not written again.
        ledger.inner().batcher = Batcher::default();
    }
    ledger.inner().batcher.take(&LedgerRecord::Opened { verifier: VERIFIER, next: 4, last: Some(3) });
    ledger.write(&[good(5)]).expect("room");
    assert!(ledger.inner().log.bytes() < 1_000, "{}", ledger.inner().log.bytes());
    drop(ledger);
    assert_eq!(challenges(&open(folder.path()).expect("whole")), [5]);
    let leaves = OPEN_MAX * ACKNOWLEDGED_BYTES + OPEN_MAX.div_ceil(RECORD_LEAVES_MAX) * 64;
    let batches = WAITING_MAX * (160 + RECORD_HEAD_BYTES);
    assert!(((leaves + batches) as u64) < BYTES_MAX);
}

// FAULTS VS10
#[test]
fn a_disk_that_takes_nothing_is_told_and_the_ledger_is_whole_once_it_does() {
    let folder = tempfile::tempdir().expect("a directory");
    let ledger = open(folder.path()).expect("a new one");
    ledger.write(&[good(1)]).expect("room");
    let path = folder.path().join(FILE);
    // The file gives way to a folder, and the open one is full: nothing can be written.
    let long = vec![7; BOUNDS.record_bytes_max];
    while ledger.inner().log.append([long.as_slice()]).is_ok() {}
    fs::remove_file(&path).expect("our own");
    fs::create_dir(&path).expect("a name that is free");
    let many: Vec<NewLeaf> = (100..1_124).map(|number| new(number, LeafResult::Ok, false)).collect();
    assert!(ledger.write(&many).is_err());
    assert!(ledger.note(&LedgerRecord::Opened { verifier: VERIFIER, next: 0, last: None }).is_err());
    assert_eq!(ledger.ask(Batcher::open_leaves), 1, "what is not written has no effect");
    fs::remove_dir(&path).expect("our own");
    ledger.write(&[good(2)]).expect("room");
    drop(ledger);
    assert_eq!(challenges(&open(folder.path()).expect("whole")), [1, 2]);
}
