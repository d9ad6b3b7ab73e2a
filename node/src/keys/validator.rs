//! The consensus key in memory: it signs typed values and nothing else.
//!
//! It must not know whether a signature is allowed: the lease stands before it (`replica::Desk`).

use std::path::Path;

use crypto::bls::SecretKey;
use crypto::ids::{seed_preimage, vote_preimage};
use serde::{Deserialize, Serialize};
use types::{BlsPublicKey, BlsSignature, ChainId, Epoch, PeerKey, View, VoteStatement};

use super::file::{FILE_BYTES_MAX, KeyFile};
use super::{KeyFileError, Password, entropy};
use crate::home::{HomeError, read_secret, write_file, write_new_file};

/// A validator's secret key; wiped when dropped.
pub struct ValidatorKey {
    secret: SecretKey,
    public: BlsPublicKey,
}

/// What the genesis needs of a validator: what `thronosd keys show --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorEntry {
    /// The consensus key.
    pub key: BlsPublicKey,
    /// Proves that its secret is held.
    pub possession: BlsSignature,
    /// The network identity.
    pub peer: PeerKey,
    /// The network identity as libp2p writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
}

impl ValidatorKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyFileError::Entropy`].
    pub fn generate() -> Result<Self, KeyFileError> {
        Ok(Self::from_secret(SecretKey::from_ikm(&*entropy()?)))
    }

    /// Takes a key.
    #[must_use]
    pub fn from_secret(secret: SecretKey) -> Self {
        let public = secret.public_key().to_bytes();
        Self { secret, public }
    }

    /// Reads and decrypts a file.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read(path: &Path, password: &Password) -> Result<Self, KeyFileError> {
        let (file, name) = (read_file(path)?, path.display().to_string());
        let secret = file.open(password, &name)?;
        let secret = SecretKey::from_bytes(&secret).map_err(|_| KeyFileError::WrongKey(name.clone()))?;
        let key = Self::from_secret(secret);
        if key.public == file.public_key { Ok(key) } else { Err(KeyFileError::WrongKey(name)) }
    }

    /// The public key in a file, without its password.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read_public(path: &Path) -> Result<BlsPublicKey, KeyFileError> {
        Ok(read_file(path)?.public_key)
    }

    /// Encrypts the key into a new file.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] when there is one.
    pub fn write_new(&self, path: &Path, password: &Password) -> Result<(), KeyFileError> {
        let exists = || KeyFileError::Exists(path.display().to_string());
        if path.exists() {
            return Err(exists());
        }
        let file = KeyFile::seal(&self.secret.to_bytes(), self.public, password)?;
        match write_new_file(path, file.to_json().as_bytes()) {
            // Sealing takes its time: another was made meanwhile.
            Err(HomeError::Io { error, .. }) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists()),
            written => Ok(written?),
        }
    }

    /// Encrypts the key again, under another password.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn write(&self, path: &Path, password: &Password) -> Result<(), KeyFileError> {
        let file = KeyFile::seal(&self.secret.to_bytes(), self.public, password)?;
        Ok(write_file(path, file.to_json().as_bytes())?)
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> BlsPublicKey {
        self.public
    }

    /// What the genesis needs.
    #[must_use]
    pub fn entry(&self, peer: PeerKey) -> ValidatorEntry {
        let possession = self.secret.prove_possession().to_bytes();
        ValidatorEntry { key: self.public, possession, peer, peer_id: Some(crate::peer_id::text(&peer)) }
    }

    /// Signs a vote of a chain.
    #[must_use]
    pub fn sign_vote(&self, chain: ChainId, statement: &VoteStatement) -> BlsSignature {
        self.secret.sign(&vote_preimage(chain, statement)).to_bytes()
    }

    /// Signs this node's part of a chain's seed.
    #[must_use]
    pub fn sign_seed(&self, chain: ChainId, epoch: Epoch, view: View) -> BlsSignature {
        self.secret.sign(&seed_preimage(chain, epoch, view)).to_bytes()
    }
}

fn read_file(path: &Path) -> Result<KeyFile, KeyFileError> {
    let bytes = read_secret(path, FILE_BYTES_MAX);
    let bytes = bytes.map_err(|error| KeyFileError::from(error).or_lost(|| KeyFileError::lost_validator(path)))?;
    KeyFile::parse(&bytes, &path.display().to_string())
}

impl std::fmt::Debug for ValidatorKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ValidatorKey({})", self.public)
    }
}
