//! The log of services, cut, damaged and left in the middle of things.

use std::path::{Path, PathBuf};

use service::log::{Log, LogBounds, LogError, LogFault, OnDamage, OpenedLog, RECORD_HEAD_BYTES, fault_of};

const BOUNDS: LogBounds = LogBounds { record_bytes_max: 1_000, file_bytes_max: 10_000 };

fn open(path: &Path, on_damage: OnDamage) -> Result<OpenedLog, LogError> {
    Log::open(path, BOUNDS, on_damage)
}

fn records(path: &Path) -> Vec<Vec<u8>> {
    open(path, OnDamage::Refuse).expect("a whole log").records
}

fn record(byte: u8) -> Vec<u8> {
    vec![byte; 20 + usize::from(byte)]
}

/// A folder with a log of three records, and the bytes of its file.
fn three() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deeds");
    let OpenedLog { mut log, records, .. } = open(&path, OnDamage::Refuse).expect("a new log");
    assert!(records.is_empty());
    log.append([&record(1)[..]]).expect("room");
    log.append([&record(2)[..], &record(3)]).expect("room");
    let bytes = std::fs::read(&path).expect("the file");
    assert_eq!(log.bytes(), bytes.len() as u64);
    (folder, path, bytes)
}

/// Where each of the three ends.
fn ends() -> [usize; 3] {
    let mut end = 0;
    [1, 2, 3].map(|byte| {
        end += RECORD_HEAD_BYTES + record(byte).len();
        end
    })
}

// FAULTS HT11
#[test]
fn a_file_cut_anywhere_holds_what_was_whole_and_goes_on_from_there() {
    let (_folder, path, whole) = three();
    for length in 0..=whole.len() {
        std::fs::write(&path, &whole[..length]).expect("own file");
        let left = ends().iter().filter(|end| **end <= length).count();
        let OpenedLog { mut log, records: found, torn_bytes, set_aside } =
            open(&path, OnDamage::Refuse).expect("a cut end is no damage");
        assert_eq!(found, [record(1), record(2), record(3)][..left], "{length}");
        let border = left.checked_sub(1).map_or(0, |last| ends()[last]);
        assert_eq!((torn_bytes, set_aside), ((length - border) as u64, None), "{length}");
        log.append([&record(9)[..]]).expect("room");
        drop(log);
        assert_eq!(records(&path).last(), Some(&record(9)), "{length}");
        assert_eq!(records(&path).len(), left + 1, "{length}");
    }
}

// FAULTS HT11
#[test]
fn zeros_from_a_border_to_the_end_are_cut_and_zeros_anywhere_else_are_damage() {
    let (_folder, path, whole) = three();
    for zeros in [1, RECORD_HEAD_BYTES, 4_096] {
        std::fs::write(&path, [&whole[..], &vec![0; zeros]].concat()).expect("own file");
        assert_eq!(records(&path).len(), 3, "{zeros} zeros");
        assert_eq!(std::fs::read(&path).expect("the file"), whole);
    }
    let [first, second, _] = ends();
    let hole = [&whole[..first], &vec![0; second - first], &whole[second..]].concat();
    std::fs::write(&path, &hole).expect("own file");
    let refused = open(&path, OnDamage::Refuse).expect_err("a hole");
    assert!(matches!(refused, LogError::Damaged { offset, .. } if offset == first as u64), "{refused}");
}

// FAULTS HT11
#[test]
fn a_changed_byte_anywhere_is_refused_or_costs_one_record_and_the_file_is_kept() {
    let (folder, path, whole) = three();
    let all = [record(1), record(2), record(3)];
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        std::fs::write(&path, &damaged).expect("own file");
        let hit = ends().iter().position(|end| place < *end).expect("within a record");
        let border = hit.checked_sub(1).map_or(0, |before| ends()[before]) as u64;
        let refused = open(&path, OnDamage::Refuse).expect_err("damage");
        assert!(matches!(&refused, LogError::Damaged { offset, .. } if *offset == border), "byte {place}: {refused}");
        assert!(refused.to_string().contains(&path.display().to_string()), "{refused}");
        assert_eq!(std::fs::read(&path).expect("the file"), damaged, "a refusal changes nothing");
        assert!(matches!(fault_of(&damaged, 1_000), Some(LogFault::Damaged(offset, _)) if offset == border));

        let OpenedLog { mut log, records: found, set_aside, .. } = open(&path, OnDamage::SetAside).expect("it goes on");
        let rest: Vec<_> = (0..3).filter(|number| *number != hit).map(|number| all[number].clone()).collect();
        assert_eq!(found, rest, "byte {place}");
        let aside = set_aside.expect("it is named");
        assert_eq!(aside.offset, border);
        assert_eq!(std::fs::read(&aside.kept).expect("it is kept"), damaged, "byte {place}");
        log.append([&record(4)[..]]).expect("room");
        drop(log);
        assert_eq!(records(&path), [&rest[..], &[record(4)]].concat(), "it goes on in a whole file");
    }
    let kept = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(kept, 5, "the log and four damaged files, however many there were");
}

