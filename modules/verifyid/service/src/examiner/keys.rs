//! The keys under which challenges are sealed, all from one secret and each for one purpose.
//!
//! It must not know where the secret lies, nor what is sealed.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use types::ChainId;
use zeroize::Zeroizing;

/// Bytes of a secret, and of each key that is made of it.
pub(crate) const KEY_BYTES: usize = 32;
/// A key, or what keys are made of; wiped when it is dropped.
pub(crate) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// HKDF-SHA-256: the key of one purpose.
pub(crate) fn derive(secret: &[u8], salt: Option<&[u8]>, purpose: &str) -> Key {
    let mut key = Key::default();
    let expanded = Hkdf::<Sha256>::new(salt, secret).expand(purpose.as_bytes(), key.as_mut());
    expanded.expect("32 bytes are fewer than HKDF gives");
    key
}

/// HMAC-SHA-256, to be ended or compared in constant time.
pub(crate) fn hmac(key: &[u8], bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is one");
    mac.update(bytes);
    mac
}

/// Whether two secrets are the same, in a time that tells nothing of where they differ.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// The keys of one service on one chain.
pub(crate) struct ExaminerKeys {
    /// Seals tokens.
    pub(crate) seal: Key,
    /// Makes nonces.
    pub(crate) nonce: Key,
    /// Makes the secrets of credentials.
    pub(crate) credential: Key,
    /// Makes ids; of this start alone.
    pub(crate) id: Key,
    /// What the service is called in its tokens. It tells nothing of the secret.
    pub(crate) instance: [u8; 8],
}

impl ExaminerKeys {
    /// From the service's secret, which lasts, and from bytes that no other start has.
    pub(crate) fn new(secret: &[u8; KEY_BYTES], entropy: &[u8; 32], chain_id: ChainId) -> Self {
        let of =
            |secret: &[u8], purpose: &str| derive(secret, None, &format!("thr/v1/verifyid-{purpose}/{}", chain_id.0));
        let mut instance = [0; 8];
        instance.copy_from_slice(of(secret, "instance").split_at(8).0);
        Self {
            seal: of(secret, "challenge-seal"),
            nonce: of(secret, "challenge-nonce"),
            credential: of(secret, "tpm-credential"),
            id: of(entropy, "challenge-id"),
            instance,
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Hash32;

    use super::*;

    #[test]
    fn each_key_is_of_one_secret_one_chain_and_one_purpose() {
        let of = |secret, entropy, chain| {
            let keys = ExaminerKeys::new(&[secret; 32], &[entropy; 32], ChainId(Hash32([chain; 32])));
            [*keys.seal, *keys.nonce, *keys.id, [keys.instance; 4].as_flattened().try_into().expect("32 bytes")]
        };
        let [first, other, later, elsewhere] = [of(1, 1, 1), of(2, 2, 1), of(1, 2, 1), of(1, 1, 2)];
        let all: std::collections::BTreeSet<[u8; 32]> = [first, other, elsewhere].into_iter().flatten().collect();
        assert_eq!(all.len(), 12);
        assert_eq!((first[0], first[1], first[3]), (later[0], later[1], later[3]), "they outlive a restart");
        assert_ne!(first[2], later[2], "ids are of one start");
    }
}
