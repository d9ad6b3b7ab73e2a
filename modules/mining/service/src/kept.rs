//! Proofs on disk until they must be in a block, so that one that was accepted survives whatever ends the process.
//!
//! A [`Log`] of them; an incomplete last one is cut off. Invariants: a proof is synced before [`Kept::keep`] returns, and its sender
//! hears of it only then; damage costs the records that it hit and no other, and the damaged file is kept beside the new one.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use service::log::{
    Log, LogBounds, LogError, LogFault, OnDamage, OpenedLog, RECORD_HEAD_BYTES, fault_of as log_fault_of,
};
use types::{SystemCall, limits};

/// The file is written anew when it is longer than this and at least half of it is no longer needed.
const BYTES_MAX: usize = 1 << 20;
/// Bytes of proofs that are kept for a start; the oldest, which have had most time to get into a block, give way.
const RECORDS_BYTES_MAX: usize = 8 << 20;
/// A call with its module and the length of its body.
const BOUNDS: LogBounds =
    LogBounds { record_bytes_max: limits::SYSTEM_CALL_BYTES_MAX + 64, file_bytes_max: 8 * RECORDS_BYTES_MAX as u64 };
/// Stands for the work height of what was there at the start.
const FROM_BEFORE: u64 = 0;
/// For how many works it is kept.
const KEPT_FROM_BEFORE: u64 = 3;

/// The proofs of the newest work heights.
pub(super) struct Kept {
    inner: Mutex<Inner>,
}

struct Inner {
    log: Log,
    /// Work height and record, oldest first.
    records: VecDeque<(u64, Vec<u8>)>,
    records_bytes: usize,
}

impl Inner {
    fn forget_oldest(&mut self) {
        let bytes = self.records.pop_front().map_or(self.records_bytes, |(_, record)| bytes_of(&record));
        self.records_bytes = self.records_bytes.saturating_sub(bytes);
    }

    /// Writes the file with what is kept, and nothing else.
    fn rewrite(&mut self) -> Result<(), LogError> {
        self.log.rewrite(self.records.iter().map(|(_, record)| record.as_slice()))
    }

    /// The same where nothing hangs on it.
    fn shrink(&mut self) {
        if let Err(error) = self.rewrite() {
            tracing::warn!(%error, "old proofs cannot be removed");
        }
    }
}

/// What a record takes of the file.
fn bytes_of(record: &[u8]) -> usize {
    RECORD_HEAD_BYTES.saturating_add(record.len())
}

/// How a file of proofs ends, if not as it should: nothing, an incomplete end (true), or damage.
pub(super) fn fault_of(bytes: &[u8]) -> Option<(bool, String)> {
    log_fault_of(bytes, BOUNDS.record_bytes_max).map(|fault| match fault {
        LogFault::Torn(_) => (true, "an incomplete last proof".to_owned()),
        LogFault::Damaged(offset, what) => (false, format!("damaged at byte {offset} ({what})")),
    })
}

