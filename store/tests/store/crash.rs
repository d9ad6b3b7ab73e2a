//! What a loss of power leaves: always a whole number of blocks.

use std::fs;
use std::path::Path;

use execution::StateView;
use store::{Store, StoreError, StoreOptions};
use types::Height;

use crate::chain::{CHAIN, Chain, key, open, options};

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
        // The lost blocks come again, from the consensus log.
        chain.commit_rest(&store);
        assert_eq!(store.tip().unwrap().height, Height(12));
    }
    assert!(seen.len() > 5 && seen.contains(&Some(Height(12))), "{seen:?}");
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
