//! The secret of which the service's keys are made: a file for its owner only, made at the first start.
//!
//! It must not know what the keys are for. Invariants: a file that others may read, or that is no plain file, is refused and never mended:
//! whoever has read it could have made challenges. One that was copied is not used: of two services with one secret each would say
//! yes to the same answer.

use std::fs::File;
use std::io;
use std::path::Path;

use service::{Refusal, private_file};
use zeroize::Zeroizing;

use crate::examiner::keys::{KEY_BYTES, Key, derive};

/// The file's name in the service's folder.
pub(crate) const FILE: &str = "challenge.secret";
/// The secret and the file's place, in digits, each with the end of its line.
const TEXT_BYTES: usize = 2 * LINE_BYTES;
const LINE_BYTES: usize = 2 * KEY_BYTES + 1;

/// Reads it, if it is there and lies where it was made.
///
/// # Errors
/// `challenge_secret`, with what to do.
pub(crate) fn read(folder: &Path) -> Result<Option<Key>, Refusal> {
    let path = folder.join(FILE);
    match read_file(&path) {
        Ok((key, true)) => Ok(Some(key)),
        Ok((_, false)) => {
            let what = "it was copied or put back, so another is made; challenges of the former are no longer known";
            tracing::warn!(file = %path.display(), "{what}");
            Ok(None)
        }
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
    private_file::replace(&path, |file| text_of(&key, file)).map_err(|error| refusal(&path, &error))?;
    Ok(key)
}

/// What is wrong with it, if it is there and anything is.
pub(crate) fn fault(folder: &Path) -> Option<String> {
    match read_file(&folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Some(error.to_string()),
        _ => None,
    }
}

/// The secret, and whether it lies where it was made.
fn read_file(path: &Path) -> io::Result<(Key, bool)> {
    let (file, text) = private_file::read(path, TEXT_BYTES)?;
    let mut key = Key::default();
    let lines = lines(&text).filter(|(secret, _)| hex::decode_to_slice(secret, key.as_mut()).is_ok());
    let Some((_, place)) = lines else {
        return Err(io::Error::other("it does not hold two lines of 64 hexadecimal digits"));
    };
    let own = hex::encode(private_file::place_of(&file)?);
    // Of a file that tells no place nobody knows where it was made.
    let is_at_home = place == Some(own.as_bytes());
    Ok((key, is_at_home))
}

/// The digits of the secret, and those of the place where there are any.
fn lines(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let is_digits = |line: &[u8]| line.len() == 2 * KEY_BYTES && line.iter().all(u8::is_ascii_hexdigit);
    let mut lines = text.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let (secret, place) = (lines.next()?, lines.next());
    let is_whole = lines.next().is_none() && is_digits(secret) && place.is_none_or(is_digits);
    is_whole.then_some((secret, place))
}

fn text_of(key: &Key, file: &File) -> io::Result<Zeroizing<Vec<u8>>> {
    let place = private_file::place_of(file)?;
    // Of its whole length at once, so that no copy of the secret is left behind by growing.
    let mut text = Zeroizing::new(vec![b'\n'; TEXT_BYTES]);
    let (secret, rest) = text.split_at_mut(LINE_BYTES);
    for (digits, bytes) in [(secret, key.as_slice()), (rest, place.as_slice())] {
        let (digits, _) = digits.split_at_mut(2 * KEY_BYTES);
        hex::encode_to_slice(bytes, digits).expect("two digits a byte");
    }
    Ok(text)
}

fn refusal(path: &Path, error: &io::Error) -> Refusal {
    let hint = "move it away, and the service makes a new one; challenges that are out are then refused";
    Refusal::new("challenge_secret", format!("{}: {error}; {hint}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    // FAULTS VS3
    #[test]
    fn a_secret_that_was_copied_or_tells_no_place_is_another_machines() {
        let folder = tempfile::tempdir().expect("a directory");
        let copy = tempfile::tempdir().expect("a directory");
        let made = make(folder.path(), &[7; 32]).expect("room");
        fs::copy(folder.path().join(FILE), copy.path().join(FILE)).expect("room");
        assert_eq!(
            (read(folder.path()).expect("whole"), read(copy.path()).expect("whole")),
            (Some(made.clone()), None)
        );
        assert_eq!(fault(copy.path()), None, "nothing is wrong with it");
        // As older versions wrote it.
        fs::write(folder.path().join(FILE), format!("{}\n", hex::encode(made.as_slice()))).expect("our own");
        assert_eq!(read(folder.path()).expect("whole"), None);
    }

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
        let (digits, line) = ("a".repeat(64), format!("{}\n", "a".repeat(64)));
        for wrong in [
            "",
            "\n",
            "7",
            &"g".repeat(64),
            &digits,
            &format!("aa{line}"),
            &format!("{line}\n"),
            &format!("{line}{digits}"),
            &format!("{line}7\n"),
        ] {
            fs::write(&path, wrong).expect("our own");
            assert!(said().contains("64 hexadecimal digits"), "{wrong}");
        }
        fs::write(&path, line.repeat(3)).expect("our own");
        assert!(said().contains("more than 130 bytes"));
        let other = folder.join("other");
        fs::rename(&path, &other).expect("our own");
        std::os::unix::fs::symlink(&other, &path).expect("a name that is free");
        assert!(said().contains("it is a link"));
        fs::remove_file(&path).expect("our own");
        fs::create_dir(&path).expect("a name that is free");
        assert!(said().contains("it is a directory"));
    }
}
