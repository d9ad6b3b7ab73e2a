//! Proofs on disk until they must be in a block, so that one that was accepted survives whatever ends the process.
//!
//! A file of records, each with its length and checksum; a torn end is cut off. It must not know what a proof is. Invariant: a
//! proof is synced before [`Kept::keep`] returns, and its sender hears of it only then.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use types::SystemCall;

/// Length and CRC-32C of a record, four bytes each, little-endian.
const HEAD_BYTES: usize = 8;
/// The file is written anew when it is longer than this and at least half of it is no longer needed.
const BYTES_MAX: usize = 1 << 20;
/// Stands for the work height of what was there at the start.
const FROM_BEFORE: u64 = 0;
/// For how many works it is kept.
const KEPT_FROM_BEFORE: u64 = 3;

/// The proofs of the newest work heights.
pub(super) struct Kept {
    path: PathBuf,
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    bytes: usize,
    /// Work height and record, oldest first.
    records: VecDeque<(u64, Vec<u8>)>,
    records_bytes: usize,
}

impl Kept {
    /// Opens the file, or makes it, and reads what is in it.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<SystemCall>)> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut calls = Vec::new();
        let mut records = VecDeque::new();
        let mut rest = bytes.as_slice();
        while let Some((record, tail)) = split_record(rest) {
            let Some(call) = record.get(HEAD_BYTES..).and_then(|body| borsh::from_slice::<SystemCall>(body).ok())
            else {
                break;
            };
            calls.push(call);
            records.push_back((FROM_BEFORE, record.to_vec()));
            rest = tail;
        }
        let whole = bytes.len().saturating_sub(rest.len());
        if !rest.is_empty() {
            tracing::warn!(path = %path.display(), bytes = rest.len(), "a torn end of the proofs was cut off");
            file.set_len(whole as u64)?;
            file.sync_all()?;
        }
        let inner = Inner { file, bytes: whole, records, records_bytes: whole };
        Ok((Self { path: path.to_owned(), inner: Mutex::new(inner) }, calls))
    }

    /// Writes and syncs these, each with its work height.
    pub(super) fn keep(&self, calls: &[(u64, SystemCall)]) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Vec<_> = calls.iter().map(|(height, call)| (*height, record_of(call))).collect();
        let bytes: Vec<u8> = records.iter().flat_map(|(_, record)| record).copied().collect();
        inner.file.write_all(&bytes)?;
        inner.file.sync_data()?;
        inner.bytes += bytes.len();
        inner.records_bytes += bytes.len();
        inner.records.extend(records);
        Ok(())
    }

    /// Works from this height on are of use; what is older need not be kept. Never fails: a file that is too long does no harm.
    pub(super) fn forget_below(&self, height: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // Whatever work it was for, what was there at the start is kept until the chain is three works on.
        for (of, _) in inner.records.iter_mut().take_while(|(of, _)| *of == FROM_BEFORE) {
            *of = height.saturating_add(KEPT_FROM_BEFORE);
        }
        while inner.records.front().is_some_and(|(of, _)| *of < height) {
            if let Some((_, record)) = inner.records.pop_front() {
                inner.records_bytes = inner.records_bytes.saturating_sub(record.len());
            }
        }
        if inner.bytes > BYTES_MAX && inner.records_bytes <= inner.bytes / 2 {
            match rewrite(&self.path, &inner.records) {
                Ok(file) => (inner.file, inner.bytes) = (file, inner.records_bytes),
                Err(error) => tracing::warn!(%error, path = %self.path.display(), "old proofs cannot be removed"),
            }
        }
    }
}

/// Writes these beside the file, and puts them in its place.
fn rewrite(path: &Path, records: &VecDeque<(u64, Vec<u8>)>) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    for (_, record) in records {
        file.write_all(record)?;
    }
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    OpenOptions::new().append(true).open(path)
}

fn record_of(call: &SystemCall) -> Vec<u8> {
    let body = borsh::to_vec(call).expect("writing to memory cannot fail");
    let length = u32::try_from(body.len()).expect("a system call is far shorter than 4 GiB");
    [&length.to_le_bytes()[..], &crc32c::crc32c(&body).to_le_bytes(), &body].concat()
}

/// The first record, if it is whole.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let body = rest.get(..length)?;
    (crc32c::crc32c(body) == u32::from_le_bytes(*checksum)).then(|| bytes.split_at(HEAD_BYTES + length))
}

#[cfg(test)]
mod tests {
    use types::{ByteString, ModuleId};

    use super::*;

    fn call(byte: u8) -> SystemCall {
        SystemCall { module: ModuleId(3), body: ByteString::new(vec![byte; 300]).unwrap() }
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart_and_a_torn_end_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let (kept, none) = Kept::open(&path).unwrap();
        assert_eq!(none, []);
        kept.keep(&[(1, call(1)), (1, call(2))]).unwrap();
        kept.keep(&[(2, call(3))]).unwrap();
        drop(kept);
        let whole = std::fs::read(&path).unwrap();
        let record = whole.len() / 3;
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (_, calls) = Kept::open(&path).unwrap();
            assert_eq!(calls, [call(1), call(2), call(3)][..length / record]);
            assert_eq!(std::fs::read(&path).unwrap().len(), length / record * record);
        }
        let mut damaged = whole.clone();
        damaged[record + 20] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(Kept::open(&path).unwrap().1, [call(1)]);
    }

    #[test]
    fn what_no_work_needs_any_more_leaves_the_file_when_it_has_grown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let (kept, _) = Kept::open(&path).unwrap();
        for height in 1..=40 {
            kept.keep(&vec![(height, call(u8::try_from(height).unwrap())); 100]).unwrap();
        }
        let long = std::fs::metadata(&path).unwrap().len();
        assert!(long > BYTES_MAX as u64);
        kept.forget_below(40);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), long / 40);
        drop(kept);
        let (kept, again) = Kept::open(&path).unwrap();
        assert_eq!(again.len(), 100);
        kept.forget_below(42);
        kept.forget_below(44);
        assert_eq!(kept.inner.lock().unwrap().records.len(), 100, "what came back is kept for three works");
        kept.keep(&[(41, call(41))]).unwrap();
        drop(kept);
        let (_, calls) = Kept::open(&path).unwrap();
        assert_eq!((calls.len(), calls.first(), calls.last()), (101, Some(&call(40)), Some(&call(41))));
    }
}
