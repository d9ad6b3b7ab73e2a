//! The log against crashes, torn tails, damage and failing disks.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use journal::{
    DiskOperation, Floor, Journal, JournalError, LogState, MemoryDisk, Position, RECORD_BYTES_MAX, Record, Recovery,
};
use proptest::prelude::*;
use types::{ChainId, Epoch, Hash32, Height, View};

const CHAIN: ChainId = ChainId(Hash32([7; 32]));
const SMALL: u64 = 600;

fn record(kind: u8, epoch: u64, view: u64, length: usize) -> Record {
    let fill = u8::try_from((view ^ epoch << 3) & 0xff).unwrap();
    Record { kind, epoch: Epoch(epoch), view: View(view), bytes: vec![fill; length] }
}

fn floor(height: u64, epoch: u64, view: u64) -> Floor {
    Floor { height: Height(height), epoch: Epoch(epoch), view: View(view) }
}

fn open(disk: &MemoryDisk) -> Result<(Journal<MemoryDisk>, Vec<Record>, Recovery), JournalError> {
    Journal::open(disk.clone(), CHAIN, SMALL)
}

/// A log of several segments: one batch of two records per view.
fn written(disk: &MemoryDisk, views: u64) -> Vec<Record> {
    let (mut journal, _, _) = open(disk).unwrap();
    let mut all = Vec::new();
    for view in 1..=views {
        for kind in [1, 2] {
            let next = record(kind, 0, view, usize::try_from(view * 7 % 90).unwrap());
            journal.append(next.clone()).unwrap();
            all.push(next);
        }
        journal.sync().unwrap();
    }
    all
}

fn segments(disk: &MemoryDisk) -> Vec<String> {
    let mut names = journal::Disk::list(disk).unwrap();
    names.retain(|name| name.starts_with("log-0"));
    names
}

fn content(disk: &MemoryDisk, name: &str) -> Vec<u8> {
    journal::Disk::read(disk, name).unwrap().unwrap()
}

#[test]
fn returns_what_was_synced_in_the_order_in_which_it_was_appended() {
    let disk = MemoryDisk::new();
    assert_eq!(Journal::state(&disk), Ok(LogState::Absent));
    let all = written(&disk, 40);
    assert_eq!(Journal::state(&disk), Ok(LogState::Present));
    assert!(segments(&disk).len() > 5);
    let (journal, records, recovery) = open(&disk).unwrap();
    assert_eq!(records, all);
    assert_eq!(recovery, Recovery { before: LogState::Present, floor: None, torn: None });
    assert_eq!(journal.status().segments, segments(&disk).len());
}

#[test]
fn one_sync_writes_everything_that_waits_with_one_append() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    for view in 1..=50 {
        journal.append(record(1, 0, view, 40)).unwrap();
    }
    assert_eq!(journal.status().waiting, 50);
    let before = disk.operations();
    journal.sync().unwrap();
    assert_eq!(disk.operations() - before, 2);
    journal.sync().unwrap();
    assert_eq!(disk.operations() - before, 2, "nothing waits, so nothing is written");
}

#[test]
fn a_crash_before_the_sync_forgets_the_batch_and_nothing_else() {
    let disk = MemoryDisk::new();
    let all = written(&disk, 5);
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.append(record(1, 0, 6, 10)).unwrap();
    drop(journal);
    disk.crash(|_, _| 0);
    assert_eq!(open(&disk).unwrap().1, all);
}

