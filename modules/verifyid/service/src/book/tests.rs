//! The book by itself: what a stop at any byte leaves, what is refused, and how it is made shorter.

use std::fs;

use service::State;
use service::log::RECORD_HEAD_BYTES;
use tokio::sync::watch;

use super::*;

const BOOT: BootId = BootId([9; 16]);

fn used(number: u32) -> UsedId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_le_bytes());
    UsedId { id, slot: Slot(7), origin: Origin::Anybody }
}

fn nothing() -> Kept {
    Arc::new(|_| ())
}

fn ids(set: &UsedSet) -> Vec<UsedId> {
    let mut ids: Vec<_> = set.all().collect();
    ids.sort_unstable();
    ids
}

// FAULTS VS7
#[test]
fn a_book_cut_at_any_byte_has_lost_only_the_record_that_was_not_synced() {
    let folder = tempfile::tempdir().expect("a directory");
    let (mut book, set) = Book::open(folder.path(), BOOT).expect("a new one");
    assert_eq!(set.len(), 0);
    book.write(&[used(1), used(2)], &nothing()).expect("room");
    book.write(&[used(3)], &nothing()).expect("room");
    let path = folder.path().join(FILE);
    let whole = fs::read(&path).expect("a file");
    let first = RECORD_HEAD_BYTES + HEAD_BYTES + 2 * ID_BYTES;
    for length in first..=whole.len() {
        fs::write(&path, &whole[..length]).expect("our own");
        let (_, set) = Book::open(folder.path(), BOOT).expect("a torn end is cut off");
        let expected = if length == whole.len() { vec![used(1), used(2), used(3)] } else { vec![used(1), used(2)] };
        assert_eq!(ids(&set), expected, "{length}");
    }
    fs::write(&path, &whole).expect("our own");
    let (_, set) = Book::open(folder.path(), BootId([8; 16])).expect("whole");
    assert_eq!(set.len(), 0, "another start of the machine has ended its challenges");
}

// FAULTS VS7
#[test]
fn a_damaged_book_and_one_of_another_version_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join(FILE);
    let (mut book, _) = Book::open(folder.path(), BOOT).expect("a new one");
    book.write(&[used(1)], &nothing()).expect("room");
    book.write(&[used(2)], &nothing()).expect("room");
    let whole = fs::read(&path).expect("a file");
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, &damaged).expect("our own");
        let refusal = Book::open(folder.path(), BOOT).err().expect("refused");
        assert_eq!(refusal.code, "used_log");
        assert!(refusal.message.contains("is damaged at byte") && refusal.message.contains("move the file away"));
    }
    fs::remove_file(&path).expect("our own");
    let OpenedLog { mut log, .. } = Log::open(&path, BOUNDS, OnDamage::Refuse).expect("a new one");
    log.append([[2; HEAD_BYTES].as_slice()]).expect("room");
    let refusal = Book::open(folder.path(), BOOT).err().expect("refused");
    assert!(refusal.message.contains("start the version that wrote it"), "{refusal}");
}

#[test]
fn records_of_any_bytes_are_read_or_refused_and_never_panic() {
    let bytes = to_bytes(BOOT, &[used(1), used(2)]);
    assert_eq!(read(&bytes), Some((BOOT, vec![used(1), used(2)])));
    assert!(
        (0..bytes.len()).filter(|length| read(&bytes[..*length]).is_some()).eq([HEAD_BYTES, HEAD_BYTES + ID_BYTES])
    );
    let mut wrong = bytes;
    *wrong.last_mut().expect("bytes") = 2;
    assert_eq!(read(&wrong), None, "an origin that there is not");
}

// FAULTS VS6
#[test]
fn a_book_that_is_long_is_written_anew_with_what_is_still_kept() {
    let folder = tempfile::tempdir().expect("a directory");
    let (mut book, _) = Book::open(folder.path(), BOOT).expect("a new one");
    let many: Vec<UsedId> = (0..1_024).map(used).collect();
    while book.log.bytes() <= BYTES_MAX {
        book.write(&many, &nothing()).expect("room");
    }
    let kept: Kept = Arc::new(|tell| (5_000..8_000).map(used).for_each(tell));
    book.write(&[used(9_000)], &kept).expect("room");
    assert!(book.log.bytes() < 100_000, "{}", book.log.bytes());
    let (_, set) = Book::open(folder.path(), BOOT).expect("whole");
    assert_eq!(ids(&set).len(), 3_001);
    // The bounds leave room for all that may be kept, and for a batch beside it.
    let records = crate::examiner::used::USED_MAX.div_ceil(RECORD_IDS_MAX);
    let longest = crate::examiner::used::USED_MAX * ID_BYTES + records * (HEAD_BYTES + RECORD_HEAD_BYTES);
    assert!((longest as u64) < BYTES_MAX);
}

// FAULTS VS7
#[tokio::test]
async fn what_comes_while_one_sync_runs_goes_down_with_the_next_and_a_stop_writes_what_waits() {
    let folder = tempfile::tempdir().expect("a directory");
    let (book, _) = Book::open(folder.path(), BOOT).expect("a new one");
    let (sender, entries) = way();
    let mut told = Vec::new();
    for number in 0..3_000 {
        let (written, tell) = oneshot::channel();
        told.push(tell);
        assert!(sender.try_send(Entry { used: used(number), leaf: None, counted: None, written }).is_ok());
    }
    let (state, _) = watch::channel(State::Ready);
    let (stop, stopping) = watch::channel(false);
    stop.send_replace(true);
    book.keep(entries, nothing(), Life::new(state, stopping)).await.expect("it ends");
    for tell in told {
        assert_eq!(tell.await, Ok(Ok(())));
    }
    assert!(sender.is_closed());
    let bytes = fs::metadata(folder.path().join(FILE)).expect("a file").len();
    assert_eq!(
        bytes,
        (3_000 * ID_BYTES + 3 * (HEAD_BYTES + RECORD_HEAD_BYTES)) as u64,
        "three records, so three syncs"
    );
}

// FAULTS VS7
#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_and_the_book_is_whole_once_it_does() {
    let folder = tempfile::tempdir().expect("a directory");
    let (mut book, _) = Book::open(folder.path(), BOOT).expect("a new one");
    book.write(&[used(1)], &nothing()).expect("room");
    // A record that is longer than one may be stands for a disk that refuses.
    let long: Vec<UsedId> = (0..=1_024).map(used).collect();
    assert!(book.write(&long, &nothing()).is_err() && book.is_failing);
    let kept: Kept = Arc::new(|tell| [used(1), used(2)].into_iter().for_each(tell));
    book.write(&[used(3)], &kept).expect("room");
    assert!(!book.is_failing);
    let (_, set) = Book::open(folder.path(), BOOT).expect("whole");
    assert_eq!(ids(&set), [used(1), used(2), used(3)]);
}
