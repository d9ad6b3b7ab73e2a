//! Looking at what a stopped node keeps for miners.

use std::path::Path;

use service::FolderFindings;

use crate::kept;

/// Looks at what is kept for miners, and says what is torn and what is wrong. A start goes on without either.
pub(crate) fn look(folder: &Path) -> FolderFindings {
    let (mut torn, mut wrong) = (Vec::new(), Vec::new());
    let file = |name: &str| match std::fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", folder.join(name).display())),
    };
    match file("proofs").map(|bytes| kept::fault_of(&bytes.unwrap_or_default())) {
        Ok(None) => {}
        Ok(Some((true, what))) => torn.push(format!("{}: {what}", folder.join("proofs").display())),
        Ok(Some((false, what))) => wrong.push(format!("{}: {what}", folder.join("proofs").display())),
        Err(what) => wrong.push(what),
    }
    match (file("shares.snapshot"), file("shares.journal")) {
        (Ok(snapshot), Ok(journal)) => {
            let stored = stratum::ledger::Stored { snapshot, journal: journal.unwrap_or_default() };
            match stratum::ledger::recover_whole(&stored) {
                (_, Some(error)) => {
                    let is_snapshot = matches!(error, stratum::ledger::LedgerError::Snapshot(_));
                    let name = if is_snapshot { "shares.snapshot" } else { "shares.journal" };
                    wrong.push(format!("{}: {error}", folder.join(name).display()));
                }
                (recovered, None) => {
                    if recovered.torn_bytes > 0 {
                        let (path, bytes) = (folder.join("shares.journal"), recovered.torn_bytes);
                        torn.push(format!("{}: {bytes} bytes are an incomplete end", path.display()));
                    }
                    let receipts = folder.join("receipts");
                    let looked = stratum::service::look_at_receipts(&receipts, |work| recovered.book.root_of(work));
                    match looked {
                        Ok(damaged) => wrong.extend(damaged),
                        Err(error) => wrong.push(format!("{}: {error}", receipts.display())),
                    }
                }
            }
        }
        (snapshot, journal) => wrong.extend([snapshot.err(), journal.err()].into_iter().flatten()),
    }
    FolderFindings { torn, wrong }
}
