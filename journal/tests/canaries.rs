//! Planted bugs do what their names say, so that the simulator has something to find.
#![cfg(feature = "canary")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use journal::{DiskOperation, Journal, JournalError, MemoryDisk, Record};
use types::canary::{Canary, plant};
use types::{ChainId, Epoch, View};

fn filled(disk: &MemoryDisk, views: u64) -> Result<(), JournalError> {
    let (mut journal, _, _) = Journal::open(disk.clone(), ChainId::default(), 1_000)?;
    for view in 1..=views {
        journal.append(Record { kind: 1, epoch: Epoch(0), view: View(view), bytes: vec![9; 100] })?;
        journal.sync()?;
    }
    Ok(())
}

fn count(disk: &MemoryDisk) -> Result<usize, JournalError> {
    Ok(Journal::open(disk.clone(), ChainId::default(), 1_000)?.1.len())
}

// One test: the planted bug is a property of the process.
#[test]
fn planted_bugs_lose_records_that_the_log_acknowledged() {
    let disk = MemoryDisk::new();
    filled(&disk, 0).unwrap();
    disk.fail_next(DiskOperation::Sync);
    assert!(filled(&disk.clone(), 3).is_err());

    let disk = MemoryDisk::new();
    filled(&disk, 0).unwrap();
    plant(Some(Canary::SyncErrorRetried));
    disk.fail_next(DiskOperation::Sync);
    filled(&disk, 3).unwrap();
    disk.crash(|_, _| 0);
    assert_eq!(count(&disk), Ok(0));

    let disk = MemoryDisk::new();
    filled(&disk, 20).unwrap();
    disk.flip("log-00000000000000000001", 200, 1);
    plant(None);
    assert!(count(&disk).is_err());
    plant(Some(Canary::TornLogIgnored));
    assert!(count(&disk).unwrap() < 20);
    plant(None);
}
