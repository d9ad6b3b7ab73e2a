//! The home directory of a node: where everything of it lies, who may read it, and to which chain it belongs.
//!
//! ```text
//! config.toml   genesis.json   keys/ (0700: validator.json, network.key, both 0600)   data/ (chain-id, lock, log/, lease/, store/, services/)
//! ```
//! It must not know what is inside keys, log or store. Invariants: at most one process holds a home; a home whose data belongs to
//! another chain than its genesis is refused; keys that others can read are refused.

mod error;
mod lease;
mod lock;
mod service_folder;

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use types::{ChainId, Genesis};

use crate::disk::{make_directory, place_new_file, replace_file};
use service::plain_file::{self, Takes};

pub use error::HomeError;
pub use lock::HomeLock;
pub(crate) use service_folder::{IGNORED, LEADS_NOWHERE, ServiceFolder};

/// The longest `config.toml`.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// The longest `chain-id`.
const CHAIN_ID_BYTES_MAX: u64 = 1024;

/// A node's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Names a directory; nothing is read yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `genesis.json`.
    #[must_use]
    pub fn genesis_file(&self) -> PathBuf {
        self.root.join("genesis.json")
    }

    /// `keys/`.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The encrypted consensus key.
    #[must_use]
    pub fn validator_key_file(&self) -> PathBuf {
        self.keys().join("validator.json")
    }

    /// The public half of the consensus key, as a genesis takes it.
    #[must_use]
    pub fn validator_entry_file(&self) -> PathBuf {
        self.keys().join("validator-entry.json")
    }

    /// The network identity.
    #[must_use]
    pub fn network_key_file(&self) -> PathBuf {
        self.keys().join("network.key")
    }

    /// `data/`.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The consensus log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data().join("log")
    }

    /// The vote lease, apart from the log, so that one may be lost without the other.
    #[must_use]
    pub fn lease(&self) -> PathBuf {
        self.data().join("lease")
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.data().join("store")
    }

    /// The address book of the network.
    #[must_use]
    pub fn bans(&self) -> PathBuf {
        self.data().join("bans.json")
    }

    /// The peers of an earlier run.
    #[must_use]
    pub fn address_book(&self) -> PathBuf {
        self.data().join("peers.json")
    }

    /// Makes the directories that are missing.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn create(&self) -> Result<(), HomeError> {
        for directory in [self.root.clone(), self.keys(), self.data()] {
            make_directory(&directory).map_err(failed("make", &directory))?;
        }
        Ok(())
    }

    /// Checks that there is a home, that it is ours, and that nobody else reads its keys.
    ///
    /// # Errors
    /// [`HomeError`] that says what to do.
    pub fn check(&self) -> Result<(), HomeError> {
        self.check_kind()?;
        if !self.root.exists() {
            return Err(HomeError::Missing(self.root.clone()));
        }
        // In another user's home nothing may be seen, which does not mean that nothing is there.
        check_owner(&self.root)?;
        if !is_there(&self.config_file())? || !is_there(&self.keys())? {
            return Err(self.missing());
        }
        // Who may change a directory may put another file in the place of any that is in it.
        check_mode(&self.root, 0o022, 0o700)?;
        check_owner(&self.config_file())?;
        check_mode(&self.config_file(), 0o022, 0o600)?;
        check_owner(&self.keys())?;
        check_mode(&self.keys(), 0o077, 0o700)?;
        if self.data().exists() {
            check_owner(&self.data())?;
            check_mode(&self.data(), 0o022, 0o700)?;
        }
        Ok(())
    }

    /// Checks that what is there of a home is ours, so that nothing is made in it that its owner cannot use.
    ///
    /// # Errors
    /// [`HomeError::Owner`], and [`HomeError::NoDirectory`] where something else is in its place.
    pub fn check_owner(&self) -> Result<(), HomeError> {
        self.check_kind()?;
        let parts = [self.root.clone(), self.config_file(), self.keys(), self.data()];
        parts.iter().filter(|path| path.exists()).try_for_each(|path| check_owner(path))
    }

    /// Checks that what is there, if anything is, is a directory.
    fn check_kind(&self) -> Result<(), HomeError> {
        match fs::metadata(&self.root) {
            Ok(found) if !found.is_dir() => Err(HomeError::NoDirectory(self.root.clone())),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(failed("read", &self.root)(error)),
            _ => Ok(()),
        }
    }

    /// Checks that there is a home, as far as this user can tell.
    ///
    /// # Errors
    /// [`HomeError::Missing`], and [`HomeError::NoDirectory`] where something else is in its place.
    pub fn check_is_there(&self) -> Result<(), HomeError> {
        self.check_kind()?;
        match self.config_file().try_exists() {
            Ok(false) => Err(self.missing()),
            _ => Ok(()),
        }
    }

    /// What is said where settings or keys are not there: one may be lost without the other.
    fn missing(&self) -> HomeError {
        let has_lost = self.keys().exists() && !self.config_file().exists();
        if has_lost { HomeError::NoConfig(self.config_file()) } else { HomeError::Missing(self.root.clone()) }
    }

    /// The text of `config.toml`.
    ///
    /// # Errors
    /// [`HomeError`] that names the file.
    pub fn read_config(&self) -> Result<String, HomeError> {
        self.check_kind()?;
        let path = self.config_file();
        plain_file::read_text(&path, CONFIG_BYTES_MAX, Takes::File).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.missing(),
            io::ErrorKind::PermissionDenied => {
                check_owner(&self.root).err().unwrap_or_else(|| failed("read", &path)(error))
            }
            _ => failed("read", &path)(error),
        })
    }

    /// The genesis, checked, with the chain's id.
    ///
    /// # Errors
    /// [`HomeError`] when it is missing or wrong.
    pub fn read_genesis(&self) -> Result<(Genesis, ChainId), HomeError> {
        let path = self.genesis_file();
        if !path.exists() {
            return Err(HomeError::NoGenesis(path));
        }
        let genesis = checked(&path, genesis_in(&path, Takes::File)?)?;
        let chain_id = genesis::chain_id(&genesis);
        Ok((genesis, chain_id))
    }

    /// Refuses data of another chain than this one, if there is any data.
    ///
    /// # Errors
    /// [`HomeError::OtherChain`] and [`HomeError::NoChain`].
    pub fn check_chain(&self, expected: ChainId) -> Result<bool, HomeError> {
        let path = self.data().join("chain-id");
        let found = match plain_file::read_text(&path, CHAIN_ID_BYTES_MAX, Takes::File) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(HomeError::Io { what: "read", path, error }),
        };
        let found = found.trim();
        match found.parse::<types::Hash32>() {
            Ok(chain) if ChainId(chain) == expected => Ok(true),
            Ok(_) => Err(HomeError::OtherChain { path, found: found.to_owned(), expected }),
            Err(_) => {
                let found = found.chars().take(64).flat_map(char::escape_default).collect();
                Err(HomeError::NoChain { path, found, expected })
            }
        }
    }

    fn mark(&self, chain_id: ChainId) -> Result<(), HomeError> {
        if !self.check_chain(chain_id)? {
            let path = self.data().join("chain-id");
            replace_file(&path, format!("{chain_id}\n").as_bytes()).map_err(failed("write", &path))?;
        }
        Ok(())
    }
}

