//! A key file: one secret, sealed with a password.
//!
//! JSON, version 1: Argon2id (64 MiB, 3 passes, 4 lanes) makes a key from the password; XChaCha20-Poly1305 seals the secret with
//! everything else in the file as associated data. It must not know where files lie (see [`mod@file`]).
//!
//! Invariants: a file has exactly one form, so a changed byte anywhere is noticed; whatever is wrong, password or file, the answer
//! is the same; the cost that a file asks for is held between a floor and a ceiling before any of it is paid.

pub mod file;

use argon2::{Algorithm, Argon2, Params, Version};
use borsh::{BorshDeserialize, BorshSerialize};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use serde::{Deserialize, Serialize};
use types::Secp256k1Key;
use zeroize::Zeroizing;

use crate::keys::{AccountKey, KeyPath, Mnemonic};
use crate::password::Password;
use crate::{Error, Result};

/// Memory of the key derivation, in KiB.
const MEMORY_KIB: u32 = 64 * 1024;
/// Passes over it.
const PASSES: u32 = 3;
/// Lanes.
const LANES: u32 = 4;
/// What a file may ask for: not so little that a password is guessed, not so much that reading a file is an attack.
const MEMORY_KIB_ALLOWED: std::ops::RangeInclusive<u32> = 64 * 1024..=1024 * 1024;
const PASSES_ALLOWED: std::ops::RangeInclusive<u32> = 3..=16;
const LANES_ALLOWED: std::ops::RangeInclusive<u32> = 1..=16;

const FORMAT: &str = "thronos-key";
const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20poly1305";

/// What a key file keeps.
#[derive(Clone)]
pub enum Secret {
    /// Words, their passphrase, and the path of the account's key.
    Mnemonic {
        /// The words.
        mnemonic: Mnemonic,
        /// The BIP-39 passphrase; empty for none.
        passphrase: Zeroizing<String>,
        /// Where the key stands.
        path: KeyPath,
    },
    /// A bare key.
    Key(AccountKey),
}

impl Secret {
    /// The account's key.
    ///
    /// # Errors
    /// `bad_path` where BIP-32 has no key.
    pub fn account_key(&self) -> Result<AccountKey> {
        match self {
            Self::Mnemonic { mnemonic, passphrase, path } => AccountKey::derive(mnemonic, passphrase, path),
            Self::Key(key) => Ok(key.clone()),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mnemonic { mnemonic, path, .. } => write!(formatter, "Secret({mnemonic:?} at {path})"),
            Self::Key(key) => write!(formatter, "Secret({key:?})"),
        }
    }
}

/// What a key file says before it is opened, and what the seal also covers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFileHeader {
    format: String,
    version: u32,
    /// The account's public key, from which its address follows.
    pub public_key: Secp256k1Key,
    /// The path, when the file holds words.
    pub path: Option<String>,
    kdf: Kdf,
    cipher: Cipher,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    nonce: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    header: KeyFileHeader,
    sealed: String,
}

/// The sealed bytes, opened.
#[derive(BorshSerialize, BorshDeserialize)]
enum Plain {
    Mnemonic { entropy: Vec<u8>, passphrase: String },
    Key { secret: [u8; 32] },
}

impl Drop for Plain {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        match self {
            Self::Mnemonic { entropy, passphrase } => {
                entropy.zeroize();
                passphrase.zeroize();
            }
            Self::Key { secret } => secret.zeroize(),
        }
    }
}

/// Seals a secret; the result is the text of a key file.
///
/// # Errors
/// `no_entropy`, or `no_memory` when the 64 MiB of the key derivation are not to be had.
pub fn seal(secret: &Secret, password: &Password) -> Result<String> {
    let (mut salt, mut nonce) = ([0_u8; 16], [0_u8; 24]);
    for bytes in [salt.as_mut_slice(), nonce.as_mut_slice()] {
        let failed = |error| {
            Error::new(
                "no_entropy",
                format!("the operating system gives no random bytes: {error}"),
                "nothing was written; try again",
            )
        };
        getrandom::fill(bytes).map_err(failed)?;
    }
    let path = match secret {
        Secret::Mnemonic { path, .. } => Some(path.to_string()),
        Secret::Key(_) => None,
    };
    let header = KeyFileHeader {
        format: FORMAT.to_owned(),
        version: 1,
        public_key: secret.account_key()?.public_key(),
        path,
        kdf: Kdf {
            name: KDF.to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: hex::encode(salt),
        },
        cipher: Cipher { name: CIPHER.to_owned(), nonce: hex::encode(nonce) },
    };
    let plain = match secret {
        Secret::Mnemonic { mnemonic, passphrase, .. } => {
            Plain::Mnemonic { entropy: mnemonic.to_entropy().to_vec(), passphrase: passphrase.to_string() }
        }
        Secret::Key(key) => Plain::Key { secret: *key.to_secret() },
    };
    let plain = Zeroizing::new(borsh::to_vec(&plain).expect("writing to memory cannot fail"));
    let key = derive(&header.kdf, password)?;
    let associated = borsh::to_vec(&header).expect("writing to memory cannot fail");
    let sealed = XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&nonce.into(), Payload { msg: &plain, aad: &associated })
        .expect("a secret is far shorter than what the cipher takes");
    Ok(text(&KeyFile { header, sealed: hex::encode(sealed) }))
}

