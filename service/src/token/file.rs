//! The file that keeps the keys of one purpose: for its owner only, JSON of a closed set of names.
//!
//! It must not know when keys are changed. Invariants: a key that signed keeps no secret in it (but HS256, which checks by it); a file that others
//! may read is refused and never mended; one that is written is wholly there or not at all; one that was copied or put back is not used.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::key::{TokenAlgorithm, TokenKey};
use super::keys::{Former, TokenKeys};
use super::wire;
use crate::{Refusal, private_file};

const FORMAT: &str = "thronos-token-keys";
const VERSION: u8 = 1;
/// Two keys take a quarter of it.
const BYTES_MAX: usize = 2_048;

/// Where they are kept.
#[derive(Clone, Debug)]
pub struct TokenKeyFile {
    path: PathBuf,
}

/// 64 digits, wiped when they are dropped.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct Digits(String);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    version: u8,
    /// Where it was made, in digits; see [`private_file::place_of`].
    #[serde(default)]
    place: Option<String>,
    signs: WrittenKey,
    former: Option<WrittenFormer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    algorithm: TokenAlgorithm,
    made_ms: u64,
    secret: Digits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFormer {
    algorithm: TokenAlgorithm,
    made_ms: u64,
    until_ms: u64,
    /// The public key; of HS256 the secret.
    key: Digits,
}

impl TokenKeyFile {
    /// The file of this name in a folder that is there.
    #[must_use]
    pub fn new(folder: &Path, name: &str) -> Self {
        Self { path: folder.join(name) }
    }

    /// Reads the keys, if they are there and lie where they were made. In a copy nobody knows which of their tokens were taken back.
    ///
    /// # Errors
    /// `token_keys`, with what to do.
    pub fn read(&self) -> Result<Option<TokenKeys>, Refusal> {
        match self.read_file() {
            Ok((keys, true)) => Ok(Some(keys)),
            Ok((_, false)) => {
                let what =
                    "it was copied or put back, so other keys are made; tokens of the former are no longer taken";
                tracing::warn!(file = %self.path.display(), "{what}");
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.refusal(&error)),
        }
    }

    /// Writes them in the place of whatever file is there, durably.
    ///
    /// # Errors
    /// `token_keys`: the former file stands as it was.
    pub fn write(&self, keys: &TokenKeys) -> Result<(), Refusal> {
        let content = |file: &File| to_bytes(keys, place_of(file)?);
        private_file::replace(&self.path, content).map_err(|error| self.refusal(&error))
    }

    /// What is wrong with it, if it is there and anything is.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match self.read_file() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Some(error.to_string()),
            _ => None,
        }
    }

    /// The keys, and whether they lie where they were made.
    fn read_file(&self) -> io::Result<(TokenKeys, bool)> {
        let (file, bytes) = private_file::read(&self.path, BYTES_MAX)?;
        let unknown = || io::Error::other("it does not hold keys of tokens that this version knows");
        let (keys, place) = of_bytes(&bytes).ok_or_else(unknown)?;
        // Of a file that tells no place nobody knows where it was made.
        Ok((keys, place == Some(place_of(&file)?)))
    }

    fn refusal(&self, error: &io::Error) -> Refusal {
        let hint =
            "move it away, and new keys are made; tokens that are out are then refused, and their holders ask anew";
        Refusal::new("token_keys", format!("{}: {error}; {hint}", self.path.display()))
    }
}

fn place_of(file: &File) -> io::Result<String> {
    Ok(hex::encode(private_file::place_of(file)?))
}

fn to_bytes(keys: &TokenKeys, place: String) -> io::Result<Zeroizing<Vec<u8>>> {
    let signs = keys.signs();
    let secret = signs.secret().ok_or_else(|| io::Error::other("the key only checks"))?;
    let digits = |bytes: &[u8; 32]| Digits(hex::encode(bytes));
    let former = keys.former().map(|Former { key, until_ms }| {
        // A public key where there is one: the secret of a key that signed is of no more use.
        let bytes = key.public_bytes().or_else(|| key.secret().map(|secret| &**secret));
        let key_digits = digits(bytes.expect("a key has a secret or a public part"));
        WrittenFormer { algorithm: key.algorithm(), made_ms: key.made_ms(), until_ms: *until_ms, key: key_digits }
    });
    let signs = WrittenKey { algorithm: signs.algorithm(), made_ms: signs.made_ms(), secret: digits(secret) };
    let written = Written { format: FORMAT.to_owned(), version: VERSION, place: Some(place), signs, former };
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
    serde_json::to_writer(&mut *bytes, &written)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The keys, and where they were made.
fn of_bytes(bytes: &[u8]) -> Option<(TokenKeys, Option<String>)> {
    let written: Written = wire::owned_object(bytes)?;
    if written.format != FORMAT || written.version != VERSION {
        return None;
    }
    let signs = TokenKey::new(written.signs.algorithm, read(&written.signs.secret)?, written.signs.made_ms);
    let former = match &written.former {
        None => None,
        Some(WrittenFormer { algorithm, made_ms, until_ms, key }) => {
            let bytes = read(key)?;
            let key = match algorithm {
                TokenAlgorithm::Hs256 => TokenKey::new(TokenAlgorithm::Hs256, bytes, *made_ms),
                _ => TokenKey::public(*algorithm, &bytes, *made_ms)?,
            };
            Some(Former { key, until_ms: *until_ms })
        }
    };
    Some((TokenKeys::restored(signs, former), written.place))
}

fn read(digits: &Digits) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&digits.0, bytes.as_mut()).ok()?;
    Some(bytes)
}