/// Reads and checks a genesis file.
///
/// # Errors
/// [`HomeError`] that names the file.
pub fn read_genesis(path: &Path) -> Result<Genesis, HomeError> {
    checked(path, parse_genesis(path)?)
}

/// Reads a genesis file that may not be complete yet; from a pipe, too.
///
/// # Errors
/// [`HomeError`] that names the file.
pub fn parse_genesis(path: &Path) -> Result<Genesis, HomeError> {
    genesis_in(path, Takes::Pipe)
}

fn genesis_in(path: &Path, takes: Takes) -> Result<Genesis, HomeError> {
    // One byte more than there may be, so that the genesis itself says what is too long.
    let bytes_max = (genesis::JSON_BYTES_MAX as u64).saturating_add(1);
    let length = fs::metadata(path).map_err(failed("read", path))?.len();
    if length > genesis::JSON_BYTES_MAX as u64 {
        let bytes = usize::try_from(length).unwrap_or(usize::MAX);
        let error = genesis::GenesisError::TooLong { bytes, bytes_max: genesis::JSON_BYTES_MAX };
        return Err(HomeError::Genesis { path: path.to_owned(), error: error.into() });
    }
    let json = plain_file::read_text(path, bytes_max, takes).map_err(failed("read", path))?;
    genesis::parse(&json, &runtime::registry())
        .map_err(|error| HomeError::Genesis { path: path.to_owned(), error: error.into() })
}

