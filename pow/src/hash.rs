//! SHA-256 twice, as Bitcoin hashes headers, transactions and Merkle nodes.
//!
//! It must not know what is hashed. Digests are in the order in which they come out; people read them reversed.

use sha2::{Digest, Sha256};

/// SHA-256 of SHA-256 of `bytes`, by the processor's SHA instructions where it has them.
#[must_use]
pub fn sha256d(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}
