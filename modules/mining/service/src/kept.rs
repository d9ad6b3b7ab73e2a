//! Proofs on disk until they must be in a block, so that one that was accepted survives whatever ends the process.
//!
//! A file of records; an incomplete last one is cut off. It must not know what a proof is. Invariants: a proof is synced before
//! [`Kept::keep`] returns, and its sender hears of it only then; damage costs the records that it hit and no other, and the damaged
//! file is kept beside the new one.
//!
//! Layout of a record, integers little-endian: `length u32 | CRC-32C of the length | CRC-32C of the body | body`. The length has a
//! checksum of its own, because a damaged one must not make the rest of the file look torn.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use service::plain_file::{self, Takes};
use types::{SystemCall, limits};

/// Bytes before a record's body.
const HEAD_BYTES: usize = 12;
/// Damaged files that are kept; the last place is used again.
const ASIDE_MAX: u32 = 4;
/// The file is written anew when it is longer than this and at least half of it is no longer needed.
const BYTES_MAX: usize = 1 << 20;
/// A longer file is not of this program's making.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The longest body of a record: a system call's, with the lengths in it.
const BODY_BYTES_MAX: usize = limits::SYSTEM_CALL_BYTES_MAX + 64;
/// Bytes of proofs that are kept for a start; the oldest, which have had most time to get into a block, give way.
const RECORDS_BYTES_MAX: usize = 8 << 20;
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

impl Inner {
    fn forget_oldest(&mut self) {
        let bytes = self.records.pop_front().map_or(self.records_bytes, |(_, record)| record.len());
        self.records_bytes = self.records_bytes.saturating_sub(bytes);
    }
}

/// How a file of proofs ends, if not as it should: nothing, an incomplete end (true), or damage.
pub(super) fn fault_of(bytes: &[u8]) -> Option<(bool, String)> {
    match read(bytes).end {
        End::Whole => None,
        End::Torn => Some((true, "an incomplete last proof".to_owned())),
        End::Damaged(offset) => Some((false, format!("damaged at byte {offset}"))),
    }
}

/// What is in the file, or nothing if there is none.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    match plain_file::read(path, FILE_BYTES_MAX, Takes::File) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io::Error::new(error.kind(), format!("`proofs`: {error}"))),
    }
}

/// A file that is new, whatever stood there.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

impl Kept {
    /// Opens the file, or makes it, and reads what is in it.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<SystemCall>)> {
        // First, because opening for writing waits where somebody has put a pipe.
        let bytes = bytes_of(path)?;
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        let Content { calls, records, end } = read(&bytes);
        let whole = records.iter().map(|(_, record)| record.len()).sum();
        match end {
            End::Whole => {}
            End::Torn => {
                let torn = bytes.len().saturating_sub(whole);
                tracing::warn!(path = %path.display(), bytes = torn, "an incomplete last proof was cut off");
                file.set_len(whole as u64)?;
                file.sync_all()?;
            }
            End::Damaged(offset) => {
                let aside = set_aside(path, &bytes)?;
                tracing::error!(
                    path = %path.display(), offset, kept = %aside.display(), proofs = calls.len(),
                    "the file of proofs is damaged: it is kept under another name, and the proofs that are whole are used"
                );
                file = rewrite(path, &records)?;
            }
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
        if inner.bytes > BYTES_MAX && inner.records_bytes <= inner.bytes / 2 {
            self.shrink(&mut inner);
        }
    }

    /// These are of no use any more, whatever their work, and leave the file at once, so that the next start does not offer them
    /// again. Never fails either.
    pub(super) fn forget(&self, calls: &[SystemCall]) {
        let gone: BTreeSet<Vec<u8>> = calls.iter().map(record_of).collect();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.records.retain(|(_, record)| !gone.contains(record));
        inner.records_bytes = inner.records.iter().map(|(_, record)| record.len()).sum();
        self.shrink(&mut inner);
    }

    /// Writes the file with what is kept, and nothing else.
    fn shrink(&self, inner: &mut Inner) {
        match rewrite(&self.path, &inner.records) {
            Ok(file) => (inner.file, inner.bytes) = (file, inner.records_bytes),
            Err(error) => tracing::warn!(%error, path = %self.path.display(), "old proofs cannot be removed"),
        }
    }
}

