//! One segment of the log: a sealed header, then records.
//!
//! It must not know files or what a record means. Invariants: a record is bound to its segment and offset, so one
//! that was moved, repeated or left over from an earlier file is damage; a record whose end lies beyond the end of
//! the file is *torn*, and so is one of which zeros are left from its beginning, or from a sector of the file, to the end
//! of the file: a file system may have made the file longer before the content came. Everything else that is not a
//! whole record is damage. The header names the length of the segment before, so that one that was cut between two
//! records is noticed.
//!
//! Layout of a record, integers little-endian:
//! `length u32 | crc32c of bytes u32 | kind u8 | epoch u64 | view u64 | crc32c of (segment, offset, all before) u32 | bytes`.
//! The head has a checksum of its own, because a damaged length must not make the rest of the file look torn.

use types::{ChainId, Epoch, View, limits};

use crate::error::JournalError;
use crate::sealed::{Format, take, take_u64};

/// Most bytes of one record: a body with its header and some room.
pub const RECORD_BYTES_MAX: usize = 5 * 1024 * 1024;
/// The kind of the log's own floor records. Callers number theirs from 1.
pub const FLOOR_KIND: u8 = 0;

const _: () = assert!(limits::BODY_BYTES_MAX + limits::HEADER_BYTES_MAX < RECORD_BYTES_MAX);

const FORMAT: Format = Format { magic: *b"THRONLOG", version: 1, payload_bytes: 16 };
/// Bytes before the first record.
pub(crate) const SEGMENT_HEADER_BYTES: usize = FORMAT.bytes();
const CHECKED_HEAD_BYTES: usize = 4 + 4 + 1 + 8 + 8;
const RECORD_HEAD_BYTES: usize = CHECKED_HEAD_BYTES + 4;
/// The least that a disk writes at once; what a file system does is a multiple of it.
const SECTOR_BYTES: usize = 512;
/// More zeros than any record of the engine ends in.
const ZEROS_MIN: usize = 64;

/// Something that the caller wants to find again after a crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is, numbered by the caller from 1.
    pub kind: u8,
    /// The epoch it speaks of.
    pub epoch: Epoch,
    /// The view it speaks of; when the floor has passed it, the record may go.
    pub view: View,
    /// The caller's canonical bytes, at most [`RECORD_BYTES_MAX`].
    pub bytes: Vec<u8>,
}

/// How the records of a segment end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentEnd {
    /// With the file.
    Whole,
    /// In the middle of a record that begins at this offset.
    Torn(usize),
    /// At this offset is something that was never written there.
    Damaged(usize, &'static str),
}

/// What a segment file holds.
#[derive(Debug)]
pub(crate) struct Content {
    /// Length of the segment before, in bytes; 0 for the first.
    pub(crate) length_before: u64,
    /// The whole records.
    pub(crate) records: Vec<Record>,
    /// What comes after them.
    pub(crate) end: SegmentEnd,
}

/// The content of a segment file without records.
pub(crate) fn segment_header(chain: ChainId, number: u64, length_before: u64) -> Vec<u8> {
    let mut payload = number.to_le_bytes().to_vec();
    payload.extend_from_slice(&length_before.to_le_bytes());
    FORMAT.seal(chain, &payload)
}

/// Appends the record's bytes to `to`, for offset `offset` of segment `number`.
pub(crate) fn encode_record(record: &Record, number: u64, offset: u64, to: &mut Vec<u8>) {
    let length = u32::try_from(record.bytes.len()).expect("a record is bounded by RECORD_BYTES_MAX");
    let mut head = Vec::with_capacity(RECORD_HEAD_BYTES);
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(&crc32c::crc32c(&record.bytes).to_le_bytes());
    head.push(record.kind);
    head.extend_from_slice(&record.epoch.0.to_le_bytes());
    head.extend_from_slice(&record.view.0.to_le_bytes());
    let crc = head_crc(&head, number, offset);
    head.extend_from_slice(&crc.to_le_bytes());
    to.extend_from_slice(&head);
    to.extend_from_slice(&record.bytes);
}

