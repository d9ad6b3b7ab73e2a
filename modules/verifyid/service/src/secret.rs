//! The secret of which the service's keys are made: a file for its owner only, made at the first start.
//!
//! It must not know what the keys are for. Invariant: a file that others may read, or that is no plain file, is refused and never mended:
//! whoever has read it could have made challenges.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use service::Refusal;
use service::plain_file::{self, Takes};
use zeroize::Zeroizing;

use crate::examiner::keys::{KEY_BYTES, Key, derive};

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "challenge.secret";
/// In digits, with the end of the line.
const TEXT_BYTES: usize = 2 * KEY_BYTES + 1;

/// Reads it, if it is there.
///
/// # Errors
/// `challenge_secret`, with what to do.
pub(crate) fn read(folder: &Path) -> Result<Option<Key>, Refusal> {
    let path = folder.join(FILE);
    match read_file(&path) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refusal(&path, &error)),
    }
}

/// Makes a new one in the place of whatever is there; challenges of the former are no longer known.
///
/// # Errors
/// `challenge_secret`: it cannot be written.
pub(crate) fn make(folder: &Path, entropy: &[u8; 32]) -> Result<Key, Refusal> {
    let path = folder.join(FILE);
    let key = derive(entropy, None, "thr/v1/verifyid-secret");
    write_file(folder, &path, &key).map_err(|error| refusal(&path, &error))?;
    Ok(key)
}

/// What is wrong with it, if it is there and anything is.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    match read_file(&folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Some(error.to_string()),
        _ => None,
    }
}

fn read_file(path: &Path) -> io::Result<Key> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a link, and a file is needed there"));
    }
    let file = plain_file::open(path, Takes::File)?;
    let mode = file.metadata()?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!("its mode is {mode:03o}, and only its owner may read it (600)")));
    }
    let mut text = Zeroizing::new(Vec::with_capacity(TEXT_BYTES + 1));
    file.take(TEXT_BYTES as u64 + 1).read_to_end(&mut text)?;
    let mut key = Key::default();
    let digits = text.strip_suffix(b"\n").filter(|digits| digits.len() == 2 * KEY_BYTES);
    let is_key = digits.is_some_and(|digits| hex::decode_to_slice(digits, key.as_mut()).is_ok());
    if is_key { Ok(key) } else { Err(io::Error::other("it does not hold 64 hexadecimal digits and an end of line")) }
}

fn write_file(folder: &Path, path: &Path, key: &Key) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut text = Zeroizing::new([b'\n'; TEXT_BYTES]);
    let (digits, _) = text.split_at_mut(2 * KEY_BYTES);
    hex::encode_to_slice(key.as_slice(), digits).expect("two digits a byte");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_slice())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

fn refusal(path: &Path, error: &io::Error) -> Refusal {
    let hint = "move it away, and the service makes a new one; challenges that are out are then refused";
    Refusal::new("challenge_secret", format!("{}: {error}; {hint}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    // FAULTS VS7
    #[test]
    fn a_secret_is_for_its_owner_only_and_what_is_none_is_refused_with_a_sentence() {
        let folder = tempfile::tempdir().expect("a directory");
        let (folder, path) = (folder.path(), folder.path().join(FILE));
        assert_eq!((read(folder).expect("none"), fault(folder)), (None, None));
        let made = make(folder, &[7; 32]).expect("room");
        assert_eq!(read(folder).expect("whole"), Some(made.clone()));
        assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
        assert_ne!(made, make(folder, &[8; 32]).expect("room"));
        let said = || {
            let refusal = read(folder).expect_err("refused");
            assert_eq!(refusal.code, "challenge_secret");
            assert!(refusal.message.contains(&fault(folder).expect("the same")), "{refusal}");
            refusal.message
        };
        for mode in [0o640, 0o604, 0o660, 0o610, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own");
            assert!(said().contains(&format!("its mode is {mode:03o}")), "{}", said());
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own");
        for wrong in ["", "\n", "7", &"g".repeat(64), &"a".repeat(64), &format!("{}\n", "a".repeat(66))] {
            fs::write(&path, wrong).expect("our own");
            assert!(said().contains("64 hexadecimal digits"), "{wrong}");
        }
        let other = folder.join("other");
        fs::rename(&path, &other).expect("our own");
        std::os::unix::fs::symlink(&other, &path).expect("a name that is free");
        assert!(said().contains("it is a link"));
        fs::remove_file(&path).expect("our own");
        fs::create_dir(&path).expect("a name that is free");
        assert!(said().contains("it is a directory"));
    }
}