/// Writes these beside the file, and puts them in its place.
fn rewrite(path: &Path, records: &VecDeque<(u64, Vec<u8>)>) -> io::Result<File> {
    let beside = path.with_extension("new");
    let mut file = create(&beside)?;
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
    let length = u32::try_from(body.len()).expect("a system call is far shorter than 4 GiB").to_le_bytes();
    let (of_length, of_body) = (crc32c::crc32c(&length).to_le_bytes(), crc32c::crc32c(&body).to_le_bytes());
    [&length[..], &of_length, &of_body, &body].concat()
}

/// Keeps a damaged file under a name of its own.
fn set_aside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let name = |number: u32| path.with_extension(format!("damaged-{number}"));
    let free = (1..ASIDE_MAX).map(name).find(|aside| !aside.exists()).unwrap_or_else(|| name(ASIDE_MAX));
    let mut file = create(&free)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(free)
}

/// What a file holds.
struct Content {
    calls: Vec<SystemCall>,
    /// The same as records, from before.
    records: VecDeque<(u64, Vec<u8>)>,
    end: End,
}

/// How a file ends.
enum End {
    Whole,
    /// With an incomplete record, or with zeros: a file may grow before its content comes.
    Torn,
    /// Something that was never written stands at this offset.
    Damaged(usize),
}

/// What stands at the beginning of some bytes.
enum Found<'a> {
    Record(SystemCall, &'a [u8], &'a [u8]),
    /// The beginning of a record whose end is not there.
    Incomplete,
    Nothing,
}

/// Reads whatever is whole; after something that is not, the next that is.
fn read(bytes: &[u8]) -> Content {
    let mut content = Content { calls: Vec::new(), records: VecDeque::new(), end: End::Whole };
    let mut rest = bytes;
    while !rest.is_empty() {
        match find(rest) {
            Found::Record(call, record, tail) => {
                content.calls.push(call);
                content.records.push_back((FROM_BEFORE, record.to_vec()));
                rest = tail;
            }
            Found::Incomplete if matches!(content.end, End::Whole) => {
                content.end = End::Torn;
                break;
            }
            // Looked at once: what is damaged stays so, whatever follows.
            Found::Nothing if matches!(content.end, End::Whole) && rest.iter().all(|byte| *byte == 0) => {
                content.end = End::Torn;
                break;
            }
            Found::Incomplete | Found::Nothing => {
                if matches!(content.end, End::Whole) {
                    content.end = End::Damaged(bytes.len().saturating_sub(rest.len()));
                }
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    content
}

fn find(bytes: &[u8]) -> Found<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD_BYTES>() else { return Found::Incomplete };
    let [a, b, c, d, of_length @ .., e, f, g, h] = *head;
    let (length, of_body) = ([a, b, c, d], [e, f, g, h]);
    if crc32c::crc32c(&length).to_le_bytes() != of_length {
        return Found::Nothing;
    }
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > BODY_BYTES_MAX {
        return Found::Nothing;
    }
    let Some((body, tail)) = rest.split_at_checked(length) else { return Found::Incomplete };
    if crc32c::crc32c(body).to_le_bytes() != of_body {
        return Found::Nothing;
    }
    match borsh::from_slice::<SystemCall>(body) {
        Ok(call) => Found::Record(call, bytes.get(..HEAD_BYTES + length).unwrap_or_default(), tail),
        Err(_) => Found::Nothing,
    }
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
        for zeros in [1, HEAD_BYTES, 4_096] {
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
        let whole: Vec<u8> = all.iter().flat_map(record_of).collect();
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
            assert_eq!((inner.records.len(), inner.bytes), (3, inner.records_bytes));
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
        let record = record_of(&call(1)).len();
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
        let whole = record_of(&call(1));
        // So many zeros took hours while each was compared with all that follow.
        let began = std::time::Instant::now();
        let content = read(&[vec![0; 8 << 20], whole.clone()].concat());
        assert!(matches!(content.end, End::Damaged(0)) && content.calls == [call(1)]);
        // Heads of records that claim the rest of the file.
        let length = u32::try_from(8 << 20).unwrap().to_le_bytes();
        let head = [&length[..], &crc32c::crc32c(&length).to_le_bytes(), &[0; 4]].concat();
        let content = read(&[head.repeat(300_000), vec![0; 8 << 20], whole].concat());
        assert!(matches!(content.end, End::Damaged(0)) && content.calls == [call(1)]);
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
        assert_eq!(said, "`proofs`: it is a pipe, and a file is needed there");
        std::fs::remove_file(&path).unwrap();
        pipe(&path.with_extension("new"));
        std::fs::write(&path, [1; 100]).unwrap();
        let (kept, _) = Kept::open(&path).unwrap();
        kept.keep(&[(1, call(1))]).unwrap();
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
