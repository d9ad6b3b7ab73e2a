//! The store's directory before RocksDB looks at it: whose it is, which chain and which format.
//!
//! It must not know what is in the database. Invariant: the file `STORE` is there, synced, before the database is.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use types::{ChainId, Hash32};

use crate::error::StoreError;

const MARKER: &str = "STORE";
const DATABASE: &str = "db";
const FIRST_WORDS: &str = "thronos store, format ";

/// Checks the directory, or makes it; gives the path of the database.
pub(crate) fn prepare(path: &Path, chain: ChainId, format: u32) -> Result<PathBuf, StoreError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StoreError::io("make", path, &error))?;
    let about = fs::metadata(path).map_err(|error| StoreError::io("read", path, &error))?;
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o002 != 0 {
        return Err(StoreError::Permissions { path: path.to_owned(), mode });
    }
    let (marker, database) = (path.join(MARKER), path.join(DATABASE));
    let is_used = is_used(&database)?;
    match fs::read_to_string(&marker) {
        Ok(text) => check_marker(path, &marker, &text, chain, format)?,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_used => write_marker(path, &marker, chain, format)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(StoreError::damaged(&marker, "the file is missing, but the database is there"));
        }
        Err(error) => return Err(StoreError::io("read", &marker, &error)),
    }
    // RocksDB would take a folder without this file for a new database and silently begin anew.
    let current = database.join("CURRENT");
    if is_used && !current.exists() {
        return Err(StoreError::damaged(&current, "the file is missing, but other files of the database are there"));
    }
    Ok(database)
}

/// Refuses a folder without a store, which [`prepare`] would make.
pub(crate) fn must_be_there(path: &Path) -> Result<(), StoreError> {
    let marker = path.join(MARKER);
    if marker.exists() && path.join(DATABASE).exists() {
        return Ok(());
    }
    Err(StoreError::damaged(&marker, "it, or the database beside it, is missing"))
}

/// Whether the database has files that hold something. RocksDB makes its lock and its log before anything else.
fn is_used(database: &Path) -> Result<bool, StoreError> {
    let entries = match fs::read_dir(database) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::io("read", database, &error)),
    };
    for entry in entries {
        let name = entry.map_err(|error| StoreError::io("read", database, &error))?.file_name();
        let name = name.to_string_lossy();
        if ["CURRENT", "MANIFEST"].iter().any(|start| name.starts_with(start)) || name.ends_with(".sst") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_marker(path: &Path, marker: &Path, text: &str, chain: ChainId, format: u32) -> Result<(), StoreError> {
    let mut lines = text.lines();
    let found = lines.next().and_then(|line| line.strip_prefix(FIRST_WORDS)).and_then(|number| number.parse().ok());
    let Some(found) = found else {
        return Err(StoreError::damaged(marker, "its first line is not that of such a file"));
    };
    if found > format {
        return Err(StoreError::NewerFormat { path: path.to_owned(), found, known: format });
    }
    if found < format {
        return Err(StoreError::OlderFormat { path: path.to_owned(), found, known: format });
    }
    let of_chain = lines.next().and_then(|line| line.strip_prefix("chain ")).and_then(|hash| hash.parse().ok());
    let Some(of_chain) = of_chain.map(|hash: Hash32| ChainId(hash)) else {
        return Err(StoreError::damaged(marker, "its second line does not name a chain"));
    };
    if of_chain != chain {
        return Err(StoreError::OtherChain { path: path.to_owned(), found: of_chain, expected: chain });
    }
    Ok(())
}

/// Writes the marker so that it is whole or absent, and stays.
fn write_marker(path: &Path, marker: &Path, chain: ChainId, format: u32) -> Result<(), StoreError> {
    let draft = path.join("STORE.new");
    let write = || {
        let mut file = File::create(&draft)?;
        file.write_all(format!("{FIRST_WORDS}{format}\nchain {chain}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, marker)?;
        File::open(path)?.sync_all()
    };
    write().map_err(|error| StoreError::io("write", marker, &error))
}
