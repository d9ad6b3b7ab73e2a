//! The wallet's directory: which files it has and what they are called.
//!
//! `keys/NAME.json` a key file, `multisig/NAME.json` a policy, `genesis.json` the chain that this wallet trusts,
//! `checkpoints/CHAIN.json` the newest block it has found final, `sent/ID.json` a transaction of which nobody knows yet what became of it. Everything is made
//! with rights for the owner only. It must not know what a command does with them.

use std::fs::File;
use std::path::{Path, PathBuf};

use types::{Address, ChainId, Hash32, MultisigPolicy};

use crate::keystore::file::{Existing, create_private_directory, read_private, read_private_bounded, write_private};
use crate::keystore::{self, KeyFileHeader, Secret};
use crate::password::Password;
use crate::{Error, Result, TransactionFile};

/// Longest name of a key.
const NAME_BYTES_MAX: usize = 32;

/// The code of a refusal to write into somebody else's wallet.
pub(crate) const ANOTHER_USERS: &str = "wallet_of_another_user";

/// A wallet's directory.
#[derive(Clone, Debug)]
pub struct WalletHome {
    directory: PathBuf,
}

/// A key file, unopened.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub header: KeyFileHeader,
}

impl NamedKey {
    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        crypto::ids::address_of_key(&self.header.public_key)
    }
}

impl WalletHome {
    /// The directory, which need not exist yet.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the trusted genesis stands.
    #[must_use]
    pub fn genesis_path(&self) -> PathBuf {
        self.directory.join("genesis.json")
    }

    /// Where the newest block of a chain that was found final is remembered.
    #[must_use]
    pub fn checkpoint_path(&self, chain: ChainId) -> PathBuf {
        self.directory.join("checkpoints").join(format!("{chain}.json"))
    }

    /// Where the assets of a chain that were proven are remembered.
    #[must_use]
    pub fn assets_path(&self, chain: ChainId) -> PathBuf {
        self.directory.join("assets").join(format!("{chain}.json"))
    }

    /// Where a signed transaction is kept from before it is handed in until it is known what became of it.
    ///
    /// # Errors
    /// `file` when its directory cannot be made.
    pub fn sent_path(&self, id: &Hash32) -> Result<PathBuf> {
        let directory = self.directory.join("sent");
        create_private_directory(&directory)?;
        Ok(directory.join(format!("{id}.json")))
    }

    /// A signed transaction that is kept, if it can be read.
    #[must_use]
    pub fn sent(&self, id: &Hash32) -> Option<TransactionFile> {
        let path = self.directory.join("sent").join(format!("{id}.json"));
        TransactionFile::parse(&read_private_bounded(&path, TransactionFile::BYTES_MAX as u64).ok()?).ok()
    }

    /// Signed transactions that are kept, so many at most.
    #[must_use]
    pub fn all_sent(&self, count: usize) -> Vec<(PathBuf, TransactionFile)> {
        let entries = std::fs::read_dir(self.directory.join("sent")).into_iter().flatten().take(count);
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let read = |path: PathBuf| {
            let text = read_private_bounded(&path, TransactionFile::BYTES_MAX as u64).ok()?;
            Some((path, TransactionFile::parse(&text).ok()?))
        };
        paths.filter_map(read).collect()
    }

    /// Deletes what was kept of a transaction of which it is known what became of it.
    pub fn forget_sent(&self, id: &Hash32) {
        // Nobody needs it any more, and one that stays does no harm.
        let _ = std::fs::remove_file(self.directory.join("sent").join(format!("{id}.json")));
    }

