//! What the log of an account keeps, for whoever opens it and for whoever looks at the folder of a stopped service.
//!
//! It must not know keys. Invariant: a look changes nothing.

use std::path::Path;

use types::Nonce;

use crate::FolderFindings;
use crate::account::Past;
use crate::log::look_at;
use crate::outbox::{DeedOutbox, DeedRecord, OUTBOX_LOG};

/// The log's name in the service's folder.
pub const ACCOUNT_LOG: &str = "account.log";

/// What an account's log has of a past.
#[must_use]
pub fn past_of(outbox: &DeedOutbox) -> Past {
    match outbox.known() == Nonce(0) && outbox.open_deeds() == 0 {
        true => Past::Unused,
        false => Past::Used,
    }
}

/// Looks at the log of a stopped service's account: what is wrong with it, and what it has, if it is there and whole.
#[must_use]
pub fn look_at_account(folder: &Path) -> (FolderFindings, Option<DeedOutbox>) {
    let mut kept = None;
    let knows = |records: &[Vec<u8>]| {
        let read = records.iter().map(|bytes| DeedRecord::from_bytes(bytes)).collect::<Option<Vec<_>>>();
        kept = read.map(DeedOutbox::open);
        kept.is_some()
    };
    let findings = look_at(&folder.join(ACCOUNT_LOG), OUTBOX_LOG, knows);
    let kept = kept.filter(|_| findings.wrong.is_empty());
    (findings, kept)
}