// FAULTS S7
#[test]
fn a_tail_torn_at_every_length_of_the_last_4_kib_is_cut_and_only_the_tail() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = Journal::open(disk.clone(), CHAIN, u64::MAX).unwrap();
    let file = segments(&disk).remove(0);
    let mut ends = Vec::new();
    let mut all = Vec::new();
    while content(&disk, &file).len() < 9_000 {
        let view = all.len() as u64 + 1;
        let next = record(3, 1, view, usize::try_from(view * 37 % 200).unwrap());
        journal.append(next.clone()).unwrap();
        journal.sync().unwrap();
        all.push(next);
        ends.push(content(&disk, &file).len());
    }
    let whole = content(&disk, &file);
    for length in whole.len() - 4_096..=whole.len() {
        let torn = disk.copy();
        torn.put(&file, &whole[..length]);
        let count = ends.iter().filter(|end| **end <= length).count();
        let (_, records, recovery) = open(&torn).unwrap();
        assert_eq!(records, all[..count], "torn at {length}");
        let is_torn = !ends.contains(&length);
        assert_eq!(
            recovery.torn.map(|torn| (torn.file, torn.offset)),
            is_torn.then(|| (file.clone(), ends[count - 1] as u64))
        );
        let (_, records, recovery) = open(&torn).unwrap();
        assert_eq!((records.len(), recovery.torn), (count, None), "the cut is kept");
    }
}

// FAULTS S7
#[test]
fn an_earlier_segment_that_ends_inside_a_record_is_damage() {
    let disk = MemoryDisk::new();
    written(&disk, 40);
    for file in &segments(&disk)[..3] {
        let whole = content(&disk, file);
        for length in 0..whole.len() {
            let torn = disk.copy();
            torn.put(file, &whole[..length]);
            let error = open(&torn).err().unwrap_or_else(|| panic!("{file} cut to {length} was read"));
            assert!(matches!(&error, JournalError::Damaged { file: named, .. } if named == file), "{error}");
        }
    }
}

// FAULTS HA4
#[test]
fn zeros_from_the_border_of_any_record_to_the_end_are_a_torn_tail() {
    let disk = MemoryDisk::new();
    let all = written(&disk, 12);
    let file = segments(&disk).pop().unwrap();
    let whole = content(&disk, &file);
    let of_earlier = all.len() - (bounds(&whole).len() - 1);
    for (place, border) in bounds(&whole).into_iter().enumerate() {
        for zeros in [1, 4, 29, 30, 511, 4_096, 100_000] {
            let grown = disk.copy();
            grown.put(&file, &[&whole[..border], &vec![0; zeros]].concat());
            let (_, records, recovery) = open(&grown).unwrap();
            assert_eq!(records, all[..of_earlier + place], "{zeros} zeros at {border}");
            let torn = recovery.torn.unwrap();
            assert_eq!((torn.offset, torn.bytes), (border as u64, zeros as u64));
            assert_eq!(content(&grown, &file), whole[..border], "the zeros are cut");
            assert_eq!(open(&grown).unwrap().2.torn, None);
        }
    }
}

// FAULTS HA4
#[test]
fn a_batch_of_which_only_the_first_sectors_were_written_is_torn_where_its_first_broken_record_begins() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = Journal::open(disk.clone(), CHAIN, u64::MAX).unwrap();
    let all: Vec<_> = (1..=8).map(|view| record(1, 0, view, 3_000)).collect();
    for batch in all.chunks(4) {
        batch.iter().for_each(|next| journal.append(next.clone()).unwrap());
        journal.sync().unwrap();
    }
    let file = segments(&disk).remove(0);
    let whole = content(&disk, &file);
    let borders = bounds(&whole);
    // Sectors of which so little is left are told from zeros of a record's own by nothing.
    let is_within = |sector: &usize| *sector + 64 <= whole.len();
    for sector in (borders[4].div_ceil(512)..).map(|sector| sector * 512).take_while(is_within) {
        let torn = disk.copy();
        let mut bytes = whole.clone();
        bytes[sector..].fill(0);
        torn.put(&file, &bytes);
        let kept = borders.iter().rposition(|border| *border <= sector).unwrap();
        let (_, records, recovery) = open(&torn).unwrap();
        assert_eq!(records, all[..kept], "nothing from {sector} on");
        assert_eq!(recovery.torn.unwrap().offset, borders[kept] as u64);
    }
}

