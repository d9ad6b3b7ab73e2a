//! Files of batches: found by any challenge, whole or not there, and gone when they are old.

use types::{Address, Hash32, TimeMs};
use verifyid::{DeviceId, month_of};

use super::super::record::{LeafResult, Method};
use super::*;

const DAY: u64 = 20_498;

fn leaves(count: u16, day: u64) -> Vec<Acknowledged> {
    let one = |number: u16| Acknowledged {
        customer: Address([1; 20]),
        device: DeviceId(Hash32([2; 32])),
        challenge: Hash32(crypto::hash::sha256(&number.to_le_bytes())).0[..16].try_into().expect("16 bytes"),
        time: TimeMs(day * DAY_MS + u64::from(number)),
        result: LeafResult::Ok,
        method: Method::Signature,
        audience: Hash32([3; 32]),
        answer: Hash32([4; 32]),
    };
    (0..count).map(one).collect()
}

fn closed(number: u64, leaves: &[Acknowledged]) -> ClosedBatch {
    let (first, last) = (leaves[0].time, leaves[leaves.len() - 1].time);
    ClosedBatch {
        number,
        customer: Address([1; 20]),
        month: month_of(last),
        leaves: u32::try_from(leaves.len()).expect("few"),
        ok: 1,
        root: crypto::merkle::root(verifyid::tags::TREE, &super::super::batcher::digests(leaves)),
        first,
        last,
        attempts: 0,
        tried: 0,
    }
}

// FAULTS VS10
#[test]
fn every_leaf_is_found_by_its_challenge_and_says_where_the_chain_has_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    let leaves = leaves(2_500, DAY);
    let batch = closed(3, &leaves);
    assert!(files.find(&leaves[0].challenge).expect("no index is no error").is_none());
    files.write(&batch, &leaves).expect("room");
    files.write(&batch, &leaves).expect("again, after a stop");
    let anchored = AnchoredAt { verifier: Address([9; 20]), sequence: 9, height: Height(77) };
    for place in [0, 1_023, 1_024, 2_499] {
        let (found, at, leaf) = files.find(&leaves[place].challenge).expect("an index").expect("it is there");
        let StoredBatch { closed, anchored, .. } = found.batch;
        assert_eq!((closed, at, leaf, anchored), (batch, place, leaves[place], None));
    }
    files.mark(&batch, anchored).expect("room");
    files.mark(&batch, anchored).expect("again, after a stop");
    let stored = files.read(&batch).expect("it is whole");
    assert_eq!((&stored.leaves, stored.anchored), (&leaves, Some(anchored)));
    // What was read before it was anchored is not told any more.
    let (found, at, _) = files.find(&leaves[1_500].challenge).expect("an index").expect("it is there");
    assert_eq!((found.batch.anchored, at), (Some(anchored), 1_500));
    let digest = leaves[1_500].leaf().digest();
    let path = found.prove(at).expect("a leaf has a path");
    assert!(crypto::merkle::verify(verifyid::tags::TREE, &batch.root, &digest, &path));
    let (again, ..) = files.find(&leaves[7].challenge).expect("an index").expect("it is there");
    assert!(std::sync::Arc::ptr_eq(&found, &again), "a large one is read once for many");
    fs::remove_dir_all(files.day_folder(u32::try_from(DAY).expect("small"))).expect("our own");
    files.remove_old((DAY + 401) * DAY_MS).expect("it can be");
    assert!(files.find(&leaves[7].challenge).expect("an index").is_none(), "it goes with its day");
    assert!(files.find(&[7; 16]).expect("an index").is_none());
}

// FAULTS VS10
#[test]
fn what_was_read_while_a_batch_came_to_the_chain_is_not_kept() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    let leaves = leaves(2_500, DAY);
    let batch = closed(3, &leaves);
    files.write(&batch, &leaves).expect("room");
    let marks = files.marks.load(Ordering::Relaxed);
    let before = Arc::new(ProvableBatch::new(files.read(&batch).expect("it is whole")));
    let anchored = AnchoredAt { verifier: Address([9; 20]), sequence: 9, height: Height(77) };
    files.mark(&batch, anchored).expect("room");
    // The reader comes to keep what it began to read before.
    files.keep(Place::of(&batch), &before, marks);
    let (found, ..) = files.find(&leaves[7].challenge).expect("an index").expect("it is there");
    assert_eq!(found.batch.anchored, Some(anchored));
}