impl Kept {
    /// Opens the file, or makes it, and reads what is in it.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<SystemCall>)> {
        let opened = Log::open(path, BOUNDS, OnDamage::SetAside).map_err(io::Error::other)?;
        let OpenedLog { log, records, torn_bytes, set_aside } = opened;
        if torn_bytes > 0 {
            tracing::warn!(path = %path.display(), bytes = torn_bytes, "an incomplete last proof was cut off");
        }
        if let Some(aside) = set_aside {
            tracing::error!(
                path = %path.display(), offset = aside.offset, what = aside.what, kept = %aside.kept.display(),
                proofs = records.len(),
                "the file of proofs is damaged: it is kept under another name, and the proofs that are whole are used"
            );
        }
        let calls = records.iter().filter_map(|record| borsh::from_slice(record).ok()).collect();
        let records_bytes = records.iter().map(|record| bytes_of(record)).sum();
        let records = records.into_iter().map(|record| (FROM_BEFORE, record)).collect();
        Ok((Self { inner: Mutex::new(Inner { log, records, records_bytes }) }, calls))
    }

    /// Writes and syncs these, each with its work height.
    pub(super) fn keep(&self, calls: &[(u64, SystemCall)]) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Vec<_> = calls.iter().map(|(height, call)| (*height, record_of(call))).collect();
        let bytes: usize = records.iter().map(|(_, record)| bytes_of(record)).sum();
        if inner.log.bytes().saturating_add(bytes as u64) > BOUNDS.file_bytes_max {
            // Works come so seldom that the file was not written anew meanwhile.
            inner.rewrite().map_err(io::Error::other)?;
        }
        inner.log.append(records.iter().map(|(_, record)| record.as_slice())).map_err(io::Error::other)?;
        inner.records_bytes = inner.records_bytes.saturating_add(bytes);
        inner.records.extend(records);
        while inner.records_bytes > RECORDS_BYTES_MAX {
            inner.forget_oldest();
        }
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
            inner.forget_oldest();
        }
        let bytes = usize::try_from(inner.log.bytes()).unwrap_or(usize::MAX);
        if bytes > BYTES_MAX && inner.records_bytes <= bytes / 2 {
            inner.shrink();
        }
    }

    /// These are of no use any more, whatever their work, and leave the file at once, so that the next start does not offer them
    /// again. Never fails either.
    pub(super) fn forget(&self, calls: &[SystemCall]) {
        let gone: BTreeSet<Vec<u8>> = calls.iter().map(record_of).collect();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.records.retain(|(_, record)| !gone.contains(record));
        inner.records_bytes = inner.records.iter().map(|(_, record)| bytes_of(record)).sum();
        inner.shrink();
    }
}

