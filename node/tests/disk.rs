//! The journal's port over real files.

use std::fs;

use journal::{Disk, DiskOperation};
use node::FileDisk;

#[test]
fn what_is_appended_and_synced_is_read_back_by_another_handle() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut disk = FileDisk::open(directory.path()).expect("a disk");
    assert_eq!(disk.read("log"), Ok(None));
    disk.create("log", b"one").expect("a new file");
    assert!(disk.create("log", b"x").is_err(), "a file is never made twice");
    disk.append("log", b" two").expect("room");
    disk.sync("log").expect("a working disk");
    let other = FileDisk::open(directory.path()).expect("a disk");
    assert_eq!(other.read("log"), Ok(Some(b"one two".to_vec())));
    assert_eq!(other.list(), Ok(vec!["log".to_owned()]));
}

#[test]
fn a_file_is_replaced_wholly_and_leftovers_of_an_interruption_are_not_seen() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut disk = FileDisk::open(directory.path()).expect("a disk");
    fs::write(directory.path().join("head.new"), b"half").expect("a leftover");
    disk.replace("head", b"first").expect("a new file");
    disk.append("head", b"!").expect("room");
    disk.replace("head", b"second").expect("another content");
    disk.append("head", b"!").expect("room, in the new file");
    disk.sync("head").expect("a working disk");
    assert_eq!(disk.read("head"), Ok(Some(b"second!".to_vec())));
    fs::write(directory.path().join("head.new"), b"half").expect("a leftover");
    assert_eq!(disk.list(), Ok(vec!["head".to_owned()]));
    disk.remove("head").expect("it is there");
    assert_eq!(disk.read("head"), Ok(None));
    assert_eq!(disk.remove("head").expect_err("it is gone").operation, DiskOperation::Remove);
}

// FAULTS HA3
#[test]
fn a_file_knows_its_place_before_it_is_there_and_a_copy_has_another_wherever_it_lies() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let mut disk = FileDisk::open(directory.path()).expect("a disk");
    let mut written = journal::Place::default();
    let mut replace = |disk: &mut FileDisk| {
        let content = &mut |place| {
            written = place;
            b"content".to_vec()
        };
        disk.replace_with("lease", content).expect("room");
        written
    };
    let first = replace(&mut disk);
    assert_eq!(disk.place("lease"), Ok(Some(first)));
    fs::rename(path("lease"), path("moved")).expect("our own");
    assert_eq!(disk.place("moved"), Ok(Some(first)), "it is the same file");
    fs::copy(path("moved"), path("copy")).expect("room");
    assert_ne!(disk.place("copy"), Ok(Some(first)));
    fs::rename(path("copy"), path("moved")).expect("our own");
    assert_ne!(disk.place("moved"), Ok(Some(first)), "also put back under the name");
    assert_eq!(disk.place("nothing"), Ok(None));
}

// FAULTS S4
#[test]
fn an_error_names_the_file_and_what_was_tried() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut disk = FileDisk::open(directory.path()).expect("a disk");
    let error = disk.append("nothing", b"x").expect_err("there is no such file");
    assert_eq!(error.operation, DiskOperation::Append);
    assert!(error.file.ends_with("/nothing") && error.to_string().contains("append to"), "{error}");
    assert!(disk.sync("nothing").is_err());
}

#[test]
fn a_journal_over_files_survives_being_opened_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let chain = types::ChainId(types::Hash32([5; 32]));
    let open = || {
        let disk = || FileDisk::open(directory.path()).expect("a disk");
        journal::recover(disk(), disk(), journal::Holder { chain, key: None }, journal::SEGMENT_BYTES)
            .expect("a sound log")
    };
    let record = |view| journal::Record {
        kind: 1,
        epoch: types::Epoch(0),
        view: types::View(view),
        bytes: vec![u8::try_from(view).expect("small"); 100],
    };
    let mut first = open();
    for view in 1..=50 {
        first.journal.append(record(view)).expect("room");
    }
    first.journal.sync().expect("a working disk");
    drop(first);
    let records: Vec<_> = open().records.into_iter().filter(|record| record.kind == 1).collect();
    assert_eq!(records, (1..=50).map(record).collect::<Vec<_>>());
}
