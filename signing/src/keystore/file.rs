//! Files that only their owner may read, written so that a crash leaves the old one or the new one, never neither.
//!
//! It must not know what is in them. A new file is written beside its place under another name, synced, put in its place by one
//! step of the file system, and the directory is synced. Files that others may read are refused before a byte of them is used.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::{Error, Result};

/// Longer than any key or password file.
const BYTES_MAX: u64 = 64 * 1024;
/// What unfinished files end with.
const UNFINISHED: &str = ".unfinished";

/// Whether an existing file may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse with `file`.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Makes a directory, and those above it, that only the owner may enter.
///
/// # Errors
/// `file` if that cannot be done.
pub fn create_private_directory(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Error::file("make the directory", path, &error))
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// `file`; the old file is then untouched.
pub fn write_private(path: &Path, contents: &[u8], existing: Existing) -> Result<()> {
    write_through(path, existing, |file| file.write_all(contents))
}

/// The steps of [`write_private`], with the writing left to the caller.
///
/// # Errors
/// As [`write_private`].
pub fn write_through(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<()> {
    let failed = |error: std::io::Error| Error::file("write", path, &error);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = unfinished_name(path).map_err(failed)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
    let finished = write(&mut file).and_then(|()| file.sync_all());
    let placed = finished.and_then(|()| match existing {
        Existing::Replace => fs::rename(&beside, path),
        // A link is refused where a file already stands, which a rename is not.
        Existing::Keep => fs::hard_link(&beside, path),
    });
    if existing == Existing::Keep || placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed.and_then(|()| File::open(directory)?.sync_all()).map_err(failed)
}

fn unfinished_name(path: &Path) -> std::io::Result<PathBuf> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{}{UNFINISHED}", hex::encode(random))))
}

/// Reads a file that only its owner may read.
///
/// # Errors
/// `file_readable_by_others` for a file with any right for group or others, `file` otherwise.
pub fn read_private(path: &Path) -> Result<Zeroizing<String>> {
    read_private_bounded(path, BYTES_MAX)
}

/// The same of a file that may be longer.
///
/// # Errors
/// As [`read_private`].
pub fn read_private_bounded(path: &Path, bytes_max: u64) -> Result<Zeroizing<String>> {
    let failed = |error: std::io::Error| Error::file("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if !metadata.is_file() || metadata.len() > bytes_max {
        let what = format!("not a plain file, or above {} KiB", bytes_max / 1_024);
        let message = format!("{} is not a key or password file: {what}", path.display());
        return Err(Error::new("file", message, "check the path"));
    }
    if mode & 0o077 != 0 {
        let message = format!("{} can be read by others (mode {mode:04o}), so it is not used", path.display());
        let hint = format!("run `chmod 600 {}`, and think of the secret in it as seen", path.display());
        return Err(Error::new("file_readable_by_others", message, hint));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(bytes_max).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