fn record_of(call: &SystemCall) -> Vec<u8> {
    borsh::to_vec(call).expect("writing to memory cannot fail")
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
        for zeros in [1, RECORD_HEAD_BYTES, 4_096] {
            std::fs::write(&path, [&whole[..], &vec![0; zeros]].concat()).unwrap();
            assert_eq!(Kept::open(&path).unwrap().1, [call(1), call(2), call(3)], "{zeros} zeros");
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }

    // FAULTS HT11
    #[test]
    fn a_changed_byte_anywhere_costs_one_proof_and_the_damaged_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let all = [call(1), call(2), call(3)];
        Kept::open(&path).unwrap().0.keep(&all.clone().map(|call| (1, call))).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            let (kept, calls) = Kept::open(&path).unwrap();
            let hit = place / (whole.len() / 3);
            let rest: Vec<_> = (0..3).filter(|number| *number != hit).map(|number| all[number].clone()).collect();
            assert_eq!(calls, rest, "byte {place}");
            let aside = path.with_extension(format!("damaged-{}", (place + 1).min(4)));
            assert_eq!(std::fs::read(aside).unwrap(), damaged, "byte {place}");
            kept.keep(&[(1, call(4))]).unwrap();
            drop(kept);
            assert_eq!(Kept::open(&path).unwrap().1, [&rest[..], &[call(4)]].concat(), "it goes on in a whole file");
        }
    }

    /// As versions before the log wrote it: two proofs of three bytes, of modules 3 and 4.
    #[test]
    fn a_file_of_an_older_version_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let record = |module: u16| {
            let body = [&module.to_le_bytes()[..], &3_u32.to_le_bytes(), &[7; 3]].concat();
            let length = 9_u32.to_le_bytes();
            let sums = [crc32c::crc32c(&length), crc32c::crc32c(&body)].map(u32::to_le_bytes);
            [&length[..], &sums[0], &sums[1], &body].concat()
        };
        std::fs::write(&path, [record(3), record(4)].concat()).unwrap();
        let calls =
            [3, 4].map(|module| SystemCall { module: ModuleId(module), body: ByteString::new(vec![7; 3]).unwrap() });
        assert_eq!(Kept::open(&path).unwrap().1, calls);
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

    #[test]
    fn what_is_settled_leaves_the_file_at_once_and_the_rest_and_what_comes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let (kept, _) = Kept::open(&path).unwrap();
        kept.keep(&[(1, call(1)), (1, call(2)), (2, call(3))]).unwrap();
        drop(kept);
        let (kept, before) = Kept::open(&path).unwrap();
        kept.keep(&[(2, call(4))]).unwrap();
        kept.forget(&before[..2]);
        kept.keep(&[(2, call(5))]).unwrap();
        {
            let inner = kept.inner.lock().unwrap();
            assert_eq!((inner.records.len(), inner.log.bytes()), (3, inner.records_bytes as u64));
        }
        drop(kept);
        assert_eq!(Kept::open(&path).unwrap().1, [call(3), call(4), call(5)]);
    }

    // FAULTS HB7
    #[test]
    fn what_is_kept_for_a_start_is_bounded_in_bytes_and_the_oldest_give_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let (kept, _) = Kept::open(&path).unwrap();
        let record = bytes_of(&record_of(&call(1)));
        let fit = RECORDS_BYTES_MAX / record;
        for (height, byte) in [(1, 1), (2, 2), (3, 3)] {
            kept.keep(&vec![(height, call(byte)); fit / 2]).unwrap();
        }
        {
            let inner = kept.inner.lock().unwrap();
            assert_eq!((inner.records.len(), inner.records_bytes), (fit, fit * record));
            assert_eq!(inner.records.back().map(|(height, _)| *height), Some(3));
            assert_eq!(
                inner.records.front().map(|(height, _)| *height),
                Some(if fit.is_multiple_of(2) { 2 } else { 1 })
            );
        }
        kept.keep(&[(3, call(3))]).unwrap();
        assert_eq!(kept.inner.lock().unwrap().records.len(), fit);
    }

    // FAULTS HT11
    #[test]
    fn a_long_damaged_file_is_read_in_a_time_that_grows_with_its_length_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        Kept::open(&path).unwrap().0.keep(&[(1, call(1))]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        // Heads of records that claim the rest of the file.
        let length = u32::try_from(8 << 20).unwrap().to_le_bytes();
        let head = [&length[..], &crc32c::crc32c(&length).to_le_bytes(), &[0; 4]].concat();
        // So many zeros took hours while each was compared with all that follow.
        let zeros = vec![0; 8 << 20];
        let began = std::time::Instant::now();
        for damaged in [zeros.clone(), [head.repeat(300_000), zeros].concat()] {
            let bytes = [damaged, whole.clone()].concat();
            let (is_torn, said) = fault_of(&bytes).unwrap();
            assert!(!is_torn && said.starts_with("damaged at byte 0 "), "{said}");
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Kept::open(&path).unwrap().1, [call(1)]);
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
    }

    // FAULTS RF7
    #[test]
    fn a_pipe_in_the_place_of_the_file_is_refused_by_name_and_one_beside_it_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        let pipe = |path: &Path| {
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        };
        pipe(&path);
        let said = Kept::open(&path).map(drop).unwrap_err().to_string();
        assert!(said.ends_with("/proofs: it is a pipe, and a file is needed there"), "{said}");
        std::fs::remove_file(&path).unwrap();
        pipe(&path.with_extension("new"));
        std::fs::write(&path, [1; 100]).unwrap();
        let (kept, _) = Kept::open(&path).unwrap();
        kept.keep(&[(1, call(1)), (1, call(2))]).unwrap();
        pipe(&path.with_extension("new"));
        kept.forget(&[call(2)]);
        drop(kept);
        assert_eq!(Kept::open(&path).unwrap().1, [call(1)]);
    }

    // FAULTS HT11
    #[test]
    fn so_many_damaged_files_are_kept_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proofs");
        for number in 0..10 {
            std::fs::write(&path, vec![1; 100 + number]).unwrap();
            Kept::open(&path).unwrap();
        }
        let mut lengths: Vec<u64> = (1..=5)
            .filter_map(|number| std::fs::metadata(path.with_extension(format!("damaged-{number}"))).ok())
            .map(|file| file.len())
            .collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [100, 101, 102, 109], "the first ones, and the newest");
    }
}