// FAULTS HA4
#[test]
fn zeros_inside_the_log_or_in_an_earlier_segment_are_damage() {
    let disk = MemoryDisk::new();
    written(&disk, 12);
    let names = segments(&disk);
    let first = content(&disk, &names[0]);
    let border = bounds(&first)[1];
    let emptied = disk.copy();
    emptied.put(&names[0], &[&first[..border], &vec![0; first.len() - border]].concat());
    assert!(matches!(open(&emptied), Err(JournalError::Damaged { .. })));
    let last = names.last().unwrap();
    let whole = content(&disk, last);
    let borders = bounds(&whole);
    let mut holed = whole.clone();
    holed[borders[0]..borders[1]].fill(0);
    let other = disk.copy();
    other.put(last, &holed);
    assert!(matches!(open(&other), Err(JournalError::Damaged { .. })), "a record follows");
}

// FAULTS HT11
#[test]
fn damage_is_told_with_what_helps_and_never_with_a_new_home() {
    let disk = MemoryDisk::new();
    written(&disk, 12);
    let last = segments(&disk).pop().unwrap();
    let garbage = disk.copy();
    garbage.put(&last, &[&content(&disk, &last)[..], &[0xa5; 77]].concat());
    let lost = disk.copy();
    lost.lose("log-head");
    for disk in [garbage, lost] {
        let sentence = open(&disk).unwrap_err().to_string();
        assert!(sentence.contains("move the folder `data/log` away, keep `data/lease`"), "{sentence}");
        assert!(!sentence.contains("new home"), "{sentence}");
    }
}

// FAULTS S6
#[test]
fn every_flipped_byte_and_every_zeroed_sector_is_detected_and_the_file_named() {
    let disk = MemoryDisk::new();
    written(&disk, 12);
    let names = segments(&disk);
    for name in journal::Disk::list(&disk).unwrap() {
        let whole = content(&disk, &name);
        for offset in 0..whole.len() {
            for bits in [0x01, 0x80, 0xff] {
                disk.flip(&name, offset, bits);
                let error = open(&disk.copy()).err().unwrap_or_else(|| panic!("{name} flipped at {offset} was read"));
                assert!(error.to_string().contains(&format!("`{name}`")), "{name} {offset}: {error}");
                disk.flip(&name, offset, bits);
            }
        }
        for sector in 0..whole.len().div_ceil(512) {
            let end = whole.len().min(sector * 512 + 512);
            let mut zeroed = whole.clone();
            zeroed[sector * 512..end].fill(0);
            disk.put(&name, &zeroed);
            // The last one may never have been written: then its record is told to be torn.
            let is_told = open(&disk.copy()).map_or(true, |(_, _, recovery)| recovery.torn.is_some());
            assert!(is_told, "{name}: zeroed sector {sector}");
            let is_last = names.last() == Some(&name) && end == whole.len();
            assert!(is_last || open(&disk.copy()).is_err(), "{name}: zeroed sector {sector}");
        }
        disk.put(&name, &whole);
    }
    assert!(open(&disk).is_ok());
}

// FAULTS S6, S10
#[test]
fn a_missing_file_is_named() {
    let disk = MemoryDisk::new();
    written(&disk, 12);
    for name in journal::Disk::list(&disk).unwrap() {
        let maimed = disk.copy();
        maimed.lose(&name);
        let error = open(&maimed).err();
        assert_eq!(error, Some(JournalError::Missing { file: name }));
    }
}

#[test]
fn a_log_without_its_head_is_never_taken_for_a_new_one() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.append(record(1, 0, 1, 5)).unwrap();
    journal.sync().unwrap();
    disk.lose("log-head");
    assert_eq!(Journal::state(&disk), Ok(LogState::Present));
    assert!(matches!(open(&disk), Err(JournalError::Missing { .. })));
}

#[test]
fn refuses_another_chain_and_a_newer_format() {
    let disk = MemoryDisk::new();
    written(&disk, 1);
    let other = ChainId(Hash32([8; 32]));
    let error = Journal::open(disk.clone(), other, SMALL).unwrap_err();
    assert!(matches!(error, JournalError::OtherChain { found: CHAIN, expected, .. } if expected == other));
    disk.flip("log-head", 8, 0x03);
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, JournalError::NewerFormat { found: 2, known: 1, .. }), "{error}");
}

