//! The log itself: records are collected in memory, written with one append, and made durable with one sync.
//!
//! It must not know what a record means nor when to sync. Invariants:
//! - what [`Journal::sync`] returned for is found by [`Journal::open`], in the order in which it was appended;
//! - after a failed write or sync nothing is written or synced again: the operating system may have dropped the
//!   dirty pages and would report success for bytes that are not on the disk;
//! - a segment goes only when a durable floor is at or above all its records, oldest first;
//! - the segment with the newest floor record is never dropped.

use std::collections::VecDeque;

use types::canary::{Canary, planted};
use types::{ChainId, Epoch, Height, View};

use crate::disk::{Disk, DiskError};
use crate::error::JournalError;
use crate::head::{HEAD_FILE, Head, segment_file, segment_number};
use crate::sealed::take_u64;
use crate::segment::{
    FLOOR_KIND, RECORD_BYTES_MAX, Record, SEGMENT_HEADER_BYTES, SegmentEnd, decode_segment, encode_record,
    record_length, segment_header,
};

/// The length at which a daemon's log begins a new segment. One batch always stays in one segment.
pub const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;

/// A view of an epoch; epochs count more than views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The epoch.
    pub epoch: Epoch,
    /// The view in it.
    pub view: View,
}

/// How far the state is durable without the log: the block at `height`, finalized at `epoch` and `view`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The block's height.
    pub height: Height,
    /// The epoch.
    pub epoch: Epoch,
    /// The view. No vote of any kind is ever made at or below it.
    pub view: View,
}

impl Floor {
    /// The floor's place among the views.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { epoch: self.epoch, view: self.view }
    }

    fn to_record(self) -> Record {
        let bytes = self.height.0.to_le_bytes().to_vec();
        Record { kind: FLOOR_KIND, epoch: self.epoch, view: self.view, bytes }
    }

    fn from_record(record: &Record) -> Option<Self> {
        let mut bytes = record.bytes.as_slice();
        let height = take_u64(&mut bytes).filter(|_| bytes.is_empty())?;
        Some(Self { height: Height(height), epoch: record.epoch, view: record.view })
    }
}

/// Whether a disk holds a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogState {
    /// No log was ever completed here.
    Absent,
    /// There is one; whether it is whole shows when it is opened.
    Present,
}

/// An incomplete record at the end of the log, which was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// The segment.
    pub file: String,
    /// Where the incomplete record began, in bytes.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
}

/// What [`Journal::open`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Whether there was a log before.
    pub before: LogState,
    /// The newest floor.
    pub floor: Option<Floor>,
    /// The incomplete end that was cut.
    pub torn: Option<TornTail>,
}

/// The size of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalStatus {
    /// Number of segment files.
    pub segments: usize,
    /// Their bytes, without what is not written yet.
    pub bytes: u64,
    /// Records that wait for [`Journal::sync`].
    pub waiting: usize,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    bytes: u64,
    /// The highest position of a record in it.
    highest: Option<Position>,
}

/// The consensus log of one validator.
#[derive(Debug)]
pub struct Journal<D> {
    disk: D,
    chain: ChainId,
    segment_bytes: u64,
    /// Oldest first, never empty; the last one is written to.
    segments: VecDeque<Segment>,
    waiting: Vec<Record>,
    floor: Option<Floor>,
    /// Whether a floor waits to become durable, so that segments may go.
    floor_waits: bool,
    poison: Option<DiskError>,
}

impl<D: Disk> Journal<D> {
    /// Whether there is a log on this disk. To be asked before [`Journal::open`], which makes one.
    ///
    /// # Errors
    /// [`DiskError`] when the disk cannot be read.
    pub fn state(disk: &D) -> Result<LogState, DiskError> {
        let mut is_present = disk.read(HEAD_FILE)?.is_some();
        for name in disk.list()? {
            // A first segment without records is what a crash leaves of a log that was never completed.
            is_present |= match segment_number(&name) {
                Some(1) => disk.read(&name)?.is_some_and(|bytes| bytes.len() > SEGMENT_HEADER_BYTES),
                number => number.is_some(),
            };
        }
        Ok(if is_present { LogState::Present } else { LogState::Absent })
    }

