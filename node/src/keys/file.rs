//! The encrypted form of a secret key: Argon2id over the password, XChaCha20-Poly1305 over the secret.
//!
//! Everything in the file beside the ciphertext is authenticated with it, so that no parameter can be exchanged. The costs in the
//! file are bounded when it is read: a planted file must not eat the machine's memory.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use serde::{Deserialize, Serialize};
use types::BlsPublicKey;
use zeroize::Zeroizing;

use super::{Password, entropy};
use crate::home::HomeError;

/// What the file says it is.
const FORMAT: &str = "thronos-validator-key";
/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;
/// The longest file that is read.
pub(super) const FILE_BYTES_MAX: u64 = 16 * 1024;
/// 64 MiB.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// The most that a file may ask for.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 16;

/// A password of which nothing else is known.
const TYPED: &str = "the password";

/// What helps against a file that holds no key, whichever it is.
const DAMAGED: &str = "put it back from its copy; without one move it away and start again: that says how another one is made, and what \
                       that means";

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The file is no key file.
    #[error("{file} is not a key file of this software: {reason}; {DAMAGED}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The password is wrong, or the file was changed.
    #[error("{from} does not open {key}, and nothing was changed: {next}",
        next = if from == TYPED { "type it again" } else { "write the password of that key there, or name another file" })]
    WrongPassword {
        /// The key.
        key: String,
        /// Where the password is from.
        from: String,
    },
    /// The file holds another key than it says.
    #[error("{0} holds another key than it says; {DAMAGED}")]
    WrongKey(String),
    /// A key is not there.
    #[error("{file} is missing: put it back from its copy; without one `{command}` makes a new one, {then}")]
    Lost {
        /// The file.
        file: String,
        /// What makes another.
        command: &'static str,
        /// What that means.
        then: &'static str,
    },
    /// A key is there already.
    #[error(
        "{0} exists already, and a validator key is never overwritten: leave `--validator` out to keep it; another validator has a home of its own"
    )]
    Exists(String),
    /// The system gives no entropy.
    #[error("the operating system gives no entropy: {0}; nothing was written: look after /dev/urandom, and try again")]
    Entropy(String),
}

impl KeyFileError {
    /// The network identity is not there.
    pub(crate) fn lost_network(file: &Path) -> Self {
        Self::Lost {
            file: file.display().to_string(),
            command: "thronosd init --new-keys",
            then: "and the node then has another peer id, by which nobody knows it yet: tell it to whoever names this node in \
                   `network.persistent`; a validator is not let in by it, because the genesis names the one that is lost",
        }
    }

    /// The validator key is not there.
    pub(crate) fn lost_validator(file: &Path) -> Self {
        Self::Lost {
            file: file.display().to_string(),
            command: "thronosd init --validator --new-keys",
            then: "which is another validator, and no genesis names it yet",
        }
    }

    /// The same of a password that is not from a terminal.
    pub(crate) fn with_password_from(self, place: Option<String>) -> Self {
        match (self, place) {
            (Self::WrongPassword { key, .. }, Some(from)) => Self::WrongPassword { key, from },
            (error, _) => error,
        }
    }

    /// The same as what a file that is not there means.
    pub(super) fn or_lost(self, lost: impl FnOnce() -> Self) -> Self {
        match &self {
            Self::Home(HomeError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => lost(),
            _ => self,
        }
    }

    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Home(error) => error.code(),
            Self::Malformed { .. } => "key_malformed",
            Self::WrongPassword { .. } => "wrong_password",
            Self::WrongKey(_) => "key_mismatch",
            Self::Lost { .. } => "key_missing",
            Self::Exists(_) => "key_exists",
            Self::Entropy(_) => "no_entropy",
        }
    }
}

/// A key file, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    format: String,
    version: u32,
    pub(super) public_key: BlsPublicKey,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    ciphertext: String,
}