#[test]
fn refuses_a_record_that_is_too_long_and_the_kind_of_the_log_itself() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    assert!(matches!(journal.append(record(1, 0, 1, RECORD_BYTES_MAX + 1)), Err(JournalError::RecordTooLong { .. })));
    assert_eq!(journal.append(record(0, 0, 1, 1)), Err(JournalError::ReservedKind));
    let longest = record(255, u64::MAX, u64::MAX, RECORD_BYTES_MAX);
    journal.append(longest.clone()).unwrap();
    journal.sync().unwrap();
    assert_eq!(open(&disk).unwrap().1, [longest]);
}

#[test]
fn a_floor_drops_whole_segments_at_or_below_it_and_survives_itself() {
    let disk = MemoryDisk::new();
    let all = written(&disk, 40);
    let (mut journal, _, _) = open(&disk).unwrap();
    let before = segments(&disk);
    journal.floor(floor(20, 0, 20)).unwrap();
    assert_eq!(segments(&disk), before, "nothing goes before the floor is durable");
    journal.sync().unwrap();
    let after = segments(&disk);
    let kept: Vec<_> = before.iter().filter(|name| **name >= after[0]).collect();
    assert!(!kept.is_empty() && kept.len() < before.len() && kept.iter().all(|name| after.contains(name)));
    let (mut journal, records, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.floor, Some(floor(20, 0, 20)));
    assert!(all.ends_with(&records), "what is left is the end of the log");
    let above: Vec<_> = all.iter().filter(|record| record.view > View(20)).collect();
    assert!(above.iter().all(|record| records.contains(record)), "everything above the floor is left");
    journal.floor(floor(100, 1, 0)).unwrap();
    journal.sync().unwrap();
    assert_eq!(segments(&disk).len(), 1);
    assert_eq!(open(&disk).unwrap().2.floor, Some(floor(100, 1, 0)));
}

#[test]
fn a_floor_never_moves_back() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.floor(floor(5, 1, 3)).unwrap();
    journal.floor(floor(5, 1, 3)).unwrap();
    for lower in [floor(4, 1, 4), floor(6, 1, 2), floor(6, 0, 9)] {
        assert!(matches!(journal.floor(lower), Err(JournalError::FloorMovesBack { .. })));
    }
    journal.sync().unwrap();
    let (mut journal, _, _) = open(&disk).unwrap();
    assert!(journal.floor(floor(4, 1, 3)).is_err());
    assert_eq!(journal.current_floor(), Some(floor(5, 1, 3)));
}

// FAULTS L5
#[test]
fn a_record_below_the_floor_can_be_appended_and_is_read_again() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.floor(floor(9, 3, 9)).unwrap();
    journal.sync().unwrap();
    for (epoch, view) in [(0, 1), (3, 9), (3, 10)] {
        journal.append(record(1, epoch, view, 700)).unwrap();
        journal.sync().unwrap();
    }
    let (_, records, recovery) = open(&disk).unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(recovery.floor, Some(floor(9, 3, 9)));
}

// FAULTS L4, C6
#[test]
fn a_floor_ahead_of_every_record_is_kept() {
    let disk = MemoryDisk::new();
    written(&disk, 10);
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.floor(floor(1_000, 9, 1)).unwrap();
    journal.sync().unwrap();
    journal.append(record(1, 0, 11, 20)).unwrap();
    journal.sync().unwrap();
    let (_, records, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.floor, Some(floor(1_000, 9, 1)));
    assert!(records.contains(&record(1, 0, 11, 20)));
}

/// A day in the life of a log, until something fails. Returns what was appended, and how much of it was synced.
fn day(disk: &MemoryDisk) -> (Vec<Record>, usize, Option<Floor>, Result<(), JournalError>) {
    let (mut all, mut acknowledged, mut durable_floor) = (Vec::new(), 0, None);
    let mut run = || {
        let (mut journal, _, _) = open(disk)?;
        for view in 1..=20 {
            let next = record(1, 0, view, 150);
            all.push(next.clone());
            journal.append(next)?;
            let low = (view % 5 == 0).then(|| floor(view - 3, 0, view - 3));
            if let Some(low) = low {
                journal.floor(low)?;
            }
            if let Err(first) = journal.sync() {
                let before = disk.operations();
                assert!(matches!(journal.sync(), Err(JournalError::Poisoned(_))));
                assert!(matches!(journal.append(record(1, 0, 99, 1)), Err(JournalError::Poisoned(_))));
                assert!(matches!(journal.floor(floor(99, 9, 9)), Err(JournalError::Poisoned(_))));
                assert_eq!(disk.operations(), before, "a failed disk is left alone");
                return Err(first);
            }
            acknowledged = all.len();
            durable_floor = low.or(durable_floor);
        }
        Ok(())
    };
    let result = run();
    (all, acknowledged, durable_floor, result)
}