    /// Opens the log, or makes an empty one; a segment that has reached `segment_bytes` (a daemon's:
    /// [`SEGMENT_BYTES`]) is followed by a new one. The records come in the order in which they were appended, those at
    /// or below the floor included as long as their segment is there, floor records left out.
    ///
    /// What was read is durable when this returns: the last segment is written afresh, because a page that an
    /// earlier process failed to sync may be readable and yet not on the disk.
    ///
    /// # Errors
    /// [`JournalError`] for damage, a missing file, another chain, a newer format, or a failing disk.
    pub fn open(
        mut disk: D,
        chain: ChainId,
        segment_bytes: u64,
    ) -> Result<(Self, Vec<Record>, Recovery), JournalError> {
        let before = Self::state(&disk)?;
        let head = match disk.read(HEAD_FILE)? {
            Some(bytes) => Head::decode(chain, &bytes)?,
            None if before == LogState::Present => return Err(JournalError::Missing { file: HEAD_FILE.to_owned() }),
            None => start(&mut disk, chain)?,
        };
        remove_leftovers(&mut disk, head)?;
        let mut segments: VecDeque<Segment> = VecDeque::new();
        let mut records = Vec::new();
        let mut recovery = Recovery { before, floor: None, torn: None };
        for number in head.first..=head.last {
            let (segment, found) = read_segment(&mut disk, chain, number, segments.back(), &mut recovery.torn, head)?;
            segments.push_back(segment);
            for record in found {
                if record.kind == FLOOR_KIND {
                    let what = "a floor record has another length than such a record has";
                    let floor = Floor::from_record(&record);
                    recovery.floor = Some(floor.ok_or_else(|| damaged(segment_file(number), 0, what))?);
                } else {
                    records.push(record);
                }
            }
        }
        let floor = recovery.floor;
        let (waiting, floor_waits, poison) = (Vec::new(), false, None);
        let journal = Self { disk, chain, segment_bytes, segments, waiting, floor, floor_waits, poison };
        Ok((journal, records, recovery))
    }

    /// Takes a record for the next [`Journal::sync`]. A record at or below the floor is taken as well.
    ///
    /// # Errors
    /// [`JournalError`] for kind 0, a record that is too long, or when an earlier write failed.
    pub fn append(&mut self, record: Record) -> Result<(), JournalError> {
        self.check_poison()?;
        if record.kind == FLOOR_KIND {
            return Err(JournalError::ReservedKind);
        }
        if record.bytes.len() > RECORD_BYTES_MAX {
            return Err(JournalError::RecordTooLong { bytes: record.bytes.len(), bytes_max: RECORD_BYTES_MAX });
        }
        self.waiting.push(record);
        Ok(())
    }

    /// Takes a floor: the state up to it is durable elsewhere. It rides with the next [`Journal::sync`], which
    /// then drops the oldest segments that lie wholly at or below it.
    ///
    /// # Errors
    /// [`JournalError`] for a floor below the present one, or when an earlier write failed.
    pub fn floor(&mut self, floor: Floor) -> Result<(), JournalError> {
        self.check_poison()?;
        if let Some(present) = self.floor {
            if floor == present {
                return Ok(());
            }
            if floor.position() < present.position() || floor.height < present.height {
                return Err(JournalError::FloorMovesBack { from: present.height, to: floor.height });
            }
        }
        self.waiting.push(floor.to_record());
        self.floor = Some(floor);
        self.floor_waits = true;
        Ok(())
    }

    /// Makes everything appended so far durable: one append and one sync for all of it, or nothing at all when
    /// nothing waits. Only when this has returned may anything leave that rests on the records.
    ///
    /// # Errors
    /// [`JournalError::Disk`] the first time the disk fails, [`JournalError::Poisoned`] ever after.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.check_poison()?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        let done = self.write_waiting().and_then(|()| self.drop_segments());
        if let Err(error) = &done {
            self.poison = Some(error.clone());
        }
        done.map_err(JournalError::Disk)
    }

    /// The floor, durable or waiting.
    #[must_use]
    pub const fn current_floor(&self) -> Option<Floor> {
        self.floor
    }

    /// The size of the log.
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        let bytes = self.segments.iter().fold(0, |sum: u64, segment| sum.saturating_add(segment.bytes));
        JournalStatus { segments: self.segments.len(), bytes, waiting: self.waiting.len() }
    }

    fn check_poison(&self) -> Result<(), JournalError> {
        match &self.poison {
            Some(error) => Err(JournalError::Poisoned(error.clone())),
            None => Ok(()),
        }
    }

    fn write_waiting(&mut self) -> Result<(), DiskError> {
        if self.last().bytes >= self.segment_bytes {
            self.next_segment()?;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let segment = self.segments.back_mut().expect("a log has at least one segment");
        let length = waiting.iter().fold(0_u64, |sum, record| sum.saturating_add(record_length(record)));
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        for record in &waiting {
            let offset = segment.bytes.saturating_add(bytes.len() as u64);
            encode_record(record, segment.number, offset, &mut bytes);
            segment.highest = segment.highest.max(Some(record.position()));
        }
        segment.bytes = segment.bytes.saturating_add(bytes.len() as u64);
        let file = segment_file(segment.number);
        self.disk.append(&file, &bytes)?;
        match self.disk.sync(&file) {
            Err(_) if planted(Canary::SyncErrorRetried) => self.disk.sync(&file),
            synced => synced,
        }
    }

    fn next_segment(&mut self) -> Result<(), DiskError> {
        let number = self.last().number.checked_add(1).expect("2^64 segments of 8 MiB are never written");
        let header = segment_header(self.chain, number, self.last().bytes);
        self.disk.create(&segment_file(number), &header)?;
        self.segments.push_back(Segment { number, bytes: header.len() as u64, highest: None });
        self.write_head()
    }

    /// Drops the oldest segments that a durable floor has made needless.
    fn drop_segments(&mut self) -> Result<(), DiskError> {
        let Some(floor) = self.floor.filter(|_| self.floor_waits) else {
            return Ok(());
        };
        self.floor_waits = false;
        let reach = Some(floor.position());
        let mut needless = Vec::new();
        while self.segments.len() > 1 && self.segments.front().is_some_and(|oldest| oldest.highest <= reach) {
            needless.extend(self.segments.pop_front());
        }
        if needless.is_empty() {
            return Ok(());
        }
        self.write_head()?;
        needless.iter().try_for_each(|segment| self.disk.remove(&segment_file(segment.number)))
    }

    fn write_head(&mut self) -> Result<(), DiskError> {
        let first = self.segments.front().map_or(1, |segment| segment.number);
        let head = Head { first, last: self.last().number };
        self.disk.replace(HEAD_FILE, &head.encode(self.chain))
    }

    fn last(&self) -> &Segment {
        self.segments.back().expect("a log has at least one segment")
    }
}