/// Bytes that a record takes in its segment.
pub(crate) const fn record_length(record: &Record) -> u64 {
    (record.bytes.len() as u64).saturating_add(RECORD_HEAD_BYTES as u64)
}

/// Reads a segment file: all whole records up to its end, or up to what is wrong.
///
/// # Errors
/// [`JournalError`] when the header is damaged, of another chain, or newer than this software.
pub(crate) fn decode_segment(file: &str, chain: ChainId, number: u64, bytes: &[u8]) -> Result<Content, JournalError> {
    let (header, mut rest) = bytes.split_at_checked(SEGMENT_HEADER_BYTES).unwrap_or((bytes, &[]));
    let mut payload = FORMAT.unseal(file, chain, header)?;
    let found = take_u64(&mut payload);
    let length_before = take_u64(&mut payload).unwrap_or_default();
    if found != Some(number) {
        let what = "the segment's number is not the one in its name";
        return Err(JournalError::Damaged { file: file.to_owned(), offset: 0, what });
    }
    let mut records = Vec::new();
    let end = loop {
        let offset = bytes.len().saturating_sub(rest.len());
        if rest.is_empty() {
            break SegmentEnd::Whole;
        }
        match decode_record(&mut rest, number, offset as u64) {
            Decoded::Record(record) => records.push(record),
            Decoded::Torn => break SegmentEnd::Torn(offset),
            Decoded::Damaged(_) if ends_in_zeros(bytes, offset) => break SegmentEnd::Torn(offset),
            Decoded::Damaged(what) => break SegmentEnd::Damaged(offset, what),
        }
    };
    Ok(Content { length_before, records, end })
}

/// Whether a file that is not whole from `offset` on, where a record begins, has grown by bytes that were never
/// written: all of them, or those from the first sector of the file that belongs to the record and to nothing before it.
fn ends_in_zeros(bytes: &[u8], offset: usize) -> bool {
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    let sector = written.next_multiple_of(SECTOR_BYTES);
    // A record may end in a few zeros of its own.
    let is_unwritten = sector > offset && bytes.len().saturating_sub(sector) >= ZEROS_MIN;
    written <= offset || (is_unwritten && sector < record_end(bytes, offset))
}

/// Where the record at `offset` ends, by what is left of its head.
fn record_end(bytes: &[u8], offset: usize) -> usize {
    let length =
        bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |length| u32::from_le_bytes(*length));
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(RECORD_BYTES_MAX);
    offset.saturating_add(RECORD_HEAD_BYTES).saturating_add(length)
}

enum Decoded {
    Record(Record),
    Torn,
    Damaged(&'static str),
}

fn decode_record(rest: &mut &[u8], number: u64, offset: u64) -> Decoded {
    let Some((head, after)) = rest.split_at_checked(RECORD_HEAD_BYTES) else {
        return Decoded::Torn;
    };
    let (checked, crc) = head.split_at_checked(CHECKED_HEAD_BYTES).unwrap_or_default();
    if crc != head_crc(checked, number, offset).to_le_bytes() {
        return Decoded::Damaged("the checksum of a record's head does not match");
    }
    let mut fields = checked;
    let Some((length, bytes_crc, [kind], epoch, view)) = take(&mut fields).and_then(|length| {
        Some((
            u32::from_le_bytes(length),
            take(&mut fields)?,
            take(&mut fields)?,
            take_u64(&mut fields)?,
            take_u64(&mut fields)?,
        ))
    }) else {
        return Decoded::Damaged("a record's head is incomplete");
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > RECORD_BYTES_MAX {
        return Decoded::Damaged("a record is longer than any record may be");
    }
    let Some((bytes, after)) = after.split_at_checked(length) else {
        return Decoded::Torn;
    };
    if crc32c::crc32c(bytes).to_le_bytes() != bytes_crc {
        return Decoded::Damaged("the checksum of a record does not match");
    }
    *rest = after;
    Decoded::Record(Record { kind, epoch: Epoch(epoch), view: View(view), bytes: bytes.to_vec() })
}

fn head_crc(head: &[u8], number: u64, offset: u64) -> u32 {
    let crc = crc32c::crc32c(&number.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &offset.to_le_bytes());
    crc32c::crc32c_append(crc, head)
}