/// Opens a key file.
///
/// # Errors
/// `wrong_password` for a wrong password and for any damage alike; `no_memory`.
pub fn open(text: &str, password: &Password) -> Result<Secret> {
    open_with(text, |kdf| derive(kdf, password))
}

/// What a key file says of itself. It is checked only when the file is opened.
///
/// # Errors
/// `wrong_password`, the one answer to a damaged file.
pub fn header(text: &str) -> Result<KeyFileHeader> {
    Ok(read(text)?.header)
}

fn open_with(text: &str, derive: impl FnOnce(&Kdf) -> Result<Zeroizing<[u8; 32]>>) -> Result<Secret> {
    let file = read(text)?;
    let key = derive(&file.header.kdf)?;
    // Capitals would be a second form of the same bytes; the header's own texts are covered by the seal as they stand.
    let sealed =
        hex::decode(&file.sealed).ok().filter(|sealed| hex::encode(sealed) == file.sealed).ok_or_else(refused)?;
    let nonce: [u8; 24] = fixed(&file.header.cipher.nonce)?;
    let associated = borsh::to_vec(&file.header).expect("writing to memory cannot fail");
    let plain =
        XChaCha20Poly1305::new(&(*key).into()).decrypt(&nonce.into(), Payload { msg: &sealed, aad: &associated });
    let plain = Zeroizing::new(plain.map_err(|_| refused())?);
    let secret = match (&Plain::try_from_slice(&plain).map_err(|_| refused())?, &file.header.path) {
        (Plain::Mnemonic { entropy, passphrase }, Some(path)) => Secret::Mnemonic {
            mnemonic: Mnemonic::from_entropy(entropy).map_err(|_| refused())?,
            passphrase: Zeroizing::new(passphrase.clone()),
            path: path.parse().map_err(|_| refused())?,
        },
        (Plain::Key { secret }, None) => Secret::Key(AccountKey::from_secret(secret).map_err(|_| refused())?),
        _ => return Err(refused()),
    };
    if secret.account_key()?.public_key() == file.header.public_key { Ok(secret) } else { Err(refused()) }
}

fn read(given: &str) -> Result<KeyFile> {
    let file: KeyFile = serde_json::from_str(given).map_err(|_| refused())?;
    let KeyFileHeader { format, version, kdf, cipher, .. } = &file.header;
    let known = format == FORMAT && *version == 1 && kdf.name == KDF && cipher.name == CIPHER;
    let affordable = MEMORY_KIB_ALLOWED.contains(&kdf.memory_kib)
        && PASSES_ALLOWED.contains(&kdf.passes)
        && LANES_ALLOWED.contains(&kdf.lanes);
    if known && affordable && text(&file) == given { Ok(file) } else { Err(refused()) }
}

fn text(file: &KeyFile) -> String {
    serde_json::to_string_pretty(file).expect("texts and numbers always have a JSON form") + "\n"
}

fn derive(kdf: &Kdf, password: &Password) -> Result<Zeroizing<[u8; 32]>> {
    let salt: [u8; 16] = fixed(&kdf.salt)?;
    let parameters = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(32)).map_err(|_| refused())?;
    let mut key = Zeroizing::new([0_u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(password.as_bytes(), &salt, key.as_mut_slice())
        .map_err(|_| {
            Error::new(
                "no_memory",
                format!("there are no {} KiB of memory to derive the key", kdf.memory_kib),
                "end other programs, and try again",
            )
        })?;
    Ok(key)
}

fn fixed<const LENGTH: usize>(digits: &str) -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| refused())?;
    Ok(bytes)
}

/// The one answer to a wrong password and to a damaged file: who holds the file learns nothing from it.
fn refused() -> Error {
    Error::new(
        "wrong_password",
        "the password is wrong, or the key file is damaged",
        "try the password again; with a damaged file, import the words once more",
    )
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