impl Record {
    /// The record's place among the views.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { epoch: self.epoch, view: self.view }
    }
}

/// Reads one segment. If it is the last one it loses its incomplete end and is written afresh.
fn read_segment<D: Disk>(
    disk: &mut D,
    chain: ChainId,
    number: u64,
    before: Option<&Segment>,
    torn: &mut Option<TornTail>,
    head: Head,
) -> Result<(Segment, Vec<Record>), JournalError> {
    let file = segment_file(number);
    let bytes = disk.read(&file)?.ok_or_else(|| JournalError::Missing { file: file.clone() })?;
    let content = decode_segment(&file, chain, number, &bytes)?;
    if let Some(before) = before.filter(|before| before.bytes != content.length_before)
        && !planted(Canary::TornLogIgnored)
    {
        let what = "the file is not as long as it was when the next one was begun";
        return Err(damaged(segment_file(before.number), usize::try_from(before.bytes).unwrap_or_default(), what));
    }
    let is_last = number == head.last;
    let length = match content.end {
        SegmentEnd::Whole => bytes.len(),
        SegmentEnd::Torn(offset) if is_last => {
            let cut = bytes.len().saturating_sub(offset) as u64;
            *torn = Some(TornTail { file: file.clone(), offset: offset as u64, bytes: cut });
            offset
        }
        SegmentEnd::Torn(offset) | SegmentEnd::Damaged(offset, _) if planted(Canary::TornLogIgnored) => offset,
        SegmentEnd::Torn(offset) => return Err(damaged(file, offset, "the file ends inside a record")),
        SegmentEnd::Damaged(offset, what) => return Err(damaged(file, offset, what)),
    };
    if is_last {
        disk.replace(&file, bytes.get(..length).unwrap_or(&bytes))?;
    }
    let highest = content.records.iter().map(Record::position).max();
    Ok((Segment { number, bytes: length as u64, highest }, content.records))
}

fn damaged(file: String, offset: usize, what: &'static str) -> JournalError {
    JournalError::Damaged { file, offset: offset as u64, what }
}

/// Makes the first segment and the head. Without a head no record was ever written, so a first segment that a
/// crash left behind has at most its header.
fn start<D: Disk>(disk: &mut D, chain: ChainId) -> Result<Head, JournalError> {
    let head = Head { first: 1, last: 1 };
    if disk.read(&segment_file(1))?.is_some() {
        disk.remove(&segment_file(1))?;
    }
    disk.create(&segment_file(1), &segment_header(chain, 1, 0))?;
    disk.replace(HEAD_FILE, &head.encode(chain))?;
    Ok(head)
}

/// Removes what a crash left behind: dropped segments, and a next segment that the head does not name yet.
fn remove_leftovers<D: Disk>(disk: &mut D, head: Head) -> Result<(), JournalError> {
    let mut numbers: Vec<u64> = disk.list()?.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    for number in numbers {
        if number < head.first {
            disk.remove(&segment_file(number))?;
        } else if Some(number) == head.last.checked_add(1) {
            remove_unused(disk, number)?;
        } else if number > head.last {
            let what = "it names fewer segments than there are";
            return Err(damaged(HEAD_FILE.to_owned(), 0, what));
        }
    }
    Ok(())
}

/// Removes a segment that holds nothing but a part of its header.
fn remove_unused<D: Disk>(disk: &mut D, number: u64) -> Result<(), JournalError> {
    let file = segment_file(number);
    if disk.read(&file)?.is_some_and(|bytes| bytes.len() > SEGMENT_HEADER_BYTES) {
        return Err(damaged(file, 0, "`log-head` does not name this segment, yet it is in use"));
    }
    Ok(disk.remove(&file)?)
}
