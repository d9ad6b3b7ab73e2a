//! The file `log-head`: the first and the last segment of the log.
//!
//! It must not know records. Invariant: it names a segment only after that segment is durable, and stops naming
//! one before that segment is removed; so a segment that it names and that is not there was lost.

use types::ChainId;

use crate::error::JournalError;
use crate::sealed::{Format, take_u64};

/// Name of the file.
pub(crate) const HEAD_FILE: &str = "log-head";

const FORMAT: Format = Format { magic: *b"THRONHED", version: 1, payload_bytes: 16 };

/// Numbers of the first and the last segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Head {
    pub(crate) fn encode(self, chain: ChainId) -> Vec<u8> {
        let mut payload = self.first.to_le_bytes().to_vec();
        payload.extend_from_slice(&self.last.to_le_bytes());
        FORMAT.seal(chain, &payload)
    }

    pub(crate) fn decode(chain: ChainId, bytes: &[u8]) -> Result<Self, JournalError> {
        let mut payload = FORMAT.unseal(HEAD_FILE, chain, bytes)?;
        let numbers = take_u64(&mut payload).zip(take_u64(&mut payload));
        match numbers {
            Some((first, last)) if 0 < first && first <= last => Ok(Self { first, last }),
            _ => {
                let what = "the numbers of the segments make no sense";
                Err(JournalError::Damaged { file: HEAD_FILE.to_owned(), offset: 0, what })
            }
        }
    }
}

/// Name of a segment's file.
pub(crate) fn segment_file(number: u64) -> String {
    format!("log-{number:020}")
}

/// The number of a segment's file, `None` for any other file.
pub(crate) fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_prefix("log-")?.parse().ok()?;
    (segment_file(number) == name).then_some(number)
}
