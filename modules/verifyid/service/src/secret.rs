//! The secrets of which the service's keys are made: each a file for its owner only, made at the first start.
//!
//! It must not know how the keys are used. Invariants: a file that others may read, or that is no plain file, is refused and never mended:
//! whoever has read it could have made challenges. One that was copied is not used: of two services with one secret each would say
//! yes to the same answer.

use std::fs::File;
use std::io;
use std::path::Path;

use service::{Refusal, private_file};
use zeroize::Zeroizing;

use crate::examiner::keys::{KEY_BYTES, Key, derive};

/// A secret that lies in the service's folder.
pub(crate) struct SecretFile {
    /// The file's name.
    pub(crate) name: &'static str,
    /// What a refusal is called.
    code: &'static str,
    /// What it is made for, of the start's random bytes.
    purpose: &'static str,
    /// What is no longer good once there is another.
    ends: &'static str,
}

/// Of which challenges are made.
pub(crate) const CHALLENGES: SecretFile = SecretFile {
    name: "challenge.secret",
    code: "challenge_secret",
    purpose: "thr/v1/verifyid-secret",
    ends: "challenges that are out are then refused",
};

/// Of which older devices' secrets are made.
pub(crate) const OLDER_DEVICES: SecretFile = SecretFile {
    name: "hmac.secret",
    code: "hmac_secret",
    purpose: "thr/v1/verifyid-hmac-master",
    ends: "older devices are then enrolled anew, `thronos device hmac enrol KEY`",
};

/// The secret and the file's place, in digits, each with the end of its line.
const TEXT_BYTES: usize = 2 * LINE_BYTES;
const LINE_BYTES: usize = 2 * KEY_BYTES + 1;

impl SecretFile {
    /// Reads it, if it is there and lies where it was made.
    ///
    /// # Errors
    /// Its code, with what to do.
    pub(crate) fn read(&self, folder: &Path) -> Result<Option<Key>, Refusal> {
        let path = folder.join(self.name);
        match read_file(&path) {
            Ok((key, true)) => Ok(Some(key)),
            Ok((_, false)) => {
                let what = "it was copied or put back, so another is made";
                tracing::warn!(file = %path.display(), "{what}; {}", self.ends);
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.refusal(&path, &error)),
        }
    }

    /// Makes a new one in the place of whatever is there.
    ///
    /// # Errors
    /// Its code: it cannot be written.
    pub(crate) fn make(&self, folder: &Path, entropy: &[u8; 32]) -> Result<Key, Refusal> {
        let key = derive(entropy, None, self.purpose);
        self.put(folder, &key)?;
        Ok(key)
    }

    /// Puts this one in the place of whatever is there.
    ///
    /// # Errors
    /// Its code: it cannot be written.
    pub(crate) fn put(&self, folder: &Path, key: &Key) -> Result<(), Refusal> {
        let path = folder.join(self.name);
        private_file::replace(&path, |file| text_of(key, file)).map_err(|error| self.refusal(&path, &error))
    }

    /// What is wrong with it, if it is there and anything is.
    pub(crate) fn fault(&self, folder: &Path) -> Option<String> {
        match read_file(&folder.join(self.name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Some(error.to_string()),
            _ => None,
        }
    }

    fn refusal(&self, path: &Path, error: &io::Error) -> Refusal {
        let hint = format!("move it away, and the service makes a new one; {}", self.ends);
        Refusal::new(self.code, format!("{}: {error}; {hint}", path.display()))
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
        let made = CHALLENGES.make(folder.path(), &[7; 32]).expect("room");
        fs::copy(folder.path().join(CHALLENGES.name), copy.path().join(CHALLENGES.name)).expect("room");
        assert_eq!(
            (CHALLENGES.read(folder.path()).expect("whole"), CHALLENGES.read(copy.path()).expect("whole")),
            (Some(made.clone()), None)
        );
        assert_eq!(CHALLENGES.fault(copy.path()), None, "nothing is wrong with it");
        // As older versions wrote it.
        fs::write(folder.path().join(CHALLENGES.name), format!("{}\n", hex::encode(made.as_slice()))).expect("our own");
        assert_eq!(CHALLENGES.read(folder.path()).expect("whole"), None);
    }

    // FAULTS VS7
    #[test]
    fn a_secret_is_for_its_owner_only_and_what_is_none_is_refused_with_a_sentence() {
        let folder = tempfile::tempdir().expect("a directory");
        let (folder, path) = (folder.path(), folder.path().join(CHALLENGES.name));
        assert_eq!((CHALLENGES.read(folder).expect("none"), CHALLENGES.fault(folder)), (None, None));
        let made = CHALLENGES.make(folder, &[7; 32]).expect("room");
        assert_eq!(CHALLENGES.read(folder).expect("whole"), Some(made.clone()));
        assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
        assert_ne!(made, CHALLENGES.make(folder, &[8; 32]).expect("room"));
        let said = || {
            let refusal = CHALLENGES.read(folder).expect_err("refused");
            assert_eq!(refusal.code, "challenge_secret");
            assert!(refusal.message.contains(&CHALLENGES.fault(folder).expect("the same")), "{refusal}");
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
