//! SHA-256 of a file, however long it is.
//!
//! It must not know what a digest is for.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use types::Hash32;

use crate::{Error, Result};

/// So much of a file is in memory at once.
const PART_BYTES: usize = 64 * 1024;

/// SHA-256 of what is in a file.
///
/// # Errors
/// `file` when it cannot be read, or is no plain file.
pub fn digest_of_file(path: &Path) -> Result<Hash32> {
    let failed = |error: std::io::Error| Error::file("read", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    // A pipe or a device may never end.
    if !file.metadata().map_err(failed)?.is_file() {
        let message = format!("{} is no plain file", path.display());
        return Err(Error::new("file", message, "name a file, or give its digest"));
    }
    let mut part = vec![0_u8; PART_BYTES];
    let mut hasher = Sha256::new();
    loop {
        let count = file.read(&mut part).map_err(failed)?;
        match part.get(..count) {
            Some([]) | None => return Ok(Hash32(hasher.finalize().into())),
            Some(bytes) => hasher.update(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_length_has_the_digest_of_its_bytes_and_a_folder_has_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pack");
        for length in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 7] {
            let bytes: Vec<u8> = (0..length).map(|place| u8::try_from(place % 251).expect("below 251")).collect();
            std::fs::write(&path, &bytes).expect("own directory");
            assert_eq!(digest_of_file(&path), Ok(Hash32(crypto::hash::sha256(&bytes))), "{length}");
        }
        for other in [directory.path(), &directory.path().join("nothing")] {
            assert_eq!(digest_of_file(other).expect_err("no file").code, "file");
        }
    }
}
