//! The keys of a node: the validator's BLS key, encrypted at rest, the network identity, and the keys of its services' accounts.
//!
//! It must not know what is signed. Secrets are wiped when dropped and never printed, logged, or taken from arguments or the
//! environment.

mod accounts;
mod file;
mod network;
mod password;
mod validator;

pub(crate) use accounts::check_account_key;
pub use accounts::{AccountKeyError, AccountKeys};
pub use file::KeyFileError;
pub use network::NetworkKey;
pub use password::{
    Password, PasswordError, PasswordSource, choose_new_password, find_account_password, find_password,
};
pub use validator::{ValidatorEntry, ValidatorKey};

/// Fills an array with entropy of the operating system.
pub(crate) fn entropy<const LENGTH: usize>() -> Result<zeroize::Zeroizing<[u8; LENGTH]>, KeyFileError> {
    let mut bytes = zeroize::Zeroizing::new([0; LENGTH]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| KeyFileError::Entropy(error.to_string()))?;
    Ok(bytes)
}
