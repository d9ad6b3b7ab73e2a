//! Keys of accounts: the words a person keeps, and the secp256k1 keys that follow from them.
//!
//! It must not know files or the chain. Invariants: a secret is wiped when dropped and never printed; a path is BIP-44 with the
//! coin type 5523538 ("THR" in ASCII) unless the person says otherwise.

mod mnemonic;
mod path;

pub use mnemonic::{Mnemonic, WordCount};
pub use path::KeyPath;

use crypto::ecdsa_pure::SigningKey;
use types::{Address, Hash32, Secp256k1Key, Secp256k1Signature};
use zeroize::Zeroizing;

use crate::{Error, Result};

/// The key of one account.
#[derive(Clone)]
pub struct AccountKey {
    secret: SigningKey,
    public: Secp256k1Key,
}

impl AccountKey {
    /// Takes a big-endian scalar.
    ///
    /// # Errors
    /// `bad_key` if it is zero or not below the group's order.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self> {
        let secret = SigningKey::from_bytes(secret).map_err(|_| {
            Error::new(
                "bad_key",
                "the key is zero or not below the order of secp256k1",
                "give 64 hexadecimal digits of a real key",
            )
        })?;
        let public = secret.public_key();
        Ok(Self { secret, public })
    }

    /// The key at `path` below the words and their passphrase.
    ///
    /// # Errors
    /// `bad_path` in the one case in 2^127 where BIP-32 has no key at this path.
    pub fn derive(mnemonic: &Mnemonic, passphrase: &str, path: &KeyPath) -> Result<Self> {
        let seed = mnemonic.seed(passphrase);
        let derived = bip32::XPrv::derive_from_path(seed.as_slice(), path.as_bip32());
        let derived =
            derived.map_err(|_| Error::new("bad_path", format!("there is no key at {path}"), "take the next index"))?;
        let secret = Zeroizing::new(derived.to_bytes());
        Self::from_secret(&secret)
    }

    /// The compressed public key.
    #[must_use]
    pub const fn public_key(&self) -> Secp256k1Key {
        self.public
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        crypto::ids::address_of_key(&self.public)
    }

    /// Signs a transaction's id.
    #[must_use]
    pub fn sign(&self, id: &Hash32) -> Secp256k1Signature {
        self.secret.sign(id.as_bytes())
    }

    /// The big-endian scalar, wiped when dropped.
    #[must_use]
    pub fn to_secret(&self) -> Zeroizing<[u8; 32]> {
        self.secret.to_bytes()
    }
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AccountKey({}, secret)", self.public)
    }
}
