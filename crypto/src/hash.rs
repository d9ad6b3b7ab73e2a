//! SHA-256, alone and with a domain tag, and HASH160.
//!
//! It must not know what is hashed. Invariant: a tag is always the first 16 bytes, so that no preimage of one domain is
//! a preimage of another.

use borsh::{BorshSerialize, io};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

use crate::tags::Tag;

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// RIPEMD-160 of SHA-256 of `bytes`, as Bitcoin makes addresses.
#[must_use]
pub fn hash160(bytes: &[u8]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(bytes)).into()
}

/// SHA-256 of the tag and the parts, one after the other. Parts of free length must carry their length themselves.
#[must_use]
pub fn tagged(tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256Hasher::new(tag);
    for part in parts {
        hasher.update(part);
    }
    hasher.finish()
}

/// SHA-256 of the tag and the canonical bytes of `value`, without holding these bytes in memory.
#[must_use]
pub fn tagged_canonical(tag: Tag, value: &impl BorshSerialize) -> [u8; 32] {
    let mut hasher = Sha256Hasher::new(tag);
    hasher.update_canonical(value);
    hasher.finish()
}

/// SHA-256 over a tag and whatever follows in pieces.
#[derive(Clone)]
pub struct Sha256Hasher(Sha256);

impl Sha256Hasher {
    /// Begins with a tag.
    #[must_use]
    pub fn new(tag: Tag) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(tag.as_bytes());
        Self(hasher)
    }

    /// Takes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes the canonical bytes of a value.
    pub fn update_canonical(&mut self, value: &impl BorshSerialize) {
        value.serialize(self).expect("a hasher takes every byte and no list of the chain exceeds u32");
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl io::Write for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
