//! Keys on the disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

// FAULTS TK3
#[test]
fn keys_are_kept_for_their_owner_only_and_a_retired_one_without_its_secret() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("token.keys");
    let file = TokenKeyFile::new(folder.path(), "token.keys");
    assert!(file.read().expect("none").is_none() && file.fault().is_none());
    for algorithm in [TokenAlgorithm::EdDsa, TokenAlgorithm::Ed25519, TokenAlgorithm::Hs256] {
        let first = TokenKeys::new(key(1, algorithm, 5));
        let second = first.rotated(key(2, algorithm, 7), ADMIN.life_s_max, 7).expect("there is one only");
        for keys in [&first, &second] {
            file.write(keys).expect("room");
            assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
            let read = file.read().expect("whole").expect("it is there");
            assert_eq!(read.jwks(8), keys.jwks(8));
            let ids = |keys: &TokenKeys| (keys.signs().kid().to_owned(), keys.signs().made_ms());
            assert_eq!(ids(&read), ids(keys));
            let formers = |keys: &TokenKeys| keys.former().map(|one| (one.key.kid().to_owned(), one.until_ms));
            assert_eq!(formers(&read), formers(keys));
        }
        let text = fs::read_to_string(&path).expect("text");
        assert_eq!(text.contains(&"01".repeat(32)), algorithm == TokenAlgorithm::Hs256, "{text}");
    }
}

// FAULTS TK3
#[test]
fn keys_that_were_copied_or_put_back_are_not_used_and_those_of_a_folder_that_was_renamed_are() {
    let folder = tempfile::tempdir().expect("a directory");
    let [here, copy, moved] = ["here", "copy", "moved"].map(|name| folder.path().join(name));
    [&here, &copy].into_iter().for_each(|folder| fs::create_dir(folder).expect("a free name"));
    TokenKeyFile::new(&here, "keys").write(&TokenKeys::new(key(1, TokenAlgorithm::EdDsa, 5))).expect("room");
    let kid = |folder: &std::path::Path| {
        let read = TokenKeyFile::new(folder, "keys").read().expect("no fault");
        read.map(|keys| keys.signs().kid().to_owned())
    };
    let own = kid(&here);
    assert!(own.is_some());
    fs::copy(here.join("keys"), copy.join("keys")).expect("room");
    assert_eq!((kid(&copy), TokenKeyFile::new(&copy, "keys").fault()), (None, None));
    fs::rename(&here, &moved).expect("a free name");
    assert_eq!(kid(&moved), own);
    // One that tells no place was made nobody knows where.
    let text = fs::read_to_string(moved.join("keys")).expect("text");
    let (before, place) = text.split_once("\"place\":\"").expect("it is there");
    let (_, behind) = place.split_once("\",").expect("it ends");
    fs::write(moved.join("keys"), format!("{before}{behind}")).expect("our own");
    assert_eq!((kid(&moved), TokenKeyFile::new(&moved, "keys").fault()), (None, None));
}

// FAULTS TK3
#[test]
fn a_key_file_that_is_none_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("token.keys");
    let file = TokenKeyFile::new(folder.path(), "token.keys");
    let keys = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, 5));
    file.write(&keys.rotated(key(2, TokenAlgorithm::EdDsa, 7), 900, 7).expect("one only")).expect("room");
    let good = fs::read_to_string(&path).expect("text");
    let said = || {
        let refusal = file.read().expect_err("refused");
        assert!(refusal.code == "token_keys" && refusal.message.contains("move it away"), "{refusal}");
        assert!(refusal.message.contains(&file.fault().expect("the same")), "{refusal}");
        refusal.message
    };
    let swap = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    for wrong in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        good.split_at(good.len() / 2).0.to_owned(),
        format!("{good}{good}"),
        swap("\"version\":1", "\"version\":2"),
        swap("\"version\":1", "\"version\":1,\"version\":1"),
        swap("\"version\":1", "\"version\":1,\"more\":1"),
        swap("thronos-token-keys", "thronos-device-key"),
        swap("EdDSA", "none"),
        swap("EdDSA", "RS256"),
        swap("\"made_ms\":7", "\"made_ms\":\"7\""),
        swap("\"made_ms\":7", "\"made_ms\":-7"),
        swap(&"02".repeat(32), &"02".repeat(31)),
        swap(&"02".repeat(32), &"0g".repeat(32)),
        // A former key that is no point of the curve, and one of small order.
        format!("{}{}\"}}}}\n", good.split_at(good.rfind("\"key\":\"").expect("it is there") + 7).0, "02".repeat(32)),
        format!("{}{}\"}}}}\n", good.split_at(good.rfind("\"key\":\"").expect("it is there") + 7).0, "00".repeat(32)),
    ] {
        fs::write(&path, &wrong).expect("our own");
        assert!(said().contains("does not hold keys of tokens"), "{wrong}");
    }
    fs::write(&path, " ".repeat(3_000)).expect("our own");
    assert!(said().contains("more than 2048 bytes"));
    fs::write(&path, good).expect("our own");
    assert!(file.fault().is_none());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("our own");
    assert!(said().contains("its mode is 644"));
}
