//! Looking at what a stopped node keeps of challenges; nothing is changed.

use std::path::Path;

use service::log::look_at;
use service::{Finding, FolderFindings};

use crate::tpm::{ek_key, table};
use crate::{book, enrolled, ledger, secret, taken_back, token_office};

/// A file of records in the service's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptFile {
    /// Challenges that were answered.
    Used,
    /// Verifications that wait for the chain.
    Leaves,
    /// A batch of them.
    Batch,
    /// Older devices.
    OlderDevices,
    /// Tokens that were taken back.
    TakenBack,
    /// TPMs of devices.
    Tpms,
}

impl KeptFile {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Used, Self::Leaves, Self::Batch, Self::OlderDevices, Self::TakenBack, Self::Tpms];

    /// Whether a file with these bodies of records would be read: each is of this version, and they go together.
    #[must_use]
    pub fn knows(self, records: &[Vec<u8>]) -> bool {
        match self {
            Self::Used => book::knows(records),
            Self::Leaves => ledger::knows(records),
            Self::Batch => ledger::files::knows(records),
            Self::OlderDevices => enrolled::knows(records),
            Self::TakenBack => taken_back::knows(records),
            Self::Tpms => table::knows(records),
        }
    }
}

/// Says what is torn and what a start would refuse.
pub(crate) fn look(folder: &Path) -> FolderFindings {
    let mut findings = look_at(&folder.join(book::FILE), book::BOUNDS, book::knows);
    for file in [secret::CHALLENGES, secret::OLDER_DEVICES] {
        let wrong = file.fault(folder);
        findings.wrong.extend(wrong.map(|what| Finding::new(folder.join(file.name), what)));
    }
    let enrolled = look_at(&folder.join(enrolled::FILE), enrolled::BOUNDS, enrolled::knows);
    findings.torn.extend(enrolled.torn);
    findings.wrong.extend(enrolled.wrong);
    let leaves = look_at(&folder.join(ledger::FILE), ledger::BOUNDS, ledger::knows);
    findings.torn.extend(leaves.torn);
    findings.wrong.extend(leaves.wrong);
    let taken_back = look_at(&folder.join(taken_back::FILE), taken_back::BOUNDS, taken_back::knows);
    findings.torn.extend(taken_back.torn);
    findings.wrong.extend(taken_back.wrong);
    let wrong = token_office::fault(folder);
    findings.wrong.extend(wrong.map(|what| Finding::new(folder.join(token_office::FILE), what)));
    let tpms = look_at(&folder.join(table::FILE), table::BOUNDS, table::knows);
    findings.torn.extend(tpms.torn);
    findings.wrong.extend(tpms.wrong);
    let wrong = ek_key::fault(folder);
    findings.wrong.extend(wrong.map(|what| Finding::new(folder.join(ek_key::FILE), what)));
    findings
}