    /// Waits until no other command of this wallet is between an account's nonce and the node's answer. It ends when the file is
    /// dropped, or the process is gone.
    ///
    /// # Errors
    /// `file`, or `wallet_of_another_user` for root in somebody's wallet: what root leaves there its owner cannot use.
    pub fn lock_account(&self, address: &Address) -> Result<File> {
        self.check_owner()?;
        let directory = self.directory.join("locks");
        create_private_directory(&directory)?;
        let path = directory.join(hex::encode(address.0));
        let failed = |error| Error::file("lock", &path, &error);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// Refuses somebody else's wallet, before anything is written there.
    ///
    /// # Errors
    /// `wallet_of_another_user`.
    pub fn check_owner(&self) -> Result<()> {
        use std::os::unix::fs::MetadataExt;
        let (own, owner) =
            (rustix::process::geteuid().as_raw(), std::fs::metadata(&self.directory).map(|about| about.uid()));
        match owner {
            Ok(owner) if owner != own => {
                let place = self.directory.display();
                let message =
                    format!("the wallet {place} belongs to user {owner}, and this command runs as user {own}");
                let hint =
                    format!("nothing was written there: run it as its owner, as with `sudo -u '#{owner}' thronos …`");
                Err(Error::new(ANOTHER_USERS, message, hint))
            }
            _ => Ok(()),
        }
    }

    /// Seals a secret under a new name.
    ///
    /// # Errors
    /// `bad_name`, `name_taken`, or `file`.
    pub fn add_key(&self, name: &str, secret: &Secret, password: &Password) -> Result<()> {
        let path = self.new_path("keys", name)?;
        let text = keystore::seal(secret, password)?;
        write_private(&path, text.as_bytes(), Existing::Keep)
    }

    /// Refuses a name that cannot be used for something new, before anything costly is done.
    ///
    /// # Errors
    /// `bad_name` or `name_taken`.
    pub fn check_new_name(&self, name: &str) -> Result<()> {
        check_name(name)?;
        for folder in ["keys", "multisig"] {
            let path = self.path(folder, name);
            if path.try_exists().map_err(|error| Error::file("look at", &path, &error))? {
                let place = self.directory.display();
                let message = format!("there already is a key or multisig account called `{name}` in {place}");
                return Err(Error::new("name_taken", message, "choose another name; nothing was changed"));
            }
        }
        Ok(())
    }

    /// Seals a key file again with another password.
    ///
    /// # Errors
    /// `wrong_password`, `unknown_name` or `file`; the old file is then still there.
    pub fn change_password(&self, name: &str, old: &Password, new: &Password) -> Result<()> {
        let text = keystore::seal(&self.open_key(name, old)?, new)?;
        write_private(&self.path("keys", name), text.as_bytes(), Existing::Replace)
    }

    /// Opens a key file.
    ///
    /// # Errors
    /// `unknown_name`, `file_readable_by_others`, or `wrong_password`.
    pub fn open_key(&self, name: &str, password: &Password) -> Result<Secret> {
        keystore::open(&self.read("keys", name)?, password)
    }

    /// A key file's public part.
    ///
    /// # Errors
    /// `unknown_name`, `file_readable_by_others`, or `damaged_key_file`.
    pub fn key(&self, name: &str) -> Result<NamedKey> {
        let header = keystore::header(&self.read("keys", name)?).map_err(|_| {
            let message = format!("{} is no key file, or damaged", self.path("keys", name).display());
            Error::new("damaged_key_file", message, "put it back from a copy, or import its words under another name")
        })?;
        Ok(NamedKey { name: name.to_owned(), header })
    }

    /// Whether there is a key file of this name.
    #[must_use]
    pub fn has_key(&self, name: &str) -> bool {
        check_name(name).is_ok() && is_there(&self.path("keys", name))
    }

    /// Whether there is a multisig account of this name.
    #[must_use]
    pub fn has_policy(&self, name: &str) -> bool {
        check_name(name).is_ok() && is_there(&self.path("multisig", name))
    }

    /// The names of all key files.
    ///
    /// # Errors
    /// `file` if the directory cannot be read.
    pub fn key_names(&self) -> Result<Vec<String>> {
        self.names("keys")
    }

    /// The names of all multisig accounts.
    ///
    /// # Errors
    /// `file` if the directory cannot be read.
    pub fn policy_names(&self) -> Result<Vec<String>> {
        self.names("multisig")
    }

    /// Keeps a policy under a new name.
    ///
    /// # Errors
    /// `bad_name`, `name_taken`, or `file`.
    pub fn add_policy(&self, name: &str, policy: &MultisigPolicy) -> Result<()> {
        let path = self.new_path("multisig", name)?;
        let text = serde_json::to_string_pretty(policy).expect("numbers and keys always have a JSON form") + "\n";
        write_private(&path, text.as_bytes(), Existing::Keep)
    }

    /// The policy of a multisig account.
    ///
    /// # Errors
    /// `unknown_name`, or `bad_policy` for a file that is none.
    pub fn policy(&self, name: &str) -> Result<MultisigPolicy> {
        let text = self.read("multisig", name)?;
        serde_json::from_str(&text).map_err(|error| {
            let message = format!("the policy `{name}` cannot be read: {error}");
            Error::new(
                "bad_policy",
                message,
                format!("make it again with `thronos multisig create {name} --threshold NUMBER --key KEY`"),
            )
        })
    }

    fn read(&self, folder: &str, name: &str) -> Result<zeroize::Zeroizing<String>> {
        check_name(name)?;
        let path = self.path(folder, name);
        if !is_there(&path) {
            let message = format!("there is no `{name}` in {}", self.directory.join(folder).display());
            return Err(Error::new(
                "unknown_name",
                message,
                "see `thronos wallet list`; another wallet is chosen by `--wallet-dir`",
            ));
        }
        read_private(&path)
    }

    fn path(&self, folder: &str, name: &str) -> PathBuf {
        self.directory.join(folder).join(format!("{name}.json"))
    }

    fn new_path(&self, folder: &str, name: &str) -> Result<PathBuf> {
        self.check_new_name(name)?;
        create_private_directory(&self.directory.join(folder))?;
        Ok(self.path(folder, name))
    }

    fn names(&self, folder: &str) -> Result<Vec<String>> {
        let directory = self.directory.join(folder);
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::file("list", &directory, &error)),
        };
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let name = name.strip_suffix(".json")?;
            check_name(name).ok().map(|()| name.to_owned())
        };
        let mut names: Vec<String> = entries.filter_map(name).collect();
        names.sort_unstable();
        Ok(names)
    }
}

