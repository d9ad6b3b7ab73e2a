//! Files for their owner only: what keys are kept in, wholly there or not at all.
//!
//! It must not know what is in them. Invariants: a file that others may read, a link, and what is no file are refused and never mended: whoever
//! has read a key could have used it. What is written is on the disk under its name when the call returns, and a crash leaves the former file
//! or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Ends the name of a file that is being written to replace another.
const HALF_WRITTEN: &str = "new";

/// Reads one of at most so many bytes.
///
/// # Errors
/// Of the system, with [`io::ErrorKind::NotFound`] where there is none; for a link, for what is no file, for one that others than its owner may
/// read, and for one that is longer.
pub fn read(path: &Path, bytes_max: usize) -> io::Result<(File, Zeroizing<Vec<u8>>)> {
    // Before it is opened, for the sentence; and while it is, for the guard.
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a link, and a file is needed there"));
    }
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        let what = if about.is_dir() { "a directory" } else { "no file" };
        return Err(io::Error::other(format!("it is {what}, and a file is needed there")));
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!("its mode is {mode:03o}, and only its owner may read it (600)")));
    }
    // With all of its room at once, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max.saturating_add(1)));
    (&file).take(bytes_max.saturating_add(1) as u64).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
    }
    Ok((file, bytes))
}

/// Writes one in the place of whatever file is there. What is written may tell of the very file that it stands in.
///
/// # Errors
/// Of the system: the former file stands as it was.
pub fn replace(path: &Path, content: impl FnOnce(&File) -> io::Result<Zeroizing<Vec<u8>>>) -> io::Result<()> {
    let beside = path.with_added_extension(HALF_WRITTEN);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let bytes = content(&file)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(path.parent().unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// Names the place where a file lies: SHA-256 of the machine's name, the file's number and its time of birth. A copy lies elsewhere, a file that was
/// renamed does not. The device's number says nothing: it may be another one after a restart of the machine.
///
/// # Errors
/// Of the system.
pub fn place_of(file: &File) -> io::Result<[u8; 32]> {
    let about = file.metadata()?;
    let born = about.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born_ns = born.map_or(0, |born| born.as_nanos());
    let names = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
    let machine = names.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let place = format!("thronos place {} {} {born_ns}", machine.trim(), about.ino());
    Ok(Sha256::digest(place.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn said(path: &Path) -> String {
        read(path, 4).expect_err("refused").to_string()
    }

    #[test]
    fn a_private_file_is_written_for_its_owner_and_whatever_else_stands_there_is_refused() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("a.key");
        assert_eq!(read(&path, 4).expect_err("none").kind(), io::ErrorKind::NotFound);
        // What a crash left beside is no hindrance.
        fs::write(folder.path().join("a.key.new"), "half").expect("our own");
        for text in ["one", "two"] {
            replace(&path, |_| Ok(Zeroizing::new(text.as_bytes().to_vec()))).expect("room");
            assert_eq!(read(&path, 4).expect("a file").1.as_slice(), text.as_bytes());
            assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a directory").count(), 1, "nothing is left beside");
        let failed = replace(&path, |_| Err(io::Error::other("no room")));
        assert_eq!(failed.expect_err("it fails").to_string(), "no room");
        assert_eq!(read(&path, 4).expect("as it was").1.as_slice(), b"two");
        fs::write(&path, "abcde").expect("our own");
        assert_eq!(said(&path), "it has more than 4 bytes");
        for mode in [0o640, 0o604, 0o610, 0o601, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own");
            assert_eq!(said(&path), format!("its mode is {mode:03o}, and only its owner may read it (600)"));
        }
        let link = folder.path().join("link");
        symlink(&path, &link).expect("a name that is free");
        assert_eq!(said(&link), "it is a link, and a file is needed there");
        assert_eq!(said(folder.path()), "it is a directory, and a file is needed there");
        assert_eq!(said(Path::new("/dev/null")), "it is no file, and a file is needed there");
    }

    #[test]
    fn a_file_that_was_renamed_lies_where_it_lay_and_a_copy_elsewhere() {
        let folder = tempfile::tempdir().expect("a directory");
        let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
        let place = |path: &Path| place_of(&File::open(path).expect("a file")).expect("the system says so");
        let mut written = None;
        replace(&one, |file| {
            written = Some(place_of(file)?);
            Ok(Zeroizing::default())
        })
        .expect("room");
        assert_eq!(written, Some(place(&one)));
        fs::copy(&one, &two).expect("room");
        fs::rename(&one, &three).expect("a name that is free");
        assert_eq!((Some(place(&three)), Some(place(&two)) == written), (written, false));
    }
}
