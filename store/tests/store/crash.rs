//! What a loss of power leaves: always a whole number of blocks.

use std::fs;
use std::path::Path;

use execution::StateView;
use store::{Store, StoreError, StoreOptions};
use types::Height;

use crate::chain::{CHAIN, Chain, address, key, open, options};
use crate::states::{assert_proofs, assert_state};

/// A store that keeps everything in its write-ahead log.
fn open_logged(path: &Path) -> Store {
    Store::open(path, CHAIN, StoreOptions { write_buffer_bytes: 16 << 20, ..options() }).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The write-ahead logs, oldest first.
fn logs(home: &Path) -> Vec<std::path::PathBuf> {
    let mut logs: Vec<_> = fs::read_dir(home.join("db")).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.sort();
    logs
}

// FAULTS I4, S1
#[test]
fn a_torn_write_ahead_log_loses_whole_blocks_from_the_end() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    (0..12).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    let store = open_logged(home.path());
    chain.initialize(&store);
    chain.commit_rest(&store);
    let log = logs(home.path()).pop().unwrap();
    let length = fs::metadata(&log).unwrap().len();
    let mut seen = std::collections::BTreeSet::new();
    for step in 0..24 {
        let cut = length - (length * step) / 24 * 9 / 10;
        let torn = tempfile::tempdir().unwrap();
        copy(home.path(), torn.path());
        let torn_log = torn.path().join("db").join(log.file_name().unwrap());
        fs::File::options().write(true).open(&torn_log).unwrap().set_len(cut).unwrap();
        let store = open_logged(torn.path());
        let Some(tip) = store.tip() else {
            seen.insert(None);
            continue;
        };
        seen.insert(Some(tip.height));
        let block = &chain.blocks[usize::try_from(tip.height.0).unwrap()];
        assert_eq!((tip.hash, tip.state_root), (block.hash, block.outcome.state_root));
        let view = store.view().unwrap();
        let expected: Vec<_> = chain.state(tip.height.0).clone().into_iter().collect();
        assert_eq!(view.scan(b"", b"", usize::MAX), expected);
        assert_eq!(store.block(tip.height.next()).unwrap(), None);
        drop(view);
        for height in store.oldest_view().0..=tip.height.0 {
            assert_proofs(&store, height, chain.state(height));
        }
        // The lost blocks come again, from the consensus log.
        chain.commit_rest(&store);
        assert_eq!(store.tip().unwrap().height, Height(12));
    }
    assert!(seen.len() > 5 && seen.contains(&Some(Height(12))), "{seen:?}");
}

// FAULTS I4, S1
#[test]
fn a_store_that_ends_between_two_saves_comes_back_whole_and_can_be_proven() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    let mut last = 0;
    for run in 1..30 {
        let store = open(home.path());
        chain.initialize(&store);
        // Between two saves, which are five blocks apart, runs end at each distance.
        for _ in 0..1 + run % 7 {
            last += 1;
            chain.grow_somehow(last);
            chain.commit_rest(&store);
        }
        drop(store);
        let store = open(home.path());
        let block = chain.blocks.last().unwrap();
        assert_eq!(store.tip().unwrap().state_root, block.outcome.state_root);
        assert_state(&store.view().unwrap(), chain.state(last));
        for height in [store.oldest_view().0, last - 1, last] {
            assert_proofs(&store, height, chain.state(height));
        }
        let touched = chain.blocks.iter().flat_map(|block| &block.outcome.accounts_touched);
        let touched = touched.filter(|touch| touch.address == address(1)).count();
        assert_eq!(store.account_history(&address(1), None, usize::MAX).unwrap().len(), touched);
    }
}