// FAULTS S1, S4
#[test]
fn whichever_operation_fails_the_log_stops_and_a_restart_finds_everything_acknowledged() {
    let healthy = MemoryDisk::new();
    assert_eq!(day(&healthy).3, Ok(()));
    for n in 1..=healthy.operations() {
        for keep in [0, 1, 7, 100, usize::MAX] {
            let disk = MemoryDisk::new();
            disk.fail_operation(n);
            let (all, acknowledged, durable_floor, result) = day(&disk);
            assert!(matches!(result, Err(JournalError::Disk(_))), "operation {n} failed unnoticed: {result:?}");
            disk.crash(|_, _| keep);
            let (_, records, recovery) = open(&disk).unwrap_or_else(|error| panic!("operation {n}: {error}"));
            let reach = recovery.floor.map(|floor| floor.position());
            assert!(reach >= durable_floor.map(|floor| floor.position()));
            let kept = all.len().saturating_sub(records.len());
            assert!(
                all.ends_with(&records) || all[..all.len() - 1].ends_with(&records),
                "operation {n}, keep {keep}: {kept}"
            );
            for record in all[..acknowledged].iter().filter(|record| Some(record.position()) > reach) {
                assert!(records.contains(record), "operation {n}, keep {keep}: view {} is lost", record.view);
            }
        }
    }
}

// FAULTS S4
#[test]
fn reads_that_fail_are_errors_and_not_an_empty_log() {
    let disk = MemoryDisk::new();
    written(&disk, 3);
    for operation in [DiskOperation::Read, DiskOperation::List, DiskOperation::Replace] {
        disk.fail_next(operation);
        assert!(matches!(open(&disk), Err(JournalError::Disk(error)) if error.operation == operation));
    }
    assert!(open(&disk).is_ok());
}

// FAULTS S4
#[test]
fn what_a_failed_sync_left_readable_is_made_durable_before_it_is_believed() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.append(record(1, 0, 1, 30)).unwrap();
    disk.fail_next(DiskOperation::Sync);
    assert!(journal.sync().is_err());
    let (_, records, _) = open(&disk).unwrap();
    assert_eq!(records.len(), 1, "the process died, the machine did not: the bytes are readable");
    disk.crash(|_, _| 0);
    assert_eq!(open(&disk).unwrap().1, records, "and what was read once stays");
}

// FAULTS S1
#[test]
fn a_crash_while_recovering_changes_nothing() {
    let torn = MemoryDisk::new();
    let all = written(&torn, 30);
    let last = segments(&torn).pop().unwrap();
    let mut bytes = content(&torn, &last);
    bytes.pop();
    torn.put(&last, &bytes);
    for n in 1..=3 {
        let disk = torn.copy();
        disk.fail_operation(n);
        let _ = open(&disk);
        disk.crash(|_, _| 0);
        assert_eq!(open(&disk).unwrap().1, all[..all.len() - 1]);
    }
}

// FAULTS C5
#[test]
fn records_out_of_order_keep_their_segment_until_the_floor_passes_the_highest() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    for (epoch, view) in [(2, 9), (1, 700), (0, 1), (2, 1)] {
        journal.append(record(1, epoch, view, 600)).unwrap();
        journal.sync().unwrap();
    }
    journal.floor(floor(1, 2, 8)).unwrap();
    journal.sync().unwrap();
    let records = open(&disk).unwrap().1;
    assert_eq!(records[0].position(), Position { epoch: Epoch(2), view: View(9) });
    assert_eq!(records.len(), 4);
}

