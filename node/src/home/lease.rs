//! The lease that a home gets with a new key.
//!
//! It must not know what a lease says. Invariant: what another key may have signed is never forgotten for a new one.

use std::path::{Path, PathBuf};
use std::{fs, io};

use journal::{DiskError, LEASE_FILE, Lease};
use types::BlsPublicKey;

use super::{Home, HomeError, failed};
use crate::disk::{FileDisk, replace_file};

impl Home {
    /// Notes that this key was made a moment ago, here, and has signed nothing. A lease of another key, or one that cannot be read, is
    /// kept beside the new one: says where.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn begin_lease(&self, key: BlsPublicKey) -> Result<Option<PathBuf>, HomeError> {
        let folder = self.lease();
        let unwritten = |error: DiskError| failed("write", &folder)(io::Error::other(error.message));
        let disk = FileDisk::open(&folder).map_err(unwritten)?;
        let former = match Lease::key_on(&disk) {
            Ok(None) => None,
            Ok(Some(found)) if found == key => None,
            _ => Some(keep(&folder.join(LEASE_FILE))?),
        };
        Lease::begin(disk, key).map_err(unwritten)?;
        Ok(former)
    }

    /// Keeps the lease of another key than this beside the place where this one's is written next: for a key whose file somebody has put
    /// here. Says where; nothing where there is none of another key. A lease of this key that was kept so before is put there anew, as a
    /// copy: what it says that the key may have signed counts, and where else the key was meanwhile nobody knows.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn keep_former_lease(&self, key: BlsPublicKey) -> Result<Option<PathBuf>, HomeError> {
        match Lease::key_on(&FileDisk::at(&self.lease())) {
            Ok(Some(found)) if found != key => {
                let file = self.lease().join(LEASE_FILE);
                let aside = keep(&file)?;
                if let Some(former) = former_of(&file, key) {
                    replace_file(&file, &former).map_err(failed("write", &file))?;
                }
                Ok(Some(aside))
            }
            // One that cannot be read stops the start.
            _ => Ok(None),
        }
    }
}

/// The last lease of a key that was kept beside this file.
fn former_of(file: &Path, key: BlsPublicKey) -> Option<Vec<u8>> {
    let kept = (1_u32..).map(|number| former(file, number)).take_while(|path| path.exists());
    let contents = kept.filter_map(|path| fs::read(path).ok());
    contents.filter(|content| Lease::<FileDisk>::key_in(content).is_ok_and(|found| found == Some(key))).last()
}

fn former(file: &Path, number: u32) -> PathBuf {
    file.with_extension(format!("former-{number}"))
}

/// Gives a file a second name that no other has; what is written next has the first.
fn keep(path: &Path) -> Result<PathBuf, HomeError> {
    let mut number = 1_u32;
    loop {
        let aside = former(path, number);
        match fs::hard_link(path, &aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number = number.saturating_add(1),
            kept => return kept.map(|()| aside).map_err(failed("keep", path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RT15
    #[test]
    fn the_lease_of_another_key_is_kept_beside_the_new_one_and_so_is_one_that_cannot_be_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Home::new(directory.path());
        let file = home.lease().join(LEASE_FILE);
        let [first, second] = [1, 2].map(|byte| BlsPublicKey([byte; 96]));
        let of = || Lease::key_on(&FileDisk::at(&home.lease())).expect("a lease or none");
        assert_eq!(of(), None);
        assert_eq!(home.begin_lease(first).expect("our own"), None);
        assert_eq!((of(), home.begin_lease(first).expect("our own")), (Some(first), None), "its own");
        let written = fs::read(&file).expect("it is there");
        let kept = home.begin_lease(second).expect("our own").expect("it was another key's");
        assert_eq!((of(), fs::read(&kept).expect("it is kept")), (Some(second), written));
        fs::write(&file, [7; 40]).expect("our own");
        assert!(Lease::key_on(&FileDisk::at(&home.lease())).is_err(), "it is damaged");
        let damaged = home.begin_lease(first).expect("our own").expect("nobody knows whose it was");
        assert!(damaged != kept && kept.exists(), "both are kept");
        assert_eq!((of(), fs::read(&damaged).expect("it is kept")), (Some(first), vec![7; 40]));
        // A key that somebody has put here.
        assert_eq!(home.keep_former_lease(first).expect("our own"), None, "its own");
        let written = fs::read(&file).expect("it is there");
        let put = home.keep_former_lease(second).expect("our own").expect("it was another key's");
        assert_eq!((of(), fs::read(&put).expect("it is kept")), (Some(first), written.clone()));
        let holder = journal::Holder { chain: types::ChainId(types::Hash32([1; 32])), key: Some(second) };
        drop(Lease::open(FileDisk::at(&home.lease()), holder, journal::LogState::Absent));
        assert_eq!(fs::read(&put).expect("it is kept"), written, "whatever is written next");
        // The first key comes back: its own lease counts again, as a copy.
        assert_eq!(of(), Some(second));
        home.keep_former_lease(first).expect("our own").expect("it was another key's");
        assert_eq!((of(), fs::read(&file).expect("it is there")), (Some(first), written));
        let back = journal::Holder { key: Some(first), ..holder };
        let lease = Lease::open(FileDisk::at(&home.lease()), back, journal::LogState::Absent).expect("a lease");
        assert_eq!(lease.votes_only_above(), journal::VoteBound::Unknown(journal::Doubt::Copied));
    }
}
