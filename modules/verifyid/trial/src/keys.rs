//! Keys of devices, of two algorithms, by numbers.

use crypto::ecdsa_pure::SigningKey;
use crypto::hash::sha256;
use ed25519_dalek::Signer;
use types::{ByteString, Hash32};
use verifyid::{KeyBytes, SignatureBytes};

/// So many keys: enough for a run, and so few that calls meet them again.
pub(crate) const KEYS: u8 = 60;

/// A key of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) u8);

impl Key {
    /// Every second one is of secp256k1.
    pub(crate) const fn algorithm(self) -> u8 {
        self.0 % 2 + 1
    }

    fn secret(self) -> [u8; 32] {
        sha256(&[b"simulated device ".as_slice(), &[self.0]].concat())
    }

    fn ed25519(self) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&self.secret())
    }

    fn secp256k1(self) -> SigningKey {
        SigningKey::from_bytes(&self.secret()).expect("a hash is a secret key, but for one in 2^127")
    }

    pub(crate) fn bytes(self) -> KeyBytes {
        let bytes = match self.algorithm() {
            1 => self.ed25519().verifying_key().to_bytes().to_vec(),
            _ => self.secp256k1().public_key().0.to_vec(),
        };
        ByteString::new(bytes).expect("at most 33 bytes")
    }

    /// Its id, which is the device's if it is the first.
    pub(crate) fn id(self) -> Hash32 {
        id_of(self.algorithm(), &self.bytes())
    }

    /// Its signature over these bytes; nobody else makes one, see the simulation's book.
    pub(crate) fn sign(self, message: &[u8]) -> SignatureBytes {
        let bytes = match self.algorithm() {
            1 => self.ed25519().sign(message).to_bytes().to_vec(),
            _ => self.secp256k1().sign(&sha256(message)).0.to_vec(),
        };
        ByteString::new(bytes).expect("64 bytes")
    }
}

/// The id of a key, as the formats say.
pub(crate) fn id_of(algorithm: u8, key: &[u8]) -> Hash32 {
    Hash32(sha256(&[tag("device").as_slice(), &[algorithm], key].concat()))
}

/// A tag, as the formats say: 16 bytes with zeros behind the name.
pub(crate) fn tag(name: &str) -> [u8; 16] {
    let mut tag = [0; 16];
    let text = format!("thronos/{name}");
    tag[..text.len()].copy_from_slice(text.as_bytes());
    tag
}
