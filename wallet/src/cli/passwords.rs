//! Passwords and the keys that they open: what is wrong with one is told with the option that names its file.
//!
//! It must not ask a node, nor know what a key is opened for.

use std::path::Path;

use super::Context;
use crate::keys::AccountKey;
use crate::keystore::Secret;
use crate::password::Password;
use crate::{Error, Result};

/// What names the file of a password.
const OPTION: &str = "--password-file";

impl Context {
    /// Opens a key.
    ///
    /// # Errors
    /// `unknown_name`, `wrong_password`, `password_needed`, `file_readable_by_others`.
    pub fn unlock(&self, name: &str) -> Result<AccountKey> {
        // Whatever can be refused without the password is refused before it is asked for.
        self.home.key(name)?;
        let password = self.password(&format!("Password of {name}"))?;
        self.open_key(name, &password)?.account_key()
    }

    /// The password of a key that is there: from `--password-file`, or from the terminal.
    ///
    /// # Errors
    /// As [`Password::obtain`].
    pub fn password(&self, question: &str) -> Result<Password> {
        let file = self.password_file.as_deref();
        Password::obtain(file, question).map_err(|error| named(OPTION, file, error))
    }

    /// Opens a key with what [`Self::password`] gave.
    ///
    /// # Errors
    /// `unknown_name`, `wrong_password`, `file_readable_by_others`.
    pub fn open_key(&self, name: &str, password: &Password) -> Result<Secret> {
        self.home.open_key(name, password).map_err(|error| match &self.password_file {
            Some(file) if error.code == "wrong_password" => {
                let what = format!("the password in {}, that `{OPTION}` names, does not open the key `{name}`", file.display());
                let hint = "write the password of that key there, or name another file; with a damaged key file, import its words once more";
                Error::new("wrong_password", format!("{what}, or its file is damaged"), hint)
            }
            _ => error,
        })
    }
}

/// The password of a new key: from the file that `option` names, or typed twice on the terminal.
///
/// # Errors
/// As [`Password::obtain_new`].
pub fn new_password(option: &str, file: Option<&Path>) -> Result<Password> {
    Password::obtain_new(file).map_err(|error| match error.code.as_ref() {
        "password_needed" => Error { hint: error.hint.replace(OPTION, option), ..error },
        _ => named(option, file, error),
    })
}

/// What is wrong with the file that an option names.
fn named(option: &str, file: Option<&Path>, error: Error) -> Error {
    match file {
        Some(_) => Error { message: format!("`{option}`: {}", error.message), ..error },
        None => error,
    }
}