impl KeyFile {
    /// Encrypts a secret.
    pub(super) fn seal(secret: &[u8; 32], public_key: BlsPublicKey, password: &Password) -> Result<Self, KeyFileError> {
        let (salt, nonce) = (entropy::<16>()?, entropy::<24>()?);
        let mut file = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            public_key,
            kdf: "argon2id".to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: 1,
            salt: hex::encode(salt.as_slice()),
            cipher: "xchacha20poly1305".to_owned(),
            nonce: hex::encode(nonce.as_slice()),
            ciphertext: String::new(),
        };
        let cipher = file.cipher(password, salt.as_slice(), "the new key file")?;
        let payload = Payload { msg: secret, aad: &file.associated_data() };
        let ciphertext = cipher.encrypt(&(*nonce).into(), payload).expect("a secret of 32 bytes is not too long");
        file.ciphertext = hex::encode(ciphertext);
        Ok(file)
    }

    /// Reads and bounds a file; `name` is for errors.
    pub(super) fn parse(bytes: &[u8], name: &str) -> Result<Self, KeyFileError> {
        let malformed = |reason: String| KeyFileError::Malformed { file: name.to_owned(), reason };
        let file: Self = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if file.format != FORMAT || file.version == 0 {
            return Err(malformed(format!("its format is `{}`", file.format.escape_default())));
        }
        if file.version > VERSION {
            return Err(malformed(format!("it has version {}, this software knows up to {VERSION}", file.version)));
        }
        let bounded = file.memory_kib <= MEMORY_KIB_MAX && file.passes <= PASSES_MAX && file.lanes == 1;
        if !bounded || file.kdf != "argon2id" || file.cipher != "xchacha20poly1305" {
            return Err(malformed("its cipher or its costs are not those this software writes".to_owned()));
        }
        Ok(file)
    }

    /// Decrypts the secret.
    pub(super) fn open(&self, password: &Password, name: &str) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
        let malformed = |reason: &str| KeyFileError::Malformed { file: name.to_owned(), reason: reason.to_owned() };
        let mut salt = [0; 16];
        let mut nonce = [0; 24];
        hex::decode_to_slice(&self.salt, &mut salt).map_err(|_| malformed("its salt is not 32 hexadecimal digits"))?;
        hex::decode_to_slice(&self.nonce, &mut nonce)
            .map_err(|_| malformed("its nonce is not 48 hexadecimal digits"))?;
        let ciphertext = hex::decode(&self.ciphertext).map_err(|_| malformed("its ciphertext is not hexadecimal"))?;
        let cipher = self.cipher(password, &salt, name)?;
        let payload = Payload { msg: &ciphertext, aad: &self.associated_data() };
        let secret = cipher
            .decrypt(&nonce.into(), payload)
            .map_err(|_| KeyFileError::WrongPassword { key: name.to_owned(), from: TYPED.to_owned() })?;
        let secret = Zeroizing::new(secret);
        let secret: [u8; 32] =
            secret.as_slice().try_into().map_err(|_| malformed("its secret is not 32 bytes long"))?;
        Ok(Zeroizing::new(secret))
    }

    pub(super) fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("texts and numbers always have a JSON form");
        json.push('\n');
        json
    }

    /// The header, in bytes that have one reading.
    fn associated_data(&self) -> Vec<u8> {
        let header = (
            (&self.format, self.version, self.public_key.as_bytes().as_slice()),
            (&self.kdf, self.memory_kib, self.passes, self.lanes, &self.salt),
            (&self.cipher, &self.nonce),
        );
        borsh::to_vec(&header).expect("writing to memory cannot fail")
    }

    /// The memory of the derivation is a mapping of its own, so it goes back to the system when this returns.
    fn cipher(&self, password: &Password, salt: &[u8], name: &str) -> Result<XChaCha20Poly1305, KeyFileError> {
        let refused = |error: argon2::Error| KeyFileError::Malformed {
            file: name.to_owned(),
            reason: format!("its costs are refused: {error}"),
        };
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(refused)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = Zeroizing::new([0; 32]);
        argon.hash_password_into(password.as_bytes(), salt, key.as_mut_slice()).map_err(refused)?;
        Ok(XChaCha20Poly1305::new(&(*key).into()))
    }
}
