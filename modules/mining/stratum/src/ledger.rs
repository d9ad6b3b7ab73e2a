//! The book and the kept proofs as bytes: a snapshot, and a journal of what came after it.
//!
//! It must not know files; the shell writes through `service::Shares`. Layout, integers little-endian:
//!
//! - snapshot: `THRBOOK4` ‖ CRC-32C of the rest ‖ the book ‖ the proofs; `THRBOOK3`, which ends before the proofs, and `THRBOOK2`, which
//!   ends before the payments, are read too;
//! - journal: records of length u32 ‖ CRC-32C of the length ‖ CRC-32C of the payload ‖ payload, which is the entry's
//!   number u64 and the entry, or the number 0 and a proof.
//!
//! Invariants: only the end of the journal may be incomplete, and is dropped, because nobody heard of what was not
//! synced; any other damage is an error that names the offset. An entry that the snapshot already has is skipped, so
//! that a crash between a new snapshot and the emptying of the journal counts nothing twice. A proof needs nothing that stands
//! before it: damage costs the proofs that it hit and no other.

use std::collections::BTreeSet;

use borsh::BorshDeserialize;
use types::{SystemCall, limits};

use crate::book::{Book, BookError, Closed, Entry};
use crate::kept::{KeptProof, KeptProofs};

const MAGIC: &[u8; 8] = b"THRBOOK4";
/// The versions before, each with how many lists its snapshot lacks at the end.
const FORMER_MAGICS: [(&[u8; 8], usize); 2] = [(b"THRBOOK3", 1), (b"THRBOOK2", 2)];
const EMPTY_LIST: [u8; 4] = 0_u32.to_le_bytes();
const RECORD_HEAD_BYTES: usize = 12;
/// Longest payload: a proof with its work height; no entry comes near it.
const PAYLOAD_BYTES_MAX: usize = limits::SYSTEM_CALL_BYTES_MAX + 64;
/// In the place of an entry's number: the record holds a proof. Entries begin with 1.
const OF_PROOF: u64 = 0;

/// What a disk holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The last snapshot.
    pub snapshot: Option<Vec<u8>>,
    /// What was appended since, or since an earlier one.
    pub journal: Vec<u8>,
    /// The file of proofs that versions before `THRBOOK4` kept apart: records as in the journal, of a system call each.
    pub former_proofs: Vec<u8>,
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
    /// Proofs that may still have to be in a block, as from before this start.
    pub proofs: KeptProofs,
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
    record(&borsh::to_vec(&(sequence, entry)).expect("writing to memory cannot fail"))
}

/// The bytes to append for a proof.
#[must_use]
pub fn encode_proof(proof: &KeptProof) -> Vec<u8> {
    record(&borsh::to_vec(&(OF_PROOF, proof)).expect("writing to memory cannot fail"))
}