// FAULTS HT11
#[test]
fn what_looks_like_a_record_within_a_damaged_one_is_not_taken_for_one() {
    let (_folder, path, whole) = three();
    std::fs::remove_file(&path).expect("own file");
    let mut log = open(&path, OnDamage::Refuse).expect("a new log").log;
    log.append([&whole[..ends()[0]], &record(2)]).expect("room");
    drop(log);
    let mut damaged = std::fs::read(&path).expect("the file");
    damaged[RECORD_HEAD_BYTES + ends()[0] - 1] ^= 1;
    std::fs::write(&path, &damaged).expect("own file");
    assert_eq!(open(&path, OnDamage::SetAside).expect("it goes on").records, [record(2)]);
}

// FAULTS HT11
#[test]
fn a_rewrite_is_whole_or_has_not_happened() {
    let (_folder, path, whole) = three();
    let beside = path.with_extension("new");
    // The crash comes while the new file is written: the old one has the name.
    for length in [0, 1, whole.len() / 2, whole.len()] {
        std::fs::write(&beside, &whole[..length]).expect("own file");
        assert_eq!(records(&path).len(), 3);
        assert!(!beside.exists(), "what did not come to its end is removed");
    }
    let mut log = open(&path, OnDamage::Refuse).expect("a whole log").log;
    // A pipe in its place would have the write wait for ever.
    rustix::fs::mknodat(rustix::fs::CWD, &beside, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .expect("a pipe");
    log.rewrite([&record(3)[..]]).expect("room");
    assert_eq!(log.bytes(), std::fs::metadata(&path).expect("the file").len());
    log.append([&record(5)[..]]).expect("room");
    assert_eq!(records(&path), [record(3), record(5)], "what comes later goes into the new file");
}

// FAULTS HB7
#[test]
fn records_and_files_are_bounded_in_bytes_and_too_much_leaves_the_log_as_it_was() {
    let (_folder, path, whole) = three();
    let mut log = open(&path, OnDamage::Refuse).expect("a whole log").log;
    let too_long = log.append([&record(1)[..], &[7; 1_001]]).expect_err("a record too long");
    assert!(matches!(too_long, LogError::RecordTooLong { bytes: 1_001, max: 1_000, .. }), "{too_long}");
    let nothing = log.append([&[][..]]).expect_err("an empty record looks like zeros");
    assert!(matches!(nothing, LogError::RecordTooLong { bytes: 0, .. }), "{nothing}");
    assert_eq!(std::fs::read(&path).expect("the file"), whole);
    let full = loop {
        if let Err(error) = log.append([&[8; 900][..]]) {
            break error;
        }
    };
    assert!(matches!(full, LogError::Full { max: 10_000, .. }), "{full}");
    assert!(log.bytes() <= 10_000 && log.bytes() == std::fs::metadata(&path).expect("the file").len());
    log.rewrite([&record(6)[..]]).expect("room");
    log.append([&record(7)[..]]).expect("room again");
    drop(log);
    assert_eq!(records(&path), [record(6), record(7)]);

    std::fs::write(&path, vec![1; 10_001]).expect("own file");
    let refused = open(&path, OnDamage::Refuse).expect_err("too long");
    assert!(matches!(refused, LogError::TooLong { bytes: 10_001, max: 10_000, .. }), "{refused}");
    let opened = open(&path, OnDamage::SetAside).expect("it goes on");
    assert!(opened.records.is_empty() && opened.set_aside.is_some());
    assert_eq!(std::fs::metadata(&path).expect("the file").len(), 0);
}

#[test]
fn what_is_no_file_is_refused_at_once_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).expect("a pipe");
    for path in [&pipe, folder.path()] {
        let refused = open(path, OnDamage::SetAside).expect_err("no file").to_string();
        assert!(refused.contains(&path.display().to_string()) && refused.contains("a file is needed"), "{refused}");
    }
    let nowhere = folder.path().join("missing/deeds");
    assert!(matches!(open(&nowhere, OnDamage::Refuse), Err(LogError::Disk { .. })));
}
