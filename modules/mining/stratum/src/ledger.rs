//! The book as bytes: a snapshot, and a journal of the entries after it.
//!
//! It must not know files; the shell writes through `service::Shares`. Layout, integers little-endian:
//!
//! - snapshot: `THRBOOK3` ‖ CRC-32C of the rest ‖ the book; `THRBOOK2`, which ends before the payments, is read too;
//! - journal: records of length u32 ‖ CRC-32C of the length ‖ CRC-32C of the payload ‖ payload, which is the entry's
//!   number u64 and the entry.
//!
//! Invariants: only the end of the journal may be incomplete, and is dropped, because nobody heard of what was not
//! synced; any other damage is an error that names the offset. An entry that the snapshot already has is skipped, so
//! that a crash between a new snapshot and the emptying of the journal counts nothing twice.

use borsh::BorshDeserialize;

use crate::book::{Book, BookError, Closed, Entry};

const MAGIC: &[u8; 8] = b"THRBOOK3";
/// The version before: its book has no payments at the end.
const FORMER_MAGIC: &[u8; 8] = b"THRBOOK2";
const NO_PAYMENTS: [u8; 4] = 0_u32.to_le_bytes();
const RECORD_HEAD_BYTES: usize = 12;
/// Longest payload: no entry comes near it.
const PAYLOAD_BYTES_MAX: usize = 4_096;

/// What a disk holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The last snapshot.
    pub snapshot: Option<Vec<u8>>,
    /// What was appended since, or since an earlier one.
    pub journal: Vec<u8>,
}

/// What came out of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The book.
    pub book: Book,
    /// Entries that the journal added to the snapshot.
    pub replayed: u64,
    /// The last work that the journal closed: whoever wrote it may not have come to keep its receipts.
    pub closed: Option<Closed>,
    /// Bytes of an incomplete record at the end, which were dropped.
    pub torn_bytes: usize,
}

/// Why stored bytes are no book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The snapshot is damaged.
    #[error("the snapshot of the share ledger is damaged ({0})")]
    Snapshot(&'static str),
    /// The journal is damaged before its end.
    #[error("the journal of the share ledger is damaged at byte {offset} ({reason})")]
    Journal {
        /// Where the record begins.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Entries are missing between two records.
    #[error("the journal of the share ledger jumps from entry {after} to entry {found}")]
    Gap {
        /// The last entry that is there.
        after: u64,
        /// The one that follows.
        found: u64,
    },
    /// An entry does not fit the book.
    #[error("entry {sequence} of the share ledger does not fit: {error}")]
    Entry {
        /// Its number.
        sequence: u64,
        /// Why.
        error: BookError,
    },
}

/// The bytes to append for an entry of this number.
#[must_use]
pub fn encode(sequence: u64, entry: &Entry) -> Vec<u8> {
    let payload = borsh::to_vec(&(sequence, entry)).expect("writing to memory cannot fail");
    let length = u32::try_from(payload.len()).expect("an entry has a few hundred bytes").to_le_bytes();
    let mut bytes = Vec::with_capacity(RECORD_HEAD_BYTES.saturating_add(payload.len()));
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&crc32c::crc32c(&length).to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&payload).to_le_bytes());
    bytes.extend_from_slice(&payload);
    bytes
}

/// The book as a snapshot.
#[must_use]
pub fn snapshot(book: &Book) -> Vec<u8> {
    let body = borsh::to_vec(book).expect("writing to memory cannot fail");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// The book that a disk holds.
///
/// # Errors
/// [`LedgerError`] for any damage but an incomplete end of the journal.
pub fn recover(stored: &Stored) -> Result<Recovered, LedgerError> {
    match recover_whole(stored) {
        (recovered, None) => Ok(recovered),
        (_, Some(error)) => Err(error),
    }
}

/// The book as far as what a disk holds is whole, and what is wrong behind that.
#[must_use]
pub fn recover_whole(stored: &Stored) -> (Recovered, Option<LedgerError>) {
    let mut recovered = Recovered { book: Book::default(), replayed: 0, closed: None, torn_bytes: 0 };
    match stored.snapshot.as_deref().map(read_snapshot) {
        None => {}
        Some(Ok(book)) => recovered.book = book,
        // What follows is of no use without what it follows on.
        Some(Err(error)) => return (recovered, Some(error)),
    }
    let mut reader = Journal { bytes: &stored.journal, offset: 0 };
    let error = loop {
        let (sequence, entry) = match reader.next() {
            Ok(Some(next)) => next,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        let after = recovered.book.sequence();
        if sequence <= after {
            continue;
        }
        if sequence != after.saturating_add(1) {
            break Some(LedgerError::Gap { after, found: sequence });
        }
        match recovered.book.apply_and_close(&entry) {
            Ok(Some(closed)) => recovered.closed = Some(closed),
            Ok(None) => {}
            Err(error) => break Some(LedgerError::Entry { sequence, error }),
        }
        recovered.replayed = recovered.replayed.saturating_add(1);
    };
    recovered.torn_bytes = stored.journal.len().saturating_sub(reader.offset);
    (recovered, error)
}

fn read_snapshot(bytes: &[u8]) -> Result<Book, LedgerError> {
    let (rest, missing) = match (bytes.strip_prefix(MAGIC), bytes.strip_prefix(FORMER_MAGIC)) {
        (Some(rest), _) => (rest, &[][..]),
        (_, Some(rest)) => (rest, &NO_PAYMENTS[..]),
        (None, None) => return Err(LedgerError::Snapshot("it does not begin with THRBOOK3")),
    };
    let (sum, body) = rest.split_first_chunk::<4>().ok_or(LedgerError::Snapshot("it is too short"))?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
        return Err(LedgerError::Snapshot("its checksum does not match"));
    }
    Book::try_from_slice(&[body, missing].concat()).map_err(|_| LedgerError::Snapshot("it does not hold a book"))
}

struct Journal<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Journal<'_> {
    /// The next whole record; nothing at the end, be it whole or torn.
    fn next(&mut self) -> Result<Option<(u64, Entry)>, LedgerError> {
        let damaged = |reason| LedgerError::Journal { offset: self.offset, reason };
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<RECORD_HEAD_BYTES>() else { return Ok(None) };
        let [length, length_sum, payload_sum] = words(head);
        if crc32c::crc32c(&length.to_le_bytes()) != length_sum {
            // A file that grew before its content arrived ends in zeros.
            let is_empty = head.iter().chain(rest).all(|byte| *byte == 0);
            return if is_empty { Ok(None) } else { Err(damaged("the length's checksum does not match")) };
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > PAYLOAD_BYTES_MAX {
            return Err(damaged("a record is too long"));
        }
        let Some((payload, behind)) = rest.split_at_checked(length) else { return Ok(None) };
        if crc32c::crc32c(payload) != payload_sum {
            let is_last = behind.iter().all(|byte| *byte == 0);
            return if is_last { Ok(None) } else { Err(damaged("a record's checksum does not match")) };
        }
        let entry = <(u64, Entry)>::try_from_slice(payload).map_err(|_| damaged("a record holds no entry"))?;
        self.offset = self.offset.saturating_add(RECORD_HEAD_BYTES).saturating_add(length);
        Ok(Some(entry))
    }
}

fn words(head: &[u8; RECORD_HEAD_BYTES]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *head;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_le_bytes)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