fn record(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a call has 32 KiB at most").to_le_bytes();
    let mut bytes = Vec::with_capacity(RECORD_HEAD_BYTES.saturating_add(payload.len()));
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&crc32c::crc32c(&length).to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The book and the proofs as a snapshot.
#[must_use]
pub fn snapshot(book: &Book, proofs: &KeptProofs) -> Vec<u8> {
    let proofs: Vec<_> = proofs.iter().collect();
    let body = borsh::to_vec(&(book, proofs)).expect("writing to memory cannot fail");
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

/// The book as far as what a disk holds is whole, every proof that is whole, and what is wrong.
#[must_use]
pub fn recover_whole(stored: &Stored) -> (Recovered, Option<LedgerError>) {
    let (mut book, mut closed, mut replayed) = (Book::default(), None, 0_u64);
    let mut proofs: Vec<SystemCall> = calls_in(&stored.former_proofs);
    let mut reader = Journal { bytes: &stored.journal, offset: 0 };
    let error = match stored.snapshot.as_deref().map(read_snapshot).transpose() {
        // What follows is of no use without what it follows on.
        Err(error) => Some(error),
        Ok(found) => {
            let (found, kept) = found.unwrap_or_default();
            book = found;
            proofs.extend(kept.into_iter().map(|proof| proof.call));
            loop {
                match reader.next() {
                    Ok(None) => break None,
                    Ok(Some(Record::Proof(proof))) => proofs.push(proof.call),
                    Ok(Some(Record::Entry(sequence, _))) if sequence <= book.sequence() => {}
                    Ok(Some(Record::Entry(sequence, entry))) => match replay(&mut book, sequence, &entry) {
                        Ok(closes) => {
                            replayed = replayed.saturating_add(1);
                            closed = closes.or(closed);
                        }
                        Err(error) => break Some(error),
                    },
                    Err(error) => break Some(error),
                }
            }
        }
    };
    if error.is_some() {
        proofs.extend(proofs_in(stored.journal.get(reader.offset..).unwrap_or_default()));
    }
    // A crash between a new snapshot and the emptying of the journal leaves some in both.
    let mut seen = BTreeSet::new();
    proofs.retain(|call| seen.insert((call.module, call.body.clone())));
    let torn_bytes = stored.journal.len().saturating_sub(reader.offset);
    (Recovered { book, replayed, closed, proofs: KeptProofs::from_before(proofs), torn_bytes }, error)
}

/// Applies the entry after those that the book has, and tells of the work that it closed.
fn replay(book: &mut Book, sequence: u64, entry: &Entry) -> Result<Option<Closed>, LedgerError> {
    let after = book.sequence();
    if sequence != after.saturating_add(1) {
        return Err(LedgerError::Gap { after, found: sequence });
    }
    book.apply_and_close(entry).map_err(|error| LedgerError::Entry { sequence, error })
}

fn read_snapshot(bytes: &[u8]) -> Result<(Book, Vec<KeptProof>), LedgerError> {
    let former = FORMER_MAGICS.iter().find_map(|(magic, lacks)| Some((bytes.strip_prefix(*magic)?, *lacks)));
    let Some((rest, lacks)) = bytes.strip_prefix(MAGIC).map(|rest| (rest, 0)).or(former) else {
        return Err(LedgerError::Snapshot("it does not begin with THRBOOK4"));
    };
    let (sum, body) = rest.split_first_chunk::<4>().ok_or(LedgerError::Snapshot("it is too short"))?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
        return Err(LedgerError::Snapshot("its checksum does not match"));
    }
    let whole = [body, &EMPTY_LIST.repeat(lacks)].concat();
    <(Book, Vec<KeptProof>)>::try_from_slice(&whole).map_err(|_| LedgerError::Snapshot("it does not hold a book"))
}

/// What a record of the journal holds.
enum Record {
    Entry(u64, Entry),
    Proof(KeptProof),
}

impl Record {
    fn read(payload: &[u8]) -> Option<Self> {
        let (number, rest) = payload.split_first_chunk::<8>()?;
        match u64::from_le_bytes(*number) {
            OF_PROOF => KeptProof::try_from_slice(rest).ok().map(Self::Proof),
            sequence => Entry::try_from_slice(rest).ok().map(|entry| Self::Entry(sequence, entry)),
        }
    }
}

struct Journal<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Journal<'_> {
    /// The next whole record; nothing at the end, be it whole or torn.
    fn next(&mut self) -> Result<Option<Record>, LedgerError> {
        let damaged = |reason| LedgerError::Journal { offset: self.offset, reason };
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        match find(rest) {
            Found::Payload { payload, .. } => {
                let record = Record::read(payload).ok_or_else(|| damaged("a record holds no entry"))?;
                self.offset = self.offset.saturating_add(RECORD_HEAD_BYTES).saturating_add(payload.len());
                Ok(Some(record))
            }
            Found::Incomplete => Ok(None),
            // A file that grew before its content arrived ends in zeros.
            Found::Wrong { behind, .. } if behind.iter().all(|byte| *byte == 0) => Ok(None),
            Found::Wrong { reason, .. } => Err(damaged(reason)),
        }
    }
}

/// What stands at the beginning of some bytes.
enum Found<'a> {
    Payload {
        payload: &'a [u8],
        rest: &'a [u8],
    },
    /// A record that begins here and whose end is not there, or nothing.
    Incomplete,
    /// Something that was never written. If what stands behind is nothing but zeros, it is the torn end of the file.
    Wrong {
        reason: &'static str,
        behind: &'a [u8],
        /// The next record begins so many bytes on, at the least.
        step: usize,
    },
}

fn find(bytes: &[u8]) -> Found<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<RECORD_HEAD_BYTES>() else { return Found::Incomplete };
    let [length, length_sum, payload_sum] = words(head);
    if crc32c::crc32c(&length.to_le_bytes()) != length_sum {
        return Found::Wrong { reason: "the length's checksum does not match", behind: bytes, step: 1 };
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > PAYLOAD_BYTES_MAX {
        return Found::Wrong { reason: "a record is too long", behind: head, step: 1 };
    }
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Found::Incomplete };
    if crc32c::crc32c(payload) != payload_sum {
        // Its length is right, so what stands within it is not taken for records.
        let step = RECORD_HEAD_BYTES.saturating_add(length);
        return Found::Wrong { reason: "a record's checksum does not match", behind: rest, step };
    }
    Found::Payload { payload, rest }
}

/// The payloads of all records that are whole, whatever stands between them.
fn payloads_in(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut payloads = Vec::new();
    while !bytes.is_empty() {
        let step = match find(bytes) {
            Found::Payload { payload, rest } => {
                payloads.push(payload);
                bytes = rest;
                continue;
            }
            Found::Incomplete => 1,
            Found::Wrong { step, .. } => step,
        };
        bytes = bytes.get(step..).unwrap_or_default();
    }
    payloads
}

fn proofs_in(bytes: &[u8]) -> impl Iterator<Item = SystemCall> {
    let records = payloads_in(bytes).into_iter().filter_map(Record::read);
    records.filter_map(|record| if let Record::Proof(proof) = record { Some(proof.call) } else { None })
}

fn calls_in(bytes: &[u8]) -> Vec<SystemCall> {
    payloads_in(bytes).into_iter().filter_map(|payload| SystemCall::try_from_slice(payload).ok()).collect()
}

fn words(head: &[u8; RECORD_HEAD_BYTES]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *head;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_le_bytes)
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
