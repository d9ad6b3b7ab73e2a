//! What is searched: every extranonce, version and nonce once.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::session::{hear, notify, ready, work};

#[test]
fn versions_are_all_that_the_mask_allows_each_once_and_no_other_bit_moves() {
    for (mask, count) in [("1fffe000", 65_536), ("00006000", 4), ("00000000", 1), ("ffffffff", 65_536), ("0000e000", 8)]
    {
        let mut session = ready();
        hear(&mut session, &json!({"id": null, "method": "mining.set_version_mask", "params": [mask]}));
        let job = work(&hear(&mut session, &notify("a", true)));
        let versions: Vec<u32> = job.versions().flatten().collect();
        assert_eq!((versions.len(), versions.iter().collect::<BTreeSet<_>>().len()), (count, count), "{mask}");
        assert!(versions.iter().all(|version| version & !job.mask == 0x2000_0000 & !job.mask), "{mask}");
    }
}

#[test]
fn extranonces_are_taken_once_by_however_many_threads_and_end_with_their_bytes() {
    let mut session = ready();
    hear(&mut session, &json!({"id": null, "method": "mining.set_extranonce", "params": ["00", 2]}));
    let job = work(&hear(&mut session, &notify("a", true)));
    let takers = [Arc::clone(&job), Arc::clone(&job), Arc::clone(&job)];
    let taken: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let threads = takers.map(|job| scope.spawn(move || std::iter::from_fn(|| job.take()).collect::<Vec<_>>()));
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!((taken.len(), taken.iter().collect::<BTreeSet<_>>().len()), (65_536, 65_536));
    // The next job has them all again, and a job under another mask only what is left.
    let next = work(&hear(&mut session, &notify("b", false)));
    let first = next.take().expect("a new job");
    let masked =
        work(&hear(&mut session, &json!({"id": null, "method": "mining.set_version_mask", "params": ["00002000"]})));
    let second = masked.take().expect("one was taken");
    assert_ne!(first, second);
    assert_eq!(std::iter::from_fn(|| masked.take()).count(), 65_534);
}

#[test]
fn long_extranonces_count_in_their_last_eight_bytes() {
    let mut session = ready();
    hear(&mut session, &json!({"id": null, "method": "mining.set_extranonce", "params": ["00", 16]}));
    let job = work(&hear(&mut session, &notify("a", true)));
    let (first, second) = (job.take().expect("many"), job.take().expect("many"));
    assert_eq!(
        (first.len(), &first[..8], u64::from_be_bytes(second[8..].try_into().expect("eight"))),
        (16, &[0; 8][..], 1)
    );
}