// FAULTS VS10
#[test]
fn of_a_batch_that_was_written_twice_the_later_one_is_found() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    let all = leaves(5, DAY);
    let (before, after) = (closed(0, &all[..3]), closed(0, &all));
    files.write(&before, &all[..3]).expect("room");
    files.write(&after, &all).expect("room");
    let (found, ..) = files.find(&all[1].challenge).expect("an index").expect("it is there");
    assert_eq!(found.batch.closed, after);
}

// FAULTS VS10
#[test]
fn a_file_that_is_cut_or_changed_at_any_byte_proves_nothing_wrong() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    let leaves = leaves(3, DAY);
    let batch = closed(0, &leaves);
    files.write(&batch, &leaves).expect("room");
    let path = files.path(&Place::of(&batch));
    let whole = fs::read(&path).expect("a file");
    for place in 0..whole.len() {
        fs::write(&path, &whole[..place]).expect("our own");
        assert_eq!(files.read(&batch), None, "cut at {place}");
        let mut damaged = whole.clone();
        damaged[place] ^= 0x10;
        fs::write(&path, &damaged).expect("our own");
        assert!(files.find(&leaves[0].challenge).expect("an index").is_none(), "changed at {place}");
    }
    fs::write(&path, &whole).expect("our own");
    assert!(files.read(&batch).is_some());
}

#[test]
fn an_index_with_anything_in_it_finds_what_is_there_and_goes_on() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    let leaves = leaves(3, DAY);
    let period = (DAY / 32).to_string();
    let path = folder.path().join(FOLDER).join("index").join(period).join(format!("{:02x}", leaves[0].challenge[0]));
    fs::create_dir_all(path.parent().expect("a folder")).expect("room");
    fs::write(&path, [leaves[0].challenge.as_slice(), &[0xff; 50]].concat()).expect("our own");
    assert!(files.find(&leaves[0].challenge).expect("an index").is_none());
    files.write(&closed(0, &leaves), &leaves).expect("room");
    assert!(files.find(&leaves[0].challenge).expect("an index").is_some(), "half an entry was cut off");
}

// FAULTS VS10
#[test]
fn proofs_are_kept_for_400_days_and_not_longer() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    files.remove_old(DAY * DAY_MS).expect("nothing is there");
    let (old, new) = (leaves(600, DAY), leaves(700, DAY + 1));
    let new = new[600..].to_vec();
    files.write(&closed(0, &old), &old).expect("room");
    files.write(&closed(1, &new), &new).expect("room");
    files.remove_old((DAY + 400) * DAY_MS).expect("it can be");
    assert!(files.find(&old[0].challenge).expect("an index").is_some());
    files.remove_old((DAY + 401) * DAY_MS).expect("it can be");
    for leaf in &old {
        assert!(files.find(&leaf.challenge).expect("an index").is_none());
    }
    for leaf in &new {
        assert!(files.find(&leaf.challenge).expect("an index").is_some());
    }
    let index = folder.path().join(FOLDER).join("index");
    let periods = || fs::read_dir(&index).expect("a folder").count();
    assert_eq!(periods(), 1);
    // The index goes by 32 days at a time, and nothing of it is written anew for that.
    files.remove_old((DAY + 400 + 31) * DAY_MS).expect("it can be");
    files.remove_old((DAY + 400 + 33) * DAY_MS).expect("it can be");
    assert_eq!(periods(), 0, "the index has forgotten them too");
    assert!(files.find(&new[0].challenge).expect("an index").is_none());
}

// FAULTS VS10
#[test]
fn a_challenge_is_found_in_whichever_month_its_batch_was() {
    let folder = tempfile::tempdir().expect("a directory");
    let files = BatchFiles::new(folder.path());
    let months: Vec<Vec<Acknowledged>> = (0_u16..13)
        .map(|month| leaves(5 * (month + 1), DAY + 31 * u64::from(month))[5 * usize::from(month)..].to_vec())
        .collect();
    for (number, leaves) in (0..).zip(&months) {
        files.write(&closed(number, leaves), leaves).expect("room");
    }
    for (number, leaves) in (0..).zip(&months) {
        let (found, place, leaf) = files.find(&leaves[3].challenge).expect("an index").expect("it is there");
        assert_eq!((found.batch.closed.number, place, leaf), (number, 3, leaves[3]));
    }
}
