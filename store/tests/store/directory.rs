//! Directories that are not this node's to use.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use store::{FORMAT_VERSION, Store, StoreError};
use types::{ChainId, Hash32};

use crate::chain::{CHAIN, Chain, open, options};

// FAULTS S10
#[test]
fn a_store_in_use_is_locked() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let error = Store::open(home.path(), CHAIN, options()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process"));
    drop(store);
    drop(open(home.path()));
}

#[test]
fn a_store_of_another_chain_is_refused_and_named() {
    let home = tempfile::tempdir().unwrap();
    Chain::new().initialize(&open(home.path()));
    let other = ChainId(Hash32([8; 32]));
    let error = Store::open(home.path(), other, options()).unwrap_err();
    let path = home.path().to_owned();
    assert_eq!(error, StoreError::OtherChain { path, found: CHAIN, expected: other });
    assert!(open(home.path()).tip().is_some());
}

#[test]
fn a_newer_older_or_unreadable_marker_is_refused() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()));
    let marker = home.path().join("STORE");
    let text = fs::read_to_string(&marker).unwrap();
    let newer = text.replace(&format!("format {FORMAT_VERSION}"), &format!("format {}", FORMAT_VERSION + 1));
    fs::write(&marker, newer).unwrap();
    let error = Store::open(home.path(), CHAIN, options()).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerFormat { found, known: FORMAT_VERSION, .. } if found == FORMAT_VERSION + 1)
    );
    let older = text.replace(&format!("format {FORMAT_VERSION}"), "format 1");
    fs::write(&marker, older).unwrap();
    let error = Store::open(home.path(), CHAIN, options()).unwrap_err();
    assert!(matches!(error, StoreError::OlderFormat { found: 1, known: FORMAT_VERSION, .. }), "{error}");
    let short_chain = format!("thronos store, format {FORMAT_VERSION}\nchain 12\n");
    for damaged in ["", "thronos store", "thronos store, format x\n", &short_chain] {
        fs::write(&marker, damaged).unwrap();
        let error = Store::open(home.path(), CHAIN, options()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "`{damaged}`: {error}");
    }
    fs::write(&marker, text).unwrap();
    drop(open(home.path()));
}

// FAULTS S10
#[test]
fn a_directory_that_everyone_may_write_is_refused() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = Store::open(home.path(), CHAIN, options()).unwrap_err();
    assert!(matches!(error, StoreError::Permissions { mode: 0o777, .. }), "{error}");
    assert!(error.to_string().contains("chmod 700"));
}

#[test]
fn a_start_that_was_interrupted_before_genesis_begins_again() {
    let home = tempfile::tempdir().unwrap();
    drop(open(home.path()));
    fs::remove_dir_all(home.path().join("db")).unwrap();
    fs::write(home.path().join("STORE.new"), "half").unwrap();
    let store = open(home.path());
    assert_eq!(store.tip(), None);
    Chain::new().initialize(&store);
}
