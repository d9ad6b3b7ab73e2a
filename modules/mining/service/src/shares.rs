//! The share ledger of a pool that may pay by itself: payouts are held before the book goes on without what is damaged.
//!
//! It must not know the ledger's form.

use std::io;

use stratum::ledger::Stored;
use stratum::service::{FolderShares, Shares};

use crate::payouts::PayoutLog;

/// The ledger, and the log that says why nothing is paid.
pub(crate) struct WatchedShares {
    shares: FolderShares,
    log: PayoutLog,
}

impl WatchedShares {
    pub(crate) const fn new(shares: FolderShares, log: PayoutLog) -> Self {
        Self { shares, log }
    }
}

impl Shares for WatchedShares {
    fn load(&mut self) -> io::Result<Stored> {
        self.shares.load()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.shares.append(bytes)
    }

    fn checkpoint(&mut self, snapshot: &[u8]) -> io::Result<()> {
        self.shares.checkpoint(snapshot)
    }

    fn set_aside(&mut self) -> io::Result<Vec<String>> {
        // Once there is a book without what is damaged nothing tells any more, so a hold that cannot be written stops the start.
        let held = self.log.hold("the book of shares was damaged, so it may owe what was paid");
        held.map_err(|fault| io::Error::other(fault.to_string()))?;
        self.shares.set_aside()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS HV2
    #[test]
    fn a_damaged_book_is_put_aside_after_payouts_are_held_and_not_where_they_cannot_be() {
        for has_room in [false, true] {
            let folder = tempfile::tempdir().expect("a directory");
            let log = PayoutLog::open(folder.path()).expect("new");
            let mut shares = WatchedShares::new(FolderShares::open(folder.path()).expect("a directory"), log.clone());
            shares.append(b"damaged").expect("room");
            // In the way of a file that is written anew.
            let in_the_way = folder.path().join("payouts.new");
            if !has_room {
                log.fill();
                std::fs::create_dir(&in_the_way).expect("room");
            }
            assert_eq!(shares.set_aside().is_ok(), has_room);
            assert_eq!(shares.load().expect("files").journal, b"damaged", "what stops the start leaves it as it was");
            assert_eq!(folder.path().join("shares.journal.damaged-1").exists(), has_room);
            let _ = std::fs::remove_dir(&in_the_way);
            let held = PayoutLog::open(folder.path()).expect("whole").held();
            assert_eq!(held.is_some_and(|why| why.contains("damaged")), has_room);
        }
    }
}
