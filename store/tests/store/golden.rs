//! Recorded hashes of everything that lies in the database: a change of format must not go unnoticed. FAULTS E7.

use rocksdb::{DB, IteratorMode, Options};
use types::Hash32;

use crate::chain::{Chain, open};

/// Keys and values of one column family, with their lengths.
fn fingerprint(database: &DB, family: &str) -> String {
    let mut bytes = Vec::new();
    let family = database.cf_handle(family).unwrap();
    for pair in database.iterator_cf(family, IteratorMode::Start) {
        for part in <[Box<[u8]>; 2]>::from(pair.unwrap()) {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&part);
        }
    }
    let hash = Hash32(crypto::hash::sha256(&bytes)).to_string();
    hash.chars().take(16).collect()
}

#[test]
fn every_column_has_the_recorded_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    for seed in 1..=20 {
        chain.grow_somehow(seed);
    }
    let store = open(directory.path());
    chain.initialize(&store);
    chain.commit_rest(&store);
    let path = store.path().to_owned();
    drop(store);
    let options = Options::default();
    let mut families = DB::list_cf(&options, &path).unwrap();
    families.retain(|family| family != "default");
    families.sort();
    let database = DB::open_cf_for_read_only(&options, &path, &families, false).unwrap();
    let found: Vec<String> =
        families.iter().map(|family| format!("{family} {}", fingerprint(&database, family))).collect();
    assert_eq!(found.join("\n"), include_str!("golden.txt").trim_end());
}
