//! The two keys of a node: the validator's BLS key, encrypted at rest, and the network identity.
//!
//! It must not know what is signed. Secrets are wiped when dropped and never printed, logged, or taken from arguments or the
//! environment.

mod file;
mod network;
mod password;
mod validator;

pub use file::KeyFileError;
pub use network::NetworkKey;
pub use password::{Password, PasswordError, PasswordSource, choose_new_password, find_password};
pub use validator::{ValidatorEntry, ValidatorKey};

/// Fills an array with entropy of the operating system.
pub(crate) fn entropy<const LENGTH: usize>() -> Result<zeroize::Zeroizing<[u8; LENGTH]>, KeyFileError> {
    let mut bytes = zeroize::Zeroizing::new([0; LENGTH]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| KeyFileError::Entropy(error.to_string()))?;
    Ok(bytes)
}
