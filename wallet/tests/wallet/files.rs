//! Key files on the disk: modes, crashes in the middle of a write, and names.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use types::{Amount, ByteString, Call, ChainId, Hash32, ModuleId, MultisigPolicy, Network, Nonce, TimeMs, limits};
use wallet::home::WalletHome;
use wallet::keystore::Secret;
use wallet::keystore::file::{Existing, read_private, write_private, write_through};
use wallet::password::Password;
use wallet::transaction::build;
use wallet::{AccountKey, Envelope, TransactionFile};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn home(directory: &Path) -> (WalletHome, Password) {
    let home = WalletHome::new(directory.join("wallet"));
    let password = Password::new("a long password").expect("plain");
    let key = Secret::Key(AccountKey::from_secret(&[3; 32]).expect("in range"));
    home.add_key("alice", &key, &password).expect("a new name");
    (home, password)
}

// FAULTS A7, K4
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, password) = home(directory.path());
    let path = home.directory().join("keys/alice.json");
    assert_eq!((mode(&path), mode(home.directory())), (0o600, 0o700));
    for open_mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open_mode)).expect("own file");
        for error in [home.open_key("alice", &password).expect_err("open"), home.key("alice").expect_err("header")] {
            assert_eq!(error.code, "file_readable_by_others", "{open_mode:o}");
            assert!(error.hint.contains("chmod 600"), "{error:?}");
        }
    }
    for private in [0o600, 0o400] {
        fs::set_permissions(&path, fs::Permissions::from_mode(private)).expect("own file");
        assert!(home.open_key("alice", &password).is_ok(), "{private:o}");
    }
}

// FAULTS K4
#[test]
fn a_crash_in_the_middle_of_a_write_leaves_the_old_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, password) = home(directory.path());
    let path = home.directory().join("keys/alice.json");
    let before = fs::read(&path).expect("there");
    for written in [0, 1, before.len() / 2, before.len()] {
        let part = before.get(..written).expect("a part").to_vec();
        let crashed = std::panic::catch_unwind(|| {
            write_through(&path, Existing::Replace, |file| {
                std::io::Write::write_all(file, &part)?;
                panic!("the machine stops here")
            })
        });
        assert!(crashed.is_err());
        assert_eq!(fs::read(&path).expect("still there"), before, "after {written} bytes");
        assert!(home.open_key("alice", &password).is_ok());
    }
    // What the crashes left is not taken for a key, and does not stand in the way of the next write.
    let left = fs::read_dir(home.directory().join("keys")).expect("there").count();
    assert!(left > 1, "the unfinished files are still there");
    assert_eq!(home.key_names().expect("readable").len(), 1);
    let new = Password::new("another password").expect("plain");
    home.change_password("alice", &password, &new).expect("the old password is right");
    assert_eq!(home.open_key("alice", &password).expect_err("the old one").code, "wrong_password");
    assert!(home.open_key("alice", &new).is_ok());
    assert_eq!(mode(&path), 0o600);
}

// FAULTS K4
#[test]
fn a_disk_that_refuses_the_write_leaves_the_old_key_and_no_rest() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    write_private(&path, b"old", Existing::Keep).expect("new");
    for existing in [Existing::Keep, Existing::Replace] {
        let full = write_through(&path, existing, |_| Err(std::io::ErrorKind::StorageFull.into()));
        assert_eq!(full.expect_err("full").code, "file");
        assert_eq!(*read_private(&path).expect("private"), "old");
        assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 1);
    }
    assert_eq!(write_private(&path, b"new", Existing::Keep).expect_err("taken").code, "file");
    assert_eq!(*read_private(&path).expect("private"), "old");
}

#[test]
fn names_are_neither_paths_nor_addresses_nor_taken() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, password) = home(directory.path());
    let key = AccountKey::from_secret(&[4; 32]).expect("in range");
    let secret = Secret::Key(key.clone());
    let legacy = key.address().to_legacy_text();
    let long = "a".repeat(33);
    for name in ["", "..", "a/b", "a.b", "a b", "é", "thr1abc", "THRT1abc", legacy.as_str(), long.as_str()] {
        assert_eq!(home.add_key(name, &secret, &password).expect_err(name).code, "bad_name");
        assert_eq!(home.key(name).expect_err(name).code, "bad_name");
    }
    assert_eq!(home.add_key("alice", &secret, &password).expect_err("taken").code, "name_taken");
    let policy = MultisigPolicy::new(1, vec![key.public_key()]).expect("one of one");
    assert_eq!(home.add_policy("alice", &policy).expect_err("taken").code, "name_taken");
    home.add_policy("treasury", &policy).expect("a new name");
    assert_eq!(home.policy("treasury"), Ok(policy));
    assert_eq!(home.add_key("treasury", &secret, &password).expect_err("taken").code, "name_taken");
    assert_eq!(home.open_key("bob", &password).expect_err("unknown").code, "unknown_name");
}

// FAULTS RT14
#[test]
fn the_longest_transaction_that_is_kept_is_found_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = home(directory.path());
    let key = AccountKey::from_secret(&[3; 32]).expect("in range");
    let call = Call {
        module: ModuleId(1),
        body: ByteString::new(vec![7; limits::CALL_BYTES_MAX]).expect("as long as can be"),
    };
    let envelope = Envelope::single(key.address(), Nonce(7), TimeMs(1_800_000_000_000), Amount(5_000));
    let body = build(&envelope, vec![call]).expect("one call");
    let chain = ChainId(Hash32([0xc4; 32]));
    let file = TransactionFile::unsigned(chain, Network::Test, body, None);
    let path = home.sent_path(&file.id()).expect("own directory");
    write_private(&path, file.to_json().as_bytes(), Existing::Keep).expect("new");
    assert!(fs::metadata(&path).expect("there").len() > 120 * 1_024);
    assert_eq!(home.sent(&file.id()), Some(file));
}
