//! Damaged files of the database: what cannot be read is told, and blocks are taken from elsewhere. FAULTS HT3, S6.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use store::{Lost, Mended, Store, StoreError};
use types::{Hash32, Height};

use crate::chain::{Chain, open};

/// The sorted files of a family, the largest first.
fn files_of(home: &Path, family: &str) -> Vec<PathBuf> {
    let path = home.join("db");
    let families = rocksdb::DB::list_cf(&rocksdb::Options::default(), &path).unwrap();
    let prefixed = |name: &String| {
        let mut options = rocksdb::Options::default();
        if name == "tx_by_id" {
            options.set_prefix_extractor(rocksdb::SliceTransform::create_fixed_prefix(8));
        }
        rocksdb::ColumnFamilyDescriptor::new(name, options)
    };
    let all = families.iter().map(prefixed);
    let database = rocksdb::DB::open_cf_descriptors_read_only(&rocksdb::Options::default(), &path, all, false).unwrap();
    let mut files: Vec<_> =
        database.live_files().unwrap().into_iter().filter(|file| file.column_family_name == family).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.size));
    files.into_iter().map(|file| path.join(file.name.trim_start_matches('/'))).collect()
}

/// Flips every bit of a byte near the beginning of a file, where its first rows lie.
fn flip(path: &Path) {
    let mut file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(40)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(40)).unwrap();
    file.write_all(&[!byte[0]]).unwrap();
}

/// A store whose blocks lie in sorted files, closed.
fn closed(chain: &mut Chain, blocks: u64) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    (0..blocks).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    let store = open(home.path());
    chain.initialize(&store);
    chain.commit_rest(&store);
    drop(store);
    // Opening moves the log into sorted files.
    drop(open(home.path()));
    home
}

fn mended(chain: &Chain, height: Height) -> Mended {
    let block = &chain.blocks[usize::try_from(height.0).unwrap()];
    Mended {
        header: block.header.clone(),
        body: block.body.as_ref().clone(),
        certificate: block.certificate.clone(),
        receipts: block.outcome.receipts.clone(),
    }
}

fn assert_whole(store: &Store, chain: &Chain) {
    for block in &chain.blocks {
        let height = block.header.height;
        assert_eq!(store.block(height).unwrap().unwrap().header, block.header);
        assert_eq!(store.body(height).unwrap().as_ref(), Some(block.body.as_ref()));
        assert_eq!(store.receipts(height).unwrap().as_ref(), Some(&block.outcome.receipts));
    }
}

// FAULTS HT3
#[test]
fn a_flipped_byte_in_a_file_of_blocks_bodies_or_receipts_is_told_and_mended() {
    for family in ["blocks", "bodies", "receipts"] {
        let mut chain = Chain::new();
        let home = closed(&mut chain, 80);
        let file = files_of(home.path(), family).remove(0);
        flip(&file);
        let store = open(home.path());
        let told: Arc<Mutex<Vec<StoreError>>> = Arc::default();
        let watcher = told.clone();
        store.watch(Box::new(move |error| watcher.lock().unwrap().push(error.clone())));
        let mut lost = 0;
        for height in (0..80).map(Height).filter(|height| !store.is_whole(*height)).collect::<Vec<_>>() {
            let read = match family {
                "blocks" => store.block(height).map(drop),
                "bodies" => store.body(height).map(drop),
                _ => store.receipts(height).map(drop),
            };
            let error = read.unwrap_err();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert!(matches!(&error, StoreError::Unreadable { height: at, .. } if *at == height), "{error}");
            assert!(error.to_string().contains(&name), "{error} does not name {name}");
            assert_eq!(told.lock().unwrap().last(), Some(&error));
            lost += 1;
        }
        assert!(lost > 0, "{family}: nothing was damaged");
        // From above, as each is known by its child.
        while let Some(first) = (1..80).map(Height).find(|height| !store.is_whole(*height)) {
            let found = store.lost(first).unwrap().expect("it is not whole");
            let block = &chain.blocks[usize::try_from(found.height.0).unwrap()];
            assert_eq!((found.hash, found.receipts_root), (block.hash, block.outcome.receipts_root));
            assert!(found.certificate.is_some(), "its own, or its child's");
            let mut other = mended(&chain, found.height);
            other.receipts[0].fee = types::Amount(77);
            assert!(matches!(store.mend(&found, &other), Err(StoreError::Inconsistent { .. })));
            let other = mended(&chain, Height(found.height.0 - 1));
            assert!(matches!(store.mend(&found, &other), Err(StoreError::Inconsistent { .. })));
            store.mend(&found, &mended(&chain, found.height)).unwrap();
        }
        if !store.is_whole(Height(0)) {
            let first = Lost {
                height: Height(0),
                hash: chain.blocks[0].hash,
                receipts_root: chain.blocks[0].outcome.receipts_root,
                certificate: None,
            };
            store.mend(&first, &mended(&chain, Height(0))).unwrap();
        }
        assert_whole(&store, &chain);
        // It goes on, and is the same after it was closed.
        (80..200).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
        chain.commit_rest(&store);
        drop(store);
        assert_whole(&open(home.path()), &chain);
    }
}

// FAULTS HT3: what no peer has is told with the file, so that the node can stop.
#[test]
fn a_flipped_byte_in_an_index_is_told_with_the_file() {
    let mut chain = Chain::new();
    let home = closed(&mut chain, 60);
    let file = files_of(home.path(), "block_by_hash").remove(0);
    flip(&file);
    let store = open(home.path());
    let told: Arc<Mutex<Vec<StoreError>>> = Arc::default();
    let watcher = told.clone();
    store.watch(Box::new(move |error| watcher.lock().unwrap().push(error.clone())));
    let refused = chain.blocks.iter().filter(|block| store.height_of(&block.hash).is_err()).count();
    assert!(refused > 0);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), refused);
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(told.iter().all(|error| matches!(error, StoreError::Damaged { .. }) && error.to_string().contains(&name)));
}

#[test]
fn a_block_that_was_never_written_is_not_lost() {
    let mut chain = Chain::new();
    let home = closed(&mut chain, 10);
    let store = open(home.path());
    assert_eq!(store.lost(Height(5)), Ok(None));
    assert_eq!(store.lost(Height(11)), Ok(None));
    assert_eq!(store.block(Height(11)), Ok(None));
    assert_eq!(store.height_of(&Hash32([3; 32])), Ok(None));
}

// FAULTS HT3
#[test]
fn a_block_that_is_committed_while_it_is_looked_for_is_never_called_damaged() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    (0..400).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    let store = open(home.path());
    chain.initialize(&store);
    let newest = Height(chain.blocks.len() as u64 - 1);
    std::thread::scope(|scope| {
        let (store, readers) = (&store, 3);
        for reader in 0..readers {
            scope.spawn(move || {
                let mut next = Height(1);
                while next <= newest {
                    let is_there = match reader {
                        0 => store.block(next).map(|block| block.is_some()),
                        1 => store.body(next).map(|body| body.is_some()),
                        _ => store.receipts(next).map(|receipts| receipts.is_some()),
                    };
                    if is_there.expect("nothing is damaged") {
                        next = next.next();
                    }
                }
            });
        }
        chain.blocks[1..].iter().for_each(|block| store.commit(block).unwrap());
    });
}
