//! Where the password of the validator key, or of a service's account, comes from: a file, a systemd credential, or a person at a
//! terminal.
//!
//! Never from arguments or the environment, which other processes can read.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::home::{HomeError, read_credential, read_handed_over};

/// Name of the systemd credential (`LoadCredential=thronos-password:/path`).
pub const CREDENTIAL: &str = "thronos-password";
/// The option of the command that takes the credential, too.
const CREDENTIAL_TOO: &str = "--password-file";
/// The longest password file.
const PASSWORD_BYTES_MAX: u64 = 4_096;
/// The shortest new password, in bytes.
const NEW_PASSWORD_BYTES_MIN: usize = 8;

/// A password; wiped when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes a password as it was typed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        use unicode_normalization::UnicodeNormalization;
        // The same password typed on another keyboard may come in another Unicode form.
        let normal = Zeroizing::new(text.nfkd().collect::<String>());
        Self(Zeroizing::new(normal.as_bytes().to_vec()))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] HomeError),
    /// Not text.
    #[error("{0} is not UTF-8 text: a password file holds one line")]
    NotText(PathBuf),
    /// Nothing to read.
    #[error(
        "the validator key needs its password: give --password-file FILE (mode 0600), \
         or the systemd credential `{CREDENTIAL}`, or start the node at a terminal"
    )]
    Nowhere,
    /// The same for a new key.
    #[error(
        "{needs}, and there is no terminal to ask for it: write one of at least \
         {NEW_PASSWORD_BYTES_MIN} characters into a file that only you can read (mode 0600) and give {option} FILE{credential}, or run \
         this at a terminal",
        needs = if *option == CREDENTIAL_TOO { "a new validator key needs a password" } else { "another password is needed for the validator key" },
        credential = if *option == CREDENTIAL_TOO { ", or the systemd credential `thronos-password`" } else { "" }
    )]
    NowhereForNew {
        /// The option that names a file.
        option: &'static str,
    },
    /// The same for a service's account.
    #[error(
        "the key of the account of `{service}` needs its password: name a file with it (mode 0600) by `accounts.{service}_password_file`, \
         or give the systemd credential `{CREDENTIAL}-{service}`, or start the node at a terminal"
    )]
    NowhereForAccount {
        /// The service.
        service: &'static str,
    },
    /// The terminal failed.
    #[error(
        "the password cannot be read from the terminal: {0}; give it by a file, with --password-file FILE (mode 0600)"
    )]
    Terminal(std::io::Error),
    /// Typed differently.
    #[error("the two passwords differ: nothing was written, try again")]
    Differs,
    /// Too easy.
    #[error("the password is shorter than {NEW_PASSWORD_BYTES_MIN} characters: choose a longer one")]
    Short,
}

impl PasswordError {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::NotText(_) => "password_not_text",
            Self::Nowhere | Self::NowhereForNew { .. } | Self::NowhereForAccount { .. } => "password_missing",
            Self::Terminal(_) => "terminal",
            Self::Differs => "password_differs",
            Self::Short => "password_short",
        }
    }
}

/// Where to look, in order.
#[derive(Clone, Debug, Default)]
pub struct PasswordSource {
    /// `--password-file` or `node.password_file`.
    pub file: Option<PathBuf>,
    /// `$CREDENTIALS_DIRECTORY`.
    pub credentials: Option<PathBuf>,
}

impl PasswordSource {
    /// The given file, else what systemd provides.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file, credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from) }
    }

    /// Where the password of the validator key is read, if not at a terminal; `named_by` is what names the file.
    pub(crate) fn place(&self, named_by: &str) -> Option<String> {
        let path = self.path(CREDENTIAL)?;
        let is_named = self.file.is_some();
        let whose = if is_named { format!("that {named_by} names") } else { format!("the credential `{CREDENTIAL}`") };
        Some(format!("the password in {}, {whose},", path.display()))
    }

    fn path(&self, credential: &str) -> Option<PathBuf> {
        let credential = self.credentials.as_ref().map(|directory| directory.join(credential));
        self.file.clone().or_else(|| credential.filter(|path| path.exists()))
    }

    /// Reads the file, if there is one. What stands in the directory of credentials itself, however it is named, is judged as one.
    fn read(&self, credential: &str) -> Option<Result<Password, PasswordError>> {
        let path = self.path(credential)?;
        let bytes = if self.is_credential(&path) {
            read_credential(&path, PASSWORD_BYTES_MAX)
        } else {
            read_handed_over(&path, PASSWORD_BYTES_MAX)
        };
        Some(bytes.map_err(PasswordError::from).and_then(|bytes| text_of(&path, &bytes)))
    }

    /// Whether the given file can be used, as far as that can be told without using it up: of a pipe nothing is read.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub(crate) fn check(&self) -> Result<(), PasswordError> {
        let is_read = self.file.as_ref().is_some_and(|file| file.is_file() || file.is_dir());
        if is_read { self.read(CREDENTIAL).unwrap_or(Err(PasswordError::Nowhere)).map(drop) } else { Ok(()) }
    }

    fn is_credential(&self, path: &Path) -> bool {
        let directory = self.credentials.as_ref().and_then(|directory| directory.canonicalize().ok());
        let file = path.canonicalize().ok();
        directory.is_some_and(|directory| file.as_deref().and_then(Path::parent) == Some(&directory))
    }
}

/// Finds the password of an existing key.
///
/// # Errors
/// [`PasswordError`].
pub fn find_password(source: &PasswordSource) -> Result<Password, PasswordError> {
    source.read(CREDENTIAL).unwrap_or_else(|| ask("Password of the validator key: "))
}

/// Finds the password of the key of a service's account, in the same order; its credential has the service's name behind it.
///
/// # Errors
/// [`PasswordError`].
pub fn find_account_password(service: &'static str, source: &PasswordSource) -> Result<Password, PasswordError> {
    let asked = || match ask(&format!("Password of the key of the account of `{service}`: ")) {
        Err(PasswordError::Nowhere) => Err(PasswordError::NowhereForAccount { service }),
        other => other,
    };
    source.read(&format!("{CREDENTIAL}-{service}")).unwrap_or_else(asked)
}

/// Finds a password for a new key; a person types it twice. `option` is that of the command which names a file with it.
///
/// # Errors
/// [`PasswordError`].
pub fn choose_new_password(source: &PasswordSource, option: &'static str) -> Result<Password, PasswordError> {
    let password = match source.read(CREDENTIAL) {
        Some(read) => read?,
        None => {
            let nowhere = |error| match error {
                PasswordError::Nowhere => PasswordError::NowhereForNew { option },
                error => error,
            };
            let first = ask("New password for the validator key: ").map_err(nowhere)?;
            let second = ask("The same password again: ")?;
            if first.0 != second.0 {
                return Err(PasswordError::Differs);
            }
            first
        }
    };
    if password.0.len() < NEW_PASSWORD_BYTES_MIN { Err(PasswordError::Short) } else { Ok(password) }
}

fn text_of(path: &Path, bytes: &[u8]) -> Result<Password, PasswordError> {
    let text = std::str::from_utf8(bytes).map_err(|_| PasswordError::NotText(path.to_owned()))?;
    Ok(Password::new(text.trim_end_matches(['\r', '\n'])))
}

fn ask(question: &str) -> Result<Password, PasswordError> {
    if !std::io::stdin().is_terminal() {
        return Err(PasswordError::Nowhere);
    }
    let typed = Zeroizing::new(rpassword::prompt_password(question).map_err(PasswordError::Terminal)?);
    Ok(Password::new(&typed))
}
