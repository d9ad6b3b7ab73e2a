//! Reads files that a person names or may put something else in the place of: bounded in bytes, and without waiting for a pipe
//! where a file belongs.
//!
//! It must not know what is in them. What a person hands over once, a genesis or a password, may be a pipe: somebody writes to it, and
//! waits. What a running node reads by itself may not: nobody would write, and it would wait for ever.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// What may stand where something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A file only.
    File,
    /// Whatever can be read to its end.
    Pipe,
}

/// Opens it, which never waits where a file is asked for.
///
/// # Errors
/// Of the system, and for what is no file where only a file may be.
pub fn open(path: &Path, takes: Takes) -> io::Result<File> {
    if takes == Takes::Pipe {
        return File::open(path);
    }
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    let what = if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device"
    };
    Err(io::Error::other(format!("it is {what}, and a file is needed there")))
}

/// The bytes, if there are not more than so many.
///
/// # Errors
/// As [`open`], and for what is longer.
pub fn read(path: &Path, bytes_max: u64, takes: Takes) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, takes)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it has more than {bytes_max} bytes, and so many are read at most")));
    }
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`read`], and for what is not UTF-8.
pub fn read_text(path: &Path, bytes_max: u64, takes: Takes) -> io::Result<String> {
    String::from_utf8(read(path, bytes_max, takes)?)
        .map_err(|error| io::Error::other(format!("byte {} is not UTF-8 text", error.utf8_error().valid_up_to())))
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RF7
    #[test]
    fn what_is_no_file_is_refused_at_once_and_what_is_too_long_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().expect("a directory");
        let [pipe, file] = ["pipe", "file"].map(|name| folder.path().join(name));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
            .expect("a pipe");
        std::fs::write(&file, b"text\xff").expect("a file");
        let said = |path: &Path, bytes_max| read_text(path, bytes_max, Takes::File).expect_err("refused").to_string();
        assert_eq!(said(&pipe, 10), "it is a pipe, and a file is needed there");
        assert_eq!(said(folder.path(), 10), "it is a directory, and a file is needed there");
        assert_eq!(said(Path::new("/dev/zero"), 10), "it is a device, and a file is needed there");
        assert_eq!(said(&file, 4), "it has more than 4 bytes, and so many are read at most");
        assert_eq!(said(&file, 5), "byte 4 is not UTF-8 text");
        let endless = read(Path::new("/dev/zero"), 10, Takes::Pipe).expect_err("it has no end");
        assert_eq!(endless.to_string(), "it has more than 10 bytes, and so many are read at most");
        std::fs::write(&file, b"text").expect("a file");
        assert_eq!(read_text(&file, 4, Takes::File).expect("a file"), "text");
    }
}
