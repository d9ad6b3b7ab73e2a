//! The network identity: an Ed25519 seed in hex, readable by its owner only.
//!
//! It is not encrypted: whoever has it can pose as this node among peers, but cannot vote.

use std::path::Path;

use types::PeerKey;
use zeroize::Zeroizing;

use super::{KeyFileError, entropy};
use crate::home::{read_secret, write_file};

/// The seed of the network identity; wiped when dropped.
pub struct NetworkKey(Zeroizing<[u8; 32]>);

impl NetworkKey {
    /// A new one.
    ///
    /// # Errors
    /// [`KeyFileError::Entropy`].
    pub fn generate() -> Result<Self, KeyFileError> {
        Ok(Self(entropy()?))
    }

    /// Takes a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Zeroizing::new(seed))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`KeyFileError`] when others can read it or it is no seed.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let bytes = read_secret(path, 128);
        let bytes = bytes.map_err(|error| KeyFileError::from(error).or_lost(|| KeyFileError::lost_network(path)))?;
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(bytes.trim_ascii(), seed.as_mut_slice()).map_err(|_| KeyFileError::Malformed {
            file: path.display().to_string(),
            reason: "expected 64 hexadecimal digits".to_owned(),
        })?;
        Ok(Self(seed))
    }

    /// Writes a file.
    ///
    /// # Errors
    /// [`KeyFileError::Home`].
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let text = Zeroizing::new(format!("{}\n", hex::encode(self.0.as_slice())));
        Ok(write_file(path, text.as_bytes())?)
    }

    /// The seed, for the network.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        *self.0
    }

    /// The public identity.
    ///
    /// # Errors
    /// [`KeyFileError::Malformed`] when the seed is none.
    pub fn peer_key(&self) -> Result<PeerKey, KeyFileError> {
        p2p::peer_key_of_secret(*self.0)
            .map_err(|error| KeyFileError::Malformed { file: "the network key".to_owned(), reason: error.to_string() })
    }
}

impl std::fmt::Debug for NetworkKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("NetworkKey(…)")
    }
}