#[test]
fn a_store_whose_saved_state_is_not_of_its_chain_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    (0..7).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    let store = open(home.path());
    chain.initialize(&store);
    chain.commit_rest(&store);
    let path = store.path().to_owned();
    drop(store);
    let families = rocksdb::DB::list_cf(&rocksdb::Options::default(), &path).unwrap();
    let prefixed = |name: &String| {
        let mut options = rocksdb::Options::default();
        if name == "tx_by_id" {
            options.set_prefix_extractor(rocksdb::SliceTransform::create_fixed_prefix(8));
        }
        rocksdb::ColumnFamilyDescriptor::new(name, options)
    };
    let change = |family: &str, key: &[u8], value: &[u8]| {
        let families = families.iter().map(prefixed);
        let database = rocksdb::DB::open_cf_descriptors(&rocksdb::Options::default(), &path, families).unwrap();
        let before = database.get_cf(database.cf_handle(family).unwrap(), key).unwrap().unwrap();
        database.put_cf(database.cf_handle(family).unwrap(), key, value).unwrap();
        before
    };
    let marker = change("meta", b"saved", &4_u64.to_be_bytes());
    assert_eq!(marker, 5_u64.to_be_bytes());
    assert!(matches!(Store::open(home.path(), CHAIN, options()), Err(StoreError::Damaged { .. })));
    change("meta", b"saved", &99_u64.to_be_bytes());
    assert!(matches!(Store::open(home.path(), CHAIN, options()), Err(StoreError::Damaged { .. })));
    change("meta", b"saved", &marker);
    let changes = change("changes", &6_u64.to_be_bytes(), b"none");
    assert!(matches!(Store::open(home.path(), CHAIN, options()), Err(StoreError::Damaged { .. })));
    change("changes", &6_u64.to_be_bytes(), &changes);
    assert_state(&open(home.path()).view().unwrap(), chain.state(7));
}

// FAULTS C6, L4
#[test]
fn a_synced_tip_survives_the_loss_of_everything_after_it() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    (0..9).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    let store = open_logged(home.path());
    assert_eq!(store.sync(), Err(StoreError::NotInitialized));
    chain.initialize(&store);
    store.commit_many(&chain.blocks[1..6]).unwrap();
    let durable = store.sync().unwrap();
    assert_eq!(durable.height, Height(5));
    let log = logs(home.path()).pop().unwrap();
    let length = fs::metadata(&log).unwrap().len();
    chain.commit_rest(&store);
    let torn = tempfile::tempdir().unwrap();
    copy(home.path(), torn.path());
    fs::File::options()
        .write(true)
        .open(torn.path().join("db").join(log.file_name().unwrap()))
        .unwrap()
        .set_len(length)
        .unwrap();
    assert_eq!(open_logged(torn.path()).tip(), Some(durable));
}

// FAULTS S10
#[test]
fn a_missing_or_damaged_file_of_the_database_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let mut chain = Chain::new();
    (0..60).for_each(|seed| drop(chain.grow_somehow(seed).clone()));
    let store = open(home.path());
    chain.initialize(&store);
    chain.commit_rest(&store);
    drop(store);
    // Opening moves the log into sorted files.
    drop(open(home.path()));
    let names: Vec<_> = fs::read_dir(home.path().join("db")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is_needed = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name == "CURRENT" || name.starts_with("MANIFEST") || name.ends_with(".sst")
    };
    let needed: Vec<_> = names.iter().filter(|path| is_needed(path)).collect();
    assert!(needed.len() > 5, "{names:?}");
    let mut refused = 0;
    for path in needed {
        let maimed = tempfile::tempdir().unwrap();
        copy(home.path(), maimed.path());
        fs::remove_file(maimed.path().join("db").join(path.file_name().unwrap())).unwrap();
        match Store::open(maimed.path(), CHAIN, options()) {
            // A merge has made the file needless: nothing may be missing.
            Ok(store) => {
                let expected: Vec<_> = chain.state(60).clone().into_iter().collect();
                assert_eq!(store.view().unwrap().scan(b"", b"", usize::MAX), expected);
                for block in &chain.blocks {
                    assert_eq!(store.receipts(block.header.height).unwrap().as_ref(), Some(&block.outcome.receipts));
                }
            }
            Err(error @ (StoreError::Damaged { .. } | StoreError::Database { .. })) => {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                assert!(error.to_string().contains(&name), "{name} is missing, and the error says: {error}");
                refused += 1;
            }
            Err(error) => panic!("without {}: {error}", path.display()),
        }
    }
    assert!(refused > 4, "only {refused} missing files were noticed");
    let maimed = tempfile::tempdir().unwrap();
    copy(home.path(), maimed.path());
    fs::remove_file(maimed.path().join("STORE")).unwrap();
    let error = Store::open(maimed.path(), CHAIN, options()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(open(home.path()).view().unwrap().get(&key(1)).is_some() || chain.state(60).get(&key(1)).is_none());
}