// The formats are frozen: a change needs a new version number.
#[test]
fn the_bytes_of_the_files_are_the_ones_that_were_written_first() {
    let disk = MemoryDisk::new();
    let (mut journal, _, _) = open(&disk).unwrap();
    journal.append(Record { kind: 5, epoch: Epoch(1), view: View(2), bytes: vec![0xaa, 0xbb] }).unwrap();
    journal.floor(floor(3, 1, 1)).unwrap();
    journal.sync().unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let chain = "07".repeat(32);
    let segment = hex(&content(&disk, "log-00000000000000000001"));
    let header = format!("5448524f4e4c4f4701000000{chain}01000000000000000000000000000000");
    assert!(segment.starts_with(&header), "{segment}");
    assert_eq!(segment.len(), (64 + 31 + 37) * 2);
    assert_eq!(crc32c_of(&content(&disk, "log-00000000000000000001")), SEGMENT_CRC, "{segment}");
    assert_eq!(crc32c_of(&content(&disk, "log-head")), HEAD_CRC);
}

const SEGMENT_CRC: u32 = 1_349_674_956;
const HEAD_CRC: u32 = 1_214_729_159;

fn crc32c_of(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// Where each record of a segment begins, and its end.
fn bounds(bytes: &[u8]) -> Vec<usize> {
    let mut at = 64;
    let mut bounds = vec![at];
    while at < bytes.len() {
        at += 29 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        bounds.push(at);
    }
    bounds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    // FAULTS S1, C5
    #[test]
    fn a_crash_at_any_point_loses_only_a_suffix_that_was_never_acknowledged(
        batches in prop::collection::vec((prop::collection::vec((1_u8..5, 0_u64..3, 0_u64..50, 0_usize..300), 0..6), any::<bool>()), 1..20),
        keep in any::<u16>(),
    ) {
        let disk = MemoryDisk::new();
        let (mut appended, mut acknowledged) = (Vec::new(), 0);
        let (mut journal, _, _) = open(&disk).unwrap();
        for (batch, is_restart) in batches {
            for (kind, epoch, view, length) in batch {
                journal.append(record(kind, epoch, view, length)).unwrap();
                appended.push(record(kind, epoch, view, length));
            }
            if is_restart {
                drop(journal);
                disk.crash(|_, unsynced| usize::from(keep) % (unsynced + 1));
                let (reopened, records, _) = open(&disk).unwrap();
                prop_assert!(records.len() >= acknowledged);
                prop_assert_eq!(&records[..], &appended[..records.len()]);
                appended = records;
                journal = reopened;
            } else {
                journal.sync().unwrap();
            }
            acknowledged = appended.len();
        }
    }

    // FAULTS C5
    #[test]
    fn records_moved_or_repeated_inside_the_file_are_damage(from in 0_usize..24, to in 0_usize..24, repeat in any::<bool>()) {
        let disk = MemoryDisk::new();
        let (mut journal, _, _) = Journal::open(disk.clone(), CHAIN, u64::MAX).unwrap();
        for view in 1..=24 {
            journal.append(record(1, 0, view, 16)).unwrap();
        }
        journal.sync().unwrap();
        let file = segments(&disk).remove(0);
        let bytes = content(&disk, &file);
        let bounds = bounds(&bytes);
        let mut parts: Vec<_> = bounds.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect();
        if repeat {
            parts.insert(to, parts[from].clone());
        } else {
            parts.swap(from, to);
        }
        disk.put(&file, &[bytes[..64].to_vec(), parts.concat()].concat());
        let is_changed = repeat || from != to;
        prop_assert_eq!(open(&disk).is_err(), is_changed);
    }

    #[test]
    fn hostile_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), name in 0..3) {
        let disk = MemoryDisk::new();
        written(&disk, 15);
        let name = ["log-head", "log-00000000000000000001", "log-00000000000000000002"][usize::try_from(name).unwrap()];
        disk.put(name, &bytes);
        prop_assert!(open(&disk).is_err());
    }
}
