//! The journal's port over a directory of the file system.
//!
//! Appends go to a file that stays open; a sync is one `fdatasync`. It must not know what is in a file, and never tries again:
//! after a failed sync the system may have dropped the pages, so that a second one that succeeds would say nothing.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use journal::{Disk, DiskError, DiskOperation, Place};

/// Ends the name of a file that is being written to replace another.
const HALF_WRITTEN: &str = ".new";

/// A directory that belongs to the log or the lease.
#[derive(Debug)]
pub struct FileDisk {
    directory: PathBuf,
    appended: HashMap<String, File>,
}

impl FileDisk {
    /// Opens a directory, or makes it, readable by its owner only.
    ///
    /// # Errors
    /// [`DiskError`] when it cannot be made.
    pub fn open(directory: &Path) -> Result<Self, DiskError> {
        let disk = Self { directory: directory.to_owned(), appended: HashMap::new() };
        make_directory(directory).map_err(|error| disk.error(".", DiskOperation::Create, &error))?;
        Ok(disk)
    }

    /// A directory that is there, to be looked at.
    pub(crate) fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), appended: HashMap::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn error(&self, name: &str, operation: DiskOperation, error: &io::Error) -> DiskError {
        let file = if name == "." { self.directory.clone() } else { self.path(name) };
        DiskError { file: file.display().to_string(), operation, message: error.to_string() }
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn open_appended(&mut self, name: &str) -> io::Result<&mut File> {
        if !self.appended.contains_key(name) {
            let file = OpenOptions::new().append(true).open(self.path(name))?;
            // The log appends to its newest file only; older handles would keep removed files on the disk.
            self.appended.clear();
            self.appended.insert(name.to_owned(), file);
        }
        Ok(self.appended.get_mut(name).expect("inserted above"))
    }
}

/// Makes a directory and its parents, each readable by its owner only.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Writes a new file durably, readable by its owner only. What is written may name the place.
fn write_new(path: &Path, content: impl FnOnce(&File) -> io::Result<Vec<u8>>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let bytes = content(&file)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

/// Which file this is. The device's number says nothing: it may be another one after a restart of the machine.
fn place_of(file: &File) -> io::Result<Place> {
    let about = file.metadata()?;
    let born = about.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = born.and_then(|born| u64::try_from(born.as_nanos()).ok()).unwrap_or_default();
    Ok(Place { machine: machine(), file: about.ino(), born })
}

/// Names this machine, without telling which one it is; nothing where there is no name.
fn machine() -> [u8; 32] {
    let names = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
    let name = names.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { [0; 32] } else { crypto::hash::sha256(format!("thronos lease {name}").as_bytes()) }
}

/// Puts `bytes` in the place of a file, durably, and wholly or not at all.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_file_with(path, |_| Ok(bytes.to_vec()))
}

/// Puts `bytes` where there is no file, durably, and wholly or not at all.
pub(crate) fn place_new_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place_file_with(
        path,
        |_| Ok(bytes.to_vec()),
        |half_written| {
            // A name that is taken is refused, which a rename does not.
            let placed = fs::hard_link(half_written, path);
            fs::remove_file(half_written)?;
            placed
        },
    )
}

fn replace_file_with(path: &Path, content: impl FnOnce(&File) -> io::Result<Vec<u8>>) -> io::Result<()> {
    place_file_with(path, content, |half_written| fs::rename(half_written, path))
}

fn place_file_with(
    path: &Path,
    content: impl FnOnce(&File) -> io::Result<Vec<u8>>,
    place: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(HALF_WRITTEN);
    let half_written = directory.join(name);
    match fs::remove_file(&half_written) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write_new(&half_written, content)?;
    place(&half_written)?;
    File::open(directory)?.sync_all()
}

impl Disk for FileDisk {
    fn list(&self) -> Result<Vec<String>, DiskError> {
        let list = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.directory)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.file_type()?.is_file() && !name.ends_with(HALF_WRITTEN) {
                    names.push(name);
                }
            }
            Ok(names)
        };
        list().map_err(|error| self.error(".", DiskOperation::List, &error))
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, DiskError> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(name, DiskOperation::Read, &error)),
        }
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        write_new(&self.path(name), |_| Ok(bytes.to_vec()))
            .and_then(|()| self.sync_directory())
            .map_err(|error| self.error(name, DiskOperation::Create, &error))
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let result = self.open_appended(name).and_then(|file| file.write_all(bytes));
        result.map_err(|error| self.error(name, DiskOperation::Append, &error))
    }

    fn sync(&mut self, name: &str) -> Result<(), DiskError> {
        let result = self.open_appended(name).and_then(|file| file.sync_data());
        result.map_err(|error| self.error(name, DiskOperation::Sync, &error))
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.appended.remove(name);
        replace_file(&self.path(name), bytes).map_err(|error| self.error(name, DiskOperation::Replace, &error))
    }

    fn replace_with(&mut self, name: &str, content: &mut dyn FnMut(Place) -> Vec<u8>) -> Result<(), DiskError> {
        self.appended.remove(name);
        replace_file_with(&self.path(name), |file| Ok(content(place_of(file)?)))
            .map_err(|error| self.error(name, DiskOperation::Replace, &error))
    }

    fn place(&self, name: &str) -> Result<Option<Place>, DiskError> {
        match File::open(self.path(name)).and_then(|file| place_of(&file)) {
            Ok(place) => Ok(Some(place)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(name, DiskOperation::Read, &error)),
        }
    }

    fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        self.appended.remove(name);
        fs::remove_file(self.path(name))
            .and_then(|()| self.sync_directory())
            .map_err(|error| self.error(name, DiskOperation::Remove, &error))
    }
}
