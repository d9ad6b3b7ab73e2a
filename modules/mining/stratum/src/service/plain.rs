//! Opens what is a file, and nothing else: a pipe in its place would keep its reader or writer waiting for ever.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // This file is the shell's: files are its matter.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file as asked for, without waiting.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let opened = options.custom_flags(flags).open(path).and_then(|file| Ok((file.metadata()?.file_type(), file)));
    let kind = match &opened {
        Ok((kind, _)) => *kind,
        // A pipe that nobody reads cannot be opened for writing.
        Err(_) => match fs::metadata(path) {
            Ok(found) => found.file_type(),
            Err(_) => return opened.map(|(_, file)| file),
        },
    };
    if kind.is_file() {
        return opened.map(|(_, file)| file);
    }
    let what = if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else {
        "a device"
    };
    let name = path.file_name().unwrap_or_default().display();
    Err(io::Error::other(format!("`{name}` is {what}, and a file is needed there")))
}

/// All bytes of a file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(OpenOptions::new().read(true), path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file that is new, whatever stood there.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{FolderShares, ReceiptsFolder, Shares};
    use super::*;

    fn pipe(path: &Path) {
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR);
        rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("a pipe");
    }

    // FAULTS RF7
    #[test]
    fn a_pipe_in_the_place_of_any_file_of_the_ledger_is_refused_by_name_or_replaced_and_nothing_waits() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        pipe(&at("shares.journal"));
        let said = FolderShares::open(folder.path()).map(drop).expect_err("a pipe").to_string();
        assert_eq!(said, "`shares.journal` is a pipe, and a file is needed there");
        fs::remove_file(at("shares.journal")).expect("it is there");
        pipe(&at("shares.snapshot"));
        let mut shares = FolderShares::open(folder.path()).expect("a folder");
        let said = shares.load().map(drop).expect_err("a pipe").to_string();
        assert_eq!(said, "`shares.snapshot` is a pipe, and a file is needed there");
        pipe(&at("shares.snapshot.new"));
        shares.checkpoint(b"whole").expect("what is in the way goes");
        assert_eq!(shares.load().expect("files").snapshot.as_deref(), Some(&b"whole"[..]));
        let receipts = at("receipts");
        fs::create_dir(&receipts).expect("a folder");
        for name in ["7", "8.new"] {
            pipe(&receipts.join(name));
        }
        let kept = ReceiptsFolder::open(&receipts).expect("a folder");
        let root = crate::ReceiptsRoot { work_height: 7, root: types::Hash32([1; 32]) };
        let said = kept.read(&root).map(drop).expect_err("a pipe").to_string();
        assert!(said.ends_with("`7` is a pipe, and a file is needed there"), "{said}");
        let mut file = create(&receipts.join("7")).expect("what is in the way goes");
        file.write_all(b"text").expect("room");
        assert_eq!(read(&receipts.join("7")).expect("a file"), b"text");
    }
}