fn checked(path: &Path, genesis: Genesis) -> Result<Genesis, HomeError> {
    genesis::check(&genesis, &runtime::registry())
        .map_err(|error| HomeError::Genesis { path: path.to_owned(), error: error.into() })?;
    Ok(genesis)
}

/// Writes a file that may not exist yet, readable by its owner only.
///
/// # Errors
/// [`HomeError::Io`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    replace_file(path, bytes).map_err(failed("write", path))
}

/// Writes a file whole and for its owner only, where there is none.
///
/// # Errors
/// [`HomeError::Io`], also where something has the name already.
pub fn write_new_file(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    place_new_file(path, bytes).map_err(failed("write", path))
}

/// Reads a secret file of bounded length that only its owner can read.
///
/// # Errors
/// [`HomeError`] when others can read it, it is no file, or it is too long.
pub fn read_secret(path: &Path, bytes_max: u64) -> Result<zeroize::Zeroizing<Vec<u8>>, HomeError> {
    read_if(path, bytes_max, Takes::File, is_private)
}

/// The same of what a person hands over, which may be a pipe.
///
/// # Errors
/// [`HomeError`] when others can read it, or it is too long.
pub fn read_handed_over(path: &Path, bytes_max: u64) -> Result<zeroize::Zeroizing<Vec<u8>>, HomeError> {
    read_if(path, bytes_max, Takes::Pipe, is_private)
}

/// As [`read_secret`], of a file that the service manager has put down for this service and that nobody can change. It may be the
/// system's, with a right of ours in its access list: the bits of the group are then the mask of that list.
///
/// # Errors
/// [`HomeError`] when others can read it, it can be changed, or it is too long.
pub fn read_credential(path: &Path, bytes_max: u64) -> Result<zeroize::Zeroizing<Vec<u8>>, HomeError> {
    read_if(path, bytes_max, Takes::Pipe, |about| is_private(about) || is_credential(about))
}

fn is_private(about: &fs::Metadata) -> bool {
    about.mode() & 0o077 == 0
}

fn is_credential(about: &fs::Metadata) -> bool {
    let owners = [0, rustix::process::geteuid().as_raw()];
    matches!(about.mode() & 0o7777, 0o400 | 0o440) && owners.contains(&about.uid())
}

fn read_if(
    path: &Path,
    bytes_max: u64,
    takes: Takes,
    is_right: impl Fn(&fs::Metadata) -> bool,
) -> Result<zeroize::Zeroizing<Vec<u8>>, HomeError> {
    use std::io::Read;
    let mut file = plain_file::open(path, takes).map_err(failed("read", path))?;
    let metadata = file.metadata().map_err(failed("read", path))?;
    if !is_right(&metadata) {
        let mode = metadata.mode() & 0o7777;
        return Err(HomeError::Open { path: path.to_owned(), mode, wanted: 0o600 });
    }
    // Room for all of it at once: growing would leave copies behind.
    let capacity = usize::try_from(bytes_max.saturating_add(1)).unwrap_or_default();
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(capacity));
    file.by_ref().take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed("read", path))?;
    if bytes.len() as u64 > bytes_max {
        let error = io::Error::other(format!("it has more than {bytes_max} bytes, and so many are read at most"));
        return Err(HomeError::Io { what: "read", path: path.to_owned(), error });
    }
    Ok(bytes)
}

fn is_there(path: &Path) -> Result<bool, HomeError> {
    path.try_exists().map_err(failed("read", path))
}

fn check_owner(path: &Path) -> Result<(), HomeError> {
    let owner = fs::metadata(path).map_err(failed("read", path))?.uid();
    let user = rustix::process::geteuid().as_raw();
    if owner != user {
        return Err(HomeError::Owner { path: path.to_owned(), owner, user });
    }
    Ok(())
}

fn check_mode(path: &Path, forbidden: u32, wanted: u32) -> Result<(), HomeError> {
    let mode = fs::metadata(path).map_err(failed("read", path))?.permissions().mode() & 0o7777;
    if mode & forbidden != 0 {
        return Err(HomeError::Open { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}

fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> HomeError {
    let path = path.to_owned();
    move |error| HomeError::Io { what, path: path.clone(), error }
}
