//! The keys of services' accounts: key files of the wallet, opened once at the start.
//!
//! It must not know what is signed. Invariant: no two services have one account, because each counts its nonces for itself.

use std::path::{Path, PathBuf};

use signing::AccountKey;

use super::{Password, PasswordError, PasswordSource, find_account_password};
use crate::config::{AccountFiles, AccountSettings};
use crate::home::{HomeError, read_secret};

/// The longest key file.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What to do about a file that is no key.
const NAME_A_KEY: &str = "name a file that `thronos wallet new` made";

/// Why a service has no account.
#[derive(Debug, thiserror::Error)]
pub enum AccountKeyError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] HomeError),
    /// There is no password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The file does not open.
    #[error(
        "`accounts.{service}` names {file}: {what}; {next}", file = .path.display(), what = .error.message, next = .error.hint
    )]
    Key {
        /// The service.
        service: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: Box<signing::Error>,
    },
    /// Two services would count the nonces of one account.
    #[error(
        "`accounts.{first}` and `accounts.{second}` name the key of one account: give each service an account of its own, made with \
         `thronos wallet new`"
    )]
    Shared {
        /// A service.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
}

impl AccountKeyError {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Password(error) => error.code(),
            Self::Key { error, .. } if error.code == "wrong_password" => "wrong_password",
            Self::Key { .. } => "account_key",
            Self::Shared { .. } => "account_shared",
        }
    }
}

/// Opened keys by the name of their service. They are wiped when dropped.
#[derive(Clone, Default)]
pub struct AccountKeys(Vec<(&'static str, AccountKey)>);

impl AccountKeys {
    /// Opens the files that the settings name; `source` says where a password is looked for.
    ///
    /// # Errors
    /// [`AccountKeyError`].
    pub fn unlock(
        settings: &AccountSettings,
        source: impl Fn(Option<PathBuf>) -> PasswordSource,
    ) -> Result<Self, AccountKeyError> {
        let mut keys = Self::default();
        for AccountFiles { service, key, password } in settings.files() {
            let text = read_secret(&key, FILE_BYTES_MAX)?;
            let typed = find_account_password(service, &source(password.clone()))?;
            let opened = open(service, &key, &text, &typed).map_err(|error| named(error, password.as_deref()));
            keys.add(service, opened?)?;
        }
        Ok(keys)
    }

    /// Gives a service its key.
    ///
    /// # Errors
    /// [`AccountKeyError::Shared`].
    pub fn add(&mut self, service: &'static str, key: AccountKey) -> Result<(), AccountKeyError> {
        match self.0.iter().find(|(_, other)| other.address() == key.address()) {
            Some((first, _)) => Err(AccountKeyError::Shared { first, second: service }),
            None => {
                self.0.push((service, key));
                Ok(())
            }
        }
    }

    /// The key of a service.
    #[must_use]
    pub fn of(&self, service: &str) -> Option<AccountKey> {
        self.0.iter().find(|(name, _)| *name == service).map(|(_, key)| key.clone())
    }
}

/// Looks at the file with the key of a service's account, as far as that goes without its password.
///
/// # Errors
/// [`AccountKeyError`].
pub(crate) fn check_account_key(service: &'static str, path: &Path) -> Result<(), AccountKeyError> {
    let text = read_secret(path, FILE_BYTES_MAX)?;
    let header = std::str::from_utf8(&text).ok().and_then(|text| signing::keystore::header(text).ok());
    match header {
        Some(_) => Ok(()),
        None => {
            let error = signing::Error::new("key_malformed", "it is no key file, or a damaged one", NAME_A_KEY);
            Err(AccountKeyError::Key { service, path: path.to_owned(), error: Box::new(error) })
        }
    }
}

/// A wrong password, with the setting that names its file.
fn named(mut wrong: AccountKeyError, password: Option<&Path>) -> AccountKeyError {
    if let (AccountKeyError::Key { service, error, .. }, Some(file)) = (&mut wrong, password)
        && error.code == "wrong_password"
    {
        let file = file.display();
        error.hint = format!(
            "the password is that in {file}, which `accounts.{service}_password_file` names: write the one of the key there, or name \
             another file; instead of a damaged key file put back its copy"
        );
    }
    wrong
}

fn open(service: &'static str, path: &Path, text: &[u8], password: &Password) -> Result<AccountKey, AccountKeyError> {
    let failed = |error| AccountKeyError::Key { service, path: path.to_owned(), error: Box::new(error) };
    let text = std::str::from_utf8(text)
        .map_err(|_| failed(signing::Error::new("key_malformed", "it is not text", NAME_A_KEY)))?;
    // Decomposed or composed, it is the same password: the wallet composes it again.
    let password = std::str::from_utf8(password.as_bytes()).unwrap_or_default();
    let password = signing::password::Password::new(password).map_err(failed)?;
    signing::keystore::open(text, &password).and_then(|secret| secret.account_key()).map_err(failed)
}