/// A name is part of a file's name and stands where an address may stand, so it is neither a path nor an address.
fn check_name(name: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let lower = name.to_ascii_lowercase();
    let like_address = lower.starts_with("thr1") || lower.starts_with("thrt1") || Address::parse_legacy(name).is_some();
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) || like_address {
        let shown: String = name.chars().take(60).collect();
        let message = format!("`{shown}` cannot be a name");
        let hint = "use 1 to 32 letters, digits, hyphens and underscores, and nothing that begins like an address";
        return Err(Error::new("bad_name", message, hint));
    }
    Ok(())
}

/// Whether something is there, or may be: what cannot be looked at is not taken for absent.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_into_the_wallet_of_another_user() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = WalletHome::new(directory.path());
        assert!(home.check_owner().is_ok() && home.lock_account(&Address([1; 20])).is_ok());
        assert!(WalletHome::new("/nowhere").check_owner().is_ok(), "it is made with the first key");
        // Only root can give it to somebody else, and only root is tempted.
        if std::os::unix::fs::chown(directory.path(), Some(65_534), None).is_ok() {
            let error = home.lock_account(&Address([2; 20])).expect_err("it is nobody's");
            assert_eq!(error.code, ANOTHER_USERS);
            assert!(error.message.contains("user 65534") && error.hint.contains("sudo -u '#65534'"), "{error:?}");
            assert_eq!(std::fs::read_dir(directory.path().join("locks")).expect("it is there").count(), 1);
        }
    }
}
