//! Kept receipts on a real disk: bounds, restarts and damage.

use types::{Address, Hash32};

use super::*;
use crate::window::Window;

/// The receipts of a work with so many addresses, and their root.
fn closed(work_height: u64, addresses: u8) -> (Closed, ReceiptsRoot) {
    let mut window = Window::default();
    window.set_width(1_000_000);
    (0..addresses).for_each(|byte| window.add(work_height, Address([byte; 20]), 5, u64::from(byte)));
    let receipts = Arc::new(Receipts::of(&window, work_height));
    let root = ReceiptsRoot { work_height, root: receipts.root() };
    (Closed { work_height, receipts }, root)
}

fn small(folder: &Path) -> ReceiptsFolder {
    ReceiptsFolder::open_with(folder.to_owned(), Bounds { works_max: 3, bytes_max: 1_000 }).expect("a folder")
}

/// Hands all over, waits until they are written, and says what was lost.
fn write(folder: &ReceiptsFolder, works: &[(u64, u8)]) -> Vec<u64> {
    let (sender, lost) = std::sync::mpsc::channel();
    for (work_height, addresses) in works {
        let sender = sender.clone();
        let writer = folder.start_writing(move |height, _| sender.send(height).expect("it listens")).expect("a thread");
        assert!(folder.hand(&closed(*work_height, *addresses).0));
        writer.finish();
    }
    drop(sender);
    lost.iter().collect()
}

#[test]
fn the_newest_receipts_are_kept_in_bounds_of_number_and_bytes_also_by_the_next_run() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = small(directory.path());
    assert!(write(&folder, &[(1, 2), (2, 2), (3, 2), (4, 0)]).is_empty());
    assert_eq!(folder.works(), [4, 3, 2]);
    // A receipt has 68 bytes: ten of them leave room for two and nothing.
    assert!(write(&folder, &[(5, 10)]).is_empty());
    assert_eq!(folder.works(), [5, 4, 3]);
    assert_eq!(write(&folder, &[(6, 15)]), [6], "one work above all bounds takes no other's place");
    assert!(write(&folder, &[(7, 14)]).is_empty());
    fs::write(directory.path().join("8.new"), b"half").expect("own folder");
    fs::write(directory.path().join("07"), b"no name of ours").expect("own folder");
    let again = small(directory.path());
    assert_eq!(again.works(), [7]);
    assert!(!directory.path().join("8.new").exists());
    let (expected, root) = closed(7, 14);
    assert_eq!(again.read(&root).expect("whole"), Some(expected.receipts));
    assert!(again.read(&closed(6, 15).1).expect("none").is_none());
}

#[test]
fn receipts_of_an_earlier_ledger_give_way_first() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = small(directory.path());
    write(&folder, &[(100, 1), (101, 1), (102, 1), (1, 1), (2, 1)]);
    assert_eq!(folder.works(), [102, 2, 1]);
}

#[test]
fn receipts_that_wait_for_the_disk_are_read_all_the_same_and_no_more_of_them_than_the_bound() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = ReceiptsFolder::open(directory.path()).expect("a folder");
    let count = RECEIPTS_WAITING_MAX as u64;
    assert!((1..=count).all(|height| folder.hand(&closed(height, 3).0)));
    assert!(!folder.hand(&closed(count + 1, 3).0));
    let (expected, root) = closed(1, 3);
    assert_eq!(folder.read(&root).expect("waiting"), Some(expected.receipts.clone()));
    folder.start_writing(|_, error| panic!("{error}")).expect("a thread").finish();
    assert!(folder.inner.lock().waiting.is_empty());
    assert_eq!(folder.read(&root).expect("written"), Some(expected.receipts));
    assert_eq!(folder.works().len(), RECEIPTS_WAITING_MAX);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_few_of_them_are_kept() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = small(directory.path());
    type Damage = fn(&mut Vec<u8>);
    let damage: [Damage; 6] = [
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.push(0),
        |bytes| bytes[30] ^= 1,
        |bytes| bytes.clear(),
        |bytes| bytes.extend([0; 2_000]),
        // A list that is in order, and not the one of the root.
        |bytes| *bytes = borsh::to_vec(closed(1, 3).0.receipts.list()).expect("memory"),
    ];
    for change in damage {
        write(&folder, &[(1, 2)]);
        let path = directory.path().join("1");
        let mut bytes = fs::read(&path).expect("it is there");
        change(&mut bytes);
        fs::write(&path, &bytes).expect("own folder");
        let root = closed(1, 2).1;
        let Err(ReceiptsError::Damaged { work_height: 1, kept }) = folder.read(&root) else { panic!("it is damaged") };
        assert_eq!(fs::read(kept).expect("it is kept"), bytes);
        assert!(folder.read(&root).expect("none").is_none() && folder.works().is_empty());
    }
    let names = fs::read_dir(directory.path()).expect("own folder").count();
    assert_eq!(names, usize::try_from(DAMAGED_MAX).expect("few"));
}

#[test]
fn a_root_that_is_not_the_books_has_no_receipts() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = small(directory.path());
    assert!(folder.hand(&closed(1, 2).0));
    let other = ReceiptsRoot { work_height: 1, root: Hash32([7; 32]) };
    assert!(folder.read(&other).expect("none").is_none());
}

#[test]
fn the_works_of_an_address_are_those_with_a_receipt_of_it_whether_written_or_waiting() {
    let directory = tempfile::tempdir().expect("a folder");
    let folder = small(directory.path());
    // The addresses of a work with so many are those of the bytes below.
    assert!(write(&folder, &[(1, 9), (2, 3), (3, 1)]).is_empty());
    let of = |byte: u8| folder.works_of(&Address([byte; 20]));
    assert_eq!(
        [of(0), of(1), of(2), of(3), of(8), of(9)],
        [vec![3, 2, 1], vec![2, 1], vec![2, 1], vec![1], vec![1], vec![]]
    );
    assert!(folder.hand(&closed(4, 5).0), "nobody writes it now");
    assert_eq!([of(4), of(5)], [vec![4, 1], vec![1]]);
    fs::write(directory.path().join("1"), [0xff; 7]).expect("own folder");
    assert_eq!([of(0), of(8)], [vec![4, 3, 2], vec![]], "what cannot be read proves nothing");
}
