//! Looking at what a stopped node keeps for miners.

use std::path::Path;

use service::plain_file::{self, Takes};
use service::{Finding, FolderFindings};

use crate::payouts;

/// A longer file is not of this program's making.
const FILE_BYTES_MAX: u64 = 4 << 30;

/// Looks at what is kept for miners, and says what is torn and what is wrong. A start goes on without either, but with no damaged log of
/// payouts; where files do not go together it pays nothing before the operator's word, if it has an account to pay from.
pub(crate) fn look(folder: &Path, has_account: bool) -> FolderFindings {
    let (mut torn, mut wrong, mut book) = (Vec::new(), Vec::new(), None);
    let finding = |name: &str, what: String| Finding::new(folder.join(name), what);
    let file = |name: &str| match plain_file::read(&folder.join(name), FILE_BYTES_MAX, Takes::File) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(finding(name, error.to_string())),
    };
    match (file("shares.snapshot"), file("shares.journal")) {
        (Ok(snapshot), Ok(journal)) => {
            let stored =
                stratum::ledger::Stored { snapshot, journal: journal.unwrap_or_default(), ..Default::default() };
            match stratum::ledger::recover_whole(&stored) {
                (_, Some(error)) => {
                    let is_snapshot = matches!(error, stratum::ledger::LedgerError::Snapshot(_));
                    let name = if is_snapshot { "shares.snapshot" } else { "shares.journal" };
                    wrong.push(finding(name, error.to_string()));
                }
                (recovered, None) => {
                    if recovered.torn_bytes > 0 {
                        let what =
                            format!("an incomplete end of {}", types::counted(recovered.torn_bytes as u64, "byte"));
                        torn.push(finding("shares.journal", what));
                    }
                    let root_of = |work| recovered.book.root_of(work);
                    match stratum::service::look_at_receipts(&folder.join("receipts"), root_of) {
                        Ok(damaged) => wrong.extend(damaged.into_iter().map(|(file, what)| Finding { file, what })),
                        Err(error) => wrong.push(finding("receipts", error.to_string())),
                    }
                    book = Some(recovered.book);
                }
            }
        }
        (snapshot, journal) => wrong.extend([snapshot.err(), journal.err()].into_iter().flatten()),
    }
    let of_payouts = payouts::look(folder, book.as_ref(), has_account);
    let (torn, wrong) = ([of_payouts.torn, torn].concat(), [of_payouts.wrong, wrong].concat());
    FolderFindings { torn, held: of_payouts.held, wrong }
}
